//! The stream, over real sockets.

mod life;
mod refusals;
mod socket;

use std::net::SocketAddr;

use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use usher_model::role::Role;

use self::socket::{Heard, Socket};
use crate::floor;
use crate::harness::{ACCOUNT, Client, Node};

/// Serves a node's router until the node stops.
async fn listen(node: &Node) -> SocketAddr {
    serve(node, node.router()).await
}

async fn serve(node: &Node, router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tasks = node.app.tasks();
    let stopping = tasks.stopping().clone().cancelled_owned();
    let server = axum::serve(listener, router).with_graceful_shutdown(stopping);
    tasks.spawn(async move { server.await.unwrap() });
    address
}

/// Opens a socket and waits until it is ready.
async fn ready(address: SocketAddr, query: &str, client: &Client<'_>) -> Socket {
    let mut socket = Socket::open(address, query, Some(&client.api_key)).await;
    assert_eq!(socket.hear().await.frame()["type"], "READY");
    socket
}

async fn subscribe(socket: &mut Socket, scope: Value, after: Option<u64>) {
    let mut frame = json!({"type": "SUBSCRIBE", "requestId": "s", "scope": scope});
    if let Some(after) = after {
        frame["after"] = after.into();
    }
    socket.say(&frame).await;
    let subscribed = socket.hear().await.frame();
    assert_eq!(subscribed["type"], "SUBSCRIBED", "{subscribed}");
    assert_eq!(subscribed["requestId"], "s");
}

async fn command(socket: &mut Socket, id: &str, command: Value) {
    let frame = json!({"type": "COMMAND", "requestId": id, "command": command});
    socket.say(&frame).await;
}

/// Does a command and returns its result, passing over events.
async fn done(socket: &mut Socket, id: &str, body: Value) -> Value {
    command(socket, id, body).await;
    loop {
        let frame = socket.hear().await.frame();
        if ["DONE", "FAILED"].contains(&frame["type"].as_str().unwrap()) {
            assert_eq!(
                (&frame["type"], &frame["requestId"]),
                (&json!("DONE"), &json!(id)),
                "{frame}"
            );
            return frame["result"].clone();
        }
    }
}

async fn people(admin: &Client<'_>) {
    let skill = json!({"id": "floor", "name": "Floor"});
    admin.post("/api/v1/skills", skill).await.expect(201);
    let agent = json!({"id": "agent-1", "name": "Ada", "kind": "HUMAN",
        "skills": [{"skillId": "floor"}], "maxConversations": 9});
    admin.post("/api/v1/users", agent).await.expect(201);
}

async fn opened(admin: &Client<'_>) -> String {
    let new = json!({"skillId": "floor", "consumerId": "bo", "message": "Hello"});
    let opened = admin.post("/api/v1/conversations", new).await;
    opened.expect(201).json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_agent_and_a_consumer_talk() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    people(&admin).await;
    let mut agent = ready(address, "?asAgent=agent-1", &admin).await;
    subscribe(&mut agent, json!({"type": "OWN"}), None).await;
    let online = json!({"type": "SET_AVAILABILITY", "status": "ONLINE"});
    let status = done(&mut agent, "1", online).await;
    assert_eq!(
        (&status["status"], &status["isConnected"]),
        (&json!("ONLINE"), &json!(true))
    );
    let mut consumer = ready(address, "?asConsumer=bo", &admin).await;
    subscribe(&mut consumer, json!({"type": "OWN"}), None).await;

    let id = opened(&admin).await;
    let offered = agent.event("OFFERED").await;
    assert_eq!(offered["conversationId"], id.as_str());
    let accept = json!({"type": "ACCEPT", "offerId": offered["event"]["offerId"]});
    let accepted = done(&mut agent, "2", accept).await;
    assert_eq!(accepted["state"], "ASSIGNED");
    assert_eq!(
        consumer.event("ASSIGNED").await["event"]["agentId"],
        "agent-1"
    );

    command(
        &mut consumer,
        "t",
        json!({"type": "TYPING", "conversationId": id}),
    )
    .await;
    let typing = consumer.next("SIGNAL").await;
    assert_eq!(typing["conversationId"], id.as_str());
    assert_eq!(
        typing["signal"],
        json!({"type": "TYPING", "participantId": "bo", "untilSeconds": 5})
    );

    let say = |text: &str, audience: &str| {
        json!({"type": "SAY", "conversationId": id, "text": text, "audience": audience,
            "clientMessageId": text})
    };
    done(&mut agent, "3", say("private", "AGENTS_AND_MANAGERS")).await;
    let said = done(&mut agent, "4", say("public", "ALL")).await;
    assert_eq!(said["isRepeat"], false);
    let again = done(&mut agent, "5", say("public", "ALL")).await;
    assert_eq!(
        (&again["messageId"], &again["isRepeat"]),
        (&said["messageId"], &json!(true))
    );
    let heard = consumer.event("MESSAGE_SENT").await;
    assert_eq!(
        heard["event"]["text"], "public",
        "the private one is not the consumer's"
    );
    assert_eq!(heard["sequence"], said["sequence"]);

    done(
        &mut consumer,
        "6",
        json!({"type": "SAY", "conversationId": id, "text": "thanks"}),
    )
    .await;
    while agent.event("MESSAGE_SENT").await["event"]["text"] != "thanks" {}
    done(
        &mut agent,
        "7",
        json!({"type": "CLOSE", "conversationId": id}),
    )
    .await;
    consumer.event("CONVERSATION_CLOSED").await;
    command(&mut consumer, "8", say("late", "ALL")).await;
    let failed = consumer.next("FAILED").await;
    assert_eq!(failed["requestId"], "8");
    assert_eq!(failed["problem"]["code"], "CONVERSATION_CLOSED");
    assert_eq!(failed["problem"]["status"], 409);
    node.stop().await;
}

#[tokio::test]
async fn a_reader_that_connects_again_misses_nothing_and_reads_nothing_twice() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    let staged = floor::stage(&admin, "conversationsSay").await;
    let id = staged["conversationId"].as_str().unwrap();
    let path = format!("/api/v1/conversations/{id}/messages");
    let writes = async {
        for turn in 0..100 {
            let say = json!({"text": turn.to_string(), "asAgent": "agent-1"});
            admin.post(&path, say).await.expect(201);
        }
    };
    let reads = async {
        let mut cursor = 0;
        let mut texts = Vec::new();
        let mut random = 7_u64;
        while texts.last() != Some(&"99".to_owned()) {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let mut reader = ready(address, "", &admin).await;
            subscribe(&mut reader, json!({"type": "ACCOUNT"}), Some(cursor)).await;
            for _ in 0..(random >> 60) {
                let event = reader.next("EVENT").await;
                cursor += 1;
                assert_eq!(
                    event["sequence"], cursor,
                    "each event once and in its order"
                );
                if event["event"]["senderId"] == "agent-1" {
                    texts.push(event["event"]["text"].as_str().unwrap().to_owned());
                }
                if texts.last() == Some(&"99".to_owned()) {
                    break;
                }
            }
        }
        assert_eq!(
            texts,
            (0..100).map(|turn| turn.to_string()).collect::<Vec<_>>()
        );
    };
    tokio::join!(writes, reads);
    node.stop().await;
}

#[tokio::test]
async fn a_reader_that_is_too_slow_is_cut_off() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    let staged = floor::stage(&admin, "conversationsSay").await;
    let id = staged["conversationId"].as_str().unwrap();
    let path = format!("/api/v1/conversations/{id}/messages");
    let mut reader = ready(address, "", &admin).await;
    subscribe(&mut reader, json!({"type": "ACCOUNT"}), None).await;
    // More than the buffers of the kernel and the queue hold.
    let text = "x".repeat(8_000);
    for _ in 0..2_500 {
        let say = json!({"text": text, "asAgent": "agent-1"});
        admin.post(&path, say).await.expect(201);
    }
    let code = loop {
        if let Heard::Closed(code, _) = reader.hear().await {
            break code;
        }
    };
    assert_eq!(code, 4409);
    node.stop().await;
}

#[tokio::test]
async fn a_credential_may_come_as_the_first_frame() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    let mut socket = Socket::open(address, "", None).await;
    socket
        .say(&json!({"type": "AUTHENTICATE", "token": admin.api_key}))
        .await;
    let ready = socket.hear().await.frame();
    let expected = json!({"type": "READY", "accountId": ACCOUNT, "sequence": 0,
        "heartbeatSeconds": 15});
    assert_eq!(ready, expected);
    node.stop().await;
}

#[tokio::test]
async fn what_is_not_allowed_ends_the_socket() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    people(&admin).await;
    let id = opened(&admin).await;
    let ends = async |query: &str, credential: Option<&str>, frames: &[Value]| {
        let mut socket = Socket::open(address, query, credential).await;
        for frame in frames {
            socket.say(frame).await;
        }
        loop {
            if let Heard::Closed(code, reason) = socket.hear().await {
                assert!(!reason.is_empty());
                return code;
            }
        }
    };
    let subscribe = |scope: Value| json!({"type": "SUBSCRIBE", "requestId": "1", "scope": scope});
    let authenticate = json!({"type": "AUTHENTICATE", "token": "usk.wrong"});
    assert_eq!(ends("", Some("usk.wrong"), &[]).await, 4401);
    assert_eq!(ends("", None, &[authenticate]).await, 4401);
    assert_eq!(
        ends("", None, &[subscribe(json!({"type": "ACCOUNT"}))]).await,
        4400
    );

    let key = Some(admin.api_key.as_str());
    assert_eq!(ends("?asAgent=nobody", key, &[]).await, 4403);
    assert_eq!(ends("", key, &[json!({"type": "SHOUT"})]).await, 4400);
    assert_eq!(ends("", key, &[json!([1])]).await, 4400);
    assert_eq!(
        ends(
            "",
            key,
            &[json!({"type": "PAD", "text": "x".repeat(65_536)})]
        )
        .await,
        4400
    );
    assert_eq!(
        ends("", key, &[subscribe(json!({"type": "OWN"}))]).await,
        4403
    );
    let account = subscribe(json!({"type": "ACCOUNT"}));
    assert_eq!(
        ends("?asConsumer=bo", key, std::slice::from_ref(&account)).await,
        4403
    );
    let one = subscribe(json!({"type": "CONVERSATION", "conversationId": id}));
    assert_eq!(
        ends("?asConsumer=eve", key, std::slice::from_ref(&one)).await,
        4403
    );
    assert_eq!(ends("", key, &vec![account.clone(); 101]).await, 4429);

    let foreign = node.client("acc2", Role::Admin).await;
    assert_eq!(ends("", Some(&foreign.api_key), &[one]).await, 4403);
    let agent = node.client(ACCOUNT, Role::Agent).await;
    assert_eq!(
        ends("?asAgent=agent-1", Some(&agent.api_key), &[]).await,
        4403
    );
    assert_eq!(ends("", Some(&agent.api_key), &[account]).await, 4403);
    node.stop().await;
}

#[tokio::test]
async fn a_credential_that_was_revoked_commands_nothing() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let (admin, former) = (node.admin().await, node.client(ACCOUNT, Role::Bot).await);
    people(&admin).await;
    let id = opened(&admin).await;
    let mut socket = ready(address, "", &former).await;
    let (_, credential) = former.client_id.split_once('.').unwrap();
    let path = format!("/api/v1/credentials/{credential}");
    admin.call("DELETE", &path, None).await.expect(204);
    let close = json!({"type": "CLOSE", "conversationId": id});
    command(&mut socket, "1", close).await;
    assert_eq!(socket.hear().await.close().0, 4401);
    let path = format!("/api/v1/conversations/{id}");
    let conversation = admin.get(&path).await.expect(200).json();
    assert_eq!(conversation["state"], "QUEUED");
    node.stop().await;
}

#[tokio::test]
async fn another_account_hears_nothing() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let (admin, foreign) = (node.admin().await, node.client("acc2", Role::Admin).await);
    people(&admin).await;
    let mut reader = ready(address, "", &foreign).await;
    subscribe(&mut reader, json!({"type": "ACCOUNT"}), Some(0)).await;
    let id = opened(&admin).await;
    let say = json!({"type": "SAY", "conversationId": id, "text": "?", "asConsumer": true});
    command(&mut reader, "1", say).await;
    let failed = reader.hear().await.frame();
    assert_eq!(
        failed["problem"]["code"], "CONVERSATION_NOT_FOUND",
        "{failed}"
    );
    let own = foreign
        .post("/api/v1/conversations", json!({}))
        .await
        .expect(201)
        .json();
    let event = reader.hear().await.frame();
    assert_eq!(
        (&event["conversationId"], &event["sequence"]),
        (&own["id"], &json!(1))
    );
    node.stop().await;
}

#[tokio::test]
async fn commands_that_are_wrong_are_answered_and_the_socket_lives() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    let mut socket = ready(address, "", &admin).await;
    for (body, code) in [
        (json!({}), "FIELD_INVALID"),
        (json!({"type": "DANCE"}), "FIELD_INVALID"),
        (json!({"type": "ACCEPT", "offerId": "x"}), "OFFER_GONE"),
        (
            json!({"type": "CLOSE", "conversationId": "x", "colour": 1}),
            "FIELD_INVALID",
        ),
        (
            json!({"type": "TYPING", "conversationId": "x", "colour": 1}),
            "FIELD_INVALID",
        ),
        (
            json!({"type": "TYPING", "conversationId": "x"}),
            "FORBIDDEN",
        ),
        (
            json!({"type": "SET_AVAILABILITY", "status": "ONLINE"}),
            "FIELD_INVALID",
        ),
    ] {
        command(&mut socket, "1", body.clone()).await;
        let failed = socket.hear().await.frame();
        assert_eq!(failed["type"], "FAILED", "{body}");
        assert_eq!(failed["problem"]["code"], code, "{body}: {failed}");
    }
    node.stop().await;
}

#[tokio::test]
async fn plain_requests_are_told_what_the_path_is_for() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let plain = admin.get("/api/v1/stream").await.expect(400).json();
    assert_eq!(plain["code"], "BAD_REQUEST");
    admin.post("/api/v1/stream", json!({})).await.expect(405);
    node.stop().await;
}

#[tokio::test]
async fn a_node_that_stops_says_so() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    let mut idle = Socket::open(address, "", None).await;
    let mut reader = ready(address, "", &admin).await;
    subscribe(&mut reader, json!({"type": "ACCOUNT"}), None).await;
    let ((), idle, reader) = tokio::join!(node.stop(), idle.hear(), reader.hear());
    assert_eq!((idle.close().0, reader.close().0), (1001, 1001));
}
