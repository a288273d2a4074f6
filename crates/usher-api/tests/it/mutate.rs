//! Inputs that somebody got wrong: one value of a body, or one byte of anything, is another.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};
use serde_json::{Value, json};

/// Returns the input with something wrong.
pub(crate) fn mutate(input: &[u8], random: &mut StdRng) -> Vec<u8> {
    let body = body(input);
    let parsed = body.and_then(|at| serde_json::from_slice::<Value>(&input[at..]).ok());
    match (body, parsed) {
        (Some(at), Some(mut parsed)) if random.random_ratio(3, 4) => {
            let target = random.random_range(0..count(&parsed));
            replace(&mut parsed, &mut target.clone(), random);
            let mut mutated = input[..at].to_vec();
            mutated.extend(parsed.to_string().into_bytes());
            mutated
        }
        _ => {
            let mut mutated = input.to_vec();
            let at = random.random_range(0..=mutated.len());
            match random.random_range(0..3) {
                0 => mutated.truncate(at),
                1 => mutated.insert(at, random.random()),
                _ if at < mutated.len() => mutated[at] = random.random(),
                _ => {}
            }
            mutated
        }
    }
}

/// Returns where the body begins.
fn body(input: &[u8]) -> Option<usize> {
    let mut ends = input.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.nth(1).map(|(at, _)| at + 1)
}

/// Returns how many values there are, those within others too.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0_usize,
    }
}

/// Replaces the value with that number, counted as [`count`] does.
fn replace(value: &mut Value, number: &mut usize, random: &mut StdRng) -> bool {
    if *number == 0 {
        *value = wrong(value, random);
        return true;
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace(item, number, random)),
        Value::Object(members) => members
            .values_mut()
            .any(|member| replace(member, number, random)),
        _ => false,
    }
}

/// Returns something that is not expected where the value stands.
fn wrong(value: &Value, random: &mut StdRng) -> Value {
    let choices = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1e308),
        json!(9_007_199_254_740_993_u64),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("nul \0 and \u{10ffff}"),
        json!("9".repeat(400)),
        json!("x".repeat(70_000)),
        json!("2026-13-45T99:99:99Z"),
        json!([]),
        json!({}),
        json!([value]),
        json!({ "a": value }),
        json!([value, value]),
        json!((0..40).fold(value.clone(), |inner, _| json!([inner]))),
    ];
    let at = usize::try_from(random.next_u32()).unwrap_or(0) % choices.len();
    choices[at].clone()
}
