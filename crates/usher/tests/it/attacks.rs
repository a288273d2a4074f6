//! Functions of strangers on a real server: what they reach, what they see, and what is left of it.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::ACCOUNT;
use crate::neighbour::{Neighbour, reply};
use crate::process::{Process, children_of, init, usher};

/// Calls a list of places and returns for each what came, or the code of its failure.
const CALLS: &str = "async function lambda(input) {
    const call = async (place) => {
        try { return (await fetch(place)).status; } catch (error) { return error.code; }
    };
    const all = [];
    for (const place of input.payload) all.push(await call(place));
    return all;
}";

/// A server, and who administers its account.
struct Attacked {
    server: Process,
    key: String,
}

impl Attacked {
    /// Starts a server whose operator lets functions call one address of this machine.
    fn start(folder: &Path) -> Self {
        let key = init(folder);
        let settings = [
            ("USHER__OUTBOUND__ALLOW_PRIVATE", "127.0.0.1"),
            // All that a test fires at once runs at once.
            ("USHER__FUNCTIONS__RUNNING_MAX", "64"),
            ("USHER_TEST_SECRET", "of the server"),
        ];
        let server = Process::serve_aloud(folder, &settings);
        Self { server, key }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.server.call(&self.key, method, path, body)
    }

    /// Deploys a function and returns what runs it.
    fn deploy(&self, name: &str, source: &str, timeout_ms: u32) -> String {
        let new = json!({"name": name, "source": source, "timeoutMs": timeout_ms});
        let made = self.call("POST", "/api/v1/functions", &new);
        let id = made["id"].as_str().unwrap();
        let deploy = format!("/api/v1/functions/{id}/deploy");
        self.call("POST", &deploy, &json!({}));
        format!("/api/account/{ACCOUNT}/lambdas/{id}/invoke?v=1")
    }

    fn allow(&self, domains: &[&str]) {
        let list = json!({ "domains": domains });
        self.call("PUT", "/api/v1/functions/allow-list", &list);
    }

    /// Sends an invocation without waiting for its answer.
    fn invoke(&self, path: &str, payload: &Value) -> std::net::TcpStream {
        let body = json!({ "payload": payload }).to_string();
        self.server.send("POST", path, &self.key, &body)
    }

    /// Invokes and returns the result, or the code of the failure.
    fn run(&self, path: &str, payload: &Value) -> Value {
        told(self.invoke(path, payload))
    }

    /// A figure of the memory of a process, in kB.
    fn memory(process: u32, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    }
}

/// The result of an invocation, or the code of its failure.
fn told(answer: std::net::TcpStream) -> Value {
    let (status, body) = crate::process::answer(answer);
    match status.starts_with("HTTP/1.1 200") {
        true => body,
        false => body["errorCode"].clone(),
    }
}

#[test]
fn what_functions_may_not_call_is_never_asked() {
    let folder = tempfile::tempdir().unwrap();
    let attacked = Attacked::start(folder.path());
    // The account trusts both, the operator only one of them.
    attacked.allow(&["127.0.0.1", "127.0.0.2", "0.0.0.0", "169.254.169.254"]);
    let inside = Neighbour::start("127.0.0.2", |_, socket| {
        reply(socket, "200 OK", &json!("secret"))
    });
    let port = inside.address.port();
    let target = format!("http://127.0.0.2:{port}/");
    let outside = Neighbour::start("127.0.0.1", move |line, socket| {
        let location = match line.split(' ').nth(1) {
            Some("/inside") => target.clone(),
            Some("/unlisted") => "http://unlisted.example/".to_owned(),
            Some("/file") => "file:///etc/passwd".to_owned(),
            Some("/again") => "/again".to_owned(),
            _ => return reply(socket, "200 OK", &json!(1)),
        };
        write!(
            socket,
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    });
    let calls = attacked.deploy("Calls", CALLS, 20_000);
    let outside = outside.address;
    let places = [
        format!("http://{outside}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://2130706434:{port}/"),
        format!("http://0x7f.2:{port}/"),
        format!("http://0177.0.0.2:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://[::ffff:127.0.0.2]:{port}/"),
        format!("http://user@127.0.0.2:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!(
            "http://{}/healthz",
            attacked.server.address.replace("127.0.0.1", "[::1]")
        ),
        "http://unlisted.example/".to_owned(),
        format!("http://{outside}/inside"),
        format!("http://{outside}/unlisted"),
        format!("http://{outside}/file"),
        format!("http://{outside}/again"),
        "file:///etc/passwd".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
        "unix:/run/docker.sock".to_owned(),
    ];
    let (cut, invalid) = ("ECONNRESET", "ERR_INVALID_URL");
    let expected = json!([
        200,
        cut,
        cut,
        cut,
        cut,
        cut,
        cut,
        cut,
        cut,
        cut,
        cut,
        cut,
        cut,
        "EINVAL",
        "ERR_TOO_MANY_REDIRECTS",
        invalid,
        invalid,
        invalid
    ]);
    assert_eq!(attacked.run(&calls, &json!(places)), expected);
    assert_eq!(inside.asked(), 0);
}

#[test]
fn answers_that_are_slow_or_endless_end_with_the_function_and_fill_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let attacked = Attacked::start(folder.path());
    attacked.allow(&["127.0.0.1"]);
    let neighbour = Neighbour::start("127.0.0.1", |line, socket| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
        match line.split(' ').nth(1) {
            // A byte now and then, of the head or of the body, for as long as somebody listens.
            Some("/drips-head") => drip(socket, "HTTP/1.1 200 OK\r\nX-Slow: "),
            Some("/drips-body") => drip(socket, &format!("{head}Content-Length: 1000000\r\n\r\n")),
            Some("/silent") => socket.read(&mut [0]).map(drop),
            Some("/says-huge") => write!(socket, "{head}Content-Length: 1000000000000\r\n\r\nx"),
            // Endless until nobody listens.
            _ => {
                write!(socket, "{head}\r\n")?;
                loop {
                    socket.write_all(&[b'x'; 1 << 16])?;
                }
            }
        }
    });
    let calls = attacked.deploy("Calls", CALLS, 700);
    let server = attacked.server.process_id();
    let place = |path: &str| json!([format!("http://{}/{path}", neighbour.address)]);
    let huge = [place("says-huge"), place("endless")];
    let before = Attacked::memory(server, "VmRSS:").unwrap();
    let too_late = "com.usher.faas.handler.executiontime-exceeded";
    for slow in ["drips-head", "drips-body", "silent"] {
        let told = attacked.run(&calls, &place(slow));
        // The call and the function end at the same instant; either may be told.
        assert!(
            told == too_late || told == json!(["ETIMEDOUT"]),
            "{slow}: {told}"
        );
    }
    for place in &huge {
        assert_eq!(attacked.run(&calls, place), json!(["EMSGSIZE"]), "{place}");
    }
    // Many at once, while others are served.
    let many: Vec<_> = (0..32)
        .map(|n| attacked.invoke(&calls, &huge[n % 2]))
        .collect();
    let fine = attacked.deploy("Fine", "async function lambda() { return 1; }", 20_000);
    assert_eq!(attacked.run(&fine, &Value::Null), 1);
    for one in many {
        let told = told(one);
        let refused = told == "com.usher.faas.es.unavailable" || told == too_late;
        assert!(refused || told == json!(["EMSGSIZE"]), "{told}");
    }
    let most = Attacked::memory(server, "VmHWM:").unwrap();
    assert!(most < before + (256 << 10), "{before} kB, then {most} kB");
}

/// Writes a byte now and then until the other end is closed.
fn drip(socket: &mut std::net::TcpStream, head: &str) -> io::Result<()> {
    write!(socket, "{head}")?;
    socket.set_read_timeout(Some(Duration::from_millis(20)))?;
    loop {
        match socket.read(&mut [0]) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        socket.write_all(b"1")?;
    }
}

/// Tries all ways to what is another account's, or the server's.
const SPIES: &str = "const { Toolbelt } = require('lp-faas-toolbelt');
    async function lambda(input) {
        const { conversation, function: uuid, server } = input.payload;
        const secrets = Toolbelt.SecretClient();
        const context = Toolbelt.ContextServiceClient({ accountId: 'other', apiKey: 'x' });
        const services = Toolbelt.LpClient();
        const history = '/messaging_history/api/account/other/conversations/conversation/search';
        const tries = {
            secret: () => secrets.readSecret('token'),
            update: () => secrets.updateSecret({ key: 'token', value: 'mine' }),
            namespaces: () => context.getListOfNamespaces(),
            sessions: () => context.getListOfSessions('vault'),
            read: () => context.getAllPropertiesInSession('vault', 'grace'),
            above: () => context.getAllPropertiesInSession('../other/vault', 'grace'),
            history: () => Toolbelt.ConversationUtil().getConversationById(conversation),
            theirs: () => services('msgHist', history, { method: 'POST', json: { conversationId: conversation } }),
            roundabout: () => services('msgHist', '/messaging_history/../api/v1/conversations/' + conversation),
            elsewhere: () => services('msgHist', 'http://' + server + '/api/v1/conversations/' + conversation),
            invoke: () => Toolbelt.OrchestratorClient().invoke([{ uuid }]),
            server: () => fetch('http://' + server + '/api/v1/functions').then((answer) => answer.status),
            environment: () => [process.env, Object.keys(process), typeof Deno, typeof require('crypto').env],
        };
        const found = {};
        for (const [name, attempt] of Object.entries(tries)) {
            try { found[name] = await attempt() ?? null; }
            catch (error) { found[name] = `refused: ${error.code ?? error.statusCode}`; }
        }
        return found;
    }";

#[test]
fn a_function_sees_nothing_of_another_account_nor_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let attacked = Attacked::start(folder.path());
    attacked.allow(&["127.0.0.1"]);
    let theirs = other_account(folder.path());
    let own =
        |method: &str, path: &str, body: &Value| attacked.server.call(&theirs, method, path, body);
    own(
        "PUT",
        "/api/v1/secrets/token",
        &json!({"value": "hush-hush"}),
    );
    own(
        "PUT",
        "/api/v1/context/vault/grace",
        &json!({"properties": {"iban": "hush-hush"}}),
    );
    let opened = json!({"consumerId": "grace", "message": "hush-hush"});
    let conversation = own("POST", "/api/v1/conversations", &opened)["id"].clone();
    let new = json!({"name": "Theirs", "source": "function lambda() { return 'hush-hush'; }"});
    let function = own("POST", "/api/v1/functions", &new)["id"].clone();
    let deploy = format!("/api/v1/functions/{}/deploy", function.as_str().unwrap());
    own("POST", &deploy, &json!({}));
    let path = attacked.deploy("Spies", SPIES, 20_000);
    let payload = json!({"conversation": conversation, "function": function,
        "server": attacked.server.address});
    let found = attacked.run(&path, &payload);
    assert!(!found.to_string().contains("hush-hush"), "{found}");
    assert!(!found.to_string().contains("of the server"), "{found}");
    for (name, expected) in [
        (
            "environment",
            json!([{}, ["env"], "undefined", "undefined"]),
        ),
        ("namespaces", json!([])),
        ("read", json!({})),
        ("history", Value::Null),
        ("server", json!(401)),
    ] {
        assert_eq!(found[name], expected, "{name}");
    }
    for name in [
        "secret",
        "update",
        "above",
        "theirs",
        "roundabout",
        "elsewhere",
        "invoke",
    ] {
        let refused = found[name].as_str().unwrap_or_default();
        assert!(refused.starts_with("refused: "), "{name}: {found}");
    }
    let kept = own("GET", "/api/v1/context/vault/grace", &Value::Null);
    assert_eq!(kept["properties"], json!({"iban": "hush-hush"}));
}

/// Makes another account on the server and returns its administrator's key.
fn other_account(folder: &Path) -> String {
    let run = |words: &[&str]| {
        let mut command = usher(words);
        let output = command.arg("--data").arg(folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    run(&["init", "--account", "other"]);
    let words = "credential create --account other --role admin --name test --json";
    let words: Vec<_> = words.split(' ').collect();
    let created: Value = serde_json::from_slice(&run(&words)).unwrap();
    created["apiKey"].as_str().unwrap().to_owned()
}

/// What strangers may write, and the ends that are fair.
const WILD: [(&str, &str); 16] = [
    ("loop", "function lambda() { for (;;) {} return 1; }"),
    (
        "loop of promises",
        "async function lambda() { for (;;) await null; return 1; }",
    ),
    (
        "native loop",
        "function lambda() { const text = 'a'.repeat(5e6), part = 'a'.repeat(2.5e6) + 'b'; for (;;) text.includes(part); return 1; }",
    ),
    (
        "expression",
        "function lambda() { return /(x+x+)+y/.test('x'.repeat(1e5)); }",
    ),
    (
        "gigabyte",
        "function lambda() { return new Uint8Array(1 << 30).length; }",
    ),
    (
        "gigabyte in parts",
        "function lambda() { const all = []; for (;;) all.push(new Uint8Array(1 << 24).fill(1)); return 1; }",
    ),
    (
        "long text",
        "function lambda() { let text = 'x'.repeat(1e6); for (;;) text += text + text.length; return 1; }",
    ),
    (
        "recursion",
        "function lambda() { const down = () => down() + 1; return down(); }",
    ),
    (
        "depth",
        "function lambda() { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a; }",
    ),
    (
        "storm of promises",
        "async function lambda() { const more = () => { Promise.resolve().then(more); Promise.resolve().then(more); }; more(); await new Promise(() => {}); return 1; }",
    ),
    (
        "storm of timers",
        "async function lambda() { for (;;) { setTimeout(() => {}, 1e6); await null; } return 1; }",
    ),
    (
        "storm of calls",
        "async function lambda() { const { Toolbelt } = require('lp-faas-toolbelt'); const all = []; for (;;) { all.push(Toolbelt.SecretClient().readSecret('x').catch(() => {})); await null; } return 1; }",
    ),
    (
        "tampering",
        "Promise.prototype.then = JSON.stringify = Reflect.apply = () => { for (;;) {} }; Object.defineProperty(Object.prototype, 'then', { get() { for (;;) {} } }); async function lambda() { return { a: 1 }; }",
    ),
    (
        "huge result",
        "function lambda() { return 'x'.repeat(2e8); }",
    ),
    (
        "log without end",
        "async function lambda() { for (;;) { console.error('x'.repeat(1e5)); await null; } return 1; }",
    ),
    (
        "function that is called for ever",
        "async function lambda(input) { const { Toolbelt } = require('lp-faas-toolbelt'); return (await Toolbelt.OrchestratorClient().invoke([{ uuid: input.payload }]))[0].body; }",
    ),
];

#[test]
fn the_server_goes_on_beside_whatever_runs_wild_and_nothing_is_left_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let attacked = Attacked::start(folder.path());
    let fine = attacked.deploy("Fine", "async function lambda() { return 1; }", 20_000);
    let wild: Vec<_> = WILD
        .iter()
        .map(|(name, source)| (*name, attacked.deploy(name, source, 800)))
        .collect();
    assert_eq!(attacked.run(&fine, &Value::Null), 1);
    let before = Attacked::memory(attacked.server.process_id(), "VmRSS:").unwrap();
    let under_way: Vec<_> = wild
        .iter()
        .map(|(name, path)| {
            let id = path.split('/').nth(5).unwrap();
            (*name, attacked.invoke(path, &json!(id)))
        })
        .collect();
    // What does not ask functions is answered as ever.
    for _ in 0..20 {
        let decided = attacked.call("POST", "/api/v1/decisions", &json!({}));
        assert!(decided["decisionId"].is_string(), "{decided}");
    }
    for (name, answer) in under_way {
        let told = told(answer);
        // The last one has an answer of its own: that nobody may wait for so many others.
        let codes = [
            "runtime-exception",
            "executiontime-exceeded",
            "custom-failure",
        ];
        let is_end = codes
            .iter()
            .any(|code| told == json!(format!("com.usher.faas.handler.{code}")));
        let is_well = name == "tampering" && told == json!({"a": 1});
        assert!(is_end || is_well, "{name}: {told}");
    }
    assert_eq!(attacked.run(&fine, &Value::Null), 1);
    attacked
        .server
        .call(&attacked.key, "GET", "/readyz", &Value::Null);
    // Whoever ran wild is gone, and who waits for the next function is small.
    loop {
        let workers = children_of(attacked.server.process_id());
        let is_busy = |(_, state): &(u32, String)| state != "S";
        if !workers.iter().any(is_busy) {
            for (worker, _) in workers {
                let resident = Attacked::memory(worker, "VmRSS:").unwrap_or(0);
                assert!(resident < 80 << 10, "{resident} kB");
            }
            break;
        }
        std::thread::yield_now();
    }
    let after = Attacked::memory(attacked.server.process_id(), "VmRSS:").unwrap();
    assert!(after < before + (64 << 10), "{before} kB, then {after} kB");
}
