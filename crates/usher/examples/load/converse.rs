//! How many conversations a node routes and carries, whether it survives being killed meanwhile,
//! and what a long queue costs.

mod floor;
mod history;
mod queue;
mod talk;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Connection;
use crate::process::{Node, processor_time};
use crate::report::{milliseconds, say};
use talk::{Talk, Times, Trouble};

/// The instants of the kills come from it.
const SEED: u64 = 3;
/// With fewer there are skills that nobody has.
const AGENTS_MIN: usize = 20;

#[derive(Args)]
pub(crate) struct Options {
    /// Connections, each with one conversation under way
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Length of the measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Agents, each with three skills and at most four conversations
    #[arg(long, default_value_t = 200)]
    agents: usize,
    /// Messages of a conversation, the opening one and turns of the two sides
    #[arg(long, default_value_t = 5)]
    messages: usize,
    /// Kill the server so many times under the load instead
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    kill: usize,
    /// Open so many conversations that nobody answers instead
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "100000")]
    open: Option<usize>,
    /// Where the data directory is made: the disk that is measured
    #[arg(long, default_value = "target", value_name = "DIR")]
    directory: PathBuf,
    /// The program under load
    #[arg(long, default_value = "target/release/usher", value_name = "FILE")]
    usher: PathBuf,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    if options.connections == 0 || options.agents < AGENTS_MIN || options.messages == 0 {
        bail!("expected a connection, {AGENTS_MIN} agents and a message at least");
    }
    let node = Arc::new(Node::make(&options.usher, &options.directory)?);
    match options.open {
        Some(count) => queue::run(&node, options, count).await,
        None if options.kill > 0 => kill(&node, options).await,
        None => measure(&node, options).await,
    }
}

/// Measures conversations, then looks at the timelines.
async fn measure(node: &Arc<Node>, options: &Options) -> Result<()> {
    let server = node.serve()?;
    floor::make(node, &server, options.agents, "ONLINE").await?;
    server.rest().await?;
    say(&format!("ready: {} idle", server.memory("VmRSS:")?));
    let (server_before, client_before) = (server.processor_time()?, processor_time("self")?);
    let crowd = Crowd::new(node, server.address, options);
    let begun = Instant::now();
    let mut round = crowd
        .talk(Vec::new(), begun + seconds(options))
        .await?
        .whole()?;
    let elapsed = begun.elapsed();
    server.rest().await?;
    round.times.finish(elapsed);
    round.times.print();
    let count = u32::try_from(round.talks.len().max(1))?;
    let each =
        |before: Duration, after: Duration| milliseconds(after.saturating_sub(before) / count);
    say(&format!(
        "processor time of a conversation: server {}, client {}",
        each(server_before, server.processor_time()?),
        each(client_before, processor_time("self")?)
    ));
    say(&format!(
        "memory: {} at the peak, {} at rest; data directory: {} MB",
        server.memory("VmHWM:")?,
        server.memory("VmRSS:")?,
        node.bytes()? / 1_000_000
    ));
    let checked = history::check(node, &server, &round.talks, options.connections).await?;
    say(&checked.to_string());
    Ok(())
}

/// Kills the server again and again; afterwards everything acknowledged must still be there.
async fn kill(node: &Arc<Node>, options: &Options) -> Result<()> {
    let mut server = node.serve()?;
    floor::make(node, &server, options.agents, "ONLINE").await?;
    let health = node.request("GET", "/readyz", "");
    let mut random = rand::rngs::StdRng::seed_from_u64(SEED);
    let crowd = Crowd::new(node, server.address, options);
    let (mut done, mut underway) = (Vec::new(), Vec::new());
    for number in 1..=options.kill {
        let alive = Duration::from_millis(random.random_range(500..3_000));
        let far = Instant::now() + Duration::from_secs(3_600);
        let load = crowd.talk(std::mem::take(&mut underway), far);
        let killer = async {
            tokio::time::sleep(alive).await;
            server.kill()
        };
        let (round, killed) = tokio::join!(load, killer);
        killed?;
        server = node.serve_at(crowd.address)?;
        let first = server.first_answer(&health).await?;
        let (finished, interrupted): (Vec<Talk>, Vec<Talk>) =
            round?.talks.into_iter().partition(Talk::is_over);
        let interrupted_count = interrupted.len();
        let all = [&done, &finished, &interrupted].map(|some: &Vec<Talk>| some.iter().cloned());
        let all: Vec<Talk> = all.into_iter().flatten().collect();
        let checked = history::check(node, &server, &all, options.connections).await?;
        say(&format!(
            "kill {number}: after {alive:?}, {interrupted_count} conversations interrupted, \
             first answer {} after the start; {checked}",
            milliseconds(first)
        ));
        done.extend(finished);
        underway = interrupted;
    }
    let round = crowd.talk(underway, Instant::now()).await?.whole()?;
    done.extend(round.talks);
    let checked = history::check(node, &server, &done, options.connections).await?;
    say(&format!("at the end: {checked}"));
    server.stop()?;
    Ok(())
}

const fn seconds(options: &Options) -> Duration {
    Duration::from_secs(options.seconds)
}

/// The consumers and agents, who talk over so many connections.
struct Crowd {
    node: Arc<Node>,
    address: SocketAddr,
    connections: usize,
    messages: usize,
    /// How many conversations have begun.
    begun: Arc<AtomicUsize>,
}

/// What became of the conversations of a while.
#[derive(Default)]
struct Talked {
    talks: Vec<Talk>,
    times: Times,
    /// Why it ended early: the server was gone.
    lost: Option<anyhow::Error>,
}

impl Talked {
    /// Fails if the server was gone, which it must not be unless it was killed.
    fn whole(self) -> Result<Self> {
        match self.lost {
            Some(error) => Err(error.context("expected the server to go on")),
            None => Ok(self),
        }
    }
}

impl Crowd {
    fn new(node: &Arc<Node>, address: SocketAddr, options: &Options) -> Self {
        Self {
            node: Arc::clone(node),
            address,
            connections: options.connections,
            messages: options.messages,
            begun: Arc::default(),
        }
    }

    /// Goes on with what is under way, then begins new conversations until the deadline, and ends
    /// those; or until the server is gone.
    async fn talk(&self, underway: Vec<Talk>, deadline: Instant) -> Result<Talked> {
        let mut loops = JoinSet::new();
        let mut underway = underway.into_iter();
        for _ in 0..self.connections {
            let connection = Connection::open(self.address).await?;
            let (node, begun, first) = (
                Arc::clone(&self.node),
                Arc::clone(&self.begun),
                underway.next(),
            );
            let messages = self.messages;
            let next = move || Talk::new(begun.fetch_add(1, Ordering::Relaxed), messages);
            loops.spawn(talk_on(node, connection, first, next, deadline));
        }
        let mut all = Talked::default();
        while let Some(talked) = loops.join_next().await {
            let talked: Result<Talked> = talked.context("a connection's loop panicked")?;
            let talked = talked?;
            all.talks.extend(talked.talks);
            all.times.merge(talked.times);
            all.lost = all.lost.or(talked.lost);
        }
        Ok(all)
    }
}

/// Has one conversation after the other.
async fn talk_on(
    node: Arc<Node>,
    mut connection: Connection,
    first: Option<Talk>,
    next: impl Fn() -> Talk,
    deadline: Instant,
) -> Result<Talked> {
    let mut talked = Talked::default();
    let mut underway = first;
    loop {
        let mut talk = match underway.take() {
            Some(talk) => talk,
            None if Instant::now() >= deadline => return Ok(talked),
            None => next(),
        };
        let ended = talk.live(&node, &mut connection, &mut talked.times).await;
        let number = talk.number();
        talked.talks.push(talk);
        match ended {
            Ok(()) => {}
            Err(Trouble::Lost(error)) => {
                talked.lost = Some(error);
                return Ok(talked);
            }
            Err(Trouble::Wrong(error)) => {
                return Err(error.context(format!("conversation {number}")));
            }
        }
    }
}
