//! A client that costs as little as possible, because it shares the machine with what it measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::report::Round;

/// Bytes that are read at once; nearly every answer fits.
const RECEIVED_BYTES: usize = 16 * 1024;

/// One HTTP/1.1 connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer, as long as the next request is not sent.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a [u8],
    body: &'a [u8],
}

impl Answer<'_> {
    /// Returns a header's value; the name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    pub(crate) fn body(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.body)
    }

    /// Fails unless the request succeeded.
    pub(crate) fn succeeded(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        bail!("answered with {}: {}", self.status, self.body())
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: vec![0; RECEIVED_BYTES],
        })
    }

    /// Sends a request and reads its whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.send(request).await?;
        let mut filled = 0;
        let (head_length, length) = loop {
            filled += self.receive(filled).await?;
            let so_far = self.received.get(..filled).unwrap_or_default();
            let Some(head_length) = head_length(so_far) else {
                continue;
            };
            let head = so_far.get(..head_length).unwrap_or_default();
            let body: usize = match header(head, "content-length") {
                Some(length) => length.parse().context("a strange `content-length`")?,
                None if head.starts_with(b"HTTP/1.1 204") => 0,
                None => bail!("an answer without `content-length`"),
            };
            break (head_length, head_length + body);
        };
        while filled < length {
            filled += self.receive(filled).await?;
        }
        let head = self.received.get(..head_length).unwrap_or_default();
        let status = head
            .get(9..12)
            .and_then(|code| std::str::from_utf8(code).ok());
        Ok(Answer {
            status: status
                .and_then(|code| code.parse().ok())
                .context("an answer without a status")?,
            head,
            body: self.received.get(head_length..length).unwrap_or_default(),
        })
    }

    async fn send(&self, mut rest: &[u8]) -> Result<()> {
        while !rest.is_empty() {
            match self.stream.try_write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads behind what was read before.
    async fn receive(&mut self, filled: usize) -> Result<usize> {
        if filled == self.received.len() {
            self.received.resize(filled * 2, 0);
        }
        loop {
            self.stream.readable().await?;
            let room = self.received.get_mut(filled..).unwrap_or_default();
            match self.stream.try_read(room) {
                Ok(0) => bail!("the connection was closed before the answer was complete"),
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Returns where the body begins, if the head is complete.
fn head_length(received: &[u8]) -> Option<usize> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let head = std::str::from_utf8(head).ok()?;
    head.split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// Writes a request with a JSON body.
pub(crate) fn request(method: &str, path: &str, key: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: load\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// How long a closed loop goes on.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Passed(Duration),
    Sent(usize),
}

/// Keeps `connections` requests under way, each of them made from its number in the whole round.
pub(crate) async fn closed_loop<F>(
    address: SocketAddr,
    connections: usize,
    until: Until,
    write: Arc<F>,
) -> Result<Round>
where
    F: Fn(usize, &mut Vec<u8>) + Send + Sync + 'static,
{
    let (number, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let mut loops = JoinSet::new();
    for _ in 0..connections {
        let mut connection = Connection::open(address).await?;
        let (write, number) = (Arc::clone(&write), Arc::clone(&number));
        loops.spawn(async move {
            let (mut round, mut request) = (Round::default(), Vec::new());
            let mut sent_at = Instant::now();
            loop {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let is_over = match until {
                    Until::Passed(duration) => sent_at.duration_since(begun) >= duration,
                    Until::Sent(count) => number >= count,
                };
                if is_over {
                    return Ok(round);
                }
                request.clear();
                write(number, &mut request);
                let answer = connection.exchange(&request).await?;
                let is_refused = !(200..300).contains(&answer.status);
                let answered_at = Instant::now();
                round.add(answered_at.duration_since(sent_at), is_refused);
                sent_at = answered_at;
            }
        });
    }
    let mut all = Round::default();
    while let Some(round) = loops.join_next().await {
        let round: Result<Round> = round.context("a connection's loop panicked")?;
        all.merge(round?);
    }
    all.finish(begun.elapsed());
    Ok(all)
}
