//! The servers under load: processes of their own, watched from outside.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::Instant;

use crate::client::{Connection, request};

/// The account of the load.
pub(crate) const ACCOUNT: &str = "load";
/// Linux counts processor time in hundredths of a second for programs, whatever it does inside.
const TICK: Duration = Duration::from_millis(10);

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Held open: a server that prints to a closed pipe fails.
    _stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    started_at: Instant,
}

impl Server {
    /// Starts a program and waits for the line on stdout that ends in its address.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let started_at = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", command.get_program().display()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().unwrap_or_default();
        let address = address.parse();
        let address = address.with_context(|| format!("expected an address, found `{line}`"))?;
        Ok(Self {
            child,
            _stdout: stdout,
            address,
            started_at,
        })
    }

    /// Sends one request on a connection of its own and returns the time since the start.
    pub(crate) async fn first_answer(&self, request: &[u8]) -> Result<Duration> {
        let mut connection = Connection::open(self.address).await?;
        connection.exchange(request).await?.succeeded()?;
        Ok(self.started_at.elapsed())
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn processor_time(&self) -> Result<Duration> {
        processor_time(&self.child.id().to_string())
    }

    /// Waits until the server has nothing more to do: what it does behind the answers is its cost.
    pub(crate) async fn rest(&self) -> Result<()> {
        for _ in 0..100 {
            let before = self.processor_time()?;
            tokio::time::sleep(Duration::from_millis(150)).await;
            if self.processor_time()? <= before + TICK {
                return Ok(());
            }
        }
        bail!("the server is busy though nobody asks anything")
    }

    /// Returns a line of `/proc/PID/status` such as `VmRSS`, in kilobytes.
    pub(crate) fn memory(&self, name: &str) -> Result<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        let kilobytes: u32 = kilobytes.context("no such line")?.parse()?;
        Ok(format!("{:.1} MB", f64::from(kilobytes) / 1e3))
    }

    /// Ends the server at once, as a crash does; whatever it had not written is lost.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Returns the time since the start.
    pub(crate) fn uptime(&self) -> Duration {
        self.started_at.elapsed()
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let asked_at = Instant::now();
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(asked_at.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the processor time of a process, all threads, user and system.
pub(crate) fn processor_time(process: &str) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The second field is the program's name in brackets and may hold spaces.
    let (_, rest) = stat.rsplit_once(')').context("a strange /proc/PID/stat")?;
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: u32 = ticks.map(|ticks| ticks.parse::<u32>().unwrap_or(0)).sum();
    Ok(TICK * ticks)
}

/// A node with an account and a credential, in a directory of its own.
pub(crate) struct Node {
    program: PathBuf,
    directory: tempfile::TempDir,
    /// The address of a database that is used instead of the directory.
    database: Option<String>,
    pub(crate) key: String,
}

impl Node {
    /// Makes an account and a credential under `parent`.
    pub(crate) fn make(program: &Path, parent: &Path) -> Result<Self> {
        Self::make_on(program, parent, None)
    }

    /// Makes them in a database, which must be empty.
    pub(crate) fn make_on(program: &Path, parent: &Path, database: Option<String>) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("load-")
            .tempdir_in(parent)
            .context("cannot make a data directory")?;
        let mut node = Self {
            program: program.to_owned(),
            directory,
            database,
            key: String::new(),
        };
        node.administer(&["init"])?;
        let words = [
            "credential",
            "create",
            "--role",
            "admin",
            "--name",
            "load",
            "--json",
        ];
        let issued: serde_json::Value = serde_json::from_str(&node.administer(&words)?)?;
        let key = issued.get("apiKey").and_then(serde_json::Value::as_str);
        node.key = key.context("no API key was issued")?.to_owned();
        Ok(node)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(database) = &self.database {
            command.env("USHER__STORE__URL", database);
        }
        command
    }

    fn administer(&self, words: &[&str]) -> Result<String> {
        let mut command = self.command();
        command.args(words).args(["--account", ACCOUNT, "--data"]);
        let output = command.arg(self.directory.path()).output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Starts the node on a free port, without a limit that the load would run into.
    pub(crate) fn serve(&self) -> Result<Server> {
        self.serve_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts the node on a port of its own, or on the one that an earlier start had.
    pub(crate) fn serve_at(&self, address: SocketAddr) -> Result<Server> {
        let mut command = self.command();
        command
            .args(["serve", "--listen", &address.to_string(), "--data"])
            .arg(self.directory.path())
            .env("USHER__LIMITS__REQUESTS_PER_SECOND_MAX", "1000000")
            .env("USHER__LIMITS__REQUESTS_BURST_MAX", "1000000")
            .env("USHER__OUTBOUND__ALLOW_PRIVATE", "127.0.0.1")
            .env("USHER__TELEMETRY__LOG_LEVEL", "warn")
            .env("USHER__TELEMETRY__LOG_FORMAT", "text");
        Server::start(&mut command)
    }

    /// Returns the bytes of the data directory.
    pub(crate) fn bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(self.directory.path())? {
            bytes += entry?.metadata()?.len();
        }
        Ok(bytes)
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        request(method, path, &self.key, body)
    }
}
