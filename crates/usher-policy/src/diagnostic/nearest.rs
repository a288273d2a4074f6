//! The nearest known name to one that is not known.

/// Returns the candidate that a typing mistake most likely turned into `word`, if any is near.
///
/// Case is ignored. Near means at most a third of the longer name's characters inserted, deleted,
/// replaced or swapped with their neighbour. Of equally near ones the first wins.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A longer word is no typing mistake, and the work grows with the square of the length.
    const CHARS_MAX: usize = 128;
    let word: Vec<char> = word.chars().take(CHARS_MAX + 1).map(lower).collect();
    if word.len() > CHARS_MAX {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.chars().take(CHARS_MAX + 1).map(lower).collect();
        let allowed = word.len().max(letters.len()) / 3;
        // Most candidates are far away, which is seen without counting exactly how far.
        if letters.len() > CHARS_MAX || distance_min(&word, &letters) > allowed {
            continue;
        }
        let distance = distance(&word, &letters);
        if distance <= allowed && best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn lower(letter: char) -> char {
    letter.to_ascii_lowercase()
}

/// Returns how far two words are from one another at least: each letter that only one of them has is
/// inserted, deleted or replaced, and one replacement does away with one of either.
fn distance_min(left: &[char], right: &[char]) -> usize {
    // Letters that share a place only make the words look nearer.
    const KINDS: usize = 64;
    let mut surplus = [0_i16; KINDS];
    for (letters, count) in [(left, 1), (right, -1)] {
        for letter in letters {
            if let Some(place) = surplus.get_mut(u32::from(*letter) as usize % KINDS) {
                *place += count;
            }
        }
    }
    let only = |of: i16| -> usize {
        let counts = surplus.iter().map(|surplus| surplus * of);
        counts
            .map(|count| usize::try_from(count).unwrap_or(0))
            .sum()
    };
    only(1).max(only(-1))
}

/// Counts the insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, &left_letter) in left.iter().enumerate() {
        let mut current = Vec::with_capacity(right.len() + 1);
        current.push(row + 1);
        let mut right_before = None;
        for (column, &right_letter) in right.iter().enumerate() {
            let cell =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = cell(&above, column) + usize::from(left_letter != right_letter);
            let deleted = cell(&above, column + 1) + 1;
            let inserted = cell(&current, column) + 1;
            let mut least = replaced.min(deleted).min(inserted);
            if right_before == Some(left_letter) && left_before == Some(right_letter) {
                least = least.min(cell(&before, column.saturating_sub(1)).saturating_add(1));
            }
            current.push(least);
            right_before = Some(right_letter);
        }
        left_before = Some(left_letter);
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_the_name_it_was_made_in() {
        let operators = ["EQUAL", "NOT_EQUAL", "IS_IN", "NOT_IN", "CONTAINS"];
        assert_eq!(nearest("EQAUL", operators), Some("EQUAL"));
        assert_eq!(nearest("equals", operators), Some("EQUAL"));
        assert_eq!(nearest("IN", operators), None);
        assert_eq!(nearest("contain", operators), Some("CONTAINS"));
        assert_eq!(nearest("banana", operators), None);
        assert_eq!(nearest("", operators), None);
    }

    #[test]
    fn swapped_neighbours_are_one_mistake() {
        let letters = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(distance(&letters("abcd"), &letters("abdc")), 1);
        assert_eq!(distance(&letters("kitten"), &letters("sitting")), 3);
        assert_eq!(distance(&letters(""), &letters("abc")), 3);
    }

    #[test]
    fn no_words_are_nearer_than_it_is_said_at_least() {
        let words = [
            "",
            "abc",
            "cab",
            "kitten",
            "sitting",
            "straße",
            "strasse",
            "a\u{100}b",
        ];
        for left in words {
            for right in words {
                let (left, right): (Vec<char>, Vec<char>) =
                    (left.chars().collect(), right.chars().collect());
                assert!(distance_min(&left, &right) <= distance(&left, &right));
            }
        }
        let letters = |word: &str| word.chars().collect::<Vec<_>>();
        assert_eq!(distance_min(&letters("abc"), &letters("xyzw")), 4);
    }
}
