//! Signing in at an identity provider, which is a real server here that signs with a real key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use usher_app::outbound::address::Private;
use usher_app::sign_ins::oidc;
use usher_app::tasks::Tasks;
use usher_model::id::AccountId;
use usher_model::time::Clock as _;

use crate::harness::{ACCOUNT, Answer, Node};

/// An Ed25519 key made for these tests: PKCS #8 in base64, and its public half.
const ED_PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
const ED_PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const PATH: &str = "/api/v1/session/oidc";

/// An identity provider, and what it says of whoever signs in next.
#[derive(Clone)]
struct Provider {
    url: String,
    claims: Arc<Mutex<Value>>,
    /// What the last redemption of a code brought.
    redeemed: Arc<Mutex<HashMap<String, String>>>,
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            claims: Arc::default(),
            redeemed: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(redeem))
            .with_state(provider.clone());
        Tasks::default().spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    /// Returns a node whose people sign in here, Ada among them.
    async fn node(&self) -> Node {
        let options = oidc::Options {
            issuer: self.url.clone(),
            client_id: "usher".to_owned(),
            client_secret: Some("se:cret".to_owned()),
            account: AccountId::parse(ACCOUNT).unwrap(),
            public_url: "https://usher.example".to_owned(),
            name: "the company".to_owned(),
        };
        let node = Node::start_with(|node| {
            node.outbound.allow_private = vec!["127.0.0.1".parse::<Private>().unwrap()];
            node.oidc = Some(options);
        })
        .await;
        let admin = node.admin().await;
        let ada = json!({"id": "ada", "name": "Ada", "email": "ada@example.com"});
        admin.post("/api/v1/users", ada).await.expect(201);
        node
    }

    /// Says who signs in next.
    fn say(&self, node: &Node, nonce: &str, changes: &Value) {
        let now = node.clock.now().milliseconds() / 1_000;
        let mut claims = json!({"iss": self.url, "aud": "usher", "sub": "4711", "exp": now + 60,
            "nonce": nonce, "email": "Ada@example.com", "email_verified": true});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        *self.claims.lock().unwrap() = claims;
    }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    let url = &provider.url;
    Json(
        json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize?realm=staff"),
        "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys")}),
    )
}

async fn keys() -> Json<Value> {
    Json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "x": ED_PUBLIC}]}))
}

async fn redeem(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, StatusCode> {
    let mut form = pairs(&body);
    if form["code"] != "good" {
        return Err(StatusCode::BAD_REQUEST);
    }
    let proof = headers["authorization"].to_str().unwrap().to_owned();
    form.insert("authorization".to_owned(), proof);
    *provider.redeemed.lock().unwrap() = form;
    let claims = provider.claims.lock().unwrap().clone();
    let key = EncodingKey::from_ed_der(&STANDARD.decode(ED_PRIVATE).unwrap());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap();
    Ok(Json(json!({"id_token": token, "token_type": "Bearer"})))
}

/// Reads what is encoded as a form is.
fn pairs(text: &str) -> HashMap<String, String> {
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        let plain = percent_encoding::percent_decode_str(&text).decode_utf8();
        plain.unwrap().into_owned()
    };
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// A browser on its way.
struct Away<'n> {
    node: &'n Node,
    cookie: String,
    /// What the provider was told.
    told: HashMap<String, String>,
}

impl<'n> Away<'n> {
    async fn depart(node: &'n Node) -> Self {
        let answer = send(node, "POST", "", Value::Null).await.expect(200);
        let set = answer.header("set-cookie").unwrap();
        assert!(
            set.contains("; HttpOnly; SameSite=Strict; Max-Age=600"),
            "{set}"
        );
        let cookie = set.split(';').next().unwrap().to_owned();
        let url = answer.json()["url"].as_str().unwrap().to_owned();
        let (_, query) = url.split_once('?').unwrap();
        Self {
            node,
            cookie,
            told: pairs(query),
        }
    }

    async fn come_back(&self, state: &str, code: &str) -> Answer {
        let body = json!({"state": state, "code": code});
        send(self.node, "PUT", &self.cookie, body).await
    }

    /// Comes back with a good code, and returns whom the node signed in or why nobody.
    async fn end(&self) -> Result<String, String> {
        let answer = self.come_back(&self.told["state"], "good").await;
        match answer.status {
            StatusCode::OK => Ok(answer.json()["user"]["id"].as_str().unwrap().to_owned()),
            _ => Err(answer.json()["code"].as_str().unwrap().to_owned()),
        }
    }
}

async fn send(node: &Node, method: &str, cookie: &str, body: Value) -> Answer {
    let request = Request::builder().method(method).uri(PATH);
    let request = request.header("host", "usher.example");
    let request = request.header("cookie", cookie);
    let body = Body::from(body.to_string());
    node.send(request.body(body).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_provider_vouches_for_is_signed_in() {
    let provider = Provider::start().await;
    let node = provider.node().await;
    let named = send(&node, "GET", "", Value::Null).await.expect(200);
    assert_eq!(named.json(), json!({"name": "the company"}));

    let away = Away::depart(&node).await;
    let told = &away.told;
    assert_eq!(told["realm"], "staff");
    assert_eq!(told["response_type"], "code");
    assert_eq!(told["client_id"], "usher");
    assert_eq!(told["scope"], "openid email");
    let back = "https://usher.example/console/sign-in/oidc";
    assert_eq!(told["redirect_uri"], back);
    provider.say(&node, &told["nonce"], &json!({}));
    let answer = away.come_back(&told["state"], "good").await.expect(200);
    assert_eq!(answer.json()["user"]["id"], "ada");

    let redeemed = provider.redeemed.lock().unwrap().clone();
    assert_eq!(redeemed["grant_type"], "authorization_code");
    assert_eq!(redeemed["redirect_uri"], back);
    let proof = redeemed["authorization"].strip_prefix("Basic ").unwrap();
    assert_eq!(STANDARD.decode(proof).unwrap(), b"usher:se%3Acret");
    assert_eq!(sha256(&redeemed["code_verifier"]), told["code_challenge"]);

    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let session = cookies[0].to_str().unwrap().split(';').next().unwrap();
    assert!(cookies[1].to_str().unwrap().starts_with("usher_oidc=;"));
    let request = Request::get("/api/v1/session").header("cookie", session);
    let who = node.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(who.expect(200).json()["user"]["name"], "Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_in_whom_the_provider_does_not_vouch_for() {
    let provider = Provider::start().await;
    let node = provider.node().await;
    let away = Away::depart(&node).await;
    let nonce = &away.told["nonce"];
    let refused = Err("SIGN_IN_REFUSED".to_owned());
    for wrong in [
        json!({"email_verified": false}),
        json!({"email": null}),
        json!({"email": "eve@example.com"}),
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"aud": "another"}),
        json!({"iss": "https://another.example"}),
        json!({"exp": 1}),
    ] {
        provider.say(&node, nonce, &wrong);
        assert_eq!(away.end().await, refused, "{wrong}");
    }
    provider.say(&node, nonce, &json!({}));
    let answer = away.come_back(&away.told["state"], "bad").await;
    assert_eq!(answer.expect(401).json()["code"], "SIGN_IN_REFUSED");
    // The address that another browser was sent back to is no use to this one.
    let other = Away::depart(&node).await;
    let answer = away.come_back(&other.told["state"], "good").await;
    assert_eq!(answer.expect(401).json()["code"], "SIGN_IN_REFUSED");
    // Nor is what follows from no cookie, which anybody can work out, to one who never began.
    let of_nothing = |what: &str| sha256(&format!("oidc {what} "));
    provider.say(&node, &of_nothing("nonce"), &json!({}));
    let lured = json!({"state": of_nothing("state"), "code": "good"});
    for cookie in ["", "usher_oidc="] {
        let answer = send(&node, "PUT", cookie, lured.clone()).await;
        assert_eq!(answer.expect(401).json()["code"], "SIGN_IN_REFUSED");
    }
    provider.say(&node, nonce, &json!({}));
    assert_eq!(away.end().await, Ok("ada".to_owned()));
    let admin = node.admin().await;
    let off = admin.post("/api/v1/users/ada/disable", json!({})).await;
    off.expect(200);
    assert_eq!(away.end().await, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_there_is_said_to_be_away_and_one_that_is_not_set_to_be_missing() {
    let node = Node::start().await;
    let named = send(&node, "GET", "", Value::Null).await.expect(200);
    assert_eq!(named.json(), json!({"name": null}));
    let missing = send(&node, "POST", "", Value::Null).await.expect(404);
    assert_eq!(missing.json()["code"], "NOT_FOUND");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = Provider {
        url: format!("http://{}", listener.local_addr().unwrap()),
        claims: Arc::default(),
        redeemed: Arc::default(),
    };
    drop(listener);
    let node = gone.node().await;
    let away = send(&node, "POST", "", Value::Null).await.expect(503);
    assert_eq!(away.json()["code"], "PROVIDER_UNAVAILABLE");
    assert!(away.header("retry-after").is_some());
}
