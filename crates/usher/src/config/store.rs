//! `[store]`: what keeps the data.

use std::path::PathBuf;

use super::reader::Reader;
use super::secret::Secret;

/// What keeps the data.
#[derive(Clone, Debug)]
pub struct Store {
    /// PostgreSQL's URL; none means SQLite in the data directory.
    pub url: Option<Secret>,
    /// Certificates of those who may vouch for PostgreSQL.
    pub root_certificates: Option<PathBuf>,
}

impl Store {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let expected = "`postgres://user:password@host/database` or `host=… user=… dbname=…`";
        let url = reader.secret("store.url", "store.url_file", expected, |url| {
            // Key and value pairs are the only way to name the folder of a Unix socket.
            let forms = ["postgres://", "postgresql://", "host="];
            forms.iter().any(|form| url.starts_with(form))
        });
        Self {
            url,
            root_certificates: reader.file("store.root_certificates_file"),
        }
    }
}
