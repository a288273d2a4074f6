//! One suite for every backend. Each promise is given two nodes that hear each other; where there is
//! one node only, it is given twice.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use usher_bus::bus::{Bus, Notice, Subscription};
use usher_bus::hint::Hint;
use usher_model::id::{AccountId, AgentId, ConversationId, IdSource, NodeId, ParticipantId};
use usher_model::limits;
use usher_model::time::{ManualClock, Timestamp};

/// Calls a macro with the name of every promise.
macro_rules! for_each_promise {
    ($call:ident) => {
        $call! {
            every_subscriber_of_every_node_hears_a_hint
            every_kind_of_hint_arrives_as_it_was_announced
            an_account_may_have_any_name
            a_subscriber_hears_what_comes_after_it_and_nothing_before
            a_hint_is_heard_once
            who_stops_waiting_misses_nothing
            a_slow_subscriber_holds_nobody_up_and_is_told
            announcing_to_nobody_is_no_fault
        }
    };
}
pub(crate) use for_each_promise;

/// Nobody waits for ever for a notice that does not come.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Returns what a node with this number mints ids from.
pub(crate) fn ids(number: u8) -> IdSource {
    let clock = ManualClock::starting_at(Timestamp::EPOCH);
    IdSource::new(Arc::new(clock), [number; 32])
}

pub(crate) fn events(account: &str, sequence: u64) -> Hint {
    let account = AccountId::parse(account).unwrap();
    Hint::Events { account, sequence }
}

pub(crate) async fn next(subscription: &mut Subscription) -> Notice {
    let next = tokio::time::timeout(WAIT_MAX, subscription.next()).await;
    next.expect("no notice came").expect("the bus is gone")
}

/// Waits for a hint, which must be the next notice.
pub(crate) async fn hear(subscription: &mut Subscription) -> (NodeId, Hint) {
    match next(subscription).await {
        Notice::Hint { from, hint } => (from, hint),
        Notice::Lagged => panic!("a hint was lost"),
    }
}

pub(crate) async fn every_subscriber_of_every_node_hears_a_hint([first, second]: [Bus; 2]) {
    let mut subscriptions = [
        first.subscribe(),
        first.subscribe(),
        second.subscribe(),
        second.subscribe(),
    ];
    for bus in [&first, &second] {
        bus.announce(events("acme", 1));
        for subscription in &mut subscriptions {
            assert_eq!(hear(subscription).await, (bus.node(), events("acme", 1)));
        }
    }
}

pub(crate) async fn every_kind_of_hint_arrives_as_it_was_announced([first, second]: [Bus; 2]) {
    let account = AccountId::parse("acme").unwrap();
    let until = Timestamp::from_milliseconds(1_714_557_600_123);
    let mut heard = second.subscribe();
    for hint in [
        events("acme", u64::MAX),
        Hint::Lease {
            account: account.clone(),
            agent: AgentId::parse("ada").unwrap(),
            until,
        },
        Hint::Rules {
            account: account.clone(),
            revision: 3,
        },
        Hint::Typing {
            account: account.clone(),
            conversation: ConversationId::parse("c1").unwrap(),
            participant: ParticipantId::parse("\"ada\"").unwrap(),
            until,
        },
        Hint::Desk {
            account: account.clone(),
            node: Some(first.node()),
        },
        Hint::Desk {
            account: account.clone(),
            node: None,
        },
    ] {
        first.announce(hint.clone());
        assert_eq!(hear(&mut heard).await, (first.node(), hint));
    }
}

pub(crate) async fn an_account_may_have_any_name([first, second]: [Bus; 2]) {
    let mut heard = second.subscribe();
    let longest = "\u{1F6CE}".repeat(limits::GIVEN_ID_CHARS_MAX);
    for account in ["a.b", "*", ">", "a b", "%2E", "\"", "Ä日本", &longest] {
        first.announce(events(account, 1));
        assert_eq!(hear(&mut heard).await.1, events(account, 1));
    }
}

pub(crate) async fn a_subscriber_hears_what_comes_after_it_and_nothing_before(
    [first, second]: [Bus; 2],
) {
    let mut early = second.subscribe();
    first.announce(events("acme", 1));
    hear(&mut early).await;
    let mut late = second.subscribe();
    first.announce(events("acme", 2));
    assert_eq!(hear(&mut late).await.1, events("acme", 2));
}

pub(crate) async fn a_hint_is_heard_once([first, second]: [Bus; 2]) {
    let mut heard = first.subscribe();
    first.announce(events("acme", 1));
    assert_eq!(hear(&mut heard).await.1, events("acme", 1));
    // What the first node sent has come back from wherever it went before the second one answers.
    let mut asked = second.subscribe();
    first.announce(events("acme", 2));
    hear(&mut asked).await;
    second.announce(events("acme", 3));
    assert_eq!(hear(&mut heard).await.1, events("acme", 2));
    assert_eq!(hear(&mut heard).await.1, events("acme", 3));
}

pub(crate) async fn who_stops_waiting_misses_nothing([first, second]: [Bus; 2]) {
    let mut heard = second.subscribe();
    for sequence in 1..=3 {
        assert_eq!(heard.next().now_or_never(), None);
        first.announce(events("acme", sequence));
        assert_eq!(hear(&mut heard).await.1, events("acme", sequence));
    }
}

pub(crate) async fn a_slow_subscriber_holds_nobody_up_and_is_told([first, _second]: [Bus; 2]) {
    let max = u64::try_from(limits::BUS_QUEUE_HINTS_MAX).unwrap();
    let mut slow = first.subscribe();
    for sequence in 1..=max {
        first.announce(events("acme", sequence));
    }
    assert_eq!(hear(&mut slow).await.1, events("acme", 1));
    // One fits in the room that is free now, the next one takes the place of the oldest.
    first.announce(events("acme", max + 1));
    first.announce(events("acme", max + 2));
    assert_eq!(next(&mut slow).await, Notice::Lagged);
    for sequence in 3..=max + 2 {
        assert_eq!(hear(&mut slow).await.1, events("acme", sequence));
    }
}

pub(crate) async fn announcing_to_nobody_is_no_fault([first, second]: [Bus; 2]) {
    drop(first.subscribe());
    first.announce(events("acme", 1));
    first.flush().await;
    // Who comes later may or may not hear it, and hears what is announced then.
    let mut heard = second.subscribe();
    first.announce(events("acme", 2));
    while hear(&mut heard).await.1 != events("acme", 2) {}
}
