//! Several nodes on one store, none of which hears a hint of the others.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use usher_app::agents;
use usher_app::conversations::{self, Close, State};
use usher_app::feed::{self, Event, Item, Scope};
use usher_model::id::DialogId;

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
