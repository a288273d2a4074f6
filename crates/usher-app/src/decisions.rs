//! Decisions: what should happen to a conversation now?
//!
//! One use case serves every way of asking. It reads only what some enabled policy mentions, in one
//! batch, runs the policies, and hands the run to the log behind the answer.

pub(crate) mod log;
pub mod search;

use std::sync::Arc;
use std::time::Duration;

use usher_context::name::Session;
use usher_model::id::{ConsumerId, ConversationId, DecisionId, PolicyId, SessionId};
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};
use usher_policy::attribute::Slot;
use usher_policy::explain::{self, Explanation};
use usher_policy::facts::{Fact, Facts};
use usher_policy::run::{self, Step};
use usher_store::record;

use crate::App;
use crate::caller::{Caller, Permission};
use crate::context::{self, Address, Held};
use crate::error::{Error, Result};
use crate::rules::{self, Ruleset};
use crate::sdes;

pub use usher_policy::action::ResolvedAction as Action;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Characters of a value that the log keeps; a run on a longer one cannot be repeated.
const KEPT_VALUE_CHARS_MAX: usize = 65_536;
/// The remark of a decision whose policies read `sde.` though no consumer was named.
const CUSTOMER_ID_REQUIRED: &str = "CUSTOMER_ID_REQUIRED";
/// The remark of a decision that used a value too long for the log.
const FACT_TOO_LONG: &str = "FACT_TOO_LONG";

/// Through which door a decision was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `GET /v1/account/{id}/next-actions`
    V1,
    /// `POST /v2/policy/nextaction`
    V2,
    /// `POST /api/v1/decisions`
    Own,
}

impl Api {
    /// Returns the door's name in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "V1",
            Self::V2 => "V2",
            Self::Own => "API",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Through which door.
    pub api: Api,
    /// About which conversation.
    pub conversation_id: Option<ConversationId>,
    /// For whom.
    pub consumer_id: Option<ConsumerId>,
    /// The context session; the conversation's unless given.
    pub session_id: Option<SessionId>,
    /// Attributes that outrank everything kept: `{namespace: {property: value}}`.
    pub attributes: Object,
    /// The only policy that is tried.
    pub policy_id: Option<PolicyId>,
    /// The instant taken as now.
    pub at: Option<Timestamp>,
    /// Whether the answer says of each policy why it was passed over.
    pub explain: bool,
    /// Whether the run is neither logged nor counted.
    pub dry_run: bool,
}

impl Request {
    /// Makes a request that names nothing.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self {
            api,
            conversation_id: None,
            consumer_id: None,
            session_id: None,
            attributes: Object::new(),
            policy_id: None,
            at: None,
            explain: false,
            dry_run: false,
        }
    }
}

/// What should happen.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The run's id: the contracts' `nextActionId`.
    pub id: DecisionId,
    /// The winner, by id and name.
    pub policy: Option<(PolicyId, String)>,
    /// Why nobody won: `NO_POLICIES_ENABLED` or `NO_MATCHED_RULES`.
    pub no_match_reason: Option<&'static str>,
    /// What to do, in order, with every template filled in.
    pub actions: Vec<Action>,
    /// The record of the run, if it was asked for.
    pub explanation: Option<Value>,
}

/// Decides what should happen to a conversation.
///
/// # Errors
/// Fails if the caller may not ask, the named policy does not exist, or the context cannot be read.
/// A broken policy is no failure: it is passed over, and the log says so.
pub async fn decide(caller: &Caller, app: &App, request: Request) -> Result<Decision> {
    caller.require(Permission::DecisionsAsk)?;
    let begun = tokio::time::Instant::now();
    let rules = rules::current(app, &caller.account).await?;
    if let Some(id) = &request.policy_id {
        rules.find(id)?;
    }
    let received_at = app.now();
    let now = request.at.unwrap_or(received_at);
    let known = Known::read(caller, app, &rules, &request, received_at).await?;
    let facts = known.facts(&rules, &request);
    let id = DecisionId::mint(&app.ids);
    let outcome = Outcome::of(&rules, &facts, now, request.policy_id.as_ref())?;
    let explanation = if request.explain {
        let explained = match explain::explain(&rules.set, &facts, now, request.policy_id.as_ref())
        {
            Step::Done(explained) => explained,
            Step::Need(slot) => return Err(unknown(&rules, slot)),
        };
        Some(rendered(&rules, &explained))
    } else {
        None
    };
    let mut decision = record::Decision {
        id,
        at: now,
        duration_us: 0,
        api: request.api.as_str().to_owned(),
        conversation_id: request.conversation_id.clone(),
        session_id: request.session_id.clone(),
        consumer_id: request.consumer_id.clone(),
        ruleset_revision: rules.revision,
        only_policy_id: request.policy_id.clone(),
        policy_id: outcome.policy.as_ref().map(|(id, _)| id.clone()),
        policy_name: outcome.policy.as_ref().map(|(_, name)| name.clone()),
        no_match_reason: outcome.no_match_reason.map(str::to_owned),
        actions: outcome.actions.iter().map(action_value).collect(),
        facts: Vec::new(),
        faults: outcome.faults,
        notes: Vec::new(),
        expires_at: received_at.plus(DAY * retention_days(app, &rules)),
    };
    if !request.dry_run {
        keep_facts(&rules, &request, &facts, &mut decision);
        if request.consumer_id.is_none() && !rules.plan.sde.is_empty() {
            decision.notes.push(CUSTOMER_ID_REQUIRED.to_owned());
        }
        decision.duration_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        metrics::counter!("usher_decisions_total", "api" => request.api.as_str()).increment(1);
        app.log
            .append(log::Entry {
                account: caller.account.clone(),
                decision,
            })
            .await;
    }
    Ok(Decision {
        id,
        policy: outcome.policy,
        no_match_reason: outcome.no_match_reason,
        actions: outcome.actions,
        explanation,
    })
}

/// What was read for one run; the facts borrow from it.
struct Known {
    /// For each namespace of the plan, the documents in the order of lookup.
    documents: Vec<Vec<Arc<Held>>>,
    sde: Option<Value>,
    now: Timestamp,
}

impl Known {
    async fn read(
        caller: &Caller,
        app: &App,
        rules: &Ruleset,
        request: &Request,
        now: Timestamp,
    ) -> Result<Self> {
        let sessions = sessions(request, rules.is_lookup_strict())?;
        let plan = &rules.plan;
        let addresses = plan.context.iter().flat_map(|(namespace, _)| {
            sessions
                .iter()
                .map(|session| Address::new(&caller.account, namespace, session))
        });
        let held = context::hold(app, addresses.collect(), now).await?;
        let documents = held
            .chunks(sessions.len().max(1))
            .map(<[_]>::to_vec)
            .collect();
        let sde = match &request.consumer_id {
            Some(consumer) if !plan.sde.is_empty() => {
                sdes::tree(app, &caller.account, consumer, now).await?
            }
            _ => None,
        };
        Ok(Self {
            documents,
            sde,
            now,
        })
    }

    /// Fills in what is known; what the request says outranks what is kept.
    fn facts<'a>(&'a self, rules: &'a Ruleset, request: &'a Request) -> Facts<'a> {
        let mut facts = Facts::from_object(&rules.set, &request.attributes);
        let plan = &rules.plan;
        for ((_, wanted), documents) in plan.context.iter().zip(&self.documents) {
            for wanted in wanted {
                let found = documents
                    .iter()
                    .find_map(|held| held.document.get(&wanted.property, self.now))
                    .and_then(|property| wanted.descend(property));
                if let Some(value) = found {
                    offer(&mut facts, wanted.slot, Fact::from(value));
                }
            }
        }
        for wanted in &plan.custom {
            let kept = rules.attributes.get(&*wanted.property);
            if let Some(value) = kept.and_then(|kept| wanted.descend(&kept.record.value)) {
                offer(&mut facts, wanted.slot, Fact::from(value));
            }
        }
        for wanted in &plan.sde {
            let property = self.sde.as_ref().and_then(|sde| sde.get(&*wanted.property));
            if let Some(value) = property.and_then(|property| wanted.descend(property)) {
                offer(&mut facts, wanted.slot, Fact::from(value));
            }
        }
        let conversation = request.conversation_id.as_ref().map(ConversationId::as_str);
        let consumer = request.consumer_id.as_ref().map(ConsumerId::as_str);
        let group = request
            .session_id
            .as_ref()
            .map(SessionId::as_str)
            .or(conversation);
        for wanted in &plan.conversation {
            let value = match &*wanted.property {
                "conversationId" => conversation,
                "consumerId" => consumer,
                "groupId" => group,
                _ => None,
            };
            if let Some(value) = value {
                offer(&mut facts, wanted.slot, Fact::Text(value.into()));
            }
        }
        for wanted in plan
            .consumer
            .iter()
            .filter(|wanted| &*wanted.property == "id")
        {
            if let Some(consumer) = consumer {
                offer(&mut facts, wanted.slot, Fact::Text(consumer.into()));
            }
        }
        facts
    }
}

/// The sessions in which a property is looked up, in order: the request's own or the
/// conversation's, then the conversation's, the consumer's, and the default one.
fn sessions(request: &Request, is_strict: bool) -> Result<Vec<Session>> {
    let own = request.session_id.as_ref().map(SessionId::as_str);
    let conversation = request.conversation_id.as_ref().map(ConversationId::as_str);
    let consumer = request.consumer_id.as_ref().map(ConsumerId::as_str);
    let mut sessions: Vec<Session> = Vec::with_capacity(4);
    let outer = if is_strict { None } else { consumer };
    for name in [own, conversation, outer].into_iter().flatten() {
        let session = Session::parse(name)?;
        if !sessions.contains(&session) {
            sessions.push(session);
        }
    }
    let default = Session::default();
    if !is_strict && !sessions.contains(&default) {
        sessions.push(default);
    }
    Ok(sessions)
}

/// Notes what was known, so that the run can be repeated; fixed attributes are in the ruleset.
fn keep_facts(
    rules: &Ruleset,
    request: &Request,
    facts: &Facts<'_>,
    decision: &mut record::Decision,
) {
    for (attribute, fact) in rules.set.attributes().iter().zip(facts.as_slice()) {
        let is_fixed =
            attribute.namespace() == "custom" && !request.attributes.contains_key("custom");
        if is_fixed || matches!(fact, Fact::Missing | Fact::Unread | Fact::Failed(_)) {
            continue;
        }
        let value = fact.view().to_value();
        let is_long = match &value {
            Value::String(text) => text.len() > KEPT_VALUE_CHARS_MAX,
            Value::Array(_) | Value::Object(_) => value.to_string().len() > KEPT_VALUE_CHARS_MAX,
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        };
        if is_long {
            decision.notes.push(format!("{FACT_TOO_LONG}:{attribute}"));
        } else {
            decision.facts.push(record::Fact {
                attribute: attribute.to_string(),
                value,
            });
        }
    }
}

fn retention_days(app: &App, rules: &Ruleset) -> u32 {
    let account = rules
        .settings
        .as_ref()
        .and_then(|kept| kept.record.decision_retention_days);
    account.unwrap_or(app.options.decision_retention_days)
}

fn action_value(action: &Action) -> Value {
    serde_json::json!({"type": action.kind.as_str(), "payload": action.payload})
}

/// How a run ended, in words that outlive the rules.
pub(crate) struct Outcome {
    pub(crate) policy: Option<(PolicyId, String)>,
    no_match_reason: Option<&'static str>,
    pub(crate) actions: Vec<Action>,
    faults: Vec<record::Fault>,
}

impl Outcome {
    pub(crate) fn of(
        rules: &Ruleset,
        facts: &Facts<'_>,
        now: Timestamp,
        only: Option<&PolicyId>,
    ) -> Result<Self> {
        let run = match run::run(&rules.set, facts, now, only) {
            Step::Done(run) => run,
            Step::Need(slot) => return Err(unknown(rules, slot)),
        };
        let fault = |faulty: &run::PolicyFault| {
            let entry = rules.set.entries().get(faulty.position)?;
            let code = faulty.fault.code;
            Some(record::Fault {
                policy_id: entry.policy().id.clone(),
                status: if code.is_error() { "ERROR" } else { "INVALID" }.to_owned(),
                code: code.as_str().to_owned(),
            })
        };
        let faults = run.faults.iter().filter_map(fault).collect();
        Ok(match run.outcome {
            Ok(winner) => Self {
                policy: Some((winner.policy.id.clone(), winner.policy.name.clone())),
                no_match_reason: None,
                actions: winner.actions.into_owned(),
                faults,
            },
            Err(reason) => Self {
                policy: None,
                no_match_reason: Some(reason.as_str()),
                actions: Vec::new(),
                faults,
            },
        })
    }
}

/// Writes an explanation, hiding what logs must not show.
pub(crate) fn rendered(rules: &Ruleset, explained: &Explanation<'_>) -> Value {
    let policies = explained.render(0..rules.policies.len(), &|attribute| {
        rules.is_sensitive(attribute.path())
    });
    let mut record = Object::new();
    record.insert("rulesetRevision".to_owned(), rules.revision.into());
    record.insert("policies".to_owned(), Value::Array(policies));
    Value::Object(record)
}

/// Fills in what is known of an attribute unless something that outranks it is known already.
pub(crate) fn offer<'a>(facts: &mut Facts<'a>, slot: Slot, fact: Fact<'a>) {
    if matches!(facts.fact(slot), Fact::Missing) {
        facts.set(slot, fact);
    }
}

fn unknown(rules: &Ruleset, slot: Slot) -> Error {
    let attribute = rules
        .set
        .attribute(slot)
        .map(ToString::to_string)
        .unwrap_or_default();
    Error::internal(format!("a run needs `{attribute}`, which nothing provides"))
}
