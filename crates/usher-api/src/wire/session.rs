//! Signing in, on the wire.

use serde::{Deserialize, Serialize};
use usher_app::caller::{Caller, Permission};
use usher_app::{sign_ins, users};
use usher_model::id::{AccountId, UserId};
use usher_model::role::Role;
use utoipa::ToSchema;

/// Keeps secrets out of logs.
macro_rules! hidden {
    ($($name:ident)*) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })*
    };
}

hidden! { SignIn SetUp NewPassword SignInLink Departure Return }

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "password": "correct horse battery"}))]
pub struct SignIn {
    /// The account; may be left out if the server has only one.
    #[schema(value_type = Option<String>)]
    pub account: Option<AccountId>,
    /// The user's address.
    pub email: String,
    /// The user's password.
    pub password: String,
}

/// What somebody sets up by a link.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"token": "usl.YWNjMQ.…", "name": "Ada", "email": "ada@example.com",
    "password": "correct horse battery"}))]
pub struct SetUp {
    /// What stands in the link.
    pub token: String,
    /// Their name, if it is to be another.
    pub name: Option<String>,
    /// Their address, if it is to be another.
    pub email: Option<String>,
    /// The password they choose: at least 12 characters.
    pub password: String,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"currentPassword": "correct horse battery",
    "password": "wrong horse battery"}))]
pub struct NewPassword {
    /// The present one.
    pub current_password: String,
    /// The new one: at least 12 characters.
    pub password: String,
}

/// The identity provider at which people may sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProvider {
    /// What people call it; nothing if there is none.
    pub name: Option<String>,
}

/// Where a browser goes to sign in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Departure {
    /// The address at the identity provider.
    pub url: String,
}

/// What a browser comes back with from the identity provider.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"state": "Zm9v…", "code": "SplxlOBeZQQYbYS6WxSbIA"}))]
pub struct Return {
    /// `state` of the address that it came back to.
    pub state: String,
    /// `code` of the address that it came back to.
    pub code: String,
}

/// Who is signed in, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The account.
    #[schema(value_type = String)]
    pub account: AccountId,
    /// What they may do, in one word.
    #[schema(value_type = String)]
    pub role: Role,
    /// What they may do, one by one.
    pub permissions: Vec<String>,
    /// Who; a credential that is not bound to a user is nobody.
    pub user: Option<Person>,
    /// For the header `x-csrf-token` of every change; whoever presents a key needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<String>,
}

/// Somebody who has signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Who.
    #[schema(value_type = String)]
    pub id: UserId,
    /// What people call them.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
}

/// A link with which a user chooses a password, once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInLink {
    /// The path on this server; it holds a secret that is shown this once.
    pub path: String,
    /// Until when it works.
    pub expires_at: String,
}

impl Session {
    /// Describes somebody who has just signed in.
    pub(crate) fn of(signed_in: sign_ins::SignedIn) -> Self {
        Self {
            account: signed_in.account,
            role: signed_in.user.role,
            permissions: permissions(signed_in.user.role),
            csrf_token: Some(sign_ins::csrf_token(&signed_in.cookie)),
            user: Some(signed_in.user.into()),
        }
    }

    /// Describes a caller.
    pub(crate) fn new(caller: &Caller, user: Option<users::User>, cookie: Option<&str>) -> Self {
        Self {
            account: caller.account.clone(),
            role: caller.role,
            permissions: permissions(caller.role),
            csrf_token: cookie.map(sign_ins::csrf_token),
            user: user.map(Into::into),
        }
    }
}

impl From<users::User> for Person {
    fn from(user: users::User) -> Self {
        Self {
            id: user.id,
            name: user.is.name,
            email: user.is.email,
        }
    }
}

impl From<sign_ins::Link> for SignInLink {
    fn from(link: sign_ins::Link) -> Self {
        Self {
            path: sign_ins::path(&link),
            expires_at: link.expires_at.to_string(),
        }
    }
}

fn permissions(role: Role) -> Vec<String> {
    let had = Permission::ALL
        .iter()
        .filter(|permission| permission.roles().contains(&role));
    had.map(|permission| permission.as_str().to_owned())
        .collect()
}
