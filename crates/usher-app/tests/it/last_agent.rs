//! Back to the last agent: the acceptance tests of its contract.

use std::time::Duration;

use serde_json::{Value, json};
use usher_app::context::{self, Namespace, Session};
use usher_app::conversations::{self, Close, New, View};
use usher_app::error::Code;
use usher_app::feed::{Audience, Event};
use usher_app::{agents, attributes, last_agent};
use usher_context::attribute::ValueType;
use usher_model::id::{AgentId, ConsumerId, ConversationId, PolicyId};
use usher_model::role::Role;
use usher_routing::seat::Status;

use crate::harness::{Floor, skill, skill_id, user};

const MINUTE: Duration = Duration::from_secs(60);

/// A floor with agents of `sales` and a hosted bot in front of it.
pub(crate) async fn floor() -> Floor {
    let floor = Floor::start().await;
    let mut front = skill("front");
    "maven:sales".clone_into(&mut front.name);
    floor.put(&front).await;
    let bot = json!({"kind": "BOT", "role": "bot", "skills": [{"skillId": "front"}],
        "hostedBot": {"isEnabled": true}});
    floor.put(&user("concierge", &bot)).await;
    floor
}

pub(crate) async fn open(floor: &Floor, is_authenticated: bool) -> ConversationId {
    open_in(floor, "front", is_authenticated).await
}

async fn open_in(floor: &Floor, skill: &str, is_authenticated: bool) -> ConversationId {
    let new = New {
        skill_id: Some(skill_id(skill)),
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
pub(crate) async fn first(floor: &Floor, agent: &AgentId, last_words: &str) -> ConversationId {
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

pub(crate) const GOOD: &str = "You are great, I love it!";

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
async fn where_no_bot_answers_first_the_same_agent_is_met_at_once() {
    let floor = floor().await;
    let ada = floor.staff("ada", 1).await;
    first(&floor, &ada, GOOD).await;
    let grace = floor.staff("grace", 3).await;
    floor.pass(10 * MINUTE).await;
    let anonymous = open_in(&floor, "sales", false).await;
    assert_eq!(reason(&floor, &anonymous).await, None);
    floor.accept(&grace).await;
    let id = open_in(&floor, "sales", true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("LAST_AGENT"));
    assert!(floor.offers(&grace).await.is_empty());
    // Whoever does not want it leaves it to the others.
    let offer = floor.offers(&ada).await.remove(0);
    agents::decline(&floor.as_agent(&ada), &floor.app, offer.id, None, None)
        .await
        .unwrap();
    floor.settle().await;
    assert_eq!(floor.accept(&grace).await.conversation.id, id);
    assert!(
        floor
            .story(&id)
            .await
            .contains(&"SUGGESTION_DROPPED".to_owned())
    );
    // Nor is an agent waited for who is away.
    floor.set_status(&ada, Status::Away).await;
    let id = open_in(&floor, "sales", true).await;
    assert_eq!(
        reason(&floor, &id).await.as_deref(),
        Some("AGENT_NOT_ONLINE")
    );
    assert_eq!(floor.accept(&grace).await.conversation.id, id);
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

/// Waits until the agent who has the conversation was told something.
async fn told(floor: &Floor, id: &ConversationId) -> String {
    let told = async {
        loop {
            if let Some(told) = floor.get(id).await.conversation.last_contact {
                return told.kind;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), told)
        .await
        .unwrap()
}

#[tokio::test]
async fn t6_an_agent_without_the_destination_skill_is_passed_over() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    let skills = json!({"skills": [], "maxConversations": 3});
    let admin = floor.caller(Role::Admin);
    floor.put(&user("ada", &skills)).await;
    usher_app::groups::create(&admin, &floor.app, None, "reads the users again".to_owned())
        .await
        .unwrap();
    let id = open(&floor, true).await;
    assert_eq!(
        reason(&floor, &id).await.as_deref(),
        Some("AGENT_NOT_SKILLED")
    );
}

#[tokio::test]
async fn t8_another_agent_of_the_same_skill_is_told_of_the_colleague() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    floor.set_status(&ada, Status::Away).await;
    let grace = floor.staff("grace", 3).await;
    floor.pass(20 * MINUTE).await;
    let id = open(&floor, true).await;
    floor.accept(&grace).await;
    assert_eq!(told(&floor, &id).await, "SAME_SKILL");
    let contact = last_agent::last_contact(&floor.as_agent(&grace), &floor.app, &id)
        .await
        .unwrap();
    assert!(contact.is_worth_a_notice);
    let text = contact.previous.unwrap().text.unwrap();
    assert!(
        text.starts_with("This customer talked with ada 20 minutes ago"),
        "{text}"
    );
    // What was told stays as it was when this conversation closes and is remembered itself.
    conversations::close(&floor.as_agent(&grace), &floor.app, &id, Close::default())
        .await
        .unwrap();
    let contact = last_agent::last_contact(&floor.manager(), &floor.app, &id)
        .await
        .unwrap();
    assert_eq!(contact.previous.unwrap().record["latestAgentId"], "ada");
}

#[tokio::test]
async fn t9_a_conversation_that_is_closed_again_leaves_the_record_as_it_was() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    let id = first(&floor, &ada, GOOD).await;
    let before = kept(&floor).await;
    assert_eq!(before["latestAgentId"], "ada");
    assert_eq!(before["latestSkillId"], "sales");
    assert!(before["mcs"].as_u64().is_some_and(|mcs| mcs > 50));
    floor.pass(MINUTE).await;
    let caller = floor.as_agent(&ada);
    let again = conversations::close(&caller, &floor.app, &id, Close::default());
    assert_eq!(again.await.unwrap_err().code, Code::ConversationClosed);
    assert_eq!(kept(&floor).await, before);
    // The record lives as long as the settings say.
    floor.pass(Duration::from_secs(30 * 24 * 60 * 60)).await;
    assert_eq!(kept(&floor).await, Value::Null);
}

#[tokio::test]
async fn t10_a_consumer_is_routed_although_the_record_cannot_be_read() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    // Nobody could set this: it stands for a context that answers nothing.
    floor
        .set(&json!({"lastAgent": {"namespace": "no name"}}))
        .await;
    let id = open(&floor, true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("LOOKUP_ERROR"));
    let view = floor.accept(&ada).await;
    assert_eq!(view.conversation.id, id);
    assert_eq!(
        view.conversation.latest_skill_id,
        Some(skill_id("sales")),
        "where it would have gone anyway"
    );
    // Nor does it keep anybody from closing.
    conversations::close(&floor.as_agent(&ada), &floor.app, &id, Close::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn t11_a_conversation_that_a_bot_closed_supersedes_the_one_before() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    floor.put(&skill("desk")).await;
    let bot = json!({"kind": "BOT", "role": "bot", "hostedBot": {"isEnabled": true},
        "skills": [{"skillId": "front"}, {"skillId": "desk"}]});
    floor.put(&user("concierge", &bot)).await;
    let admin = floor.caller(Role::Admin);
    usher_app::groups::create(&admin, &floor.app, None, "reads the users again".to_owned())
        .await
        .unwrap();
    let new = New {
        skill_id: Some(skill_id("desk")),
        consumer_id: Some(ConsumerId::parse("carl").unwrap()),
        is_authenticated: true,
        ..New::default()
    };
    let opened = conversations::open(&floor.caller(Role::Bot), &floor.app, new).await;
    let id = opened.unwrap().conversation.id;
    floor.settle().await;
    floor.pass(MINUTE).await;
    conversations::close(&floor.caller(Role::Bot), &floor.app, &id, Close::default())
        .await
        .unwrap();
    let id = open(&floor, true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("NO_HUMAN_AGENT"));
}

/// Returns what the agent of a conversation is shown, and whether it is worth a notice.
async fn shown(floor: &Floor, id: &ConversationId) -> (Option<String>, bool) {
    let contact = last_agent::last_contact(&floor.manager(), &floor.app, id)
        .await
        .unwrap();
    let kind = contact.previous.map(|told| told.kind);
    (kind, contact.is_worth_a_notice)
}

#[tokio::test]
async fn w1_an_agent_is_told_of_their_own_conversation_ten_days_later() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    let before = first(&floor, &ada, GOOD).await;
    floor.pass(10 * 24 * 60 * MINUTE).await;
    floor.set_status(&ada, Status::Online).await;
    let id = open(&floor, true).await;
    floor.accept(&ada).await;
    assert_eq!(told(&floor, &id).await, "SAME_AGENT");
    let contact = last_agent::last_contact(&floor.as_agent(&ada), &floor.app, &id)
        .await
        .unwrap();
    assert!(contact.is_worth_a_notice);
    let previous = contact.previous.unwrap();
    assert_eq!(previous.record["conversationId"], before.as_str());
    let text = previous.text.unwrap();
    assert!(
        text.starts_with("You talked with this customer 10 days ago"),
        "{text}"
    );
}

#[tokio::test]
async fn w2_w3_a_colleague_counts_within_the_time_frame_and_in_the_same_skill() {
    for (minutes, skill, kind) in [
        (59, "front", "SAME_SKILL"),
        (61, "front", "OTHER"),
        (20, "other", "OTHER"),
    ] {
        let floor = floor().await;
        floor.put(&self::skill("other")).await;
        let ada = floor.staff("ada", 3).await;
        first(&floor, &ada, GOOD).await;
        floor.set_status(&ada, Status::Offline).await;
        floor.pass(minutes * MINUTE).await;
        let both = json!({"skills": [{"skillId": "sales"}, {"skillId": "other"}]});
        floor.put(&user("grace", &both)).await;
        let grace = crate::harness::agent("grace");
        floor.set_status(&grace, Status::Online).await;
        let new = New {
            skill_id: Some(skill_id(skill)),
            consumer_id: Some(ConsumerId::parse("carl").unwrap()),
            is_authenticated: true,
            ..New::default()
        };
        let opened = conversations::open(&floor.caller(Role::Bot), &floor.app, new).await;
        floor.settle().await;
        let id = opened.unwrap().conversation.id;
        floor.accept(&grace).await;
        assert_eq!(told(&floor, &id).await, kind, "{minutes} {skill}");
        let is_worth_it = kind == "SAME_SKILL";
        assert_eq!(
            shown(&floor, &id).await,
            (Some(kind.to_owned()), is_worth_it)
        );
        let noticed = floor.story(&id).await.contains(&"NOTICED".to_owned());
        assert_eq!(noticed, is_worth_it, "{minutes} {skill}");
    }
}

#[tokio::test]
async fn w4_w7_nothing_is_looked_up_until_the_consumer_is_known() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    let new = New {
        skill_id: Some(skill_id("sales")),
        consumer_id: Some(ConsumerId::parse("somebody").unwrap()),
        ..New::default()
    };
    let opened = conversations::open(&floor.caller(Role::Bot), &floor.app, new).await;
    floor.settle().await;
    let id = opened.unwrap().conversation.id;
    floor.accept(&ada).await;
    assert_eq!(shown(&floor, &id).await, (None, false));
    let carl = ConsumerId::parse("carl").unwrap();
    conversations::identify(&floor.caller(Role::Bot), &floor.app, &id, carl)
        .await
        .unwrap();
    assert_eq!(told(&floor, &id).await, "SAME_AGENT");
    assert_eq!(
        shown(&floor, &id).await,
        (Some("SAME_AGENT".to_owned()), true)
    );
}

#[tokio::test]
async fn w6_a_colleague_who_gets_the_conversation_is_told_anew() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    let id = open(&floor, true).await;
    floor.accept(&ada).await;
    assert_eq!(told(&floor, &id).await, "SAME_AGENT");
    let grace = floor.staff("grace", 3).await;
    let to = conversations::Transfer {
        agent_id: Some(grace.clone()),
        ..conversations::Transfer::default()
    };
    conversations::transfer(&floor.as_agent(&ada), &floor.app, &id, to)
        .await
        .unwrap();
    floor.settle().await;
    floor.accept(&grace).await;
    let anew = async {
        while told(&floor, &id).await != "SAME_SKILL" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), anew)
        .await
        .unwrap();
    assert_eq!(
        shown(&floor, &id).await,
        (Some("SAME_SKILL".to_owned()), true)
    );
    let story = floor.story(&id).await;
    assert_eq!(story.iter().filter(|name| *name == "NOTICED").count(), 2);
    // The one who gave it away is shown nothing of a colleague's.
    let contact = last_agent::last_contact(&floor.as_agent(&ada), &floor.app, &id).await;
    let previous = contact.unwrap().previous.unwrap();
    assert_eq!(previous.agent_id, grace);
}

#[tokio::test]
async fn la_73_the_knobs_may_stand_as_custom_attributes() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    knob(&floor, "lastAgentMcsThreshold", 100).await;
    let id = open(&floor, true).await;
    assert_eq!(
        reason(&floor, &id).await.as_deref(),
        Some("MCS_NOT_ABOVE_THRESHOLD")
    );
}

#[tokio::test]
async fn the_same_rule_is_a_policy() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    let manager = floor.manager();
    let (mut settings, _) = usher_app::settings::get(&manager, &floor.app)
        .await
        .unwrap();
    settings.last_agent.is_enabled = false;
    settings.expression_extensions = true;
    usher_app::settings::put(&manager, &floor.app, settings, None)
        .await
        .unwrap();
    knob(&floor, "lastAgentMcsThreshold", 50).await;
    knob(&floor, "lastAgentTimeFrameSeconds", 3_600).await;
    let policy = json!({
        "name": "back to the last agent",
        "expression": "last_agent.agentType == 'HUMAN' and last_agent.mcs > custom.lastAgentMcsThreshold \
            and now() - last_agent.closedAt / 1000 <= custom.lastAgentTimeFrameSeconds",
        "actions": [{"type": "TRANSFER_TO_AGENT", "payload": {
            "userId": "{{last_agent.latestAgentId}}", "skillId": "{{orchestrator.targetSkillId}}"}}],
    });
    let made = usher_app::policies::create(&manager, &floor.app, &policy)
        .await
        .unwrap();
    let policy = PolicyId::parse(made.document["id"].as_str().unwrap()).unwrap();
    usher_app::policies::set_enabled(&manager, &floor.app, &policy, true, None)
        .await
        .unwrap();
    let grace = floor.staff("grace", 3).await;
    let id = open(&floor, true).await;
    assert_eq!(floor.offers(&ada).await.len(), 1);
    assert!(floor.offers(&grace).await.is_empty());
    // The built-in step is not taken when a policy has named an agent.
    assert_eq!(reason(&floor, &id).await, None);
    floor.pass(61 * MINUTE).await;
    floor.set_status(&ada, Status::Online).await;
    floor.set_status(&grace, Status::Online).await;
    let id = open(&floor, true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("DISABLED"));
}

#[tokio::test]
async fn an_erased_consumer_has_no_last_agent() {
    let floor = floor().await;
    let ada = floor.staff("ada", 3).await;
    first(&floor, &ada, GOOD).await;
    let carl = ConsumerId::parse("carl").unwrap();
    usher_app::erasure::erase(&floor.manager(), &floor.app, &carl)
        .await
        .unwrap();
    assert_eq!(kept(&floor).await, Value::Null);
    let id = open(&floor, true).await;
    assert_eq!(reason(&floor, &id).await.as_deref(), Some("NO_RECORD"));
}

/// Returns what is remembered of Carl.
async fn kept(floor: &Floor) -> Value {
    let namespace = Namespace::parse("last_agent").unwrap();
    let session = Session::parse("carl").unwrap();
    let manager = floor.manager();
    let read = context::read(&manager, &floor.app, &namespace, &session);
    let read = read.await.unwrap();
    read.map_or(Value::Null, |read| Value::Object(read.payload()))
}

/// Sets a custom attribute.
async fn knob(floor: &Floor, name: &str, value: u64) {
    let new = attributes::New {
        name: name.to_owned(),
        value_type: ValueType::Number,
        origin: attributes::Origin::Static(value.into()),
        description: String::new(),
        is_sensitive: false,
    };
    attributes::create(&floor.manager(), &floor.app, new)
        .await
        .unwrap();
}
