//! Back to the last agent: the acceptance tests of its contract.

use std::time::Duration;

use serde_json::json;
use usher_app::conversations::{self, Close, New, View};
use usher_app::feed::{Audience, Event};
use usher_model::id::{AgentId, ConsumerId, ConversationId};
use usher_model::role::Role;
use usher_routing::seat::Status;

use crate::harness::{Floor, skill, skill_id, user};

const MINUTE: Duration = Duration::from_secs(60);

/// A floor with agents of `sales` and a hosted bot in front of it.
async fn floor() -> Floor {
    let floor = Floor::start().await;
    let mut front = skill("front");
    "maven:sales".clone_into(&mut front.name);
    floor.put(&front).await;
    let bot = json!({"kind": "BOT", "role": "bot", "skills": [{"skillId": "front"}],
        "hostedBot": {"isEnabled": true}});
    floor.put(&user("concierge", &bot)).await;
    floor
}

async fn open(floor: &Floor, is_authenticated: bool) -> ConversationId {
    let new = New {
        skill_id: Some(skill_id("front")),
        consumer_id: Some(ConsumerId::parse("carl").unwrap()),
        is_authenticated,
        message: Some("Hello.".to_owned()),
        ..New::default()
    };
    let opened = conversations::open(&floor.caller(Role::Bot), &floor.app, new).await;
    floor.settle().await;
    opened.unwrap().conversation.id
}

/// A conversation of Carl's with the agent that ends well.
async fn first(floor: &Floor, agent: &AgentId, last_words: &str) -> ConversationId {
    let id = open(floor, true).await;
    floor.accept(agent).await;
    floor
        .say(&floor.as_consumer("carl"), &id, last_words)
        .await
        .unwrap();
    conversations::close(&floor.as_agent(agent), &floor.app, &id, Close::default())
        .await
        .unwrap();
    id
}

async fn reason(floor: &Floor, id: &ConversationId) -> Option<String> {
    let timeline = floor.timeline(id).await;
    timeline
        .iter()
        .rev()
        .find_map(|happened| match &happened.event {
            Event::LastAgentConsidered { reason, .. } => Some(reason.clone()),
            _ => None,
        })
}

const GOOD: &str = "You are great, I love it!";

#[tokio::test]
async fn t1_t2_a_consumer_who_comes_back_soon_meets_the_same_agent() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    let grace = floor.staff("grace", 3).await;
    floor.pass(10 * MINUTE).await;
    let id = open(&floor, true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("LAST_AGENT"));
    assert!(floor.offers(&grace).await.is_empty());
    floor.accept(&ada).await;
    let noticed = async {
        while !floor.story(&id).await.contains(&"NOTICED".to_owned()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noticed)
        .await
        .unwrap();
    let carl = floor.as_consumer("carl");
    let (seen, _) = conversations::timeline(&carl, &floor.app, &id, None, 1_000)
        .await
        .unwrap();
    let private = |event: &Event| matches!(event, Event::MessageSent(message) if message.audience == Audience::AgentsAndManagers);
    assert!(!seen.iter().any(|happened| private(&happened.event)));
    let all = floor.timeline(&id).await;
    assert_eq!(
        all.iter()
            .filter(|happened| private(&happened.event))
            .count(),
        1
    );
    let view: View = floor.get(&id).await;
    assert_eq!(view.conversation.last_contact.unwrap().kind, "SAME_AGENT");
}

#[tokio::test]
async fn t3_t4_a_score_at_the_threshold_goes_to_the_skill_until_the_threshold_is_lowered() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, "The box is on the table.").await;
    let id = open(&floor, true).await;
    assert_eq!(
        reason(&floor, &id).await.as_deref(),
        Some("MCS_NOT_ABOVE_THRESHOLD")
    );
    let manager = floor.manager();
    let (mut settings, revision) = usher_app::settings::get(&manager, &floor.app)
        .await
        .unwrap();
    settings.last_agent.mcs_threshold = 40;
    usher_app::settings::put(&manager, &floor.app, settings, Some(revision))
        .await
        .unwrap();
    let id = open(&floor, true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("LAST_AGENT"));
}

#[tokio::test]
async fn t5_after_the_time_frame_the_conversation_goes_to_the_skill() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    floor.pass(61 * MINUTE).await;
    floor.set_status(&ada, Status::Online).await;
    let id = open(&floor, true).await;
    assert_eq!(
        reason(&floor, &id).await.as_deref(),
        Some("OUTSIDE_TIME_FRAME")
    );
}

#[tokio::test]
async fn t6_an_agent_who_cannot_take_it_is_passed_over_for_a_reason() {
    let floor = floor().await;
    let ada = floor.staff("ada", 1).await;
    first(&floor, &ada, GOOD).await;
    floor.set_status(&ada, Status::Away).await;
    let away = open(&floor, true).await;
    assert_eq!(
        reason(&floor, &away).await.as_deref(),
        Some("AGENT_NOT_ONLINE")
    );
    floor.set_status(&ada, Status::Offline).await;
    let offline = open(&floor, true).await;
    assert_eq!(
        reason(&floor, &offline).await.as_deref(),
        Some("AGENT_OFFLINE")
    );
    floor.set_status(&ada, Status::Online).await;
    floor.settle().await;
    floor.accept(&ada).await;
    let full = open(&floor, true).await;
    assert_eq!(
        reason(&floor, &full).await.as_deref(),
        Some("AGENT_AT_CAPACITY")
    );
}

#[tokio::test]
async fn t7_nothing_is_written_or_read_about_a_consumer_who_is_not_authenticated() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    let id = open(&floor, false).await;
    floor.accept(&ada).await;
    conversations::close(&floor.as_agent(&ada), &floor.app, &id, Close::default())
        .await
        .unwrap();
    assert_eq!(
        reason(&floor, &id).await.as_deref(),
        Some("UNAUTHENTICATED")
    );
    let id = open(&floor, true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("NO_RECORD"));
}

#[tokio::test]
async fn t12_an_agent_who_is_too_late_leaves_the_conversation_to_the_skill() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    let id = open(&floor, true).await;
    assert_eq!(floor.offers(&ada).await.len(), 1);
    let grace = floor.staff("grace", 3).await;
    for _ in 0..5 {
        floor.pass(MINUTE).await;
    }
    let story = floor.story(&id).await;
    assert!(
        story.contains(&"SUGGESTION_DROPPED".to_owned()),
        "{story:?}"
    );
    assert!(!floor.offers(&grace).await.is_empty() || !floor.offers(&ada).await.is_empty());
}
