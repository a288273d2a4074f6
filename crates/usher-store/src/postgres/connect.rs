//! Connections: a few that many requests share, a few that a batch has for itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use usher_model::limits;

use super::{Options, tls};
use crate::store::{OpenError, StoreError};

/// Statements kept prepared on each connection: every one there is, and some finds.
const STATEMENTS_MAX: usize = 512;
/// How long a silent connection is trusted.
const KEEPALIVE: Duration = Duration::from_secs(15);

type Encrypted = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
type Socketed = tokio_postgres::Connection<Socket, Encrypted>;

/// Where the server is, and how it is spoken to.
pub(super) struct Address {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Address {
    pub(super) fn new(options: &Options) -> Result<Self, OpenError> {
        let mut config = config(&options.address)?;
        let tls = tls::connector(&mut config, options.root_certificates.as_deref())?;
        Ok(Self { config, tls })
    }

    pub(super) async fn connect(&self) -> Result<(Client, Socketed), tokio_postgres::Error> {
        self.config.connect(self.tls.clone()).await
    }
}

/// Reads an address, and adds what every connection needs.
fn config(address: &str) -> Result<Config, OpenError> {
    let mut config = tls::parse(address).map_err(|source| OpenError::Address(Arc::new(source)))?;
    let wait = limits::STORE_WAIT_MAX.as_millis();
    // Nobody waits longer for an answer: the server need not work on.
    let mut options = config.get_options().unwrap_or_default().to_owned();
    options.push_str(&format!(
        " -c statement_timeout={wait} -c lock_timeout={wait} \
         -c idle_in_transaction_session_timeout={wait} -c client_min_messages=warning \
         -c default_transaction_isolation=read\\ committed"
    ));
    config.options(options).application_name("usher");
    config
        .connect_timeout(limits::STORE_WAIT_MAX)
        .tcp_user_timeout(limits::STORE_WAIT_MAX);
    config
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE);
    Ok(config)
}

/// A connection with its prepared statements.
pub(super) struct Connection {
    pub(super) client: Client,
    // Guards what is prepared; held to look up or insert one, never across a wait.
    statements: Mutex<HashMap<String, Statement>>,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            statements: Mutex::default(),
        }
    }

    /// Prepares a statement, or finds it prepared.
    pub(super) async fn prepare(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        let mut statements = self.statements();
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn statements(&self) -> MutexGuard<'_, HashMap<String, Statement>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections of a node; each is made when it is first needed, and again when it is lost.
pub(super) struct Pool {
    address: Address,
    // Guards the way to the driver, gone once the store is closed.
    driver: Mutex<Option<mpsc::Sender<Socketed>>>,
    shared: Vec<Slot>,
    turn: AtomicUsize,
    /// One permit for each connection that a batch may have for itself.
    permits: Semaphore,
    // Guards those that no batch has now; held to push or pop one.
    idle: Mutex<Vec<Connection>>,
}

/// A connection that many requests share.
struct Slot {
    // Guards the connection; held to clone or replace it.
    connection: Mutex<Option<Arc<Connection>>>,
    /// One at a time makes a new one.
    connecting: Semaphore,
}

/// A connection that a batch has for itself. Unless it is returned it is closed, and the server
/// takes back what was not committed.
pub(super) struct Lease<'a> {
    pub(super) connection: Connection,
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    /// Gives the connection back, outside a transaction.
    pub(super) fn give_back(self) {
        if self.pool.is_open() {
            lock(&self.pool.idle).push(self.connection);
        }
    }
}

impl Pool {
    pub(super) fn new(address: Address) -> (Self, Driver) {
        let count = limits::STORE_SHARED_CONNECTIONS + limits::STORE_BATCH_CONNECTIONS;
        let (sender, sockets) = mpsc::channel(count);
        let slot = || Slot {
            connection: Mutex::new(None),
            connecting: Semaphore::new(1),
        };
        let pool = Self {
            address,
            driver: Mutex::new(Some(sender)),
            shared: std::iter::repeat_with(slot)
                .take(limits::STORE_SHARED_CONNECTIONS)
                .collect(),
            turn: AtomicUsize::new(0),
            permits: Semaphore::new(limits::STORE_BATCH_CONNECTIONS),
            idle: Mutex::new(Vec::new()),
        };
        (pool, Driver { sockets })
    }

    /// Returns the next connection that requests share.
    pub(super) async fn share(&self) -> Result<Arc<Connection>, StoreError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.shared.len().max(1);
        let slot = self.shared.get(turn).ok_or(StoreError::Closed)?;
        let open = || {
            lock(&slot.connection)
                .clone()
                .filter(|one| !one.client.is_closed())
        };
        if let Some(connection) = open() {
            return Ok(connection);
        }
        let _only = slot
            .connecting
            .acquire()
            .await
            .map_err(|_closed| StoreError::Closed)?;
        if let Some(connection) = open() {
            return Ok(connection);
        }
        let connection = Arc::new(self.connect().await?);
        *lock(&slot.connection) = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Returns a connection for one batch.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let permit = self
            .permits
            .acquire()
            .await
            .map_err(|_closed| StoreError::Closed)?;
        let mut idle = std::iter::from_fn(|| lock(&self.idle).pop());
        let usable = idle.find(|one| !one.client.is_closed());
        let connection = match usable {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lease {
            connection,
            pool: self,
            _permit: permit,
        })
    }

    /// Makes a connection that nobody else has.
    pub(super) async fn connect(&self) -> Result<Connection, StoreError> {
        let driver = lock(&self.driver).clone().ok_or(StoreError::Closed)?;
        let (client, socket) = self.address.connect().await?;
        driver
            .send(socket)
            .await
            .map_err(|_driver_gone| StoreError::Closed)?;
        // What is acknowledged is on disk, whatever the server's default.
        client
            .batch_execute(
                "SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'",
            )
            .await?;
        Ok(Connection::new(client))
    }

    pub(super) fn close(&self) {
        drop(lock(&self.driver).take());
        self.permits.close();
        lock(&self.idle).clear();
        for slot in &self.shared {
            slot.connecting.close();
            drop(lock(&slot.connection).take());
        }
    }

    fn is_open(&self) -> bool {
        lock(&self.driver).is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drives every connection; without it no request is answered.
#[derive(Debug)]
pub(super) struct Driver {
    sockets: mpsc::Receiver<Socketed>,
}

impl Driver {
    /// Runs until the store is closed or every handle of it is gone, and what was under way is
    /// answered.
    pub(super) async fn run(mut self) {
        let mut connections = FuturesUnordered::new();
        let mut is_open = true;
        while is_open || !connections.is_empty() {
            tokio::select! {
                socket = self.sockets.recv(), if is_open => match socket {
                    Some(socket) => connections.push(socket),
                    None => is_open = false,
                },
                Some(ended) = connections.next(), if !connections.is_empty() => {
                    if let Err(error) = ended {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "a connection to PostgreSQL was lost");
                    }
                }
            }
        }
    }
}
