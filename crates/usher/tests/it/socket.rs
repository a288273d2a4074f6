//! A WebSocket client (RFC 6455) that blocks, and says when its node has gone.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

/// The key of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A socket on `/api/v1/stream`.
pub(crate) struct Socket {
    stream: BufReader<TcpStream>,
    /// Events that came while an answer was waited for.
    events: VecDeque<Value>,
    commands: usize,
}

impl Socket {
    /// Opens a socket and waits until it is ready; the query begins with `?` or is empty.
    pub(crate) fn open(address: &str, query: &str, key: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        write!(
            stream,
            "GET /api/v1/stream{query} HTTP/1.1\r\nhost: usher\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n\
             authorization: Bearer {key}\r\n\r\n"
        )?;
        let mut socket = Self {
            stream: BufReader::new(stream),
            events: VecDeque::new(),
            commands: 0,
        };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let [byte] = socket.bytes()?;
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let ready = socket.hear()?;
        assert_eq!(ready["type"], "READY", "{ready}");
        Ok(socket)
    }

    /// Follows a scope from after an event on.
    pub(crate) fn subscribe(&mut self, scope: &str, after: u64) -> io::Result<()> {
        let frame = json!({"type": "SUBSCRIBE", "requestId": "s", "scope": {"type": scope},
            "after": after});
        self.say(&frame)?;
        let answer = self.hear()?;
        assert_eq!(answer["type"], "SUBSCRIBED", "{answer}");
        Ok(())
    }

    /// Does a command and returns the frame that answers it.
    pub(crate) fn command(&mut self, command: &Value) -> io::Result<Value> {
        self.commands += 1;
        let id = self.commands.to_string();
        self.say(&json!({"type": "COMMAND", "requestId": id, "command": command}))?;
        loop {
            let frame = self.hear()?;
            match frame["type"].as_str() {
                Some("EVENT") => self.events.push_back(frame),
                Some("DONE" | "FAILED") if frame["requestId"] == id.as_str() => return Ok(frame),
                _ => {}
            }
        }
    }

    /// Waits for the next event.
    pub(crate) fn event(&mut self) -> io::Result<Value> {
        if let Some(event) = self.events.pop_front() {
            return Ok(event);
        }
        loop {
            let frame = self.hear()?;
            if frame["type"] == "EVENT" {
                return Ok(frame);
            }
        }
    }

    /// Waits for the end and returns its code.
    pub(crate) fn closed(&mut self) -> io::Result<u16> {
        loop {
            if let Frame::Closed(code) = self.frame()? {
                return Ok(code);
            }
        }
    }

    fn hear(&mut self) -> io::Result<Value> {
        match self.frame()? {
            Frame::Said(frame) => Ok(frame),
            Frame::Closed(code) => Err(io::Error::other(format!("closed with {code}"))),
        }
    }

    fn frame(&mut self) -> io::Result<Frame> {
        loop {
            let [kind, length] = self.bytes()?;
            let length = match length {
                126 => u64::from(u16::from_be_bytes(self.bytes()?)),
                127 => u64::from_be_bytes(self.bytes()?),
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload)?;
            match kind & 0x0f {
                TEXT => return Ok(Frame::Said(serde_json::from_slice(&payload).unwrap())),
                PING => self.send(PONG, &payload)?,
                CLOSE => {
                    self.send(CLOSE, &payload)?;
                    return Ok(Frame::Closed(u16::from_be_bytes([payload[0], payload[1]])));
                }
                other => panic!("an unexpected frame: {other}"),
            }
        }
    }

    fn say(&mut self, frame: &Value) -> io::Result<()> {
        self.send(TEXT, frame.to_string().as_bytes())
    }

    fn send(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let mut frame = vec![0x80 | kind];
        match u8::try_from(payload.len()) {
            Ok(short @ ..126) => frame.push(0x80 | short),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        // The mask: zero leaves the payload as it is.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.get_mut().write_all(&frame)
    }

    fn bytes<const COUNT: usize>(&mut self) -> io::Result<[u8; COUNT]> {
        let mut bytes = [0; COUNT];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

enum Frame {
    Said(Value),
    Closed(u16),
}
