//! Engagement attributes (SDEs): what a brand's page or app says about a consumer.
//!
//! Each leaf keeps the newest value that was said by a signed-in consumer and the newest other one;
//! the former wins.

use std::collections::BTreeMap;

use serde_json::json;
use usher_model::time::Timestamp;
use usher_model::value::{Object, Value};

/// The groups of attributes, and the names of the events' fields that differ from the attributes'.
const CUSTOMER: &str = "customerinfo";
const PERSONAL: &str = "personalinfo";
const FIELDS: [(&str, &str); 13] = [
    ("customerType", "ctype"),
    ("customerStatus", "cstatus"),
    ("customerId", "customerid"),
    ("socialId", "socialid"),
    ("userName", "username"),
    ("companySize", "companysize"),
    ("companyBranch", "companybranch"),
    ("accountName", "accountname"),
    ("lastPaymentDate", "lastpaymentdate"),
    ("registrationDate", "registrationdate"),
    ("loginStatus", "loginstatus"),
    ("storeNumber", "storenumber"),
    ("storeZipCode", "storezipcode"),
];
/// Attributes that are numbers when their text is one.
const NUMERIC: [&str; 2] = ["balance", "companysize"];
/// Attributes that are objects of numbers.
const NUMERIC_OBJECTS: [&str; 3] = ["lastpaymentdate", "registrationdate", "age"];

/// One value, and when it was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Any JSON.
    pub value: Value,
    /// When it was said; older events do not overwrite it.
    pub at: Timestamp,
}

/// The values of one kind, by group and attribute: `("customerinfo", "ctype")`.
pub type Leaves = BTreeMap<(String, String), Leaf>;

/// What is known of one consumer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sdes {
    /// Said while the consumer was signed in.
    pub authenticated: Leaves,
    /// Said otherwise.
    pub unauthenticated: Leaves,
}

impl Sdes {
    /// Takes in what was said at an instant; fields may bear the event's name (`customerType`) or
    /// the attribute's (`ctype`).
    pub fn record(
        &mut self,
        customer: Object,
        personal: Object,
        is_authenticated: bool,
        at: Timestamp,
    ) {
        let leaves = if is_authenticated {
            &mut self.authenticated
        } else {
            &mut self.unauthenticated
        };
        for (group, fields) in [(CUSTOMER, customer), (PERSONAL, personal)] {
            for (field, value) in fields {
                let name = attribute_name(&field).to_owned();
                let leaf = Leaf {
                    value: typed(&name, value),
                    at,
                };
                let key = (group.to_owned(), name);
                if leaves.get(&key).is_none_or(|known| known.at <= at) {
                    leaves.insert(key, leaf);
                }
            }
        }
    }

    /// Returns what policies read as `sde.…`: the values that win under `visitorinfo`, and one kind
    /// only under `auth.visitorinfo` and `unauth.visitorinfo`.
    #[must_use]
    pub fn tree(&self) -> Value {
        let mut winning = self.unauthenticated.clone();
        winning.extend(self.authenticated.clone());
        json!({
            "visitorinfo": visitor_info(&winning),
            "auth": {"visitorinfo": visitor_info(&self.authenticated)},
            "unauth": {"visitorinfo": visitor_info(&self.unauthenticated)},
        })
    }
}

fn attribute_name(field: &str) -> &str {
    FIELDS
        .iter()
        .find(|(event, _)| *event == field)
        .map_or(field, |(_, attribute)| attribute)
}

fn typed(name: &str, value: Value) -> Value {
    match value {
        Value::Object(parts) if NUMERIC_OBJECTS.contains(&name) => Value::Object(
            parts
                .into_iter()
                .map(|(part, value)| (part, number(value)))
                .collect(),
        ),
        value if NUMERIC.contains(&name) || NUMERIC_OBJECTS.contains(&name) => number(value),
        value => value,
    }
}

/// Reads a numeric text as a number and leaves everything else.
fn number(value: Value) -> Value {
    match &value {
        Value::String(text) => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<f64>().map(Value::from))
            .unwrap_or(value),
        _ => value,
    }
}

fn visitor_info(leaves: &Leaves) -> Value {
    let mut groups = Object::new();
    for ((group, name), leaf) in leaves {
        let group = groups
            .entry(group.as_str())
            .or_insert_with(|| Value::Object(Object::new()));
        if let Value::Object(attributes) = group {
            attributes.insert(name.clone(), leaf.value.clone());
        }
    }
    Value::Object(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else {
            panic!("expected an object, found {value}")
        };
        object
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    #[test]
    fn the_newest_signed_in_value_wins_leaf_by_leaf() {
        let mut sdes = Sdes::default();
        let signed_in = object(json!({"customerType": "gold", "balance": "12.5"}));
        sdes.record(signed_in, Object::new(), true, at(5));
        let other = object(json!({"ctype": "none", "cstatus": "new"}));
        sdes.record(
            other,
            object(json!({"age": {"year": "1990"}})),
            false,
            at(9),
        );
        sdes.record(object(json!({"ctype": "old"})), Object::new(), true, at(1));
        let tree = sdes.tree();
        assert_eq!(
            tree["visitorinfo"],
            json!({
                "customerinfo": {"ctype": "gold", "balance": 12.5, "cstatus": "new"},
                "personalinfo": {"age": {"year": 1990}},
            })
        );
        assert_eq!(
            tree["unauth"]["visitorinfo"]["customerinfo"]["ctype"],
            "none"
        );
        assert_eq!(
            tree["auth"]["visitorinfo"]["customerinfo"].get("cstatus"),
            None
        );
    }

    #[test]
    fn text_that_is_no_number_stays_text() {
        let mut sdes = Sdes::default();
        let customer = object(json!({"companySize": "large", "imei": "123"}));
        sdes.record(customer, Object::new(), false, at(1));
        let customer = sdes.tree()["visitorinfo"]["customerinfo"].clone();
        assert_eq!(customer, json!({"companysize": "large", "imei": "123"}));
    }
}
