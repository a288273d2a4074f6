//! Policies and contexts from a fixed seed, with the policy that wins in each context.
//!
//! Every policy begins with the intent, as policies of people do, and goes on with one to four more
//! rows; a fifth of them has a group of which any row will do, some lists are long, and one in
//! twenty is disabled. A winner stands early in 30 % of the contexts, in the middle in 20 %, late in
//! 25 %, and there is none in 25 %.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

const SEED: u64 = 8_420;
const INTENTS: usize = 60;
/// How often a context is thrown away because the wrong policy wins in it.
const ATTEMPTS_MAX: usize = 400;
const WORDS: &[&str] = &[
    "order",
    "delivery",
    "refund",
    "invoice",
    "broken",
    "late",
    "password",
    "login",
    "upgrade",
    "cancel",
    "contract",
    "address",
    "payment",
    "card",
    "declined",
    "missing",
    "parcel",
    "size",
    "color",
    "warranty",
    "repair",
    "voucher",
    "stock",
    "store",
    "return",
    "exchange",
    "email",
    "phone",
    "app",
    "website",
    "error",
    "help",
    "today",
    "yesterday",
    "again",
    "still",
    "waiting",
    "please",
    "thanks",
    "urgent",
];
/// Attributes that hold one of so many texts.
const TEXTS: &[(&str, usize)] = &[
    ("brand", 6),
    ("campaignId", 200),
    ("channel", 8),
    ("customerId", 25_000),
    ("dayOfWeek", 7),
    ("deviceType", 4),
    ("language", 12),
    ("loyaltyTier", 5),
    ("productLine", 20),
    ("region", 20),
];
/// Attributes that hold a number below this.
const NUMBERS: &[(&str, usize)] = &[
    ("accountAgeDays", 3_650),
    ("botTurns", 20),
    ("cartValue", 2_000),
    ("confidencePercent", 100),
    ("escalationCount", 6),
    ("hourOfDay", 24),
    ("minutesSincePreviousMessage", 10_000),
    ("openTickets", 10),
    ("queueLength", 100),
];
const SWITCHES: &[&str] = &["isAuthenticated", "isReturning"];
/// Attributes that some contexts lack.
const OPTIONAL: &[&str] = &[
    "campaignId",
    "customerId",
    "productLine",
    "openTickets",
    "tags",
];

/// What a context is expected to lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Unknown,
    Nobody,
    /// The policy of this name.
    Winner(String),
}

/// One conversation.
pub(crate) struct Conversation {
    /// The properties of its context, as JSON.
    pub(crate) properties: String,
    pub(crate) expected: Expected,
}

/// What a node is loaded with.
pub(crate) struct Workload {
    /// An export file.
    pub(crate) policies: String,
    pub(crate) conversations: Vec<Conversation>,
}

impl Workload {
    /// Reads an export file, and contexts with one object `{namespace: {property: value}}` a line,
    /// of which the namespace `orchestrator` is taken.
    pub(crate) fn read(policies: &Path, requests: &Path) -> Result<Self> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let mut conversations = Vec::new();
        for line in read(requests)?.lines() {
            let context: Value = serde_json::from_str(line)?;
            let properties = context.get("orchestrator").context("no `orchestrator`")?;
            conversations.push(Conversation {
                properties: properties.to_string(),
                expected: Expected::Unknown,
            });
        }
        Ok(Self {
            policies: read(policies)?,
            conversations,
        })
    }

    /// Makes so many policies and conversations.
    pub(crate) fn generate(policies: usize, conversations: usize) -> Self {
        let mut random = Random(SEED);
        let policies: Vec<Policy> = (0..policies)
            .map(|number| Policy::generate(&mut random, number))
            .collect();
        let conversations = (0..conversations)
            .map(|number| conversation(&mut random, &policies, number))
            .collect();
        let shown: Vec<Value> = policies.iter().map(Policy::to_json).collect();
        Self {
            policies: json!({"formatVersion": 1, "policies": shown}).to_string(),
            conversations,
        }
    }
}

/// Makes a context in which a policy of the wanted stretch wins.
fn conversation(random: &mut Random, policies: &[Policy], number: usize) -> Conversation {
    let count = policies.len();
    // Stretches of the list in percent, mixed evenly; nothing for no winner.
    let stretch = match number % 20 {
        0 | 3 | 6 | 10 | 13 | 16 => Some((0, 15)),
        1 | 7 | 11 | 17 => Some((40, 60)),
        2 | 5 | 8 | 12 | 15 => Some((75, 100)),
        _ => None,
    };
    let stretch = stretch.map(|(from, to)| (count * from / 100)..(count * to / 100).max(1));
    let mut attempt = 0;
    loop {
        attempt += 1;
        let mut properties = properties(random);
        if let Some(stretch) = &stretch
            && let Some(target) = policies.get(stretch.start + random.below(stretch.len()))
        {
            target.satisfy(random, &mut properties);
        }
        let winner = policies.iter().position(|policy| policy.wins(&properties));
        let is_wanted = match (&stretch, winner) {
            (Some(stretch), Some(winner)) => stretch.contains(&winner),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_wanted || attempt == ATTEMPTS_MAX {
            let winner = winner.and_then(|winner| policies.get(winner));
            return Conversation {
                properties: Value::Object(properties).to_string(),
                expected: winner.map_or(Expected::Nobody, |policy| {
                    Expected::Winner(policy.name.clone())
                }),
            };
        }
    }
}

fn properties(random: &mut Random) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("intent".to_owned(), intent(random));
    for (name, count) in TEXTS {
        properties.insert((*name).to_owned(), text(name, random.below(*count)));
    }
    for (name, bound) in NUMBERS {
        properties.insert((*name).to_owned(), random.below(*bound).into());
    }
    for name in SWITCHES {
        properties.insert((*name).to_owned(), random.chance(50).into());
    }
    let tags: Vec<&str> = (0..=random.below(4)).map(|_| random.pick(WORDS)).collect();
    properties.insert("tags".to_owned(), tags.into());
    let words: Vec<&str> = (0..15).map(|_| random.pick(WORDS)).collect();
    properties.insert("messageText".to_owned(), words.join(" ").into());
    for name in OPTIONAL {
        if random.chance(30) {
            properties.remove(*name);
        }
    }
    properties
}

fn intent(random: &mut Random) -> Value {
    text("intent", random.below(INTENTS))
}

fn text(name: &str, number: usize) -> Value {
    format!("{name}_{number}").into()
}

/// A policy as far as it is needed to know in which contexts it wins.
struct Policy {
    name: String,
    is_enabled: bool,
    /// All of them must hold, each in one of its rows.
    groups: Vec<Vec<Row>>,
    skill: usize,
}

struct Row {
    property: &'static str,
    test: Test,
}

enum Test {
    Is(Value),
    IsNot(Value),
    IsIn(Vec<Value>),
    AtLeast(usize),
    Below(usize),
    Contains(&'static str),
}

impl Policy {
    fn generate(random: &mut Random, number: usize) -> Self {
        let first = if random.chance(70) {
            Test::Is(intent(random))
        } else {
            Test::IsIn((0..2 + random.below(4)).map(|_| intent(random)).collect())
        };
        let first = Row {
            property: "intent",
            test: first,
        };
        let mut groups = vec![vec![first]];
        let count = 2 + random.below(4);
        while groups.len() < count {
            let row = Row::generate(random);
            // A second row on the same attribute could contradict the first.
            if groups
                .iter()
                .flatten()
                .all(|one| one.property != row.property)
            {
                groups.push(vec![row]);
            }
        }
        if random.chance(20)
            && let Some(last) = groups.last_mut()
        {
            last.push(Row::generate(random));
        }
        Self {
            name: format!("policy{number:05}"),
            is_enabled: !random.chance(5),
            groups,
            skill: random.below(400),
        }
    }

    fn wins(&self, properties: &Map<String, Value>) -> bool {
        let holds = |group: &Vec<Row>| group.iter().any(|row| row.holds(properties));
        self.is_enabled && self.groups.iter().all(holds)
    }

    fn satisfy(&self, random: &mut Random, properties: &mut Map<String, Value>) {
        for row in self.groups.iter().filter_map(|group| group.first()) {
            row.satisfy(random, properties);
        }
    }

    fn to_json(&self) -> Value {
        let conditions = self.groups.iter().map(|group| match group.as_slice() {
            [row] => row.to_json(),
            rows => json!({"any": rows.iter().map(Row::to_json).collect::<Vec<_>>()}),
        });
        json!({
            "name": self.name,
            "enabled": self.is_enabled,
            "conditions": conditions.collect::<Vec<_>>(),
            "actions": [
                {"type": "TRANSFER_TO_SKILL", "payload": {"skillId": self.skill.to_string()}}
            ],
        })
    }
}

impl Row {
    fn generate(random: &mut Random) -> Self {
        let (property, test) = match random.below(10) {
            0..=2 => {
                let (name, count) = random.pick(TEXTS);
                (name, Test::Is(text(name, random.below(count))))
            }
            3 | 4 => {
                let (name, count) = random.pick(TEXTS);
                // Few of the small vocabularies, many of the large ones.
                let length = 2 + random.below((count / 4).clamp(1, 1_000));
                let items = (0..length).map(|_| text(name, random.below(count)));
                (name, Test::IsIn(items.collect()))
            }
            5 => {
                let (name, bound) = random.pick(NUMBERS);
                (name, Test::AtLeast(bound * (70 + random.below(25)) / 100))
            }
            6 => {
                let (name, bound) = random.pick(NUMBERS);
                let below = bound * (5 + random.below(25)) / 100;
                (name, Test::Below(below.max(1)))
            }
            7 => ("tags", Test::Contains(random.pick(WORDS))),
            8 => ("messageText", Test::Contains(random.pick(WORDS))),
            _ if random.chance(50) => ("loyaltyTier", Test::IsNot(text("loyaltyTier", 0))),
            _ => (random.pick(SWITCHES), Test::Is(random.chance(50).into())),
        };
        Self { property, test }
    }

    fn holds(&self, properties: &Map<String, Value>) -> bool {
        let found = properties.get(self.property);
        let number = found.and_then(Value::as_u64);
        let number = number.and_then(|number| usize::try_from(number).ok());
        match &self.test {
            Test::Is(value) => found == Some(value),
            Test::IsNot(value) => found != Some(value),
            Test::IsIn(values) => found.is_some_and(|found| values.contains(found)),
            Test::AtLeast(least) => number.is_some_and(|number| number >= *least),
            Test::Below(bound) => number.is_some_and(|number| number < *bound),
            Test::Contains(word) => match found {
                Some(Value::String(text)) => text.contains(word),
                Some(Value::Array(items)) => items.iter().any(|item| item == word),
                _ => false,
            },
        }
    }

    fn satisfy(&self, random: &mut Random, properties: &mut Map<String, Value>) {
        let value = match &self.test {
            Test::Is(value) => value.clone(),
            Test::IsNot(_) => return drop(properties.remove(self.property)),
            Test::IsIn(values) => {
                let value = values.get(random.below(values.len()));
                value.cloned().unwrap_or_default()
            }
            Test::AtLeast(least) => (*least).into(),
            Test::Below(bound) => random.below(*bound).into(),
            Test::Contains(word) => match properties.get(self.property) {
                Some(Value::String(text)) => format!("{text} {word}").into(),
                _ => json!([word]),
            },
        };
        properties.insert(self.property.to_owned(), value);
    }

    fn to_json(&self) -> Value {
        let (operator, value) = match &self.test {
            Test::Is(value) => ("EQUAL", value.clone()),
            Test::IsNot(value) => ("NOT_EQUAL", value.clone()),
            Test::IsIn(values) => ("IS_IN", Value::Array(values.clone())),
            Test::AtLeast(least) => ("GREATER_THAN_OR_EQUAL", (*least).into()),
            Test::Below(bound) => ("LESS_THAN", (*bound).into()),
            Test::Contains(word) => ("CONTAINS", (*word).into()),
        };
        json!({
            "property": format!("orchestrator.{}", self.property),
            "type": operator,
            "value": value,
        })
    }
}

/// `SplitMix64`: the same numbers for ever, whatever becomes of other generators.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below the bound, or 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        items
            .get(self.below(items.len()))
            .copied()
            .unwrap_or_default()
    }
}
