//! What a decision means for a conversation: what is said, and where it goes.

use usher_model::id::{AccountId, AgentId, SkillId};
use usher_model::value::{self, Value};
use usher_policy::document::ActionKind;
use usher_store::record::User;
use usher_store::record::event::ActionOutcome;

use crate::decisions::Action;
use crate::desks::Rules;

/// What names the skill that a conversation is really for.
pub(super) const PREFIX: &str = "maven:";

/// Where a conversation is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) agent: Option<AgentId>,
    pub(super) skill: Option<SkillId>,
}

/// What the actions of a decision ask for.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What the consumer is told, in order.
    pub(super) messages: Vec<String>,
    /// Where the conversation goes; nothing leaves that to the fallback.
    pub(super) target: Option<Target>,
    /// Every action, with what comes of it.
    pub(super) outcomes: Vec<ActionOutcome>,
}

impl Plan {
    /// Reads the actions up to the first transfer.
    pub(super) fn of(account: &AccountId, actions: &[Action]) -> Self {
        let mut plan = Self::default();
        for action in actions {
            let text = |names: [&str; 2]| {
                let found = names.iter().find_map(|name| action.payload.get(*name));
                found.map(value::text).filter(|text| !text.is_empty())
            };
            let outcome = match action.kind {
                _ if plan.target.is_some() => "NOT_REACHED",
                ActionKind::SendMessage => match text(["message", "text"]) {
                    Some(message) => {
                        plan.messages.push(message);
                        "DONE"
                    }
                    None => "INVALID",
                },
                ActionKind::TransferToSkill => match skill(text(["skillId", "skill"])) {
                    Some(skill) => {
                        plan.target = Some(Target {
                            agent: None,
                            skill: Some(skill),
                        });
                        "DONE"
                    }
                    None => "INVALID",
                },
                ActionKind::TransferToAgent => match agent(account, text(["agentId", "userId"])) {
                    Some(agent) => {
                        plan.target = Some(Target {
                            agent: Some(agent),
                            skill: skill(text(["skillId", "fallbackSkillId"])),
                        });
                        "DONE"
                    }
                    None => "INVALID",
                },
                ActionKind::SetContext
                | ActionKind::SetQueuePriority
                | ActionKind::CloseConversation
                | ActionKind::Unknown(_) => "UNSUPPORTED",
            };
            plan.outcomes.push(ActionOutcome {
                action: serde_json::json!({
                    "type": action.kind.as_str(), "payload": action.payload,
                }),
                outcome: outcome.to_owned(),
            });
        }
        plan
    }

    /// Says what came of the transfer, if one was asked for.
    pub(super) fn transferred(&mut self, outcome: &str) {
        let transfer = self.outcomes.iter_mut().rfind(|one| {
            let kind = one.action.get("type").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.starts_with("TRANSFER")) && one.outcome == "DONE"
        });
        if let Some(transfer) = transfer {
            outcome.clone_into(&mut transfer.outcome);
        }
    }
}

/// Reads a skill; `-1` is none.
fn skill(text: Option<String>) -> Option<SkillId> {
    SkillId::parse(&text.filter(|text| text != "-1")?).ok()
}

/// Reads an agent, who may be written with the account before.
fn agent(account: &AccountId, text: Option<String>) -> Option<AgentId> {
    let text = text?;
    let bare = text
        .strip_prefix(account.as_str())
        .and_then(|rest| rest.strip_prefix('.'));
    AgentId::parse(bare.unwrap_or(&text)).ok()
}

/// Returns the skill that the bot's skill stands in front of, by its name.
pub(super) fn origin(rules: &Rules, skill: Option<&SkillId>) -> Origin {
    let name = skill
        .and_then(|skill| rules.skills.get(skill))
        .and_then(|skill| skill.name.strip_prefix(PREFIX))
        .map(str::trim);
    let Some(name) = name else {
        return Origin::default();
    };
    let lower = name.to_lowercase();
    let named = rules
        .skills
        .values()
        .find(|skill| skill.name.to_lowercase() == lower);
    Origin {
        name: Some(name.to_owned()),
        skill: named.map(|skill| skill.id.clone()),
    }
}

/// The skill that a conversation is really for.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// What the bot's skill calls it.
    pub(super) name: Option<String>,
    /// The skill, if there is one of that name.
    pub(super) skill: Option<SkillId>,
}

/// Returns where a conversation goes that no policy transferred, in order; not to the bot itself.
pub(super) fn fallbacks(rules: &Rules, bot: &User, origin: &Origin) -> Vec<SkillId> {
    let of_bot = bot
        .hosted_bot
        .as_ref()
        .and_then(|bot| bot.fallback_skill_id.clone());
    let of_account = rules.settings.default_fallback_skill_id.clone();
    let is_own = |id: &SkillId| bot.skills.iter().any(|skill| skill.skill_id == *id);
    let mut chain: Vec<SkillId> = Vec::new();
    for id in [origin.skill.clone(), of_bot, of_account]
        .into_iter()
        .flatten()
    {
        if rules.skills.contains_key(&id) && !is_own(&id) && !chain.contains(&id) {
            chain.push(id);
        }
    }
    chain
}

/// Returns the properties of `orchestrator.` that are known before the policies are asked.
pub(super) fn facts(
    channel: Option<&str>,
    message: Option<&str>,
    origin: &Origin,
) -> Vec<(&'static str, Value)> {
    let target = origin.skill.as_ref().map(SkillId::as_str);
    [
        ("channel", channel),
        ("userMessage", message),
        ("originalSkillName", origin.name.as_deref()),
        ("originalSkillId", target),
        ("targetSkillId", target),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, Value::from(value?))))
    .collect()
}
