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

/// Browsers in which people are signed in.
pub static SIGN_INS: Collection = Collection {
    name: "sign_ins",
    key: &["secret_hash"],
    columns: &[],
    indexes: &[],
    expires: true,
};

/// Links with which people choose a password.
pub static SIGN_IN_LINKS: Collection = Collection {
    name: "sign_in_links",
    key: &["secret_hash"],
    columns: &[],
    indexes: &[],
    expires: true,
};

/// How often passwords were guessed wrong.
pub static SIGN_IN_TRIES: Collection = Collection {
    name: "sign_in_tries",
    key: &["email_hash"],
    columns: &[],
    indexes: &[],
    expires: true,
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

/// Groups of agents.
pub static AGENT_GROUPS: Collection = Collection {
    name: "agent_groups",
    key: &["group_id"],
    columns: &[text("name_key")],
    indexes: &[Index {
        name: "by_name",
        columns: &["name_key"],
        unique: true,
    }],
    expires: false,
};

/// Places on sites and in apps where conversations begin.
pub static ENGAGEMENTS: Collection = Collection {
    name: "engagements",
    key: &["engagement_id"],
    columns: &[text("name_key")],
    indexes: &[Index {
        name: "by_name",
        columns: &["name_key"],
        unique: true,
    }],
    expires: false,
};

/// Whose word an account takes for who a consumer is.
pub static CONSUMER_IDENTITIES: Collection = Collection {
    name: "consumer_identities",
    key: &[],
    columns: &[],
    indexes: &[],
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

/// The decision log, in blocks: the key is the last decision of each.
pub static DECISION_BLOCKS: Collection = Collection {
    name: "decision_blocks",
    key: &["last_id"],
    columns: &[text("words")],
    indexes: &[],
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

/// What happened, counted by hour and by day; the empty id counts the whole account.
pub static FIGURES: Collection = Collection {
    name: "figures",
    key: &["grain", "dimension", "id", "period"],
    columns: &[],
    indexes: &[index("by_period", &["grain", "dimension", "period"])],
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

/// Conversations as they are now; `open_since` is null once one has ended.
pub static CONVERSATIONS: Collection = Collection {
    name: "conversations",
    key: &["conversation_id"],
    columns: &[
        text("consumer_id"),
        integer("started_at"),
        integer("open_since"),
        integer("closed_at"),
    ],
    indexes: &[
        index("by_consumer", &["consumer_id", "started_at"]),
        index("by_open", &["open_since"]),
        index("by_started", &["started_at"]),
        index("by_closed", &["closed_at"]),
    ],
    expires: true,
};

/// Messages that their senders named, so that sending one twice makes one.
pub static MESSAGE_IDS: Collection = Collection {
    name: "message_ids",
    key: &["conversation_id", "sender_id", "client_message_id"],
    columns: &[],
    indexes: &[],
    expires: true,
};

/// What agents say and hold.
pub static AGENT_SEATS: Collection = Collection {
    name: "agent_seats",
    key: &["agent_id"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Until when agents count as there.
pub static AGENT_LEASES: Collection = Collection {
    name: "agent_leases",
    key: &["agent_id"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Which node hands out the conversations of an account.
pub static DESK_LEASES: Collection = Collection {
    name: "desk_leases",
    key: &[],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// All that happens to conversations and agents, in order.
pub static EVENTS: Collection = Collection {
    name: "events",
    key: &["sequence"],
    columns: &[text("conversation_id"), text("agent_id")],
    indexes: &[
        index("by_conversation", &["conversation_id"]),
        index("by_agent", &["agent_id"]),
    ],
    expires: true,
};

/// Functions as they are written.
pub static FUNCTIONS: Collection = Collection {
    name: "functions",
    key: &["function_id"],
    columns: &[text("name_key")],
    indexes: &[Index {
        name: "by_name",
        columns: &["name_key"],
        unique: true,
    }],
    expires: false,
};

/// Versions of functions that were deployed.
pub static FUNCTION_VERSIONS: Collection = Collection {
    name: "function_versions",
    key: &["function_id", "version"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Counts the changes of an account's functions, with the domains that they may call.
pub static FUNCTION_HEADS: Collection = Collection {
    name: "function_heads",
    key: &[],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// What functions logged.
pub static FUNCTION_LINES: Collection = Collection {
    name: "function_lines",
    key: &["sequence"],
    columns: &[text("function_id"), integer("written_at")],
    indexes: &[
        index("by_function", &["function_id"]),
        index("by_time", &["function_id", "written_at"]),
    ],
    expires: true,
};

/// How often functions ran, by hour and node.
pub static FUNCTION_USES: Collection = Collection {
    name: "function_uses",
    key: &["function_id", "hour", "node_id"],
    columns: &[],
    indexes: &[],
    expires: true,
};

/// When time started functions last.
pub static SCHEDULED_RUNS: Collection = Collection {
    name: "scheduled_runs",
    key: &["function_id"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Secrets of functions, encrypted.
pub static SECRETS: Collection = Collection {
    name: "secrets",
    key: &["name"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Where events are sent.
pub static WEBHOOKS: Collection = Collection {
    name: "webhooks",
    key: &["webhook_id"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// How far each receiver of events is.
pub static DELIVERIES: Collection = Collection {
    name: "deliveries",
    key: &["target"],
    columns: &[],
    indexes: &[],
    expires: false,
};

/// Events that a receiver did not take.
pub static DEAD_LETTERS: Collection = Collection {
    name: "dead_letters",
    key: &["dead_letter_id"],
    columns: &[text("target")],
    indexes: &[index("by_target", &["target"])],
    expires: true,
};

/// The last number of each log, see [`crate::sequence`].
pub static LOG_SEQUENCES: Collection = Collection {
    name: "log_sequences",
    key: &["log"],
    columns: &[integer("last")],
    indexes: &[],
    expires: false,
};

/// Collections of earlier versions: their tables stay and are not read, and a backup that has rows of
/// them is restored without those.
pub const FORMER: &[&str] = &["function_logs"];

/// All of them; the store makes a table of each.
pub static ALL: &[&Collection] = &[
    &ACCOUNTS,
    &SETTINGS,
    &CREDENTIALS,
    &CREDENTIAL_USES,
    &USERS,
    &SIGN_INS,
    &SIGN_IN_LINKS,
    &SIGN_IN_TRIES,
    &SKILLS,
    &POLICIES,
    &ATTRIBUTES,
    &RULESETS,
    &RULE_VERSIONS,
    &CONTEXT_NAMESPACES,
    &CONTEXT_SESSIONS,
    &CONTEXT_DOCUMENTS,
    &SDES,
    &DECISION_BLOCKS,
    &POLICY_USES,
    &FIGURES,
    &AUDIT,
    &IDEMPOTENCY,
    &AGENT_GROUPS,
    &ENGAGEMENTS,
    &CONSUMER_IDENTITIES,
    &CONVERSATIONS,
    &MESSAGE_IDS,
    &AGENT_SEATS,
    &AGENT_LEASES,
    &DESK_LEASES,
    &EVENTS,
    &FUNCTIONS,
    &FUNCTION_VERSIONS,
    &FUNCTION_HEADS,
    &FUNCTION_LINES,
    &FUNCTION_USES,
    &SCHEDULED_RUNS,
    &SECRETS,
    &WEBHOOKS,
    &DELIVERIES,
    &DEAD_LETTERS,
    &LOG_SEQUENCES,
];
