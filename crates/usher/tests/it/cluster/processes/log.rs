//! What the events tell afterwards: nothing acknowledged is missing, nobody had too much.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::floor::{Floor, Node};
use crate::socket::Socket;

/// What was looked at.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) conversations: usize,
    pub(super) said: usize,
}

/// Reads every event on both nodes, and checks that all promises were kept.
pub(super) fn check(floor: &Floor) -> Read {
    let last = last_said(floor);
    let events = read(floor, Node::A, last);
    assert_eq!(
        events,
        read(floor, Node::B, last),
        "both nodes tell the same"
    );
    let sequences = events
        .iter()
        .map(|event| event["sequence"].as_u64().unwrap());
    assert!(sequences.eq(1..=last), "no event is missing or twice");
    check_messages(floor, &events);
    check_places(&events, *floor.places.lock().unwrap());
    check_ends(floor, &events);
    Read {
        conversations: floor.ended.lock().unwrap().len(),
        said: floor.said.lock().unwrap().len(),
    }
}

/// How often Usher itself said something, by conversation.
pub(super) fn said_by_usher(floor: &Floor) -> BTreeMap<String, usize> {
    let last = last_said(floor);
    let mut said = BTreeMap::new();
    for event in read(floor, Node::A, last) {
        if is(&event, "MESSAGE_SENT") && event["event"]["senderRole"] == "SYSTEM" {
            *said.entry(conversation(&event).to_owned()).or_default() += 1;
        }
    }
    said
}

/// Says one more thing, so that what came before is known to be complete.
fn last_said(floor: &Floor) -> u64 {
    let id = floor.open(Node::A, "last", "last");
    let mut consumer = super::Line::new(floor, Node::A, "?asConsumer=last");
    consumer.say(&id, "last")
}

fn read(floor: &Floor, node: Node, last: u64) -> Vec<Value> {
    let mut socket = Socket::open(&floor.address(node), "", &floor.key).unwrap();
    socket.subscribe("ACCOUNT", 0).unwrap();
    let mut events = Vec::new();
    while events
        .last()
        .is_none_or(|event: &Value| event["sequence"] != last)
    {
        events.push(socket.event().unwrap());
    }
    events
}

/// What was acknowledged stands once in the log, where the acknowledgement said.
fn check_messages(floor: &Floor, events: &[Value]) {
    let mut logged: HashMap<(&str, &str), Vec<u64>> = HashMap::new();
    let is_theirs = |event: &&Value| {
        let role = event["event"]["senderRole"].as_str();
        is(event, "MESSAGE_SENT") && matches!(role, Some("CONSUMER" | "AGENT"))
    };
    for event in events.iter().filter(is_theirs) {
        let text = event["event"]["text"].as_str().unwrap();
        let place = event["sequence"].as_u64().unwrap();
        logged
            .entry((conversation(event), text))
            .or_default()
            .push(place);
    }
    for places in logged.values() {
        assert_eq!(places.len(), 1, "a message stands twice");
    }
    let mut orders: BTreeMap<(&str, bool), u64> = BTreeMap::new();
    let said = floor.said.lock().unwrap();
    for one in said.iter() {
        let (id, text) = (one.conversation.as_str(), one.text.as_str());
        let found = logged.get(&(id, text)).map(Vec::as_slice);
        assert_eq!(found, Some(&[one.sequence][..]), "{one:?}");
        // Each of the two says one thing after the other.
        let before = orders.entry((id, text.starts_with("re: "))).or_default();
        assert!(*before <= one.sequence, "{one:?} after {before}");
        *before = one.sequence;
    }
}

/// Nobody had more than there was room for, and no conversation two agents.
fn check_places(events: &[Value], places: usize) {
    let mut has: HashMap<&str, &str> = HashMap::new();
    let mut rings: HashMap<&str, &str> = HashMap::new();
    let mut held: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for event in events {
        let (id, agent) = (conversation(event), event["event"]["agentId"].as_str());
        match event["event"]["type"].as_str().unwrap() {
            "OFFERED" => {
                let agent = agent.unwrap();
                assert_eq!(has.get(id), None, "offered though held: {event}");
                assert_eq!(rings.insert(id, agent), None, "rings twice: {event}");
                held.entry(agent).or_default().insert(id);
            }
            "OFFER_ENDED" => {
                let agent = rings.remove(id).unwrap();
                held.entry(agent).or_default().remove(id);
            }
            "ASSIGNED" => {
                let agent = agent.unwrap();
                if let Some(offered) = rings.remove(id) {
                    assert_eq!(offered, agent, "{event}");
                }
                assert_eq!(has.insert(id, agent), None, "two have it: {event}");
                held.entry(agent).or_default().insert(id);
            }
            "REQUEUED" | "CONVERSATION_CLOSED" => {
                for agent in [has.remove(id), rings.remove(id)].into_iter().flatten() {
                    held.entry(agent).or_default().remove(id);
                }
            }
            _ => {}
        }
        for (agent, held) in &held {
            assert!(held.len() <= places, "`{agent}` has too much after {event}");
        }
    }
}

/// What was begun and ended has one beginning and one end.
fn check_ends(floor: &Floor, events: &[Value]) {
    let count = |kind: &str, id: &str| {
        let of = |event: &&Value| is(event, kind) && conversation(event) == id;
        events.iter().filter(of).count()
    };
    let ended = floor.ended.lock().unwrap();
    for id in ended.iter() {
        assert_eq!(count("CONVERSATION_STARTED", id), 1, "{id}");
        assert_eq!(count("CONVERSATION_CLOSED", id), 1, "{id}");
    }
    let started = events
        .iter()
        .filter(|event| is(event, "CONVERSATION_STARTED"));
    let closed = events
        .iter()
        .filter(|event| is(event, "CONVERSATION_CLOSED"));
    assert_eq!(closed.count(), ended.len(), "nothing ends by itself");
    assert!(started.count() > ended.len());
}

fn is(event: &Value, kind: &str) -> bool {
    event["event"]["type"] == kind
}

fn conversation(event: &Value) -> &str {
    event["conversationId"].as_str().unwrap_or_default()
}
