//! The use cases, one file per noun.
//!
//! This is the only place where engines meet each other and the store. Every public function takes
//! the [`caller::Caller`] first and checks the permission itself; no transport is named here.

pub mod accounts;
pub mod agents;
pub mod analytics;
pub mod attributes;
pub mod audit;
pub mod bot;
mod cache;
pub mod caller;
pub mod consumers;
pub mod context;
pub mod conversations;
pub mod credentials;
pub mod dead_letters;
pub mod decisions;
pub mod engagements;
pub mod erasure;
pub mod error;
pub mod events;
pub mod feed;
pub mod functions;
pub mod groups;
pub mod identity;
pub mod imports;
pub mod keyring;
pub mod last_agent;
pub mod options;
pub mod outbound;
pub mod platform;
pub mod policies;
pub mod queues;
pub mod rate;
pub mod rules;
pub mod sdes;
pub mod secrets;
pub mod settings;
pub mod sign_ins;
pub mod skills;
pub mod sweeper;
pub mod tasks;
pub mod usage;
pub mod users;
pub mod webhooks;
pub mod workers;

mod change;
mod check;
mod desks;
mod hash;
mod hours;
mod idempotency;
mod key_sets;
mod noun;
mod outbox;
mod passwords;

use std::sync::{Arc, OnceLock};

use usher_bus::bus::Bus;
use usher_model::id::{AccountId, ConsumerId, IdSource};
use usher_model::limits;
use usher_model::time::{Clock, Timestamp};
use usher_store::store::Store;

pub use desks::{catch_up, measure, rules_changed};
pub use options::Options;
pub use usher_store::store::Cursor;

/// Everything the use cases work with.
#[derive(Debug)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) options: Options,
    pub(crate) tasks: tasks::Tasks,
    pub(crate) rules: rules::Rules,
    pub(crate) documents: Arc<context::Documents>,
    pub(crate) namespaces: Arc<context::Namespaces>,
    pub(crate) credentials: credentials::Credentials,
    pub(crate) passwords: passwords::Passwords,
    pub(crate) key_sets: key_sets::KeySets,
    pub(crate) log: decisions::log::Log,
    pub(crate) rates: rate::Limiter,
    pub(crate) floods: rate::Limiter<(AccountId, ConsumerId)>,
    pub(crate) newcomers: rate::Limiter,
    pub(crate) oidc_calls: rate::Limiter,
    pub(crate) desks: desks::Desks,
    pub(crate) feeds: feed::Feeds,
    pub(crate) workers: workers::Workers,
    pub(crate) functions: functions::Functions,
    pub(crate) platform: OnceLock<Arc<dyn platform::Platform>>,
    pub(crate) outbound: outbound::Outbound,
    pub(crate) outbox: outbox::Outbox,
    pub(crate) analytics: analytics::Analytics,
}

impl App {
    /// Wires the use cases to a store, a bus, a clock and a source of ids.
    #[must_use]
    pub fn new(
        store: Store,
        bus: Bus,
        clock: Arc<dyn Clock>,
        ids: IdSource,
        options: Options,
    ) -> Arc<Self> {
        let is_exclusive = !store.is_shared();
        let tasks = tasks::Tasks::default();
        Arc::new(Self {
            rules: rules::Rules::new(is_exclusive),
            documents: Arc::new(context::Documents::new(
                is_exclusive,
                options.context_cache_documents,
                context::Held::weight,
            )),
            namespaces: Arc::new(context::Namespaces::new(
                is_exclusive,
                context::NAMESPACES_MAX,
                |_| 1,
            )),
            credentials: credentials::Credentials::new(),
            passwords: passwords::Passwords::new(),
            key_sets: key_sets::KeySets::new(),
            log: decisions::log::Log::new(),
            rates: rate::Limiter::new(rate::ACCOUNT, options.rate_per_second, options.rate_burst),
            floods: rate::Limiter::new(
                rate::CONSUMER,
                limits::CONSUMER_MESSAGES_PER_SECOND,
                limits::CONSUMER_MESSAGES_BURST,
            ),
            newcomers: rate::Limiter::new(
                rate::NEWCOMERS,
                limits::CONSUMER_TOKENS_PER_SECOND,
                limits::CONSUMER_TOKENS_BURST,
            ),
            oidc_calls: rate::Limiter::new(
                rate::OIDC,
                limits::OIDC_CALLS_PER_SECOND,
                limits::OIDC_CALLS_BURST,
            ),
            desks: desks::Desks::default(),
            feeds: feed::Feeds::default(),
            functions: functions::Functions::new(is_exclusive, &options),
            platform: OnceLock::new(),
            outbound: outbound::Outbound::new(&options.outbound, Arc::new(outbound::SystemLookup)),
            workers: workers::Workers::new(options.workers.clone(), tasks.clone()),
            outbox: outbox::Outbox::default(),
            analytics: analytics::Analytics::default(),
            tasks,
            store,
            bus,
            clock,
            ids,
            options,
        })
    }

    /// Starts the background work: the decision log's writer, the sweeper, and what follows other
    /// nodes.
    pub fn start(self: &Arc<Self>) {
        self.tasks.spawn(decisions::writer::run(Arc::clone(self)));
        self.tasks.spawn(sweeper::run(Arc::clone(self)));
        self.tasks.spawn(secrets::renew(Arc::clone(self)));
        self.tasks.spawn(functions::write_logs(Arc::clone(self)));
        self.tasks.spawn(functions::keep_time(Arc::clone(self)));
        self.tasks.spawn(rules::follow::run(Arc::clone(self)));
        self.tasks.spawn(desks::follow(Arc::clone(self)));
        self.tasks.spawn(desks::keep(Arc::clone(self)));
        self.tasks.spawn(outbox::keep(Arc::clone(self)));
    }

    /// Writes what waits and ends the background work.
    pub async fn stop(&self) {
        self.tasks.stop().await;
        self.bus.flush().await;
    }

    /// Returns what runs in the background.
    #[must_use]
    pub const fn tasks(&self) -> &tasks::Tasks {
        &self.tasks
    }

    /// Returns what carries hints between nodes.
    #[must_use]
    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Returns the source of ids.
    #[must_use]
    pub const fn ids(&self) -> &IdSource {
        &self.ids
    }

    /// Returns the bounds an operator has set.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Returns the present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether requests can be served: the store answers and can write.
    ///
    /// # Errors
    /// Fails if the store does not answer or cannot write.
    pub async fn ready(&self) -> error::Result<()> {
        self.store.ping().await.map_err(error::Error::from)
    }
}
