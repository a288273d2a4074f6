//! Every collection Usher keeps: its key, its few index fields, whether it expires.
//!
//! The account is always the first part of the key and is not repeated here.

use super::Column;
use super::{Collection, ColumnKind, Index};

const fn text(name: &'static str) -> Column {
    Column {
        name,
        kind: ColumnKind::Text,
    }
}

const fn integer(name: &'static str) -> Column {
    Column {
        name,
        kind: ColumnKind::Integer,
    }
}

const fn index(name: &'static str, columns: &'static [&'static str]) -> Index {
    Index {
        name,
        columns,
        unique: false,
    }
}

/// Accounts, with the key that signs their tokens.
pub static ACCOUNTS: Collection = Collection {
    name: "accounts",
    key: &[],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// What an account has set.
pub static SETTINGS: Collection = Collection {
    name: "settings",
    key: &[],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// API keys and client secrets, hashed.
pub static CREDENTIALS: Collection = Collection {
    name: "credentials",
    key: &["credential_id"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// When a credential was last used, apart from the credential so that use never conflicts with a
/// change.
pub static CREDENTIAL_USES: Collection = Collection {
    name: "credential_uses",
    key: &["credential_id"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// People who sign in.
pub static USERS: Collection = Collection {
    name: "users",
    key: &["user_id"],
    columns: &[text("email_key")],
    indexes: &[Index {
        name: "by_email",
        columns: &["email_key"],
        unique: true,
    }],
    expires: false,
};

/// Skills.
pub static SKILLS: Collection = Collection {
    name: "skills",
    key: &["skill_id"],
    columns: &[text("name_key")],
    indexes: &[Index {
        name: "by_name",
        columns: &["name_key"],
        unique: true,
    }],
    expires: false,
};

/// Policies as they are now, in the order of their rank.
pub static POLICIES: Collection = Collection {
    name: "policies",
    key: &["policy_id"],
    columns: &[text("name_key"), text("rank")],
    indexes: &[
        Index {
            name: "by_name",
            columns: &["name_key"],
            unique: true,
        },
        Index {
            name: "by_rank",
            columns: &["rank"],
            unique: true,
        },
    ],
    expires: false,
};

/// Custom attributes as they are now.
pub static ATTRIBUTES: Collection = Collection {
    name: "attributes",
    key: &["name"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// The newest revision of everything that decides: policies, custom attributes, settings.
pub static RULESETS: Collection = Collection {
    name: "rulesets",
    key: &[],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Every version of everything that decides, so that a past decision can be run again.
pub static RULE_VERSIONS: Collection = Collection {
    name: "rule_versions",
    key: &["kind", "id", "ruleset_revision"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Context namespaces with their time to live.
pub static CONTEXT_NAMESPACES: Collection = Collection {
    name: "context_namespaces",
    key: &["namespace"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Context sessions that have a time to live of their own.
pub static CONTEXT_SESSIONS: Collection = Collection {
    name: "context_sessions",
    key: &["namespace", "session"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Context documents.
pub static CONTEXT_DOCUMENTS: Collection = Collection {
    name: "context_documents",
    key: &["namespace", "session"],
    columns: &[text("session_key")],
    indexes: &[index("by_session", &["session_key"])],
    expires: true,
};

/// Engagement attributes, by consumer.
pub static SDES: Collection = Collection {
    name: "sdes",
    key: &["consumer_id"],
    columns: &[],
    indexes: &[],
    expires: true,
};

/// The decision log.
pub static DECISIONS: Collection = Collection {
    name: "decisions",
    key: &["decision_id"],
    columns: &[
        text("conversation_id"),
        text("consumer_id"),
        text("policy_id"),
        text("fault"),
        integer("at"),
    ],
    indexes: &[
        index("by_conversation", &["conversation_id"]),
        index("by_consumer", &["consumer_id"]),
        index("by_policy", &["policy_id", "at"]),
        index("by_fault", &["fault", "at"]),
    ],
    expires: true,
};

/// How often a policy won, by day; the row of the empty policy id counts the runs.
pub static POLICY_USES: Collection = Collection {
    name: "policy_uses",
    key: &["day", "policy_id"],
    columns: &[],
    indexes: &[],
    expires: true,
};

/// Who changed what, and when.
pub static AUDIT: Collection = Collection {
    name: "audit",
    key: &["audit_id"],
    columns: &[text("target")],
    indexes: &[index("by_target", &["target"])],
    expires: false,
};

/// Creations that a caller named, so that sending one twice makes one.
pub static IDEMPOTENCY: Collection = Collection {
    name: "idempotency",
    key: &["actor", "idempotency_key"],
    columns: &[],
    indexes: &[],
    expires: true,
};

/// All of them; the store makes a table of each.
pub static ALL: &[&Collection] = &[
    &ACCOUNTS,
    &SETTINGS,
    &CREDENTIALS,
    &CREDENTIAL_USES,
    &USERS,
    &SKILLS,
    &POLICIES,
    &ATTRIBUTES,
    &RULESETS,
    &RULE_VERSIONS,
    &CONTEXT_NAMESPACES,
    &CONTEXT_SESSIONS,
    &CONTEXT_DOCUMENTS,
    &SDES,
    &DECISIONS,
    &POLICY_USES,
    &AUDIT,
    &IDEMPOTENCY,
];
