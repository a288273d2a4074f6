//! What a namespace, a session and a property may be called.

use std::fmt;
use std::sync::Arc;

use usher_model::limits;

/// The session of everything written without one.
pub const DEFAULT_SESSION: &str = "__default__";

/// Namespaces that Usher fills itself; compared ignoring case.
pub const RESERVED_NAMESPACES: [&str; 6] = [
    "consumer",
    "operational",
    "conversation",
    "custom",
    "sde",
    "faas",
];

/// Words that stand in the contract's paths where a session may stand.
const PATH_WORDS: [&str; 3] = ["properties", "session-ids", "session-properties"];

/// A name that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Wrong characters or length.
    #[error(
        "expected a namespace of 1 to {max} letters, digits or underscores, found `{0}`",
        max = limits::NAMESPACE_CHARS_MAX
    )]
    Namespace(String),
    /// One of [`RESERVED_NAMESPACES`].
    #[error("the namespace `{0}` is reserved: its attributes are read-only")]
    ReservedNamespace(String),
    /// Wrong length, or a control character.
    #[error(
        "expected a session of 1 to {max} characters without control characters, found `{0}`",
        max = limits::GIVEN_ID_CHARS_MAX
    )]
    Session(String),
    /// A word of the contract's paths.
    #[error("the session may not be called `{0}`: the word stands in paths")]
    PathWord(String),
    /// Wrong length, or a control character.
    #[error(
        "expected a property name of 1 to {max} characters without control characters, found `{0}`",
        max = limits::PROPERTY_CHARS_MAX
    )]
    Property(String),
}

/// Cuts what is quoted in a message.
fn quoted(text: &str) -> String {
    text.chars().take(64).collect()
}

fn is_printable(text: &str, chars_max: usize) -> bool {
    // Nearly every name is ASCII, and one look at its bytes is enough.
    let is_plain = |byte| (b' '..=b'~').contains(&byte);
    if text.len() <= chars_max && text.bytes().all(is_plain) {
        return !text.is_empty();
    }
    // A character takes at most four bytes, so a longer text need not be counted.
    !text.is_empty()
        && text.len() <= chars_max * 4
        && text.chars().count() <= chars_max
        && !text.chars().any(char::is_control)
}

/// A namespace that callers may write to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(Arc<str>);

impl Namespace {
    /// Checks the name's characters and that it is not reserved.
    ///
    /// # Errors
    /// Fails if the name has other characters than letters, digits and underscores, is longer than
    /// 128, or is reserved.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if text.is_empty() || text.len() > limits::NAMESPACE_CHARS_MAX || !text.bytes().all(is_word)
        {
            return Err(NameError::Namespace(quoted(text)));
        }
        if is_reserved(text) {
            return Err(NameError::ReservedNamespace(quoted(text)));
        }
        Ok(Self(Arc::from(text)))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether Usher fills the namespace itself.
#[must_use]
pub fn is_reserved(namespace: &str) -> bool {
    RESERVED_NAMESPACES
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(namespace))
}

/// The session of a document; without one it is [`DEFAULT_SESSION`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(Arc<str>);

impl Session {
    /// Checks the name's length and characters.
    ///
    /// # Errors
    /// Fails if the name is empty, longer than 256 characters, holds a control character, or is a
    /// word of the contract's paths.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if !is_printable(text, limits::GIVEN_ID_CHARS_MAX) {
            return Err(NameError::Session(quoted(text)));
        }
        if PATH_WORDS.contains(&text) {
            return Err(NameError::PathWord(quoted(text)));
        }
        Ok(Self(Arc::from(text)))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Session {
    fn default() -> Self {
        Self(Arc::from(DEFAULT_SESSION))
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks a property's name.
///
/// # Errors
/// Fails if the name is empty, longer than 256 characters, or holds a control character.
pub fn check_property(text: &str) -> Result<(), NameError> {
    if is_printable(text, limits::PROPERTY_CHARS_MAX) {
        Ok(())
    } else {
        Err(NameError::Property(quoted(text)))
    }
}

/// Whether a policy can name the property: a letter or underscore, then letters, digits or
/// underscores.
#[must_use]
pub fn is_reachable(property: &str) -> bool {
    let mut bytes = property.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_has_letters_digits_and_underscores() {
        assert!(Namespace::parse("orchestrator").is_ok());
        assert!(Namespace::parse("my_Namespace_2").is_ok());
        assert!(Namespace::parse(&"n".repeat(128)).is_ok());
        for wrong in ["", "a b", "a-b", "ä", "a.b", &"n".repeat(129)] {
            assert!(
                matches!(Namespace::parse(wrong), Err(NameError::Namespace(_))),
                "{wrong}"
            );
        }
    }

    #[test]
    fn reserved_namespaces_are_refused_in_any_case() {
        for reserved in [
            "sde",
            "SDE",
            "Custom",
            "faas",
            "conversation",
            "consumer",
            "operational",
        ] {
            let refused = Namespace::parse(reserved);
            assert!(
                matches!(refused, Err(NameError::ReservedNamespace(_))),
                "{reserved}"
            );
        }
    }

    #[test]
    fn a_session_is_any_printable_text_but_a_path_word() {
        assert_eq!(Session::parse("+49 30/1 ü").unwrap().as_str(), "+49 30/1 ü");
        assert_eq!(Session::default().as_str(), DEFAULT_SESSION);
        assert!(Session::parse(&"ü".repeat(256)).is_ok());
        assert!(Session::parse(&"ü".repeat(257)).is_err());
        assert!(Session::parse("a\tb").is_err());
        assert!(matches!(
            Session::parse("session-ids"),
            Err(NameError::PathWord(_))
        ));
    }

    #[test]
    fn a_property_that_policies_cannot_name_is_allowed_but_known() {
        assert!(check_property("with space").is_ok());
        assert!(!is_reachable("with space"));
        assert!(!is_reachable("2nd"));
        assert!(is_reachable("_second2"));
        assert!(check_property("").is_err());
        assert!(check_property(&"p".repeat(257)).is_err());
    }
}
