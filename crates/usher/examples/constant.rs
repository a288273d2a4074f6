//! The ceiling that `cargo xtask load` measures against: the same HTTP stack, which reads a JSON body
//! and answers a constant.

use axum::Router;
use axum::http::header;
use axum::serve::ListenerExt as _;
use serde_json::Value;

/// As long as a usual answer.
const ANSWER: &str = r#"[{"type":"TRANSFER_TO_SKILL","payload":{"skillId":"2438093730"}}]"#;

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the load generator waits for this line"
)]
async fn main() -> std::io::Result<()> {
    let answer =
        async |_body: axum::Json<Value>| ([(header::CONTENT_TYPE, "application/json")], ANSWER);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("constant listening on http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, Router::new().fallback(answer)).await
}
