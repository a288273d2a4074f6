//! A node without a port: the real router on a real store in a temporary directory.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;
use usher_api::assets::Files;
use usher_app::caller::Caller;
use usher_app::keyring::Keyring;
use usher_app::workers;
use usher_app::{App, accounts, credentials};
use usher_bus::local::Local;
use usher_context::expiry::TtlMax;
use usher_model::id::{AccountId, IdSource, NodeId};
use usher_model::role::Role;
use usher_model::time::{Clock, ManualClock, Timestamp};
use usher_store::collection::kept;
use usher_store::sqlite::{Options, Sqlite};

/// The account that tests work in.
pub(crate) const ACCOUNT: &str = "acc1";

/// A node without a port.
pub(crate) struct Node {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
    writer: Option<std::thread::JoinHandle<()>>,
    _directory: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Reads the body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Reads a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Asserts the status and returns the answer.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

/// Somebody who calls a node.
pub(crate) struct Client<'n> {
    pub(crate) node: &'n Node,
    pub(crate) api_key: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut usher_app::Options)) -> Self {
        Self::start_as(change, None).await
    }

    pub(crate) async fn with_console(files: Files) -> Self {
        Self::start_as(|_| {}, Some(files)).await
    }

    async fn start_as(
        change: impl FnOnce(&mut usher_app::Options),
        console: Option<Files>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (sqlite, writer) = Sqlite::open(&Options {
            directory: directory.path().to_owned(),
            collections: kept::ALL,
            is_server: true,
        })
        .unwrap();
        let writer = std::thread::spawn(move || writer.run());
        let start = Timestamp::parse("2026-05-04T10:00:00Z").unwrap();
        let clock = Arc::new(ManualClock::starting_at(start));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let ids = IdSource::new(Arc::clone(&shared), [1; 32]);
        let mut options = usher_app::Options {
            policies_max: 20_000,
            rate_per_second: 1_000_000,
            rate_burst: 1_000_000,
            context_ttl_max: TtlMax::default(),
            context_cache_documents: 10_000,
            decision_retention_days: 7,
            token_ttl: Duration::from_secs(86_400),
            workers: workers::Options::for_processors(workers::Launch::Thread, 2),
            keyring: Keyring::parse(&Keyring::line(&[7; 32])).unwrap(),
            outbound: usher_app::outbound::Options::closed(),
            oidc: None,
            sweep_interval: Duration::from_secs(3_600),
        };
        change(&mut options);
        let bus = Local::new(NodeId::mint(&ids)).into();
        let app = App::new(sqlite.into(), bus, shared, ids, options);
        app.start();
        let surface = usher_api::Options {
            in_flight_max: 64,
            request_timeout: Duration::from_secs(30),
            heartbeat: usher_model::limits::SOCKET_HEARTBEAT,
            console,
        };
        let router = usher_api::router(Arc::clone(&app), surface);
        accounts::create(&app, &AccountId::parse(ACCOUNT).unwrap())
            .await
            .unwrap();
        Self {
            app,
            clock,
            router,
            writer: Some(writer),
            _directory: directory,
        }
    }

    /// Returns somebody at the machine.
    pub(crate) async fn operator(&self, account: &str) -> Caller {
        let account = AccountId::parse(account).unwrap();
        accounts::create(&self.app, &account).await.unwrap();
        accounts::operator(&self.app, &account).await.unwrap()
    }

    /// Returns somebody with a new credential.
    pub(crate) async fn client(&self, account: &str, role: Role) -> Client<'_> {
        let operator = self.operator(account).await;
        let new = credentials::New {
            name: role.to_string(),
            role,
            user_id: None,
            expires_at: None,
        };
        let issued = credentials::create(&operator, &self.app, new)
            .await
            .unwrap();
        Client {
            node: self,
            api_key: issued.api_key,
            client_id: issued.credential.client_id,
            client_secret: issued.client_secret,
        }
    }

    /// Returns an administrator of the account.
    pub(crate) async fn admin(&self) -> Client<'_> {
        self.client(ACCOUNT, Role::Admin).await
    }

    /// Returns what serves requests.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// Writes what waits and ends; a test that forgets leaves the writer to the process's end.
    pub(crate) async fn stop(mut self) {
        self.app.stop().await;
        let writer = self.writer.take().unwrap();
        drop(self.router);
        drop(self.app);
        writer.join().unwrap();
    }
}

impl Client<'_> {
    /// Sends a request with the API key as a bearer credential.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map_or_else(String::new, |body| body.to_string());
        self.raw(method, path, body, &[]).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    /// Sends any body with more headers.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Body>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path)
            .header("authorization", format!("Bearer {}", self.api_key))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.node.send(request.body(body.into()).unwrap()).await
    }

    /// Adds a policy and switches it on; returns its id.
    pub(crate) async fn enabled_policy(&self, policy: Value) -> String {
        let created = self
            .post("/api/v1/policies", policy)
            .await
            .expect(201)
            .json();
        let id = created["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/policies/{id}/enable");
        self.call("POST", &path, None).await.expect(200);
        id
    }
}

/// A policy that transfers to a skill when `orchestrator.intent` is this.
pub(crate) fn intent_policy(name: &str, intent: &str, skill: &str) -> Value {
    serde_json::json!({
        "name": name,
        "conditions": [{"property": "orchestrator.intent", "type": "EQUAL", "value": intent}],
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": skill}}],
    })
}
