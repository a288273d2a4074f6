//! Why a policy could not be decided: the codes of the decision log.

use std::fmt;

use crate::attribute::Slot;

macro_rules! fault_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $is_error:literal, $message:literal;)*) => {
        /// What went wrong in a guard or an action, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultCode {
            $($(#[$doc])* $name,)*
        }

        impl FaultCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the code's name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Returns whether the policy could not run (`ERROR`); otherwise it is wrongly
            /// configured (`INVALID`).
            #[must_use]
            pub const fn is_error(self) -> bool {
                match self {
                    $(Self::$name => $is_error,)*
                }
            }

            /// Returns a lower-case fragment for people.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)*
                }
            }
        }
    };
}

fault_codes! {
    /// A function attribute answered with a failure.
    FunctionFailed = "FUNCTION_FAILED", true, "the function failed";
    /// A function attribute did not answer in time.
    FunctionTimeout = "FUNCTION_TIMEOUT", true, "the function did not answer in time";
    /// The attribute's context could not be read.
    ContextUnavailable = "CONTEXT_UNAVAILABLE", true, "the context could not be read";
    /// A division by zero, the root of a negative number, or a result too large.
    Arithmetic = "ARITHMETIC", true, "the calculation has no finite result";
    /// An id in an action is missing, or a message is too long.
    UnresolvedAction = "UNRESOLVED_ACTION", true, "an action lacks what it needs";
    /// The run took too long.
    Timeout = "TIMEOUT", true, "the run took too long";
    /// Values that cannot be compared or calculated with.
    TypeMismatch = "TYPE_MISMATCH", false, "the values cannot be compared";
    /// The policy's text has a mistake.
    Syntax = "SYNTAX", false, "the policy has a mistake";
    /// A function that does not exist, or is not switched on.
    UnknownFunction = "UNKNOWN_FUNCTION", false, "the function does not exist";
    /// A time, date, zone or day that a time function cannot read.
    BadTimeArgument = "BAD_TIME_ARGUMENT", false, "a time, date, zone or day cannot be read";
    /// An action that does not exist, or is not switched on.
    UnknownAction = "UNKNOWN_ACTION", false, "the action does not exist";
    /// A list was needed.
    NotAList = "NOT_A_LIST", false, "the right side is not a list";
    /// True or false was needed.
    NotBoolean = "NOT_BOOLEAN", false, "the value is neither true nor false";
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One fault with the attribute it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub code: FaultCode,
    /// The attribute that was being read, if one alone is to blame.
    pub slot: Option<Slot>,
    /// What a function attribute answered.
    pub http_status: Option<u16>,
}

impl From<FaultCode> for Fault {
    fn from(code: FaultCode) -> Self {
        Self {
            code,
            slot: None,
            http_status: None,
        }
    }
}
