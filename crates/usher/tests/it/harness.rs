//! A server in this process on a port of its own, with a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use usher::boot::{Server, World};
use usher::config::Config;
use usher::config::raw::Sources;
use usher_app::credentials::{self, Issued};
use usher_app::{App, accounts};
use usher_model::id::AccountId;
use usher_model::role::Role;
use usher_model::time::{ManualClock, Timestamp};

/// When every test begins: a Friday noon in Berlin.
pub(crate) const START: &str = "2026-05-01T10:00:00Z";

/// What the next node of this process mints ids from: no two of them mint the same.
static SEED: AtomicU8 = AtomicU8::new(7);

/// The account that every test has.
pub(crate) const ACCOUNT: &str = "acme";

/// A running server; dropping it stops it and fails the test if work was left behind.
pub(crate) struct Harness {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) address: String,
    app: Option<Arc<App>>,
    runtime: Runtime,
    stopping: CancellationToken,
    running: Option<JoinHandle<anyhow::Result<()>>>,
    folder: Option<TempDir>,
}

/// An answer: status and body, which is text where it is no JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Value,
}

impl Harness {
    /// Starts a server on an empty directory.
    pub(crate) fn start() -> Self {
        Self::with(tempfile::tempdir().unwrap(), &[])
    }

    /// Starts a server on a directory, with settings of its own.
    pub(crate) fn with(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::parse(START).unwrap()));
        let config = config(&folder, settings);
        let runtime = Runtime::new().unwrap();
        let world = World {
            clock: Arc::clone(&clock) as _,
            seed: [SEED.fetch_add(1, Ordering::Relaxed); 32],
            program: env!("CARGO_BIN_EXE_usher").into(),
        };
        let server = runtime.block_on(Server::boot(&config, &world)).unwrap();
        let address = format!("http://{}", server.address);
        let app = Some(Arc::clone(server.app()));
        let stopping = CancellationToken::new();
        let running = Some(runtime.spawn(server.run(stopping.clone())));
        let harness = Self {
            clock,
            address,
            app,
            runtime,
            stopping,
            running,
            folder: Some(folder),
        };
        let account = AccountId::parse(ACCOUNT).unwrap();
        harness
            .runtime
            .block_on(accounts::create(harness.app(), &account))
            .unwrap();
        harness
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        self.app.as_ref().unwrap()
    }

    /// Waits for something that runs beside the server.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Makes a credential.
    pub(crate) fn credential(&self, role: Role) -> Issued {
        let account = AccountId::parse(ACCOUNT).unwrap();
        self.runtime
            .block_on(async {
                let caller = accounts::operator(self.app(), &account).await?;
                let new = credentials::New {
                    name: role.to_string(),
                    role,
                    user_id: None,
                    expires_at: None,
                };
                credentials::create(&caller, self.app(), new).await
            })
            .unwrap()
    }

    /// Asks with the headers given.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let mut request = axum::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = agent.run(request.body(body.into_bytes()).unwrap()).unwrap();
        let (parts, mut body) = response.into_parts();
        let text = body.read_to_string().unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_else(|_no_json| json!(text)),
        }
    }

    /// Asks our own API with a key and expects success.
    pub(crate) fn call(&self, key: &str, method: &str, path: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {key}");
        let answer = self.ask(method, path, &[("authorization", &bearer)], body);
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
        answer.body
    }

    pub(crate) fn folder(&self) -> &TempDir {
        self.folder.as_ref().unwrap()
    }

    /// Stops the server as a signal does and hands back its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        self.finish();
        self.folder.take().unwrap()
    }

    fn finish(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        self.stopping.cancel();
        // The store closes when nobody holds the use cases any more.
        self.app = None;
        self.runtime.block_on(running).unwrap().unwrap();
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.finish();
        }
    }
}

pub(crate) fn config(folder: &TempDir, settings: &[(&str, &str)]) -> Config {
    let mut environment = vec![
        ("USHER__SERVER__LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        (
            "USHER__DATA__DIR".to_owned(),
            folder.path().display().to_string(),
        ),
    ];
    environment.extend(
        settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    Config::load(&Sources {
        environment,
        ..Sources::default()
    })
    .unwrap()
}
