use super::super::{AgentType, MissingMcs};
use super::*;

const CLOSED_AT: Timestamp = Timestamp::from_milliseconds(1_718_000_000_000);

fn agent(id: &str) -> AgentId {
    AgentId::parse(id).expect("an id")
}

fn skill(id: &str) -> SkillId {
    SkillId::parse(id).expect("an id")
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn record() -> Record {
    Record {
        closed_at: CLOSED_AT,
        skill: Some(skill("billing")),
        agent: Some(agent("ada")),
        agent_name: Some("Ada".to_owned()),
        agent_type: AgentType::Human,
        mcs: Some(67),
        intent: Some(Intent {
            id: "order_status".to_owned(),
            name: Some("order status".to_owned()),
        }),
    }
}

/// An agent who accepts at once a conversation that starts so long after the close.
struct Acceptance {
    agent: &'static str,
    skill: Option<&'static str>,
    intent: Option<&'static str>,
    started_after: Duration,
    waited: Duration,
}

const BY_ADA: Acceptance = Acceptance {
    agent: "ada",
    skill: Some("billing"),
    intent: None,
    started_after: Duration::from_secs(600),
    waited: Duration::ZERO,
};

const BY_BEN: Acceptance = Acceptance {
    agent: "ben",
    ..BY_ADA
};

fn told(record: &Record, acceptance: &Acceptance, settings: &Settings) -> Option<Notice> {
    let started_at = record.closed_at.plus(acceptance.started_after);
    let skill = acceptance.skill.map(skill);
    let accepted = Accepted {
        agent: &agent(acceptance.agent),
        skill: skill.as_ref(),
        intent: acceptance.intent,
        started_at,
        at: started_at.plus(acceptance.waited),
    };
    notice(record, &accepted, settings)
}

fn kind(record: &Record, acceptance: &Acceptance) -> Option<&'static str> {
    let notice = told(record, acceptance, &Settings::default());
    notice.map(|notice| notice.kind.as_str())
}

fn text(acceptance: &Acceptance) -> String {
    told(&record(), acceptance, &Settings::default()).map_or_else(String::new, |n| n.to_string())
}

#[test]
fn la_50_an_agent_is_told_of_their_own_conversation_however_long_ago() {
    for started_after in [minutes(0), minutes(60), minutes(61), minutes(10 * 24 * 60)] {
        let acceptance = Acceptance {
            started_after,
            ..BY_ADA
        };
        assert_eq!(kind(&record(), &acceptance), Some("SAME_AGENT"));
    }
}

#[test]
fn la_51_a_colleague_in_the_same_skill_counts_within_the_time_frame() {
    for (started_after, expected) in [
        (minutes(20), Some("SAME_SKILL")),
        (minutes(59), Some("SAME_SKILL")),
        (minutes(60), Some("SAME_SKILL")),
        (minutes(60) + Duration::from_millis(1), None),
        (minutes(61), None),
    ] {
        let acceptance = Acceptance {
            started_after,
            ..BY_BEN
        };
        assert_eq!(kind(&record(), &acceptance), expected, "{started_after:?}");
    }
}

#[test]
fn la_51_the_start_counts_and_not_the_wait() {
    let acceptance = Acceptance {
        started_after: minutes(59),
        waited: minutes(30),
        ..BY_BEN
    };
    assert_eq!(
        text(&acceptance),
        "This customer talked with Ada 1 hour ago, for the same skill; previous topic: order status."
    );
}

#[test]
fn la_51_another_skill_or_none_gives_no_notice() {
    for other in [Some("orders"), None] {
        let acceptance = Acceptance {
            skill: other,
            ..BY_BEN
        };
        assert_eq!(kind(&record(), &acceptance), None);
    }
    let unassigned = Record {
        skill: None,
        ..record()
    };
    let acceptance = Acceptance {
        skill: None,
        ..BY_BEN
    };
    assert_eq!(kind(&unassigned, &acceptance), None);
}

#[test]
fn la_51_a_bot_is_no_colleague() {
    for agent_type in [AgentType::Bot, AgentType::System, AgentType::None] {
        let record = Record {
            agent_type,
            ..record()
        };
        assert_eq!(kind(&record, &BY_BEN), None);
        assert_eq!(kind(&record, &BY_ADA), None);
    }
}

#[test]
fn la_52_the_same_agent_outranks_the_same_skill() {
    assert_eq!(kind(&record(), &BY_ADA), Some("SAME_AGENT"));
    // Switched off, it is not replaced by the other.
    let mut settings = Settings::default();
    settings.notice.same_agent = false;
    assert_eq!(told(&record(), &BY_ADA, &settings), None);
    assert!(told(&record(), &BY_BEN, &settings).is_some());
    settings.notice.same_skill = false;
    assert_eq!(told(&record(), &BY_BEN, &settings), None);
}

#[test]
fn la_53_the_topic_is_the_same_another_or_left_out() {
    let with_intent = |intent| Acceptance { intent, ..BY_ADA };
    assert_eq!(
        text(&with_intent(Some("order_status"))),
        "You talked with this customer 10 minutes ago, for the same skill, \
         about the same topic (order status)."
    );
    for other in [Some("refund"), None] {
        assert_eq!(
            text(&with_intent(other)),
            "You talked with this customer 10 minutes ago, for the same skill; \
             previous topic: order status."
        );
    }
    let unknown = Record {
        intent: None,
        ..record()
    };
    let notice = told(&unknown, &with_intent(Some("refund")), &Settings::default());
    assert_eq!(
        notice.expect("a notice").to_string(),
        "You talked with this customer 10 minutes ago, for the same skill."
    );
}

#[test]
fn la_53_an_intent_without_a_name_is_shown_by_its_id() {
    let nameless = Record {
        intent: Some(Intent {
            id: "refund".to_owned(),
            name: None,
        }),
        ..record()
    };
    let notice = told(&nameless, &BY_ADA, &Settings::default()).expect("a notice");
    assert_eq!(notice.topic, Topic::Previous("refund".to_owned()));
}

#[test]
fn la_54_nothing_of_how_the_conversation_was_routed_matters() {
    // Neither the score nor the settings of routing keep a notice away.
    let settings = Settings {
        is_enabled: false,
        mcs_threshold: 100,
        mcs_missing: MissingMcs::Skill,
        ..Settings::default()
    };
    let unscored = Record {
        mcs: None,
        ..record()
    };
    assert!(told(&unscored, &BY_ADA, &settings).is_some());
    assert!(told(&unscored, &BY_BEN, &settings).is_some());
}

#[test]
fn la_56_names_and_scores_are_shown_as_set() {
    let mut settings = Settings::default();
    settings.notice.shows_agent_name = false;
    settings.notice.shows_mcs = true;
    let notice = told(&record(), &BY_BEN, &settings).expect("a notice");
    assert_eq!(
        notice.to_string(),
        "This customer talked with another agent 10 minutes ago, for the same skill; \
         previous topic: order status. Score: 67 of 100."
    );
    let nameless = Record {
        agent_name: None,
        ..record()
    };
    let notice = told(&nameless, &BY_BEN, &Settings::default()).expect("a notice");
    let anonymous = NoticeKind::SameSkill { agent_name: None };
    assert_eq!(notice.kind, anonymous);
    assert_eq!(notice.mcs, None);
}

#[test]
fn the_age_is_told_in_its_largest_unit() {
    for (seconds, expected) in [
        (0, "less than a minute ago"),
        (59, "less than a minute ago"),
        (60, "1 minute ago"),
        (119, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (3_600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (86_400, "1 day ago"),
        (34_214_400, "396 days ago"),
    ] {
        assert_eq!(Ago(Duration::from_secs(seconds)).to_string(), expected);
    }
}

#[test]
fn a_name_is_shown_on_one_line_of_bounded_length() {
    assert_eq!(shown("order\nstatus\u{7}"), "orderstatus");
    assert_eq!(shown(&"ä".repeat(101)), "ä".repeat(100));
}
