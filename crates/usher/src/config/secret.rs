//! What is never shown.

use std::fmt;

use super::reader::Reader;

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the text, for the one who needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Reader<'_> {
    /// Reads a secret, or the file that holds it; no message ever repeats it.
    pub(super) fn secret(
        &mut self,
        key: &'static str,
        file_key: &'static str,
        expected: &str,
        is_valid: fn(&str) -> bool,
    ) -> Option<Secret> {
        let (text, key) = match (self.text(key), self.text(file_key)) {
            ("", "") => return None,
            (text, "") => (text.to_owned(), key),
            ("", file) => match std::fs::read_to_string(file) {
                Ok(text) => (text.trim().to_owned(), file_key),
                Err(error) => {
                    self.mistake(file_key, format!("cannot read `{file}`: {error}"));
                    return None;
                }
            },
            _ => {
                let detail = format!("expected either this or `{key}`, found both");
                self.mistake(file_key, detail);
                return None;
            }
        };
        if is_valid(&text) {
            return Some(Secret(text));
        }
        self.mistake(key, format!("expected {expected}, found something else"));
        None
    }
}
