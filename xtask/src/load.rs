//! `cargo xtask load`: drives a real server in a closed loop, beside a server of the same stack that
//! answers a constant, in the same run on the same machine.
//!
//! Rates depend on the machine; the ratio to the constant server says what Usher itself costs.

mod client;
mod node;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::process::{self, cargo};
use client::{Connection, Load, Measured};
use node::Node;

/// Connections, each with one request under way.
const CONNECTIONS: usize = 64;
/// Policies of the account.
const POLICIES: usize = 1_000;
/// Sessions that ask, in turn.
const SESSIONS: usize = 2_000;
/// How long each server is driven, twice, in turn.
const TIME: Duration = Duration::from_secs(5);

pub(crate) fn run(words: &[&str]) -> Result<()> {
    let measure: fn(&Node, &str) -> Result<Load> = match words {
        ["next-action"] => next_action,
        ["context-write"] => context_write,
        _ => bail!("expected `cargo xtask load next-action` or `cargo xtask load context-write`"),
    };
    let words = [
        "build",
        "--release",
        "--locked",
        "--package",
        "usher",
        "--bin",
        "usher",
        "--example",
        "constant",
    ];
    process::run(&mut cargo(words))?;
    let folder = crate::workspace::root().join(format!("target/load-{}", std::process::id()));
    let usher = Node::usher(&folder)?;
    let constant = Node::constant()?;
    let load = measure(&usher, &usher.api_key)?;
    // Connections, caches and the allocator are warm before anything counts.
    client::drive(&usher.address, &load, TIME / 5)?;
    client::drive(&constant.address, &load, TIME / 5)?;
    let (mut of_usher, mut of_constant) = (Measured::default(), Measured::default());
    for _ in 0..2 {
        of_constant.add(constant.measure(&load, TIME)?);
        of_usher.add(usher.measure(&load, TIME)?);
    }
    report(&mut of_usher, &mut of_constant);
    drop(usher);
    std::fs::remove_dir_all(&folder).context("cannot remove the data of the run")
}

/// Asks for next actions: early, late and missing matches mixed, context read, log on.
fn next_action(node: &Node, key: &str) -> Result<Load> {
    let mut connection = Connection::open(&node.address)?;
    let policies: Vec<Value> = (0..POLICIES).map(policy).collect();
    let path = "/api/v1/policies/import?mode=replace&keepEnabled=true";
    connection.json("POST", path, key, &json!({ "policies": policies }))?;
    for session in 0..SESSIONS {
        // A quarter matches nothing; the rest is spread over the whole list.
        let wanted = if session % 4 == 0 {
            POLICIES + session
        } else {
            session * 7 % POLICIES
        };
        let properties = json!({
            "intent": format!("intent {wanted}"), "tier": "gold", "name": "Ada", "language": "en",
            "cartValue": session, "topics": ["billing", "delivery", "returns"],
        });
        let path = format!("/api/v1/context/orchestrator/session-{session}");
        connection.json("PUT", &path, key, &json!({ "properties": properties }))?;
    }
    let token = connection.login(&node.client)?;
    let requests = (0..SESSIONS).map(|session| {
        let body =
            json!({ "accountId": node::ACCOUNT, "conversationId": format!("session-{session}") });
        client::request(
            "POST",
            &format!("/v2/policy/nextaction?access_token={token}"),
            "",
            &body,
        )
    });
    Ok(Load {
        requests: requests.collect(),
        connections: CONNECTIONS,
    })
}

fn policy(index: usize) -> Value {
    json!({
        "name": format!("policy {index}"),
        "enabled": true,
        "conditions": [
            { "property": "orchestrator.intent", "type": "EQUAL", "value": format!("intent {index}") },
            { "property": "orchestrator.tier", "type": "IS_IN", "value": ["gold", "silver"] },
        ],
        "actions": [{ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": index.to_string() } }],
    })
}

/// Writes context: each write has a new value and is on disk when it is answered.
fn context_write(_node: &Node, key: &str) -> Result<Load> {
    // Enough of them that no document gets the same value twice in a row.
    let requests = (0..SESSIONS * 16).map(|number| {
        let properties =
            json!({ "intent": format!("intent {number}"), "name": "Ada", "note": "n".repeat(600) });
        let path = format!("/api/v1/context/orchestrator/session-{}", number % SESSIONS);
        client::request("PATCH", &path, key, &json!({ "properties": properties }))
    });
    Ok(Load {
        requests: requests.collect(),
        connections: CONNECTIONS,
    })
}

fn report(of_usher: &mut Measured, of_constant: &mut Measured) {
    process::say("server     requests/s      p50      p99    p99.9   CPU/request   memory");
    for (name, measured) in [("usher", &mut *of_usher), ("constant", &mut *of_constant)] {
        process::say(&format!(
            "{name:<9} {:>11.0} {:>6} µs {:>5} µs {:>5} µs {:>10.1} µs {:>5} MB",
            measured.rate(),
            measured.percentile(500),
            measured.percentile(990),
            measured.percentile(999),
            measured.cpu_per_request(),
            measured.memory_bytes >> 20,
        ));
    }
    process::say(&format!(
        "usher has {:.2} of the constant server's throughput and {:.2} times its p99",
        of_usher.rate() / of_constant.rate(),
        f64::from(of_usher.percentile(990)) / f64::from(of_constant.percentile(990).max(1)),
    ));
}
