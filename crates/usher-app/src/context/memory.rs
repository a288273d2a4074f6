//! Rows in memory, for as long as no other process writes them.

use std::fmt;
use std::hash::{BuildHasher as _, Hash};
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;

use crate::cache::{self, Cache};

/// Generations are counted for this many groups of keys: enough that writers of different rows
/// seldom meet in one.
const GROUPS: usize = 4_096;

/// What is held of one collection.
///
/// A reader that misses notes the generation, reads the store, and keeps what it read only if no
/// writer has counted the generation up meanwhile. A writer notes it before its commit, counts up
/// after it, and then keeps what it wrote only if it was the only one. So what is held is never older
/// than what was acknowledged.
pub(crate) struct Memory<K, V> {
    held: Option<Cache<K, V>>,
    generations: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl<K, V> fmt::Debug for Memory<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl<K, V> Memory<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Holds values of a total weight of `weight_max`, or none if other processes write them too.
    pub(crate) fn new(is_exclusive: bool, weight_max: u64, weight: fn(&V) -> u32) -> Self {
        let hasher = RandomState::default();
        let held = is_exclusive.then(|| cache::weighed(weight_max, weight, hasher.clone()));
        Self {
            held,
            generations: (0..GROUPS).map(|_| AtomicU64::new(0)).collect(),
            hasher,
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.held.as_ref()?.get(key)
    }

    /// Returns the generation to hand to [`Memory::keep`] or [`Memory::replace`], noted before the
    /// store is read or written.
    pub(crate) fn generation(&self, key: &K) -> u64 {
        let group = self.group(key);
        group.map_or(0, |group| group.load(Ordering::SeqCst))
    }

    /// Keeps what was read if it is still true.
    pub(crate) fn keep(&self, key: &K, generation: u64, read: V) {
        let Some(held) = &self.held else { return };
        if self.generation(key) != generation {
            return;
        }
        held.insert(key.clone(), read);
        // A writer may have come between the comparison and the insertion.
        if self.generation(key) != generation {
            held.remove(key);
        }
    }

    /// Keeps what was just written, unless somebody else wrote since the generation was noted.
    pub(crate) fn replace(&self, key: &K, generation: u64, written: V) {
        let before = self.count_up(key);
        if before == generation {
            self.keep(key, before.wrapping_add(1), written);
        } else if let Some(held) = &self.held {
            held.remove(key);
        }
    }

    /// Forgets what was just written.
    pub(crate) fn forget(&self, key: &K) {
        self.count_up(key);
        if let Some(held) = &self.held {
            held.remove(key);
        }
    }

    /// Returns the generation before.
    fn count_up(&self, key: &K) -> u64 {
        let group = self.group(key);
        group.map_or(0, |group| group.fetch_add(1, Ordering::SeqCst))
    }

    fn group(&self, key: &K) -> Option<&AtomicU64> {
        let groups = u64::try_from(self.generations.len()).ok()?;
        let group = self.hasher.hash_one(key).checked_rem(groups)?;
        self.generations.get(usize::try_from(group).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory<u32, u32> {
        Memory::new(true, 100, |_| 1)
    }

    #[test]
    fn what_was_read_before_a_write_is_not_kept_after_it() {
        let memory = memory();
        let noted = memory.generation(&1);
        memory.forget(&1);
        memory.keep(&1, noted, 10);
        assert_eq!(memory.get(&1), None);
        memory.keep(&1, memory.generation(&1), 11);
        assert_eq!(memory.get(&1), Some(11));
    }

    #[test]
    fn of_two_writers_at_once_neither_is_kept() {
        let memory = memory();
        let (first, second) = (memory.generation(&1), memory.generation(&1));
        // Which of them was committed last is not known here.
        memory.replace(&1, second, 2);
        assert_eq!(memory.get(&1), Some(2));
        memory.replace(&1, first, 1);
        assert_eq!(memory.get(&1), None);
    }

    #[test]
    fn a_reader_that_comes_too_late_does_not_hide_what_was_written() {
        let memory = memory();
        let noted = memory.generation(&1);
        memory.replace(&1, memory.generation(&1), 2);
        memory.keep(&1, noted, 1);
        assert_eq!(memory.get(&1), Some(2));
    }

    #[test]
    fn nothing_is_held_of_a_store_that_others_write() {
        let memory: Memory<u32, u32> = Memory::new(false, 100, |_| 1);
        memory.replace(&1, memory.generation(&1), 2);
        assert_eq!(memory.get(&1), None);
    }
}
