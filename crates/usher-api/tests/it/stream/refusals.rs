//! Bad input over a socket: what is no frame ends it, what is a wrong command is answered.

use std::time::Duration;

use usher_model::limits;

use super::*;

#[tokio::test]
async fn what_is_no_frame_ends_the_socket_and_says_why() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    let deep = format!("{{\"type\":{}", "[".repeat(10_000));
    let large = vec![b' '; limits::SOCKET_FRAME_BYTES_MAX + 1];
    let frames: [(u8, &[u8]); 12] = [
        (socket::TEXT, b""),
        (socket::TEXT, b"{"),
        (socket::TEXT, b"hello"),
        (socket::TEXT, b"null"),
        (socket::TEXT, b"[1]"),
        (socket::TEXT, b"\"\xff\""),
        (socket::TEXT, deep.as_bytes()),
        (socket::TEXT, &large),
        (socket::TEXT, br#"{"type":"SHOUT"}"#),
        (socket::TEXT, br#"{"type":"COMMAND"}"#),
        (
            socket::TEXT,
            br#"{"type":"SUBSCRIBE","requestId":"1","scope":{"type":"OWN"},"x":1}"#,
        ),
        (socket::BINARY, br#"{"type":"COMMAND"}"#),
    ];
    for (kind, frame) in frames {
        let mut socket = ready(address, "", &admin).await;
        socket.send(kind, frame).await;
        let (code, reason) = socket.hear().await.close();
        let shown = String::from_utf8_lossy(&frame[..frame.len().min(80)]);
        assert_eq!(code, 4400, "{shown}: {reason}");
        assert!(!reason.is_empty(), "{shown}");
    }
    // At the bound it is read, and refused for what it says.
    let mut socket = ready(address, "", &admin).await;
    let shell = json!({"type": "COMMAND", "requestId": "1", "command": {"type": ""}});
    let room = limits::SOCKET_FRAME_BYTES_MAX - shell.to_string().len();
    command(&mut socket, "1", json!({"type": "x".repeat(room)})).await;
    let failed = socket.hear().await.frame();
    assert_eq!(failed["problem"]["code"], "FIELD_INVALID");
    node.stop().await;
}

#[tokio::test]
async fn an_offer_is_accepted_once_and_in_time() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    people(&admin).await;
    let other = json!({"id": "agent-2", "name": "Bob", "maxConversations": 9});
    admin.post("/api/v1/users", other).await.expect(201);
    let mut agent = ready(address, "?asAgent=agent-1", &admin).await;
    let mut other = ready(address, "?asAgent=agent-2", &admin).await;
    subscribe(&mut agent, json!({"type": "OWN"}), None).await;
    let online = json!({"type": "SET_AVAILABILITY", "status": "ONLINE", "leaseSeconds": 600});
    done(&mut agent, "1", online).await;

    opened(&admin).await;
    let offered = agent.event("OFFERED").await;
    let accept = json!({"type": "ACCEPT", "offerId": offered["event"]["offerId"]});
    command(&mut other, "1", accept.clone()).await;
    command(&mut agent, "2", accept.clone()).await;
    let failed = other.next("FAILED").await;
    assert_eq!(
        failed["problem"]["code"], "OFFER_GONE",
        "it rings at somebody else"
    );
    let won = agent.next("DONE").await;
    assert_eq!(won["result"]["agentId"], "agent-1");
    for socket in [&mut agent, &mut other] {
        command(socket, "3", accept.clone()).await;
        let failed = socket.next("FAILED").await;
        assert_eq!(failed["problem"]["code"], "OFFER_GONE");
        assert_eq!(failed["problem"]["status"], 409);
    }

    opened(&admin).await;
    let late = agent.event("OFFERED").await;
    let accept = json!({"type": "ACCEPT", "offerId": late["event"]["offerId"]});
    node.clock.advance(Duration::from_secs(72));
    command(&mut agent, "4", accept).await;
    let failed = agent.next("FAILED").await;
    let code = failed["problem"]["code"].as_str().unwrap();
    assert!(["OFFER_EXPIRED", "OFFER_GONE"].contains(&code), "{failed}");
    node.stop().await;
}

#[tokio::test]
async fn a_consumer_who_floods_is_told_to_wait_and_stays() {
    let node = Node::start().await;
    let address = listen(&node).await;
    let admin = node.admin().await;
    people(&admin).await;
    let id = opened(&admin).await;
    let mut consumer = ready(address, "?asConsumer=bo", &admin).await;
    let say = json!({"type": "SAY", "conversationId": id, "text": "Hello?"});
    let flood = 2 * limits::SOCKET_FRAMES_PER_SECOND;
    for number in 0..flood {
        command(&mut consumer, &number.to_string(), say.clone()).await;
    }
    let mut taken = 0;
    for number in 0..flood {
        let answer = consumer.hear().await.frame();
        assert_eq!(
            answer["requestId"],
            number.to_string(),
            "each is answered, in order"
        );
        if answer["type"] == "DONE" {
            taken += 1;
        } else {
            assert_eq!(answer["problem"]["code"], "RATE_LIMITED", "{answer}");
            assert_eq!(answer["problem"]["status"], 429);
        }
    }
    // The first one came with the conversation.
    assert_eq!(taken, limits::CONSUMER_MESSAGES_BURST - 1);
    node.clock.advance(Duration::from_secs(1));
    done(&mut consumer, "late", say).await;
    node.stop().await;
}
