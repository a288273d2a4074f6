//! Every bound, a named constant with its reason.
//!
//! Bounds that an operator may change are the defaults of the configuration's keys.

use std::time::Duration;

/// Characters of an id given from outside: long enough for a URL-like id, short enough for a key.
pub const GIVEN_ID_CHARS_MAX: usize = 256;

// Policies: `docs/guide/policies.md`.

/// Policies of one account, by default.
pub const POLICIES_MAX: usize = 20_000;
/// Characters of a policy's name.
pub const POLICY_NAME_CHARS_MAX: usize = 200;
/// Characters of a policy's description.
pub const POLICY_DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Condition rows of one policy, rows inside groups and exceptions included.
pub const CONDITIONS_MAX: usize = 100;
/// Actions of one action list.
pub const ACTIONS_MAX: usize = 20;
/// Exceptions of one policy.
pub const EXCEPTIONS_MAX: usize = 20;
/// Characters of one expression.
pub const EXPRESSION_CHARS_MAX: usize = 16_384;
/// Brackets, lists and operators inside one another in an expression.
pub const EXPRESSION_DEPTH_MAX: usize = 64;
/// Items of a constant list in a condition.
pub const LIST_ITEMS_MAX: usize = 10_000;
/// Characters of a message after its templates are filled in.
pub const MESSAGE_CHARS_MAX: usize = 5_000;
/// Bytes of one compiled regular expression: bounds the memory one condition may take.
pub const REGEX_BYTES_MAX: usize = 1 << 20;
/// Bytes of an import file.
pub const IMPORT_BYTES_MAX: usize = 10 << 20;
/// Characters of an attribute's value in the decision log; longer values are cut.
pub const LOGGED_VALUE_CHARS_MAX: usize = 2_048;

// Context: `docs/guide/context.md`.

/// Characters of a namespace.
pub const NAMESPACE_CHARS_MAX: usize = 128;
/// Characters of a property's name.
pub const PROPERTY_CHARS_MAX: usize = 256;
/// Characters of a document's compact JSON text.
pub const DOCUMENT_CHARS_MAX: usize = 800_000;
/// Bytes of a context request; a larger one is refused before it is parsed.
pub const CONTEXT_BODY_BYTES_MAX: usize = 4 << 20;
/// Longest life of a property: 13 months as 396 days.
pub const CONTEXT_TTL_MAX: Duration = Duration::from_secs(396 * 24 * 60 * 60);
/// Characters of a custom attribute's name.
pub const ATTRIBUTE_NAME_CHARS_MAX: usize = 128;

// Requests.

/// Bytes of any other request body.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// JSON nesting that is read: deeper input is refused, so that no stack is at risk.
pub const JSON_DEPTH_MAX: usize = 128;
/// Rows of a page of our own API, at most.
pub const PAGE_ROWS_MAX: usize = 1_000;
/// Rows of a page of our own API, unless told.
pub const PAGE_ROWS: usize = 100;

// Decisions.

/// Time one run may take, function calls included.
pub const DECISION_TIME_MAX: Duration = Duration::from_secs(10);
/// Decisions that wait for the log before callers are slowed down.
pub const DECISION_LOG_QUEUE_MAX: usize = 10_000;
/// Bytes of the decisions that wait for the log: their size is the asker's to choose.
pub const DECISION_LOG_QUEUE_BYTES_MAX: usize = 32 << 20;
/// Decisions written in one commit.
pub const DECISION_LOG_BATCH_MAX: usize = 1_000;
/// Longest time a decision waits for its commit.
pub const DECISION_LOG_DELAY_MAX: Duration = Duration::from_millis(100);
/// Decisions of one block of the log: enough that a row costs each of them little, few enough that
/// one of them is found quickly.
pub const DECISION_BLOCK_ROWS_MAX: usize = 256;
/// Bytes of one block; a single larger decision stands alone.
pub const DECISION_BLOCK_BYTES_MAX: usize = 1 << 20;
/// Time between the first and the last decision of a block: how far a reader looks for others.
pub const DECISION_BLOCK_SPAN_MAX: Duration = Duration::from_secs(10);
/// Decisions up to which a block is written again with those that follow it.
pub const DECISION_BLOCK_OPEN_ROWS_MAX: usize = 64;
/// Bytes up to which a block is written again: the disk bears that ten times a second.
pub const DECISION_BLOCK_OPEN_BYTES_MAX: usize = 128 << 10;
/// Blocks that are held to be written again, of as many accounts.
pub const DECISION_BLOCKS_OPEN_MAX: usize = 256;
/// Longest time that a decision is counted behind its entry in the log.
pub const DECISION_COUNT_DELAY_MAX: Duration = Duration::from_secs(1);

// Store.

/// Bytes of an account with the other parts of a key, or with the values of an index: PostgreSQL
/// refuses an index entry above 2,704 bytes, its own headers included.
pub const STORE_KEY_BYTES_MAX: usize = 2_640;
/// Operations of one batch: an import of the most policies an account may have, each with its
/// version and its audit entry.
pub const STORE_BATCH_OPERATIONS_MAX: usize = 3 * POLICIES_MAX + 1_000;
/// Bytes of one batch: as many, of a few hundred bytes each, or the largest context documents.
pub const STORE_BATCH_BYTES_MAX: usize = 64 << 20;
/// Batches that wait for the writer before more are refused: a second of work at the rate we aim at.
pub const STORE_QUEUE_BATCHES_MAX: usize = 4_096;
/// Bytes of the batches that wait, so that large ones cannot take all memory.
pub const STORE_QUEUE_BYTES_MAX: usize = 128 << 20;
/// Batches in one transaction: enough that a sync is shared by all who wait, few enough that the
/// first of them does not wait long.
pub const STORE_GROUP_BATCHES_MAX: usize = 512;
/// Bytes of the batches in one transaction, for the same reason.
pub const STORE_GROUP_BYTES_MAX: usize = 8 << 20;
/// Batches that append to one log in one transaction on PostgreSQL, whose rows stay locked meanwhile.
pub const STORE_LOG_GROUP_BATCHES_MAX: usize = 64;
/// Rows of one page of a find.
pub const STORE_PAGE_ROWS_MAX: usize = 1_000;
/// Bytes of the documents of one page; a page that reaches it ends there.
pub const STORE_PAGE_BYTES_MAX: usize = 16 << 20;
/// Rows that PostgreSQL reads with one statement, and so of one instant: far more than a decision
/// reads, few enough to be planned.
pub const STORE_GET_ROWS_MAX: usize = 64;
/// Expired rows removed at once: a thousand held the writer for 160 ms on a busy machine.
pub const STORE_SWEEP_ROWS_MAX: usize = 100;
/// Connections of a node to PostgreSQL that many requests share: four did 2.2 times the reads of 64.
pub const STORE_SHARED_CONNECTIONS: usize = 4;
/// Connections of a node to PostgreSQL for batches of several statements.
pub const STORE_BATCH_CONNECTIONS: usize = 4;
/// Longest time a request waits for PostgreSQL: a connection, a lock, an answer.
pub const STORE_WAIT_MAX: Duration = Duration::from_secs(10);
/// Times a batch is tried again that PostgreSQL gave up to end a deadlock.
pub const STORE_DEADLOCK_RETRIES_MAX: usize = 5;

// Routing: `docs/guide/routing.md`.

/// Conversations that an agent without a limit holds at once: they stand in one row.
pub const AGENT_HELD_MAX: usize = 10_000;
/// Agents that a waiting conversation remembers as skipped; a new one pushes the oldest out.
pub const SKIPPED_AGENTS_MAX: usize = 16;
/// Relaxations of one skill.
pub const RELAXATIONS_MAX: usize = 8;
/// Candidates that an assignment names; the others are counted.
pub const CANDIDATES_EXPLAINED_MAX: usize = 20;
/// Agents of which a waiting conversation says why it is not with them.
pub const AGENTS_EXPLAINED_MAX: usize = 1_000;
/// Conversations that one change takes from an agent who has gone.
pub const REQUEUED_AT_ONCE_MAX: usize = 100;
/// Conversations ahead that are counted; beyond it the position is "at least".
pub const POSITION_MAX: usize = 1_000;
/// Recent assignments of a skill that an estimate rests on.
pub const ESTIMATE_SAMPLES_MAX: usize = 512;

// Conversations: `docs/guide/conversations.md`.

/// Characters of a message: three pages of text.
pub const CONVERSATION_MESSAGE_CHARS_MAX: usize = 8_000;
/// Bytes of what comes with a message, each as JSON: a card with buttons, a list of intents.
pub const MESSAGE_EXTRAS_BYTES_MAX: usize = 16 << 10;
/// Bytes of what is known of a conversation at its start, as JSON.
pub const CONVERSATION_ATTRIBUTES_BYTES_MAX: usize = 32 << 10;
/// Characters of a channel's name.
pub const CHANNEL_CHARS_MAX: usize = 64;
/// Characters of a reason: why somebody closes, declines or is away.
pub const REASON_CHARS_MAX: usize = 500;
/// Those who took part in a conversation and stand in its row; the events know them all.
pub const PARTICIPANTS_MAX: usize = 50;
/// Messages that one consumer may send in the long run, each second.
pub const CONSUMER_MESSAGES_PER_SECOND: u32 = 2;
/// Messages that one consumer may send at once.
pub const CONSUMER_MESSAGES_BURST: u32 = 20;
/// Tokens that consumers of one account get each second, for a long time: anybody may ask for one.
pub const CONSUMER_TOKENS_PER_SECOND: u32 = 100;
/// Tokens that they get at once.
pub const CONSUMER_TOKENS_BURST: u32 = 1_000;
/// Steps of sign-ins at an identity provider each second, for a long time: anybody may begin one, and
/// each asks the provider.
pub const OIDC_CALLS_PER_SECOND: u32 = 20;
/// Steps of sign-ins at an identity provider at once.
pub const OIDC_CALLS_BURST: u32 = 200;
/// Days that conversations are kept after they ended, and events after they happened, by default.
pub const CONVERSATION_RETENTION_DAYS: u32 = 400;
/// Shortest time that an agent counts as there without a sign of life.
pub const AGENT_LEASE_MIN: Duration = Duration::from_secs(5);
/// Longest such time: a day, for programs that sign in once a shift.
pub const AGENT_LEASE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest time that a conversation is kept for one agent.
pub const SUGGESTION_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Steps of a desk's own that wait for the store at once: as many as share a commit.
pub const DESK_STEPS_IN_FLIGHT_MAX: usize = 512;
/// Waits that the figures of an account's queues rest on.
pub const QUEUE_WAITS_MAX: usize = 50_000;

// Functions: `docs/guide/functions.md`.

/// Functions of one account.
pub const FUNCTIONS_MAX: usize = 2_000;
/// Characters of a function's source.
pub const FUNCTION_SOURCE_CHARS_MAX: usize = 100_000;
/// Versions of a function that are kept, the one that runs included.
pub const FUNCTION_VERSIONS_MAX: u64 = 5;
/// Skills of one function.
pub const FUNCTION_SKILLS_MAX: usize = 50;
/// Shortest time that a function may be given.
pub const FUNCTION_TIME_MIN: Duration = Duration::from_millis(10);
/// Longest time that a function may be given.
pub const FUNCTION_TIME_MAX: Duration = Duration::from_secs(30);
/// Time that a function has as an attribute of policies, unless the attribute says otherwise.
pub const FUNCTION_ATTRIBUTE_TIME: Duration = Duration::from_secs(3);
/// Environment variables of one function.
pub const FUNCTION_VARIABLES_MAX: usize = 100;
/// Characters of the name of an environment variable, and of its value.
pub const FUNCTION_VARIABLE_CHARS_MAX: usize = 200;
/// Domains that the functions of an account may call.
pub const FUNCTION_DOMAINS_MAX: usize = 500;
/// Functions of an account that time starts.
pub const FUNCTION_SCHEDULES_MAX: usize = 10;
/// Characters of what a schedule gives its function, as JSON.
pub const FUNCTION_SCHEDULE_PAYLOAD_CHARS_MAX: usize = 8_000;
/// Arguments of a command of agents.
pub const COMMAND_ARGUMENTS_MAX: usize = 20;
/// Bytes of the answer to an HTTP call of a function.
pub const FUNCTION_HTTP_BYTES_MAX: usize = 4 << 20;
/// Days that the log of a function is kept.
pub const FUNCTION_LOG_DAYS: u32 = 30;
/// Entries of logs that wait to be written; further ones are dropped and counted.
pub const FUNCTION_LOG_QUEUE_MAX: usize = 4_096;
/// Bytes of the sources that are held ready to run.
pub const FUNCTION_CACHE_BYTES_MAX: u64 = 64 << 20;
/// Secrets of one account.
pub const SECRETS_MAX: usize = 500;
/// Characters of a secret's name.
pub const SECRET_NAME_CHARS_MAX: usize = 100;
/// Characters of a secret's value.
pub const SECRET_CHARS_MAX: usize = 10_000;

// Live updates: `docs/guide/stream.md`.

/// Events that are read at once.
pub const FEED_PAGE_EVENTS: usize = 500;
/// Events that wait for one subscriber before it is cut off: a few pages of a busy account.
pub const FEED_QUEUE_MAX: usize = 1_024;
/// Sockets open at once on one node: as many as connections that are not upgraded.
pub const SOCKETS_MAX: usize = 10_000;
/// Bytes of one frame of a client: a message of the longest kind, each character of four bytes, and
/// what is around it.
pub const SOCKET_FRAME_BYTES_MAX: usize = 64 << 10;
/// How often a socket is pinged, at least: below the time after which proxies drop what is idle.
pub const SOCKET_HEARTBEAT: Duration = Duration::from_secs(15);
/// Commands that one socket may send within a second, and as many other frames.
pub const SOCKET_FRAMES_PER_SECOND: u32 = 100;

// Events out: `docs/guide/events.md`.

/// Webhooks of one account: each reads every event.
pub const WEBHOOKS_MAX: usize = 50;
/// Types of events that one webhook names.
pub const WEBHOOK_EVENTS_MAX: usize = 50;
/// Bytes of a webhook's URL.
pub const WEBHOOK_URL_BYTES_MAX: usize = 2_048;
/// Bytes of a webhook's answer, of which only the status counts.
pub const WEBHOOK_ANSWER_BYTES_MAX: usize = 64 << 10;
/// Conversations to which one receiver's events are sent at once.
pub const OUTBOX_LANES_AT_ONCE: usize = 16;
/// Conversations whose events wait for another attempt before a receiver gets no new ones: they
/// stand in one row.
pub const OUTBOX_LANES_MAX: usize = 1_000;
/// Events that a receiver does not want and that are looked at again after a crash.
pub const OUTBOX_SKIPPED_MAX: u64 = 200;
/// Characters of why an event could not be delivered.
pub const DEAD_LETTER_ERROR_CHARS_MAX: usize = 1_000;
/// How long a dead letter is kept.
pub const DEAD_LETTER_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

// Analytics: `docs/guide/analytics.md`.

/// Days that figures are kept, by default: two years can be compared, and a month more.
pub const ANALYTICS_RETENTION_DAYS: u32 = 800;
/// Days of a report by day: a year with its leap day, and a month more.
pub const ANALYTICS_DAYS_MAX: usize = 400;
/// Days of a report by hour.
pub const ANALYTICS_HOURLY_DAYS_MAX: usize = 31;
/// Skills, agents or channels of a report; those with the fewest conversations are left out.
pub const ANALYTICS_GROUPS_MAX: usize = 5_000;
/// Policies of a report; those that won least are left out.
pub const ANALYTICS_POLICIES_MAX: usize = 100;
/// Open conversations of which it is known how they are without reading them again.
pub const ANALYTICS_LIVES_MAX: usize = 20_000;
/// Time in which events gather before they are counted together: a busy row is written so often.
pub const ANALYTICS_DELAY_MAX: Duration = Duration::from_secs(2);
/// Longest time that a report waits for events to be counted that happened before it was asked for.
pub const ANALYTICS_WAIT_MAX: Duration = Duration::from_secs(1);

// Bus.

/// Hints that wait for one subscriber, or for the way to other nodes, before some are dropped: a
/// second of a busy cluster.
pub const BUS_QUEUE_HINTS_MAX: usize = 4_096;
/// Bytes of one hint: three ids of the longest kind, each character of four bytes, written as JSON.
pub const BUS_HINT_BYTES_MAX: usize = 8 << 10;
/// Longest time between two attempts to reach the server that carries hints.
pub const BUS_RECONNECT_DELAY_MAX: Duration = Duration::from_secs(5);
/// Longest time to wait for that server: an answer, or the last hints of a node that stops.
pub const BUS_WAIT_MAX: Duration = Duration::from_secs(5);
