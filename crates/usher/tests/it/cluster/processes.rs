//! Nodes as processes of their own, which are killed: conversations go on.

#[path = "processes/floor.rs"]
mod floor;
#[path = "processes/log.rs"]
mod log;

use std::sync::mpsc::sync_channel;

use serde_json::json;

use self::floor::{Floor, Line, Node};
use crate::socket::Socket;

/// How many messages each of the two says in a row.
const TURNS: usize = 12;
/// The same while nodes look by themselves, once a second.
const SLOW_TURNS: usize = 3;

/// Lets a consumer and an agent talk: each waits for what the other said.
fn talk(id: &str, round: &str, turns: usize, consumer: &mut Line<'_>, agent: &mut Line<'_>) {
    for turn in 0..turns {
        let text = format!("{round} {turn}");
        let said = consumer.say(id, &text);
        assert_eq!(agent.hear(&text), said, "in the same place on both nodes");
        let text = format!("re: {text}");
        let said = agent.say(id, &text);
        assert_eq!(consumer.hear(&text), said);
    }
}

#[test]
fn an_agent_on_one_node_talks_with_a_consumer_on_the_other() {
    let floor = Floor::start("talk");
    floor.serve(Node::A);
    floor.serve(Node::B);
    floor.hire(&["ada"], 3);
    let mut agent = Line::new(&floor, Node::A, "?asAgent=ada");
    agent.available();
    let mut consumer = Line::new(&floor, Node::B, "?asConsumer=bo");
    let id = floor.open(Node::B, "bo", "the only one");
    agent.accept();
    consumer.until("ASSIGNED");
    talk(&id, "apart", TURNS, &mut consumer, &mut agent);

    // Who reads on at the other node misses nothing and hears nothing twice.
    agent.hang_up();
    for turn in 0..TURNS {
        consumer.say(&id, &format!("meanwhile {turn}"));
    }
    agent.move_to(Node::B);
    for turn in 0..TURNS {
        let heard = agent.until("MESSAGE_SENT");
        let heard = if heard["event"]["senderRole"] == "AGENT" {
            // Its own last words, which it had not waited for.
            agent.until("MESSAGE_SENT")
        } else {
            heard
        };
        assert_eq!(heard["event"]["text"], format!("meanwhile {turn}"));
    }
    consumer.move_to(Node::A);
    talk(&id, "crossed", TURNS, &mut consumer, &mut agent);

    // Without hints between them, nodes look by themselves.
    floor.bus.stop();
    talk(&id, "unhinted", SLOW_TURNS, &mut consumer, &mut agent);
    let next = floor.open(Node::A, "bo", "the next one");
    agent.accept();
    assert_eq!(consumer.until("ASSIGNED")["conversationId"], next.as_str());
    floor.bus.serve();
    talk(&id, "hinted again", SLOW_TURNS, &mut consumer, &mut agent);
    log::check(&floor);
}

#[test]
fn conversations_outlive_the_nodes_that_serve_them() {
    const AGENTS: [&str; 6] = ["ada", "bob", "cy", "dee", "eve", "flo"];
    const CONSUMERS: usize = 10;
    let floor = Floor::start("load");
    floor.serve(Node::A);
    floor.hire(&AGENTS, 2);
    // Who is alone matches, and goes on to as long as it lives: the desk's lease is A's.
    lead(&floor);
    floor.serve(Node::B);
    let (ended, progress) = sync_channel(CONSUMERS);
    std::thread::scope(|scope| {
        for (number, agent) in AGENTS.iter().enumerate() {
            let floor = &floor;
            scope.spawn(move || floor.work(agent, Node::of(number)));
        }
        for number in 0..CONSUMERS {
            let (floor, ended) = (&floor, ended.clone());
            scope.spawn(move || floor.ask(number, &ended));
        }
        let some = || {
            for _ in 0..3 * CONSUMERS {
                progress.recv().unwrap();
            }
        };
        some();
        // The one that does not match, the one that does, and whichever does then.
        for node in [Node::B, Node::A, Node::B] {
            floor.kill(node);
            some();
            floor.serve(node);
            some();
        }
        floor.bus.stop();
        some();
        floor.bus.serve();
        some();
        floor.no_more();
        // Consumers end what they have begun.
        drop(ended);
        while progress.recv().is_ok() {}
        floor.close();
    });
    floor.serve(Node::A);
    floor.serve(Node::B);
    let read = log::check(&floor);
    assert!(read.said >= read.conversations, "{read:?}");
}

#[test]
fn functions_are_told_of_what_happens_on_every_node_and_what_they_want_is_done_once() {
    const GREETS: &str = r#"async function lambda(input) {
      const { consumerId } = input.payload.ours;
      return { type: "systemMessage", text: `Hello, ${consumerId}.` };
    }"#;
    let floor = Floor::start("functions");
    floor.serve(Node::A);
    floor.hire(&[], 1);
    floor.serve(Node::B);
    floor.deploy(Node::A, "controllerbot_messaging_new_conversation", GREETS);
    let greeted = |node: Node, name: &str| {
        let id = floor.open(node, name, name);
        let mut line = Line::new(&floor, node, &format!("?asConsumer={name}"));
        line.hear(&format!("Hello, {name}."));
        id
    };
    let mut opened = Vec::new();
    for round in 0..3 {
        for (node, word) in [(Node::A, "a"), (Node::B, "b")] {
            opened.push(greeted(node, &format!("{word}{round}")));
        }
    }
    // The other node tells them when one is gone, though that may take a lease.
    floor.kill(Node::A);
    opened.push(greeted(Node::B, "without-a"));
    floor.serve(Node::A);
    for id in &opened {
        floor.close_conversation(Node::B, id);
    }
    log::check(&floor);
    let greetings = log::said_by_usher(&floor);
    for id in &opened {
        assert_eq!(greetings.get(id), Some(&1), "{id}");
    }
}

#[test]
fn a_node_that_slept_beyond_its_leases_gives_nothing_away_twice() {
    const PLACES: usize = 2;
    let floor = Floor::start("asleep");
    floor.serve(Node::A);
    floor.hire(&["ada", "bob"], PLACES);
    floor.set_presence(5, 1);
    // Who is alone matches: the desk's lease is A's.
    let mut ada = Line::new(&floor, Node::A, "?asAgent=ada");
    ada.available();
    let held = floor.open(Node::A, "carl", "held");
    ada.accept();
    floor.open(Node::A, "dora", "rings");
    let rings = ada.until("OFFERED")["event"]["offerId"].clone();
    floor.serve(Node::B);
    let mut bob = Line::new(&floor, Node::B, "?asAgent=bob");
    bob.available_for(600);

    floor.pause(Node::A);
    std::thread::scope(|scope| {
        // It is there before anybody else knows that the agent has gone, and read long after.
        let late = scope.spawn(|| floor.accept_at(Node::A, "ada", &rings));
        // B takes over the desk, finds the agent gone, and gives both to the other one.
        bob.accept();
        bob.accept();
        floor.open(Node::B, "eli", "waits");
        floor.resume(Node::A);
        let (status, answer) = late.join().unwrap();
        assert_eq!(status, 409, "{answer}");
        let code = answer["code"].as_str().unwrap();
        assert!(matches!(code, "OFFER_GONE" | "AGENT_EXCLUDED"), "{answer}");
    });
    // What waits is given to whoever is there now, once; and what A held is B's to talk about.
    ada.hang_up();
    ada.available_for(600);
    ada.accept();
    let mut carl = Line::new(&floor, Node::A, "?asConsumer=carl");
    talk(&held, "awake", SLOW_TURNS, &mut carl, &mut bob);
    floor.close_conversation(Node::A, &held);
    log::check(&floor);
}

/// Has node A match a conversation.
fn lead(floor: &Floor) {
    let mut socket = Socket::open(&floor.address(Node::A), "?asAgent=ada", &floor.key).unwrap();
    socket.subscribe("OWN", 0).unwrap();
    let online = json!({"type": "SET_AVAILABILITY", "status": "ONLINE"});
    socket.command(&online).unwrap();
    let id = floor.open(Node::A, "first", "first");
    while socket.event().unwrap()["event"]["type"] != "OFFERED" {}
    floor.close_conversation(Node::A, &id);
}
