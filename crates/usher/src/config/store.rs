//! `[store]`: what keeps the data.

use std::fmt;

use super::reader::Reader;

/// What keeps the data.
#[derive(Clone, Debug)]
pub struct Store {
    /// PostgreSQL's URL; none means SQLite in the data directory.
    pub url: Option<Secret>,
}

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

impl Store {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let url = reader.text("store.url");
        let file = reader.text("store.url_file");
        let url = match (url, file) {
            ("", "") => None,
            (url, "") => check(url, "store.url", reader),
            ("", file) => match std::fs::read_to_string(file) {
                Ok(url) => check(url.trim(), "store.url_file", reader),
                Err(error) => {
                    reader.mistake("store.url_file", format!("cannot read `{file}`: {error}"));
                    None
                }
            },
            _ => {
                reader.mistake(
                    "store.url_file",
                    "expected either this or `store.url`, found both".to_owned(),
                );
                None
            }
        };
        Self { url }
    }
}

/// The message never repeats the URL: it holds a password.
fn check(url: &str, key: &'static str, reader: &mut Reader<'_>) -> Option<Secret> {
    // Key and value pairs are the only way to name the folder of a Unix socket.
    let forms = ["postgres://", "postgresql://", "host="];
    if forms.iter().any(|form| url.starts_with(form)) {
        return Some(Secret(url.to_owned()));
    }
    reader.mistake(
        key,
        "expected `postgres://user:password@host/database` or `host=… user=… dbname=…`, \
         found something else"
            .to_owned(),
    );
    None
}
