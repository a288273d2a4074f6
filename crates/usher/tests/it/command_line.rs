//! The commands that need no server, as a person or a build server uses them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use usher_model::role::Role;

use crate::harness::Harness;

fn usher(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_usher"))
        .args(words)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn demo(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/demo")
        .join(name)
        .display()
        .to_string()
}

#[test]
fn the_demo_policies_pass_their_own_tests() {
    let folder = tempfile::tempdir().unwrap();
    let junit = folder.path().join("junit.xml").display().to_string();
    let tested = usher(&[
        "policy",
        "test",
        &demo("policies.test.json"),
        "--junit",
        &junit,
    ]);
    assert!(tested.status.success(), "{}", stdout(&tested));
    assert!(
        stdout(&tested).ends_with("6 cases, 0 failed\n"),
        "{}",
        stdout(&tested)
    );
    assert!(
        std::fs::read_to_string(junit)
            .unwrap()
            .contains("tests=\"6\" failures=\"0\"")
    );
}

#[test]
fn a_failing_case_says_which_clause_excluded_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let suite = folder.path().join("a.test.json");
    let policies = demo("policies.json");
    let case = r#"{"name":"n","at":"2026-05-01T10:00:00Z","context":{"customerinfo":{"email":"x@example.com"},"custom":{"vipList":["ada@example.com"]}},"expect":{"policy":"VIPs to the VIP desk"}}"#;
    std::fs::write(
        &suite,
        format!(r#"{{"policies":"{policies}","cases":[{case}]}}"#),
    )
    .unwrap();
    let tested = usher(&["policy", "test", &suite.display().to_string()]);
    assert_eq!(tested.status.code(), Some(1));
    let text = stdout(&tested);
    assert!(
        text.contains("expected `VIPs to the VIP desk`, found no policy"),
        "{text}"
    );
    assert!(
        text.contains(
            "✗ customerinfo.email IS_IN \"{{custom.vipList}}\"  (left is \"x@example.com\")"
        ),
        "{text}"
    );
}

#[test]
fn every_mistake_of_a_file_is_printed_underlined() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.json");
    let bad = r#"[{"name":"a","expression":"ns.tier = 'gold'","actions":[{"type":"SEND_MESSAGE","payload":{"message":"hi"}}]},
        {"name":"b","conditions":[{"property":"ns.a","type":"IS_INN","value":"x"}],"actions":[{"type":"SEND_MESSAGE","payload":{"message":"hi"}}]}]"#;
    std::fs::write(&file, bad).unwrap();
    let checked = usher(&["policy", "check", &file.display().to_string()]);
    assert_eq!(checked.status.code(), Some(1));
    let text = stdout(&checked);
    assert!(
        text.contains(" 1 | ns.tier = 'gold'\n   |         ^\n"),
        "{text}"
    );
    assert!(text.contains("did you mean `IS_IN`?"), "{text}");
    assert!(text.ends_with("2 policies, 2 mistakes\n"), "{text}");
}

#[test]
fn one_decision_is_explained_offline() {
    let context =
        r#"{"orchestrator":{"intent":"order status"},"custom":{"orderIntents":["order status"]}}"#;
    let words = [
        "policy",
        "run",
        &demo("policies.json"),
        "--context",
        context,
        "--at",
        "2026-05-01T10:00:00Z",
    ];
    let run = usher(&words);
    assert!(run.status.success());
    let expected = "\
at 2026-05-01T10:00:00.000Z the policy `Orders to the order desk, VIPs to their advisor` matches
-> TRANSFER_TO_SKILL {\"skillId\":\"1001\"}

1  TRUE: Orders to the order desk, VIPs to their advisor
     exception 1: FALSE
   ✗ custom.outage EQUAL true  (left is missing)
     exception 2: FALSE
   ✗ customerinfo.email IS_IN \"{{custom.vipList}}\"  (left is missing)
   ✓ orchestrator.intent IS_IN \"{{custom.orderIntents}}\"  (left is \"order status\")
…  3 below it NOT_REACHED
";
    assert_eq!(stdout(&run), expected);
}

#[test]
fn the_default_configuration_is_valid_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usher.toml");
    std::fs::write(&file, usher(&["config", "default"]).stdout).unwrap();
    let checked = usher(&["config", "check", "--config", &file.display().to_string()]);
    assert_eq!(stdout(&checked), "the configuration is valid\n");
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_fresh_directory() {
    let folder = tempfile::tempdir().unwrap();
    let examined = Command::new(env!("CARGO_BIN_EXE_usher"))
        .args(["doctor", "--data"])
        .arg(folder.path())
        .env("USHER__SERVER__LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert!(examined.status.success(), "{}", stdout(&examined));
    assert_eq!(
        stdout(&examined)
            .lines()
            .filter(|line| line.starts_with("ok "))
            .count(),
        5
    );
}

#[test]
fn policies_travel_between_files_and_a_server() {
    let harness = Harness::start();
    let key = harness.credential(Role::Manager).api_key;
    let policy = |words: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_usher"))
            .arg("policy")
            .args(words)
            .args(["--server", &harness.address])
            .env("USHER_API_KEY", &key)
            .output()
            .unwrap()
    };
    let demo = demo("policies.json");
    let before = policy(&["diff", &demo]);
    assert_eq!(before.status.code(), Some(1));
    assert!(
        stdout(&before).starts_with("+ Orders to the order desk"),
        "{}",
        stdout(&before)
    );

    let imported = policy(&["import", &demo, "--mode", "replace", "--keep-enabled"]);
    assert!(imported.status.success(), "{imported:?}");
    let report: Value = serde_json::from_slice(&imported.stdout).unwrap();
    assert_eq!(report["created"], 4);
    assert_eq!(stdout(&policy(&["diff", &demo])), "no difference\n");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("export.json").display().to_string();
    assert!(policy(&["export", &file]).status.success());
    assert_eq!(stdout(&policy(&["diff", &file])), "no difference\n");
}

#[test]
fn a_server_that_refuses_says_why() {
    let harness = Harness::start();
    let refused = Command::new(env!("CARGO_BIN_EXE_usher"))
        .args([
            "policy",
            "export",
            "--server",
            &harness.address,
            "--api-key",
            "usk.wrong",
        ])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("was refused") && !text.contains("usk.wrong"),
        "{text}"
    );
}
