//! Business hours on the floor.

use std::time::Duration;

use serde_json::{Value, json};
use usher_app::conversations::State;

use crate::harness::{Floor, skill};

/// Opens `sales` from 13:00 to 14:00 in Berlin on Mondays; the tests begin on one, at noon there.
async fn closed(floor: &Floor, outside: Value) {
    let mut sales = skill("sales");
    let hours = json!({"zone": "Europe/Berlin", "outside": outside,
        "week": [{"day": "MONDAY", "fromMinute": 13 * 60, "toMinute": 14 * 60}]});
    sales.hours = Some(serde_json::from_value(hours).unwrap());
    floor.put(&sales).await;
    floor.put(&skill("night")).await;
}

#[tokio::test]
async fn what_comes_before_the_hours_waits_until_the_skill_opens() {
    let floor = Floor::start().await;
    closed(&floor, json!({"behavior": "QUEUE"})).await;
    let ada = floor.staff("ada", 3).await;
    let id = floor.open("c1").await;
    assert_eq!(floor.get(&id).await.state, State::Queued);
    floor.pass(Duration::from_secs(59 * 60)).await;
    assert_eq!(floor.get(&id).await.state, State::Queued);
    floor
        .set_status(&ada, usher_routing::seat::Status::Online)
        .await;
    floor.pass(Duration::from_secs(60)).await;
    assert_eq!(floor.get(&id).await.state, State::Offered);
}

#[tokio::test]
async fn outside_of_the_hours_a_conversation_goes_elsewhere_or_ends() {
    let floor = Floor::start().await;
    let transfer = json!({"behavior": "TRANSFER", "skillId": "night"});
    closed(&floor, transfer).await;
    let id = floor.open("c1").await;
    let view = floor.get(&id).await;
    let ticket = view.conversation.ticket.unwrap();
    assert_eq!(ticket.skill_id.unwrap().as_str(), "night");

    let floor = Floor::start().await;
    let close = json!({"behavior": "CLOSE", "message": "We are closed."});
    closed(&floor, close).await;
    let id = floor.open("c1").await;
    let view = floor.get(&id).await;
    assert_eq!(view.state, State::Closed);
    assert_eq!(
        view.conversation.closed.unwrap().description,
        "OUTSIDE_HOURS"
    );
    let story = floor.story(&id).await;
    assert_eq!(
        story.iter().filter(|name| *name == "MESSAGE_SENT").count(),
        2
    );
}
