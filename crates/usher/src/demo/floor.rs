//! The demo's floor: who works there, where visitors come in, and who waits at the first look.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;
use usher_app::caller::Caller;
use usher_app::conversations::{self, New};
use usher_app::users::{self, UserSkill};
use usher_app::{App, bot, engagements, sdes, settings, sign_ins};
use usher_model::id::{ConsumerId, EngagementId, SkillId, UserId};

use super::{AgentLink, know, object};

/// The advisor of the demo's VIPs.
const ADVISOR: &str = "4711";

/// Who answers.
const AGENTS: &[(&str, &str, &[&str])] = &[
    (ADVISOR, "Nora", &["1001", "1002", "1003"]),
    ("4712", "Tom", &["1001", "1003"]),
];

/// How many conversations one of them has at once.
const PLACES: i32 = 3;

/// The skill in front of which the hosted bot stands.
const ENTRY: &str = "Service";

/// Where visitors come in.
const ENGAGEMENT: &str = "shop";

/// Consumers who wait at the first look, what a bot knows of them, and what they write.
const WAITING: &[(&str, &str, &str)] = &[
    ("bob", "order status", "Hi, where is my order?"),
    (
        "grace",
        "scheduling",
        "Can you deliver it on Friday instead?",
    ),
    ("carol", "opening hours", "When can I come by?"),
];

pub(super) async fn fill(app: &Arc<App>, caller: &Caller) -> Result<()> {
    for (id, name, skills) in AGENTS {
        let skill = |id: &&str| -> Result<UserSkill> {
            Ok(UserSkill {
                skill_id: SkillId::parse(id)?,
                proficiency: 5,
            })
        };
        let written = users::Written {
            email: Some(format!("{}@example.com", name.to_lowercase())),
            skills: skills.iter().map(skill).collect::<Result<_>>()?,
            max_conversations: Some(PLACES),
            ..users::Written::new(*name)
        };
        users::create(caller, app, Some(UserId::parse(id)?), written).await?;
    }
    let front = bot::stand_in_front(caller, app, ENTRY, None).await?;
    // Wherever somebody comes in, the policies are asked.
    let (mut settings, _) = settings::get(caller, app).await?;
    settings.routing.default_skill_id = Some(front.skill.id.clone());
    settings::put(caller, app, settings, None).await?;
    let written = engagements::Written {
        name: "Shop".to_owned(),
        skill_id: Some(front.skill.id),
        campaign: None,
        is_enabled: true,
        messenger: engagements::Messenger {
            title: Some("Ask the shop".to_owned()),
            greeting: Some("Hi! Ask about an order, or anything else.".to_owned()),
            color: None,
        },
    };
    let engagement = EngagementId::parse(ENGAGEMENT)?;
    engagements::create(caller, app, Some(engagement.clone()), written).await?;
    for (name, intent, message) in WAITING {
        let known = json!({ "intent": intent, "name": name, "advisorId": ADVISOR });
        know(caller, app, name, known).await?;
        let new = New {
            engagement_id: Some(engagement.clone()),
            consumer_id: Some(ConsumerId::parse(name)?),
            is_authenticated: true,
            sdes: Some(sdes::Said {
                customer_info: object(json!({ "email": format!("{name}@example.com") })),
                is_authenticated: true,
                ..sdes::Said::default()
            }),
            message: Some((*message).to_owned()),
            ..New::default()
        };
        conversations::open(caller, app, new).await?;
    }
    Ok(())
}

/// Returns a way in for the advisor, unless they have one, or are there no more.
pub(super) async fn link(caller: &Caller, app: &App) -> Result<Option<AgentLink>> {
    let users = users::list(caller, app).await?;
    let Some(advisor) = users.into_iter().find(|user| user.id.as_str() == ADVISOR) else {
        return Ok(None);
    };
    let link = sign_ins::link_if_new(caller, app, &advisor.id).await?;
    let name = advisor.is.name;
    Ok(link.map(|link| AgentLink { name, link }))
}

/// Returns where visitors come in, if that is still there.
pub(super) async fn engagement(caller: &Caller, app: &App) -> Result<Option<EngagementId>> {
    let engagements = engagements::list(caller, app).await?;
    let mut ids = engagements.into_iter().map(|kept| kept.record.id);
    Ok(ids.find(|id| id.as_str() == ENGAGEMENT))
}
