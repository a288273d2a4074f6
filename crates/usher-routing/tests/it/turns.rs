//! Offers, answers and ends.

use usher_routing::command::{Command, Happening, OfferEnd, Refusal, RequeueReason, Row};
use usher_routing::eligible::Exclusion;
use usher_routing::seat::Status;
use usher_routing::ticket::{Priority, State, Ticket};

use crate::harness::{Floor, agent, conversation, human, seconds};

fn floor() -> Floor {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(2, &[("billing", 9)]));
    floor.come("bob", human(2, &[("billing", 5)]));
    floor.open("c1", "billing");
    assert_eq!(floor.matches(), "c1>ada");
    floor
}

#[test]
fn an_offer_rings_for_72_seconds_and_a_late_accept_is_refused() {
    let mut floor = floor();
    let until = floor.now.plus(seconds(72));
    assert_eq!(floor.offer("c1").until, until);
    floor.wait(72);
    assert_eq!(floor.accept("c1"), Err(Refusal::OfferExpired(until)));
    let happenings = floor.due();
    assert!(matches!(
        &happenings[..],
        [
            Happening::OfferEnded {
                reason: OfferEnd::Expired,
                ..
            },
            Happening::Requeued {
                reason: RequeueReason::OfferEnded,
                ..
            },
        ]
    ));
    assert_eq!(floor.matches(), "c1>bob");
}

#[test]
fn who_declined_is_skipped_for_a_minute() {
    let mut floor = floor();
    floor.say("bob", Status::Away);
    let offer = floor.offer("c1");
    let decline = Command::Decline {
        conversation: conversation("c1"),
        offer: offer.id,
        agent: offer.agent,
        reason: Some("lunch".into()),
    };
    floor.ask(decline.clone()).unwrap();
    assert_eq!(floor.ask(decline), Err(Refusal::OfferGone));
    floor.wait(59);
    assert_eq!(floor.matches(), "");
    assert_eq!(floor.desk.next_due_at(), Some(floor.now.plus(seconds(1))));
    floor.wait(1);
    assert_eq!(floor.matches(), "c1>ada");
}

#[test]
fn accepting_twice_says_who_has_it() {
    let mut floor = floor();
    let offer = floor.offer("c1");
    floor.accept("c1").unwrap();
    let again = Command::Accept {
        conversation: conversation("c1"),
        offer: offer.id,
        agent: offer.agent,
    };
    assert_eq!(
        floor.ask(again),
        Err(Refusal::AlreadyAssigned(agent("ada")))
    );
}

#[test]
fn nobody_accepts_what_rings_elsewhere() {
    let mut floor = floor();
    let offer = floor.offer("c1");
    let accept = |offer, name| Command::Accept {
        conversation: conversation("c1"),
        offer,
        agent: agent(name),
    };
    let other = floor.mint();
    assert_eq!(floor.ask(accept(offer.id, "bob")), Err(Refusal::OfferGone));
    assert_eq!(floor.ask(accept(other, "ada")), Err(Refusal::OfferGone));
}

#[test]
fn an_offer_goes_back_when_its_agent_is_no_longer_a_candidate() {
    let mut floor = floor();
    floor.say("ada", Status::Away);
    let happenings = floor.due();
    assert!(matches!(
        happenings[0],
        Happening::OfferEnded {
            reason: OfferEnd::Excluded(Exclusion::Away),
            ..
        }
    ));
    assert_eq!(floor.matches(), "c1>bob");
    // Nobody declined: ada may have it again at once.
    floor.say("ada", Status::Online);
    floor.say("bob", Status::Offline);
    floor.due();
    assert_eq!(floor.matches(), "c1>ada");
}

#[test]
fn an_offer_goes_back_when_the_profile_changes() {
    let mut floor = floor();
    floor.desk.set_profile(&agent("ada"), Some(human(2, &[])));
    assert!(matches!(
        floor.due()[0],
        Happening::OfferEnded {
            reason: OfferEnd::Excluded(Exclusion::NotSkilled),
            ..
        }
    ));
    let mut disabled = human(2, &[("billing", 5)]);
    disabled.is_enabled = false;
    assert_eq!(floor.matches(), "c1>bob");
    floor.accept("c1").unwrap();
    floor.desk.set_profile(&agent("bob"), Some(disabled));
    assert!(matches!(
        &floor.due()[..],
        [Happening::Requeued {
            reason: RequeueReason::AgentDisabled,
            ..
        }]
    ));
}

#[test]
fn a_released_conversation_keeps_its_place_and_does_not_come_straight_back() {
    let mut floor = floor();
    floor.accept("c1").unwrap();
    let since = floor
        .desk
        .ticket(&conversation("c1"))
        .unwrap()
        .waiting_since;
    floor.wait(600);
    let release = Command::Release {
        conversation: conversation("c1"),
    };
    floor.ask(release.clone()).unwrap();
    let ticket = floor.desk.ticket(&conversation("c1")).unwrap();
    assert_eq!(ticket.waiting_since, since);
    assert_eq!(ticket.queued_since, floor.now);
    assert_eq!(ticket.priority, Priority::Transfer);
    assert_eq!(floor.ask(release), Err(Refusal::NotAssigned));
    assert_eq!(floor.matches(), "c1>bob");
}

#[test]
fn an_end_frees_the_place_wherever_the_conversation_is() {
    let mut floor = floor();
    let close = Command::Close {
        conversation: conversation("c1"),
    };
    floor.ask(close.clone()).unwrap();
    assert!(floor.desk.seat(&agent("ada")).unwrap().offered.is_empty());
    assert_eq!(floor.ask(close), Err(Refusal::NotOpen(conversation("c1"))));
}

#[test]
fn a_take_over_needs_room_unless_it_is_forced() {
    let mut floor = floor();
    floor.come("boss", human(0, &[]));
    let take = |is_forced| Command::TakeOver {
        conversation: conversation("c1"),
        agent: agent("boss"),
        is_forced,
    };
    assert!(matches!(
        floor.ask(take(false)),
        Err(Refusal::Excluded(Exclusion::AtCapacity(_)))
    ));
    floor.ask(take(true)).unwrap();
    assert_eq!(
        floor.ask(take(true)),
        Err(Refusal::AlreadyAssigned(agent("boss")))
    );
    assert!(floor.desk.seat(&agent("ada")).unwrap().offered.is_empty());
}

#[test]
fn a_busy_row_refuses_and_others_go_on() {
    let mut floor = floor();
    let offer = floor.offer("c1");
    let accept = Command::Accept {
        conversation: conversation("c1"),
        offer: offer.id,
        agent: offer.agent,
    };
    let change = floor.desk.plan(accept.clone(), floor.now).unwrap();
    floor.desk.begin(&change);
    assert_eq!(
        floor.desk.plan(accept, floor.now),
        Err(Refusal::Busy(Row::Ticket(conversation("c1"))))
    );
    // Ada's row is busy too: the next conversation goes to bob.
    floor.open("c2", "billing");
    assert_eq!(floor.matches(), "c2>bob");
    floor.desk.abandon(&change);
    floor.accept("c1").unwrap();
}

#[test]
fn rows_that_are_newer_already_are_left_alone() {
    let mut floor = floor();
    let offer = floor.offer("c1");
    let accept = Command::Accept {
        conversation: conversation("c1"),
        offer: offer.id,
        agent: offer.agent,
    };
    let change = floor.desk.plan(accept, floor.now).unwrap();
    floor.desk.begin(&change);
    // Somebody else's later change arrives before our own answer.
    let mut later = change.tickets[0].after.clone().unwrap();
    later.boost = 7;
    let c1 = conversation("c1");
    floor.desk.refresh_ticket(&c1, Some((later.clone(), 10)));
    floor.desk.settle(change, &[3, 3]);
    assert_eq!(floor.desk.ticket(&c1), Some(&later));
    let older = Ticket::new(c1.clone(), None, floor.now);
    floor.desk.refresh_ticket(&c1, Some((older, 9)));
    assert_eq!(floor.desk.ticket(&c1), Some(&later));
    assert!(matches!(later.state, State::Assigned { .. }));
}

#[test]
fn what_is_so_already_changes_nothing() {
    let floor = floor();
    let boosted = Command::SetBoost {
        conversation: conversation("c1"),
        boost: 0,
    };
    let change = floor.desk.plan(boosted, floor.now).unwrap();
    assert!(change.tickets.is_empty());
    assert!(change.happenings.is_empty());
}

#[test]
fn a_message_writes_the_row_also_when_it_is_nobody_elses_turn() {
    let floor = floor();
    let before = floor.desk.ticket(&conversation("c1")).cloned();
    let wrote = Command::ConsumerWrote {
        conversation: conversation("c1"),
    };
    let change = floor.desk.plan(wrote, floor.now).unwrap();
    let [write] = change.tickets.as_slice() else {
        panic!("expected one row, found {change:?}");
    };
    assert_eq!(write.after, before);
    assert!(change.happenings.is_empty());
}

#[test]
fn what_somebody_else_closed_meanwhile_stays_closed() {
    let mut floor = floor();
    let offer = floor.offer("c1");
    let accept = Command::Accept {
        conversation: conversation("c1"),
        offer: offer.id,
        agent: offer.agent,
    };
    let change = floor.desk.plan(accept, floor.now).unwrap();
    floor.desk.begin(&change);
    // Our commit, another node's close, its hint, and only then our answer.
    floor.desk.refresh_ticket(&conversation("c1"), None);
    floor.desk.settle(change, &[3, 3]);
    assert_eq!(floor.desk.ticket(&conversation("c1")), None);
}
