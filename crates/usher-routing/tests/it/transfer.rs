//! To an agent, to a skill, and why not to the agent.

use usher_routing::command::{
    Assignment, Command, Downgrade, DropReason, Happening, OfferEnd, Refusal, TransferOutcome,
    Transferred,
};
use usher_routing::eligible::Exclusion;
use usher_routing::seat::{Kind, Status};
use usher_routing::ticket::{Suggestion, Ticket};

use crate::harness::{Floor, agent, conversation, human, seconds, skill};

/// A robot in `front` has `c1`; ada and bob are in `billing`.
fn floor() -> Floor {
    let mut floor = Floor::new(&["front", "billing"]);
    let mut robot = human(9, &[("front", 5)]);
    robot.kind = Kind::Bot;
    floor.come("robot", robot);
    floor.give("c1", "front");
    floor.come("ada", human(1, &[("billing", 5)]));
    floor.come("bob", human(1, &[("billing", 9)]));
    floor
}

fn transfer(floor: &mut Floor, to_agent: &str, to_skill: &str) -> Result<Transferred, Refusal> {
    let mut transfer = floor.transfer("c1", to_agent, to_skill);
    transfer.by = Some(agent("robot"));
    let happenings = floor.ask(Command::Transfer(transfer))?;
    let result = happenings
        .into_iter()
        .find_map(|happening| match happening {
            Happening::Transferred { result, .. } => Some(result),
            _ => None,
        });
    Ok(result.unwrap())
}

fn to_agent(assignment: Assignment) -> Transferred {
    Transferred {
        outcome: TransferOutcome::Agent,
        assignment,
        skill: Some(skill("billing")),
        agent: Some(agent("ada")),
        downgraded: None,
    }
}

fn to_skill(downgraded: Option<Downgrade>) -> Transferred {
    Transferred {
        outcome: TransferOutcome::Skill,
        assignment: Assignment::Queued,
        skill: Some(skill("billing")),
        agent: None,
        downgraded,
    }
}

#[test]
fn an_available_agent_is_rung_for_120_seconds_in_the_same_change() {
    let mut floor = floor();
    let result = transfer(&mut floor, "ada", "billing");
    assert_eq!(result, Ok(to_agent(Assignment::Suggested)));
    assert_eq!(floor.offer("c1").agent, agent("ada"));
    assert_eq!(floor.offer("c1").until, floor.now.plus(seconds(120)));
    floor.accept("c1").unwrap();
}

#[test]
fn an_auto_accepting_skill_assigns_at_once() {
    let mut floor = floor();
    floor.set_rules("billing", |rules| rules.is_auto_accepted = true);
    let result = transfer(&mut floor, "ada", "billing");
    assert_eq!(result, Ok(to_agent(Assignment::Assigned)));
}

#[test]
fn an_agent_who_cannot_have_it_makes_it_a_transfer_to_the_skill() {
    for (status, downgrade) in [
        (Status::Offline, Downgrade::Offline),
        (Status::Away, Downgrade::NotOnline),
    ] {
        let mut floor = floor();
        floor.say("ada", status);
        let result = transfer(&mut floor, "ada", "billing");
        assert_eq!(result, Ok(to_skill(Some(downgrade))));
        assert_eq!(floor.matches(), "c1>bob");
    }
}

#[test]
fn an_occupied_agent_is_available_to_a_transfer() {
    let mut floor = floor();
    floor.say("ada", Status::Occupied);
    let result = transfer(&mut floor, "ada", "billing");
    assert_eq!(result, Ok(to_agent(Assignment::Suggested)));
}

#[test]
fn an_agent_without_the_skill_or_a_place_is_passed_over() {
    let mut floor = floor();
    floor.come("eva", human(1, &[]));
    let result = transfer(&mut floor, "eva", "billing");
    assert_eq!(result, Ok(to_skill(Some(Downgrade::NotSkilled))));

    let mut floor = self::floor();
    floor
        .desk
        .set_profile(&agent("ada"), Some(human(0, &[("billing", 5)])));
    let result = transfer(&mut floor, "ada", "billing");
    assert_eq!(result, Ok(to_skill(Some(Downgrade::AtCapacity))));
}

#[test]
fn without_a_skill_the_agent_need_not_have_one() {
    let mut floor = floor();
    let result = transfer(&mut floor, "ada", "").unwrap();
    assert_eq!(result.outcome, TransferOutcome::Agent);
    assert_eq!(result.skill, Some(skill("front")));
    floor.accept("c1").unwrap();
}

#[test]
fn a_declined_transfer_is_an_ordinary_member_of_the_queue() {
    let mut floor = floor();
    transfer(&mut floor, "ada", "billing").unwrap();
    let since = floor.now;
    floor.wait(120);
    let happenings = floor.due();
    assert!(matches!(
        &happenings[..2],
        [
            Happening::OfferEnded {
                reason: OfferEnd::Expired,
                ..
            },
            Happening::SuggestionDropped {
                reason: DropReason::Expired,
                ..
            },
        ]
    ));
    assert_eq!(
        floor
            .desk
            .ticket(&conversation("c1"))
            .unwrap()
            .waiting_since,
        since
    );
    assert_eq!(floor.matches(), "c1>bob");
}

#[test]
fn a_suggestion_is_dropped_at_once_when_the_agent_goes_away() {
    let mut floor = floor();
    transfer(&mut floor, "ada", "billing").unwrap();
    floor.say("ada", Status::Away);
    let happenings = floor.due();
    assert!(happenings.iter().any(|happening| matches!(
        happening,
        Happening::SuggestionDropped {
            reason: DropReason::Excluded(Exclusion::Away),
            ..
        }
    )));
    assert_eq!(floor.matches(), "c1>bob");
}

#[test]
fn a_conversation_opens_for_the_suggested_agent_or_else_for_anybody() {
    let mut floor = floor();
    let mut ticket = Ticket::new(conversation("c2"), Some(skill("billing")), floor.now);
    ticket.suggestion = Some(Suggestion {
        agent: agent("ada"),
        until: floor.now.plus(seconds(120)),
        is_any_skill: false,
    });
    let mut other = ticket.clone();
    other.conversation = conversation("c3");
    floor.ask(Command::Open { ticket }).unwrap();
    assert_eq!(floor.matches(), "c2>ada");
    floor.ask(Command::Open { ticket: other }).unwrap();
    assert_eq!(floor.matches(), "");
    assert!(matches!(
        floor.due()[0],
        Happening::SuggestionDropped {
            reason: DropReason::Excluded(Exclusion::AtCapacity(_)),
            ..
        }
    ));
    assert_eq!(floor.matches(), "c3>bob");
}

#[test]
fn a_bot_cannot_transfer_to_a_skill_that_only_it_serves() {
    let mut floor = floor();
    assert_eq!(
        transfer(&mut floor, "", "front"),
        Err(Refusal::Loop(skill("front")))
    );
    floor.come("eva", human(1, &[("front", 1)]));
    transfer(&mut floor, "", "front").unwrap();
    floor.wait(3_000);
    // Not back to the bot, however long nobody else comes.
    floor.say("eva", Status::Away);
    assert_eq!(floor.matches(), "");
    floor.say("eva", Status::Online);
    assert_eq!(floor.matches(), "c1>eva");
}

#[test]
fn targets_that_are_none_are_refused_and_the_conversation_stays_put() {
    let mut floor = floor();
    floor.set_rules("billing", |rules| rules.is_enabled = false);
    for (to_agent, to_skill, refusal) in [
        ("", "", Refusal::NoTarget),
        ("nobody", "front", Refusal::UnknownAgent(agent("nobody"))),
        ("", "nothing", Refusal::UnknownSkill(skill("nothing"))),
        ("ada", "billing", Refusal::SkillDisabled(skill("billing"))),
        ("robot", "front", Refusal::SameTarget),
    ] {
        assert_eq!(transfer(&mut floor, to_agent, to_skill), Err(refusal));
    }
    let ticket = floor.desk.ticket(&conversation("c1")).unwrap();
    assert_eq!(ticket.assignee(), Some(&agent("robot")));
}

#[test]
fn a_skill_with_conversations_stays() {
    let floor = floor();
    assert_eq!(
        floor.desk.check_unused(&skill("front")),
        Err(Refusal::SkillInUse(1))
    );
    assert_eq!(floor.desk.check_unused(&skill("billing")), Ok(()));
}
