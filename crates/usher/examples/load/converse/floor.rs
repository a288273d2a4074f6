//! The people and skills of the load.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::client::Connection;
use crate::process::{Node, Server};

/// Skills; an agent has three of them.
pub(super) const SKILLS: usize = 50;
/// How many conversations an agent has at once, at most.
pub(super) const PLACES: usize = 4;
/// Longer than any measurement: nobody renews it.
const LEASE_SECONDS: u32 = 24 * 60 * 60;

/// Makes the skills and the agents over the API.
pub(super) async fn make(node: &Node, server: &Server, agents: usize) -> Result<()> {
    let mut connection = Connection::open(server.address).await?;
    for number in 0..SKILLS {
        let id = skill(number);
        // A conversation always counts one place, so that places are what is counted.
        let weights = json!({"activePerMille": 1000, "inactivePerMille": 1000,
            "inactiveAfterSeconds": 600});
        let body = json!({"id": id, "name": id, "routing": {"weights": weights}});
        let request = node.request("POST", "/api/v1/skills", &body.to_string());
        connection.exchange(&request).await?.succeeded()?;
    }
    for number in 0..agents {
        let id = agent(number);
        let skills = [0, 17, 31].map(|step| json!({"skillId": skill(number + step)}));
        let body = json!({"id": id, "name": id, "skills": skills, "maxConversations": PLACES});
        let request = node.request("POST", "/api/v1/users", &body.to_string());
        connection.exchange(&request).await?.succeeded()?;
    }
    Ok(())
}

/// Makes a key for each agent, which acts in the agent's name.
pub(super) async fn keys(node: &Node, server: &Server, agents: usize) -> Result<Vec<String>> {
    let mut connection = Connection::open(server.address).await?;
    let mut keys = Vec::with_capacity(agents);
    for number in 0..agents {
        let id = agent(number);
        let body = json!({"name": id, "role": "agent", "userId": id});
        let request = node.request("POST", "/api/v1/credentials", &body.to_string());
        let issued = connection.exchange(&request).await?.succeeded()?;
        let issued: Value = serde_json::from_str(&issued.body())?;
        let key = issued.get("apiKey").and_then(Value::as_str);
        keys.push(key.context("no API key was issued")?.to_owned());
    }
    Ok(keys)
}

/// Writes the request with which an agent comes or goes.
pub(super) fn availability(node: &Node, number: usize, status: &str) -> Vec<u8> {
    let body = json!({"status": status, "leaseSeconds": LEASE_SECONDS});
    let path = format!("/api/v1/agents/{}/availability", agent(number));
    node.request("PUT", &path, &body.to_string())
}

/// Returns the id of a skill; numbers go round.
pub(super) fn skill(number: usize) -> String {
    format!("skill-{:02}", number % SKILLS)
}

pub(super) fn agent(number: usize) -> String {
    format!("agent-{number:04}")
}
