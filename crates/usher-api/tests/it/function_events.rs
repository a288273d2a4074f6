//! The last agent, remembered by a function that is told of the end of conversations: T1 and T7 of its
//! contract. T9 is about deliveries that come again, and stands with the executable.

use std::time::Duration;

use serde_json::{Value, json};

use crate::floor;
use crate::functions::{helped, made};
use crate::harness::{Client, Node};

const SOURCE: &str = include_str!("../../../usher-app/src/functions/store_last_agent.js");
const END: &str = "controllerbot_messaging_conversation_end";
const RECORD: &str = "/api/v1/context/last_agent";

/// Deploys the function in place of the built-in record; returns its id.
async fn remember_by_function(admin: &Client<'_>) -> String {
    let patch = json!({"lastAgent": {"isRecorded": false}});
    admin
        .call("PATCH", "/api/v1/settings", Some(patch))
        .await
        .expect(200);
    let new = json!({"name": "Store last agent", "source": SOURCE, "eventId": END,
        "environment": {"LAST_AGENT_TTL_SECONDS": "3600"}});
    let id = made(admin, new).await;
    let deploy = format!("/api/v1/functions/{id}/deploy");
    admin.post(&deploy, json!({})).await.expect(200);
    id
}

/// Waits until the function has run so often.
async fn ran(admin: &Client<'_>, id: &str, runs: u64) {
    let path = format!("/api/v1/functions/{id}");
    let ran = async {
        loop {
            let usage = admin.get(&path).await.expect(200).json()["usage"]["lastHour"].clone();
            assert_eq!(usage["failed"], 0, "{usage}");
            if usage["runs"] == runs {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ran)
        .await
        .unwrap();
}

async fn kept(admin: &Client<'_>, consumer: &str) -> Value {
    let kept = admin.get(&format!("{RECORD}/{consumer}")).await;
    kept.expect(200).json()
}

/// What of a record is known.
fn known(record: &Value) -> Value {
    let mut record = record.clone();
    record
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_the_end_of_a_conversation_leaves_the_record_that_the_built_in_one_leaves() {
    let node = Node::start().await;
    let admin = node.admin().await;
    floor::stage(&admin, "offersAccept").await;
    helped(&admin, "built-in", true).await;
    let mut built_in = kept(&admin, "built-in").await["properties"].clone();
    let function = remember_by_function(&admin).await;
    let conversation = helped(&admin, "grace", true).await;
    ran(&admin, &function, 1).await;
    let record = kept(&admin, "grace").await;
    built_in["conversationId"] = json!(conversation);
    let properties = &record["properties"];
    assert_eq!(known(properties), known(&built_in));
    assert_eq!(properties["latestSkillId"], "floor");
    assert_eq!(properties["latestAgentId"], "agent-1");
    assert_eq!(properties["mcs"], 50);
    assert_eq!(record["expiresAt"], "2026-05-04T11:00:00.000Z");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t7_nothing_is_kept_of_a_consumer_who_is_not_authenticated() {
    let node = Node::start().await;
    let admin = node.admin().await;
    floor::stage(&admin, "offersAccept").await;
    let function = remember_by_function(&admin).await;
    helped(&admin, "eve", false).await;
    ran(&admin, &function, 1).await;
    admin.get(&format!("{RECORD}/eve")).await.expect(404);
    // Nor does the built-in one: it is off.
    let undeploy = format!("/api/v1/functions/{function}/undeploy");
    admin.post(&undeploy, json!({})).await.expect(200);
    helped(&admin, "grace", true).await;
    admin.get(&format!("{RECORD}/grace")).await.expect(404);
    node.stop().await;
}
