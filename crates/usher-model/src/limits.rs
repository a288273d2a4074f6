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
/// Decisions written in one commit.
pub const DECISION_LOG_BATCH_MAX: usize = 1_000;
/// Longest time a decision waits for its commit.
pub const DECISION_LOG_DELAY_MAX: Duration = Duration::from_millis(100);
