//! A WebSocket (RFC 6455), as much of it as a client of the stream needs.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// The key of RFC 6455, section 1.3: nobody caches these answers.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// Bytes that are read at once; nearly every frame fits.
const RECEIVED_BYTES: usize = 4 * 1024;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What comes over a socket.
pub(crate) enum Frame {
    Text(Vec<u8>),
    Closed { code: u16, reason: String },
}

/// One open socket.
pub(crate) struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Socket {
    /// Opens the stream with a credential.
    pub(crate) async fn open(address: SocketAddr, credential: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self {
            stream,
            received: Vec::new(),
        };
        let request = format!(
            "GET /api/v1/stream HTTP/1.1\r\nhost: load\r\nauthorization: Bearer {credential}\r\n\
             connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: {KEY}\r\n\r\n"
        );
        socket.send(request.as_bytes()).await?;
        loop {
            let end = socket.received.windows(4);
            if let Some(end) = end.into_iter().position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = socket.received.drain(..end + 4).collect();
                let head = String::from_utf8_lossy(&head);
                ensure!(head.starts_with("HTTP/1.1 101 "), "not upgraded: {head}");
                return Ok(socket);
            }
            socket.receive().await?;
        }
    }

    /// Sends a frame of text.
    pub(crate) async fn say(&mut self, text: &str) -> Result<()> {
        self.frame(TEXT, text.as_bytes()).await
    }

    /// Waits for the next frame that is not the protocol's own. Cancel-safe.
    pub(crate) async fn hear(&mut self) -> Result<Frame> {
        loop {
            match self.next()? {
                None => self.receive().await?,
                Some((TEXT, text)) => return Ok(Frame::Text(text)),
                Some((PING, payload)) => self.frame(PONG, &payload).await?,
                Some((CLOSE, payload)) => {
                    let code = payload
                        .first_chunk()
                        .map_or(0, |code| u16::from_be_bytes(*code));
                    let reason = payload.get(2..).unwrap_or_default();
                    let reason = String::from_utf8_lossy(reason).into_owned();
                    return Ok(Frame::Closed { code, reason });
                }
                Some((kind, _)) => bail!("an unexpected frame of the kind {kind}"),
            }
        }
    }

    /// Takes the next frame out of what was received, if all of it is there.
    fn next(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let [first, second, rest @ ..] = self.received.as_slice() else {
            return Ok(None);
        };
        ensure!(first & FINAL != 0, "a frame in parts");
        let (head, length) = match second {
            126 => match rest.first_chunk() {
                Some(length) => (4, u64::from(u16::from_be_bytes(*length))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (10, u64::from_be_bytes(*length)),
                None => return Ok(None),
            },
            short => (2, u64::from(*short)),
        };
        let (kind, end) = (first & 0x0f, head + usize::try_from(length)?);
        let Some(payload) = self.received.get(head..end) else {
            return Ok(None);
        };
        let payload = payload.to_vec();
        self.received.drain(..end);
        Ok(Some((kind, payload)))
    }

    async fn frame(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        let mut frame = vec![FINAL | kind];
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(short @ ..126), _) => frame.push(MASKED | short),
            (_, Ok(medium)) => {
                frame.push(MASKED | 126);
                frame.extend(medium.to_be_bytes());
            }
            _ => bail!("a frame of {} bytes", payload.len()),
        }
        // The mask; zero leaves the payload as it is.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.send(&frame).await
    }

    async fn send(&self, mut rest: &[u8]) -> Result<()> {
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.stream.ready(Interest::WRITABLE).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<()> {
        loop {
            self.stream.readable().await?;
            let filled = self.received.len();
            self.received.resize(filled + RECEIVED_BYTES, 0);
            let room = self.received.get_mut(filled..).unwrap_or_default();
            let read = self.stream.try_read(room);
            let count = read.as_ref().map_or(0, |count| *count);
            self.received.truncate(filled + count);
            match read {
                Ok(0) => bail!("the connection has ended"),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
