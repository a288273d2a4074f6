//! A customer database on this machine that takes its time, as the real ones do.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What it does before it answers.
pub(crate) const TIME: Duration = Duration::from_millis(5);

const BODY: &str = r#"{"tier":"gold","vip":true}"#;

/// A customer database; dropped, it is gone.
pub(crate) struct Crm {
    pub(crate) address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Crm {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(async move {
                    // Whoever asked may go at any time.
                    drop(serve(socket).await);
                });
            }
        });
        Ok(Self {
            address,
            _serving: serving,
        })
    }
}

/// Answers the requests of one connection.
async fn serve(mut socket: TcpStream) -> Result<()> {
    socket.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut request = Vec::new();
    loop {
        while !request.ends_with(b"\r\n\r\n") {
            if socket.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        request.clear();
        tokio::time::sleep(TIME).await;
        socket.write_all(answer.as_bytes()).await?;
    }
}
