//! What a long queue costs: memory, and the time until work goes on after a restart.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::Options;
use super::floor;
use crate::client::{Connection, Until, closed_loop};
use crate::process::{Node, Server};
use crate::report::{milliseconds, say};

/// Agents who are away while the queue grows.
const AGENTS: usize = 2_000;
/// How long the first offer may take before something must be wrong.
const OFFER_WAIT_MAX: Duration = Duration::from_secs(120);

/// Opens conversations that nobody answers, and starts the node again.
pub(super) async fn run(node: Node, options: &Options, count: usize) -> Result<()> {
    let node = &Arc::new(node);
    let server = node.serve()?;
    floor::make(node, &server, AGENTS).await?;
    let mut connection = Connection::open(server.address).await?;
    for number in 0..AGENTS {
        let away = floor::availability(node, number, "AWAY");
        connection.exchange(&away).await?.succeeded()?;
    }
    server.rest().await?;
    let before = server.memory("VmRSS:")?;
    say(&format!("{AGENTS} agents away: {before} idle"));
    let requests = Arc::clone(node);
    let write = move |number: usize, request: &mut Vec<u8>| {
        let body = json!({"skillId": floor::skill(number),
            "consumerId": format!("consumer-{number}"), "message": "Is anybody there?"});
        let body = body.to_string();
        request.extend(requests.request("POST", "/api/v1/conversations", &body));
    };
    let until = Until::Sent(count);
    let round = closed_loop(server.address, options.consumers, until, Arc::new(write)).await?;
    if round.refused > 0 {
        bail!("{} conversations were refused", round.refused);
    }
    say(&format!(
        "{count} conversations opened: {:.0} a second, p50 {}, p99 {}, p99.9 {}",
        round.per_second(),
        milliseconds(round.percentile(500)),
        milliseconds(round.percentile(990)),
        milliseconds(round.percentile(999))
    ));
    server.rest().await?;
    print_memory(node, &server)?;
    let stopped = server.stop()?;
    let server = node.serve()?;
    let ready = node.request("GET", "/readyz", "");
    let first = server.first_answer(&ready).await?;
    say(&format!(
        "restart: stopped in {}, ready {} after the start",
        milliseconds(stopped),
        milliseconds(first)
    ));
    first_offer(node, &server).await?;
    server.rest().await?;
    print_memory(node, &server)
}

fn print_memory(node: &Node, server: &Server) -> Result<()> {
    say(&format!(
        "memory: {} at the peak, {} at rest; data directory: {} MB",
        server.memory("VmHWM:")?,
        server.memory("VmRSS:")?,
        node.bytes()? / 1_000_000
    ));
    Ok(())
}

/// Lets one agent come, and waits until it rings.
async fn first_offer(node: &Node, server: &Server) -> Result<()> {
    let mut connection = Connection::open(server.address).await?;
    let comes = floor::availability(node, 0, "ONLINE");
    connection.exchange(&comes).await?.succeeded()?;
    let online = server.uptime();
    let path = format!("/api/v1/agents/{}/offers", floor::agent(0));
    let request = node.request("GET", &path, "");
    loop {
        let answer = connection.exchange(&request).await?.succeeded()?;
        let offers: Value = serde_json::from_str(&answer.body())?;
        let offers = offers.get("items").and_then(Value::as_array);
        if !offers.context("no `items`")?.is_empty() {
            break;
        }
        if server.uptime() > OFFER_WAIT_MAX {
            bail!("no offer in {OFFER_WAIT_MAX:?}");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    say(&format!(
        "first offer {} after the start, of which {} until an agent had come",
        milliseconds(server.uptime()),
        milliseconds(online)
    ));
    Ok(())
}
