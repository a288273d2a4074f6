//! Reports over HTTP: as JSON, as a table, and refused.

use serde_json::json;

use crate::harness::{Client, Node};

/// A conversation in a skill whose name a table must quote, that ends while it waits.
async fn give_up(admin: &Client<'_>) {
    let skill = json!({"id": "=1+1", "name": "Billing, \"VIP\""});
    admin.post("/api/v1/skills", skill).await.expect(201);
    let opened = json!({"skillId": "=1+1", "channel": "SMS", "message": "Hello"});
    let opened = admin.post("/api/v1/conversations", opened).await;
    let opened = opened.expect(201).json();
    let close = format!(
        "/api/v1/conversations/{}/close",
        opened["id"].as_str().unwrap()
    );
    admin.post(&close, json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_json_or_a_table() {
    let node = Node::start().await;
    let admin = node.admin().await;
    give_up(&admin).await;
    let report = admin.get("/api/v1/analytics").await.expect(200).json();
    assert_eq!(
        (&report["from"], &report["to"]),
        (&json!("2026-04-28"), &json!("2026-05-04"))
    );
    assert_eq!(
        (&report["bucket"], &report["timeZone"]),
        (&json!("day"), &json!("UTC"))
    );
    let figures = &report["total"]["figures"];
    assert_eq!(
        (&figures["closed"], &figures["abandoned"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(report["buckets"].as_array().unwrap().len(), 7);
    assert!(figures["waits"].is_null() && figures["decisions"].is_object());

    let path = "/api/v1/analytics?group=skill";
    let table = admin.raw("GET", path, "", &[("accept", "text/csv")]).await;
    let table = table.expect(200);
    assert_eq!(
        table.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    assert_eq!(
        table.header("content-disposition"),
        Some("attachment; filename=\"analytics-2026-04-28-2026-05-04.csv\"")
    );
    let lines: Vec<&str> = table.text.split("\r\n").collect();
    assert!(
        lines[0].starts_with("id,name,conversations,closed,abandoned,"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("\"'=1+1\",\"Billing, \"\"VIP\"\"\",1,1,1,0,"),
        "{}",
        lines[1]
    );
    assert_eq!(lines.len(), 3);

    let path = "/api/v1/analytics?format=csv&from=2026-05-04&to=2026-05-04&bucket=hour";
    let table = admin.get(path).await.expect(200).text;
    assert_eq!(table.lines().count(), 1 + 24);
    assert!(table.contains("\r\n2026-05-04T10:00:00.000Z,2026-05-04T11:00:00.000Z,1,1,1,"));

    let path = "/api/v1/analytics?group=channel&id=SMS";
    let one = admin.get(path).await.expect(200).json();
    assert_eq!(one["total"]["figures"]["conversations"], 1);
    assert_eq!(one["groups"], json!([]));
    assert!(one["total"]["figures"]["decisions"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reported_is_refused_with_what_was_expected() {
    let node = Node::start().await;
    let admin = node.admin().await;
    for (query, expected) in [
        ("from=yesterday", "`from`"),
        ("timeZone=Mars/Olympus", "`timeZone`"),
        ("from=2025-01-01&to=2026-05-01", "400 days"),
        ("bucket=week", "week"),
        ("group=city", "city"),
        ("id=sales", "`group` beside `id`"),
        ("format=xml", "csv or json"),
    ] {
        let refused = admin.get(&format!("/api/v1/analytics?{query}")).await;
        let refused = refused.expect(400).json();
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(expected), "{query}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_kept_as_long_as_the_settings_say() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let refused = json!({"analyticsRetentionDays": 0});
    let refused = admin.call("PATCH", "/api/v1/settings", Some(refused)).await;
    let refused = refused.expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "#/analyticsRetentionDays");
    let brief = json!({"analyticsRetentionDays": 2});
    admin
        .call("PATCH", "/api/v1/settings", Some(brief))
        .await
        .expect(200);
    give_up(&admin).await;
    let closed = async || {
        let path = "/api/v1/analytics?from=2026-05-04&to=2026-05-04";
        let report = admin.get(path).await.expect(200).json();
        report["total"]["figures"]["closed"].as_u64().unwrap()
    };
    assert_eq!(closed().await, 1);
    node.clock
        .advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    assert_eq!(closed().await, 0);
}
