//! Nodes that hear each other over NATS.

#[path = "../../../../usher-bus/tests/it/cluster/server.rs"]
pub(crate) mod nats;

use std::process::Command;

use serde_json::Value;
use usher_bus::bus::Notice;
use usher_bus::hint::Hint;
use usher_model::role::Role;

use super::{Server, policy};
use crate::harness::Harness;
use nats::Server as Nats;

#[test]
fn a_node_hears_what_another_one_changed() {
    let (server, nats) = (Server::start(), Nats::start());
    let (database, bus) = (server.database("bus"), nats.url());
    let settings = [
        ("USHER__STORE__URL", database.as_str()),
        ("USHER__BUS__URL", &bus),
    ];
    let node = || Harness::with(tempfile::tempdir().unwrap(), &settings);
    let (first, second) = (node(), node());
    let key = first.credential(Role::Admin).api_key;
    let mut heard = second.app().bus().subscribe();
    for number in 1.. {
        let policy = policy(&format!("policy {number}"), "1");
        first.call(&key, "POST", "/api/v1/policies", &policy);
        // Who is not connected yet misses the hint, and is greeted when it is.
        let Some(Notice::Hint { from, hint }) = second.wait(heard.next()) else {
            continue;
        };
        assert_eq!(from, first.app().bus().node());
        assert!(matches!(hint, Hint::Rules { .. }), "{hint:?}");
        break;
    }
    let listed = second.call(&key, "GET", "/api/v1/policies", &Value::Null);
    assert_ne!(listed["items"].as_array().unwrap().len(), 0);
}

#[test]
fn the_doctor_says_whether_the_bus_can_be_reached() {
    let nats = Nats::start();
    let file = nats.directory().join("url");
    std::fs::write(&file, nats.url()).unwrap();
    let examine = || {
        let examined = Command::new(env!("CARGO_BIN_EXE_usher"))
            .args(["doctor", "--data"])
            .arg(nats.directory())
            .env("USHER__SERVER__LISTEN", "127.0.0.1:0")
            .env("USHER__BUS__URL_FILE", &file)
            .output()
            .unwrap();
        (
            examined.status.success(),
            String::from_utf8(examined.stdout).unwrap(),
        )
    };
    let (is_well, text) = examine();
    assert!(is_well && text.contains("bus: NATS 2."), "{text}");
    nats.stop();
    let (is_well, text) = examine();
    let expected = "bus: no NATS server lets this node in: ";
    assert!(!is_well && text.contains(expected), "{text}");
}
