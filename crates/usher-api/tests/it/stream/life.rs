//! Who is there, for how long, and under which name.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;

use super::*;

/// Serves a node whose sockets are pinged so often.
async fn listen_with(node: &Node, heartbeat: Duration) -> SocketAddr {
    let options = usher_api::Options {
        in_flight_max: 64,
        request_timeout: Duration::from_secs(30),
        heartbeat,
        console: None,
    };
    serve(node, usher_api::router(Arc::clone(&node.app), options)).await
}

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3_600);

/// Makes a user and a key that acts as that user.
async fn key(admin: &Client<'_>, user: &str) -> Value {
    let new = json!({"name": user, "role": "agent", "userId": user});
    let issued = admin.post("/api/v1/credentials", new).await;
    issued.expect(201).json()
}

/// Returns a token of somebody new, and who that is.
async fn newcomer(node: &Node) -> (String, String) {
    let request = Request::post("/api/v1/consumer-tokens")
        .body(Body::from(json!({"account": ACCOUNT}).to_string()))
        .unwrap();
    let issued = node.send(request).await.expect(201).json();
    let text = |name: &str| issued[name].as_str().unwrap().to_owned();
    (text("accessToken"), text("consumerId"))
}

async fn open(address: SocketAddr, credential: &str) -> Socket {
    let mut socket = Socket::open(address, "", Some(credential)).await;
    assert_eq!(socket.hear().await.frame()["type"], "READY");
    socket
}

async fn is_connected(admin: &Client<'_>) -> bool {
    let agents = admin.get("/api/v1/agents").await.expect(200);
    agents.json()["items"][0]["isConnected"] == true
}

async fn come(socket: &mut Socket) {
    let online = json!({"type": "SET_AVAILABILITY", "status": "ONLINE", "leaseSeconds": 5});
    done(socket, "come", online).await;
}

#[tokio::test]
async fn a_page_of_a_consumer_is_the_consumer_s_whoever_has_signed_in_beside_it() {
    let node = Node::start().await;
    let address = listen_with(&node, LONG).await;
    let admin = node.admin().await;
    let (token, consumer) = newcomer(&node).await;
    let query = "?credential=frame";
    let mut socket = Socket::open(address, query, Some(&admin.api_key)).await;
    let authenticate = json!({"type": "AUTHENTICATE", "token": token});
    socket.say(&authenticate).await;
    assert_eq!(socket.hear().await.frame()["consumerId"], consumer);
    drop(socket);
    node.stop().await;
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_found_dead() {
    let node = Node::start().await;
    let address = listen_with(&node, SHORT).await;
    let admin = node.admin().await;
    let mut living = ready(address, "", &admin).await;
    let mut dead = ready(address, "", &admin).await;
    subscribe(&mut living, json!({"type": "ACCOUNT"}), None).await;
    let (code, ()) = tokio::join!(dead.play_dead(), async {
        people(&admin).await;
        opened(&admin).await;
        living.event("QUEUED").await;
    });
    assert_eq!(code, 4408);
    node.stop().await;
}

#[tokio::test]
async fn a_frame_of_any_kind_renews_the_lease_that_was_asked_for() {
    let node = Node::start().await;
    let address = listen_with(&node, LONG).await;
    let admin = node.admin().await;
    people(&admin).await;
    let mut agent = ready(address, "?asAgent=agent-1", &admin).await;
    come(&mut agent).await;
    // Past what the opening of the socket has given.
    for _ in 0..30 {
        node.clock.advance(Duration::from_secs(3));
        agent.ping().await;
        assert!(is_connected(&admin).await);
    }
    node.clock.advance(Duration::from_secs(6));
    assert!(!is_connected(&admin).await, "five seconds were asked for");
    agent.ping().await;
    assert!(is_connected(&admin).await);
    node.stop().await;
}

#[tokio::test]
async fn a_node_pings_often_enough_for_the_shortest_lease() {
    let node = Node::start().await;
    let address = listen_with(&node, LONG).await;
    let admin = node.admin().await;
    people(&admin).await;
    let mut agent = ready(address, "?asAgent=agent-1", &admin).await;
    come(&mut agent).await;
    agent.pinged().await;
    node.stop().await;
}

#[tokio::test]
async fn an_idle_socket_ends_with_its_credential() {
    let node = Node::start().await;
    let address = listen_with(&node, SHORT).await;
    let admin = node.admin().await;
    people(&admin).await;
    let issued = key(&admin, "agent-1").await;
    let mut agent = open(address, issued["apiKey"].as_str().unwrap()).await;
    let off = admin
        .post("/api/v1/users/agent-1/disable", Value::Null)
        .await;
    off.expect(200);
    // A key that was found good is taken as good for a few seconds more.
    node.clock.advance(Duration::from_secs(6));
    assert_eq!(agent.hear().await.close().0, 4401, "the user was disabled");

    let former = node.client(ACCOUNT, Role::Bot).await;
    let mut bot = ready(address, "", &former).await;
    let (_, id) = former.client_id.split_once('.').unwrap();
    let path = format!("/api/v1/credentials/{id}");
    admin.call("DELETE", &path, None).await.expect(204);
    assert_eq!(bot.hear().await.close().0, 4401, "the key was revoked");

    let (token, _) = newcomer(&node).await;
    let mut consumer = open(address, &token).await;
    node.clock.advance(Duration::from_secs(86_400));
    let closed = consumer.hear().await.close();
    assert_eq!(closed.0, 4401, "the token has run out: {}", closed.1);
    node.stop().await;
}

#[tokio::test]
async fn two_sockets_of_one_agent_are_one_agent() {
    let node = Node::start().await;
    let address = listen_with(&node, LONG).await;
    let admin = node.admin().await;
    people(&admin).await;
    let issued = key(&admin, "agent-1").await;
    let key = issued["apiKey"].as_str().unwrap();
    let (mut desk, mut phone) = (open(address, key).await, open(address, key).await);
    for socket in [&mut desk, &mut phone] {
        subscribe(socket, json!({"type": "OWN"}), None).await;
    }
    come(&mut desk).await;
    let id = opened(&admin).await;
    let (at_desk, at_phone) = (desk.event("OFFERED").await, phone.event("OFFERED").await);
    assert_eq!(at_desk, at_phone);
    let accept = json!({"type": "ACCEPT", "offerId": at_desk["event"]["offerId"]});
    command(&mut desk, "a", accept.clone()).await;
    command(&mut phone, "a", accept).await;
    let (first, second) = tokio::join!(answer(&mut desk), answer(&mut phone));
    let (won, lost) = match first["type"] == "DONE" {
        true => (first, second),
        false => (second, first),
    };
    assert_eq!(won["result"]["agentId"], "agent-1");
    let code = lost["problem"]["code"].as_str().unwrap();
    assert!(["OFFER_GONE", "ALREADY_ASSIGNED"].contains(&code), "{lost}");
    drop(desk);
    for _ in 0..30 {
        node.clock.advance(Duration::from_secs(3));
        phone.ping().await;
        assert!(is_connected(&admin).await, "the other socket lives");
    }
    let say = json!({"type": "SAY", "conversationId": id, "text": "Good morning."});
    done(&mut phone, "s", say).await;
    node.stop().await;
}

/// Waits for the answer to the command under way, passing over events.
async fn answer(socket: &mut Socket) -> Value {
    loop {
        let frame = socket.hear().await.frame();
        if frame["type"] != "EVENT" {
            return frame;
        }
    }
}

#[tokio::test]
async fn a_conversation_that_became_another_consumers_is_told_to_that_one() {
    let node = Node::start().await;
    let address = listen_with(&node, LONG).await;
    let admin = node.admin().await;
    people(&admin).await;
    let (token, _) = newcomer(&node).await;
    let mut anonymous = open(address, &token).await;
    subscribe(&mut anonymous, json!({"type": "OWN"}), None).await;
    let mut known = ready(address, "?asConsumer=carl", &admin).await;
    subscribe(&mut known, json!({"type": "OWN"}), None).await;
    let begin = async || {
        let request = Request::post("/api/v1/conversations")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(json!({"skillId": "floor"}).to_string()))
            .unwrap();
        let opened = node.send(request).await.expect(201).json();
        opened["id"].as_str().unwrap().to_owned()
    };
    let id = begin().await;
    let path = format!("/api/v1/conversations/{id}/identify");
    let carl = json!({"consumerId": "carl"});
    admin.post(&path, carl).await.expect(200);
    let say = |text: &str| json!({"type": "SAY", "conversationId": id, "text": text});
    let told = known.event("CONSUMER_IDENTIFIED").await;
    assert_eq!(anonymous.event("CONSUMER_IDENTIFIED").await, told);
    done(&mut known, "1", say("It is me.")).await;
    assert_eq!(
        known.event("MESSAGE_SENT").await["event"]["senderId"],
        "carl"
    );

    command(&mut anonymous, "2", say("And who am I?")).await;
    let failed = anonymous.hear().await.frame();
    assert_eq!(
        failed["problem"]["code"], "CONVERSATION_NOT_FOUND",
        "{failed}"
    );
    let next = begin().await;
    let event = anonymous.next("EVENT").await;
    assert_eq!(
        event["conversationId"],
        next.as_str(),
        "nothing of the other one"
    );
    node.stop().await;
}
