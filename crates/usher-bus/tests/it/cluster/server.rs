//! A NATS server in a temporary directory.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

const INSTALL: &str = "apt-get install --yes --no-install-recommends nats-server";

/// Stopped and removed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    directory: TempDir,
    /// Lines of its configuration.
    settings: String,
    /// The same after every start.
    port: Mutex<Option<u16>>,
    process: Mutex<Option<Child>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// Starts a server with lines of configuration, in which `DIR` stands for its directory.
    pub(crate) fn with(settings: &str) -> Self {
        let server = Self::prepare(settings);
        server.serve();
        server
    }

    /// Returns a server that does not run yet.
    pub(crate) fn prepare(settings: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let settings = settings.replace("DIR", &directory.path().display().to_string());
        Self {
            program: program(),
            directory,
            settings,
            port: Mutex::new(None),
            process: Mutex::new(None),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns its address without a scheme, once it has run.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port.lock().unwrap().unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address())
    }

    pub(crate) fn serve(&self) {
        let mut port = self.port.lock().unwrap();
        let wanted = port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
        let file = self.directory.path().join("server.conf");
        let listen = format!("host: 127.0.0.1\nport: {wanted}\n");
        std::fs::write(&file, listen + &self.settings).unwrap();
        let mut process = Command::new(&self.program)
            .arg("--config")
            .arg(&file)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        let mut said = Vec::new();
        for line in lines.by_ref() {
            if let Some((_, found)) = line.rsplit_once("client connections on 127.0.0.1:") {
                *port = Some(found.trim().parse().unwrap());
            }
            let is_ready = line.contains("Server is ready");
            said.push(line);
            if is_ready {
                break;
            }
        }
        assert!(port.is_some(), "the server ended: {said:#?}");
        // Read on, so that the server never waits for its log.
        std::thread::spawn(move || lines.for_each(drop));
        *self.process.lock().unwrap() = Some(process);
    }

    pub(crate) fn stop(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns where the server is installed; Debian's place is not in everybody's search path.
fn program() -> PathBuf {
    let searched = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&searched).chain(["/usr/sbin".into()]);
    let mut programs = folders.map(|folder| folder.join("nats-server"));
    programs
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("the NATS server is missing: sudo {INSTALL}"))
}
