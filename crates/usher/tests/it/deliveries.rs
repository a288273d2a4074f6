//! Webhooks and sudden death: what has happened is delivered at least once, in order, and never lost.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Process, init};

/// Long enough for every pause between attempts that this test causes.
const PATIENCE: Duration = Duration::from_secs(60);
const CONVERSATIONS: usize = 6;
const MESSAGES: usize = 8;

/// What a receiver took: which conversation, which event.
type Taken = (String, u64);

/// A receiver that outlives the servers, takes everything, and can be down.
struct Receiver {
    url: String,
    is_down: Arc<AtomicBool>,
    news: mpsc::Receiver<Taken>,
    taken: Vec<Taken>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let (tell, news) = mpsc::sync_channel(100_000);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (down, tell) = (Arc::clone(&down), tell.clone());
                std::thread::spawn(move || serve(&socket.unwrap(), &down, &tell));
            }
        });
        Self {
            url,
            is_down,
            news,
            taken: Vec::new(),
        }
    }

    fn wait(&mut self) {
        self.taken.push(self.news.recv_timeout(PATIENCE).unwrap());
    }
}

/// Serves one connection until it ends: the sender may die at any time.
fn serve(socket: &TcpStream, down: &AtomicBool, tell: &mpsc::SyncSender<Taken>) -> Option<()> {
    let mut reader = BufReader::new(socket);
    let mut writer = socket;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body: Value = serde_json::from_slice(&body).unwrap();
        let is_down = down.load(Ordering::SeqCst);
        let status = if is_down { "503 Later" } else { "200 OK" };
        if !is_down {
            let sequence = body["data"]["sequence"].as_u64().unwrap();
            let subject = body["subject"].as_str().unwrap_or_default();
            tell.send((subject.to_owned(), sequence)).ok()?;
        }
        write!(writer, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").ok()?;
    }
}

fn say(server: &Process, key: &str, conversation: &str, text: &str) {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let body = json!({"text": text, "asConsumer": true});
    server.call(key, "POST", &path, &body);
}

#[test]
fn events_reach_a_webhook_though_the_server_is_killed_and_the_receiver_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let key = init(folder.path());
    let settings = [("USHER__OUTBOUND__ALLOW_PRIVATE", "127.0.0.1")];
    let serve = || Process::serve_aloud(folder.path(), &settings);
    let mut receiver = Receiver::start();
    let mut server = serve();
    let hook = json!({"url": receiver.url, "events": []});
    let hook = server.call(&key, "POST", "/api/v1/webhooks", &hook);
    assert!(hook["secret"].as_str().unwrap().starts_with("whsec_"));
    let conversations: Vec<String> = (0..CONVERSATIONS)
        .map(|number| {
            let new = json!({"consumerId": format!("consumer-{number}")});
            let opened = server.call(&key, "POST", "/api/v1/conversations", &new);
            opened["id"].as_str().unwrap().to_owned()
        })
        .collect();
    for round in 0..4 {
        receiver.is_down.store(round == 2, Ordering::SeqCst);
        for message in 0..MESSAGES {
            for conversation in &conversations {
                say(&server, &key, conversation, &format!("{round} {message}"));
            }
        }
        // The server dies while it delivers: some have arrived, the others have not.
        if round != 2 {
            receiver.wait();
        }
        server.signal("KILL");
        server.exit_code();
        server = serve();
    }
    let mut wanted: BTreeSet<u64> = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/events?cursor={cursor}&limit=1000");
        let page = server.call(&key, "GET", &path, &Value::Null);
        let items = page["items"].as_array().unwrap();
        wanted.extend(items.iter().map(|item| item["sequence"].as_u64().unwrap()));
        if items.is_empty() {
            break;
        }
        page["nextCursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    let newest = *wanted.last().unwrap();
    assert_eq!(wanted, (1..=newest).collect(), "no number is missing");
    let mut missing = wanted;
    for (_, sequence) in &receiver.taken {
        missing.remove(sequence);
    }
    while !missing.is_empty() {
        receiver.wait();
        missing.remove(&receiver.taken.last().unwrap().1);
    }
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (conversation, sequence) in &receiver.taken {
        if seen.insert(*sequence) {
            let before = last.insert(conversation, *sequence);
            assert!(
                before < Some(*sequence),
                "{conversation}: {sequence} after {before:?}"
            );
        }
    }
    assert!(seen.len() >= CONVERSATIONS * MESSAGES * 4);
}
