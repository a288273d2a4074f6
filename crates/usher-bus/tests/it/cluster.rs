//! The suite on NATS, on a throw-away server of its own.

pub(crate) mod server;

use std::process::Command;

use tokio::task::JoinSet;
use usher_bus::bus::{Bus, Notice, Subscription};
use usher_bus::nats::{self, Nats, Options};

use crate::conformance::{self, events, for_each_promise, hear, ids, next};
use server::Server;

/// A node with its listener, which ends when it is dropped.
struct Node {
    bus: Bus,
    heard: Subscription,
    _listener: JoinSet<()>,
}

impl Node {
    async fn open(number: u8, options: &Options) -> Self {
        let (nats, listener) = Nats::open(options, &ids(number)).await.unwrap();
        let bus = Bus::from(nats);
        let heard = bus.subscribe();
        let mut tasks = JoinSet::new();
        tasks.spawn(listener.run());
        Self {
            bus,
            heard,
            _listener: tasks,
        }
    }

    /// Waits for the greeting of a node, perhaps its own.
    async fn greeted(&mut self) {
        assert_eq!(next(&mut self.heard).await, Notice::Lagged);
    }
}

fn options(servers: String) -> Options {
    Options {
        servers,
        subject: "usher".to_owned(),
        root_certificates: None,
        certificate: None,
    }
}

/// Opens two nodes that hear each other.
async fn pair(options: &Options) -> [Node; 2] {
    let mut first = Node::open(1, options).await;
    first.greeted().await;
    let mut second = Node::open(2, options).await;
    second.greeted().await;
    first.greeted().await;
    [first, second]
}

macro_rules! promises {
    ($($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start();
            let [first, second] = pair(&options(server.url())).await;
            conformance::$name([first.bus.clone(), second.bus.clone()]).await;
        }
    )*};
}
for_each_promise!(promises);

#[tokio::test]
async fn a_lost_server_holds_nobody_up_and_everybody_looks_again_when_it_is_back() {
    let server = Server::start();
    let [mut first, mut second] = pair(&options(server.url())).await;
    server.stop();
    for sequence in 1..=100 {
        first.bus.announce(events("acme", sequence));
        assert_eq!(hear(&mut first.heard).await.1, events("acme", sequence));
    }
    server.serve();
    // Each node hears its own greeting and the other's; what was announced before the connection was
    // known to be lost may come, too.
    for node in [&mut first, &mut second] {
        while next(&mut node.heard).await != Notice::Lagged {}
    }
    let mut latest = [first.bus.subscribe(), second.bus.subscribe()];
    second.bus.announce(events("acme", 1_000));
    for heard in &mut latest {
        while next(heard).await
            != (Notice::Hint {
                from: second.bus.node(),
                hint: events("acme", 1_000),
            })
        {}
    }
}

#[tokio::test]
async fn a_node_starts_without_its_server() {
    let server = Server::start();
    server.stop();
    let mut node = Node::open(1, &options(server.url())).await;
    node.bus.announce(events("acme", 1));
    assert_eq!(hear(&mut node.heard).await.1, events("acme", 1));
    server.serve();
    node.greeted().await;
}

#[tokio::test]
async fn installations_that_share_a_server_do_not_hear_each_other() {
    let server = Server::start();
    let own = options(server.url());
    let [first, mut second] = pair(&own).await;
    let other = Options {
        subject: "usher.test".to_owned(),
        ..own
    };
    let mut stranger = Node::open(3, &other).await;
    stranger.greeted().await;
    stranger.bus.announce(events("acme", 1));
    stranger.bus.flush().await;
    first.bus.announce(events("acme", 2));
    assert_eq!(
        hear(&mut second.heard).await,
        (first.bus.node(), events("acme", 2))
    );
}

#[tokio::test]
async fn what_it_cannot_read_it_ignores() {
    let server = Server::start();
    let [first, mut second] = pair(&options(server.url())).await;
    let stranger = async_nats::connect(server.url()).await.unwrap();
    let newer = r#"{"version":2,"from":"0198f5c2-7a4e-7000-8000-000000000009","hint":{}}"#;
    for text in ["", "rubbish", newer] {
        let subject = "usher.hint.account.acme";
        stranger.publish(subject, text.into()).await.unwrap();
    }
    stranger.flush().await.unwrap();
    first.bus.announce(events("acme", 1));
    assert_eq!(hear(&mut second.heard).await.1, events("acme", 1));
}

#[tokio::test]
async fn who_has_no_password_stays_outside() {
    let server = Server::with("authorization { user: \"a:b\", password: \"p@ss\" }\n");
    let address = server.address();
    let known = options(format!("nats://a%3Ab:p%40ss@{address}"));
    assert!(nats::check(&known).await.unwrap().starts_with("2."));
    let unknown = nats::check(&options(server.url())).await.unwrap_err();
    assert_eq!(unknown.to_string(), "no NATS server lets this node in");
    let [first, mut second] = pair(&known).await;
    first.bus.announce(events("acme", 1));
    assert_eq!(hear(&mut second.heard).await.1, events("acme", 1));
}

#[tokio::test]
async fn a_token_lets_in() {
    let server = Server::with("authorization { token: \"t0ken\" }\n");
    let known = options(format!("nats://t0ken@{}", server.address()));
    nats::check(&known).await.unwrap();
    nats::check(&options(server.url())).await.unwrap_err();
}

#[tokio::test]
async fn a_connection_is_encrypted_and_both_ends_show_who_they_are() {
    let server = Server::prepare(
        "tls { cert_file: \"DIR/cert.pem\", key_file: \"DIR/key.pem\", \
         ca_file: \"DIR/cert.pem\", verify: true }\n",
    );
    let certificate = server.directory().join("cert.pem");
    let key = server.directory().join("key.pem");
    make_certificate(&certificate, &key);
    server.serve();
    let known = Options {
        root_certificates: Some(certificate.clone()),
        certificate: Some((certificate, key)),
        ..options(format!("tls://{}", server.address()))
    };
    nats::check(&known).await.unwrap();
    let [first, mut second] = pair(&known).await;
    first.bus.announce(events("acme", 1));
    assert_eq!(hear(&mut second.heard).await.1, events("acme", 1));
    for stranger in [
        Options {
            certificate: None,
            ..known.clone()
        },
        Options {
            root_certificates: None,
            ..known
        },
    ] {
        nats::check(&stranger).await.unwrap_err();
    }
}

/// Makes a certificate that vouches for itself, for 127.0.0.1.
fn make_certificate(certificate: &std::path::Path, key: &std::path::Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=usher-test"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext"])
        .args(["subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(certificate)
        .output()
        .expect("`openssl` is missing: sudo apt-get install openssl");
    assert!(made.status.success(), "{made:?}");
}
