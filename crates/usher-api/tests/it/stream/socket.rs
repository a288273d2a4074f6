//! A WebSocket client (RFC 6455) that shows every frame, and can send wrong ones.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The key and its answer of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What a socket hears.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Frame(Value),
    Closed(u16, String),
}

impl Heard {
    #[track_caller]
    pub(crate) fn frame(self) -> Value {
        match self {
            Self::Frame(frame) => frame,
            closed @ Self::Closed(..) => panic!("expected a frame, found {closed:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn close(self) -> (u16, String) {
        match self {
            Self::Closed(code, reason) => (code, reason),
            frame @ Self::Frame(_) => panic!("expected the end, found {frame:?}"),
        }
    }
}

pub(crate) struct Socket {
    stream: TcpStream,
}

impl Socket {
    /// Opens a socket; the query begins with `?` or is empty.
    pub(crate) async fn open(address: SocketAddr, query: &str, credential: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let authorization = credential
            .map(|credential| format!("authorization: Bearer {credential}\r\n"))
            .unwrap_or_default();
        let request = format!(
            "GET /api/v1/stream{query} HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n\
             {authorization}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains(ACCEPT), "{head}");
        Self { stream }
    }

    pub(crate) async fn say(&mut self, frame: &Value) {
        self.send(TEXT, frame.to_string().as_bytes()).await;
    }

    /// Sends a frame; one that the other end does not take any more is lost.
    pub(crate) async fn send(&mut self, kind: u8, payload: &[u8]) {
        let length = payload.len();
        let mut frame = vec![0x80 | kind];
        match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ ..126), _) => frame.push(0x80 | short),
            (_, Ok(medium)) => {
                frame.push(0x80 | 126);
                frame.extend(medium.to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend(u64::try_from(length).unwrap().to_be_bytes());
            }
        }
        // The mask: zero leaves the payload as it is.
        frame.extend([0; 4]);
        frame.extend(payload);
        drop(self.stream.write_all(&frame).await);
    }

    /// Waits for the next frame that is not the protocol's own.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            match self.receive().await {
                (TEXT, payload) => return Heard::Frame(serde_json::from_slice(&payload).unwrap()),
                (PING, payload) => self.send(PONG, &payload).await,
                (CLOSE, payload) => {
                    self.send(CLOSE, &payload).await;
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    let reason = String::from_utf8(payload[2..].to_vec()).unwrap();
                    return Heard::Closed(code, reason);
                }
                (other, _) => panic!("an unexpected frame: {other}"),
            }
        }
    }

    /// Waits for the end, and answers nothing meanwhile, as a peer that is dead.
    pub(crate) async fn play_dead(&mut self) -> u16 {
        loop {
            if let (CLOSE, payload) = self.receive().await {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }

    /// Waits for a ping, and does not answer it.
    pub(crate) async fn pinged(&mut self) {
        while self.receive().await.0 != PING {}
    }

    /// Pings the node and waits for its answer: it has taken the sign of life then.
    pub(crate) async fn ping(&mut self) {
        self.send(PING, &[]).await;
        while self.receive().await.0 != PONG {}
    }

    async fn receive(&mut self) -> (u8, Vec<u8>) {
        let kind = self.stream.read_u8().await.unwrap() & 0x0f;
        let length = match self.stream.read_u8().await.unwrap() {
            126 => u64::from(self.stream.read_u16().await.unwrap()),
            127 => self.stream.read_u64().await.unwrap(),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload).await.unwrap();
        (kind, payload)
    }

    /// Waits for the next frame of a type.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await.frame();
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Waits for the next event of a type.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next("EVENT").await;
            if event["event"]["type"] == kind {
                return event;
            }
        }
    }
}
