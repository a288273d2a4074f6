//! Leases, silence, answers that fail to come, and clocks that jump.

use usher_routing::command::{Command, Happening, OfferEnd, RequeueReason};
use usher_routing::eligible::Exclusion;
use usher_routing::rules::{AccountRules, Silence};

use crate::harness::{Floor, agent, conversation, human, seconds};

fn floor() -> Floor {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(2, &[("billing", 9)]));
    floor.give("c1", "billing");
    floor
}

#[test]
fn a_silent_agent_gets_nothing_more_and_loses_what_rings_at_once() {
    let mut floor = floor();
    floor.wait(3_599);
    floor.open("c2", "billing");
    assert_eq!(floor.matches(), "c2>ada");
    floor.wait(1);
    let change = floor.desk.next_due_change(floor.now).unwrap();
    assert_eq!(change.rests_on_silence_of, Some(agent("ada")));
    assert!(matches!(
        floor.due()[0],
        Happening::OfferEnded {
            reason: OfferEnd::Excluded(Exclusion::LeaseExpired),
            ..
        }
    ));
    assert_eq!(floor.matches(), "");
    let until = floor.now.plus(seconds(60));
    floor.desk.renew_lease(&agent("ada"), until);
    assert_eq!(floor.matches(), "c2>ada");
}

#[test]
fn after_the_grace_the_conversations_of_a_silent_agent_go_back() {
    let mut floor = floor();
    floor.wait(3_659);
    assert_eq!(floor.due(), []);
    floor.wait(1);
    let change = floor.desk.next_due_change(floor.now).unwrap();
    assert_eq!(change.rests_on_silence_of, Some(agent("ada")));
    assert!(matches!(
        &floor.due()[..],
        [
            Happening::FellSilent { .. },
            Happening::Requeued {
                reason: RequeueReason::AgentSilent,
                ..
            },
        ]
    ));
}

#[test]
fn an_account_may_leave_them_with_the_agent() {
    let mut floor = floor();
    let mut rules = AccountRules::standard();
    rules.silence = Silence::Keep;
    floor.desk.set_account(rules);
    floor.wait(100_000);
    assert_eq!(floor.due(), []);
}

#[test]
fn a_conversation_that_is_not_answered_in_time_is_taken_back() {
    let mut floor = floor();
    floor.set_rules("billing", |rules| rules.answer_within = Some(seconds(90)));
    let c1 = conversation("c1");
    floor.wait(60);
    let wrote = Command::AgentWrote {
        conversation: c1.clone(),
    };
    floor.ask(wrote).unwrap();
    floor.wait(600);
    assert_eq!(floor.due(), []);
    let wrote = Command::ConsumerWrote {
        conversation: c1.clone(),
    };
    floor.ask(wrote.clone()).unwrap();
    floor.wait(60);
    // Writing more does not give the agent more time.
    floor.ask(wrote).unwrap();
    floor.wait(29);
    assert_eq!(floor.due(), []);
    floor.wait(1);
    assert!(matches!(
        &floor.due()[..],
        [Happening::Requeued {
            reason: RequeueReason::NotAnswered,
            ..
        }]
    ));
    assert_eq!(floor.matches(), "");
}

#[test]
fn a_request_that_comes_a_little_late_does_not_set_the_clock_back() {
    let mut floor = floor();
    floor.wait(3_600);
    assert_eq!(floor.matches(), "");
    floor.open("c2", "billing");
    let late = floor.now.minus(seconds(10));
    assert_eq!(floor.desk.next_match(late, floor.mint()), None);
    // A clock that was set back by more is believed: the lease has not run out yet.
    let earlier = floor.now.minus(seconds(11));
    assert!(floor.desk.next_match(earlier, floor.mint()).is_some());
    assert_eq!(floor.desk.stale_indexes(), Vec::<String>::new());
}

#[test]
fn the_desk_says_when_to_look_again() {
    let mut floor = Floor::new(&["billing"]);
    assert_eq!(floor.desk.next_due_at(), None);
    floor.come("ada", human(2, &[("billing", 9)]));
    let lease = floor.now.plus(seconds(3_600));
    assert_eq!(floor.desk.next_due_at(), Some(lease));
    floor.open("c1", "billing");
    floor.matches();
    let rings = floor.now.plus(seconds(72));
    assert_eq!(floor.desk.next_due_at(), Some(rings));
    // What is under way is nothing to wait for.
    floor.wait(72);
    let change = floor.desk.next_due_change(floor.now).unwrap();
    floor.desk.begin(&change);
    assert_eq!(floor.desk.next_due_at(), Some(lease));
    assert_eq!(floor.desk.next_due_change(floor.now), None);
}
