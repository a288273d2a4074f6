//! Bounded maps that many threads read at once; reading takes no turn and keeps no order of use.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{DefaultLifecycle, EntryAction, EntryResult};

/// A bounded map: what is seldom read makes way.
pub(crate) type Cache<K, V> = quick_cache::sync::Cache<K, V, Weigher<V>, RandomState>;

/// Says how much of the bound a value takes.
#[derive(Clone)]
pub(crate) struct Weigher<V>(fn(&V) -> u32);

impl<V> fmt::Debug for Weigher<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Weigher").finish()
    }
}

impl<K, V> Weighter<K, V> for Weigher<V> {
    fn weight(&self, _: &K, value: &V) -> u64 {
        // What weighs nothing would stay for ever.
        u64::from((self.0)(value)).max(1)
    }
}

/// Makes a map of at most `count_max` values.
pub(crate) fn counted<K, V>(count_max: u64) -> Cache<K, V>
where
    K: Eq + Hash,
    V: Clone,
{
    weighed(count_max, |_| 1, RandomState::default())
}

/// Makes a map of values that weigh at most `weight_max` together.
pub(crate) fn weighed<K, V>(
    weight_max: u64,
    weight: fn(&V) -> u32,
    hasher: RandomState,
) -> Cache<K, V>
where
    K: Eq + Hash,
    V: Clone,
{
    let count = usize::try_from(weight_max).unwrap_or(usize::MAX);
    let lifecycle = DefaultLifecycle::default();
    Cache::with(count, weight_max, Weigher(weight), hasher, lifecycle)
}

/// Keeps a value unless one of a higher revision is held, and returns the newest: one that was read
/// before a change and comes after it must not hide it.
pub(crate) fn keep_newest<K, V>(
    cache: &Cache<K, Arc<V>>,
    key: &K,
    value: &Arc<V>,
    revision: fn(&V) -> u64,
) -> Arc<V>
where
    K: Clone + Eq + Hash,
{
    let newest = |_: &K, held: &mut Arc<V>| {
        if revision(held) <= revision(value) {
            *held = Arc::clone(value);
        }
        EntryAction::Retain(Arc::clone(held))
    };
    match cache.entry(key, None, newest) {
        EntryResult::Retained(newest) => newest,
        EntryResult::Vacant(place) => {
            // Refused if the map was cleared meanwhile: then nothing is held.
            drop(place.insert(Arc::clone(value)));
            Arc::clone(value)
        }
        // INVARIANT: nothing above takes an entry out, and the wait for another has no limit.
        EntryResult::Removed(..) | EntryResult::Replaced(..) | EntryResult::Timeout => {
            Arc::clone(value)
        }
    }
}
