//! Frames: a length and that much JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of one frame, at most: larger than any source, input or answer may be.
pub const FRAME_BYTES_MAX: usize = 16 << 20;

const LENGTH_BYTES: usize = 4;

/// Appends a message as a frame.
///
/// # Errors
/// Fails if the message has no JSON or is larger than [`FRAME_BYTES_MAX`].
pub fn encode<T: Serialize>(message: &T, into: &mut Vec<u8>) -> std::io::Result<()> {
    let start = into.len();
    into.extend_from_slice(&[0; LENGTH_BYTES]);
    serde_json::to_writer(&mut *into, message)?;
    let body = into.len().saturating_sub(start + LENGTH_BYTES);
    let Some(length) = u32::try_from(body).ok().filter(|_| body <= FRAME_BYTES_MAX) else {
        into.truncate(start);
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            format!("a frame has at most {FRAME_BYTES_MAX} bytes, found {body}"),
        ));
    };
    if let Some(place) = into.get_mut(start..start + LENGTH_BYTES) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

/// Bytes that came, and the frames in them.
#[derive(Debug, Default)]
pub struct Frames {
    /// What came and was not yet read as a frame.
    pub bytes: Vec<u8>,
}

impl Frames {
    /// Takes the first frame, if all of it has come.
    ///
    /// # Errors
    /// Fails if the frame is too large or is not such a message.
    pub fn take<T: DeserializeOwned>(&mut self) -> std::io::Result<Option<T>> {
        let Some(length) = self.bytes.first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidData,
                format!("a frame has at most {FRAME_BYTES_MAX} bytes, found {length}"),
            ));
        }
        let end = LENGTH_BYTES + length;
        let Some(body) = self.bytes.get(LENGTH_BYTES..end) else {
            return Ok(None);
        };
        let message = serde_json::from_slice(body)?;
        self.bytes.drain(..end);
        Ok(Some(message))
    }
}
