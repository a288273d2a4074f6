//! The wiring, top to bottom: store, bus, use cases, HTTP.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware;
use axum::routing::get;
use rand::TryRng as _;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower_http::cors::CorsLayer;
use usher_app::App;
use usher_app::tasks::Tasks;
use usher_app::workers::Launch;
use usher_bus::bus::Bus;
use usher_bus::local::Local;
use usher_bus::nats::{self, Listener, Nats};
use usher_context::expiry::TtlMax;
use usher_model::id::{IdSource, NodeId};
use usher_model::limits;
use usher_model::time::{Clock, SystemClock};
use usher_store::collection::kept;
use usher_store::postgres::{self, Postgres};
use usher_store::sqlite::{self, Sqlite};
use usher_store::store::Store;

use crate::cli;
use crate::config::{self, Config, Secret};
use crate::connections;
use crate::console;
use crate::keys;
use crate::telemetry;

/// Time between two sweeps of what has expired; nobody ever sees what is expired but not swept.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// What the process takes from the machine, and a test from its hand.
#[derive(Clone, Debug)]
pub struct World {
    /// Where wall time comes from.
    pub clock: Arc<dyn Clock>,
    /// What the generator of ids and secrets is seeded with.
    pub seed: [u8; 32],
    /// The program that is started to run functions.
    pub program: PathBuf,
}

impl World {
    /// Returns the machine's clock and a seed from its random source.
    ///
    /// # Errors
    /// Fails if the operating system has no random bytes.
    pub fn of_this_machine() -> Result<Self> {
        let mut seed = [0; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut seed)
            .context("cannot seed the generator of secrets")?;
        Ok(Self {
            clock: Arc::new(SystemClock),
            seed,
            // This very program, even if its file has been replaced since.
            program: PathBuf::from("/proc/self/exe"),
        })
    }
}

/// What the store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To serve: nobody else may serve from the same directory.
    Serve,
    /// To administer, perhaps while a server runs; makes what is not there.
    Init,
    /// To administer, perhaps while a server runs; what is not there is a mistyped directory.
    Administer,
}

/// An open store, with what writes for it.
#[derive(Debug)]
pub struct OpenStore {
    /// The store.
    pub store: Store,
    running: Running,
}

impl OpenStore {
    /// Closes the store and waits until everything is on disk.
    ///
    /// # Errors
    /// Fails if the writer panicked.
    pub async fn close(self) -> Result<()> {
        drop(self.store);
        self.running.end().await
    }
}

/// What writes for a store: a thread for SQLite, a task for PostgreSQL.
#[derive(Debug)]
struct Running {
    /// Cancelled when it has ended.
    ended: CancellationToken,
    writer: Option<JoinHandle<()>>,
}

impl Running {
    /// Waits for its end, which comes when the last handle of the store is gone.
    async fn end(self) -> Result<()> {
        self.ended.cancelled().await;
        match self.writer.map(JoinHandle::join) {
            Some(Err(_panic)) => bail!("the store's writer panicked"),
            Some(Ok(())) | None => Ok(()),
        }
    }
}

/// Opens the store that the configuration names.
///
/// # Errors
/// Fails if the store cannot be opened.
pub async fn open_store(config: &Config, purpose: Purpose) -> Result<OpenStore> {
    let ended = CancellationToken::new();
    let guard = ended.clone().drop_guard();
    let (store, writer) = match &config.store.url {
        None => open_sqlite(config, purpose, guard).map(|(store, writer)| (store, Some(writer)))?,
        Some(url) => (open_postgres(config, url, guard).await?, None),
    };
    Ok(OpenStore {
        store,
        running: Running { ended, writer },
    })
}

/// The use cases on an open store.
#[derive(Debug)]
pub struct Opened {
    /// The use cases.
    pub app: Arc<App>,
    running: Running,
}

impl Opened {
    /// Ends the background work, closes the store and waits until everything is on disk.
    ///
    /// # Errors
    /// Fails if the writer panicked.
    pub async fn close(self) -> Result<()> {
        let Self { app, running } = self;
        app.stop().await;
        drop(app);
        running.end().await
    }
}

/// Returns how functions are run: by processes of this program.
fn workers(functions: &config::Functions, world: &World) -> usher_app::workers::Options {
    let launch = Launch::Process {
        program: world.program.clone(),
        arguments: vec![cli::FUNCTIONS_WORKER.into()],
    };
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    functions.options(launch, processors)
}

/// Opens the store and the bus and puts the use cases on them.
///
/// # Errors
/// Fails if the store cannot be opened, or the bus not be set up.
pub async fn open(config: &Config, world: &World, purpose: Purpose) -> Result<Opened> {
    let OpenStore { store, running } = open_store(config, purpose).await?;
    let ids = IdSource::new(Arc::clone(&world.clock), world.seed);
    let options = usher_app::Options {
        policies_max: config.limits.policies_max,
        rate_per_second: config.limits.requests_per_second_max,
        rate_burst: config.limits.requests_burst_max,
        context_ttl_max: TtlMax::new(config.context.ttl_max),
        context_cache_documents: config.context.cached_documents_max,
        decision_retention_days: config.decisions.retention_days,
        token_ttl: config.security.token_ttl,
        keyring: keys::keyring(config, &ids)?,
        outbound: config.outbound.options(),
        workers: workers(&config.functions, world),
        oidc: config.oidc.as_ref().map(config::Oidc::options),
        sweep_interval: SWEEP_INTERVAL,
    };
    let (bus, listener) = open_bus(&config.bus, &ids).await?;
    let app = App::new(store, bus, Arc::clone(&world.clock), ids, options);
    if let Some(listener) = listener {
        let stopping = app.tasks().stopping().clone();
        app.tasks().spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = listener.run() => tracing::error!("hints of other nodes no longer arrive"),
            }
        });
    }
    Ok(Opened { app, running })
}

/// Opens what carries hints; what listens to other nodes, if there may be any, is yet to be run.
async fn open_bus(options: &config::Bus, ids: &IdSource) -> Result<(Bus, Option<Listener>)> {
    let Some(options) = nats_options(options) else {
        return Ok((Local::new(NodeId::mint(ids)).into(), None));
    };
    let (nats, listener) = Nats::open(&options, ids)
        .await
        .context("cannot set up the bus")?;
    Ok((nats.into(), Some(listener)))
}

/// Returns how NATS is reached, if it is to be.
pub(crate) fn nats_options(options: &config::Bus) -> Option<nats::Options> {
    Some(nats::Options {
        servers: options.url.as_ref()?.reveal().to_owned(),
        subject: options.subject.clone(),
        root_certificates: options.root_certificates.clone(),
        certificate: options.certificate.clone(),
    })
}

/// Opens SQLite in the data directory; its writer blocks and has a thread of its own.
fn open_sqlite(
    config: &Config,
    purpose: Purpose,
    guard: DropGuard,
) -> Result<(Store, JoinHandle<()>)> {
    let directory = &config.data.dir;
    if purpose == Purpose::Administer && !Sqlite::is_in(directory) {
        bail!(
            "expected a data directory of Usher, found none at `{}`: `usher init` makes one, `--data` \
             names another",
            directory.display()
        );
    }
    let (sqlite, writer) = Sqlite::open(&sqlite::Options {
        directory: config.data.dir.clone(),
        collections: kept::ALL,
        is_server: purpose == Purpose::Serve,
    })
    .with_context(|| {
        format!(
            "cannot open the data directory `{}`",
            config.data.dir.display()
        )
    })?;
    let run = move || {
        // Dropped when the writer ends, by a panic too.
        let _guard = guard;
        writer.run();
    };
    let thread = std::thread::Builder::new()
        .name("usher-writer".to_owned())
        .spawn(run)?;
    Ok((Store::from(sqlite), thread))
}

/// Connects to PostgreSQL; what drives the connections ends when the store is gone.
async fn open_postgres(config: &Config, url: &Secret, guard: DropGuard) -> Result<Store> {
    let options = postgres::Options {
        address: url.reveal().to_owned(),
        root_certificates: config.store.root_certificates.clone(),
        collections: kept::ALL,
    };
    let (postgres, driver) = Postgres::open(&options)
        .await
        .context("cannot open the store")?;
    Tasks::default().spawn(async move {
        let _guard = guard;
        driver.run().await;
    });
    Ok(Store::from(postgres))
}

/// A server that has its port and answers as soon as it is run.
#[derive(Debug)]
pub struct Server {
    /// The address that is really listened on.
    pub address: SocketAddr,
    opened: Opened,
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Opens the store, wires everything to it and takes the port.
    ///
    /// # Errors
    /// Fails if the store cannot be opened or the port cannot be had.
    pub async fn boot(config: &Config, world: &World) -> Result<Self> {
        let opened = open(config, world, Purpose::Serve).await?;
        let options = usher_api::Options {
            in_flight_max: config.server.requests_in_flight_max,
            request_timeout: config.server.request_timeout,
            heartbeat: limits::SOCKET_HEARTBEAT,
            console: console::FILES,
        };
        let metrics = telemetry::metrics();
        let app = Arc::clone(&opened.app);
        let render = move || {
            usher_app::measure(&app);
            std::future::ready(metrics.render())
        };
        let mut router =
            usher_api::router(Arc::clone(&opened.app), options).route("/metrics", get(render));
        if !config.security.cors_origins.is_empty() {
            router = router.layer(cors(&config.security.cors_origins));
        }
        if config.telemetry.otlp_endpoint.is_some() {
            router = router.layer(middleware::from_fn(telemetry::join_trace));
        }
        let listen = config.server.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}"))?;
        Ok(Self {
            address: listener.local_addr()?,
            opened,
            listener,
            router,
        })
    }

    /// Returns the use cases, for tests that look behind the port.
    #[must_use]
    pub const fn app(&self) -> &Arc<App> {
        &self.opened.app
    }

    /// Serves until `stopping` is cancelled, then finishes every request that was accepted and
    /// writes what waits.
    ///
    /// Cancels `stopping` itself when what writes for the store ends. If it is dropped before its end,
    /// requests under way are cut, but nothing acknowledged is lost.
    ///
    /// # Errors
    /// Fails if the writer panicked.
    pub async fn run(self, stopping: CancellationToken) -> Result<()> {
        let Self {
            opened,
            listener,
            router,
            ..
        } = self;
        opened.app.start();
        let tasks = opened.app.tasks();
        tasks.spawn(telemetry::tidy_metrics(tasks.stopping().clone()));
        let asked = stopping.clone();
        let store_ended = opened.running.ended.clone();
        let until = async {
            tokio::select! {
                () = asked.cancelled() => {}
                () = store_ended.cancelled() => {
                    tracing::error!("what writes for the store has ended");
                    asked.cancel();
                }
            }
            // Sockets live as long as their peers like: they leave while requests are finished.
            tasks.close();
        };
        connections::serve(listener, router, tasks, until).await;
        opened.close().await
    }
}

/// Lets pages of some origins call the API, with a credential of their own and never with cookies.
fn cors(origins: &[String]) -> CorsLayer {
    // INVARIANT: the configuration has checked that each is an origin, so none is left out.
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("maven-api-key"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("x-request-id"),
        ])
}
