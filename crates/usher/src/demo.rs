//! Demo data: skills, attributes, policies and context with which a newcomer sees every kind of
//! decision, and a floor on which to have conversations.

mod floor;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use usher_app::attributes;
use usher_app::caller::Caller;
use usher_app::context::{Namespace, Session, Ttl};
use usher_app::credentials::{self, Issued};
use usher_app::sign_ins::{self, Link};
use usher_app::{App, accounts, context, policies, sdes, skills};
use usher_context::attribute::ValueType;
use usher_model::id::{AccountId, ConsumerId, EngagementId, SkillId};
use usher_model::role::Role;
use usher_model::value::Object;

/// The demo's policies, as an import file.
pub const POLICIES: &str = include_str!("demo/policies.json");

/// The account that holds the demo, unless told.
pub const ACCOUNT: &str = "demo";

/// What people call the demo's credential.
const CREDENTIAL: &str = "demo";

const SKILLS: &[(&str, &str)] = &[
    ("1001", "Order desk"),
    ("1002", "VIP desk"),
    ("1003", "Service"),
    ("1004", "Outage line"),
];

/// What the demo hands out.
#[derive(Clone, Debug)]
pub struct Access {
    /// For programs.
    pub credential: Issued,
    /// For the administrator, until somebody has signed in with it.
    pub link: Option<Link>,
    /// For an agent, until somebody has signed in with one.
    pub agent: Option<AgentLink>,
    /// Where visitors come in, if the demo's engagement is still there.
    pub engagement: Option<EngagementId>,
}

/// A way in for an agent of the demo.
#[derive(Clone, Debug)]
pub struct AgentLink {
    /// What people call the agent.
    pub name: String,
    /// Where to choose a password.
    pub link: Link,
}

/// Fills an account, unless it holds policies already, and issues a fresh key for it.
///
/// # Errors
/// Fails if the store cannot be read or written.
pub async fn fill(app: &Arc<App>, account: &AccountId) -> Result<Access> {
    accounts::create(app, account).await?;
    let caller = accounts::operator(app, account).await?;
    let is_empty = policies::export(&caller, app).await?.get("policies") == Some(&json!([]));
    if is_empty {
        fill_rules(app, &caller).await?;
        fill_context(app, &caller).await?;
        floor::fill(app, &caller).await?;
    }
    Ok(Access {
        credential: issue(app, &caller).await?,
        link: sign_ins::first_link(&caller, app).await?,
        agent: floor::link(&caller, app).await?,
        engagement: floor::engagement(&caller, app).await?,
    })
}

async fn fill_rules(app: &Arc<App>, caller: &Caller) -> Result<()> {
    for (id, name) in SKILLS {
        let skill = skills::Written::new(*name);
        skills::create(caller, app, Some(SkillId::parse(id)?), skill).await?;
    }
    let attributes = [
        (
            "vipList",
            ValueType::List,
            json!(["ada@example.com", "grace@example.com"]),
            "Who is a VIP",
        ),
        (
            "vipSkill",
            ValueType::String,
            json!("1002"),
            "Where VIPs go",
        ),
        (
            "orderIntents",
            ValueType::List,
            json!([
                "order inquiry",
                "order status",
                "order cancellation",
                "scheduling"
            ]),
            "What the order desk deals with",
        ),
        (
            "outage",
            ValueType::Boolean,
            json!(false),
            "Whether the order system is down",
        ),
    ];
    for (name, value_type, value, description) in attributes {
        let new = attributes::New {
            name: name.to_owned(),
            value_type,
            origin: attributes::Origin::Static(value),
            description: description.to_owned(),
            is_sensitive: false,
        };
        attributes::create(caller, app, new).await?;
    }
    policies::import::import(
        caller,
        app,
        POLICIES.as_bytes(),
        policies::import::Options {
            mode: policies::import::Mode::Append,
            keep_enabled: true,
            is_dry_run: false,
        },
    )
    .await?;
    Ok(())
}

/// Writes what a bot would have written by the time it asks.
async fn fill_context(app: &App, caller: &Caller) -> Result<()> {
    let sessions = [
        (
            "demo-order",
            json!({ "intent": "order status", "name": "Bob" }),
        ),
        (
            "demo-vip",
            json!({ "intent": "order cancellation", "name": "Ada", "advisorId": "4711" }),
        ),
        (
            "demo-other",
            json!({ "intent": "opening hours", "name": "Carol" }),
        ),
    ];
    for (session, properties) in sessions {
        know(caller, app, session, properties).await?;
    }
    let said = sdes::Said {
        customer_info: object(json!({ "customerId": "ada", "email": "ada@example.com" })),
        is_authenticated: true,
        ..sdes::Said::default()
    };
    sdes::record(caller, app, &ConsumerId::parse("ada")?, said).await?;
    Ok(())
}

/// Writes what a bot knows about a conversation, or about a consumer.
async fn know(caller: &Caller, app: &App, session: &str, properties: Value) -> Result<()> {
    let (namespace, session) = (Namespace::parse("orchestrator")?, Session::parse(session)?);
    let (properties, ttl) = (object(properties), Ttl::Seconds(None));
    context::write(caller, app, &namespace, &session, properties, ttl, None).await?;
    Ok(())
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

/// Secrets are kept as hashes only: a second start needs fresh ones, and ends the old.
async fn issue(app: &App, caller: &Caller) -> Result<Issued> {
    let known = credentials::list(caller, app).await?;
    let known = known
        .iter()
        .find(|credential| credential.name == CREDENTIAL);
    let issued = match known {
        Some(credential) => credentials::rotate(caller, app, credential.id, Duration::ZERO).await,
        None => {
            let new = credentials::New {
                name: CREDENTIAL.to_owned(),
                role: Role::Admin,
                user_id: None,
                expires_at: None,
            };
            credentials::create(caller, app, new).await
        }
    };
    issued.context("cannot issue a credential for the demo")
}
