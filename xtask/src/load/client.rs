//! A closed loop over plain sockets: each connection sends its next request when it has its answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What is sent.
pub(super) struct Load {
    /// Whole requests, sent in turn.
    pub(super) requests: Vec<Vec<u8>>,
    pub(super) connections: usize,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Measured {
    latencies: Vec<u32>,
    time: Duration,
    pub(super) cpu: Duration,
    pub(super) memory_bytes: u64,
}

impl Measured {
    pub(super) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        self.time += other.time;
        self.cpu += other.cpu;
        self.memory_bytes = self.memory_bytes.max(other.memory_bytes);
    }

    fn count(&self) -> f64 {
        f64::from(u32::try_from(self.latencies.len()).unwrap_or(u32::MAX))
    }

    pub(super) fn rate(&self) -> f64 {
        self.count() / self.time.as_secs_f64()
    }

    pub(super) fn cpu_per_request(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count()
    }

    /// Returns the latency that so many of a thousand requests do not exceed, in microseconds.
    pub(super) fn percentile(&self, of_thousand: usize) -> u32 {
        let index = (self.latencies.len() * of_thousand / 1_000)
            .min(self.latencies.len().saturating_sub(1));
        self.latencies.get(index).copied().unwrap_or_default()
    }
}

/// Sends a load for a while; any answer but success ends the run.
pub(super) fn drive(address: &str, load: &Load, time: Duration) -> Result<Measured> {
    let start = now();
    let end = start + time;
    let latencies = thread::scope(|scope| {
        let workers: Vec<_> = (0..load.connections)
            .map(|offset| scope.spawn(move || one_connection(address, load, offset, end)))
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(latencies) => all.extend(latencies?),
                Err(_panic) => bail!("a connection's thread panicked"),
            }
        }
        Ok(all)
    })?;
    Ok(Measured {
        latencies,
        time: now() - start,
        ..Measured::default()
    })
}

fn one_connection(address: &str, load: &Load, offset: usize, end: Instant) -> Result<Vec<u32>> {
    let mut connection = Connection::open(address)?;
    let mut latencies = Vec::new();
    // Connections begin at different requests, so that they do not march in step.
    let start = offset * load.requests.len() / load.connections.max(1);
    for request in load.requests.iter().cycle().skip(start) {
        let sent = now();
        if sent >= end {
            break;
        }
        connection.send(request)?;
        latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(latencies)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a load generator measures real time"
)]
fn now() -> Instant {
    Instant::now()
}

/// Returns the bytes of a request; without a key it carries no credential.
pub(super) fn request(method: &str, path: &str, key: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let credential = if key.is_empty() {
        String::new()
    } else {
        format!("Authorization: Bearer {key}\r\n")
    };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: usher\r\n{credential}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A connection that is kept open.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    pub(super) fn open(address: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            line: String::new(),
            body: Vec::new(),
        })
    }

    /// Sends a request and reads the whole answer.
    fn send(&mut self, request: &[u8]) -> Result<()> {
        self.stream.get_mut().write_all(request)?;
        self.line.clear();
        self.stream.read_line(&mut self.line)?;
        let is_success = self.line.starts_with("HTTP/1.1 2");
        let status = if is_success {
            String::new()
        } else {
            self.line.trim().to_owned()
        };
        let mut length = 0;
        loop {
            self.line.clear();
            if self.stream.read_line(&mut self.line)? == 0 {
                bail!("the server closed the connection");
            }
            match self.line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse()?
                }
                Some(_) => {}
                None => break,
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        if !is_success {
            bail!("{status}: {}", String::from_utf8_lossy(&self.body));
        }
        Ok(())
    }

    pub(super) fn json(
        &mut self,
        method: &str,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<Value> {
        self.send(&request(method, path, key, body))
            .with_context(|| format!("{method} {path}"))?;
        Ok(serde_json::from_slice(&self.body).unwrap_or(Value::Null))
    }

    /// Trades `clientId:clientSecret`, in base64, for a token.
    pub(super) fn login(&mut self, basic: &str) -> Result<String> {
        let path = "/v2/authenticate/login";
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: usher\r\nAuthorization: Basic {basic}\r\nContent-Length: 0\r\n\r\n"
        );
        self.send(request.as_bytes()).context(path)?;
        let answer: Value = serde_json::from_slice(&self.body)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        token.map(str::to_owned).context("the login has no token")
    }
}
