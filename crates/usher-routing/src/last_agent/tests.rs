use std::time::Duration;

use usher_model::id::ConversationId;

use super::*;
use crate::rules::AccountRules;
use crate::seat::{Capacity, Kind, Proficiency, Profile, Seat};

const CLOSED_AT: Timestamp = Timestamp::from_milliseconds(1_718_000_000_000);

fn agent() -> AgentId {
    AgentId::parse("ada").expect("an id")
}

fn skill(id: &str) -> SkillId {
    SkillId::parse(id).expect("an id")
}

/// A conversation for which every test passes; each row of the table then spoils one thing.
#[derive(Clone)]
struct Scene {
    settings: Settings,
    age: Duration,
    is_authenticated: bool,
    lookup: Lookup,
    agent: AgentState,
}

impl Scene {
    fn new() -> Self {
        Self {
            settings: Settings::default(),
            age: Duration::from_secs(600),
            is_authenticated: true,
            lookup: Lookup::Found(Record {
                closed_at: CLOSED_AT,
                skill: Some(skill("billing")),
                agent: Some(agent()),
                agent_name: Some("Ada".to_owned()),
                agent_type: AgentType::Human,
                mcs: Some(67),
                intent: None,
            }),
            agent: present(Status::Online),
        }
    }

    fn record(&mut self) -> &mut Record {
        match &mut self.lookup {
            Lookup::Found(record) => record,
            other => panic!("expected a record, found {other:?}"),
        }
    }

    fn set_mcs(&mut self, mcs: impl Into<Option<u8>>) {
        self.record().mcs = mcs.into();
    }

    fn step(&self, record: Option<&Lookup>, agent: Option<&AgentState>) -> Step {
        step(&Case {
            settings: &self.settings,
            now: CLOSED_AT.plus(self.age),
            is_authenticated: self.is_authenticated,
            skill: &skill("billing"),
            record,
            agent,
        })
    }

    /// Decides as the application does: a fact is fetched when it is asked for.
    fn decide(&self) -> &'static str {
        let (mut record, mut state) = (None, None);
        loop {
            match self.step(record, state) {
                Step::Need(Fact::Record) if record.is_none() => record = Some(&self.lookup),
                Step::Need(Fact::Agent(id)) if id == agent() && state.is_none() => {
                    state = Some(&self.agent);
                }
                Step::Need(fact) => panic!("asked twice, or for a stranger: {fact:?}"),
                Step::Done(decision) => {
                    let is_agent = decision == Decision::Agent(agent());
                    assert_eq!(is_agent, decision.as_str() == "LAST_AGENT");
                    return decision.as_str();
                }
            }
        }
    }
}

fn decide(spoil: impl FnOnce(&mut Scene)) -> &'static str {
    let mut scene = Scene::new();
    spoil(&mut scene);
    scene.decide()
}

fn present(status: Status) -> AgentState {
    AgentState::Present {
        status,
        is_skilled: true,
        load: Load::new(2_000, 4),
    }
}

fn loaded(load: Load) -> AgentState {
    AgentState::Present {
        status: Status::Online,
        is_skilled: true,
        load,
    }
}

const UNSKILLED: AgentState = AgentState::Present {
    status: Status::Online,
    is_skilled: false,
    load: Load::NONE,
};

#[test]
fn row_1_the_feature_is_off() {
    assert_eq!(decide(|s| s.settings.is_enabled = false), "DISABLED");
    let disabled = |id| move |s: &mut Scene| s.settings.disabled_skills = vec![skill(id)];
    assert_eq!(decide(disabled("billing")), "DISABLED");
    assert_eq!(decide(disabled("orders")), "LAST_AGENT");
}

#[test]
fn row_2_the_consumer_is_not_authenticated() {
    assert_eq!(decide(|s| s.is_authenticated = false), "UNAUTHENTICATED");
}

#[test]
fn la_02_nothing_is_read_about_who_is_not_authenticated() {
    let mut scene = Scene::new();
    assert_eq!(scene.step(None, None), Step::Need(Fact::Record));
    scene.is_authenticated = false;
    let refused = Step::Done(Decision::Skill(Reason::Unauthenticated));
    assert_eq!(scene.step(None, None), refused);
    scene.settings.is_enabled = false;
    let refused = Step::Done(Decision::Skill(Reason::Disabled));
    assert_eq!(scene.step(None, None), refused);
}

#[test]
fn row_3_the_record_cannot_be_read() {
    assert_eq!(decide(|s| s.lookup = Lookup::Failed), "LOOKUP_ERROR");
    assert_eq!(decide(|s| s.lookup = Lookup::TimedOut), "LOOKUP_TIMEOUT");
}

#[test]
fn row_4_there_is_no_record() {
    assert_eq!(decide(|s| s.lookup = Lookup::Missing), "NO_RECORD");
}

#[test]
fn row_5_la_35_the_close_is_within_the_time_frame_to_the_millisecond() {
    let hour = Duration::from_secs(3_600);
    let millisecond = Duration::from_millis(1);
    assert_eq!(decide(|s| s.age = Duration::ZERO), "LAST_AGENT");
    assert_eq!(decide(|s| s.age = hour), "LAST_AGENT");
    assert_eq!(decide(|s| s.age = hour + millisecond), "OUTSIDE_TIME_FRAME");
}

#[test]
fn row_5_a_record_from_the_future_counts_as_new() {
    let ahead = |s: &mut Scene| s.record().closed_at = CLOSED_AT.plus(Duration::from_secs(9_000));
    assert_eq!(decide(ahead), "LAST_AGENT");
}

#[test]
fn row_6_la_17_the_agent_of_the_record_is_not_a_person() {
    for kind in [AgentType::Bot, AgentType::System, AgentType::None] {
        assert_eq!(decide(|s| s.record().agent_type = kind), "NO_HUMAN_AGENT");
    }
    assert_eq!(decide(|s| s.record().agent = None), "NO_HUMAN_AGENT");
}

#[test]
fn row_7_the_previous_conversation_has_no_score() {
    assert_eq!(decide(|s| s.set_mcs(None)), "MCS_MISSING");
    let lenient = |s: &mut Scene| {
        s.set_mcs(None);
        s.settings.mcs_missing = MissingMcs::Agent;
    };
    assert_eq!(decide(lenient), "LAST_AGENT");
}

#[test]
fn row_8_la_32_the_score_is_above_the_threshold_and_not_at_it() {
    for (mcs, threshold, code) in [
        (0, 50, "MCS_NOT_ABOVE_THRESHOLD"),
        (49, 50, "MCS_NOT_ABOVE_THRESHOLD"),
        (50, 50, "MCS_NOT_ABOVE_THRESHOLD"),
        (51, 50, "LAST_AGENT"),
        (50, 49, "LAST_AGENT"),
        (45, 40, "LAST_AGENT"),
        (0, 0, "MCS_NOT_ABOVE_THRESHOLD"),
        (1, 0, "LAST_AGENT"),
        (100, 99, "LAST_AGENT"),
        (100, 100, "MCS_NOT_ABOVE_THRESHOLD"),
    ] {
        let found = decide(|s| {
            s.set_mcs(mcs);
            s.settings.mcs_threshold = threshold;
        });
        assert_eq!(found, code, "{mcs} against {threshold}");
    }
}

#[test]
fn row_8_a_missing_score_policy_forgives_no_low_score() {
    let found = decide(|s| {
        s.set_mcs(50);
        s.settings.mcs_missing = MissingMcs::Agent;
    });
    assert_eq!(found, "MCS_NOT_ABOVE_THRESHOLD");
}

#[test]
fn row_9_the_agent_is_not_logged_in() {
    assert_eq!(decide(|s| s.agent = AgentState::Absent), "AGENT_OFFLINE");
    assert_eq!(
        decide(|s| s.agent = present(Status::Offline)),
        "AGENT_OFFLINE"
    );
}

#[test]
fn row_10_la_33_the_status_is_one_that_counts() {
    for status in [Status::Away, Status::Occupied] {
        assert_eq!(decide(|s| s.agent = present(status)), "AGENT_NOT_ONLINE");
    }
    let back_soon = |s: &mut Scene| {
        s.agent = present(Status::Occupied);
        s.settings.available_statuses = vec![Status::Online, Status::Occupied];
    };
    assert_eq!(decide(back_soon), "LAST_AGENT");
}

#[test]
fn row_11_la_34_the_agent_has_the_destination_skill() {
    assert_eq!(decide(|s| s.agent = UNSKILLED), "AGENT_NOT_SKILLED");
    // The skill of the previous conversation does not matter.
    let elsewhere = |s: &mut Scene| s.record().skill = Some(skill("orders"));
    assert_eq!(decide(elsewhere), "LAST_AGENT");
    assert_eq!(decide(|s| s.record().skill = None), "LAST_AGENT");
}

#[test]
fn row_12_la_33_the_load_is_below_100_per_cent() {
    for (load, code) in [
        (Load::NONE, "LAST_AGENT"),
        (Load::new(3_999, 4), "LAST_AGENT"),
        (Load::new(4_000, 4), "AGENT_AT_CAPACITY"),
        (Load::new(4_900, 4), "AGENT_AT_CAPACITY"),
        (Load::new(0, 0), "AGENT_AT_CAPACITY"),
    ] {
        assert_eq!(decide(|s| s.agent = loaded(load)), code, "{load:?}");
    }
}

#[test]
fn row_13_otherwise_it_is_the_agent() {
    assert_eq!(decide(|_| ()), "LAST_AGENT");
}

#[test]
fn la_37_the_first_row_that_holds_names_the_reason() {
    type Repair<'a> = &'a dyn Fn(&mut Scene);

    // Everything is wrong; what is put right one by one uncovers the next row.
    let mut scene = Scene::new();
    scene.settings.is_enabled = false;
    scene.is_authenticated = false;
    scene.age = Duration::from_secs(4_000);
    scene.record().agent_type = AgentType::Bot;
    scene.set_mcs(None);
    let found = scene.lookup.clone();
    scene.lookup = Lookup::Failed;
    scene.agent = AgentState::Absent;
    let repairs: [(&str, Repair<'_>); 12] = [
        ("DISABLED", &|s| s.settings.is_enabled = true),
        ("UNAUTHENTICATED", &|s| s.is_authenticated = true),
        ("LOOKUP_ERROR", &|s| s.lookup = Lookup::Missing),
        ("NO_RECORD", &move |s| s.lookup = found.clone()),
        ("OUTSIDE_TIME_FRAME", &|s| s.settings.time_frame *= 2),
        ("NO_HUMAN_AGENT", &|s| {
            s.record().agent_type = AgentType::Human
        }),
        ("MCS_MISSING", &|s| s.set_mcs(50)),
        ("MCS_NOT_ABOVE_THRESHOLD", &|s| s.set_mcs(51)),
        ("AGENT_OFFLINE", &|s| {
            s.agent = AgentState::Present {
                status: Status::Away,
                is_skilled: false,
                load: Load::FULL,
            };
        }),
        ("AGENT_NOT_ONLINE", &|s| {
            s.settings.available_statuses.push(Status::Away);
        }),
        ("AGENT_NOT_SKILLED", &|s| {
            s.agent = AgentState::Present {
                status: Status::Away,
                is_skilled: true,
                load: Load::FULL,
            };
        }),
        ("AGENT_AT_CAPACITY", &|s| s.agent = present(Status::Online)),
    ];
    for (code, repair) in repairs {
        assert_eq!(scene.decide(), code);
        repair(&mut scene);
    }
    assert_eq!(scene.decide(), "LAST_AGENT");
}

#[test]
fn the_agent_is_asked_about_only_when_the_record_passes() {
    let mut scene = Scene::new();
    let found = scene.lookup.clone();
    assert_eq!(
        scene.step(Some(&found), None),
        Step::Need(Fact::Agent(agent()))
    );
    scene.set_mcs(50);
    let low = scene.lookup.clone();
    let refused = Step::Done(Decision::Skill(Reason::McsNotAboveThreshold));
    assert_eq!(scene.step(Some(&low), None), refused);
}

#[test]
fn la_38_the_state_is_that_of_the_desk() {
    let now = CLOSED_AT;
    let mut desk = Desk::new(AccountRules::standard());
    let state = |desk: &Desk, at| AgentState::of(&agent(), &skill("billing"), desk, at);
    assert_eq!(state(&desk, now), AgentState::Absent);

    let mut profile = Profile {
        kind: Kind::Human,
        is_enabled: true,
        capacity: Capacity::Slots(1),
        skills: [(skill("billing"), Proficiency::STANDARD)].into(),
    };
    let until = now.plus(Duration::from_secs(30));
    let mut seat = Seat::new(agent());
    seat.status = Status::Online;
    desk.set_profile(&agent(), Some(profile.clone()));
    desk.refresh_seat(seat.clone(), 1);
    assert_eq!(state(&desk, now), AgentState::Absent);
    desk.renew_lease(&agent(), until);
    assert_eq!(state(&desk, now), loaded(Load::NONE));
    assert_eq!(state(&desk, until), AgentState::Absent);

    // What rings counts, too.
    seat.offered = [ConversationId::parse("c").expect("an id")].into();
    desk.refresh_seat(seat, 2);
    assert_eq!(state(&desk, now), loaded(Load::FULL));

    profile.capacity = Capacity::Unlimited;
    profile.skills.clear();
    desk.set_profile(&agent(), Some(profile.clone()));
    assert_eq!(state(&desk, now), UNSKILLED);
    profile.is_enabled = false;
    desk.set_profile(&agent(), Some(profile));
    assert_eq!(state(&desk, now), AgentState::Absent);
}

#[test]
fn codes_are_read_as_they_are_written() {
    for agent_type in AgentType::ALL {
        assert_eq!(AgentType::parse(agent_type.as_str()), Some(agent_type));
    }
    for policy in [MissingMcs::Skill, MissingMcs::Agent] {
        assert_eq!(MissingMcs::parse(policy.as_str()), Some(policy));
    }
    assert_eq!(AgentType::parse("human"), None);
    assert_eq!(MissingMcs::parse(""), None);
}
