//! Requests as a fuzzer writes them: the first line is the method, the second the path and query,
//! the rest the body.

use axum::body::Body;
use axum::http::{Method, Request, Uri};

use crate::harness::{ACCOUNT, Node};

/// Stands for the account in the inputs.
const PLACE_OF_ACCOUNT: &str = "ACCOUNT";

/// Reads an input; nothing if it is no request at all.
pub(crate) fn request(input: &[u8], api_key: &str) -> Option<Request<Body>> {
    let mut lines = input.splitn(3, |byte| *byte == b'\n');
    let (method, uri) = (lines.next()?, lines.next()?);
    let uri = std::str::from_utf8(uri).ok()?;
    // Nobody waits here for what may happen.
    let uri = uri
        .replace(PLACE_OF_ACCOUNT, ACCOUNT)
        .replace("wait=", "w=");
    Request::builder()
        .method(Method::from_bytes(method).ok()?)
        .uri(Uri::try_from(uri).ok()?)
        .header("authorization", format!("Bearer {api_key}"))
        .header("content-type", "application/json")
        .body(Body::from(lines.next().unwrap_or_default().to_vec()))
        .ok()
}

/// Sends a request: whatever it is, it is not the node that fails.
pub(crate) async fn check(node: &Node, request: Request<Body>) {
    let told = format!("{} {}", request.method(), request.uri());
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let request = Request::from_parts(parts, Body::from(body.clone()));
    let answer = node.send(request).await;
    let (status, text) = (answer.status, answer.text);
    assert!(
        !status.is_server_error(),
        "{told}\n{}\n: {status} {text}",
        String::from_utf8_lossy(&body)
    );
}
