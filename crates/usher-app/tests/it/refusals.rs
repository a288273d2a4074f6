//! What is refused, and how: clear errors, and nothing changed.

use std::time::Duration;

use usher_app::agents;
use usher_app::conversations::{self, Close, New, State, Transfer};
use usher_app::error::{Code, Kind};
use usher_model::id::{ConversationId, OfferId};
use usher_model::limits;
use usher_routing::seat::Status;
use usher_store::record;

use crate::harness::{Floor, agent, as_consumer, named, say, skill, skill_id};

#[tokio::test]
async fn an_offer_is_accepted_once_by_its_agent_and_in_time() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    floor.staff("bob", 3).await;
    let bob = agent("bob");
    floor.open("c1").await;
    let (holder, other) = match floor.offers(&ada).await.is_empty() {
        false => (&ada, &bob),
        true => (&bob, &ada),
    };
    let offer = floor.offers(holder).await[0].id;
    let accept = |agent| agents::accept(agent, &floor.app, offer, None);
    let by_other = floor.as_agent(other);
    assert_eq!(accept(&by_other).await.unwrap_err().code, Code::OfferGone);
    let by_holder = floor.as_agent(holder);
    accept(&by_holder).await.unwrap();
    assert_eq!(accept(&by_holder).await.unwrap_err().code, Code::OfferGone);

    let id = floor.open("c2").await;
    let holder = floor.get(&id).await.agent_id.unwrap();
    let late = floor.offers(&holder).await[0].id;
    // The clock alone: nobody has withdrawn the offer yet.
    floor.clock.advance(Duration::from_secs(72));
    let caller = floor.as_agent(&holder);
    let refused = agents::accept(&caller, &floor.app, late, None)
        .await
        .unwrap_err();
    assert!(
        matches!(refused.code, Code::OfferExpired | Code::OfferGone),
        "{refused}"
    );
}

#[tokio::test]
async fn two_agents_cannot_both_accept() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    let offer = floor.offers(&ada).await[0].id;
    let manager = floor.manager();
    let (first, second) = tokio::join!(
        agents::accept(&manager, &floor.app, offer, None),
        agents::accept(&manager, &floor.app, offer, None),
    );
    let wins = [&first, &second]
        .iter()
        .filter(|answer| answer.is_ok())
        .count();
    assert_eq!(wins, 1);
    let story = floor.story(&id).await;
    assert_eq!(story.iter().filter(|name| *name == "ASSIGNED").count(), 1);
}

#[tokio::test]
async fn nothing_is_said_in_a_closed_conversation() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let caller = floor.as_consumer("c1");
    conversations::close(&caller, &floor.app, &id, Close::default())
        .await
        .unwrap();
    let refused = floor.say(&caller, &id, "one more thing").await.unwrap_err();
    assert_eq!(refused.code, Code::ConversationClosed);
    let refused = conversations::close(&caller, &floor.app, &id, Close::default()).await;
    assert_eq!(refused.unwrap_err().code, Code::ConversationClosed);
    let nowhere = ConversationId::parse("nowhere").unwrap();
    let refused = floor.say(&caller, &nowhere, "hello?").await.unwrap_err();
    assert_eq!(refused.code, Code::ConversationNotFound);
}

#[tokio::test]
async fn a_named_message_is_one_message() {
    let floor = Floor::start().await;
    floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    let consumer = floor.as_consumer("c1");
    let first = conversations::say(&consumer, &floor.app, &id, named("a", "m1"))
        .await
        .unwrap();
    let again = conversations::say(&consumer, &floor.app, &id, named("a", "m1"))
        .await
        .unwrap();
    assert!(again.is_repeat);
    assert_eq!(again.message_id, first.message_id);
    assert_eq!(again.sequence, first.sequence);
    let other = conversations::say(&consumer, &floor.app, &id, named("b", "m1")).await;
    assert_eq!(other.unwrap_err().code, Code::MessageConflict);
    // At the same time, too.
    let (left, right) = tokio::join!(
        conversations::say(&consumer, &floor.app, &id, named("c", "m2")),
        conversations::say(&consumer, &floor.app, &id, named("c", "m2")),
    );
    assert_eq!(left.unwrap().message_id, right.unwrap().message_id);
    let story = floor.story(&id).await;
    assert_eq!(
        story.iter().filter(|name| *name == "MESSAGE_SENT").count(),
        3
    );
}

#[tokio::test]
async fn messages_have_a_bound_and_consumers_a_rate() {
    let floor = Floor::start().await;
    floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    let consumer = floor.as_consumer("c1");
    let longest = "x".repeat(limits::CONVERSATION_MESSAGE_CHARS_MAX);
    floor.say(&consumer, &id, &longest).await.unwrap();
    let refused = floor
        .say(&consumer, &id, &format!("{longest}x"))
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::MessageTooLarge);
    assert_eq!(
        floor.say(&consumer, &id, " ").await.unwrap_err().code,
        Code::FieldInvalid
    );
    let mut refused = None;
    for _ in 0..limits::CONSUMER_MESSAGES_BURST {
        refused = floor.say(&consumer, &id, "again").await.err();
    }
    let refused = refused.unwrap();
    assert_eq!(refused.code, Code::RateLimited);
    assert!(refused.retry_after.is_some());
}

#[tokio::test]
async fn a_conversation_is_its_own_peoples_affair() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let bob = floor.hire("bob", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    for stranger in [floor.as_consumer("c2"), floor.as_agent(&bob)] {
        let refused = conversations::get(&stranger, &floor.app, &id)
            .await
            .unwrap_err();
        assert_eq!(refused.code, Code::ConversationNotFound);
        let refused = floor.say(&stranger, &id, "hi").await.unwrap_err();
        assert_eq!(refused.code, Code::ConversationNotFound);
        let transfer = Transfer {
            skill_id: Some(skill_id("sales")),
            ..Transfer::default()
        };
        let refused = conversations::transfer(&stranger, &floor.app, &id, transfer).await;
        assert_eq!(refused.unwrap_err().code, Code::ConversationNotFound);
    }
    let consumer = floor.as_consumer("c1");
    let refused = conversations::why(&consumer, &floor.app, &id)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), Kind::Forbidden);
    let named = conversations::say(&consumer, &floor.app, &id, as_consumer("me")).await;
    named.unwrap();
    let as_ada = conversations::Say {
        speaker: Some(conversations::As::Agent(ada.clone())),
        ..say("I am not Ada")
    };
    let refused = conversations::say(&consumer, &floor.app, &id, as_ada)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), Kind::Forbidden);
}

#[tokio::test]
async fn a_transfer_that_cannot_be_leaves_everything_where_it_was() {
    let floor = Floor::start().await;
    let mut closed = skill("closed");
    closed.is_enabled = false;
    floor.put(&closed).await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let caller = floor.as_agent(&ada);
    let try_it = async |agent_id: Option<&str>, skill: Option<&str>| {
        let transfer = Transfer {
            agent_id: agent_id.map(agent),
            skill_id: skill.map(skill_id),
            ..Transfer::default()
        };
        let refused = conversations::transfer(&caller, &floor.app, &id, transfer).await;
        refused.unwrap_err().code
    };
    assert_eq!(try_it(Some("nobody"), None).await, Code::FieldInvalid);
    assert_eq!(try_it(None, Some("nothing")).await, Code::FieldInvalid);
    assert_eq!(try_it(None, None).await, Code::FieldInvalid);
    assert_eq!(try_it(None, Some("closed")).await, Code::TransferRejected);
    assert_eq!(try_it(Some("ada"), None).await, Code::TransferRejected);
    assert_eq!(floor.get(&id).await.agent_id, Some(ada));
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let floor = Floor::start().await;
    let manager = floor.manager();
    let nobody = agent("nobody");
    let availability = agents::Availability {
        status: Status::Online,
        reason: None,
        lease: None,
    };
    let set = agents::set_availability(&manager, &floor.app, &nobody, availability);
    assert_eq!(set.await.unwrap_err().code, Code::AgentNotFound);
    let new = New {
        skill_id: Some(skill_id("nothing")),
        ..New::default()
    };
    let refused = conversations::open(&manager, &floor.app, new)
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::FieldInvalid);
    let text = "0198f5c2-7a4e-7000-8000-000000000001";
    let offer = OfferId::parse(text).unwrap();
    let refused = agents::accept(&manager, &floor.app, offer, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::OfferGone);
}

#[tokio::test]
async fn an_agent_with_no_places_gets_nothing() {
    let floor = Floor::start().await;
    floor.staff("ada", 0).await;
    let id = floor.open("c1").await;
    assert_eq!(floor.get(&id).await.state, State::Queued);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_of_an_offer_in_the_store_can_accept_it() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 100).await;
    let manager = floor.manager();
    for number in 0..50 {
        let new = New {
            skill_id: Some(skill_id("sales")),
            ..New::default()
        };
        let caller = floor.as_consumer(&format!("c{number}"));
        let opened = conversations::open(&caller, &floor.app, new).await;
        let id = opened.unwrap().conversation.id;
        // The row may tell of the offer before the desk has taken over that it was written.
        let offer = loop {
            let ticket = floor.get(&id).await.conversation.ticket.unwrap();
            if let record::TicketState::Offered { offer_id, .. } = ticket.state {
                break offer_id;
            }
            tokio::task::yield_now().await;
        };
        let view = agents::accept(&manager, &floor.app, offer, None).await;
        assert_eq!(view.unwrap().agent_id, Some(ada.clone()));
    }
}
