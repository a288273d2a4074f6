//! What agents, skills and groups are called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_app::App;
use usher_app::agents::{self, AgentStatus, Filter};
use usher_app::caller::Caller;
use usher_app::error::Error;
use usher_app::{groups, skills};
use usher_model::id::{AgentId, GroupId, SkillId};
use usher_routing::seat::Kind;

use super::super::shape::{Id, UNASSIGNED};
use super::Story;

/// The names of an account, and of the agents who are told of.
#[derive(Debug)]
pub(super) struct Names {
    agents: BTreeMap<String, AgentStatus>,
    skills: BTreeMap<SkillId, String>,
    groups: BTreeMap<GroupId, String>,
}

/// What is told of an agent; of one who was removed, the id.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) id: String,
    pub(super) full_name: String,
    pub(super) nickname: String,
    pub(super) login_name: String,
    pub(super) is_bot: bool,
    pub(super) is_deleted: bool,
    group_id: Option<GroupId>,
}

impl Names {
    /// Reads what skills and groups are called, and the agents of these conversations.
    pub(super) async fn read(
        caller: &Caller,
        app: &Arc<App>,
        stories: &[Story],
    ) -> Result<Self, Error> {
        let conversations = stories.iter().map(|story| &story.view.conversation);
        let took_part = conversations.flat_map(|conversation| {
            let participants = conversation.participants.iter();
            let ids = participants.filter_map(|one| AgentId::parse(one.id.as_str()).ok());
            ids.chain(conversation.latest_agent_id.clone())
        });
        let filter = Filter {
            agents: took_part.collect::<BTreeSet<_>>().into_iter().collect(),
            ..Filter::default()
        };
        let agents = match filter.agents.is_empty() {
            true => Vec::new(),
            false => agents::status(caller, app, &filter).await?,
        };
        let skills = skills::list(caller, app).await?.into_iter();
        let groups = groups::list(caller, app).await?.into_iter();
        Ok(Self {
            agents: agents
                .into_iter()
                .map(|status| (status.agent.to_string(), status))
                .collect(),
            skills: skills
                .map(|kept| (kept.record.id, kept.record.name))
                .collect(),
            groups: groups
                .map(|kept| (kept.record.id, kept.record.name))
                .collect(),
        })
    }

    pub(super) fn agent(&self, id: &str) -> Agent {
        let known = self.agents.get(id);
        let name = known.map_or(id, |status| &status.name);
        let nickname = known.and_then(|status| status.nickname.as_deref());
        let email = known.and_then(|status| status.email.as_deref());
        Agent {
            id: id.to_owned(),
            full_name: name.to_owned(),
            nickname: nickname.unwrap_or(name).to_owned(),
            login_name: email.unwrap_or(id).to_owned(),
            is_bot: known.is_some_and(|status| status.kind != Kind::Human),
            is_deleted: known.is_none(),
            group_id: known.and_then(|status| status.group_id.clone()),
        }
    }

    /// Returns the id and the name of a skill.
    pub(super) fn skill(&self, skill: Option<&SkillId>) -> (Id, String) {
        let name = match skill {
            Some(skill) => self
                .skills
                .get(skill)
                .map_or(skill.as_str(), String::as_str),
            None => UNASSIGNED,
        };
        (
            Id::or_unassigned(skill.map(SkillId::as_str)),
            name.to_owned(),
        )
    }

    /// Returns the id and the name of an agent's group.
    pub(super) fn group(&self, agent: Option<&Agent>) -> (Id, String) {
        let group = agent.and_then(|agent| agent.group_id.as_ref());
        let name = group.and_then(|group| self.groups.get(group));
        (
            Id::or_unassigned(group.map(GroupId::as_str)),
            name.map_or(UNASSIGNED, String::as_str).to_owned(),
        )
    }
}
