//! The keys with which secrets are encrypted on disk: the newest seals, every one opens.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hash::{hexadecimal, sha256};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Characters of a key's name.
const NAME_CHARS: usize = 16;

/// The keys, the newest first.
#[derive(Clone)]
pub struct Keyring(Arc<[Key]>);

struct Key {
    /// The beginning of its hash, in hex.
    name: String,
    key: LessSafeKey,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|key| &key.name);
        f.debug_list().entries(names).finish()
    }
}

/// Something encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Which key opens it.
    pub key_id: String,
    /// Nonce, cipher text and tag, in base64.
    pub text: String,
}

/// Something that is not sealed or not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// A line of a key file is no key.
    #[error("expected {KEY_BYTES} bytes in base64 on each line, found another text on line {0}")]
    Unreadable(usize),
    /// There is no key.
    #[error("expected a key, found none")]
    Empty,
    /// The key that sealed it is gone.
    #[error("expected the key `{0}`, which is not among those that are configured")]
    Unknown(String),
    /// It was changed, or moved to another place.
    #[error("expected what was sealed here with the key `{0}`, found something else")]
    Damaged(String),
}

impl Keyring {
    /// Returns a keyring without keys: nothing can be sealed.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::new([]))
    }

    /// Reads keys, one on each line or separated by commas, the newest first.
    ///
    /// # Errors
    /// Fails if a line is no key.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let lines = text.split(['\n', ',']).map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty());
        let keys: Result<Vec<Key>, KeyringError> = lines
            .map(|(at, line)| {
                let bytes = STANDARD.decode(line).ok();
                let bytes = bytes.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok());
                let key = bytes.and_then(|bytes| Key::new(&bytes));
                key.ok_or(KeyringError::Unreadable(at + 1))
            })
            .collect();
        Ok(Self(keys?.into()))
    }

    /// Writes a key as a line of a key file.
    #[must_use]
    pub fn line(key: &[u8; KEY_BYTES]) -> String {
        format!("{}\n", STANDARD.encode(key))
    }

    /// Whether nothing can be sealed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Encrypts something with the newest key; it opens only at the same `place`. The random bytes
    /// must be used for nothing else.
    ///
    /// # Errors
    /// Fails if there is no key.
    pub fn seal(
        &self,
        place: &str,
        plain: &[u8],
        random: [u8; 32],
    ) -> Result<Sealed, KeyringError> {
        let key = self.0.first().ok_or(KeyringError::Empty)?;
        let mut nonce = [0; NONCE_LEN];
        for (to, from) in nonce.iter_mut().zip(random) {
            *to = from;
        }
        let mut bytes = plain.to_vec();
        key.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut bytes,
            )
            .map_err(|_too_long| KeyringError::Damaged(key.name.clone()))?;
        let text = STANDARD.encode([nonce.as_slice(), &bytes].concat());
        Ok(Sealed {
            key_id: key.name.clone(),
            text,
        })
    }

    /// Decrypts what was sealed at the same `place`.
    ///
    /// # Errors
    /// Fails if its key is gone, or it was changed.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<Vec<u8>, KeyringError> {
        let key = self.0.iter().find(|key| key.name == sealed.key_id);
        let key = key.ok_or_else(|| KeyringError::Unknown(sealed.key_id.clone()))?;
        let damaged = || KeyringError::Damaged(key.name.clone());
        let bytes = STANDARD.decode(&sealed.text).ok().ok_or_else(damaged)?;
        let (nonce, cipher) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let mut cipher = cipher.to_vec();
        let plain = key
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place.as_bytes()),
                &mut cipher,
            )
            .map_err(|_wrong| damaged())?;
        Ok(plain.to_vec())
    }

    /// Whether the newest key sealed it.
    #[must_use]
    pub fn is_current(&self, sealed: &Sealed) -> bool {
        self.0.first().is_some_and(|key| key.name == sealed.key_id)
    }
}

impl Key {
    fn new(bytes: &[u8; KEY_BYTES]) -> Option<Self> {
        let name = hexadecimal(&sha256(bytes));
        Some(Self {
            name: name.chars().take(NAME_CHARS).collect(),
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &[u8]) -> Keyring {
        let lines = keys.iter().map(|byte| Keyring::line(&[*byte; KEY_BYTES]));
        Keyring::parse(&lines.collect::<String>()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_only() {
        let ring = ring(&[1]);
        let sealed = ring.seal("acc1/token", b"hunter2", [7; 32]).unwrap();
        assert_eq!(ring.open("acc1/token", &sealed).unwrap(), b"hunter2");
        assert!(!sealed.text.contains("hunter2"));
        let moved = ring.open("acc2/token", &sealed);
        assert!(matches!(moved, Err(KeyringError::Damaged(_))));
        let cut = Sealed {
            text: sealed.text.chars().take(20).collect(),
            ..sealed
        };
        assert!(matches!(
            ring.open("acc1/token", &cut),
            Err(KeyringError::Damaged(_))
        ));
    }

    #[test]
    fn after_a_rotation_the_old_key_opens_and_the_new_one_seals() {
        let before = ring(&[1]).seal("place", b"x", [7; 32]).unwrap();
        let rotated = ring(&[2, 1]);
        assert_eq!(rotated.open("place", &before).unwrap(), b"x");
        assert!(!rotated.is_current(&before));
        let after = rotated.seal("place", b"x", [8; 32]).unwrap();
        assert!(rotated.is_current(&after) && after.key_id != before.key_id);
        let gone = ring(&[2]).open("place", &before);
        assert!(matches!(gone, Err(KeyringError::Unknown(_))));
    }

    #[test]
    fn a_key_file_says_which_line_is_no_key() {
        let text = format!("{}\nnot a key\n", Keyring::line(&[1; KEY_BYTES]));
        let error = Keyring::parse(&text).unwrap_err();
        assert_eq!(error, KeyringError::Unreadable(3));
        assert!(Keyring::parse("\n").unwrap().is_empty());
        assert_eq!(
            Keyring::empty().seal("place", b"x", [0; 32]),
            Err(KeyringError::Empty)
        );
        assert!(!format!("{:?}", ring(&[1])).contains("AQEB"));
    }
}
