//! Encrypted connections.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use usher_store::batch::Expect;
use usher_store::postgres::{Options, Postgres};
use usher_store::store::OpenError;

use super::server::Server;
use super::{Opened, key};
use crate::harness::{COLLECTIONS, THINGS, get, put, thing};

/// A server that talks over TCP only if the connection is encrypted.
struct Encrypted {
    _server: Server,
    address: String,
    /// Vouches for the server.
    certificate: PathBuf,
    _folder: tempfile::TempDir,
}

impl Encrypted {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("server.crt");
        // PostgreSQL cannot choose a free port itself.
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let server = Server::with(|directory| {
            let data = directory.join("data");
            make_certificate(&data);
            std::fs::copy(data.join("server.crt"), &certificate).unwrap();
            let access = "local all all trust\nhostssl all all all trust\n";
            std::fs::write(data.join("pg_hba.conf"), access).unwrap();
            let arguments = ["-h", "127.0.0.1", "-c", "ssl=on", "-p"];
            let mut arguments = arguments.map(str::to_owned).to_vec();
            arguments.push(port.to_string());
            arguments
        });
        Self {
            _server: server,
            address: format!("postgres://usher@127.0.0.1:{port}/postgres"),
            certificate,
            _folder: folder,
        }
    }

    fn options(&self, query: &str) -> Options {
        Options {
            address: format!("{}{query}", self.address),
            root_certificates: Some(self.certificate.clone()),
            collections: COLLECTIONS,
        }
    }
}

/// Makes a certificate that vouches for itself, for 127.0.0.1, where the server looks for it.
fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=usher-test"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext"])
        .args(["subjectAltName=IP:127.0.0.1", "-keyout", "server.key"])
        .args(["-out", "server.crt"])
        .current_dir(folder)
        .output();
    let made =
        made.unwrap_or_else(|_| panic!("`openssl` is missing: sudo apt-get install openssl"));
    assert!(made.status.success(), "{made:?}");
}

#[tokio::test]
async fn an_encrypted_connection_is_made_to_a_server_that_somebody_vouches_for() {
    let server = Encrypted::start();
    for query in ["?sslmode=require", "?sslmode=verify-full"] {
        let opened = Opened::with(server.options(query)).await;
        let row = thing(key(query), "{}");
        put(&opened.store, &THINGS, row, Expect::Absent)
            .await
            .unwrap();
        assert!(get(&opened.store, &THINGS, &key(query)).await.is_some());
        opened.close().await;
    }
}

#[tokio::test]
async fn a_connection_that_is_not_as_asked_for_is_refused() {
    let server = Encrypted::start();
    let plain = server.options("");
    let unknown = Options {
        root_certificates: None,
        ..server.options("?sslmode=require")
    };
    let elsewhere = Options {
        address: server.address.replace("127.0.0.1", "localhost") + "?sslmode=verify-full",
        ..server.options("")
    };
    for options in [plain, unknown, elsewhere] {
        let error = Postgres::open(&options).await.unwrap_err();
        assert!(
            matches!(error, OpenError::Store(_) | OpenError::Certificates { .. }),
            "{error:?}"
        );
    }
}
