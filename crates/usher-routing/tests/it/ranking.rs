//! Which conversation is first, which agent, and how full an agent is.

use usher_routing::capacity::Load;
use usher_routing::command::{Command, Refusal};
use usher_routing::eligible::Exclusion;
use usher_routing::rules::Relaxation;
use usher_routing::seat::{Capacity, Kind, Proficiency, Status};
use usher_routing::ticket::{Priority, Ticket};

use crate::harness::{Floor, agent, conversation, human, seconds, skill};

#[test]
fn the_longest_wait_is_first_among_equals() {
    let mut floor = Floor::new(&["billing"]);
    floor.open("younger", "billing");
    floor.wait(1);
    floor.open("b", "billing");
    floor.open("a", "billing");
    floor.come("ada", human(9, &[("billing", 5)]));
    assert_eq!(floor.matches(), "younger>ada a>ada b>ada");
}

#[test]
fn a_transfer_outranks_a_new_conversation_and_a_boost_outranks_both() {
    let mut floor = Floor::new(&["billing"]);
    for (name, priority, boost) in [
        ("new", Priority::New, 0),
        ("transfer", Priority::Transfer, 0),
        ("to-agent", Priority::TransferToAgent, 0),
        ("boosted", Priority::New, 3),
        ("slowed", Priority::Transfer, -2),
    ] {
        let mut ticket = Ticket::new(conversation(name), Some(skill("billing")), floor.now);
        (ticket.priority, ticket.boost) = (priority, boost);
        floor.ask(Command::Open { ticket }).unwrap();
    }
    floor.come("ada", human(9, &[("billing", 5)]));
    assert_eq!(
        floor.matches(),
        "boosted>ada to-agent>ada transfer>ada new>ada slowed>ada"
    );
}

#[test]
fn a_boost_moves_a_conversation_that_waits() {
    let mut floor = Floor::new(&["billing"]);
    floor.open("c1", "billing");
    floor.open("c2", "billing");
    let command = Command::SetBoost {
        conversation: conversation("c2"),
        boost: 1,
    };
    floor.ask(command).unwrap();
    floor.come("ada", human(1, &[("billing", 5)]));
    assert_eq!(floor.matches(), "c2>ada");
}

#[test]
fn the_better_agent_is_first_then_the_freer_then_the_one_who_waited_longest_then_the_id() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("expert", human(1, &[("billing", 9)]));
    floor.come("cem", human(2, &[("billing", 5)]));
    floor.come("bob", human(4, &[("billing", 5)]));
    floor.come("ada", human(4, &[("billing", 5)]));
    for number in 1..=6 {
        floor.open(&format!("c{number}"), "billing");
    }
    // The expert, then everybody is free and the id decides, then the load: a quarter is less than
    // a half, and among equals the id again, because an offer is no assignment yet.
    assert_eq!(
        floor.matches(),
        "c1>expert c2>ada c3>bob c4>cem c5>ada c6>bob"
    );
    for number in 2..=6 {
        floor.wait(1);
        floor.accept(&format!("c{number}")).unwrap();
    }
    floor.open("c7", "billing");
    // Three are half full; cem got a conversation longest ago.
    assert_eq!(floor.matches(), "c7>cem");
}

#[test]
fn two_active_and_five_inactive_of_four_are_62_5_per_cent() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(4, &[("billing", 5)]));
    let wrote = |floor: &mut Floor, name: &str| {
        let conversation = conversation(name);
        floor.ask(Command::AgentWrote { conversation }).unwrap();
    };
    for name in ["i1", "i2", "i3", "i4"] {
        floor.give(name, "billing");
        wrote(&mut floor, name);
    }
    // Full, until four minutes later each counts a tenth.
    floor.open("i5", "billing");
    assert_eq!(floor.matches(), "");
    floor.wait(239);
    assert_eq!(floor.matches(), "");
    floor.wait(1);
    assert_eq!(floor.matches(), "i5>ada");
    floor.accept("i5").unwrap();
    wrote(&mut floor, "i5");
    floor.wait(240);
    floor.give("a1", "billing");
    floor.give("a2", "billing");
    let load = floor.desk.load_of(&agent("ada"), floor.now).unwrap();
    assert_eq!(load.per_mille(), 625);
    assert_eq!(load, Load::new(2_500, 4));
    // Below 100 per cent there is room: the maximum is exceeded by less than one place.
    floor.open("a3", "billing");
    floor.open("a4", "billing");
    assert_eq!(floor.matches(), "a3>ada a4>ada");
    let load = floor.desk.load_of(&agent("ada"), floor.now).unwrap();
    assert_eq!(load.per_mille(), 1_125);
}

#[test]
fn no_places_are_none_and_no_limit_is_none() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("none", human(0, &[("billing", 9)]));
    let mut robot = human(0, &[("billing", 5)]);
    robot.kind = Kind::Bot;
    robot.capacity = Capacity::Standard;
    floor.come("robot", robot);
    for number in 0..20 {
        floor.open(&format!("c{number}"), "billing");
    }
    assert_eq!(floor.matches().matches(">robot").count(), 20);
    let load = |name| floor.desk.load_of(&agent(name), floor.now).unwrap();
    assert_eq!(load("robot").per_mille(), 0);
    assert_eq!(load("none").per_mille(), 1_000);
    assert!(load("none").is_full());
}

#[test]
fn the_hosted_bot_gets_a_conversation_of_its_skill_at_once_and_without_a_row() {
    let mut floor = Floor::new(&["concierge"]);
    floor.come("ada", human(4, &[("concierge", 10)]));
    let mut bot = human(0, &[("concierge", 1)]);
    bot.kind = Kind::HostedBot;
    floor.come("concierge-bot", bot);
    floor.open("c1", "concierge");
    assert_eq!(floor.matches(), "c1=concierge-bot");
    assert!(
        floor
            .desk
            .seat(&agent("concierge-bot"))
            .unwrap()
            .held
            .is_empty()
    );
    let held: Vec<_> = floor
        .desk
        .conversations_of(&agent("concierge-bot"))
        .collect();
    assert_eq!(held, [&conversation("c1")]);
}

#[test]
fn an_occupied_agent_gets_transfers_only() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(4, &[("billing", 5)]));
    floor.say("ada", Status::Occupied);
    floor.open("new", "billing");
    let mut ticket = Ticket::new(conversation("transfer"), Some(skill("billing")), floor.now);
    ticket.priority = Priority::Transfer;
    floor.ask(Command::Open { ticket }).unwrap();
    assert_eq!(floor.matches(), "transfer>ada");
}

#[test]
fn a_closed_skill_hands_out_nothing() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(4, &[("billing", 5)]));
    floor.set_rules("billing", |rules| rules.is_open = false);
    floor.open("c1", "billing");
    assert_eq!(floor.matches(), "");
    floor.set_rules("billing", |rules| rules.is_open = true);
    assert_eq!(floor.matches(), "c1>ada");
}

#[test]
fn a_conversation_without_a_skill_goes_to_any_human() {
    let mut floor = Floor::new(&["billing"]);
    let mut robot = human(4, &[("billing", 5)]);
    robot.kind = Kind::Bot;
    floor.come("a-robot", robot);
    floor.come("bob", human(4, &[]));
    let ticket = Ticket::new(conversation("c1"), None, floor.now);
    floor.ask(Command::Open { ticket }).unwrap();
    assert_eq!(floor.matches(), "c1>bob");
}

#[test]
fn relaxations_let_others_in_after_a_wait_and_rank_them_after_the_own_skill() {
    let mut floor = Floor::new(&["billing", "sales"]);
    floor.set_rules("billing", |rules| {
        rules.proficiency_min = Proficiency::new(8).unwrap();
        rules.relaxations = vec![
            Relaxation {
                after: seconds(30),
                skill: None,
                proficiency_min: Proficiency::new(3).unwrap(),
            },
            Relaxation {
                after: seconds(90),
                skill: Some(skill("sales")),
                proficiency_min: Proficiency::LOWEST,
            },
        ];
    });
    floor.come("novice", human(1, &[("billing", 3)]));
    floor.come("seller", human(9, &[("sales", 10)]));
    floor.open("c1", "billing");
    floor.open("c2", "billing");
    assert_eq!(floor.matches(), "");
    floor.wait(29);
    assert_eq!((floor.due().len(), floor.matches()), (0, String::new()));
    floor.wait(1);
    assert_eq!(
        (floor.due().len(), floor.matches()),
        (2, "c1>novice".to_owned())
    );
    floor.wait(60);
    assert_eq!(
        (floor.due().len(), floor.matches()),
        (1, "c2>seller".to_owned())
    );
    // An offer does not interrupt the wait: c1 is behind, and takes its next step when it is back.
    let offer = floor.offer("c1");
    let decline = Command::Decline {
        conversation: conversation("c1"),
        offer: offer.id,
        agent: offer.agent,
        reason: None,
    };
    floor.ask(decline).unwrap();
    assert_eq!(
        (floor.due().len(), floor.matches()),
        (1, "c1>seller".to_owned())
    );
}

#[test]
fn what_an_agent_cannot_have_is_refused_with_the_reason() {
    let mut floor = Floor::new(&["billing"]);
    floor.come("ada", human(1, &[("billing", 5)]));
    floor.open("c1", "billing");
    floor.matches();
    floor.say("ada", Status::Away);
    assert_eq!(floor.accept("c1"), Err(Refusal::Excluded(Exclusion::Away)));
}
