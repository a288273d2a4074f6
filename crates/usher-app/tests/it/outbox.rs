//! Events out: to real local receivers, at least once and in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use usher_app::events::{self, Filter};
use usher_app::tasks::Tasks;
use usher_app::webhooks::{self, Webhook, Written};
use usher_app::{App, dead_letters, error};
use usher_model::id::ConversationId;
use usher_model::role::Role;
use usher_store::record::outbox::Delivery;
use usher_store::record::{self, Record as _};
use usher_store::store::Key;

use crate::harness::{Floor, account};

/// Stands for every subject.
const ALL: &str = "*";

/// Something that a receiver was sent.
#[derive(Clone, Debug)]
struct Sent {
    headers: BTreeMap<String, String>,
    text: String,
    body: Value,
}

impl Sent {
    fn sequence(&self) -> u64 {
        self.body["data"]["sequence"].as_u64().unwrap()
    }

    fn is_signed(&self, secret: &str) -> bool {
        let secret = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        let (id, at) = (
            &self.headers["webhook-id"],
            &self.headers["webhook-timestamp"],
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signed = format!("{id}.{at}.{}", self.text);
        let mut signatures = self.headers["webhook-signature"].split(' ');
        signatures.any(|one| {
            let signature = STANDARD.decode(one.strip_prefix("v1,").unwrap()).unwrap();
            hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
        })
    }
}

/// A server that takes what it is sent, but nothing about the subjects that it refuses.
struct Receiver {
    url: String,
    taken: mpsc::Receiver<Sent>,
    refused: Arc<Mutex<BTreeSet<String>>>,
    /// What was tried and refused.
    tried: mpsc::Receiver<Sent>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (take, taken) = mpsc::channel(1_000);
        let (note, tried) = mpsc::channel(1_000);
        let refused = Arc::new(Mutex::new(BTreeSet::new()));
        let refuses = Arc::clone(&refused);
        let tasks = Tasks::default();
        tasks.clone().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (take, note) = (take.clone(), note.clone());
                tasks.spawn(serve(socket, Arc::clone(&refuses), take, note));
            }
        });
        Self {
            url,
            taken,
            refused,
            tried,
        }
    }

    async fn next(&mut self) -> Sent {
        self.taken.recv().await.unwrap()
    }

    fn refuse(&self, conversation: &ConversationId) {
        self.refused
            .lock()
            .unwrap()
            .insert(conversation.to_string());
    }

    fn refuse_all(&self) {
        self.refused.lock().unwrap().insert(ALL.to_owned());
    }

    fn heal(&self) {
        self.refused.lock().unwrap().clear();
    }
}

async fn serve(
    mut socket: TcpStream,
    refuses: Arc<Mutex<BTreeSet<String>>>,
    take: mpsc::Sender<Sent>,
    note: mpsc::Sender<Sent>,
) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let headers: BTreeMap<String, String> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let length: usize = headers["content-length"].parse().unwrap();
        while bytes.len() < end + length {
            assert_ne!(socket.read_buf(&mut bytes).await.unwrap(), 0);
        }
        let text = String::from_utf8(bytes[end..end + length].to_vec()).unwrap();
        bytes.drain(..end + length);
        let body: Value = serde_json::from_str(&text).unwrap();
        let subject = body["subject"].as_str().unwrap_or_default().to_owned();
        let sent = Sent {
            headers,
            text,
            body,
        };
        let is_refused = {
            let refuses = refuses.lock().unwrap();
            refuses.contains(&subject) || refuses.contains(ALL)
        };
        let (status, queue) = if is_refused {
            ("500 No", &note)
        } else {
            ("204 Yes", &take)
        };
        // The test may have ended.
        drop(queue.send(sent).await);
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        drop(socket.write_all(answer.as_bytes()).await);
    }
}

fn written(url: &str, events: &[&str]) -> Written {
    Written {
        url: url.to_owned(),
        events: events.iter().map(|one| (*one).to_owned()).collect(),
        description: String::new(),
        is_enabled: true,
    }
}

async fn hook(floor: &Floor, app: &App, url: &str, events: &[&str]) -> (Webhook, String) {
    let made = webhooks::create(&floor.manager(), app, written(url, events)).await;
    let (kept, secret) = made.unwrap();
    (kept.record, secret)
}

async fn all(floor: &Floor, after: u64, types: &[&str]) -> events::Events {
    let types: Vec<String> = types.iter().map(|one| (*one).to_owned()).collect();
    let filter = Filter::parse(&types).unwrap();
    events::list(
        &floor.manager(),
        &floor.app,
        after,
        &filter,
        1_000,
        Duration::ZERO,
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn a_webhook_gets_signed_events_in_their_order() {
    let floor = Floor::start().await;
    floor.app.start();
    let mut receiver = Receiver::start().await;
    floor.open("before").await;
    let (webhook, secret) = hook(&floor, &floor.app, &receiver.url, &["conversation.*"]).await;
    let before = all(&floor, 0, &[]).await.cursor;
    let id = floor.open("ada").await;
    floor
        .say(&floor.as_consumer("ada"), &id, "Hello?")
        .await
        .unwrap();
    let wanted = all(&floor, before, &["conversation.*"]).await.items;
    assert!(wanted.len() >= 2);
    for happened in &wanted {
        let sent = receiver.next().await;
        assert_eq!(sent.sequence(), happened.sequence);
        assert_eq!(sent.body["specversion"], "1.0");
        assert_eq!(sent.body["type"], events::kind(&happened.event));
        assert_eq!(sent.body["source"], "/accounts/acc1");
        assert_eq!(sent.body["subject"], id.as_str());
        assert!(sent.is_signed(&secret) && !sent.is_signed("whsec_b3RoZXI="));
        assert_eq!(
            sent.headers["webhook-id"],
            format!("msg_{}", sent.body["id"].as_str().unwrap())
        );
    }
    // After a rotation both secrets sign, and after a day the new one alone.
    let (_, new) = webhooks::rotate(&floor.manager(), &floor.app, webhook.id)
        .await
        .unwrap();
    for (days, is_old) in [(0, true), (1, false)] {
        floor.clock.advance(Duration::from_secs(days * 86_400));
        let tested = webhooks::test(&floor.manager(), &floor.app, webhook.id)
            .await
            .unwrap();
        assert_eq!(tested.error, None);
        let sent = receiver.next().await;
        assert_eq!(sent.body["type"], "webhook.test");
        assert_eq!(
            (sent.is_signed(&secret), sent.is_signed(&new)),
            (is_old, true)
        );
    }
    floor.app.tasks().stop().await;
}

#[tokio::test]
async fn a_conversation_that_is_refused_waits_in_order_and_others_go_on() {
    let floor = Floor::start().await;
    floor.app.start();
    let mut receiver = Receiver::start().await;
    hook(&floor, &floor.app, &receiver.url, &["message.sent"]).await;
    let (bad, good) = (floor.open("bad").await, floor.open("good").await);
    for _ in 0..2 {
        receiver.next().await;
    }
    receiver.refuse(&bad);
    for text in ["one", "two"] {
        floor
            .say(&floor.as_consumer("bad"), &bad, text)
            .await
            .unwrap();
        floor
            .say(&floor.as_consumer("good"), &good, text)
            .await
            .unwrap();
        assert_eq!(receiver.next().await.body["data"]["event"]["text"], text);
    }
    let tried = receiver.tried.recv().await.unwrap();
    assert_eq!(tried.body["data"]["event"]["text"], "one");
    receiver.heal();
    floor.clock.advance(Duration::from_secs(10));
    floor
        .say(&floor.as_consumer("good"), &good, "three")
        .await
        .unwrap();
    let mut texts = Vec::new();
    for _ in 0..3 {
        let sent = receiver.next().await;
        if sent.body["subject"] == bad.as_str() {
            assert_eq!(
                texts.is_empty(),
                sent.headers["webhook-id"] == tried.headers["webhook-id"]
            );
            texts.push(sent.body["data"]["event"]["text"].clone());
        }
    }
    assert_eq!(texts, ["one", "two"]);
    floor.app.tasks().stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_down_is_left_alone_then_tried_once_and_misses_nothing() {
    let floor = Floor::start().await;
    floor.app.start();
    let mut receiver = Receiver::start().await;
    let (webhook, _) = hook(&floor, &floor.app, &receiver.url, &["message.sent"]).await;
    let target = webhook.id.to_string();
    // Waits until so many attempts in a row have failed, as its row says.
    let failed = async |failures: u32| loop {
        let key = Key::new(&account(), [target.as_str()]);
        let row = floor.store.get(Delivery::COLLECTION, &key, floor.app.now());
        let row = row.await.unwrap().unwrap();
        let state: Delivery = record::read(&row).unwrap().record;
        if state.failures == failures {
            return state.paused_until;
        }
        tokio::task::yield_now().await;
    };
    receiver.refuse_all();
    let mut opened = Vec::new();
    for number in 1..=8 {
        opened.push(floor.open(&format!("consumer-{number}")).await);
        let is_paused = failed(number).await.is_some();
        assert_eq!(is_paused, number == 8);
    }
    // One is tried for all after the pause, and the next pause is longer.
    let until = failed(8).await.unwrap();
    floor.clock.advance(until.since(floor.app.now()));
    opened.push(floor.open("consumer-9").await);
    let until = failed(9).await.unwrap();
    assert!(until.since(floor.app.now()) >= Duration::from_secs(10));
    receiver.heal();
    // Long enough for the next attempt of each conversation, too.
    floor.clock.advance(Duration::from_secs(60));
    opened.push(floor.open("consumer-10").await);
    let mut missing: BTreeSet<String> = opened.iter().map(ToString::to_string).collect();
    while !missing.is_empty() {
        let sent = receiver.next().await;
        assert!(missing.remove(sent.body["subject"].as_str().unwrap()));
    }
    let mut tried = 0;
    while receiver.tried.try_recv().is_ok() {
        tried += 1;
    }
    assert_eq!(tried, 9, "eight, and one that was tried for all");
    floor.app.tasks().stop().await;
}

#[tokio::test]
async fn what_nobody_takes_becomes_a_dead_letter_that_can_be_redelivered_or_discarded() {
    let floor = Floor::start().await;
    floor.app.start();
    let mut receiver = Receiver::start().await;
    hook(&floor, &floor.app, &receiver.url, &["message.sent"]).await;
    let (bad, good) = (floor.open("bad").await, floor.open("good").await);
    for _ in 0..2 {
        receiver.next().await;
    }
    receiver.refuse(&bad);
    for text in ["one", "two"] {
        floor
            .say(&floor.as_consumer("bad"), &bad, text)
            .await
            .unwrap();
    }
    let mut ids = BTreeSet::new();
    for round in 0..18 {
        ids.insert(receiver.tried.recv().await.unwrap().headers["webhook-id"].clone());
        // What happens elsewhere wakes the delivery: once so that the attempt is noted, and once
        // when it is time for the next one.
        for days in [0, 1] {
            floor.clock.advance(Duration::from_secs(days * 86_400));
            let (consumer, text) = (floor.as_consumer("good"), round.to_string());
            floor.say(&consumer, &good, &text).await.unwrap();
            receiver.next().await;
        }
    }
    assert_eq!(ids.len(), 2, "each event keeps its id");
    let manager = floor.manager();
    let letters = || async {
        let listed = dead_letters::list(&manager, &floor.app, None, 10, None).await;
        listed.unwrap().0
    };
    // The row is written behind the last attempt: the next message comes after it.
    floor
        .say(&floor.as_consumer("good"), &good, "last")
        .await
        .unwrap();
    receiver.next().await;
    let dead = letters().await;
    assert_eq!(dead.len(), 2);
    assert!(dead.iter().all(|letter| letter.attempts == 9));
    assert_eq!(dead[0].error, "expected a status of 2xx, found 500");

    let failed = dead_letters::redeliver(&manager, &floor.app, dead[1].id)
        .await
        .unwrap();
    assert!(failed.error.is_some());
    receiver.heal();
    let again = dead_letters::redeliver(&manager, &floor.app, dead[1].id)
        .await
        .unwrap();
    assert_eq!(again.error, None);
    assert_eq!(receiver.next().await.body["data"]["event"]["text"], "one");
    let left = letters().await;
    assert_eq!(left.len(), 1);
    dead_letters::discard(&manager, &floor.app, left[0].id)
        .await
        .unwrap();
    assert!(letters().await.is_empty());
    let gone = dead_letters::discard(&manager, &floor.app, left[0].id)
        .await
        .unwrap_err();
    assert_eq!(gone.code, error::Code::DeadLetterNotFound);
    floor.app.tasks().stop().await;
}

#[tokio::test]
async fn one_node_delivers_and_another_takes_over() {
    let mut floor = Floor::start().await;
    floor.share();
    floor.restart().await;
    let first = Arc::clone(&floor.app);
    let mut receiver = Receiver::start().await;
    hook(&floor, &first, &receiver.url, &["message.sent"]).await;
    let id = floor.open("ada").await;
    let mut seen = vec![receiver.next().await.sequence()];
    let second = floor.another_node();
    for text in ["one", "two"] {
        floor
            .say(&floor.as_consumer("ada"), &id, text)
            .await
            .unwrap();
        seen.push(receiver.next().await.sequence());
    }
    first.tasks().stop().await;
    floor.app = Arc::clone(&second);
    floor
        .say(&floor.as_consumer("ada"), &id, "three")
        .await
        .unwrap();
    let last = receiver.next().await;
    assert_eq!(last.body["data"]["event"]["text"], "three");
    seen.push(last.sequence());
    assert!(seen.is_sorted_by(|one, other| one < other), "{seen:?}");
    assert!(receiver.taken.try_recv().is_err());
    second.tasks().stop().await;
}

#[tokio::test]
async fn all_events_are_listed_without_a_gap_and_can_be_waited_for() {
    let floor = Floor::start().await;
    let id = floor.open("ada").await;
    let found = all(&floor, 0, &[]).await;
    let sequences: Vec<u64> = found.items.iter().map(|one| one.sequence).collect();
    assert_eq!(sequences, (1..=found.newest).collect::<Vec<_>>());
    assert_eq!(found.cursor, found.newest);
    let messages = all(&floor, 0, &["message.*"]).await;
    assert!(messages.items.len() < found.items.len());
    assert_eq!(messages.cursor, found.newest);
    let filter = Filter::parse(&["MESSAGE_SENT".to_owned()]).unwrap();
    let manager = floor.manager();
    let wait = Duration::from_secs(25);
    let news = events::list(&manager, &floor.app, found.cursor, &filter, 10, wait);
    let (news, said) = tokio::join!(news, async {
        floor.say(&floor.as_consumer("ada"), &id, "now").await
    });
    assert!(said.is_ok());
    assert_eq!(news.unwrap().items.len(), 1);
    let agent = floor.caller(Role::Agent);
    let refused = events::list(&agent, &floor.app, 0, &filter, 10, Duration::ZERO).await;
    assert_eq!(refused.unwrap_err().code, error::Code::Forbidden);
}

#[tokio::test]
async fn a_webhook_must_lead_to_a_place_that_may_be_called() {
    let floor = Floor::start().await;
    for url in [
        "",
        "ftp://example.com",
        "http://10.0.0.1/",
        "http://u:p@example.com/",
        "http://[::1]/",
    ] {
        let made = webhooks::create(&floor.manager(), &floor.app, written(url, &[])).await;
        let error = made.unwrap_err();
        assert_eq!(error.code, error::Code::FieldInvalid, "{url}");
        assert_eq!(error.mistakes[0].pointer, "#/url", "{url}");
    }
    let wrong = written("https://example.com/", &["conversations.*"]);
    let error = webhooks::create(&floor.manager(), &floor.app, wrong)
        .await
        .unwrap_err();
    assert_eq!(error.mistakes[0].pointer, "#/events");
    let refused = webhooks::list(&floor.caller(Role::Agent), &floor.app).await;
    assert_eq!(refused.unwrap_err().code, error::Code::Forbidden);
}
