//! `[data]`: the data directory.

use std::path::PathBuf;

use super::reader::Reader;

/// The data directory.
#[derive(Clone, Debug)]
pub struct DataDirectory {
    /// Holds everything; made if it is missing.
    pub dir: PathBuf,
}

impl DataDirectory {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let dir = reader.text("data.dir");
        if dir.is_empty() {
            reader.mistake("data.dir", "expected a directory, found nothing".to_owned());
        }
        Self {
            dir: PathBuf::from(dir),
        }
    }
}
