//! Why it waits, why this agent, where it stands, and how long it will take.

use std::time::Duration;

use usher_routing::command::{Command, Happening};
use usher_routing::seat::Status;
use usher_routing::ticket::Ticket;

use crate::harness::{Floor, agent, conversation, human, seconds, skill};

#[test]
fn every_agent_has_the_first_reason_that_excludes_them() {
    let mut floor = Floor::new(&["billing"]);
    let set = [("billing", 5)];
    floor.come("full", human(0, &set));
    floor.come("away", human(1, &set));
    floor.come("offline", human(1, &set));
    floor.come("occupied", human(1, &set));
    let mut disabled = human(1, &set);
    disabled.is_enabled = false;
    floor.desk.set_profile(&agent("disabled"), Some(disabled));
    floor
        .desk
        .set_profile(&agent("silent"), Some(human(1, &set)));
    floor.say("away", Status::Away);
    floor.say("offline", Status::Offline);
    floor.say("occupied", Status::Occupied);
    floor.say("silent", Status::Online);
    floor.open("c1", "billing");
    assert_eq!(floor.matches(), "");
    let why = floor
        .desk
        .why_waiting(&conversation("c1"), floor.now)
        .unwrap();
    let said: Vec<String> = why
        .agents
        .iter()
        .map(|(agent, exclusion)| format!("{agent} {}", exclusion.unwrap()))
        .collect();
    assert_eq!(
        said,
        [
            "away AWAY",
            "disabled DISABLED",
            "full AT_CAPACITY",
            "occupied OCCUPIED",
            "offline OFFLINE",
            "silent LEASE_EXPIRED",
        ]
    );
    assert!(why.is_open);
}

#[test]
fn the_obstacles_of_a_queue_are_those_of_its_agents_in_numbers() {
    let mut floor = Floor::new(&["billing", "sales"]);
    let set = [("billing", 5)];
    floor.come("full", human(0, &set));
    floor.come("away", human(1, &set));
    floor.come("gone", human(1, &set));
    floor.come("free", human(1, &set));
    floor.say("away", Status::Away);
    floor.say("gone", Status::Away);
    floor.open("c1", "billing");
    floor.wait(1);
    floor.open("c2", "billing");
    floor.open("c3", "sales");
    let obstacles = |floor: &Floor, name| floor.desk.obstacles(&conversation(name), floor.now);
    let before = obstacles(&floor, "c2").unwrap();
    assert_eq!(before.reachable, 1);
    assert_eq!(before.excluded, [("AWAY", 2), ("AT_CAPACITY", 1)]);
    assert!(before.is_open);

    assert_eq!(floor.matches(), "c1>free");
    assert_eq!(obstacles(&floor, "c1"), None, "it rings");
    let after = obstacles(&floor, "c2").unwrap();
    assert_eq!(after.reachable, 0);
    assert_eq!(after.excluded, [("AWAY", 2), ("AT_CAPACITY", 2)]);

    let offer = floor.desk.ticket(&conversation("c1")).unwrap().offer();
    let decline = Command::Decline {
        conversation: conversation("c1"),
        offer: offer.unwrap().id,
        agent: agent("free"),
        reason: None,
    };
    floor.ask(decline).unwrap();
    let declined = obstacles(&floor, "c1").unwrap();
    assert_eq!(declined.reachable, 0);
    let excluded = [("AWAY", 2), ("AT_CAPACITY", 1), ("SKIPPED", 1)];
    assert_eq!(declined.excluded, excluded);

    let (waiting, more) = floor.desk.waiting(None, 2);
    let names = |tickets: &[&Ticket]| -> Vec<String> {
        let ids = tickets.iter().map(|ticket| ticket.conversation.to_string());
        ids.collect()
    };
    assert_eq!((names(&waiting), more), (vec!["c1".into(), "c2".into()], 1));
    let (waiting, more) = floor.desk.waiting(Some(&skill("sales")), 2);
    assert_eq!((names(&waiting), more), (vec!["c3".into()], 0));
}

#[test]
fn an_offer_says_who_was_considered() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(1, &[("billing", 5)]));
    floor.come("bob", human(1, &[("billing", 9)]));
    floor.come("eva", human(1, &[("billing", 5)]));
    floor.say("eva", Status::Away);
    floor.open("c1", "billing");
    let change = floor.desk.next_match(floor.now, floor.mint()).unwrap();
    let Happening::Offered { why, .. } = &change.happenings[0] else {
        panic!("expected an offer");
    };
    let candidates: Vec<&str> = why
        .candidates
        .iter()
        .map(|candidate| candidate.agent.as_str())
        .collect();
    assert_eq!(candidates, ["bob", "ada"]);
    assert_eq!(why.excluded, [("AWAY", 1)]);
    assert_eq!(why.candidates_more, 0);
}

#[test]
fn a_position_counts_all_that_come_before() {
    let mut floor = Floor::new(&["billing"]);
    for name in ["c1", "c2", "c3"] {
        floor.open(name, "billing");
        floor.wait(1);
    }
    let position = |floor: &Floor, name| floor.desk.position(&conversation(name));
    assert_eq!(position(&floor, "c3").unwrap().ahead, 2);
    let boost = Command::SetBoost {
        conversation: conversation("c3"),
        boost: 1,
    };
    floor.ask(boost).unwrap();
    assert_eq!(position(&floor, "c3").unwrap().ahead, 0);
    assert_eq!(position(&floor, "c1").unwrap().ahead, 1);
    assert_eq!(position(&floor, "none"), None);
}

#[test]
fn an_estimate_follows_how_the_queue_moved_lately() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(1, &[("billing", 5)]));
    // 31 assignments, one every two minutes.
    for number in 0..31 {
        floor.wait(120);
        floor
            .desk
            .renew_lease(&agent("ada"), floor.now.plus(seconds(600)));
        let name = format!("c{number}");
        floor.give(&name, "billing");
        let conversation = conversation(&name);
        if number < 30 {
            floor.ask(Command::Close { conversation }).unwrap();
        }
    }
    for name in ["w1", "w2", "w3", "w4"] {
        floor.open(name, "billing");
    }
    let estimate = floor.desk.estimate(&conversation("w4"), floor.now).unwrap();
    let minutes = |wait: Duration| (wait.as_secs_f64() / 6.0).round() / 10.0;
    assert_eq!(minutes(estimate.expected), 8.0);
    assert_eq!(minutes(estimate.low), 3.5);
    assert_eq!(minutes(estimate.high), 13.3);
    floor.wait(3_600);
    assert_eq!(floor.desk.estimate(&conversation("w4"), floor.now), None);
}

#[test]
fn the_health_of_a_skill_counts_agents_places_and_waits() {
    let mut floor = Floor::new(&["billing", "sales"]);
    floor.open("c1", "billing");
    floor.wait(30);
    floor.come("ada", human(2, &[("billing", 5), ("sales", 5)]));
    floor.come("bob", human(3, &[("billing", 5)]));
    floor.say("bob", Status::Occupied);
    floor.matches();
    floor.accept("c1").unwrap();
    floor.open("c2", "billing");
    let health = floor.desk.health(Some(&skill("billing")), floor.now);
    assert_eq!(health.agents_online, 1);
    assert_eq!(health.free_slots, 1);
    assert_eq!(health.queue_size, 1);
    assert_eq!(health.wait_average, Some(seconds(30)));
    let health = floor.desk.health(Some(&skill("sales")), floor.now);
    assert_eq!((health.free_slots, health.wait_average), (1, None));
}
