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
        if letters.len() > CHARS_MAX || letters.len().abs_diff(word.len()) > allowed {
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
}
