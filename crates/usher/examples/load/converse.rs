//! How many conversations a node routes and carries between real sockets, whether it survives being
//! killed meanwhile, and what a long queue costs.

mod agent;
mod consumer;
mod floor;
mod ledger;
mod link;
mod queue;
mod talk;
mod times;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::process::{Node, Server, processor_time};
use crate::report::{milliseconds, say};
use ledger::Ledger;
use link::{Heard, Link};
use world::{Arrivals, World};

/// The instants of the kills come from it.
const SEED: u64 = 3;
/// With fewer there are skills that nobody has.
const AGENTS_MIN: usize = 20;
/// How long nothing may happen before something must be wrong.
const STILL_MAX: Duration = Duration::from_secs(60);

#[derive(Args)]
pub(crate) struct Options {
    /// Consumers at once, each with one conversation under way
    #[arg(long, default_value_t = 64)]
    consumers: usize,
    /// Agents, each with three skills and at most four conversations
    #[arg(long, default_value_t = 200)]
    agents: usize,
    /// Conversations that begin each second; as many as the consumers find time for otherwise
    #[arg(long, value_name = "COUNT")]
    arrivals: Option<u32>,
    /// Messages of a conversation, the opening one and turns of the two sides
    #[arg(long, default_value_t = 5)]
    messages: usize,
    /// Length of the measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// End it after so many conversations
    #[arg(long, value_name = "COUNT")]
    conversations: Option<usize>,
    /// Kill the server so many times under the load instead
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    kill: usize,
    /// Open so many conversations that nobody answers instead
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "100000")]
    open: Option<usize>,
    /// Keep everything in this empty PostgreSQL database instead of the data directory
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// Where the data directory is made: the disk that is measured
    #[arg(long, default_value = "target", value_name = "DIR")]
    directory: PathBuf,
    /// The program under load
    #[arg(long, default_value = "target/release/usher", value_name = "FILE")]
    usher: PathBuf,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    if options.consumers == 0 || options.agents < AGENTS_MIN || options.messages == 0 {
        bail!("expected a consumer, {AGENTS_MIN} agents and a message at least");
    }
    let node = Node::make_on(&options.usher, &options.directory, options.store.clone())?;
    match options.open {
        Some(count) => queue::run(node, options, count).await,
        None => converse(node, options).await,
    }
}

/// Lets consumers and agents talk, and watches.
async fn converse(node: Node, options: &Options) -> Result<()> {
    let mut server = node.serve()?;
    floor::make(&node, &server, options.agents).await?;
    let keys = floor::keys(&node, &server, options.agents).await?;
    let world = Arc::new(World {
        node,
        address: server.address,
        messages: options.messages,
        is_killed: options.kill > 0,
        closing: CancellationToken::new(),
        arrivals: Arrivals {
            begun_at: Instant::now(),
            pause: options.arrivals.map_or(Duration::ZERO, |count| {
                Duration::from_secs(1) / count.max(1)
            }),
            count_max: options.conversations.unwrap_or(usize::MAX),
            begun: 0.into(),
        },
        records: Default::default(),
    });
    let mut observer = observe(&world).await?;
    let agents = agents(&world, keys).await?;
    server.rest().await?;
    say(&format!(
        "{} agents are there: {} at rest",
        options.agents,
        server.memory("VmRSS:")?
    ));
    let before = processors(&server)?;
    let begun = Instant::now();
    let mut consumers = JoinSet::new();
    for _ in 0..options.consumers {
        consumers.spawn(consumer::come(Arc::clone(&world)));
    }
    let mut crowd = Crowd { agents, consumers };
    let mut ledger = Ledger::default();
    let seconds = Duration::from_secs(options.seconds);
    let ending = async {
        if world.is_killed {
            return kill(&world, &mut server, options.kill).await;
        }
        tokio::time::sleep(seconds).await;
        Ok(())
    };
    watch(&world, &mut crowd, &mut observer, &mut ledger, ending).await?;
    let elapsed = begun.elapsed();
    let after = processors(&server)?;
    ledger.check(&world.records().acknowledged)?;
    drop(crowd);
    if !world.is_killed {
        print(&world, &ledger, elapsed, (before, after))?;
    }
    say(&format!(
        "memory: {} at the peak, {} at rest; data directory: {} MB",
        server.memory("VmHWM:")?,
        server.memory("VmRSS:")?,
        world.node.bytes()? / 1_000_000
    ));
    // What was written tells the same as what was heard.
    say(&audit(&world).await?.to_string());
    server.stop()?;
    Ok(())
}

/// Returns the processor time that the server and this client have taken.
fn processors(server: &Server) -> Result<(Duration, Duration)> {
    Ok((server.processor_time()?, processor_time("self")?))
}

/// Follows the whole account from its first event.
async fn observe(world: &Arc<World>) -> Result<Link> {
    Link::open(world, world.node.key.clone(), "ACCOUNT", Some(0)).await
}

/// Lets the agents come, and waits until all are there.
async fn agents(world: &Arc<World>, keys: Vec<String>) -> Result<JoinSet<Result<()>>> {
    let there = Arc::new(Semaphore::new(0));
    let count = u32::try_from(keys.len())?;
    let mut agents = JoinSet::new();
    for (number, key) in keys.into_iter().enumerate() {
        let (world, there) = (Arc::clone(world), Arc::clone(&there));
        agents.spawn(agent::work(world, floor::agent(number), key, there));
    }
    tokio::select! {
        all = there.acquire_many(count) => drop(all?),
        Some(gone) = agents.join_next() => gone?.context("an agent has gone")?,
    }
    Ok(agents)
}

/// Those who talk.
struct Crowd {
    agents: JoinSet<Result<()>>,
    consumers: JoinSet<Result<()>>,
}

/// Checks what happens until every conversation has ended; none begin after `ending`.
async fn watch(
    world: &World,
    crowd: &mut Crowd,
    observer: &mut Link,
    ledger: &mut Ledger,
    ending: impl Future<Output = Result<()>>,
) -> Result<()> {
    let mut ending = std::pin::pin!(ending);
    while !(crowd.consumers.is_empty() && ledger.is_quiet()) {
        tokio::select! {
            heard = observer.hear() => {
                if let Heard::Event(event) = heard? {
                    ledger.take(&event)?;
                }
            }
            Some(consumer) = crowd.consumers.join_next() => consumer?.context("a consumer")?,
            Some(agent) = crowd.agents.join_next() => agent?.context("an agent")?,
            ended = &mut ending, if !world.closing.is_cancelled() => {
                ended?;
                world.closing.cancel();
            }
            () = tokio::time::sleep(STILL_MAX) => {
                bail!("nothing has happened for {STILL_MAX:?} since event {}", ledger.last());
            }
        }
    }
    Ok(())
}

/// Kills the server again and again; after each start everything acknowledged must be there.
async fn kill(world: &Arc<World>, server: &mut Server, times: usize) -> Result<()> {
    let health = world.node.request("GET", "/readyz", "");
    let mut random = rand::rngs::StdRng::seed_from_u64(SEED);
    for number in 1..=times {
        let alive = Duration::from_millis(random.random_range(500..3_000));
        tokio::time::sleep(alive).await;
        server.kill()?;
        let acknowledged = world.records().acknowledged.clone();
        *server = world.node.serve_at(world.address)?;
        let first = server.first_answer(&health).await?;
        let ledger = audit(world).await?;
        ledger.check(&acknowledged)?;
        let messages: usize = acknowledged.values().map(|one| one.len()).sum();
        say(&format!(
            "kill {number}: after {alive:?}, first answer {} after the start; all of {messages} \
             acknowledged messages are there; {ledger}",
            milliseconds(first)
        ));
    }
    Ok(())
}

/// Reads everything that has been written so far.
async fn audit(world: &Arc<World>) -> Result<Ledger> {
    let mut reader = observe(world).await?;
    let mut ledger = Ledger::default();
    while ledger.last() < reader.newest() {
        if let Heard::Event(event) = reader.hear().await? {
            ledger.take(&event)?;
        }
    }
    Ok(ledger)
}

fn print(
    world: &World,
    ledger: &Ledger,
    elapsed: Duration,
    (before, after): ((Duration, Duration), (Duration, Duration)),
) -> Result<()> {
    let mut records = world.records();
    records.times.print(elapsed);
    let count = u32::try_from(ledger.ended().max(1))?;
    let each =
        |before: Duration, after: Duration| milliseconds(after.saturating_sub(before) / count);
    say(&format!(
        "processor time of a conversation: server {}, client {}",
        each(before.0, after.0),
        each(before.1, after.1)
    ));
    say(&format!(
        "{} messages acknowledged; {} accepts came too late; {} commands came too fast; {} readers \
         were too slow",
        records.acknowledged_count(),
        records.refused,
        records.limited,
        records.slow
    ));
    Ok(())
}
