//! What functions cost: a worker, a call, a thousand of them, a decision that asks one, and two
//! hundred that never end.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use usher_app::tasks::Tasks;
use usher_app::workers::{self, Answering, Host, Launch, Workers};
use usher_functions::host::HostCall;
use usher_functions::worker::{Job, Limits};
use usher_model::id::AccountId;

use crate::client::{Connection, Until, closed_loop, request};
use crate::crm::{self, Crm};
use crate::process::{ACCOUNT, Node, Server};
use crate::report::{Round, Rounds, bar, heading, milliseconds, say};

/// What a function mostly does: looks at its input and answers.
const SOURCE: &str = "
    async function lambda(input, callback) {
        const vips = new Set(['7', '42']);
        callback(null, { vip: vips.has(String(input.payload.customer)) });
    }";
/// Nothing but its deadline ends it, and the engine cannot stop it.
const RUNAWAY: &str = "
    function lambda(input, callback) {
        const text = 'a'.repeat(5e6), part = 'a'.repeat(2.5e6) + 'b';
        for (;;) text.includes(part);
        callback(null, part);
    }";
/// How often memory is looked at while they run.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Functions that never end, fired at once.
const RUNAWAYS: usize = 200;

#[derive(Args)]
pub(crate) struct Options {
    /// Invocations under way at once
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Length of a round
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Rounds of each kind
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Functions that are deployed
    #[arg(long, default_value_t = 1_000)]
    functions: usize,
    /// Time that each of the 200 runaways is given
    #[arg(long, default_value_t = 1_000)]
    timeout_ms: u64,
    /// Where the data directories are made
    #[arg(long, default_value = "target", value_name = "DIR")]
    directory: std::path::PathBuf,
    /// The program under load
    #[arg(long, default_value = "target/release/usher", value_name = "FILE")]
    usher: std::path::PathBuf,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    alone(options).await?;
    let node = Node::make(&options.usher, &options.directory)?;
    let server = node.serve()?;
    let before = resident(server.process_id())?;
    let ids = deploy(&node, &server, options.functions, SOURCE, 30_000).await?;
    server.rest().await?;
    say(&format!(
        "{} functions deployed: the server grew by {} kB",
        ids.len(),
        resident(server.process_id())?.saturating_sub(before)
    ));
    let requests = Arc::new(
        ids.iter()
            .map(|id| invocation(&node, id))
            .collect::<Vec<_>>(),
    );
    heading("");
    let mut invoked = Rounds::new("invocation over HTTP");
    for _ in 0..options.rounds {
        let duration = Duration::from_secs(options.seconds);
        invoked.add(round(&server, &requests, options.connections, duration).await?);
    }
    runaways(&node, &server, options).await?;
    decisions(&node, &server, options).await
}

/// Measures decisions that ask a function which asks a customer database.
async fn decisions(node: &Node, server: &Server, options: &Options) -> Result<()> {
    let crm = Crm::start().await?;
    let mut connection = Connection::open(server.address).await?;
    let mut call = async |method: &str, path: &str, body: Value| -> Result<Value> {
        let request = node.request(method, path, &body.to_string());
        let answer = connection.exchange(&request).await?.succeeded()?;
        Ok(serde_json::from_str(&answer.body()).unwrap_or_default())
    };
    let domains = json!({ "domains": ["127.0.0.1"] });
    call("PUT", "/api/v1/functions/allow-list", domains).await?;
    let source = format!(
        "const {{ Toolbelt }} = require('lp-faas-toolbelt');
        async function lambda(input) {{
            const crm = Toolbelt.HTTPClient();
            const url = `http://{}/customers/${{input.payload}}`;
            return (await crm(url, {{ json: true }})).vip;
        }}",
        crm.address
    );
    let ids = deploy(node, server, 1, &source, 20_000).await?;
    let attribute = json!({"name": "vip", "kind": "FUNCTION", "functionId": ids.first(),
        "parameters": [{"source": "ATTRIBUTE", "value": "consumer.id"}]});
    call("POST", "/api/v1/attributes", attribute).await?;
    let policy = json!({"name": "VIP", "expression": "custom.vip == true",
        "actions": [{"type": "TRANSFER_TO_SKILL", "payload": {"skillId": "vip"}}]});
    let made = call("POST", "/api/v1/policies", policy).await?;
    let id = made.get("id").and_then(Value::as_str);
    let enable = format!("/api/v1/policies/{}/enable", id.context("expected an id")?);
    call("POST", &enable, Value::Null).await?;
    let decide = json!({"consumerId": "ada"}).to_string();
    let decide = Arc::new(vec![node.request("POST", "/api/v1/decisions", &decide)]);
    let ask = Arc::new(vec![request("GET", "/customers/ada", &node.key, "")]);
    heading("");
    let mut alone = Rounds::new("the customer database alone");
    let mut one = Rounds::new("decisions that ask it, 1 at a time");
    let mut many = Rounds::new("decisions that ask it, many");
    let duration = Duration::from_secs(options.seconds);
    for _ in 0..options.rounds {
        alone.add(round_at(crm.address, &ask, 1, duration).await?);
        one.add(round(server, &decide, 1, duration).await?);
        many.add(round(server, &decide, options.connections, duration).await?);
    }
    if one
        .rounds
        .iter()
        .chain(&many.rounds)
        .any(|round| round.refused > 0)
    {
        bail!("a decision was refused");
    }
    let beyond = one.percentile(500).saturating_sub(alone.percentile(500));
    say(&format!(
        "the database takes {}; a decision takes {} more than it, in the median",
        milliseconds(crm::TIME),
        milliseconds(beyond)
    ));
    bar(
        "that, in times of 3 ms",
        beyond.as_secs_f64() / 0.003,
        1.0,
        true,
    );
    Ok(())
}

/// Measures the pool alone, without a server.
async fn alone(options: &Options) -> Result<()> {
    let launch = Launch::Process {
        program: options.usher.canonicalize()?,
        arguments: vec!["functions-worker".into()],
    };
    let tasks = Tasks::default();
    let bounds = workers::Options::for_processors(launch, 2);
    let workers = Arc::new(Workers::new(bounds, tasks.clone()));
    heading("workers alone");
    let mut cold = Rounds::new("cold: a new process");
    let mut warm = Rounds::new("warm, one at a time");
    let mut many = Rounds::new("warm, many at a time");
    let (next, duration) = (AtomicUsize::new(0), Duration::from_secs(options.seconds));
    for _ in 0..options.rounds {
        // Whoever comes for the first time gets a process of their own.
        let stranger = || format!("account-{}", next.fetch_add(1, Ordering::Relaxed));
        cold.add(calls(&workers, 1, duration, stranger).await?);
        warm.add(calls(&workers, 1, duration, || ACCOUNT.to_owned()).await?);
        many.add(
            calls(&workers, options.connections, duration, || {
                ACCOUNT.to_owned()
            })
            .await?,
        );
    }
    let idle = workers.idle_processes();
    let memory = idle.iter().filter_map(|process| memory(*process));
    let (count, proportional, private) = memory.fold((0, 0, 0), |sum, one| {
        (sum.0 + 1, sum.1 + one.0, sum.2 + one.1)
    });
    let each = |sum: u64| sum.checked_div(count);
    if let (Some(proportional), Some(private)) = (each(proportional), each(private)) {
        say(&format!(
            "an idle worker: {proportional} kB in proportion, {private} kB of its own ({count} workers)"
        ));
    }
    tasks.stop().await;
    Ok(())
}

/// Answers nothing: these functions ask for nothing.
struct Nobody;

impl Host for Nobody {
    fn call(&self, _call: HostCall) -> Answering<'_> {
        Box::pin(async { Ok(Value::Null) })
    }
}

/// Keeps calls under way for a time.
async fn calls(
    workers: &Arc<Workers>,
    connections: usize,
    duration: Duration,
    account: impl Fn() -> String,
) -> Result<Round> {
    let begun = Instant::now();
    let job = Job {
        source: SOURCE.to_owned(),
        input: json!({ "headers": [], "payload": { "customer": 7 } }),
        environment: BTreeMap::new(),
        limits: Limits::STANDARD,
    };
    let mut loops = JoinSet::new();
    let (mut all, mut under_way) = (Round::default(), 0);
    loop {
        while under_way < connections && begun.elapsed() < duration {
            let (workers, job) = (Arc::clone(workers), job.clone());
            let account = AccountId::parse(&account())?;
            under_way += 1;
            loops.spawn(async move {
                let asked_at = Instant::now();
                let deadline = asked_at + Duration::from_secs(30);
                let outcome = workers
                    .run(&account, 0, job, Arc::new(Nobody), deadline)
                    .await;
                (asked_at.elapsed(), outcome.result.is_err())
            });
        }
        let Some(ended) = loops.join_next().await else {
            break;
        };
        let (latency, is_refused) = ended?;
        under_way -= 1;
        all.add(latency, is_refused);
    }
    all.finish(begun.elapsed());
    Ok(all)
}

/// Makes functions and deploys them; returns their ids.
async fn deploy(
    node: &Node,
    server: &Server,
    count: usize,
    source: &str,
    timeout_ms: u64,
) -> Result<Vec<String>> {
    let mut connection = Connection::open(server.address).await?;
    let mut ids = Vec::with_capacity(count);
    let begun = Instant::now();
    for number in 0..count {
        let body = json!({
            "name": format!("f{timeout_ms}-{number}"), "source": source, "timeoutMs": timeout_ms,
        });
        let create = node.request("POST", "/api/v1/functions", &body.to_string());
        let made: Value = {
            let answer = connection.exchange(&create).await?.succeeded()?;
            serde_json::from_str(&answer.body())?
        };
        let id = made
            .get("id")
            .and_then(Value::as_str)
            .context("expected an id")?;
        let path = format!("/api/v1/functions/{id}/deploy");
        connection
            .exchange(&node.request("POST", &path, ""))
            .await?
            .succeeded()?;
        ids.push(id.to_owned());
    }
    say(&format!(
        "deploying: {} for each function",
        milliseconds(begun.elapsed() / u32::try_from(count.max(1))?)
    ));
    Ok(ids)
}

fn invocation(node: &Node, id: &str) -> Vec<u8> {
    let path = format!("/api/account/{ACCOUNT}/lambdas/{id}/invoke?v=1");
    let body = r#"{"timestamp":0,"headers":[],"payload":{"customer":7}}"#;
    node.request("POST", &path, body)
}

async fn round(
    server: &Server,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    duration: Duration,
) -> Result<Round> {
    let before = server.processor_time()?;
    let mut round = round_at(server.address, requests, connections, duration).await?;
    round.server = server.processor_time()?.saturating_sub(before);
    Ok(round)
}

async fn round_at(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    duration: Duration,
) -> Result<Round> {
    let requests = Arc::clone(requests);
    let write = move |number: usize, request: &mut Vec<u8>| {
        let number = number % requests.len().max(1);
        request.extend_from_slice(requests.get(number).map_or(&[], Vec::as_slice));
    };
    let until = Until::Passed(duration);
    closed_loop(address, connections, until, Arc::new(write)).await
}

/// Fires functions that never end beside decisions, and looks what is left of them.
async fn runaways(node: &Node, server: &Server, options: &Options) -> Result<()> {
    let ids = deploy(node, server, 1, RUNAWAY, options.timeout_ms).await?;
    let runaway = Arc::new(invocation(node, ids.first().context("no function")?));
    let body = format!(r#"{{"accountId":"{ACCOUNT}","conversationId":"c-1"}}"#);
    let decision = request("POST", "/v2/policy/nextaction", &node.key, &body);
    let decisions = Arc::new(vec![decision]);
    let before = Memory::of(server.process_id())?;
    let mut most = before;
    let duration = Duration::from_millis(options.timeout_ms);
    heading("");
    let mut quiet = Rounds::new("decisions, undisturbed");
    let mut beside = Rounds::new("decisions, 200 runaways");
    let mut last = Duration::ZERO;
    for _ in 0..options.rounds {
        quiet.add(round(server, &decisions, options.connections, duration).await?);
        let fired = fire(server, &runaway);
        let decided = round(server, &decisions, options.connections, duration);
        let (ended, decided) = tokio::select! {
            both = async { tokio::join!(fired, decided) } => both,
            watched = most.watch(server.process_id()) => bail!("{watched:?}"),
        };
        beside.add(decided?);
        last = last.max(ended?);
    }
    let ratio = beside
        .percentile(990)
        .div_duration_f64(quiet.percentile(990));
    bar(
        "p99 of decisions, in times of the undisturbed",
        ratio,
        2.0,
        true,
    );
    let late = last.saturating_sub(duration);
    say(&format!(
        "the last of {RUNAWAYS} runaways was answered {} after its deadline",
        milliseconds(late)
    ));
    bar(
        "that, in times of 500 ms",
        late.as_secs_f64() / 0.5,
        1.0,
        true,
    );
    server.rest().await?;
    let left = busy_workers(server.process_id())?;
    say(&format!("{left} workers still run"));
    let after = Memory::of(server.process_id())?;
    for (when, memory) in [("before", before), ("at the most", most), ("after", after)] {
        say(&format!("memory {when}: {memory}"));
    }
    if left > 0 {
        bail!("a runaway outlived its deadline");
    }
    Ok(())
}

/// Invokes the runaway from many connections at once; returns when the last was answered.
async fn fire(server: &Server, runaway: &Arc<Vec<u8>>) -> Result<Duration> {
    let mut loops = JoinSet::new();
    for _ in 0..RUNAWAYS {
        let mut connection = Connection::open(server.address).await?;
        let runaway = Arc::clone(runaway);
        loops.spawn(async move {
            let asked_at = Instant::now();
            let answer = connection.exchange(&runaway).await?;
            if answer.status < 400 {
                bail!("a function that never ends has answered");
            }
            Ok(asked_at.elapsed())
        });
    }
    let mut last = Duration::ZERO;
    while let Some(ended) = loops.join_next().await {
        last = last.max(ended??);
    }
    Ok(last)
}

/// Resident memory, in kB, and of how many processes.
#[derive(Clone, Copy, Debug)]
struct Memory {
    server: u64,
    workers: u64,
    count: usize,
}

impl Memory {
    /// Looks at a server and its workers.
    fn of(server: u32) -> Result<Self> {
        // One that ends at this very moment has no memory any more.
        let workers = children(server)?
            .into_iter()
            .filter_map(|(worker, _)| resident(worker).ok());
        let workers: Vec<u64> = workers.collect();
        Ok(Self {
            server: resident(server)?,
            workers: workers.iter().sum(),
            count: workers.len(),
        })
    }

    /// Keeps the most of each, until it is dropped.
    async fn watch(&mut self, server: u32) -> Result<Infallible> {
        loop {
            let now = Self::of(server)?;
            self.server = self.server.max(now.server);
            self.workers = self.workers.max(now.workers);
            self.count = self.count.max(now.count);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            server,
            workers,
            count,
        } = self;
        write!(
            f,
            "{server} kB in the server, {workers} kB in {count} workers"
        )
    }
}

/// Proportional and private memory of a process, in kB.
fn memory(process: u32) -> Option<(u64, u64)> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    let private = field("Private_Clean:")? + field("Private_Dirty:")?;
    Some((field("Pss:")?, private))
}

/// Resident memory of a process, in kB.
fn resident(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.context("no VmRSS")?.trim().trim_end_matches(" kB");
    Ok(kilobytes.parse()?)
}

/// How many processes that a server has started are at work.
fn busy_workers(server: u32) -> Result<usize> {
    let children = children(server)?;
    Ok(children.iter().filter(|(_, state)| state == "R").count())
}

/// The processes that a server has started, each with its state.
fn children(server: u32) -> Result<Vec<(u32, String)>> {
    let server = server.to_string();
    let processes = std::fs::read_dir("/proc")?.flatten();
    let children = processes.filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.to_owned();
        (fields.next()? == server).then_some((process, state))
    });
    Ok(children.collect())
}
