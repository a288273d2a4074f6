//! What is wrong with a configuration, a data directory or a port, and what to do about it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use usher_bus::nats;

use crate::boot::{self, Purpose};
use crate::config::Config;
use crate::config::raw::Sources;

/// How long a server on our port has to say what it is.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// What SQLite's file is called; an end-to-end test fails if it is no longer.
const DATA_FILE_NAME: &str = "usher.db";

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be.
    Well(String),
    /// It is not.
    Ill {
        /// What is wrong.
        what: String,
        /// What to do.
        help: String,
    },
}

fn ill(what: impl Into<String>, help: impl Into<String>) -> Finding {
    Finding::Ill {
        what: what.into(),
        help: help.into(),
    }
}

/// Looks at everything; what follows from a broken configuration is left out.
pub async fn examine(sources: &Sources) -> Vec<Finding> {
    let config = match Config::load(sources) {
        Ok(config) => config,
        Err(mistakes) => {
            let help = "`usher config default` shows every key with its meaning";
            let mistakes = mistakes.0.iter();
            return mistakes
                .map(|mistake| ill(format!("configuration: {mistake}"), help))
                .collect();
        }
    };
    let mut findings = vec![Finding::Well("configuration: no mistakes".to_owned())];
    let is_kept_here = config.store.url.is_none();
    if is_kept_here {
        findings.push(examine_folder(&config.data.dir));
    }
    // Opening would make what is not there.
    if !is_kept_here || config.data.dir.join(DATA_FILE_NAME).exists() {
        findings.extend(examine_store(&config).await);
    }
    findings.push(examine_bus(&config).await);
    findings.push(examine_kernel());
    findings.push(examine_port(config.server.listen));
    findings
}

async fn examine_store(config: &Config) -> Vec<Finding> {
    let help = "see `docs/guide/operating.md`, or restore a backup with `usher restore`";
    let examined = async {
        let opened = boot::open_store(config, Purpose::Administer).await?;
        let health = opened.store.check().await;
        opened.close().await?;
        anyhow::Ok(health?)
    };
    match examined.await {
        Err(error) => vec![ill(format!("store: {error:#}"), help)],
        Ok(health) if health.findings.is_empty() => {
            vec![Finding::Well(format!("store: {} is well", health.engine))]
        }
        Ok(health) => {
            let found = health.findings.iter();
            found
                .map(|found| ill(format!("store: {}: {found}", health.engine), help))
                .collect()
        }
    }
}

async fn examine_bus(config: &Config) -> Finding {
    let Some(options) = boot::nats_options(&config.bus) else {
        let several =
            "bus: in this process; several nodes hear of each other sooner with `bus.url`";
        let alone = "bus: in this process";
        let is_alone = config.store.url.is_none();
        return Finding::Well(if is_alone { alone } else { several }.to_owned());
    };
    match nats::check(&options).await {
        Ok(version) => Finding::Well(format!("bus: NATS {version} is well")),
        Err(error) => ill(
            format!("bus: {:#}", anyhow::Error::from(error)),
            "start the server, or correct `bus.url` and the certificates; until then nodes serve, \
             and notice later what others do",
        ),
    }
}

fn examine_kernel() -> Finding {
    if usher_functions::confine::can_filter() {
        return Finding::Well(
            "functions: the kernel filters what their processes ask of it".into(),
        );
    }
    ill(
        "functions: this kernel cannot filter system calls",
        "functions run all the same, with one fence less; a kernel with CONFIG_SECCOMP_FILTER has it",
    )
}

fn examine_folder(folder: &Path) -> Finding {
    let shown = folder.display();
    match std::fs::metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Finding::Well(format!(
            "data directory: `{shown}` does not exist yet; the first start makes it"
        )),
        Err(error) => ill(
            format!("data directory: cannot look into `{shown}`: {error}"),
            "let the user that runs Usher read it",
        ),
        Ok(found) if !found.is_dir() => ill(
            format!("data directory: `{shown}` is not a directory"),
            "name another one with --data or `data.dir`",
        ),
        Ok(_) => {
            let probe = folder.join(".usher-doctor");
            match std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)) {
                Ok(()) => Finding::Well(format!("data directory: `{shown}` can be written")),
                Err(error) => ill(
                    format!("data directory: cannot write into `{shown}`: {error}"),
                    "give it to the user that runs Usher, make room on its disk, or remount it writable",
                ),
            }
        }
    }
}

fn examine_port(listen: SocketAddr) -> Finding {
    match TcpListener::bind(listen) {
        Ok(_) => Finding::Well(format!("port: {listen} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if is_usher(listen) {
                Finding::Well(format!("port: an Usher answers on {listen}"))
            } else {
                ill(
                    format!("port: something else listens on {listen}"),
                    "stop it, or choose another address with --listen or `server.listen`",
                )
            }
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => ill(
            format!("port: this user may not listen on {listen}"),
            "choose a port above 1023, or allow the program low ports",
        ),
        Err(error) => ill(
            format!("port: cannot listen on {listen}: {error}"),
            "choose an address of this machine with --listen or `server.listen`",
        ),
    }
}

/// Whether what listens answers as Usher does.
fn is_usher(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIME_MAX)?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        // A stranger may talk without end.
        stream.take(4_096).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).to_lowercase())
    };
    ask().is_ok_and(|answer| answer.starts_with("http/1.1 200") && answer.contains("x-request-id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_data_directory_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            examine_folder(&folder.path().join("absent")),
            Finding::Well(_)
        ));
        assert!(matches!(examine_folder(folder.path()), Finding::Well(_)));
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "the probe is left behind"
        );
    }

    #[test]
    fn a_file_in_place_of_the_data_directory_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        std::fs::write(&file, b"").unwrap();
        let Finding::Ill { what, .. } = examine_folder(&file) else {
            panic!("found it well")
        };
        assert!(what.ends_with("is not a directory"), "{what}");
    }

    #[test]
    fn a_port_that_something_else_holds_is_a_fault() {
        let holder = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = holder.local_addr().unwrap();
        let answer = std::thread::spawn(move || {
            let (mut stream, _) = holder.accept().unwrap();
            stream.write_all(b"SSH-2.0-x\r\n").unwrap();
        });
        let Finding::Ill { what, .. } = examine_port(address) else {
            panic!("found it well")
        };
        assert_eq!(what, format!("port: something else listens on {address}"));
        answer.join().unwrap();
    }
}
