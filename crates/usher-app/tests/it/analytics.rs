//! Figures: what a scripted floor comes to, whoever counts it and however often it is begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use usher_app::App;
use usher_app::analytics::{self, Cell, Dimension, Report, Wanted};
use usher_app::conversations::{self, Close, New, Transfer};
use usher_app::decisions::{self, Api, Request};
use usher_app::error::Kind;
use usher_model::id::{AccountId, ConversationId};
use usher_model::role::Role;
use usher_model::time::Timestamp;
use usher_store::record::figures::{Figures, Grain};

use crate::harness::{Floor, skill, skill_id, user};
use crate::last_agent::{self, GOOD};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The report of the floor's first day and the two after it, by skill, agent or channel.
async fn report(floor: &Floor, group: Option<Dimension>) -> Report {
    let wanted = Wanted {
        from: Some("2026-05-04".to_owned()),
        to: Some("2026-05-06".to_owned()),
        group,
        ..Wanted::default()
    };
    ask(&floor.app, floor, &wanted).await
}

/// Asks until everything is counted.
async fn ask(app: &Arc<App>, floor: &Floor, wanted: &Wanted) -> Report {
    let all = async {
        loop {
            let report = analytics::get(&floor.manager(), app, wanted).await.unwrap();
            if report.behind == 0 {
                return report;
            }
        }
    };
    tokio::time::timeout(30 * SECOND, all).await.unwrap()
}

async fn groups(floor: &Floor, group: Dimension) -> BTreeMap<String, Cell> {
    let report = report(floor, Some(group)).await;
    let groups = report.groups.into_iter();
    groups.map(|group| (group.id, group.figures)).collect()
}

async fn close(floor: &Floor, id: &ConversationId) {
    conversations::close(&floor.manager(), &floor.app, id, Close::default())
        .await
        .unwrap();
}

async fn open_by(floor: &Floor, consumer: &str, channel: &str) -> ConversationId {
    let new = New {
        skill_id: Some(skill_id("sales")),
        channel: Some(channel.to_owned()),
        message: Some("Hello, I need help.".to_owned()),
        ..New::default()
    };
    let opened = conversations::open(&floor.as_consumer(consumer), &floor.app, new).await;
    floor.settle().await;
    opened.unwrap().conversation.id
}

/// Two skills and a person in each. Of three conversations the first is helped after 10 seconds, the
/// second gives up while it waits, and the third is passed on.
async fn script() -> Floor {
    let floor = Floor::start().await;
    play(&floor).await;
    floor
}

async fn play(floor: &Floor) {
    floor.put(&skill("support")).await;
    let ada = floor.staff("ada", 3).await;
    let support = json!({"maxConversations": 3, "skills": [{"skillId": "support"}]});
    floor.put(&user("bob", &support)).await;
    let helped = open_by(floor, "c1", "SMS").await;
    floor.pass(10 * SECOND).await;
    floor.accept(&ada).await;
    floor
        .say(&floor.as_consumer("c1"), &helped, GOOD)
        .await
        .unwrap();
    close(floor, &helped).await;
    let given_up = open_by(floor, "c2", "WEB").await;
    floor.pass(2 * SECOND).await;
    close(floor, &given_up).await;
    let passed_on = open_by(floor, "c3", "WEB").await;
    floor.pass(20 * SECOND).await;
    floor.accept(&ada).await;
    let transfer = Transfer {
        agent_id: None,
        skill_id: Some(skill_id("support")),
        message: None,
        fallback: None,
    };
    conversations::transfer(&floor.as_agent(&ada), &floor.app, &passed_on, transfer)
        .await
        .unwrap();
    floor.pass(30 * SECOND).await;
}

#[tokio::test]
async fn every_figure_of_a_floor_is_what_happened() {
    let floor = script().await;
    let bob = floor.staff("bob", 3).await;
    let support = json!({"maxConversations": 3, "skills": [{"skillId": "support"}]});
    floor.put(&user("bob", &support)).await;
    floor.settle().await;
    floor.accept(&bob).await;
    let report = report(&floor, None).await;
    let total = &report.total.figures;
    assert_eq!((total.conversations, total.closed), (3, 2));
    assert_eq!(
        (total.abandoned, total.transfers, total.handovers),
        (1, 1, 0)
    );
    assert_eq!((total.assignments, total.bot_assignments), (3, 0));
    let waits = &total.waits;
    assert_eq!((waits.count(), waits.sum, waits.max), (3, 60_000, 30_000));
    let [p10, p50, p90] = [10, 50, 90].map(|of_hundred| waits.percentile(of_hundred).unwrap());
    for (found, exact) in [(p10, 10_000_u64), (p50, 20_000), (p90, 30_000)] {
        assert!(found.abs_diff(exact) * 125 <= exact, "{found} for {exact}");
    }
    assert_eq!(total.mcs.count(), 2);
    assert!(total.mcs.max > 50, "{:?}", total.mcs);
    let days: Vec<u64> = report
        .buckets
        .iter()
        .map(|bucket| bucket.figures.conversations)
        .collect();
    assert_eq!(days, [3, 0, 0]);
    assert_eq!(report.before.figures, Cell::default());

    let skills = groups(&floor, Dimension::Skill).await;
    let (sales, support) = (&skills["sales"], &skills["support"]);
    assert_eq!((sales.conversations, support.conversations), (3, 1));
    assert_eq!((sales.assignments, support.assignments), (2, 1));
    assert_eq!((sales.transfers, support.transfers), (1, 0));
    assert_eq!((sales.closed, sales.abandoned), (2, 1));
    assert_eq!(support.waits.max, 30_000);

    let agents = groups(&floor, Dimension::Agent).await;
    let (ada, bob) = (&agents["ada"], &agents["bob"]);
    assert_eq!((ada.conversations, bob.conversations), (2, 1));
    assert_eq!((ada.closed, ada.abandoned, ada.transfers), (1, 0, 1));

    let channels = groups(&floor, Dimension::Channel).await;
    assert_eq!(channels["SMS"].waits.sum, 10_000);
    assert_eq!(channels["WEB"].assignments, 2);
    assert_eq!((channels["SMS"].closed, channels["WEB"].closed), (1, 1));
}

#[tokio::test]
async fn one_skill_is_reported_by_itself_and_names_are_told() {
    let floor = script().await;
    let wanted = Wanted {
        from: Some("2026-05-04".to_owned()),
        to: Some("2026-05-04".to_owned()),
        is_hourly: true,
        only: Some((Dimension::Skill, "support".to_owned())),
        ..Wanted::default()
    };
    let one = ask(&floor.app, &floor, &wanted).await;
    assert_eq!(one.total.figures.conversations, 1);
    assert_eq!(one.buckets.len(), 24);
    assert_eq!(one.buckets[10].figures.conversations, 1);
    assert_eq!(one.total.decisions, None);
    let report = report(&floor, Some(Dimension::Agent)).await;
    assert_eq!(report.groups[0].name.as_deref(), Some("ada"));
}

#[tokio::test]
async fn who_comes_back_to_their_agent_stands_beside_who_does_not() {
    let floor = last_agent::floor().await;
    let ada = floor.staff("ada", 3).await;
    last_agent::first(&floor, &ada, GOOD).await;
    floor.pass(60 * SECOND).await;
    // Back with Ada.
    last_agent::first(&floor, &ada, GOOD).await;
    floor.pass(60 * SECOND).await;
    floor
        .set_status(&ada, usher_routing::seat::Status::Away)
        .await;
    let bob = floor.staff("bob", 3).await;
    // Ada is away, so it is Bob.
    last_agent::first(&floor, &bob, GOOD).await;
    let report = report(&floor, None).await;
    let total = &report.total.figures;
    assert_eq!((total.closed, total.last_agent.closed), (3, 1));
    assert_eq!(total.other_agent.closed, 1);
    assert_eq!(
        total.other_because,
        [("AGENT_NOT_ONLINE".to_owned(), 1)].into()
    );
    assert_eq!(total.last_agent.mcs.count(), 1);
    assert_eq!(total.last_agent.waits.count(), 1);
    assert_eq!((total.handovers, total.transfers), (3, 0));
    assert_eq!((total.bot_assignments, total.assignments), (3, 3));
    let agents = groups(&floor, Dimension::Agent).await;
    assert_eq!(agents["ada"].last_agent.closed, 1);
    assert_eq!(agents["bob"].other_agent.closed, 1);
    assert_eq!(agents["concierge"].handovers, 3);
    // The concierge's decisions are those of the policies.
    let runs = report.total.decisions.unwrap();
    assert_eq!((runs.runs, runs.no_match), (3, 3));
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_however_often_counting_is_broken_off() {
    let mut floor = Floor::start().await;
    let ada = floor.staff("ada", 1_000).await;
    let mut opened = 0;
    for life in 0..12 {
        for number in 0..life {
            floor.open(&format!("c{life}-{number}")).await;
            floor.accept(&ada).await;
            opened += 1;
        }
        // A node that dies has counted a page, or half of it and written nothing.
        for _ in 0..life {
            tokio::task::yield_now().await;
        }
        floor.restart().await;
    }
    let report = report(&floor, None).await;
    let total = &report.total.figures;
    assert_eq!((total.conversations, total.assignments), (opened, opened));
}

#[tokio::test]
async fn two_nodes_count_everything_once() {
    let mut floor = Floor::start().await;
    floor.share();
    floor.restart().await;
    let ada = floor.staff("ada", 1_000).await;
    let other = floor.another_node();
    for number in 0..20 {
        floor.open(&format!("c{number}")).await;
        floor.accept(&ada).await;
    }
    let wanted = Wanted::default();
    let here = ask(&floor.app, &floor, &wanted).await;
    assert_eq!(here.total.figures.assignments, 20);
    // The one that counted goes, and the other one goes on where it was.
    floor.app.tasks().stop().await;
    floor.app = other;
    for number in 20..30 {
        floor.open(&format!("c{number}")).await;
        floor.accept(&ada).await;
    }
    let there = ask(&floor.app, &floor, &wanted).await;
    assert_eq!(there.total.figures.assignments, 30);
}

#[tokio::test]
async fn days_begin_where_the_reader_is() {
    let floor = Floor::start().await;
    // 10:00, 18:15 and 18:45 in UTC: the last is the next day in Kolkata, half an hour off the hour.
    for (number, minutes) in [(1, 0), (2, 495), (3, 30)] {
        floor.pass(Duration::from_secs(minutes * 60)).await;
        floor.open(&format!("c{number}")).await;
    }
    let wanted = |zone: &str, from: &str, to: &str| Wanted {
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        zone: Some(zone.to_owned()),
        group: Some(Dimension::Skill),
        ..Wanted::default()
    };
    let days = async |zone: &str| {
        let wanted = wanted(zone, "2026-05-04", "2026-05-05");
        let report = ask(&floor.app, &floor, &wanted).await;
        assert_eq!(report.groups[0].figures.conversations, 3, "{zone}");
        let days = report.buckets.iter();
        days.map(|day| day.figures.conversations)
            .collect::<Vec<_>>()
    };
    assert_eq!(days("UTC").await, [3, 0]);
    assert_eq!(days("Asia/Kolkata").await, [2, 1]);
    assert_eq!(days("Pacific/Kiritimati").await, [0, 3]);
    let one = wanted("Asia/Kolkata", "2026-05-05", "2026-05-05");
    let one = ask(&floor.app, &floor, &one).await;
    assert_eq!(one.total.figures.conversations, 1);
    assert_eq!(one.groups[0].figures.conversations, 1);
    // What it is compared with ends at the time of day that it is now: 18:45, and its quarter.
    assert_eq!(one.before.figures.conversations, 0);
    assert_eq!(one.before.to.to_string(), "2026-05-03T19:00:00.000Z");
    let spring = wanted("Europe/Berlin", "2026-03-29", "2026-03-29");
    let spring = Wanted {
        is_hourly: true,
        ..spring
    };
    assert_eq!(ask(&floor.app, &floor, &spring).await.buckets.len(), 23);
}

#[tokio::test]
async fn a_rebuild_counts_the_same_again() {
    let floor = script().await;
    let before = report(&floor, None).await.total.figures;
    spoil(&floor, "2026-05-04T10:00:00Z").await;
    assert_eq!(report(&floor, None).await.total.figures.closed, 99);
    let admin = floor.caller(Role::Admin);
    analytics::rebuild(&admin, &floor.app).await.unwrap();
    assert_eq!(report(&floor, None).await.total.figures, before);
}

#[tokio::test]
async fn a_rebuild_keeps_what_is_older_than_the_events() {
    let floor = Floor::start().await;
    floor.set(&json!({"conversationRetentionDays": 1})).await;
    play(&floor).await;
    report(&floor, None).await;
    floor.set(&json!({"conversationRetentionDays": 400})).await;
    for consumer in ["c4", "c5"] {
        floor.pass(DAY).await;
        floor.open(consumer).await;
    }
    let days = |report: &Report| {
        let days = report.buckets.iter();
        days.map(|day| (day.figures.conversations, day.figures.closed))
            .collect::<Vec<_>>()
    };
    let before = report(&floor, None).await;
    assert_eq!(days(&before), [(3, 2), (1, 0), (1, 0)]);
    // The events of the first day are gone, and the second one has lost some of its own.
    for hour in ["2026-05-05T10:00:00Z", "2026-05-06T10:00:00Z"] {
        spoil(&floor, hour).await;
    }
    let admin = floor.caller(Role::Admin);
    analytics::rebuild(&admin, &floor.app).await.unwrap();
    let after = report(&floor, None).await;
    assert_eq!(days(&after), [(3, 2), (0, 99), (1, 0)]);
}

/// Puts something else where the figures of an hour were.
async fn spoil(floor: &Floor, hour: &str) {
    let start = Timestamp::parse(hour).unwrap();
    let wrong = Cell {
        closed: 99,
        ..Cell::default()
    };
    let spoiled = Figures {
        grain: Grain::Hour,
        dimension: Dimension::All,
        id: String::new(),
        start,
        cells: [(0, wrong)].into(),
        expires_at: start.plus(800 * DAY),
    };
    floor.put(&spoiled).await;
}

#[tokio::test]
async fn policies_are_counted_by_the_hours_of_the_reader() {
    let floor = Floor::start().await;
    let manager = floor.manager();
    for _ in 0..3 {
        decisions::decide(&manager, &floor.app, Request::new(Api::Own))
            .await
            .unwrap();
        floor.clock.advance(Duration::from_secs(6 * 60 * 60));
    }
    let wanted = Wanted {
        from: Some("2026-05-04".to_owned()),
        to: Some("2026-05-05".to_owned()),
        zone: Some("Asia/Kolkata".to_owned()),
        ..Wanted::default()
    };
    let report = ask(&floor.app, &floor, &wanted).await;
    let runs: Vec<u64> = report
        .buckets
        .iter()
        .map(|bucket| bucket.decisions.unwrap().runs)
        .collect();
    // 15:30, 21:30 and 3:30 there.
    assert_eq!(runs, [2, 1]);
}

#[tokio::test]
async fn figures_are_nobody_elses_and_not_everybodys() {
    let floor = script().await;
    let mut stranger = floor.caller(Role::Admin);
    stranger.account = AccountId::parse("acc2").unwrap();
    usher_app::accounts::create(&floor.app, &stranger.account)
        .await
        .unwrap();
    let theirs = analytics::get(&stranger, &floor.app, &Wanted::default()).await;
    assert_eq!(theirs.unwrap().total.figures, Cell::default());
    for role in [Role::Agent, Role::Bot, Role::Developer, Role::Consumer] {
        let caller = floor.caller(role);
        let refused = analytics::get(&caller, &floor.app, &Wanted::default()).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Forbidden, "{role}");
    }
    let readonly = floor.caller(Role::Readonly);
    analytics::get(&readonly, &floor.app, &Wanted::default())
        .await
        .unwrap();
    let refused = analytics::rebuild(&floor.manager(), &floor.app).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Forbidden);
}

#[tokio::test]
async fn a_period_that_is_too_long_or_not_one_is_refused() {
    let floor = Floor::start().await;
    let refused = async |from: &str, to: &str, zone: &str, is_hourly: bool| {
        let wanted = Wanted {
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            zone: Some(zone.to_owned()),
            is_hourly,
            ..Wanted::default()
        };
        let refused = analytics::get(&floor.manager(), &floor.app, &wanted).await;
        refused.unwrap_err().to_string()
    };
    let (day, next) = ("2026-05-01", "2026-05-02");
    for (message, expected) in [
        (refused("2026-5-1", day, "UTC", false).await, "`from`"),
        (refused(day, "soon", "UTC", false).await, "`to` as a day"),
        (refused(next, day, "UTC", false).await, "or later"),
        (refused(day, day, "Mars", false).await, "`timeZone`"),
        (
            refused("2025-01-01", "2026-02-05", "UTC", false).await,
            "at most 400 days by day, found 401",
        ),
        (
            refused("2026-05-01", "2026-06-01", "UTC", true).await,
            "at most 31 days by hour, found 32",
        ),
    ] {
        assert!(message.contains(expected), "{message}");
    }
}
