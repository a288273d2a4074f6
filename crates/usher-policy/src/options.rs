//! What an account has switched on: it changes what a policy may say and what it means.

use std::collections::BTreeSet;

/// The switches of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether expressions may call the optional functions, such as `lower` and `length`.
    pub expression_extensions: bool,
    /// Whether policies may use the actions that begin with `X_`.
    pub extension_actions: bool,
    /// Which side of `CONTAINS` must hold the other.
    pub contains_direction: ContainsDirection,
    /// The account's own context namespaces; one called `customerinfo` or `personalinfo` hides the
    /// alias of that name.
    pub own_namespaces: BTreeSet<String>,
}

impl Options {
    /// Returns the switches of a new account: no extensions, the usual reading of `CONTAINS`.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            expression_extensions: false,
            extension_actions: false,
            contains_direction: ContainsDirection::AttributeContainsValue,
            own_namespaces: BTreeSet::new(),
        }
    }
}

/// Which side of `CONTAINS` must hold the other; the published pages disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainsDirection {
    /// `ATTRIBUTE_CONTAINS_VALUE`: the attribute `"gold member"` contains the value `"gold"`.
    AttributeContainsValue,
    /// `VALUE_CONTAINS_ATTRIBUTE`: the attribute `"gold"` is found in the value `"gold member"`.
    ValueContainsAttribute,
}

impl ContainsDirection {
    /// Returns the direction's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AttributeContainsValue => "ATTRIBUTE_CONTAINS_VALUE",
            Self::ValueContainsAttribute => "VALUE_CONTAINS_ATTRIBUTE",
        }
    }

    /// Reads the direction's name on the wire.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::AttributeContainsValue, Self::ValueContainsAttribute]
            .into_iter()
            .find(|direction| direction.as_str() == text)
    }
}
