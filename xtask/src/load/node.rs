//! A server under load, started from its release build.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::client::{self, Load, Measured};
use crate::{process, workspace};

/// The account that is asked for.
pub(super) const ACCOUNT: &str = "load";

/// Linux counts CPU time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A running server; killed when dropped.
pub(super) struct Node {
    child: Child,
    pub(super) address: String,
    pub(super) api_key: String,
    /// `clientId:clientSecret` in base64.
    pub(super) client: String,
}

impl Node {
    /// Starts Usher on an empty directory, with limits that do not limit.
    pub(super) fn usher(folder: &Path) -> Result<Self> {
        let usher = || Command::new(workspace::root().join("target/release/usher"));
        process::run(
            usher()
                .args(["init", "--account", ACCOUNT, "--data"])
                .arg(folder),
        )?;
        let mut create = usher();
        create.args([
            "credential",
            "create",
            "--account",
            ACCOUNT,
            "--role",
            "admin",
            "--name",
            "load",
            "--json",
        ]);
        let created: Value =
            serde_json::from_str(&process::output(create.arg("--data").arg(folder))?)?;
        let word = |key| created.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut serve = usher();
        serve
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder);
        serve.env("USHER__LIMITS__REQUESTS_PER_SECOND_MAX", "1000000");
        serve.env("USHER__LIMITS__REQUESTS_BURST_MAX", "1000000");
        serve.env("USHER__TELEMETRY__LOG_LEVEL", "warn");
        let mut node = Self::start(&mut serve)?;
        node.api_key = word("apiKey").to_owned();
        node.client = base64(format!("{}:{}", word("clientId"), word("clientSecret")).as_bytes());
        Ok(node)
    }

    /// Starts the server that answers a constant.
    pub(super) fn constant() -> Result<Self> {
        Self::start(&mut Command::new(
            workspace::root().join("target/release/examples/constant"),
        ))
    }

    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the server")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the server has no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .rsplit_once("http://")
            .map(|(_, address)| address.to_owned());
        let address = address.with_context(|| format!("expected an address, found `{line}`"))?;
        Ok(Self {
            child,
            address,
            api_key: String::new(),
            client: String::new(),
        })
    }

    /// Drives the server and takes its CPU time and memory.
    pub(super) fn measure(&self, load: &Load, time: Duration) -> Result<Measured> {
        let before = self.cpu()?;
        let mut measured = client::drive(&self.address, load, time)?;
        measured.cpu = self.cpu()?.saturating_sub(before);
        measured.memory_bytes = self.memory_bytes()?;
        Ok(measured)
    }

    fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in brackets, may hold spaces; user and system time are fields 14 and 15.
        let fields = stat
            .rsplit_once(") ")
            .map(|(_, fields)| fields)
            .unwrap_or_default();
        let ticks = fields
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u32>().ok());
        Ok(TICK * ticks.sum::<u32>())
    }

    /// Returns the most memory it has had resident.
    fn memory_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kilobytes.context("expected `VmHWM` in the process's status")? << 10)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
            let letter = if place > chunk.len() {
                b'='
            } else {
                LETTERS.get(index).copied().unwrap_or(b'=')
            };
            text.push(char::from(letter));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_as_in_rfc_4648() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
