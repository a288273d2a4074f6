//! Signing in: passwords, cookies, links, and pages of other sites.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use usher_model::role::Role;

use crate::harness::{Answer, Client, Node};

const PASSWORD: &str = "correct horse battery";
const EMAIL: &str = "ada@example.com";

/// Adds Ada, who has a password; returns her as one who has signed in, and the token of a link.
pub(crate) async fn stage<'n>(node: &'n Node, admin: &Client<'n>) -> (Client<'n>, String) {
    let ada = json!({"id": "ada", "name": "Ada", "email": EMAIL, "password": PASSWORD,
        "role": "manager"});
    admin.post("/api/v1/users", ada).await.expect(201);
    let link = admin
        .post("/api/v1/users/ada/sign-in-link", json!({}))
        .await
        .expect(201)
        .json();
    let token = link["path"].as_str().unwrap();
    let token = token.split_once("token=").unwrap().1.to_owned();
    let signed_in = Page::of(node).sign_in(PASSWORD).await.expect(200);
    let ada = Client {
        node,
        api_key: cookie(&signed_in),
        client_id: String::new(),
        client_secret: String::new(),
    };
    (ada, token)
}

/// A page in a browser.
struct Page<'n> {
    node: &'n Node,
    cookie: Option<String>,
    csrf_token: Option<String>,
}

impl<'n> Page<'n> {
    fn of(node: &'n Node) -> Self {
        Self {
            node,
            cookie: None,
            csrf_token: None,
        }
    }

    async fn send(&self, method: &str, path: &str, body: Value, more: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", "usher.example");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("theme=dark; usher_session={cookie}"));
        }
        if let Some(token) = &self.csrf_token {
            request = request.header("x-csrf-token", token);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let body = Body::from(body.to_string());
        self.node.send(request.body(body).unwrap()).await
    }

    async fn sign_in(&self, password: &str) -> Answer {
        let proof = json!({"email": "Ada@Example.com ", "password": password});
        self.send("POST", "/api/v1/session", proof, &[]).await
    }

    /// Returns the page after signing in.
    async fn signed_in(node: &'n Node, password: &str) -> Self {
        let answer = Self::of(node).sign_in(password).await.expect(200);
        Self {
            node,
            cookie: Some(cookie(&answer)),
            csrf_token: Some(answer.json()["csrfToken"].as_str().unwrap().to_owned()),
        }
    }

    async fn get(&self) -> Answer {
        self.send("GET", "/api/v1/session", Value::Null, &[]).await
    }
}

fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").unwrap();
    let value = set.strip_prefix("usher_session=").unwrap();
    value.split(';').next().unwrap().to_owned()
}

/// Makes a node on which Ada can sign in.
async fn node() -> Node {
    let node = Node::start().await;
    let admin = node.admin().await;
    stage(&node, &admin).await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_is_known_until_they_sign_out() {
    let node = node().await;
    let secure = [("origin", "https://usher.example")];
    let proof = json!({"account": "acc1", "email": EMAIL, "password": PASSWORD});
    let page = Page::of(&node);
    let answer = page.send("POST", "/api/v1/session", proof, &secure).await;
    let set = answer.expect(200).header("set-cookie").unwrap().to_owned();
    assert!(
        set.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure"),
        "{set}"
    );
    let page = Page::signed_in(&node, PASSWORD).await;
    let session = page.get().await.expect(200).json();
    assert_eq!(session["account"], "acc1");
    assert_eq!(session["role"], "manager");
    assert_eq!(
        session["user"],
        json!({"id": "ada", "name": "Ada", "email": EMAIL})
    );
    assert_eq!(session["csrfToken"], page.csrf_token.clone().unwrap());
    let has = |name: &str| {
        let had = session["permissions"].as_array().unwrap();
        had.contains(&json!(name))
    };
    assert!(has("PoliciesWrite") && !has("AccessWrite"), "{session}");
    let skill = json!({"name": "Billing"});
    let made = page.send("POST", "/api/v1/skills", skill, &[]).await;
    made.expect(201);
    let audit = page
        .send("GET", "/api/v1/audit", Value::Null, &[])
        .await
        .expect(200)
        .json();
    assert_eq!(audit["items"][0]["actor"], "user/ada", "{audit}");
    let out = page
        .send("DELETE", "/api/v1/session", Value::Null, &[])
        .await
        .expect(204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    page.get().await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_stays_signed_in_for_longer_than_a_long_shift() {
    let node = node().await;
    let page = Page::signed_in(&node, PASSWORD).await;
    node.clock.advance(Duration::from_secs(12 * 60 * 60 - 1));
    page.get().await.expect(200);
    node.clock.advance(Duration::from_secs(1));
    page.get().await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_the_token_of_the_page() {
    let node = node().await;
    let mut page = Page::signed_in(&node, PASSWORD).await;
    let right = page.csrf_token.take();
    let skill = json!({"name": "Billing"});
    for wrong in [None, Some(String::new()), Some("x".repeat(43))] {
        page.csrf_token = wrong;
        let answer = page
            .send("POST", "/api/v1/skills", skill.clone(), &[])
            .await;
        assert_eq!(answer.expect(403).json()["code"], "FOREIGN_PAGE");
    }
    page.csrf_token = right;
    let answer = page.send("POST", "/api/v1/skills", skill, &[]).await;
    answer.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_sign_nobody_in_or_out() {
    let node = node().await;
    let page = Page::signed_in(&node, PASSWORD).await;
    let proof = json!({"email": EMAIL, "password": PASSWORD});
    for foreign in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for (method, body) in [("POST", proof.clone()), ("DELETE", Value::Null)] {
            let answer = page.send(method, "/api/v1/session", body, &[foreign]).await;
            assert_eq!(answer.expect(403).json()["code"], "FOREIGN_PAGE");
        }
    }
    page.get().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_cannot_be_guessed_and_addresses_not_be_found_out() {
    let node = node().await;
    let page = Page::of(&node);
    let wrong = page.sign_in("wrong horse battery").await.expect(401).json();
    assert_eq!(wrong["code"], "SIGN_IN_REFUSED");
    let unknown = json!({"email": "grace@example.com", "password": PASSWORD});
    let unknown = page.send("POST", "/api/v1/session", unknown, &[]).await;
    assert_eq!(unknown.expect(401).json()["detail"], wrong["detail"]);
    for _ in 0..4 {
        page.sign_in("wrong horse battery").await.expect(401);
    }
    // Now the right one has to wait too.
    let locked = page.sign_in(PASSWORD).await.expect(429);
    assert_eq!(locked.json()["code"], "SIGN_IN_LOCKED");
    assert_eq!(locked.header("retry-after"), Some("15"));
    node.clock.advance(Duration::from_secs(15));
    page.sign_in("wrong horse battery").await.expect(401);
    let locked = page.sign_in(PASSWORD).await.expect(429);
    assert_eq!(locked.header("retry-after"), Some("30"));
    node.clock.advance(Duration::from_secs(30));
    page.sign_in(PASSWORD).await.expect(200);
    // Whoever got in begins anew.
    page.sign_in("wrong horse battery").await.expect(401);
    page.sign_in(PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_are_many() {
    let node = node().await;
    let mut guesses = JoinSet::new();
    for _ in 0..20 {
        let proof = json!({"email": EMAIL, "password": "wrong horse battery"});
        let request = Request::post("/api/v1/session").body(Body::from(proof.to_string()));
        let answer = node.router().oneshot(request.unwrap());
        guesses.spawn(async { answer.await.unwrap().status().as_u16() });
    }
    let guesses = guesses.join_all().await;
    let looked_at = guesses.iter().filter(|status| **status == 401).count();
    assert_eq!(looked_at, 5, "{guesses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_once_and_for_a_day() {
    let node = Node::start().await;
    let admin = node.admin().await;
    let (_, token) = stage(&node, &admin).await;
    let page = Page::of(&node);
    let set_up = |token: &str, password: &str| {
        json!({"token": token, "name": "Ada L.", "email": "ada.l@example.com",
            "password": password})
    };
    let path = "/api/v1/session/setup";
    let short = page.send("POST", path, set_up(&token, "short"), &[]).await;
    short.expect(422);
    let chosen = "another horse battery";
    let answer = page.send("POST", path, set_up(&token, chosen), &[]).await;
    let answer = answer.expect(200).json();
    assert_eq!(answer["user"]["name"], "Ada L.");
    assert_eq!(answer["user"]["email"], "ada.l@example.com");
    let again = page.send("POST", path, set_up(&token, PASSWORD), &[]).await;
    assert_eq!(again.expect(401).json()["code"], "LINK_GONE");
    let link = admin
        .post("/api/v1/users/ada/sign-in-link", json!({}))
        .await;
    let link = link.expect(201).json();
    node.clock.advance(Duration::from_secs(24 * 60 * 60));
    let late = link["path"].as_str().unwrap().split_once("token=");
    let late = set_up(late.unwrap().1, chosen);
    let late = page.send("POST", path, late, &[]).await;
    assert_eq!(late.expect(401).json()["code"], "LINK_GONE");
    for wrong in ["", "usl", "usl.x.y", "usl.YWNjMQ.", "usk.YWNjMQ.x"] {
        let answer = page.send("POST", path, set_up(wrong, chosen), &[]).await;
        assert_eq!(answer.expect(401).json()["code"], "LINK_GONE", "{wrong}");
    }
    let bot = json!({"id": "bot", "name": "Bot", "kind": "BOT"});
    admin.post("/api/v1/users", bot).await.expect(201);
    let link = admin
        .post("/api/v1/users/bot/sign-in-link", json!({}))
        .await;
    link.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_and_a_disabled_user_end_every_other_session() {
    let node = node().await;
    let (here, there) = (
        Page::signed_in(&node, PASSWORD).await,
        Page::signed_in(&node, PASSWORD).await,
    );
    there.get().await.expect(200);
    let new = json!({"currentPassword": "wrong horse battery", "password": "a new horse battery"});
    let path = "/api/v1/session/password";
    let refused = here.send("PUT", path, new, &[]).await;
    assert_eq!(refused.expect(401).json()["code"], "SIGN_IN_REFUSED");
    let new = json!({"currentPassword": PASSWORD, "password": "a new horse battery"});
    let answer = here.send("PUT", path, new, &[]).await.expect(200);
    there.get().await.expect(401);
    let here = Page {
        node: &node,
        cookie: Some(cookie(&answer)),
        csrf_token: None,
    };
    here.get().await.expect(200);
    let admin = node.client("acc1", Role::Admin).await;
    let off = admin.post("/api/v1/users/ada/disable", json!({})).await;
    off.expect(200);
    node.clock.advance(Duration::from_secs(6));
    here.get().await.expect(401);
    Page::of(&node)
        .sign_in("a new horse battery")
        .await
        .expect(401);
}
