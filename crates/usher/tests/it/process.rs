//! The executable as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;

/// A server as its operator starts it.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
    /// Its log, unless that goes where the test's output goes.
    stderr: Option<BufReader<ChildStderr>>,
}

impl Process {
    pub(crate) fn serve(folder: &Path) -> Self {
        Self::serve_with(folder, &[])
    }

    pub(crate) fn serve_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start(folder, settings, Stdio::piped())
    }

    /// Starts a server whose log nobody waits for: it is shown if the test fails.
    pub(crate) fn serve_aloud(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start(folder, settings, Stdio::inherit())
    }

    fn start(folder: &Path, settings: &[(&str, &str)], log: Stdio) -> Self {
        let mut child = usher(&["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("usher listening on http://")
            .expect(&line)
            .to_owned();
        let stderr = child.stderr.take().map(BufReader::new);
        Self {
            child,
            address,
            stderr,
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for a line of the log.
    pub(crate) fn wait_for(&mut self, words: &str) {
        let mut line = String::new();
        let stderr = self.stderr.as_mut().unwrap();
        while !line.contains(words) {
            line.clear();
            assert_ne!(
                stderr.read_line(&mut line).unwrap(),
                0,
                "the log ended before `{words}`"
            );
        }
    }

    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Sends the head of a request and none of its body; the server has accepted it.
    pub(crate) fn begin(&self, path: &str, key: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: usher\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        // The server asks for the body, so it is in the middle of the request.
        let mut continued = [0; 25];
        stream.read_exact(&mut continued).unwrap();
        assert_eq!(&continued, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream
    }

    /// Asks and expects a success.
    pub(crate) fn call(&self, key: &str, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, key, &body.to_string());
        assert!(status.starts_with("HTTP/1.1 2"), "{path} {status} {answer}");
        answer
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, key: &str, body: &str) -> (String, Value) {
        answer(self.send(method, path, key, body))
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn send(&self, method: &str, path: &str, key: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: usher\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        stream
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the processes that one has started, each with its state such as `S` or `Z`.
pub(crate) fn children_of(parent: u32) -> Vec<(u32, String)> {
    let parent = parent.to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let children = processes.filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name in brackets come the state and the parent.
        let mut after = stat.rsplit_once(") ")?.1.split(' ');
        let state = after.next()?.to_owned();
        (after.next()? == parent).then_some((id, state))
    });
    children.collect()
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

pub(crate) fn answer(mut stream: TcpStream) -> (String, Value) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect(&text);
    let status = head.lines().next().unwrap().to_owned();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

pub(crate) fn usher(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.args(words);
    command
}

pub(crate) fn run(words: &[&str], folder: &Path) -> Output {
    run_with(words, folder, &[])
}

fn run_with(words: &[&str], folder: &Path, settings: &[(&str, &str)]) -> Output {
    let mut command = usher(words);
    command.arg("--data").arg(folder);
    command.envs(settings.iter().copied()).output().unwrap()
}

/// Makes an account and returns an administrator's key.
pub(crate) fn init(folder: &Path) -> String {
    init_with(folder, &[])
}

/// The same with settings.
pub(crate) fn init_with(folder: &Path, settings: &[(&str, &str)]) -> String {
    let made = run_with(&["init", "--account", "acme"], folder, settings);
    assert!(made.status.success(), "{made:?}");
    key_with(folder, settings)
}

pub(crate) fn key(folder: &Path) -> String {
    key_with(folder, &[])
}

fn key_with(folder: &Path, settings: &[(&str, &str)]) -> String {
    let words = [
        "credential",
        "create",
        "--account",
        "acme",
        "--role",
        "admin",
        "--name",
        "test",
        "--json",
    ];
    let created = run_with(&words, folder, settings);
    assert!(created.status.success(), "{created:?}");
    let created: Value = serde_json::from_slice(&created.stdout).unwrap();
    for name in ["id", "apiKey", "clientId", "clientSecret"] {
        assert!(created[name].is_string(), "{name}");
    }
    created["apiKey"].as_str().unwrap().to_owned()
}
