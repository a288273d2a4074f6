//! What functions logged, and how often they ran.

use std::time::Duration;

use serde_json::{Value, json};
use usher_model::time::Timestamp;

use crate::functions::{deployed, invoke};
use crate::harness::{Client, Node};

const LOGS: &str = r#"async function lambda(input) {
  const { level, text } = input.payload;
  if (level === "throw") {
    throw new Error(text);
  }
  console[level](text, { from: "the \"test\"" });
  return null;
}"#;

async fn tail(admin: &Client<'_>, id: &str, query: &str) -> Value {
    let path = format!("/api/v1/functions/{id}/logs/tail?{query}");
    admin.get(&path).await.expect(200).json()
}

/// The messages of a tail, and where it goes on.
fn read(tail: &Value) -> (Vec<String>, String) {
    let items = tail["items"].as_array().unwrap().iter();
    let messages = items.map(|item| item["message"].as_str().unwrap().to_owned());
    let cursor = tail["nextCursor"].as_str().unwrap().to_owned();
    (messages.collect(), cursor)
}

/// Waits until the log has an entry, and returns the newest.
async fn listed(admin: &Client<'_>, id: &str) -> Value {
    let path = format!("/api/v1/functions/{id}/logs?format=json");
    let listed = async {
        loop {
            let page = admin.get(&path).await.expect(200).json();
            if let Some(newest) = page["items"].get(0) {
                return newest.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listed)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_without_missing_or_repeating_an_entry() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = deployed(&admin, "Logs", LOGS).await;
    let other = deployed(&admin, "Other", LOGS).await;
    let says = async |id: &str, level: &str, text: &str| {
        invoke(&admin, id, json!({"level": level, "text": text})).await
    };
    says(&id, "info", "before").await.expect(200);
    listed(&admin, &id).await;
    node.clock.advance(Duration::from_millis(5));
    let (none, mut cursor) = read(&tail(&admin, &id, "").await);
    assert_eq!(none, [""; 0], "it begins now");
    // Who waits is answered by the next entry, and not by another function's.
    let (waited, ()) = tokio::join!(
        async { tail(&admin, &id, &format!("cursor={cursor}&wait=25")).await },
        async {
            says(&other, "info", "elsewhere").await.expect(200);
            says(&id, "info", "first").await.expect(200);
        }
    );
    let (mut all, next) = read(&waited);
    cursor = next;
    for number in 0..20 {
        let level = if number % 2 == 0 { "info" } else { "warn" };
        says(&id, level, &number.to_string()).await.expect(200);
    }
    while all.len() < 21 {
        let page = tail(&admin, &id, &format!("cursor={cursor}&wait=25&limit=7")).await;
        let (more, next) = read(&page);
        assert!((1..=7).contains(&more.len()), "{page}");
        all.extend(more);
        cursor = next;
    }
    let numbers = (0..20).map(|number| number.to_string());
    let expected: Vec<String> = std::iter::once("first".to_owned()).chain(numbers).collect();
    assert_eq!(all, expected);
    says(&id, "info", "passed over").await.expect(200);
    says(&id, "throw", "broken").await.expect(422);
    let errors = format!("cursor={cursor}&wait=25&level=error");
    let (errors, _) = read(&tail(&admin, &id, &errors).await);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("broken"), "{errors:?}");
    for wrong in ["cursor=x", "wait=26", "limit=0", "level=loud"] {
        let path = format!("/api/v1/functions/{id}/logs/tail?{wrong}");
        let refused = admin.get(&path).await;
        assert!(refused.status.is_client_error(), "{wrong}");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_a_file_of_at_most_500_lines() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = deployed(&admin, "Logs", LOGS).await;
    let says = json!({"level": "warn", "text": "two;\nlines"});
    invoke(&admin, &id, says).await.expect(200);
    let entry = listed(&admin, &id).await;
    let path = format!("/api/v1/functions/{id}/logs");
    let file = admin.get(&format!("{path}?format=csv")).await.expect(200);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let name = format!("attachment; filename=\"{id}.csv\"");
    assert_eq!(file.header("content-disposition"), Some(name.as_str()));
    let head = "lambdaUUID;requestID;timestamp;level;message;extras\n";
    let lines = file.text.strip_prefix(head).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .has_headers(false)
        .from_reader(lines.as_bytes());
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    let at = Timestamp::parse(entry["at"].as_str().unwrap()).unwrap();
    let expected = [
        &*id,
        entry["requestId"].as_str().unwrap(),
        &at.milliseconds().to_string(),
        "warn",
        "two;\nlines",
        &entry["extras"].to_string(),
    ];
    assert_eq!(lines, [csv::StringRecord::from(&expected[..])]);
    let none = admin.get(&format!("{path}?format=csv&level=error")).await;
    assert_eq!(none.expect(200).text.lines().count(), 1);
    admin.get(&format!("{path}?format=xml")).await.expect(400);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_how_often_a_function_ran_and_how_long_that_took() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let id = deployed(&admin, "Logs", LOGS).await;
    let path = format!("/api/v1/functions/{id}");
    let usage = async || admin.get(&path).await.expect(200).json()["usage"].clone();
    let none = json!({"runs": 0, "failed": 0});
    assert_eq!(usage().await["lastHour"], none);
    let counted = async |part: &str, runs: u64| {
        let counted = async {
            loop {
                let usage = usage().await[part].clone();
                if usage["runs"] == runs {
                    return usage;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), counted)
            .await
            .unwrap()
    };
    let says = |level: &str| json!({"level": level, "text": "x"});
    for _ in 0..3 {
        invoke(&admin, &id, says("info")).await.expect(200);
    }
    invoke(&admin, &id, says("throw")).await.expect(422);
    // A test is no run.
    let test = format!("{path}/test");
    admin
        .post(&test, json!({"payload": says("info")}))
        .await
        .expect(200);
    let hour = counted("lastHour", 4).await;
    assert_eq!(hour["failed"], 1);
    assert!(hour["p50Ms"].as_u64() <= hour["p99Ms"].as_u64(), "{hour}");
    assert!(hour["p50Ms"].as_u64().is_some());
    node.clock.advance(Duration::from_secs(2 * 60 * 60));
    invoke(&admin, &id, says("info")).await.expect(200);
    counted("lastDay", 5).await;
    assert_eq!(usage().await["lastHour"]["runs"], 1);
    node.clock.advance(Duration::from_secs(25 * 60 * 60));
    let later = usage().await;
    assert_eq!(later["lastDay"], none);
    assert_eq!(later["lastWeek"]["runs"], 5);
    assert_eq!(later["lastMonth"]["failed"], 1);
    node.stop().await;
}
