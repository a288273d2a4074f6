//! Live updates: nothing is missed and nothing comes twice, wherever the connection breaks.

use std::sync::Arc;

use usher_app::conversations::{self, Close};
use usher_app::error::Kind;
use usher_app::feed::{self, Event, Happened, Item, Scope, Signal, Subscription};
use usher_model::id::ParticipantId;
use usher_model::limits;

use crate::harness::{Floor, name};

async fn next(subscription: &mut Subscription) -> Arc<Happened> {
    loop {
        match subscription.next().await.unwrap() {
            Item::Happened(happened) => return happened,
            Item::Signal(_) => {}
            Item::CutOff => panic!("expected an event, was cut off"),
        }
    }
}

async fn told(subscription: &mut Subscription) -> String {
    name(&*next(subscription).await)
}

#[tokio::test]
async fn a_subscriber_is_told_what_happens() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let caller = floor.as_agent(&ada);
    let scope = Scope::Agent(ada.clone());
    let mut subscription = feed::subscribe(&caller, &floor.app, scope, None)
        .await
        .unwrap();
    let id = floor.open("c1").await;
    let offered = next(&mut subscription).await;
    assert_eq!(name(&offered), "OFFERED");
    assert_eq!(offered.conversation_id, Some(id.clone()));
    floor.accept(&ada).await;
    assert_eq!(told(&mut subscription).await, "ASSIGNED");
    floor
        .say(&floor.as_consumer("c1"), &id, "hello?")
        .await
        .unwrap();
    assert_eq!(told(&mut subscription).await, "MESSAGE_SENT");
}

#[tokio::test]
async fn reconnecting_at_any_point_misses_nothing_and_repeats_nothing() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 50).await;
    let manager = floor.manager();
    let mut seen: Vec<u64> = Vec::new();
    let mut cursor = 0;
    let mut cuts = [1_usize, 7, 2, 5, 3, 11].into_iter().cycle();
    for round in 0..40 {
        let subscription = feed::subscribe(&manager, &floor.app, Scope::Account, Some(cursor));
        let mut subscription = subscription.await.unwrap();
        let id = floor.open(&format!("c{round}")).await;
        floor.accept(&ada).await;
        if round % 3 == 0 {
            let closed = conversations::close(&manager, &floor.app, &id, Close::default());
            closed.await.unwrap();
        }
        for _ in 0..cuts.next().unwrap() {
            let last = floor.timeline(&id).await.last().unwrap().sequence;
            if cursor >= last {
                break;
            }
            let happened = next(&mut subscription).await;
            cursor = happened.sequence;
            seen.push(cursor);
        }
        assert_eq!(subscription.cursor(), cursor);
    }
    let mut subscription = feed::subscribe(&manager, &floor.app, Scope::Account, Some(cursor))
        .await
        .unwrap();
    let last = floor.say(&manager, &floor.open("last").await, "x").await;
    assert_eq!(last.unwrap_err().kind(), Kind::Invalid);
    let closing = floor.open("end").await;
    let last = floor.timeline(&closing).await.last().unwrap().sequence;
    while cursor < last {
        cursor = next(&mut subscription).await.sequence;
        seen.push(cursor);
    }
    let expected: Vec<u64> = (1..=last).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_consumer_sees_its_conversations_and_no_others() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let first = floor.open("c1").await;
    let consumer = floor.as_consumer("c1");
    let scope = Scope::Consumer(consumer.consumer.clone().unwrap());
    let subscription = feed::subscribe(&consumer, &floor.app, scope, Some(0)).await;
    let mut subscription = subscription.unwrap();
    floor.accept(&ada).await;
    floor.open("c2").await;
    let second = floor.open("c1").await;
    let mut seen = Vec::new();
    for _ in 0..7 {
        let happened = next(&mut subscription).await;
        let conversation = happened.conversation_id.clone().unwrap();
        assert!(conversation == first || conversation == second);
        seen.push(name(&happened));
    }
    assert_eq!(
        seen,
        [
            "CONVERSATION_STARTED",
            "MESSAGE_SENT",
            "QUEUED",
            "ASSIGNED",
            "CONVERSATION_STARTED",
            "MESSAGE_SENT",
            "QUEUED",
        ]
    );
}

#[tokio::test]
async fn who_reads_too_slowly_is_cut_off_and_resumes() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let manager = floor.manager();
    let scope = Scope::Conversations(vec![id.clone()]);
    let mut slow = feed::subscribe(&manager, &floor.app, scope.clone(), None)
        .await
        .unwrap();
    let caller = floor.as_agent(&ada);
    let count = limits::FEED_QUEUE_MAX + 10;
    for number in 0..count {
        floor.say(&caller, &id, &number.to_string()).await.unwrap();
    }
    // One who keeps up tells when all has been handed out.
    let mut quick = feed::subscribe(&manager, &floor.app, scope.clone(), None)
        .await
        .unwrap();
    floor.say(&caller, &id, "end").await.unwrap();
    next(&mut quick).await;
    let mut taken = 0;
    loop {
        match slow.next().await.unwrap() {
            Item::Happened(_) => taken += 1,
            Item::Signal(_) => {}
            Item::CutOff => break,
        }
    }
    assert_eq!(taken, limits::FEED_QUEUE_MAX);
    let after = Some(slow.cursor());
    let mut resumed = feed::subscribe(&manager, &floor.app, scope, after)
        .await
        .unwrap();
    for number in taken..count {
        let happened = next(&mut resumed).await;
        let Event::MessageSent(message) = &happened.event else {
            panic!("expected a message, found {happened:?}");
        };
        assert_eq!(message.text, number.to_string());
    }
}

#[tokio::test]
async fn typing_is_told_and_kept_nowhere() {
    let floor = Floor::start().await;
    floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    let consumer = floor.as_consumer("c1");
    let scope = Scope::Conversations(vec![id.clone()]);
    let subscription = feed::subscribe(&floor.manager(), &floor.app, scope, None).await;
    let mut subscription = subscription.unwrap();
    let who = ParticipantId::parse("c1").unwrap();
    let before = floor.timeline(&id).await.len();
    feed::typing(&consumer, &floor.app, &id, &who)
        .await
        .unwrap();
    let Item::Signal(Signal::Typing { participant, .. }) = subscription.next().await.unwrap()
    else {
        panic!("expected that somebody types");
    };
    assert_eq!(participant, who);
    assert_eq!(floor.timeline(&id).await.len(), before);
}

#[tokio::test]
async fn what_is_not_ones_own_is_not_followed() {
    let floor = Floor::start().await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    let stranger = floor.as_consumer("c2");
    for scope in [
        Scope::Account,
        Scope::Agent(ada),
        Scope::Consumer(floor.as_consumer("c1").consumer.unwrap()),
        Scope::Conversations(vec![id]),
    ] {
        let refused = feed::subscribe(&stranger, &floor.app, scope, None).await;
        let kind = refused.map(drop).unwrap_err().kind();
        assert!(matches!(kind, Kind::Forbidden | Kind::NotFound), "{kind:?}");
    }
}
