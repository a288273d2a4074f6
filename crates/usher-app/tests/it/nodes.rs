//! Several nodes on one store, none of which hears a hint of the others.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use usher_app::conversations::{self, Close, State};
use usher_app::feed::{self, Event, Item, Scope};
use usher_app::functions::{self, Filter, Given, Written};
use usher_app::{App, agents};
use usher_model::id::DialogId;
use usher_model::role::Role;

use crate::harness::{Floor, skill, user};

/// Longer than a node trusts what it read of the settings.
const WHILE: Duration = Duration::from_secs(31);

/// Two nodes; the first one is the floor's own.
async fn floor() -> Floor {
    let mut floor = Floor::start().await;
    floor.share();
    floor.restart().await;
    floor
}

#[tokio::test]
async fn a_survey_ends_on_whichever_node_is_left() {
    let mut floor = floor().await;
    let mut sales = skill("sales");
    let survey = json!({ "question": "1 to 5?", "thanks": "Thanks!", "timeoutSeconds": 300 });
    sales.survey = Some(serde_json::from_value(survey).unwrap());
    floor.put(&sales).await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let other = floor.another_node();
    // The other node knows the conversation from before its survey.
    let manager = floor.manager();
    conversations::get(&manager, &other, &id).await.unwrap();
    let main = DialogId::parse(id.as_str()).unwrap();
    conversations::close_dialog(
        &floor.as_agent(&ada),
        &floor.app,
        &id,
        &main,
        Close::default(),
    )
    .await
    .unwrap();
    floor.app.tasks().stop().await;
    floor.app = other;
    floor.settle().await;
    floor.pass(Duration::from_secs(301)).await;
    let closed = floor.get(&id).await.conversation.closed.unwrap();
    assert_eq!(closed.description, "SURVEY_TIMEOUT");
}

#[tokio::test]
async fn what_an_administrator_changes_elsewhere_holds_here_without_a_hint() {
    let mut floor = floor().await;
    let ada = floor.staff("ada", 1).await;
    let id = floor.open("c1").await;
    floor.accept(&ada).await;
    let waiting = floor.open("c2").await;
    let first = Arc::clone(&floor.app);
    floor.app = floor.another_node();
    floor
        .put(&user("ada", &json!({ "maxConversations": 2 })))
        .await;
    floor.app = first;
    floor.settle().await;
    assert_eq!(floor.get(&waiting).await.state, State::Queued);
    floor.pass(WHILE).await;
    assert_eq!(floor.get(&waiting).await.state, State::Offered);
    assert_eq!(floor.get(&id).await.state, State::Assigned);
}

#[tokio::test]
async fn conversations_go_on_after_a_start_though_nobody_asks() {
    let mut floor = Floor::start().await;
    floor.staff("ada", 1).await;
    let id = floor.open("c1").await;
    let last = floor.timeline(&id).await.last().unwrap().sequence;
    floor.clock.advance(Duration::from_secs(100));
    floor.restart().await;
    let mut events = feed::subscribe(&floor.manager(), &floor.app, Scope::Account, Some(last))
        .await
        .unwrap();
    loop {
        let Item::Happened(happened) = events.next().await.unwrap() else {
            continue;
        };
        if let Event::OfferEnded { reason, .. } = &happened.event {
            assert_eq!(reason, "EXPIRED");
            break;
        }
    }
}

#[tokio::test]
async fn an_offer_can_be_accepted_on_any_node_as_soon_as_it_is_read() {
    let floor = floor().await;
    let ada = floor.staff("ada", 50).await;
    let other = floor.another_node();
    let caller = floor.as_agent(&ada);
    let scope = Scope::Agent(ada.clone());
    let mut events = feed::subscribe(&caller, &other, scope, None).await.unwrap();
    for round in 0..40 {
        floor.open(&format!("c{round}")).await;
    }
    let mut accepted = 0;
    while accepted < 40 {
        if let Item::Happened(happened) = events.next().await.unwrap()
            && let Event::Offered { offer_id, .. } = &happened.event
        {
            agents::accept(&caller, &other, *offer_id, None)
                .await
                .unwrap();
            accepted += 1;
        }
    }
}

#[tokio::test]
async fn a_tail_misses_no_line_of_a_node_whose_clock_is_behind() {
    let floor = floor().await;
    let other = floor.another_node_behind(Duration::from_secs(60));
    let admin = floor.caller(Role::Admin);
    let source = "function lambda(input) { console.info(input.payload); return null; }";
    let made = functions::create(&admin, &floor.app, Written::new("Says", source)).await;
    let id = made.unwrap().record.id;
    functions::deploy(&admin, &floor.app, id, None)
        .await
        .unwrap();
    let says = async |app: &Arc<App>, words: &str| {
        let given = Given {
            payload: json!(words),
            ..Given::default()
        };
        functions::call(&admin, app, id, given).await.unwrap();
    };
    let tail = async |app: &Arc<App>, after: Option<u64>, wait: Duration| {
        let filter = Filter::default();
        let tail = functions::follow(&admin, app, id, &filter, after, 100, wait);
        let tail = tail.await.unwrap();
        let lines = tail.entries.iter();
        let lines: Vec<_> = lines.map(|line| line.entry.message.clone()).collect();
        (lines, tail.cursor)
    };
    // Each node follows what the other one writes, from one cursor that goes from node to node.
    let (none, mut cursor) = tail(&floor.app, None, Duration::ZERO).await;
    assert_eq!(none, [""; 0]);
    for number in 0..4 {
        let (writes, reads) = match number % 2 {
            0 => (&floor.app, &other),
            _ => (&other, &floor.app),
        };
        let words = number.to_string();
        let (read, ()) = tokio::join!(
            tail(reads, Some(cursor), functions::WAIT_MAX),
            says(writes, &words)
        );
        assert_eq!(read.0, [words], "of the node whose turn it is");
        cursor = read.1;
    }
    let (all, _) = tail(&other, Some(0), Duration::ZERO).await;
    assert_eq!(all, ["0", "1", "2", "3"]);
    other.tasks().stop().await;
}
