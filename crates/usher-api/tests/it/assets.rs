//! The console's files: cached for good, under a strict policy, and honest when they are not there.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use usher_api::assets::Files;

use crate::harness::{Answer, Node};

const BUILT: Files = &[
    (
        "index.html",
        b"<meta property=\"csp-nonce\" nonce=\"{{nonce}}\"><title>Console</title>",
    ),
    ("messenger.html", b"<title>Messenger</title>"),
    ("messenger.js", b"tag"),
    ("assets/index-1a2b.js", b"plain"),
    ("assets/index-1a2b.js.br", b"small"),
    ("icon.svg", b"<svg/>"),
];

async fn get(node: &Node, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    node.send(request.body(Body::empty()).unwrap()).await
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn every_place_within_the_console_is_its_page_with_a_nonce_of_its_own() {
    let node = Node::with_console(BUILT).await;
    let mut nonces = Vec::new();
    for path in ["/console", "/console/", "/console/policies/p1?view=json"] {
        let answer = get(&node, path, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let policy = header(&answer.headers, "content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap();
        let nonce = nonce.split('\'').next().unwrap().to_owned();
        assert!(
            answer.text.contains(&format!("nonce=\"{nonce}\"")),
            "{path}"
        );
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&answer.headers, "cache-control"), "no-store");
        nonces.push(nonce);
    }
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
    node.stop().await;
}

#[tokio::test]
async fn the_messenger_alone_may_stand_in_pages_of_others() {
    let node = Node::with_console(BUILT).await;
    let page = get(&node, "/messenger?account=acc1&engagement=shop", &[]).await;
    assert_eq!(page.text, "<title>Messenger</title>");
    let policy = header(&page.headers, "content-security-policy");
    assert!(policy.ends_with("frame-ancestors *"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let tag = get(&node, "/messenger.js", &[]).await;
    assert_eq!(tag.text, "tag");
    assert_eq!(header(&tag.headers, "content-type"), "text/javascript");
    assert_eq!(
        header(&tag.headers, "cache-control"),
        "public, max-age=3600"
    );
    let emulator = get(&node, "/emulator?skill=1001", &[]).await;
    assert_eq!(
        header(&emulator.headers, "location"),
        "/console/emulator?skill=1001"
    );
    node.stop().await;
}

#[tokio::test]
async fn a_hashed_file_is_kept_for_good_and_compressed_for_who_takes_it() {
    let node = Node::with_console(BUILT).await;
    let path = "/console/assets/index-1a2b.js";
    let plain = get(&node, path, &[]).await;
    assert_eq!(plain.text, "plain");
    assert_eq!(header(&plain.headers, "content-type"), "text/javascript");
    let small = get(&node, path, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(small.text, "small");
    assert_eq!(header(&small.headers, "content-encoding"), "br");
    for answer in [&plain, &small] {
        let life = header(&answer.headers, "cache-control");
        assert_eq!(life, "public, max-age=31536000, immutable");
        assert_eq!(header(&answer.headers, "vary"), "accept-encoding");
    }
    let icon = get(&node, "/console/icon.svg", &[]).await;
    assert_eq!(
        header(&icon.headers, "cache-control"),
        "public, max-age=3600"
    );
    node.stop().await;
}

#[tokio::test]
async fn a_file_of_an_older_build_is_not_found_rather_than_a_page() {
    let node = Node::with_console(BUILT).await;
    let answer = get(&node, "/console/assets/index-0000.js", &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let kind = header(&answer.headers, "content-type");
    assert_eq!(kind, "application/problem+json");
    node.stop().await;
}

#[tokio::test]
async fn a_program_without_the_console_says_how_to_build_it() {
    let node = Node::start().await;
    let answer = get(&node, "/console", &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text.contains("cargo xtask start"), "{}", answer.text);
    let tag = get(&node, "/messenger.js", &[]).await;
    assert_eq!(tag.status, StatusCode::NOT_FOUND);
    let root = get(&node, "/", &[]).await;
    assert_eq!(header(&root.headers, "location"), "/console");
    node.stop().await;
}
