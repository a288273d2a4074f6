//! Against real local servers: what is refused, and what is cut.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Names that the tests make up: each look-up takes the next answer, the last one stays.
#[derive(Debug, Default)]
struct Names(Mutex<BTreeMap<String, Vec<IpAddr>>>);

impl Lookup for Names {
    fn lookup(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(&host).unwrap();
        let address = if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0]
        };
        Box::pin(async move { Ok(vec![address]) })
    }
}

fn outbound(allow: &[&str], names: &[(&str, &[&str])]) -> Outbound {
    let names = names.iter().map(|(name, addresses)| {
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        ((*name).to_owned(), addresses.collect())
    });
    let options = Options {
        allow_private: allow.iter().map(|text| text.parse().unwrap()).collect(),
        connect_timeout: Duration::from_secs(5),
        delivery_timeout: Duration::from_secs(5),
    };
    Outbound::new(&options, Arc::new(Names(Mutex::new(names.collect()))))
}

fn get(url: &str) -> Request<'_> {
    Request {
        method: Method::GET,
        url,
        headers: &[],
        body: Vec::new(),
        deadline: Instant::now() + Duration::from_secs(20),
        answer_bytes_max: 1_000,
        redirects_max: 3,
        rule: &|_| true,
    }
}

/// A server that answers every connection with the same text, then with nothing for as long as
/// the connection lives; returns its port and how often it was asked.
async fn server(answer: String) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    crate::tasks::Tasks::default().spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 16 << 10];
            let mut read = 0;
            while !request[..read].windows(4).any(|end| end == b"\r\n\r\n") {
                match socket.read(&mut request[read..]).await {
                    Ok(0) | Err(_) => break,
                    Ok(bytes) => read += bytes,
                }
            }
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            seen.lock().unwrap().push(request);
            // Whoever asked may have gone.
            drop(socket.write_all(answer.as_bytes()).await);
            drop(socket.read(&mut [0; 1]).await);
        }
    });
    (port, asked)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-One: 1\r\n\r\n{body}",
        body.len()
    )
}

fn to(location: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

#[tokio::test]
async fn what_is_allowed_is_called_and_answers() {
    let (port, asked) = server(ok("hello")).await;
    let outbound = outbound(&["127.0.0.0/8"], &[("crm.test", &["127.0.0.1"])]);
    let url = format!("http://crm.test:{port}/x?y=1");
    let headers = [
        ("X-Ours".to_owned(), "7".to_owned()),
        ("Host".to_owned(), "evil".to_owned()),
    ];
    let response = outbound
        .send(Request {
            headers: &headers,
            ..get(&url)
        })
        .await
        .unwrap();
    assert_eq!(
        (response.status, response.body.as_slice()),
        (200, b"hello".as_slice())
    );
    assert!(
        response
            .headers
            .contains(&("x-one".to_owned(), "1".to_owned()))
    );
    let asked = asked.lock().unwrap().join("");
    assert!(asked.starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("x-ours: 7\r\n") && !asked.contains("evil"),
        "{asked}"
    );
}

#[tokio::test]
async fn private_addresses_are_not_called_however_they_are_written() {
    let (port, asked) = server(ok("secret")).await;
    let outbound = outbound(
        &[],
        &[
            ("inside.test", &["127.0.0.1"]),
            ("mapped.test", &["::ffff:127.0.0.1"]),
            ("localhost", &["127.0.0.1"]),
        ],
    );
    for host in [
        "127.0.0.1",
        "localhost",
        "inside.test",
        "mapped.test",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
    ] {
        let url = format!("http://{host}:{port}/");
        let error = outbound.send(get(&url)).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::PrivateAddress(_)),
            "{host}: {error}"
        );
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_points_elsewhere_later_is_checked_for_every_connection() {
    let (port, asked) = server(ok("secret")).await;
    // The first answer is allowed and nobody is there; the second one is not allowed.
    let outbound = outbound(
        &["127.0.0.9"],
        &[("rebinding.test", &["127.0.0.9", "127.0.0.1"])],
    );
    let url = format!("http://rebinding.test:{port}/");
    let first = outbound.send(get(&url)).await.unwrap_err();
    assert!(
        matches!(first, OutboundError::Unreachable { .. }),
        "{first}"
    );
    let second = outbound.send(get(&url)).await.unwrap_err();
    assert!(
        matches!(second, OutboundError::PrivateAddress(_)),
        "{second}"
    );
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_redirect_is_checked_again() {
    let (inside, asked) = server(ok("secret")).await;
    for target in [
        format!("http://127.0.0.1:{inside}/"),
        format!("http://inside.test:{inside}/"),
    ] {
        let (port, _) = server(to(&target)).await;
        let outbound = outbound(
            &["open.test"],
            &[
                ("open.test", &["127.0.0.1"]),
                ("inside.test", &["127.0.0.1"]),
            ],
        );
        let url = format!("http://open.test:{port}/");
        let error = outbound.send(get(&url)).await.unwrap_err();
        assert!(matches!(error, OutboundError::PrivateAddress(_)), "{error}");
    }
    let (port, _) = server(to("http://other.test/")).await;
    let outbound = outbound(&["open.test"], &[("open.test", &["127.0.0.1"])]);
    let url = format!("http://open.test:{port}/");
    let rule = |host: &str| host == "open.test";
    let request = Request {
        rule: &rule,
        ..get(&url)
    };
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, OutboundError::Host(host) if host == "other.test"));
    let (port, _) = server(to("file:///etc/passwd")).await;
    let url = format!("http://open.test:{port}/");
    assert!(matches!(
        outbound.send(get(&url)).await,
        Err(OutboundError::Url)
    ));
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn redirects_are_followed_without_secrets_to_another_host_and_not_for_ever() {
    let (end, asked) = server(ok("there")).await;
    let (port, _) = server(to(&format!("http://other.test:{end}/"))).await;
    let outbound = outbound(
        &["127.0.0.1"],
        &[
            ("open.test", &["127.0.0.1"]),
            ("other.test", &["127.0.0.1"]),
        ],
    );
    let url = format!("http://open.test:{port}/");
    let headers = [("Authorization".to_owned(), "Bearer x".to_owned())];
    let request = Request {
        headers: &headers,
        method: Method::POST,
        body: b"{}".to_vec(),
        ..get(&url)
    };
    let response = outbound.send(request).await.unwrap();
    assert_eq!(response.body, b"there");
    let asked = asked.lock().unwrap().join("");
    assert!(
        asked.starts_with("GET / ") && !asked.contains("Bearer"),
        "{asked}"
    );
    let (port, _) = server(to("/again")).await;
    let url = format!("http://open.test:{port}/");
    assert!(matches!(
        outbound.send(get(&url)).await,
        Err(OutboundError::Redirects(3))
    ));
}

#[tokio::test]
async fn huge_and_slow_answers_are_cut() {
    let outbound = outbound(&["127.0.0.1"], &[]);
    let chunk = format!("100\r\n{}\r\n", "x".repeat(256));
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (port, _) = server(head.to_owned() + &chunk.repeat(20)).await;
    let url = format!("http://127.0.0.1:{port}/");
    let error = outbound.send(get(&url)).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::AnswerTooLarge(1_000)),
        "{error}"
    );
    // One that says so at its head is not waited for.
    let (port, _) = server("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".to_owned()).await;
    let url = format!("http://127.0.0.1:{port}/");
    let error = outbound.send(get(&url)).await.unwrap_err();
    assert!(matches!(error, OutboundError::AnswerTooLarge(_)), "{error}");
    // An answer that never ends, and one that does not even begin.
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nX-",
        "",
    ] {
        let (port, _) = server(answer.to_owned()).await;
        let url = format!("http://127.0.0.1:{port}/");
        let deadline = Instant::now() + Duration::from_millis(200);
        let error = outbound
            .send(Request {
                deadline,
                ..get(&url)
            })
            .await
            .unwrap_err();
        assert!(matches!(error, OutboundError::Deadline), "{error}");
    }
}
