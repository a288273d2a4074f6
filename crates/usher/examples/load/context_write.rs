//! How many context writes a node acknowledges after the sync, beside the store alone.

use std::collections::BTreeMap;
use std::path::Path;
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

const NAMESPACE: &str = "orchestrator";

pub(crate) async fn run(options: &Options) -> Result<()> {
    let workload = options.workload()?;
    let properties = workload.conversations.iter();
    let properties: Vec<Map<String, Value>> = properties
        .map(|conversation| serde_json::from_str(&conversation.properties))
        .collect::<Result<_, _>>()?;
    let properties = Arc::new(properties);
    let node = Arc::new(Node::make(&options.usher, &options.directory)?);
    let server = node.serve()?;
    let bare = tempfile::tempdir_in(&options.directory)?;
    let duration = Duration::from_secs(options.seconds);
    // The first rounds make the rows; the measured ones replace them by new values.
    through_http(&node, &server, &properties, options, duration).await?;
    store_alone(bare.path(), &properties, options.connections, duration)?;
    heading("");
    let mut alone = Rounds::new("bare store");
    let mut served = Rounds::new("context write");
    for _ in 0..options.rounds {
        let writers = options.connections;
        alone.add(store_alone(bare.path(), &properties, writers, duration)?);
        served.add(through_http(&node, &server, &properties, options, duration).await?);
    }
    heading("medians");
    alone.print_medians();
    served.print_medians();
    let ratio = alone.per_second() / served.per_second();
    bar(
        "time of a write, in times of the bare store's",
        ratio,
        1.5,
        true,
    );
    say(&format!("memory: {} at the peak", server.memory("VmHWM:")?));
    Ok(())
}

fn session(number: usize, count: usize) -> String {
    format!("conversation-{:06}", number % count.max(1))
}

/// Returns the properties of a session with a value that they did not have before.
fn renewed(properties: &[Map<String, Value>], number: usize) -> Map<String, Value> {
    let index = number % properties.len().max(1);
    let mut renewed = properties.get(index).cloned().unwrap_or_default();
    renewed.insert("sequence".to_owned(), number.into());
    renewed
}

async fn through_http(
    node: &Arc<Node>,
    server: &Server,
    properties: &Arc<Vec<Map<String, Value>>>,
    options: &Options,
    duration: Duration,
) -> Result<Round> {
    let (server_before, client_before) = (server.processor_time()?, processor_time("self")?);
    let (node, properties) = (Arc::clone(node), Arc::clone(properties));
    let write = move |number: usize, request: &mut Vec<u8>| {
        let session = session(number, properties.len());
        let path = format!("/v1/account/{ACCOUNT}/{NAMESPACE}/{session}/properties");
        let body = Value::Object(renewed(&properties, number)).to_string();
        request.extend(node.request("PATCH", &path, &body));
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
    let now = Timestamp::from_milliseconds(0);
    let expires_at = now.plus(limits::CONTEXT_TTL_MAX).milliseconds();
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
                let properties: BTreeMap<String, Property> = renewed(&properties, number)
                    .into_iter()
                    .map(|(name, value)| (name, Property { value, expires_at }))
                    .collect();
                let document = ContextDocument {
                    namespace: NAMESPACE.to_owned(),
                    session: session(number, count),
                    properties,
                };
                let mut batch = Batch::new(now);
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
