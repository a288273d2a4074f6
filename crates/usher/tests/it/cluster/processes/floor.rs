//! Two nodes with their people, who go on at the other node when theirs is gone.

use std::cell::RefCell;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::Server;
use super::super::bus::nats::Server as Nats;
use crate::process::{Process, init_with};
use crate::socket::Socket;

/// Messages of a consumer in a conversation.
const MESSAGES: usize = 3;

/// One of the two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    A,
    B,
}

impl Node {
    pub(super) fn of(number: usize) -> Self {
        if number.is_multiple_of(2) {
            Self::A
        } else {
            Self::B
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Something that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) conversation: String,
    pub(super) text: String,
    pub(super) sequence: u64,
}

/// The two nodes, with what they need and what was acknowledged.
pub(super) struct Floor {
    pub(super) key: String,
    pub(super) bus: Nats,
    settings: [(&'static str, String); 4],
    nodes: [Mutex<Option<Process>>; 2],
    addresses: [Mutex<String>; 2],
    folder: TempDir,
    /// Conversations at once of each agent.
    pub(super) places: Mutex<usize>,
    pub(super) said: Mutex<Vec<Said>>,
    pub(super) ended: Mutex<Vec<String>>,
    is_enough: AtomicBool,
    is_over: AtomicBool,
    _store: Server,
}

impl Floor {
    pub(super) fn start(database: &str) -> Self {
        let (store, bus) = (Server::start(), Nats::start());
        let settings = [
            ("USHER__STORE__URL", store.database(database)),
            ("USHER__BUS__URL", bus.url()),
            // Nobody here is slow.
            (
                "USHER__LIMITS__REQUESTS_PER_SECOND_MAX",
                "100000".to_owned(),
            ),
            ("USHER__LIMITS__REQUESTS_BURST_MAX", "100000".to_owned()),
        ];
        let folder = tempfile::tempdir().unwrap();
        let borrowed = settings
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        Self {
            key: init_with(folder.path(), &borrowed),
            bus,
            settings,
            nodes: Default::default(),
            addresses: Default::default(),
            folder,
            places: Mutex::new(0),
            said: Mutex::default(),
            ended: Mutex::default(),
            is_enough: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            _store: store,
        }
    }

    /// Starts a node.
    pub(super) fn serve(&self, node: Node) {
        self.is_over.store(false, Ordering::SeqCst);
        let settings = self.settings.each_ref();
        let settings = settings.map(|(name, value)| (*name, value.as_str()));
        let process = Process::serve_aloud(self.folder.path(), &settings);
        *self.addresses[node as usize].lock().unwrap() = process.address.clone();
        *self.nodes[node as usize].lock().unwrap() = Some(process);
    }

    /// Ends a node as `kill -9` does.
    pub(super) fn kill(&self, node: Node) {
        let process = self.nodes[node as usize].lock().unwrap().take();
        let mut process = process.unwrap();
        process.signal("KILL");
        process.exit_code();
    }

    /// Stops a node where it is, as a machine does that sleeps; its connections stay.
    pub(super) fn pause(&self, node: Node) {
        self.signal(node, "STOP");
    }

    /// Lets a paused node go on.
    pub(super) fn resume(&self, node: Node) {
        self.signal(node, "CONT");
    }

    fn signal(&self, node: Node, name: &str) {
        let process = self.nodes[node as usize].lock().unwrap();
        process.as_ref().unwrap().signal(name);
    }

    /// Sets for how long agents count as there, and how long after that conversations stay theirs.
    pub(super) fn set_presence(&self, lease_seconds: u64, grace_seconds: u64) {
        let routing = json!({"leaseSeconds": lease_seconds, "graceSeconds": grace_seconds});
        let answer = self.send(
            "PUT",
            Node::A,
            "/api/v1/settings",
            "",
            &json!({"routing": routing}),
        );
        assert_eq!(answer.unwrap().0, 200);
    }

    /// Has a node accept an offer for an agent, and waits for its answer however long that takes.
    pub(super) fn accept_at(&self, node: Node, agent: &str, offer: &Value) -> (u16, Value) {
        let path = format!("/api/v1/offers/{}/accept", offer.as_str().unwrap());
        let accept = json!({"asAgent": agent});
        self.post(node, &path, "", &accept).unwrap()
    }

    /// Lets nobody begin another conversation.
    pub(super) fn no_more(&self) {
        self.is_enough.store(true, Ordering::SeqCst);
    }

    /// Stops both nodes as their operator would, and everybody with them.
    pub(super) fn close(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        for node in &self.nodes {
            let mut process = node.lock().unwrap().take().unwrap();
            process.signal("TERM");
            assert_eq!(process.exit_code(), Some(0), "it finished what it accepted");
        }
    }

    pub(super) fn address(&self, node: Node) -> String {
        self.addresses[node as usize].lock().unwrap().clone()
    }

    /// Makes a skill and people who have it.
    pub(super) fn hire(&self, agents: &[&str], places: usize) {
        *self.places.lock().unwrap() = places;
        // A conversation always counts one place, so that places are what is counted.
        let weights = json!({"activePerMille": 1000, "inactivePerMille": 1000,
            "inactiveAfterSeconds": 600});
        let skill = json!({"id": "floor", "name": "Floor", "routing": {"weights": weights}});
        self.made(Node::A, "/api/v1/skills", "", &skill);
        for agent in agents {
            let user = json!({"id": agent, "name": agent, "kind": "HUMAN",
                "skills": [{"skillId": "floor"}], "maxConversations": places});
            self.made(Node::A, "/api/v1/users", "", &user);
        }
    }

    /// Deploys a function for an event on a node.
    pub(super) fn deploy(&self, node: Node, event: &str, source: &str) {
        let new = json!({"name": event, "eventId": event, "source": source});
        let made = self.made(node, "/api/v1/functions", "", &new);
        let path = format!("/api/v1/functions/{}/deploy", made["id"].as_str().unwrap());
        let (status, answer) = self.insist(node, &path, "", &json!({}));
        assert_eq!(status, 200, "{answer}");
    }

    /// Opens a conversation, on the other node if the first is gone; asking twice is one.
    pub(super) fn open(&self, node: Node, consumer: &str, name: &str) -> String {
        let new = json!({"skillId": "floor", "consumerId": consumer});
        let made = self.made(node, "/api/v1/conversations", name, &new);
        made["id"].as_str().unwrap().to_owned()
    }

    pub(super) fn close_conversation(&self, node: Node, id: &str) {
        let path = format!("/api/v1/conversations/{id}/close");
        let (status, answer) = self.insist(node, &path, "", &json!({}));
        // A close before its node was killed may have been done.
        let is_closed = status == 200 || answer["code"] == "CONVERSATION_CLOSED";
        assert!(is_closed, "{status} {answer}");
        self.ended.lock().unwrap().push(id.to_owned());
    }

    fn made(&self, node: Node, path: &str, name: &str, body: &Value) -> Value {
        let (status, answer) = self.insist(node, path, name, body);
        assert_eq!(status, 201, "{path}: {answer}");
        answer
    }

    /// Asks until one of the nodes answers.
    fn insist(&self, mut node: Node, path: &str, name: &str, body: &Value) -> (u16, Value) {
        loop {
            match self.post(node, path, name, body) {
                Ok((status, _)) if is_later(&json!(status)) => {}
                Ok(answer) => return answer,
                Err(_gone) => node = node.other(),
            }
        }
    }

    fn post(
        &self,
        node: Node,
        path: &str,
        name: &str,
        body: &Value,
    ) -> Result<(u16, Value), ureq::Error> {
        self.send("POST", node, path, name, body)
    }

    fn send(
        &self,
        method: &str,
        node: Node,
        path: &str,
        name: &str,
        body: &Value,
    ) -> Result<(u16, Value), ureq::Error> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("http://{}{path}", self.address(node));
        let mut request = match method {
            "PUT" => agent.put(url),
            _ => agent.post(url),
        };
        request = request
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        if !name.is_empty() {
            request = request.header("idempotency-key", name);
        }
        let mut response = request.send(body.to_string())?;
        let text = response.body_mut().read_to_string()?;
        let status = response.status().as_u16();
        Ok((status, serde_json::from_str(&text).unwrap_or(json!(text))))
    }

    /// Works as an agent until the floor closes: takes what rings, and answers each message once.
    pub(super) fn work(&self, agent: &str, home: Node) {
        let mut line = Line::new(self, home, &format!("?asAgent={agent}"));
        loop {
            line.available();
            while let Ok(event) = line.next() {
                let id = event["conversationId"].as_str().unwrap_or_default();
                match event["event"]["type"].as_str() {
                    Some("OFFERED") => {
                        let offer = &event["event"]["offerId"];
                        // It may ring no more, if this is heard again after a death.
                        line.try_command(&json!({"type": "ACCEPT", "offerId": offer}));
                    }
                    Some("MESSAGE_SENT") if event["event"]["senderRole"] == "CONSUMER" => {
                        let text = event["event"]["text"].as_str().unwrap();
                        line.reply(id, &format!("re: {text}"));
                    }
                    _ => {}
                }
                if self.is_over.load(Ordering::SeqCst) {
                    return;
                }
            }
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    /// Has one conversation after the other, until there have been enough.
    pub(super) fn ask(&self, number: usize, ended: &SyncSender<()>) {
        let home = Node::of(number);
        for round in 0.. {
            if self.is_enough.load(Ordering::SeqCst) {
                return;
            }
            // Each time somebody else: nobody may write as fast as they do together.
            let name = format!("consumer-{number}-{round}");
            let id = self.open(home, &name, &name);
            let mut line = Line::new(self, home, &format!("?asConsumer={name}"));
            line.until("ASSIGNED");
            for message in 0..MESSAGES {
                let text = format!("{name} {message}");
                line.say(&id, &text);
                line.hear(&format!("re: {text}"));
            }
            self.close_conversation(home, &id);
            ended.send(()).unwrap();
        }
    }
}

/// Somebody's socket, which is opened again at the other node when its node is gone, and goes on
/// after the last event that was taken.
pub(super) struct Line<'f> {
    floor: &'f Floor,
    node: Node,
    query: String,
    socket: RefCell<Option<Socket>>,
    cursor: u64,
}

impl<'f> Line<'f> {
    pub(super) fn new(floor: &'f Floor, node: Node, query: &str) -> Self {
        Self {
            floor,
            node,
            query: query.to_owned(),
            socket: RefCell::new(None),
            cursor: 0,
        }
    }

    /// Closes the socket; the next thing that is done opens one again.
    pub(super) fn hang_up(&mut self) {
        self.socket.take();
    }

    pub(super) fn move_to(&mut self, node: Node) {
        self.hang_up();
        self.node = node;
    }

    pub(super) fn available(&mut self) {
        self.try_command(&json!({"type": "SET_AVAILABILITY", "status": "ONLINE"}));
    }

    /// Is there for a while, however long nobody reads the socket.
    pub(super) fn available_for(&mut self, seconds: u64) {
        let online = json!({"type": "SET_AVAILABILITY", "status": "ONLINE",
            "leaseSeconds": seconds});
        self.try_command(&online);
    }

    /// Waits for an offer and accepts it.
    pub(super) fn accept(&mut self) {
        let offer = self.until("OFFERED")["event"]["offerId"].clone();
        let accepted = self.try_command(&json!({"type": "ACCEPT", "offerId": offer}));
        assert_eq!(accepted["type"], "DONE", "{accepted}");
    }

    /// Says something until it is acknowledged; returns its place.
    pub(super) fn say(&mut self, conversation: &str, text: &str) -> u64 {
        let command = json!({"type": "SAY", "conversationId": conversation, "text": text,
            "clientMessageId": text});
        let frame = self.try_command(&command);
        assert_eq!(frame["type"], "DONE", "{frame}");
        self.acknowledged(conversation, text, &frame)
    }

    /// Says something, unless the conversation is over or another's by now.
    fn reply(&mut self, conversation: &str, text: &str) {
        let command = json!({"type": "SAY", "conversationId": conversation, "text": text,
            "clientMessageId": text});
        let frame = self.try_command(&command);
        if frame["type"] == "DONE" {
            self.acknowledged(conversation, text, &frame);
        }
    }

    fn acknowledged(&self, conversation: &str, text: &str, frame: &Value) -> u64 {
        let sequence = frame["result"]["sequence"].as_u64().unwrap();
        self.floor.said.lock().unwrap().push(Said {
            conversation: conversation.to_owned(),
            text: text.to_owned(),
            sequence,
        });
        sequence
    }

    /// Waits for a message and returns its place.
    pub(super) fn hear(&mut self, text: &str) -> u64 {
        loop {
            let event = self.until("MESSAGE_SENT");
            if event["event"]["text"] == text {
                return event["sequence"].as_u64().unwrap();
            }
        }
    }

    /// Waits for an event of a type.
    pub(super) fn until(&mut self, kind: &str) -> Value {
        loop {
            if let Ok(event) = self.next()
                && event["event"]["type"] == kind
            {
                return event;
            }
        }
    }

    /// Waits for the next event; fails if the node is gone.
    fn next(&mut self) -> io::Result<Value> {
        let event = self.attempt(Socket::event)?;
        let sequence = event["sequence"].as_u64().unwrap();
        assert!(sequence > self.cursor, "repeated: {event}");
        self.cursor = sequence;
        Ok(event)
    }

    /// Does a command, on the other node if the first is gone.
    fn try_command(&mut self, command: &Value) -> Value {
        loop {
            if self.floor.is_over.load(Ordering::SeqCst) {
                return Value::Null;
            }
            if let Ok(frame) = self.attempt(|socket| socket.command(command))
                && !is_later(&frame["problem"]["status"])
            {
                return frame;
            }
        }
    }

    fn attempt<T>(&mut self, work: impl FnOnce(&mut Socket) -> io::Result<T>) -> io::Result<T> {
        let done = self.connected().and_then(|mut socket| {
            let done = work(&mut socket)?;
            Ok((socket, done))
        });
        match done {
            Ok((socket, done)) => {
                self.socket.replace(Some(socket));
                Ok(done)
            }
            Err(gone) => {
                self.node = self.node.other();
                Err(gone)
            }
        }
    }

    fn connected(&mut self) -> io::Result<Socket> {
        if let Some(socket) = self.socket.take() {
            return Ok(socket);
        }
        let address = self.floor.address(self.node);
        let mut socket = Socket::open(&address, &self.query, &self.floor.key)?;
        socket.subscribe("OWN", self.cursor)?;
        Ok(socket)
    }
}

/// Whether a status says to try again: the node may have lost its way to the store, or be full for a
/// moment.
fn is_later(status: &Value) -> bool {
    status
        .as_u64()
        .is_some_and(|status| status == 429 || status >= 500)
}
