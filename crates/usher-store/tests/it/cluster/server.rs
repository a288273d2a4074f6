//! A PostgreSQL server in a temporary directory.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

const INSTALL: &str = "apt-get install --yes --no-install-recommends postgresql";
/// Who runs the server if the tests run as root, which the server refuses.
const UNPRIVILEGED: &str = "postgres";

/// Stopped and removed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    programs: PathBuf,
    directory: TempDir,
    /// What else its command line says.
    arguments: Vec<String>,
    process: Mutex<Option<Child>>,
}

/// A session that holds a lock.
#[derive(Debug)]
pub(crate) struct Lock {
    input: Option<ChildStdin>,
    session: Child,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // With its input the session ends.
        drop(self.input.take());
        self.session.wait().unwrap();
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(|_| Vec::new())
    }

    /// Starts a server after `prepare` has put files into its directory, where the data is in
    /// `data`, and has said what else stands on its command line.
    pub(crate) fn with(prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let directory = TempDir::new().unwrap();
        let mut server = Self {
            programs: programs(),
            directory,
            arguments: Vec::new(),
            process: Mutex::new(None),
        };
        if server.is_root() {
            run(Command::new("chown")
                .arg(UNPRIVILEGED)
                .arg(server.directory.path()));
        }
        let mut initdb = server.command("initdb");
        initdb.arg("-D").arg(server.data());
        run(initdb.args([
            "--username=usher",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        ]));
        server.arguments = prepare(server.directory.path());
        if server.is_root() {
            let mut chown = Command::new("chown");
            run(chown
                .args(["-R", UNPRIVILEGED])
                .arg(server.directory.path()));
        }
        server.serve();
        server
    }

    /// Makes a database and returns its address.
    pub(crate) fn database(&self, name: &str) -> String {
        // PostgreSQL cuts longer names.
        let name: String = name.chars().take(60).collect();
        self.run("postgres", &format!("CREATE DATABASE \"{name}\""));
        format!(
            "host={} user=usher dbname={name}",
            self.directory.path().display()
        )
    }

    /// Runs a statement.
    pub(crate) fn run(&self, database: &str, sql: &str) {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.arg("-h")
            .arg(self.directory.path())
            .args(["-U", "usher", "-d", database]);
        run(psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-c", sql]));
    }

    /// Lets nobody read or write a table until what is returned is dropped.
    pub(crate) fn lock(&self, database: &str, table: &str) -> Lock {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.arg("-h").arg(self.directory.path()).args([
            "-U",
            "usher",
            "-d",
            database,
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
        ]);
        let mut session = psql
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let locks = format!("BEGIN;\nLOCK TABLE {table};\n\\echo locked\n");
        let mut input = session.stdin.take().unwrap();
        input.write_all(locks.as_bytes()).unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(session.stdout.take().unwrap());
        output.read_line(&mut said).unwrap();
        assert_eq!(said, "locked\n");
        Lock {
            input: Some(input),
            session,
        }
    }

    /// Stops the server, which breaks every connection, and starts it again.
    pub(crate) fn restart(&self) {
        self.stop();
        self.serve();
    }

    fn serve(&self) {
        let mut postgres = self.command("postgres");
        postgres
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.directory.path());
        postgres.args(["-h", "", "-c", "fsync=off", "-c", "deadlock_timeout=50ms"]);
        postgres.args(&self.arguments);
        let mut process = postgres.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        let ready = lines
            .by_ref()
            .find(|line| line.contains("is ready to accept connections"));
        assert!(ready.is_some(), "the server ended before it was ready");
        // Read on, so that the server never waits for its log.
        std::thread::spawn(move || lines.for_each(drop));
        *self.process.lock().unwrap() = Some(process);
    }

    fn stop(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            run(Command::new("kill").args(["-QUIT", &process.id().to_string()]));
            process.wait().unwrap();
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn is_root(&self) -> bool {
        self.directory.path().metadata().unwrap().uid() == 0
            || std::fs::metadata("/proc/self").unwrap().uid() == 0
    }

    /// Returns a command that runs a program of the server as a user that it accepts.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if self.is_root() {
            let mut command = Command::new("setpriv");
            let user = format!("--reuid={UNPRIVILEGED}");
            command.args([user.as_str(), "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns the folder of the newest server that is installed.
fn programs() -> PathBuf {
    let version = |path: &Path| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let folders = installed.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let newest = folders
        .filter(|folder| folder.join("initdb").exists())
        .max_by_key(|f| version(f));
    let searched = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&searched).find(|folder| folder.join("initdb").exists());
    newest
        .or(in_path)
        .unwrap_or_else(|| panic!("PostgreSQL is missing: sudo {INSTALL}"))
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let words: Vec<&OsStr> = command.get_args().collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{:?} {words:?}: {complaint}",
        command.get_program()
    );
}
