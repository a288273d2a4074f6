//! The stored form of a policy, and the reading and writing of it.
//!
//! [`read`](read::read) takes every published shape, [`write`](write::write) makes one. Whether what
//! was read makes sense is the business of [`check`](crate::check).

pub mod read;
pub mod write;

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

macro_rules! wire_names {
    ($name:ident, $what:literal: $($variant:ident = $text:literal,)*) => {
        impl $name {
            #[doc = concat!("Every ", $what, ".")]
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            #[doc = concat!("Returns the ", $what, "'s name on the wire.")]
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            #[doc = concat!("Reads the ", $what, "'s name on the wire.")]
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}

wire_names! { Operator, "operator":
    Equal = "EQUAL",
    NotEqual = "NOT_EQUAL",
    LessThan = "LESS_THAN",
    LessThanOrEqual = "LESS_THAN_OR_EQUAL",
    GreaterThan = "GREATER_THAN",
    GreaterThanOrEqual = "GREATER_THAN_OR_EQUAL",
    Contains = "CONTAINS",
    NotContains = "NOT_CONTAINS",
    IsIn = "IS_IN",
    NotIn = "NOT_IN",
    Exists = "EXISTS",
    NotExists = "NOT_EXISTS",
    StartsWith = "STARTS_WITH",
    EndsWith = "ENDS_WITH",
    Matches = "MATCHES",
}

wire_names! { ValueType, "value type":
    String = "STRING",
    Number = "NUMBER",
    Boolean = "BOOLEAN",
    List = "LIST",
    Attribute = "ATTRIBUTE",
    Channel = "CHANNEL",
}

impl Operator {
    /// Returns whether the published form has it; the others are extensions.
    #[must_use]
    pub const fn is_published(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::LessThan
                | Self::LessThanOrEqual
                | Self::GreaterThan
                | Self::GreaterThanOrEqual
                | Self::Contains
                | Self::IsIn
        )
    }

    /// Returns whether a row with it has a value.
    #[must_use]
    pub const fn has_value(self) -> bool {
        !matches!(self, Self::Exists | Self::NotExists)
    }
}

impl ActionKind {
    /// The kinds with a meaning, the published ones first.
    pub const KNOWN: &[Self] = &[
        Self::TransferToSkill,
        Self::TransferToAgent,
        Self::SendMessage,
        Self::SetContext,
        Self::SetQueuePriority,
        Self::CloseConversation,
    ];

    /// Returns the kind's name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::TransferToSkill => "TRANSFER_TO_SKILL",
            Self::TransferToAgent => "TRANSFER_TO_AGENT",
            Self::SendMessage => "SEND_MESSAGE",
            Self::SetContext => "X_SET_CONTEXT",
            Self::SetQueuePriority => "X_SET_QUEUE_PRIORITY",
            Self::CloseConversation => "X_CLOSE_CONVERSATION",
            Self::Unknown(name) => name,
        }
    }

    /// Reads the kind's name on the wire; one that is not known is kept.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::KNOWN
            .iter()
            .find(|known| known.as_str() == text)
            .cloned()
            .unwrap_or_else(|| Self::Unknown(text.to_owned()))
    }

    /// Returns whether it hands the conversation over, so that nothing can follow it.
    #[must_use]
    pub const fn is_transfer(&self) -> bool {
        matches!(self, Self::TransferToSkill | Self::TransferToAgent)
    }

    /// Returns whether the published form lacks it.
    #[must_use]
    pub const fn is_extension(&self) -> bool {
        matches!(
            self,
            Self::SetContext | Self::SetQueuePriority | Self::CloseConversation
        )
    }
}

impl Condition {
    /// Returns its rows: one, or those of the group.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        match self {
            Self::Row(row) => std::slice::from_ref(row),
            Self::Any(rows) => rows,
        }
    }
}
