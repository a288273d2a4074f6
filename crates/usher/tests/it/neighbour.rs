//! A server beside ours, such as a customer database: it answers what a test says.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// A server on a port of its own, until the test ends.
pub(crate) struct Neighbour {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Neighbour {
    /// Starts one; `answer` is given the first line of each request and the connection.
    pub(crate) fn start(
        host: &str,
        answer: impl Fn(&str, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (count, answer) = (Arc::clone(&count), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut socket = socket?;
                    let line = read_head(&socket)?;
                    count.fetch_add(1, Ordering::SeqCst);
                    answer(&line, &mut socket)
                });
            }
        });
        Self { address, asked }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Returns the first line of a request.
fn read_head(socket: &TcpStream) -> io::Result<String> {
    let mut lines = BufReader::new(socket).lines();
    let first = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    Ok(first)
}

/// Answers with JSON, and closes the connection.
pub(crate) fn reply(socket: &mut TcpStream, status: &str, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let length = body.len();
    write!(
        socket,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}
