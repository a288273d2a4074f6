//! How many decisions a node answers, beside a server that decides nothing.

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::Options;
use crate::client::{Connection, Until, closed_loop};
use crate::process::{ACCOUNT, Node, Server, processor_time};
use crate::report::{Rounds, bar, heading, milliseconds, say};
use crate::workload::{Expected, Workload};

const PATH: &str = "/v2/policy/nextaction";

/// Requests by conversation, whole: the client only copies them.
type Requests = Arc<Vec<Vec<u8>>>;

pub(crate) async fn run(options: &Options) -> Result<()> {
    let workload = options.workload()?;
    let node = Node::make(&options.usher, &options.directory)?;
    let server = node.serve()?;
    let health = node.request("GET", "/healthz", "");
    let first = server.first_answer(&health).await?;
    server.rest().await?;
    say(&format!(
        "empty: first answer {} after the start, {} idle",
        milliseconds(first),
        server.memory("VmRSS:")?
    ));
    fill(&node, &server, &workload, options).await?;
    let requests: Vec<Vec<u8>> = (0..workload.conversations.len())
        .map(|number| {
            let conversation = conversation_id(number);
            let body = format!(r#"{{"accountId":"{ACCOUNT}","conversationId":"{conversation}"}}"#);
            node.request("POST", PATH, &body)
        })
        .collect();
    let requests = Arc::new(requests);
    check(&server, &requests, &workload).await?;
    server.rest().await?;
    say(&format!("loaded: {} idle", server.memory("VmRSS:")?));
    measure(&server, &requests, options).await?;
    let dropped = dropped(&node, &server).await?;
    say(&format!(
        "decisions that were answered but not logged: {dropped}; data directory: {} MB",
        node.bytes()? / 1_000_000
    ));
    say(&format!(
        "memory: {} at the peak, {} at rest",
        server.memory("VmHWM:")?,
        server.memory("VmRSS:")?
    ));
    let stopped = server.stop()?;
    let server = node.serve()?;
    let request = requests.first().context("no request")?;
    let first = server.first_answer(request).await?;
    say(&format!(
        "restart: stopped in {}, first decision {} after the start",
        milliseconds(stopped),
        milliseconds(first)
    ));
    Ok(())
}

fn conversation_id(number: usize) -> String {
    format!("conversation-{number:06}")
}

/// Imports the policies and writes the contexts.
async fn fill(node: &Node, server: &Server, workload: &Workload, options: &Options) -> Result<()> {
    let path = "/api/v1/policies/import?mode=replace&keepEnabled=true";
    let import = node.request("POST", path, &workload.policies);
    let begun = tokio::time::Instant::now();
    let mut connection = Connection::open(server.address).await?;
    connection.exchange(&import).await?.succeeded()?;
    say(&format!("import: {}", milliseconds(begun.elapsed())));
    let writes: Vec<Vec<u8>> = workload
        .conversations
        .iter()
        .enumerate()
        .map(|(number, conversation)| {
            let session = conversation_id(number);
            let path = format!("/v1/account/{ACCOUNT}/orchestrator/{session}/properties");
            node.request("PATCH", &path, &conversation.properties)
        })
        .collect();
    let until = Until::Sent(writes.len());
    let write = move |number: usize, request: &mut Vec<u8>| {
        request.extend_from_slice(writes.get(number).map_or(&[], Vec::as_slice));
    };
    let round = closed_loop(server.address, options.connections, until, Arc::new(write)).await?;
    if round.refused > 0 {
        bail!("{} contexts were refused", round.refused);
    }
    say(&format!("contexts: {:.0} a second", round.per_second()));
    Ok(())
}

/// Asks about every conversation once and compares the winner.
async fn check(server: &Server, requests: &Requests, workload: &Workload) -> Result<()> {
    let mut connection = Connection::open(server.address).await?;
    let (mut winners, mut unknown) = (0, 0);
    for (request, conversation) in requests.iter().zip(&workload.conversations) {
        let answer = connection.exchange(request).await?.succeeded()?;
        let found = answer.header("x-rule-name");
        winners += usize::from(found.is_some());
        let expected = match &conversation.expected {
            Expected::Unknown => {
                unknown += 1;
                continue;
            }
            Expected::Nobody => None,
            Expected::Winner(name) => Some(name.as_str()),
        };
        if found != expected {
            let properties = &conversation.properties;
            bail!("expected {expected:?} to win, found {found:?} in {properties}");
        }
    }
    let count = requests.len();
    let mut line = format!("decisions: {winners} of {count} have a winner");
    match unknown {
        0 => line.push_str("; all are as expected"),
        _ => write!(line, "; {unknown} were not compared")?,
    }
    say(&line);
    Ok(())
}

async fn measure(node: &Server, requests: &Requests, options: &Options) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    let ceiling = Server::start(command.arg("constant-server"))?;
    for server in [&ceiling, node] {
        round(server, requests, options, Duration::from_secs(1)).await?;
    }
    heading("");
    let mut constant = Rounds::new("constant answer");
    let mut decided = Rounds::new("next action");
    for _ in 0..options.rounds {
        let duration = Duration::from_secs(options.seconds);
        constant.add(round(&ceiling, requests, options, duration).await?);
        decided.add(round(node, requests, options, duration).await?);
    }
    heading("medians");
    constant.print_medians();
    decided.print_medians();
    let throughput = decided.per_second() / constant.per_second();
    bar("throughput of the constant answer", throughput, 0.5, false);
    let [ours, theirs] = [&decided, &constant].map(|rounds| rounds.percentile(990));
    bar("its p99", ours.div_duration_f64(theirs), 3.0, true);
    let [ours, theirs] = [&decided, &constant].map(Rounds::server_each);
    say(&format!(
        "its server CPU: {:.2}",
        ours.div_duration_f64(theirs)
    ));
    Ok(())
}

async fn round(
    server: &Server,
    requests: &Requests,
    options: &Options,
    duration: Duration,
) -> Result<crate::report::Round> {
    server.rest().await?;
    let (server_before, client_before) = (server.processor_time()?, processor_time("self")?);
    let requests = Arc::clone(requests);
    let write = move |number: usize, request: &mut Vec<u8>| {
        let number = number % requests.len().max(1);
        request.extend_from_slice(requests.get(number).map_or(&[], Vec::as_slice));
    };
    let until = Until::Passed(duration);
    let loops = closed_loop(server.address, options.connections, until, Arc::new(write));
    let mut round = loops.await?;
    round.client = processor_time("self")?.saturating_sub(client_before);
    server.rest().await?;
    round.server = server.processor_time()?.saturating_sub(server_before);
    Ok(round)
}

/// Returns how many decisions the node says it could not log.
async fn dropped(node: &Node, server: &Server) -> Result<String> {
    let mut connection = Connection::open(server.address).await?;
    let request = node.request("GET", "/metrics", "");
    let answer = connection.exchange(&request).await?.succeeded()?;
    let metrics = answer.body();
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("usher_decisions_dropped_total "));
    Ok(line.unwrap_or("0").to_owned())
}
