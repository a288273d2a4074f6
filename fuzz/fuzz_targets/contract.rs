//! Any request at any endpoint: a node answers, and never with a failure of its own.
//!
//! The first line of the input is the method, the second the path and query, the rest the body.
//! Names that the grammar of the corpus knows (`ACCOUNT`) are filled in.
#![no_main]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Uri};
use libfuzzer_sys::fuzz_target;
use tower::ServiceExt as _;
use usher_app::{App, accounts, credentials};
use usher_bus::local::Local;
use usher_context::expiry::TtlMax;
use usher_model::id::{AccountId, IdSource, NodeId};
use usher_model::role::Role;
use usher_model::time::{Clock, ManualClock, Timestamp};
use usher_store::collection::kept;
use usher_store::sqlite::{Options, Sqlite};

struct Node {
    runtime: tokio::runtime::Runtime,
    router: Router,
    authorization: String,
    _directory: tempfile::TempDir,
}

fn node() -> &'static Node {
    static NODE: OnceLock<Node> = OnceLock::new();
    NODE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let directory = tempfile::tempdir().expect("a directory");
        let (router, api_key) = runtime.block_on(start(directory.path()));
        let authorization = format!("Bearer {api_key}");
        Node {
            runtime,
            router,
            authorization,
            _directory: directory,
        }
    })
}

async fn start(directory: &std::path::Path) -> (Router, String) {
    let (sqlite, writer) = Sqlite::open(&Options {
        directory: directory.to_owned(),
        collections: kept::ALL,
        is_server: true,
    })
    .expect("a store");
    std::thread::spawn(move || writer.run());
    let now = Timestamp::parse("2026-05-04T10:00:00Z").expect("an instant");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(now));
    let ids = IdSource::new(Arc::clone(&clock), [1; 32]);
    let options = usher_app::Options {
        policies_max: 100,
        rate_per_second: u32::MAX,
        rate_burst: u32::MAX,
        context_ttl_max: TtlMax::default(),
        context_cache_documents: 1_000,
        decision_retention_days: 7,
        token_ttl: Duration::from_secs(3_600),
        sweep_interval: Duration::from_secs(3_600),
    };
    let bus = Local::new(NodeId::mint(&ids)).into();
    let app = App::new(sqlite.into(), bus, clock, ids, options);
    app.start();
    let account = AccountId::parse("ACCOUNT").expect("an id");
    accounts::create(&app, &account).await.expect("an account");
    let operator = accounts::operator(&app, &account)
        .await
        .expect("an operator");
    let new = credentials::New {
        name: "fuzz".to_owned(),
        role: Role::Admin,
        user_id: None,
        expires_at: None,
    };
    let issued = credentials::create(&operator, &app, new)
        .await
        .expect("a credential");
    let surface = usher_api::Options {
        in_flight_max: 8,
        request_timeout: Duration::from_secs(30),
        heartbeat: Duration::from_secs(15),
    };
    (usher_api::router(app, surface), issued.api_key)
}

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(3, |byte| *byte == b'\n');
    let (Some(method), Some(uri), body) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method), Uri::try_from(uri)) else {
        return;
    };
    let node = node();
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("authorization", &node.authorization)
        .body(Body::from(body.unwrap_or_default().to_vec()));
    let Ok(request) = request else { return };
    let told = format!("{} {}", request.method(), request.uri());
    let answer = node.runtime.block_on(async {
        let answer = node
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router never fails");
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .expect("a body");
        (status, String::from_utf8_lossy(&bytes).into_owned())
    });
    assert!(
        !answer.0.is_server_error(),
        "{told}: {} {}",
        answer.0,
        answer.1
    );
});
