//! `[oidc]`: the identity provider at which people may sign in.

use usher_app::sign_ins::oidc;
use usher_model::id::AccountId;

use super::reader::Reader;
use super::secret::Secret;
use super::security::is_origin;

/// The identity provider at which people may sign in.
#[derive(Clone, Debug)]
pub struct Oidc {
    issuer: String,
    client_id: String,
    client_secret: Option<Secret>,
    account: AccountId,
    public_url: String,
    name: String,
}

impl Oidc {
    /// Reads the section; nothing if no provider is named.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let issuer = reader.text("oidc.issuer");
        let client_id = reader.text("oidc.client_id");
        let client_secret = reader.secret(
            "oidc.client_secret",
            "oidc.client_secret_file",
            "a secret",
            |secret| !secret.is_empty(),
        );
        let account = AccountId::parse(reader.text("oidc.account"));
        let public_url = reader.text("oidc.public_url");
        let name = reader.text("oidc.name");
        if issuer.is_empty() {
            return None;
        }
        let is_url = issuer.starts_with("https://") || issuer.starts_with("http://");
        let mut require = |is_right: bool, key, expected: &str, found: &str| {
            if !is_right {
                reader.mistake(key, format!("expected {expected}, found `{found}`"));
            }
        };
        let expected = "an address that begins with `https://`";
        require(is_url, "oidc.issuer", expected, issuer);
        let expected = "what the provider calls this server";
        require(!client_id.is_empty(), "oidc.client_id", expected, client_id);
        let expected = "scheme and host, such as `https://usher.example.com`";
        require(
            is_origin(public_url),
            "oidc.public_url",
            expected,
            public_url,
        );
        require(!name.is_empty(), "oidc.name", "a name", name);
        let account = match account {
            Ok(account) => account,
            Err(error) => {
                reader.mistake("oidc.account", error.to_string());
                return None;
            }
        };
        Some(Self {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            account,
            public_url: public_url.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Returns what the use cases need.
    pub(crate) fn options(&self) -> oidc::Options {
        oidc::Options {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.as_ref().map(|it| it.reveal().to_owned()),
            account: self.account.clone(),
            public_url: self.public_url.clone(),
            name: self.name.clone(),
        }
    }
}
