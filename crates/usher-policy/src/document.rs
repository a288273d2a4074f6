//! The stored form of a policy.

use usher_model::id::PolicyId;
use usher_model::value::{Object, Value};

/// A policy as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What names it in decisions and the API.
    pub id: PolicyId,
    /// What people call it.
    pub name: String,
    /// Why it is there.
    pub description: String,
    /// Whether decisions try it.
    pub enabled: bool,
    /// When its actions apply.
    pub guard: Guard,
    /// What happens then, in order.
    pub actions: Vec<Action>,
    /// Tested before the guard, in order.
    pub exceptions: Vec<Exception>,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    /// Rows that must all hold, tested in order.
    Conditions(Vec<Condition>),
    /// Text of the expression language.
    Expression(String),
}

/// One line of a guard.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// One comparison.
    Row(Row),
    /// Comparisons of which one must hold: `{"any": [row, …]}`.
    Any(Vec<Row>),
}

/// One comparison: `property` `operator` `value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The attribute on the left: `namespace.name`.
    pub property: String,
    /// How the sides are compared.
    pub operator: Operator,
    /// How the form shows the value; parsing of the constant is the only thing it drives.
    pub value_type: Option<ValueType>,
    /// A constant, or `"{{namespace.name}}"`; null where the operator takes none.
    pub value: Value,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// `EQUAL`
    Equal,
    /// `NOT_EQUAL`
    NotEqual,
    /// `LESS_THAN`
    LessThan,
    /// `LESS_THAN_OR_EQUAL`
    LessThanOrEqual,
    /// `GREATER_THAN`
    GreaterThan,
    /// `GREATER_THAN_OR_EQUAL`
    GreaterThanOrEqual,
    /// `CONTAINS`
    Contains,
    /// `NOT_CONTAINS`
    NotContains,
    /// `IS_IN`
    IsIn,
    /// `NOT_IN`
    NotIn,
    /// `EXISTS`
    Exists,
    /// `NOT_EXISTS`
    NotExists,
    /// `STARTS_WITH`
    StartsWith,
    /// `ENDS_WITH`
    EndsWith,
    /// `MATCHES`, a regular expression found anywhere in the text
    Matches,
}

/// How the form shows a row's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// `STRING`
    String,
    /// `NUMBER`
    Number,
    /// `BOOLEAN`
    Boolean,
    /// `LIST`
    List,
    /// `ATTRIBUTE`
    Attribute,
    /// `CHANNEL`
    Channel,
}

/// A guard and actions that outrank those of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// When it applies.
    pub guard: Guard,
    /// What happens then.
    pub actions: Vec<Action>,
    /// Whether the policy's own guard must hold too.
    pub requires_root: bool,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What to do.
    pub kind: ActionKind,
    /// With what, as it was written: constants and templates.
    pub payload: Object,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `TRANSFER_TO_SKILL`
    TransferToSkill,
    /// `TRANSFER_TO_AGENT`
    TransferToAgent,
    /// `SEND_MESSAGE`
    SendMessage,
    /// `X_SET_CONTEXT`, an extension
    SetContext,
    /// `X_SET_QUEUE_PRIORITY`, an extension
    SetQueuePriority,
    /// `X_CLOSE_CONVERSATION`, an extension
    CloseConversation,
    /// Anything else: the policy has a mistake.
    Unknown(String),
}
