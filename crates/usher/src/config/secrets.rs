//! `[secrets]`: the keys with which secrets are encrypted on disk.

use usher_app::keyring::Keyring;

use super::reader::Reader;
use super::secret::Secret;

/// The keys with which secrets are encrypted on disk.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The keys, the newest first; nothing means a file in the data directory.
    pub keys: Option<Secret>,
}

impl Secrets {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let expected = "32 bytes in base64, several separated by commas or lines";
        let is_valid = |text: &str| Keyring::parse(text).is_ok_and(|ring| !ring.is_empty());
        Self {
            keys: reader.secret("secrets.keys", "secrets.keys_file", expected, is_valid),
        }
    }
}
