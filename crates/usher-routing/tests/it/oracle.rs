//! Whatever the agents and conversations: the indexes propose what trying everything finds.

use proptest::collection::vec;
use proptest::prelude::*;
use usher_model::time::Timestamp;
use usher_routing::command::{Command, Happening};
use usher_routing::desk::Desk;
use usher_routing::rules::{AccountRules, Relaxation, SkillRules};
use usher_routing::seat::{Capacity, Kind, Proficiency, Profile, Status};
use usher_routing::ticket::{Priority, Skip, Ticket};

use crate::harness::{Offers, START, agent, conversation, human, seconds, skill};

const SKILLS: [&str; 3] = ["billing", "sales", "tech"];

#[derive(Clone, Debug)]
struct Someone {
    profile: Profile,
    status: Status,
    has_lease: bool,
}

fn someone() -> impl Strategy<Value = Someone> {
    let skills = vec(proptest::option::of(1..=3_u8), SKILLS.len());
    let kind =
        prop_oneof![6 => Just(Kind::Human), 1 => Just(Kind::Bot), 1 => Just(Kind::HostedBot)];
    let status = prop_oneof![
        4 => Just(Status::Online),
        1 => Just(Status::Occupied),
        1 => Just(Status::Away),
    ];
    (
        skills,
        kind,
        0..=2_u32,
        status,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(skills, kind, slots, status, is_enabled, has_lease)| {
            let mut profile = human(slots, &[]);
            profile.kind = kind;
            profile.is_enabled = is_enabled || slots > 0;
            if slots == 2 {
                profile.capacity = Capacity::Standard;
            }
            for (name, number) in SKILLS.iter().zip(skills) {
                let proficiency = number.and_then(Proficiency::new);
                profile
                    .skills
                    .extend(proficiency.map(|number| (skill(name), number)));
            }
            let has_lease = has_lease || slots > 0;
            Someone {
                profile,
                status,
                has_lease,
            }
        })
}

#[derive(Clone, Debug)]
struct Waiting {
    skill: Option<usize>,
    is_transfer: bool,
    boost: i8,
    since: u64,
    relaxed: u8,
    skips: Vec<usize>,
}

fn waiting() -> impl Strategy<Value = Waiting> {
    let skill = proptest::option::weighted(0.9, 0..SKILLS.len());
    (
        skill,
        any::<bool>(),
        -1..=1_i8,
        0..5_u64,
        0..=2_u8,
        vec(0..6_usize, 0..3),
    )
        .prop_map(
            |(skill, is_transfer, boost, since, relaxed, skips)| Waiting {
                skill,
                is_transfer,
                boost,
                since,
                relaxed,
                skips,
            },
        )
}

fn rules(is_open: bool, minimum: u8) -> SkillRules {
    let mut rules = SkillRules::standard();
    rules.is_open = is_open;
    rules.proficiency_min = Proficiency::new(minimum).unwrap();
    rules.relaxations = vec![
        Relaxation {
            after: seconds(3_600),
            skill: None,
            proficiency_min: Proficiency::LOWEST,
        },
        Relaxation {
            after: seconds(7_200),
            skill: Some(skill("tech")),
            proficiency_min: Proficiency::LOWEST,
        },
    ];
    rules
}

fn floor(people: &[Someone], queue: &[Waiting], open: &[bool], minimum: u8) -> Desk {
    let mut desk = Desk::new(AccountRules::standard());
    for (name, is_open) in SKILLS.iter().zip(open) {
        desk.set_skill(&skill(name), Some(rules(*is_open, minimum)));
    }
    for (number, someone) in people.iter().enumerate() {
        let name = agent(&format!("a{number}"));
        desk.set_profile(&name, Some(someone.profile.clone()));
        if someone.has_lease {
            desk.renew_lease(&name, START.plus(seconds(1_000)));
        }
        if someone.profile.kind != Kind::HostedBot {
            let status = someone.status;
            let command = Command::SetStatus {
                agent: name,
                status,
                reason: None,
            };
            let change = desk.plan(command, START).unwrap();
            desk.apply(change);
        }
    }
    for (number, waiting) in queue.iter().enumerate() {
        let name = conversation(&format!("c{number}"));
        let since = START.plus(seconds(waiting.since));
        let mut ticket = Ticket::new(name, waiting.skill.map(|place| skill(SKILLS[place])), since);
        ticket.boost = waiting.boost;
        ticket.relaxed = if waiting.skill.is_some() {
            waiting.relaxed
        } else {
            0
        };
        if waiting.is_transfer {
            ticket.priority = Priority::Transfer;
        }
        for place in &waiting.skips {
            let agent = agent(&format!("a{place}"));
            let until = START.plus(seconds(100));
            ticket.skips.push(Skip { agent, until });
        }
        let change = desk.plan(Command::Open { ticket }, START).unwrap();
        desk.apply(change);
    }
    desk
}

/// Tries every waiting conversation in order of rank with every agent: the first that somebody can
/// have, with the best agent for it.
fn naive(
    desk: &Desk,
    people: &[Someone],
    queue: usize,
    now: Timestamp,
) -> Option<(String, String)> {
    let tickets = (0..queue).filter_map(|number| desk.ticket(&conversation(&format!("c{number}"))));
    let mut tickets: Vec<&Ticket> = tickets.filter(|ticket| ticket.is_queued()).collect();
    tickets.sort_by_key(|ticket| {
        let priority = match ticket.priority {
            Priority::New => 0,
            Priority::Transfer => 1,
            Priority::TransferToAgent => 2,
        };
        let urgency = -(priority + i32::from(ticket.boost));
        (urgency, ticket.waiting_since, ticket.conversation.clone())
    });
    tickets.into_iter().find_map(|ticket| {
        let why = desk.why_waiting(&ticket.conversation, now).unwrap();
        let candidates = why
            .agents
            .into_iter()
            .filter(|(_, exclusion)| exclusion.is_none());
        let best = candidates.min_by_key(|(agent, _)| {
            let number: usize = agent.as_str().trim_start_matches('a').parse().unwrap();
            let profile = &people[number].profile;
            let seat = desk.seat(agent).unwrap();
            let is_hosted = profile.kind == Kind::HostedBot;
            let (step, proficiency) = standing(desk, ticket, profile);
            let load = desk.load_of(agent, now).unwrap();
            (
                step,
                !is_hosted,
                -proficiency,
                load,
                seat.last_assigned_at,
                agent.clone(),
            )
        });
        let (agent, _) = best?;
        Some((ticket.conversation.to_string(), agent.to_string()))
    })
}

/// Returns under which step an agent can have a conversation, and how good the agent is then.
fn standing(desk: &Desk, ticket: &Ticket, profile: &Profile) -> (u8, i32) {
    let Some(own) = &ticket.skill else {
        return (0, 5);
    };
    let number = |name| {
        let proficiency = profile.skills.get(name)?;
        let is_hosted = profile.kind == Kind::HostedBot;
        Some(if is_hosted {
            10
        } else {
            i32::from(proficiency.number())
        })
    };
    let minimum = i32::from(desk.skill_rules(own).unwrap().proficiency_min.number());
    let tech = skill("tech");
    let steps = [(own, minimum), (own, 1), (&tech, 1)];
    (0..=ticket.relaxed)
        .zip(steps)
        .find_map(|(step, (name, minimum))| {
            let proficiency = number(name).filter(|proficiency| *proficiency >= minimum)?;
            Some((step, proficiency))
        })
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_next_match_is_the_best_one(
        people in vec(someone(), 1..6),
        queue in vec(waiting(), 1..12),
        open in vec(prop::bool::weighted(0.8), SKILLS.len()),
        minimum in 1..=3_u8,
        moves in vec(0..4_u8, 0..30),
    ) {
        let mut desk = floor(&people, &queue, &open, minimum);
        let offers = Offers::new(1);
        let mut now = START.plus(seconds(10));
        let mut moves = moves.into_iter();
        loop {
            let expected = naive(&desk, &people, queue.len(), now);
            let change = desk.next_match(now, offers.mint());
            let found = change.as_ref().map(|change| match &change.happenings[0] {
                Happening::Offered { conversation, agent, .. }
                | Happening::Assigned { conversation, agent, .. } => {
                    (conversation.to_string(), agent.to_string())
                }
                other => panic!("expected a match, found {other:?}"),
            });
            prop_assert_eq!(found, expected);
            let Some(change) = change else { break };
            let first = change.happenings[0].clone();
            desk.apply(change);
            prop_assert_eq!(desk.stale_indexes(), Vec::<String>::new());
            prop_assert_eq!(desk.contradictions(), Vec::<String>::new());
            now = now.plus(seconds(1));
            if let Happening::Offered { conversation, offer, agent, .. } = first {
                let command = match moves.next() {
                    None => break,
                    Some(0) => continue,
                    Some(1) => Command::Close { conversation },
                    Some(2) => Command::Decline { conversation, offer, agent, reason: None },
                    Some(_) => Command::Accept { conversation, offer, agent },
                };
                let change = desk.plan(command, now).unwrap();
                desk.apply(change);
            }
        }
    }
}
