//! Policies and contexts to measure with.

use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use usher_model::value::Object;
use usher_policy::document::Policy;
use usher_policy::document::read::read_import;

/// How many contexts are generated.
const REQUESTS: usize = 2_000;

pub(crate) struct Workload {
    pub(crate) policies: Vec<Policy>,
    pub(crate) requests: Vec<Request>,
}

/// One context: `{namespace: {property: value}}`.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) text: String,
    pub(crate) object: Object,
}

impl Request {
    fn new(text: String) -> Self {
        let object = serde_json::from_str(&text).unwrap();
        Self { text, object }
    }
}

impl Workload {
    /// Returns a workload of `count` policies.
    pub(crate) fn of(count: usize) -> Self {
        let (file, lines) = match std::env::var_os("USHER_POLICY_DATA") {
            Some(directory) => {
                let read = |name: String| {
                    let path = PathBuf::from(&directory).join(name);
                    std::fs::read_to_string(path).unwrap()
                };
                let lines = read(format!("requests-{count}.jsonl"));
                let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
                (read(format!("policies-{count}.json")), lines)
            }
            None => generated(count),
        };
        let (drafts, _) = read_import(file.as_bytes());
        let policies = drafts
            .into_iter()
            .map(|draft| draft.into_policy(|| panic!("an id"), || panic!("a name")));
        Self {
            policies: policies.collect(),
            requests: lines.into_iter().map(Request::new).collect(),
        }
    }
}

const BRANDS: &[&str] = &["nordic", "lumen", "atlas", "vela", "orbit", "pine"];
const REGIONS: &[&str] = &["GB", "DE", "FR", "SE", "US", "JP", "BR", "IT"];
const TIERS: &[&str] = &["none", "silver", "gold", "platinum"];
const WORDS: &[&str] = &[
    "order", "refund", "lawyer", "cancel", "please", "again", "price",
];

fn intent(random: &mut StdRng) -> String {
    format!("intent_{}", random.random_range(0..200))
}

fn customer(random: &mut StdRng) -> String {
    format!("C{:06}", random.random_range(0..60_000))
}

fn word(random: &mut StdRng, words: &[&str]) -> String {
    (*words.choose(random).unwrap()).to_owned()
}

/// A row of a kind that policies often have.
fn row(random: &mut StdRng) -> Value {
    let (property, operator, value) = match random.random_range(0..9) {
        0 => ("brand", "EQUAL", json!(word(random, BRANDS))),
        1 => (
            "region",
            "IS_IN",
            json!([word(random, REGIONS), word(random, REGIONS)]),
        ),
        2 => ("loyaltyTier", "NOT_EQUAL", json!(word(random, TIERS))),
        3 => (
            "cartValue",
            "GREATER_THAN_OR_EQUAL",
            json!(random.random_range(0..2_000)),
        ),
        4 => (
            "queueLength",
            "LESS_THAN",
            json!(random.random_range(0..100)),
        ),
        5 => (
            "confidence",
            "GREATER_THAN",
            json!(f64::from(random.random_range(0..100)) / 100.0),
        ),
        6 => ("messageText", "CONTAINS", json!(word(random, WORDS))),
        7 => ("tags", "CONTAINS", json!(word(random, TIERS))),
        _ => ("isAuthenticated", "EQUAL", json!(random.random_bool(0.5))),
    };
    json!({ "property": format!("orchestrator.{property}"), "type": operator, "value": value })
}

fn policy(random: &mut StdRng, index: usize) -> Value {
    let key = if random.random_bool(0.06) {
        let size = random.random_range(2..400);
        let customers: Vec<String> = (0..size).map(|_| customer(random)).collect();
        json!({ "property": "orchestrator.customerId", "type": "IS_IN", "value": customers })
    } else {
        json!({ "property": "orchestrator.intent", "type": "EQUAL", "value": intent(random) })
    };
    let mut conditions = vec![key];
    for _ in 0..random.random_range(1..5) {
        conditions.push(row(random));
    }
    if random.random_bool(0.2) {
        conditions.push(json!({ "any": [row(random), row(random)] }));
    }
    let id = format!("p{index:05}");
    json!({
        "id": id,
        "name": id,
        "enabled": random.random_bool(0.95),
        "conditions": conditions,
        "actions": [{ "type": "TRANSFER_TO_SKILL", "payload": { "skillId": index.to_string() } }],
    })
}

fn request(random: &mut StdRng) -> String {
    let text: Vec<String> = (0..12).map(|_| word(random, WORDS)).collect();
    let mut properties = json!({
        "intent": intent(random),
        "customerId": customer(random),
        "brand": word(random, BRANDS),
        "region": word(random, REGIONS),
        "loyaltyTier": word(random, TIERS),
        "cartValue": random.random_range(0..2_000),
        "queueLength": random.random_range(0..100),
        "confidence": f64::from(random.random_range(0..100)) / 100.0,
        "messageText": text.join(" "),
        "isAuthenticated": random.random_bool(0.5),
    });
    for unused in 0..9 {
        let name = format!("unused{unused}");
        properties
            .as_object_mut()
            .unwrap()
            .insert(name, word(random, WORDS).into());
    }
    if random.random_bool(0.6) {
        let tags = json!([word(random, TIERS), word(random, TIERS)]);
        properties
            .as_object_mut()
            .unwrap()
            .insert("tags".to_owned(), tags);
    }
    json!({ "orchestrator": properties }).to_string()
}

fn generated(count: usize) -> (String, Vec<String>) {
    let random = &mut StdRng::seed_from_u64(20_261_121);
    let policies: Vec<Value> = (0..count).map(|index| policy(random, index)).collect();
    let file = json!({ "formatVersion": 1, "policies": policies }).to_string();
    (file, (0..REQUESTS).map(|_| request(random)).collect())
}
