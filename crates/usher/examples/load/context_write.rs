//! How many context writes a node acknowledges after the sync, beside the store alone, and beside the
//! same store behind the same stack.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use tokio::task::JoinSet;
use tokio::time::Instant;
use usher_model::id::AccountId;
use usher_model::limits;
use usher_model::time::Timestamp;
use usher_store::batch::{Batch, Expect};
use usher_store::collection::kept;
use usher_store::record::{ContextDocument, Property};
use usher_store::sqlite::{self, Sqlite};
use usher_store::store::Store;

use crate::Options;
use crate::client::{Until, closed_loop};
use crate::process::{ACCOUNT, Node, Server, processor_time};
use crate::report::{Round, Rounds, bar, heading, say};
use crate::workload::Workload;

const NAMESPACE: &str = "orchestrator";
/// The property that each write gives a new value.
const SEQUENCE: &str = "sequence";
/// Numbers of writes have so many digits, so that requests can be made beforehand.
const SEQUENCE_FIRST: usize = 10_000_000;

pub(crate) async fn run(options: &Options) -> Result<()> {
    let workload = options.workload()?;
    let properties = workload.conversations.iter();
    let properties: Vec<Map<String, Value>> = properties
        .map(|conversation| serde_json::from_str(&conversation.properties))
        .collect::<Result<_, _>>()?;
    let properties = Arc::new(properties);
    let node = Node::make(&options.usher, &options.directory)?;
    let server = node.serve()?;
    let requests = requests(&node, &workload);
    let [bare, behind] = [(); 2].map(|()| tempfile::tempdir_in(&options.directory));
    let (bare, behind) = (bare?, behind?);
    let mut command = Command::new(std::env::current_exe()?);
    let floor = Server::start(command.arg("store-server").arg(behind.path()))?;
    let duration = Duration::from_secs(options.seconds);
    // The first rounds make the rows; the measured ones replace them by new values.
    through_http(&floor, &requests, options, duration).await?;
    through_http(&server, &requests, options, duration).await?;
    store_alone(bare.path(), &properties, options.connections, duration)?;
    heading("");
    let mut alone = Rounds::new("bare store");
    let mut stacked = Rounds::new("bare store behind HTTP");
    let mut served = Rounds::new("context write");
    for _ in 0..options.rounds {
        let writers = options.connections;
        alone.add(store_alone(bare.path(), &properties, writers, duration)?);
        stacked.add(through_http(&floor, &requests, options, duration).await?);
        served.add(through_http(&server, &requests, options, duration).await?);
    }
    heading("medians");
    alone.print_medians();
    stacked.print_medians();
    served.print_medians();
    let ratio = alone.per_second() / served.per_second();
    bar(
        "time of a write, in times of the bare store's",
        ratio,
        1.5,
        true,
    );
    say(&format!(
        "in times of the bare store's behind HTTP: {:.2}; which takes {:.2} of the bare store's",
        stacked.per_second() / served.per_second(),
        alone.per_second() / stacked.per_second(),
    ));
    say(&format!("memory: {} at the peak", server.memory("VmHWM:")?));
    Ok(())
}

/// When rows of the bare stores are written.
pub(crate) const NOW: Timestamp = Timestamp::EPOCH;

fn session(number: usize, count: usize) -> String {
    format!("conversation-{:06}", number % count.max(1))
}

/// Returns the properties of a session with a value that they did not have before.
fn renewed(properties: &[Map<String, Value>], number: usize) -> Map<String, Value> {
    let index = number % properties.len().max(1);
    let mut renewed = properties.get(index).cloned().unwrap_or_default();
    renewed.insert(SEQUENCE.to_owned(), (SEQUENCE_FIRST + number).into());
    renewed
}

/// Returns the document that a write makes.
pub(crate) fn document(properties: Map<String, Value>, session: String) -> ContextDocument {
    let expires_at = NOW.plus(limits::CONTEXT_TTL_MAX).milliseconds();
    let properties = properties.into_iter();
    ContextDocument {
        namespace: NAMESPACE.to_owned(),
        session,
        properties: properties
            .map(|(name, value)| (name, Property { value, expires_at }))
            .collect(),
    }
}

/// A request but for its number, which stands between the two parts: making them beforehand leaves
/// the processors to the servers.
struct Request {
    before: Vec<u8>,
    after: Vec<u8>,
}

type Requests = Arc<Vec<Request>>;

fn requests(node: &Node, workload: &Workload) -> Requests {
    let conversations = workload.conversations.iter().enumerate();
    let requests = conversations.map(|(number, conversation)| {
        let session = session(number, workload.conversations.len());
        let path = format!("/v1/account/{ACCOUNT}/{NAMESPACE}/{session}/properties");
        let rest = conversation.properties.trim_start_matches('{');
        let comma = if rest == "}" { "" } else { "," };
        let body = format!(r#"{{"{SEQUENCE}":{SEQUENCE_FIRST}{comma}{rest}"#);
        let mut before = node.request("PATCH", &path, &body);
        let after = before.split_off(before.len() - comma.len() - rest.len());
        before.truncate(before.len() - SEQUENCE_FIRST.to_string().len());
        Request { before, after }
    });
    Arc::new(requests.collect())
}

async fn through_http(
    server: &Server,
    requests: &Requests,
    options: &Options,
    duration: Duration,
) -> Result<Round> {
    let (server_before, client_before) = (server.processor_time()?, processor_time("self")?);
    let requests = Arc::clone(requests);
    let write = move |number: usize, request: &mut Vec<u8>| {
        if let Some(Request { before, after }) = requests.get(number % requests.len().max(1)) {
            request.extend_from_slice(before);
            // Writing to memory cannot fail.
            drop(write!(request, "{}", SEQUENCE_FIRST + number));
            request.extend_from_slice(after);
        }
    };
    let until = Until::Passed(duration);
    let loops = closed_loop(server.address, options.connections, until, Arc::new(write));
    let mut round = loops.await?;
    round.client = processor_time("self")?.saturating_sub(client_before);
    server.rest().await?;
    round.server = server.processor_time()?.saturating_sub(server_before);
    Ok(round)
}

/// Commits the same rows to a store of this process, with a runtime of its own as in a node.
fn store_alone(
    directory: &Path,
    properties: &Arc<Vec<Map<String, Value>>>,
    writers: usize,
    duration: Duration,
) -> Result<Round> {
    let before = processor_time("self")?;
    let (store, writer) = Sqlite::open(&sqlite::Options {
        directory: directory.to_owned(),
        collections: kept::ALL,
        is_server: true,
    })?;
    let (store, properties) = (Store::from(store), Arc::clone(properties));
    let writing = std::thread::spawn(move || writer.run());
    let runtime = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        runtime.block_on(commit_in_turns(store, properties, writers, duration))
    });
    let joined = runtime
        .join()
        .map_err(|_panic| anyhow::anyhow!("the store's loop panicked"));
    let mut round = joined??;
    // The writer ends with the last handle of the store.
    let ended = writing
        .join()
        .map_err(|_panic| anyhow::anyhow!("the writer panicked"));
    ended?;
    round.server = processor_time("self")?.saturating_sub(before);
    Ok(round)
}

async fn commit_in_turns(
    store: Store,
    properties: Arc<Vec<Map<String, Value>>>,
    writers: usize,
    duration: Duration,
) -> Result<Round> {
    let (number, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let account = AccountId::parse(ACCOUNT)?;
    let mut loops: JoinSet<Result<Round>> = JoinSet::new();
    for _ in 0..writers {
        let (store, account) = (store.clone(), account.clone());
        let (properties, number) = (Arc::clone(&properties), Arc::clone(&number));
        loops.spawn(async move {
            let mut round = Round::default();
            while begun.elapsed() < duration {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let sent_at = Instant::now();
                let count = properties.len();
                let document = document(renewed(&properties, number), session(number, count));
                let mut batch = Batch::new(NOW);
                batch.put_record(&account, &document, Expect::Any)?;
                store.commit(batch).await?;
                round.add(sent_at.elapsed(), false);
            }
            Ok(round)
        });
    }
    drop(store);
    let mut all = Round::default();
    while let Some(round) = loops.join_next().await {
        all.merge(round.context("a writer's loop panicked")??);
    }
    all.finish(begun.elapsed());
    Ok(all)
}
