//! The ceiling: a server of the same stack that parses the same body and always answers the same.

use anyhow::Result;
use axum::http::header;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde::Deserialize;
use tokio::net::TcpListener;

/// 300 bytes.
const ANSWER: &str = concat!(
    r#"[{"type":"TRANSFER_TO_SKILL","payload":{"skillId":"83"}},"#,
    r#"{"type":"SEND_MESSAGE","payload":{"text":"Lorem ipsum dolor sit amet, consetetur sadipscing "#,
    r#"elitr, sed diam nonumy eirmod tempor invidunt ut labore et dolore magna aliquyam erat, sed "#,
    r#"diam voluptua. At vero eos et accusam et justo duo dolor"}}]"#,
);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    account_id: String,
    conversation_id: String,
}

async fn answer(Json(ask): Json<Ask>) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    // What was parsed is used, so that parsing it cannot be left out.
    std::hint::black_box((ask.account_id, ask.conversation_id));
    ([(header::CONTENT_TYPE, "application/json")], ANSWER)
}

/// Serves until the process is killed.
#[tokio::main]
pub(crate) async fn serve() -> Result<()> {
    assert_eq!(
        ANSWER.len(),
        300,
        "the answer has another length than it says"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::report::say(&format!("listening on http://{}", listener.local_addr()?));
    let listener = listener.tap_io(|connection| {
        // As the node does; a connection that is gone already needs nothing.
        drop(connection.set_nodelay(true));
    });
    let router = Router::new().route("/v2/policy/nextaction", post(answer));
    axum::serve(listener, router).await?;
    Ok(())
}
