//! Consumers whom the brand vouches for.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use usher_app::consumers::{self, Trusted};
use usher_app::conversations::{self, New};
use usher_app::credentials;
use usher_app::error::Code;
use usher_app::feed::Event;
use usher_model::id::{ConsumerId, RequestId};
use usher_model::role::Role;
use usher_model::time::Clock as _;

use crate::harness::{Floor, account, skill_id};

const SECRET: &[u8] = b"a secret of the brand, shared with us";

/// Has the account trust a shared secret.
async fn trust(floor: &Floor) {
    use base64::Engine as _;
    let secret = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(SECRET);
    let trusted = Trusted {
        issuer: "https://brand.example".to_owned(),
        audience: "usher".to_owned(),
        keys: json!({"keys": [{"kty": "oct", "kid": "1", "k": secret}]}),
    };
    let admin = floor.caller(Role::Admin);
    consumers::trust(&admin, &floor.app, trusted, Some(0))
        .await
        .unwrap();
}

fn signed(floor: &Floor, subject: &str, secret: &[u8]) -> String {
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
    assert_eq!(trusted.keys["keys"][0]["k"], Value::Null);
    assert_eq!(trusted.keys["keys"][0]["kid"], "1");
    let weak = Trusted {
        keys: json!({"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}),
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
