//! The lives of conversations, from the first word to the last.

use std::time::Duration;

use serde_json::json;
use usher_app::agents;
use usher_app::conversations::{self, Close, State, Transfer, Why};
use usher_app::feed::{Audience, Event, SenderRole};
use usher_model::id::DialogId;
use usher_routing::seat::Status;

use crate::harness::{Floor, agent, say, skill, skill_id, user};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_conversation_is_offered_accepted_held_and_closed() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;

    let view = floor.get(&id).await;
    assert_eq!(view.state, State::Offered);
    assert_eq!(view.agent_id, Some(ada.clone()));
    assert!(view.conversation.is_first);

    let view = floor.accept(&ada).await;
    assert_eq!(view.state, State::Assigned);
    assert_eq!(view.agent_id, Some(ada.clone()));
    assert_eq!(view.conversation.latest_agent_id, Some(ada.clone()));

    let consumer = floor.as_consumer("c1");
    floor
        .say(&floor.as_agent(&ada), &id, "How can I help?")
        .await
        .unwrap();
    floor
        .say(&consumer, &id, "You are great, I love it!")
        .await
        .unwrap();
    let view = floor.get(&id).await;
    assert!(view.mcs.is_some_and(|mcs| mcs > 60), "{:?}", view.mcs);

    let view = conversations::close(&floor.as_agent(&ada), &floor.app, &id, Close::default())
        .await
        .unwrap();
    assert_eq!(view.state, State::Closed);
    assert_eq!(
        view.conversation.closed.unwrap().description,
        "MANUAL_CLOSE"
    );
    assert_eq!(
        floor.story(&id).await,
        [
            "CONVERSATION_STARTED",
            "MESSAGE_SENT",
            "QUEUED",
            "OFFERED",
            "ASSIGNED",
            "MESSAGE_SENT",
            "MESSAGE_SENT",
            "DIALOG_CLOSED",
            "CONVERSATION_CLOSED",
        ]
    );
    let filter = agents::Filter::default();
    let status = agents::status(&floor.manager(), &floor.app, &filter)
        .await
        .unwrap();
    assert_eq!(status[0].assigned, 0);
    assert_eq!(status[0].ringing, 0);
}

#[tokio::test]
async fn sequences_are_gapless_and_grow() {
    let floor = Floor::start().await;
    floor.staff("ada", 3).await;
    let first = floor.open("c1").await;
    let second = floor.open("c2").await;
    let mut sequences: Vec<u64> = Vec::new();
    for id in [&first, &second] {
        sequences.extend(
            floor
                .timeline(id)
                .await
                .iter()
                .map(|happened| happened.sequence),
        );
    }
    sequences.sort_unstable();
    // The first event of the account is that the agent came.
    let expected: Vec<u64> = (2..).take(sequences.len()).collect();
    assert_eq!(sequences, expected);
}

#[tokio::test]
async fn an_offer_that_runs_out_goes_to_the_next_agent_and_keeps_its_wait() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    let bob = floor.staff("bob", 3).await;
    let since = floor
        .get(&id)
        .await
        .conversation
        .ticket
        .unwrap()
        .waiting_since;

    floor.pass(Duration::from_secs(72)).await;
    let view = floor.get(&id).await;
    assert_eq!(view.state, State::Offered);
    assert_eq!(view.agent_id, Some(bob.clone()));
    assert_eq!(view.conversation.ticket.unwrap().waiting_since, since);
    assert_eq!(floor.offers(&ada).await, []);
}

#[tokio::test]
async fn a_declined_offer_goes_to_the_next_agent() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    let bob = floor.staff("bob", 3).await;
    let offer = floor.offers(&ada).await[0].id;
    let reason = Some("lunch".to_owned());
    agents::decline(&floor.as_agent(&ada), &floor.app, offer, None, reason)
        .await
        .unwrap();
    floor.settle().await;
    assert_eq!(floor.get(&id).await.agent_id, Some(bob));
}

#[tokio::test]
async fn an_agent_who_falls_silent_loses_what_rings_and_later_what_is_held() {
    let floor = Floor::start().await;
    floor
        .set(&json!({ "routing": { "graceSeconds": 30 } }))
        .await;
    let ada = floor.hire("ada", 3).await;
    let here = agents::Availability {
        status: Status::Online,
        reason: None,
        lease: Some(Duration::from_secs(15)),
    };
    let caller = floor.as_agent(&ada);
    agents::set_availability(&caller, &floor.app, &ada, here)
        .await
        .unwrap();
    let held = floor.open("c1").await;
    floor.accept(&ada).await;
    let ringing = floor.open("c2").await;
    assert_eq!(floor.get(&ringing).await.state, State::Offered);

    floor.pass(Duration::from_secs(15)).await;
    assert_eq!(floor.get(&ringing).await.state, State::Queued);
    assert_eq!(floor.get(&held).await.state, State::Assigned);
    floor.pass(Duration::from_secs(30)).await;
    assert_eq!(floor.get(&held).await.state, State::Queued);
    assert!(floor.story(&held).await.contains(&"REQUEUED".to_owned()));
}

#[tokio::test]
async fn what_became_due_while_nobody_ran_is_done_after_the_start() {
    let mut floor = Floor::start().await;
    let ada = floor.staff("ada", 1).await;
    let id = floor.open("c1").await;
    assert_eq!(floor.get(&id).await.state, State::Offered);
    floor.clock.advance(Duration::from_secs(100));
    floor.restart().await;
    // Whoever asks has the desk loaded, and all that is due is done at once.
    floor.get(&id).await;
    floor.settle().await;
    let story = floor.story(&id).await;
    assert!(story.contains(&"OFFER_ENDED".to_owned()), "{story:?}");
    assert_eq!(floor.offers(&ada).await, []);
}

#[tokio::test]
async fn a_transfer_to_a_skill_and_to_an_agent_with_a_last_word() {
    let floor = Floor::start().await;
    floor.put(&skill("billing")).await;
    let ada = floor.staff("ada", 3).await;
    let skills = json!({ "skills": [{ "skillId": "billing" }] });
    floor.put(&user("bob", &skills)).await;
    let bob = agent("bob");
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let transfer = Transfer {
        skill_id: Some(skill_id("billing")),
        message: Some("A colleague will help you.".to_owned()),
        ..Transfer::default()
    };
    floor.set_status(&bob, Status::Online).await;
    let transferred = conversations::transfer(&floor.as_agent(&ada), &floor.app, &id, transfer)
        .await
        .unwrap();
    assert_eq!(transferred.outcome, "TRANSFERRED_SKILL");
    assert_eq!(transferred.assignment, "QUEUED");
    floor.settle().await;
    assert_eq!(floor.get(&id).await.agent_id, Some(bob.clone()));
    floor.accept(&bob).await;

    let transfer = Transfer {
        agent_id: Some(ada.clone()),
        ..Transfer::default()
    };
    let transferred = conversations::transfer(&floor.as_agent(&bob), &floor.app, &id, transfer)
        .await
        .unwrap();
    assert_eq!(transferred.outcome, "TRANSFERRED_AGENT");
    assert_eq!(transferred.assignment, "SUGGESTED");
    assert_eq!(floor.offers(&ada).await.len(), 1);
    floor.pass(2 * MINUTE).await;
    let story = floor.story(&id).await;
    assert!(
        story.contains(&"SUGGESTION_DROPPED".to_owned()),
        "{story:?}"
    );
}

#[tokio::test]
async fn private_messages_and_scores_are_not_for_consumers() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let private = conversations::Say {
        audience: Audience::AgentsAndManagers,
        ..say("He sounds angry.")
    };
    conversations::say(&floor.as_agent(&ada), &floor.app, &id, private)
        .await
        .unwrap();
    let consumer = floor.as_consumer("c1");
    let (events, _) = conversations::timeline(&consumer, &floor.app, &id, None, 100)
        .await
        .unwrap();
    let texts: Vec<&str> = events
        .iter()
        .filter_map(|happened| match &happened.event {
            Event::MessageSent(message) => Some(message.text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts, ["Hello, I need help."]);
    assert!(
        !events
            .iter()
            .any(|happened| matches!(happened.event, Event::Offered { .. }))
    );
    assert_eq!(floor.timeline(&id).await.len(), events.len() + 2);
}

#[tokio::test]
async fn a_survey_follows_the_main_dialog_and_ends_by_answer_or_time() {
    let floor = Floor::start().await;
    let mut sales = skill("sales");
    let survey = json!({ "question": "1 to 5?", "thanks": "Thanks!", "timeoutSeconds": 300 });
    sales.survey = Some(serde_json::from_value(survey).unwrap());
    floor.put(&sales).await;
    let ada = floor.staff("ada", 3).await;
    let mut ended = Vec::new();
    for consumer in ["c1", "c2"] {
        let id = floor.open(consumer).await;
        floor.accept(&ada).await;
        let main = DialogId::parse(id.as_str()).unwrap();
        let close = Close::default();
        let caller = floor.as_agent(&ada);
        conversations::close_dialog(&caller, &floor.app, &id, &main, close)
            .await
            .unwrap();
        let view = floor.get(&id).await;
        assert_eq!(view.state, State::Closed);
        assert!(view.conversation.closed.is_none());
        ended.push(id);
    }
    let consumer = floor.as_consumer("c1");
    let said = floor.say(&consumer, &ended[0], "hm").await.unwrap();
    assert!(said.sequence.is_some());
    conversations::answer_survey(&consumer, &floor.app, &ended[0], 5)
        .await
        .unwrap();
    let view = floor.get(&ended[0]).await;
    assert_eq!(view.conversation.csat, Some(5));
    assert!(view.conversation.closed.is_some());

    assert!(floor.get(&ended[1]).await.conversation.closed.is_none());
    floor.pass(5 * MINUTE).await;
    let closed = floor.get(&ended[1]).await.conversation.closed.unwrap();
    assert_eq!(closed.description, "SURVEY_TIMEOUT");
}

#[tokio::test]
async fn why_names_every_agent_of_the_skill() {
    let floor = Floor::start().await;
    floor.hire("ada", 3).await;
    floor.hire("bob", 0).await;
    floor.set_status(&agent("bob"), Status::Online).await;
    let id = floor.open("c1").await;
    let why = conversations::why(&floor.manager(), &floor.app, &id)
        .await
        .unwrap();
    let Why::Waiting {
        agents, position, ..
    } = why
    else {
        panic!("expected one that waits, found {why:?}");
    };
    assert_eq!(position.unwrap().ahead, 0);
    let reasons: Vec<_> = agents
        .iter()
        .map(|standing| (standing.agent.as_str(), standing.excluded_because))
        .collect();
    assert_eq!(
        reasons,
        [("ada", Some("OFFLINE")), ("bob", Some("AT_CAPACITY"))]
    );
}

#[tokio::test]
async fn a_manager_takes_over_joins_and_puts_back() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let eve = floor.hire("eve", 3).await;
    floor.set_status(&eve, Status::Online).await;
    let manager = usher_app::caller::Caller {
        agent: Some(eve.clone()),
        ..floor.manager()
    };
    let role = conversations::ParticipantRole::Manager;
    conversations::join(&manager, &floor.app, &id, None, role)
        .await
        .unwrap();
    floor.say(&manager, &id, "I am here, too.").await.unwrap();
    let view = conversations::take_over(&manager, &floor.app, &id, None, false)
        .await
        .unwrap();
    assert_eq!(view.agent_id, Some(eve.clone()));
    let view = conversations::release(&manager, &floor.app, &id)
        .await
        .unwrap();
    assert_eq!(view.state, State::Queued);
    let roles: Vec<SenderRole> = floor
        .timeline(&id)
        .await
        .iter()
        .filter_map(|happened| match &happened.event {
            Event::MessageSent(message) => Some(message.sender_role),
            _ => None,
        })
        .collect();
    assert_eq!(roles, [SenderRole::Consumer, SenderRole::Manager]);
}
