//! Language understanding: which language a message is in, how it sounds, and what a conversation's
//! messages add up to.
//!
//! Everything here is a function of its arguments: no clock, no network, no model files. Every text
//! is bounded before it is read, so that a hostile message costs no more than a long one.

pub mod language;
pub mod score;
pub mod sentiment;

/// Returns at most the first `chars` characters of `text`.
fn opening(text: &str, chars: usize) -> &str {
    text.char_indices()
        .nth(chars)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::opening;

    #[test]
    fn an_opening_ends_between_characters() {
        assert_eq!(opening("", 2), "");
        assert_eq!(opening("añb", 0), "");
        assert_eq!(opening("añb", 2), "añ");
        assert_eq!(opening("añb", 3), "añb");
        assert_eq!(opening("añb", 4), "añb");
    }
}
