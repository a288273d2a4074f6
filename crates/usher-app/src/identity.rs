//! Who somebody is, by the word of another: a JWT that the brand, or an identity provider, has signed.
//!
//! Pure: keys and time are given. Whether an account trusts anybody at all is its settings' matter.

use std::sync::Arc;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use usher_model::id::ConsumerId;
use usher_model::time::Timestamp;
use usher_model::value::Value;

/// Bytes of a token; more is refused before anything is decoded.
const TOKEN_BYTES_MAX: usize = 8 << 10;
/// Keys of one set; each is tried for a token that names none.
const KEYS_MAX: usize = 16;
/// Bytes of a shared secret below which HMAC can be guessed (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// By how many seconds the clocks of brand and node may differ.
const SKEW_SECONDS: i64 = 60;

/// Whose signature an account trusts.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The only issuer that is taken: the claim `iss`.
    pub issuer: String,
    /// Whom the token must be meant for: one of the claim `aud`.
    pub audience: String,
    /// The brand's keys, as a JWK set (RFC 7517); shared secrets are keys of the type `oct`.
    pub keys: Arc<JwkSet>,
}

/// Why nobody was recognised. The reasons are for the log and for the brand's developers, and give
/// away nothing that the token's bearer does not have.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It is no token, or too long for one.
    #[error("expected a signed JWT of at most {TOKEN_BYTES_MAX} bytes")]
    Malformed,
    /// No key of the set fits the token's `kid` and `alg`.
    #[error("no key of the account fits the token's `kid` and `alg`")]
    UnknownKey,
    /// The signature, issuer, audience or subject is not as it must be.
    #[error("the token is not one that the account trusts")]
    Untrusted(#[source] jsonwebtoken::errors::Error),
    /// Its time is over, or has not come.
    #[error("the token is not valid now: it has `exp` {expires_at} and `nbf` {not_before:?}")]
    Untimely {
        /// The claim `exp`, in seconds.
        expires_at: i64,
        /// The claim `nbf`, in seconds.
        not_before: Option<i64>,
    },
    /// The subject cannot be a consumer id.
    #[error("the claim `sub` is no consumer id")]
    Subject(#[source] usher_model::id::ParseIdError),
}

#[derive(Debug, Deserialize)]
struct Claims<More> {
    exp: i64,
    nbf: Option<i64>,
    #[serde(flatten)]
    more: More,
}

#[derive(Debug, Deserialize)]
struct Subject {
    sub: String,
}

/// Reads a JWK set and says what is wrong with it.
///
/// # Errors
/// Fails with what was expected if a key cannot be used.
pub fn keys(set: &Value) -> Result<JwkSet, String> {
    let set: JwkSet = serde_json::from_value(set.clone())
        .map_err(|error| format!("expected a JWK set (RFC 7517): {error}"))?;
    if set.keys.is_empty() || set.keys.len() > KEYS_MAX {
        return Err(format!(
            "expected 1 to {KEYS_MAX} keys, found {}",
            set.keys.len()
        ));
    }
    for (position, jwk) in set.keys.iter().enumerate() {
        let key = DecodingKey::from_jwk(jwk)
            .map_err(|error| format!("key {position} cannot be used: {error}"))?;
        let is_secret = key.family() == jsonwebtoken::AlgorithmFamily::Hmac;
        let bytes = key.try_get_as_bytes().map_or(0, <[u8]>::len);
        if is_secret && bytes < SECRET_BYTES_MIN {
            return Err(format!(
                "key {position}: expected a secret of at least {SECRET_BYTES_MIN} bytes, found {bytes}"
            ));
        }
    }
    Ok(set)
}

/// Reads a JWK set as brands publish it under an address: keys that are of no use here, and shared
/// secrets, which nobody publishes, are passed over.
///
/// # Errors
/// Fails with what was expected if no key is left, or too many are.
pub fn published(set: &Value) -> Result<JwkSet, String> {
    let listed = set.get("keys").and_then(Value::as_array);
    let listed = listed.ok_or("expected a JWK set (RFC 7517): an object with a list of `keys`")?;
    let keys = listed.iter().filter_map(|one| {
        let jwk: Jwk = serde_json::from_value(one.clone()).ok()?;
        let signs = !matches!(
            jwk.common.public_key_use,
            Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))
        );
        let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| signs)?;
        (key.family() != jsonwebtoken::AlgorithmFamily::Hmac).then_some(jwk)
    });
    let keys: Vec<Jwk> = keys.collect();
    if keys.is_empty() || keys.len() > KEYS_MAX {
        return Err(format!(
            "expected 1 to {KEYS_MAX} public keys with which tokens are signed, found {} among {}",
            keys.len(),
            listed.len()
        ));
    }
    Ok(JwkSet { keys })
}

/// Whether a set has the key that a token names; a token that names none is tried with every key.
#[must_use]
pub fn has_key_of(set: &JwkSet, token: &str) -> bool {
    // What is no token needs no key.
    let named = (token.len() <= TOKEN_BYTES_MAX).then(|| jsonwebtoken::decode_header(token).ok());
    let named = named.flatten().and_then(|header| header.kid);
    named.is_none_or(|kid| {
        let mut names = set.keys.iter().map(|jwk| jwk.common.key_id.as_ref());
        names.any(|name| name == Some(&kid))
    })
}

/// Returns the consumer that a token names, if the account trusts it.
///
/// # Errors
/// Fails as [`read`] does, or if the subject is no consumer id.
pub fn verify(trust: &Trust, token: &str, now: Timestamp) -> Result<ConsumerId, IdentityError> {
    let subject: Subject = read(trust, token, now)?;
    ConsumerId::parse(&subject.sub).map_err(IdentityError::Subject)
}

/// Returns what a token says of its subject, if whoever signed it is trusted.
///
/// A key is only used with the algorithms of its own type, so that a public key is never taken for a
/// shared secret.
///
/// # Errors
/// Fails if the token is malformed, forged, meant for somebody else, or not valid now.
pub fn read<More: DeserializeOwned>(
    trust: &Trust,
    token: &str,
    now: Timestamp,
) -> Result<More, IdentityError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(IdentityError::Malformed);
    }
    let header =
        jsonwebtoken::decode_header(token).map_err(|_not_a_header| IdentityError::Malformed)?;
    let fits = |jwk: &&Jwk| match &header.kid {
        Some(kid) => jwk.common.key_id.as_ref() == Some(kid),
        None => true,
    };
    let mut refusal = IdentityError::UnknownKey;
    for jwk in trust.keys.keys.iter().filter(fits) {
        let Ok(key) = DecodingKey::from_jwk(jwk) else {
            continue;
        };
        if key.family() != header.alg.family() {
            continue;
        }
        match jsonwebtoken::decode(token, &key, &validation(trust, header.alg)) {
            Ok(token) => return timely(token.claims, now),
            Err(error) => refusal = IdentityError::Untrusted(error),
        }
    }
    Err(refusal)
}

fn validation(trust: &Trust, algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&trust.issuer]);
    validation.set_audience(&[&trust.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Times are compared with our own clock.
    validation.validate_exp = false;
    validation
}

fn timely<More>(claims: Claims<More>, now: Timestamp) -> Result<More, IdentityError> {
    let now = now.milliseconds() / 1_000;
    let is_over = claims.exp.saturating_add(SKEW_SECONDS) <= now;
    let is_early = claims
        .nbf
        .is_some_and(|from| from.saturating_sub(SKEW_SECONDS) > now);
    if is_over || is_early {
        return Err(IdentityError::Untimely {
            expires_at: claims.exp,
            not_before: claims.nbf,
        });
    }
    Ok(claims.more)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use serde_json::json;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];
    /// An Ed25519 key made for these tests: PKCS #8 in base64, and its public half.
    const ED_PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
    const ED_PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn now() -> Timestamp {
        Timestamp::parse("2026-05-04T10:00:00Z").unwrap()
    }

    fn seconds() -> i64 {
        now().milliseconds() / 1_000
    }

    fn trust() -> Trust {
        let set = json!({"keys": [
            {"kty": "oct", "kid": "shared", "k": URL_SAFE_NO_PAD.encode(SECRET)},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": ED_PUBLIC},
        ]});
        Trust {
            issuer: "https://brand.example".to_owned(),
            audience: "usher".to_owned(),
            keys: Arc::new(keys(&set).unwrap()),
        }
    }

    fn claims() -> Value {
        json!({"iss": "https://brand.example", "aud": ["usher", "other"], "sub": "ada",
            "exp": seconds() + 300, "nbf": seconds() - 5})
    }

    fn with(changes: &Value) -> Value {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    fn signed(kid: Option<&str>, algorithm: Algorithm, claims: &Value, secret: &[u8]) -> String {
        let mut header = Header::new(algorithm);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
    }

    fn shared(claims: &Value) -> String {
        signed(Some("shared"), Algorithm::HS256, claims, &SECRET)
    }

    #[test]
    fn a_token_of_the_brand_names_the_consumer() {
        let ada = ConsumerId::parse("ada").unwrap();
        assert_eq!(verify(&trust(), &shared(&claims()), now()).unwrap(), ada);
        let nameless = signed(None, Algorithm::HS512, &claims(), &SECRET);
        assert_eq!(verify(&trust(), &nameless, now()).unwrap(), ada);
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("ed".to_owned());
        let der = base64::engine::general_purpose::STANDARD
            .decode(ED_PRIVATE)
            .unwrap();
        let token = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_ed_der(&der));
        assert_eq!(verify(&trust(), &token.unwrap(), now()).unwrap(), ada);
    }

    #[test]
    fn what_the_brand_did_not_sign_names_nobody() {
        let forged = signed(Some("shared"), Algorithm::HS256, &claims(), &[8; 32]);
        let unknown = signed(Some("old"), Algorithm::HS256, &claims(), &SECRET);
        let none = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(claims().to_string())
        );
        let public = URL_SAFE_NO_PAD.decode(ED_PUBLIC).unwrap();
        let confused = signed(Some("ed"), Algorithm::HS256, &claims(), &public);
        let long = format!("{}.{}.x", "a".repeat(5_000), "b".repeat(5_000));
        let verified = |token: &str| verify(&trust(), token, now()).unwrap_err();
        assert!(matches!(verified(&forged), IdentityError::Untrusted(_)));
        assert!(matches!(verified(&unknown), IdentityError::UnknownKey));
        assert!(matches!(verified(&none), IdentityError::Malformed));
        assert!(matches!(verified(&confused), IdentityError::UnknownKey));
        assert!(matches!(verified(&long), IdentityError::Malformed));
        assert!(matches!(verified(""), IdentityError::Malformed));
    }

    #[test]
    fn every_claim_is_checked() {
        for changes in [
            json!({"iss": "https://other.example"}),
            json!({"iss": null}),
            json!({"aud": "other"}),
            json!({"aud": null}),
            json!({"sub": null}),
            json!({"exp": null}),
        ] {
            let error = verify(&trust(), &shared(&with(&changes)), now()).unwrap_err();
            assert!(
                matches!(error, IdentityError::Untrusted(_)),
                "{changes}: {error}"
            );
        }
        let empty = verify(&trust(), &shared(&with(&json!({"sub": ""}))), now());
        assert!(matches!(empty.unwrap_err(), IdentityError::Subject(_)));
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        for (changes, holds) in [
            (json!({"exp": seconds() - 59}), true),
            (json!({"exp": seconds() - 60}), false),
            (json!({"nbf": seconds() + 60}), true),
            (json!({"nbf": seconds() + 61}), false),
            (json!({"nbf": null}), true),
            (json!({"exp": i64::MIN}), false),
            (json!({"exp": i64::MAX}), true),
        ] {
            let verified = verify(&trust(), &shared(&with(&changes)), now());
            assert_eq!(verified.is_ok(), holds, "{changes}");
        }
    }

    #[test]
    fn keys_that_cannot_be_used_are_refused_when_they_are_set() {
        let short = URL_SAFE_NO_PAD.encode([1; 31]);
        for (set, expected) in [
            (json!({"keys": []}), "expected 1 to 16 keys, found 0"),
            (
                json!({"keys": [{"kty": "oct", "k": short}]}),
                "key 0: expected a secret of at least 32 bytes, found 31",
            ),
            (json!([]), "expected a JWK set"),
            (
                json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "!"}]}),
                "key 0 cannot be used",
            ),
        ] {
            let error = keys(&set).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn of_what_is_published_public_keys_are_taken_that_sign() {
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": ED_PUBLIC});
        let (mut encrypts, mut signs) = (ed.clone(), ed.clone());
        encrypts["use"] = "enc".into();
        signs["use"] = "sig".into();
        let secret = json!({"kty": "oct", "kid": "s", "k": URL_SAFE_NO_PAD.encode(SECRET)});
        let set = json!({"keys": [ed, encrypts, signs, secret, {"kty": "NEW"}, 7]});
        let taken = published(&set).unwrap();
        assert_eq!(taken.keys.len(), 2);
        for (set, expected) in [
            (json!({"keys": [secret]}), "expected 1 to 16 public keys"),
            (
                json!({"keys": vec![ed; 17]}),
                "expected 1 to 16 public keys",
            ),
            (json!({"keys": {}}), "expected a JWK set"),
            (json!("keys"), "expected a JWK set"),
        ] {
            let error = published(&set).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
        let named = |kid| signed(kid, Algorithm::HS256, &claims(), &SECRET);
        assert!(has_key_of(&taken, &named(Some("ed"))));
        assert!(!has_key_of(&taken, &named(Some("other"))));
        assert!(has_key_of(&taken, &named(None)));
        assert!(has_key_of(&taken, "no token"));
    }
}
