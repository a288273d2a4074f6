//! Consumers whom the brand vouches for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use usher_app::consumers::{self, Keys, Trusted};
use usher_app::conversations::{self, New};
use usher_app::credentials;
use usher_app::error::{Code, Error};
use usher_app::feed::Event;
use usher_app::tasks::Tasks;
use usher_model::id::{ConsumerId, RequestId};
use usher_model::role::Role;
use usher_model::time::Clock as _;

use crate::harness::{Floor, account, skill_id};

pub(crate) const SECRET: &[u8] = b"a secret of the brand, shared with us";

/// Has the account trust a shared secret.
pub(crate) async fn trust(floor: &Floor) {
    use base64::Engine as _;
    let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(SECRET);
    let trusted = Trusted {
        issuer: "https://brand.example".to_owned(),
        audience: "usher".to_owned(),
        keys: Keys::Set(json!({"keys": [{"kty": "oct", "kid": "1", "k": secret}]})),
    };
    let admin = floor.caller(Role::Admin);
    consumers::trust(&admin, &floor.app, trusted, Some(0))
        .await
        .unwrap();
}

pub(crate) fn signed(floor: &Floor, subject: &str, secret: &[u8]) -> String {
    let exp = floor.clock.now().milliseconds() / 1_000 + 60;
    let claims =
        json!({"iss": "https://brand.example", "aud": "usher", "sub": subject, "exp": exp});
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
}

#[tokio::test]
async fn a_token_of_the_brand_makes_the_consumer_known() {
    let floor = Floor::start().await;
    let token = signed(&floor, "carl", SECRET);
    let untrusted = consumers::issue(&floor.app, &account(), Some(&token)).await;
    assert_eq!(untrusted.unwrap_err().code, Code::IdentityRefused);
    trust(&floor).await;
    let issued = consumers::issue(&floor.app, &account(), Some(&token))
        .await
        .unwrap();
    assert_eq!(issued.consumer_id, ConsumerId::parse("carl").unwrap());
    assert!(issued.is_identified);
    let request = RequestId::mint(floor.app.ids());
    let carl = credentials::authenticate_token(&floor.app, &issued.access_token, request)
        .await
        .unwrap();
    assert_eq!(carl.role, Role::Consumer);
    assert!(carl.is_identified);
    // For how long it is so, the brand says, with another token of its own.
    let renewed = consumers::renew(&floor.app, &account(), &issued.access_token).await;
    assert_eq!(renewed.unwrap_err().code, Code::Forbidden);
    let new = New {
        skill_id: Some(skill_id("sales")),
        ..New::default()
    };
    let opened = conversations::open(&carl, &floor.app, new).await.unwrap();
    assert!(opened.conversation.is_authenticated);
    let forged = signed(
        &floor,
        "carl",
        b"another secret that nobody has shared with us",
    );
    let refused = consumers::issue(&floor.app, &account(), Some(&forged)).await;
    assert_eq!(refused.unwrap_err().code, Code::IdentityRefused);
}

#[tokio::test]
async fn la_03_a_consumer_steps_up_in_the_middle_of_a_conversation() {
    let floor = Floor::start().await;
    trust(&floor).await;
    let id = floor.open("somebody").await;
    let anonymous = floor.as_consumer("somebody");
    let token = signed(&floor, "carl", SECRET);
    let stranger = floor.as_consumer("eve");
    let refused = consumers::identify(&stranger, &floor.app, &id, &token).await;
    assert_eq!(refused.unwrap_err().code, Code::ConversationNotFound);
    let view = consumers::identify(&anonymous, &floor.app, &id, &token)
        .await
        .unwrap();
    assert!(view.conversation.is_authenticated);
    assert_eq!(view.conversation.consumer_id.as_str(), "carl");
    // The timeline keeps who it was before.
    let timeline = floor.timeline(&id).await;
    let before = timeline.iter().find_map(|happened| match &happened.event {
        Event::ConsumerIdentified {
            old_consumer_id, ..
        } => Some(old_consumer_id.to_string()),
        _ => None,
    });
    assert_eq!(before.as_deref(), Some("somebody"));
    let gone = conversations::get(&anonymous, &floor.app, &id).await;
    assert_eq!(gone.unwrap_err().code, Code::ConversationNotFound);
    conversations::get(&floor.as_consumer("carl"), &floor.app, &id)
        .await
        .unwrap();
}

#[tokio::test]
async fn secrets_of_the_brand_are_never_shown() {
    let floor = Floor::start().await;
    trust(&floor).await;
    let admin = floor.caller(Role::Admin);
    let (trusted, revision) = consumers::trusted(&admin, &floor.app)
        .await
        .unwrap()
        .unwrap();
    let shown = Keys::Set(json!({"keys": [{"kty": "oct", "kid": "1"}]}));
    assert_eq!(trusted.keys, shown);
    let weak = Trusted {
        keys: Keys::Set(json!({"keys": [{"kty": "oct", "k": "c2hvcnQ"}]})),
        ..trusted
    };
    let refused = consumers::trust(&admin, &floor.app, weak, Some(revision)).await;
    assert_eq!(refused.unwrap_err().code, Code::FieldInvalid);
    let filter = usher_app::audit::Filter {
        target: Some("consumer-identity".to_owned()),
        ..Default::default()
    };
    let (log, _) = usher_app::audit::list(&admin, &floor.app, &filter, None, 10)
        .await
        .unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(
        log[0].after.as_ref().unwrap()["keys"]["keys"][0]["k"],
        Value::Null
    );
    consumers::distrust(&admin, &floor.app).await.unwrap();
    assert!(
        consumers::trusted(&admin, &floor.app)
            .await
            .unwrap()
            .is_none()
    );
}

/// An Ed25519 key made for these tests: PKCS #8 in base64, and its public half.
const ED_PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
const ED_PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// A brand that publishes its keys.
struct Brand {
    url: String,
    /// What it answers; nothing closes the connection.
    answers: Arc<Mutex<Option<String>>>,
    asked: Arc<Mutex<usize>>,
}

impl Brand {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let brand = Self {
            url,
            answers: Arc::default(),
            asked: Arc::default(),
        };
        let (answers, asked) = (Arc::clone(&brand.answers), Arc::clone(&brand.asked));
        Tasks::default().spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4 << 10];
                let read = socket.read(&mut request).await;
                *asked.lock().unwrap() += read.map_or(0, |bytes| usize::from(bytes > 0));
                let answer = answers.lock().unwrap().clone().unwrap_or_default();
                // Whoever asked may have gone.
                drop(socket.write_all(answer.as_bytes()).await);
            }
        });
        brand
    }

    /// From now on these keys are published.
    fn publish(&self, kids: &[&str]) {
        let keys = kids.iter().map(
            |kid| json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": ED_PUBLIC}),
        );
        let keys: Vec<Value> = keys.collect();
        self.answer("200 OK", &json!({ "keys": keys }).to_string());
    }

    fn answer(&self, status: &str, body: &str) {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}");
        *self.answers.lock().unwrap() = Some(format!("{head}\r\nConnection: close\r\n\r\n{body}"));
    }

    fn fail(&self) {
        *self.answers.lock().unwrap() = None;
    }

    fn times_asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    fn trusted(&self) -> Trusted {
        Trusted {
            issuer: "https://brand.example".to_owned(),
            audience: "usher".to_owned(),
            keys: Keys::Published(self.url.clone()),
        }
    }

    async fn trust(&self, floor: &Floor) -> Result<(), Error> {
        let admin = floor.caller(Role::Admin);
        consumers::trust(&admin, &floor.app, self.trusted(), None).await
    }
}

fn signed_with(floor: &Floor, kid: &str) -> String {
    let exp = floor.clock.now().milliseconds() / 1_000 + 60;
    let claims = json!({"iss": "https://brand.example", "aud": "usher", "sub": "carl", "exp": exp});
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(kid.to_owned());
    let der = STANDARD.decode(ED_PRIVATE).unwrap();
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&der)).unwrap()
}

/// Returns whom a key names, or why nobody.
async fn issued(floor: &Floor, kid: &str) -> Result<String, Code> {
    let token = signed_with(floor, kid);
    let issued = consumers::issue(&floor.app, &account(), Some(&token)).await;
    issued
        .map(|issued| issued.consumer_id.to_string())
        .map_err(|error| error.code)
}

#[tokio::test]
async fn keys_are_taken_from_the_address_at_which_the_brand_publishes_them() {
    let floor = Floor::start().await;
    let brand = Brand::start().await;
    brand.publish(&["1"]);
    brand.trust(&floor).await.unwrap();
    assert_eq!(brand.times_asked(), 1, "the address was tried");
    let admin = floor.caller(Role::Admin);
    let (trusted, _) = consumers::trusted(&admin, &floor.app)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(trusted, brand.trusted());
    assert_eq!(issued(&floor, "1").await.as_deref(), Ok("carl"));
    assert_eq!(issued(&floor, "1").await.as_deref(), Ok("carl"));
    assert_eq!(brand.times_asked(), 1, "the keys are kept");
    // Another node knows nothing yet.
    let other = floor.another_node();
    let token = signed_with(&floor, "1");
    let there = consumers::issue(&other, &account(), Some(&token)).await;
    assert_eq!(there.unwrap().consumer_id.as_str(), "carl");
    assert_eq!(brand.times_asked(), 2);
    other.tasks().stop().await;
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_a_minute_at_most() {
    let floor = Floor::start().await;
    let brand = Brand::start().await;
    brand.publish(&["1"]);
    brand.trust(&floor).await.unwrap();
    brand.publish(&["1", "2"]);
    assert_eq!(issued(&floor, "2").await, Err(Code::IdentityRefused));
    assert_eq!(brand.times_asked(), 1, "it was asked a moment ago");
    floor.clock.advance(Duration::from_secs(60));
    assert_eq!(issued(&floor, "2").await.as_deref(), Ok("carl"));
    assert_eq!(brand.times_asked(), 2);
    for _ in 0..5 {
        assert_eq!(issued(&floor, "made up").await, Err(Code::IdentityRefused));
    }
    assert_eq!(brand.times_asked(), 2);
    // A key that the brand takes back works for an hour at most.
    brand.publish(&["2"]);
    floor.clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(issued(&floor, "1").await.as_deref(), Ok("carl"));
    floor.clock.advance(Duration::from_secs(60));
    assert_eq!(issued(&floor, "1").await, Err(Code::IdentityRefused));
    assert_eq!(brand.times_asked(), 3);
}

#[tokio::test]
async fn keys_go_on_working_while_their_address_fails() {
    let floor = Floor::start().await;
    let brand = Brand::start().await;
    brand.publish(&["1"]);
    brand.trust(&floor).await.unwrap();
    let large = " ".repeat(70 << 10);
    for answer in ["no JSON", "{}", r#"{"keys": []}"#, large.as_str()] {
        brand.answer("200 OK", answer);
        floor.clock.advance(Duration::from_secs(2 * 60 * 60));
        assert_eq!(issued(&floor, "1").await.as_deref(), Ok("carl"), "{answer}");
    }
    assert_eq!(brand.times_asked(), 5);
    brand.fail();
    floor.clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(issued(&floor, "1").await.as_deref(), Ok("carl"));
    // Who never had any keys has to wait.
    let other = floor.another_node();
    let token = signed_with(&floor, "1");
    for _ in 0..2 {
        let refused = consumers::issue(&other, &account(), Some(&token)).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, Code::IdentityUnavailable);
        assert!(refused.retry_after.is_some());
    }
    let asked = brand.times_asked();
    brand.publish(&["1"]);
    floor.clock.advance(Duration::from_secs(60));
    let token = signed_with(&floor, "1");
    let there = consumers::issue(&other, &account(), Some(&token)).await;
    assert_eq!(there.unwrap().consumer_id.as_str(), "carl");
    assert_eq!(brand.times_asked(), asked + 1);
    other.tasks().stop().await;
}

#[tokio::test]
async fn an_address_without_keys_is_refused_when_it_is_set() {
    let floor = Floor::start().await;
    let brand = Brand::start().await;
    let refused = async |trusted: Trusted| {
        let admin = floor.caller(Role::Admin);
        let refused = consumers::trust(&admin, &floor.app, trusted, None).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code, Code::FieldInvalid);
        assert_eq!(error.mistakes[0].pointer, "#/keysUrl");
        error.message
    };
    brand.answer("404 Not Found", "");
    let status = refused(brand.trusted()).await;
    assert!(status.contains("found 404"), "{status}");
    brand.answer("302 Found\r\nLocation: https://elsewhere.example", "moved");
    let moved = refused(brand.trusted()).await;
    assert!(moved.contains("found 302"), "{moved}");
    brand.answer("200 OK", r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#);
    let secret = refused(brand.trusted()).await;
    assert!(secret.contains("public keys"), "{secret}");
    for (url, expected) in [
        ("http://brand.example/keys", "https://"),
        ("https://10.0.0.1/keys", "public address"),
        ("file:///etc/passwd", "http or https"),
        ("keys", "absolute URL"),
    ] {
        let trusted = Trusted {
            keys: Keys::Published(url.to_owned()),
            ..brand.trusted()
        };
        let message = refused(trusted).await;
        assert!(message.contains(expected), "{url}: {message}");
    }
}
