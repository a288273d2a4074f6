//! The stream through the real server: its connections, its bounds and its end.

#[path = "../../../usher-api/tests/it/stream/socket.rs"]
#[expect(dead_code, reason = "the stream's own tests say more with it")]
mod socket;

use std::net::SocketAddr;

use serde_json::{Value, json};
use socket::{Heard, Socket};
use tokio::runtime::Runtime;
use usher_model::role::Role;

use crate::harness::{ACCOUNT, Harness};

/// Opens a socket and follows what is its reader's own.
async fn follow(address: SocketAddr, credential: &str) -> Socket {
    let mut socket = Socket::open(address, "", Some(credential)).await;
    assert_eq!(socket.hear().await.frame()["type"], "READY");
    let subscribe = json!({"type": "SUBSCRIBE", "requestId": "s", "scope": {"type": "OWN"}});
    socket.say(&subscribe).await;
    assert_eq!(socket.hear().await.frame()["type"], "SUBSCRIBED");
    socket
}

async fn command(socket: &mut Socket, command: Value) {
    let frame = json!({"type": "COMMAND", "requestId": "c", "command": command});
    socket.say(&frame).await;
}

#[test]
fn sockets_talk_through_the_server_and_are_told_that_it_stops() {
    // One request at a time: a socket is none.
    let settings = [("USHER__SERVER__REQUESTS_IN_FLIGHT_MAX", "1")];
    let server = Harness::with(tempfile::tempdir().unwrap(), &settings);
    let key = server.credential(Role::Admin).api_key;
    let post = |path: &str, body: Value| server.call(&key, "POST", path, &body);
    post("/api/v1/skills", json!({"id": "floor", "name": "Floor"}));
    let ada = json!({"id": "ada", "name": "Ada", "skills": [{"skillId": "floor"}]});
    post("/api/v1/users", ada);
    let agent = json!({"name": "ada", "role": "agent", "userId": "ada"});
    let agent = post("/api/v1/credentials", agent);
    let account = json!({"account": ACCOUNT});
    let token = server.ask("POST", "/api/v1/consumer-tokens", &[], &account);
    let token = token.body["accessToken"].as_str().unwrap().to_owned();
    let address: SocketAddr = server
        .address
        .trim_start_matches("http://")
        .parse()
        .unwrap();

    let clients = Runtime::new().unwrap();
    let (mut agent, mut consumer) = clients.block_on(async {
        let mut agent = follow(address, agent["apiKey"].as_str().unwrap()).await;
        let online = json!({"type": "SET_AVAILABILITY", "status": "ONLINE"});
        command(&mut agent, online).await;
        (agent, follow(address, &token).await)
    });
    let open = json!({"skillId": "floor", "message": "Hello"});
    let opened = server.call(&token, "POST", "/api/v1/conversations", &open);
    clients.block_on(async {
        let offered = agent.event("OFFERED").await;
        let accept = json!({"type": "ACCEPT", "offerId": offered["event"]["offerId"]});
        command(&mut agent, accept).await;
        consumer.event("ASSIGNED").await;
        let say = json!({"type": "SAY", "conversationId": opened["id"], "text": "Good morning."});
        command(&mut agent, say).await;
        let heard = consumer.event("MESSAGE_SENT").await;
        assert_eq!(heard["event"]["senderId"], "ada");
        let say = json!({"type": "SAY", "conversationId": opened["id"], "text": "Thanks."});
        command(&mut consumer, say).await;
        while agent.event("MESSAGE_SENT").await["event"]["text"] != "Thanks." {}
    });

    let ends = std::thread::spawn(move || {
        clients.block_on(async { (end(&mut agent).await, end(&mut consumer).await) })
    });
    server.stop();
    assert_eq!(ends.join().unwrap(), (1001, 1001));
}

/// Waits until a socket is closed and returns the code.
async fn end(socket: &mut Socket) -> u16 {
    loop {
        if let Heard::Closed(code, _) = socket.hear().await {
            return code;
        }
    }
}
