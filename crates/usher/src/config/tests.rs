use std::collections::BTreeSet;

use super::raw::{Raw, Sources};
use super::{Config, DEFAULT, LogFormat};

fn environment(entries: &[(&str, &str)]) -> Sources {
    let environment = entries
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Sources {
        environment: environment.collect(),
        ..Sources::default()
    }
}

/// Writes a configuration file of its own into a directory that goes when the test ends.
fn file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usher.toml");
    std::fs::write(&path, text).unwrap();
    (
        folder,
        Sources {
            file: Some(path),
            ..Sources::default()
        },
    )
}

fn mistakes(sources: &Sources) -> Vec<String> {
    let mistakes = Config::load(sources).unwrap_err();
    let folder = sources.file.as_ref().and_then(|file| file.parent());
    let folder = folder
        .map(|folder| format!("{}/", folder.display()))
        .unwrap_or_default();
    mistakes
        .0
        .iter()
        .map(|mistake| mistake.to_string().replace(&folder, ""))
        .collect()
}

#[test]
fn the_defaults_are_valid_and_every_key_is_used() {
    // `Reader::finish` asserts that every key of `default.toml` is read by a section, and
    // `Reader::value` that every key a section reads is in `default.toml`.
    let config = Config::load(&Sources::default()).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8420");
    assert_eq!(config.store.url, None);
    assert_eq!(config.decisions.retention_days, 7);
    assert_eq!(config.telemetry.log_format, LogFormat::Json);
}

#[test]
fn every_key_has_a_comment() {
    let lines: Vec<&str> = DEFAULT.lines().collect();
    for pair in lines.windows(2) {
        if pair[1].contains(" = ") && !pair[1].starts_with('#') {
            assert!(pair[0].starts_with("# "), "{}", pair[1]);
        }
    }
}

#[test]
fn every_key_can_be_set_in_the_environment() {
    let (raw, _) = Raw::read(&Sources::default());
    for (key, value, _) in raw.entries() {
        let name = format!("USHER__{}", key.to_uppercase().replace('.', "__"));
        let text = match value {
            super::raw::Value::Text(text) => text.clone(),
            super::raw::Value::Integer(number) => number.to_string(),
            super::raw::Value::List(items) => items.join(","),
        };
        let (changed, mistakes) = Raw::read(&environment(&[(&name, &text)]));
        assert_eq!(mistakes, [], "{name}");
        let (_, origin) = changed.get(key).unwrap();
        assert_eq!(origin.to_string(), name);
    }
}

#[test]
fn a_stronger_source_replaces_a_weaker_one() {
    let (_folder, mut sources) =
        file("[server]\nlisten = '127.0.0.1:1'\nshutdown_grace_seconds = 1\n[data]\ndir = 'a'");
    sources.environment = vec![
        ("USHER__SERVER__LISTEN".into(), "127.0.0.1:2".into()),
        ("USHER__DATA__DIR".into(), "b".into()),
        ("HOME".into(), "elsewhere".into()),
    ];
    sources.options = vec![("--data", "data.dir", "c".into())];
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.server.shutdown_grace.as_secs(), 1);
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.data.dir.as_os_str(), "c");
}

#[test]
fn all_mistakes_are_reported_at_once_with_their_origin() {
    let (_folder, mut sources) = file(
        "[server]\nlisten = 'localhost'\nrequest_timeout_second = 3\n\n[decisions]\nretention_days = 91\n[colours]\nred = 1\n",
    );
    sources.environment = vec![
        ("USHER__LIMITS__REQUESTS_BURST_MAX".into(), "many".into()),
        ("USHER__TELEMETRY__LOG_FORMAT".into(), "xml".into()),
    ];
    let found: BTreeSet<String> = mistakes(&sources).into_iter().collect();
    let expected = [
        "USHER__LIMITS__REQUESTS_BURST_MAX: `limits.requests_burst_max`: expected a whole number, found `\"many\"`",
        "USHER__TELEMETRY__LOG_FORMAT: `telemetry.log_format`: expected `json` or `text`, found `xml`",
        "usher.toml:2: `server.listen`: expected an address such as `127.0.0.1:8420`, found `localhost`",
        "usher.toml:3: `server.request_timeout_second`: expected a known key (did you mean `server.request_timeout_seconds`?)",
        "usher.toml:6: `decisions.retention_days`: expected 1 to 90, found 91",
        "usher.toml:8: `colours.red`: expected a known key (`usher config default` lists every key)",
    ];
    assert_eq!(
        found.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn bounds_hold_at_the_bound_and_one_past_it() {
    for (days, is_valid) in [("0", false), ("1", true), ("90", true), ("91", false)] {
        let loaded = Config::load(&environment(&[("USHER__DECISIONS__RETENTION_DAYS", days)]));
        assert_eq!(loaded.is_ok(), is_valid, "{days}");
    }
}

#[test]
fn an_operator_says_how_many_functions_run_at_once() {
    let launch = || usher_app::workers::Launch::Thread;
    let sizes = |settings: &[(&str, &str)]| {
        let config = Config::load(&environment(settings)).unwrap();
        let options = config.functions.options(launch(), 2);
        (
            options.running_max,
            options.account_running_max,
            options.waiting_max,
            options.idle_max,
        )
    };
    assert_eq!(sizes(&[]), (16, 8, 1_000, 8), "eight for each processor");
    let running = ("USHER__FUNCTIONS__RUNNING_MAX", "5");
    assert_eq!(sizes(&[running]), (5, 3, 1_000, 3), "half of it for one");
    let all = [
        running,
        ("USHER__FUNCTIONS__ACCOUNT_RUNNING_MAX", "5"),
        ("USHER__FUNCTIONS__WAITING_MAX", "0"),
        ("USHER__FUNCTIONS__IDLE_MAX", "9"),
    ];
    assert_eq!(sizes(&all), (5, 5, 0, 9));
    let too_many = ("USHER__FUNCTIONS__ACCOUNT_RUNNING_MAX", "6");
    assert_eq!(
        mistakes(&environment(&[running, too_many])),
        [
            "USHER__FUNCTIONS__ACCOUNT_RUNNING_MAX: `functions.account_running_max`: \
             expected at most `functions.running_max`, 5, found 6"
        ]
    );
    assert_eq!(sizes(&[too_many]).1, 6);
}

#[test]
fn text_that_is_no_toml_is_reported_with_its_line() {
    let (_folder, sources) = file("[server]\nlisten = = 3\n");
    let found = mistakes(&sources);
    assert!(
        found
            .iter()
            .all(|mistake| mistake.starts_with("usher.toml:2: ")),
        "{found:?}"
    );
}

#[test]
fn a_missing_file_is_a_mistake() {
    let sources = Sources {
        file: Some("absent.toml".into()),
        ..Sources::default()
    };
    assert!(mistakes(&sources)[0].starts_with("absent.toml: cannot read the file"));
}

#[test]
fn a_store_url_is_never_shown() {
    let url = "postgres://usher:hush-hush@localhost/usher";
    let config = Config::load(&environment(&[("USHER__STORE__URL", url)])).unwrap();
    assert_eq!(config.store.url.as_ref().unwrap().reveal(), url);
    assert!(!format!("{config:?}").contains("hush-hush"));
    let found = mistakes(&environment(&[(
        "USHER__STORE__URL",
        "mysql://usher:hush-hush@localhost",
    )]));
    assert!(!found[0].contains("hush-hush"), "{found:?}");
}

#[test]
fn a_bus_is_named_by_its_servers_and_never_shown() {
    let url = "nats://usher:hush-hush@a:4222, tls://b";
    let config = Config::load(&environment(&[("USHER__BUS__URL", url)])).unwrap();
    assert_eq!(config.bus.url.as_ref().unwrap().reveal(), url);
    assert!(!format!("{config:?}").contains("hush-hush"));
    let wrong = "nats://a, http://usher:hush-hush@b";
    assert_eq!(
        mistakes(&environment(&[("USHER__BUS__URL", wrong)])),
        [
            "USHER__BUS__URL: `bus.url`: expected `nats://user:password@host:4222` or `tls://…`, \
             found something else"
        ]
    );
    let (_folder, mut sources) = file("[bus]\nurl = 'nats://a'");
    let path = sources.file.as_ref().unwrap().display().to_string();
    sources.environment = vec![("USHER__BUS__CERTIFICATE_FILE".into(), path)];
    assert_eq!(mistakes(&sources).len(), 1, "a certificate without its key");
}

#[test]
fn an_open_door_for_every_page_is_refused() {
    assert_eq!(
        mistakes(&environment(&[(
            "USHER__SECURITY__CORS_ORIGINS",
            "https://a.example, *"
        )]))
        .len(),
        1
    );
    let config = Config::load(&environment(&[(
        "USHER__SECURITY__CORS_ORIGINS",
        "https://a.example",
    )]));
    assert_eq!(config.unwrap().security.cors_origins, ["https://a.example"]);
}
