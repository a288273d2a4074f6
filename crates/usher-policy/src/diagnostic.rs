//! Mistakes in what an author wrote, as data: where, what was found, what was expected.
//!
//! Nothing here is an error of the program. Whoever reads, parses or checks returns every mistake
//! at once; `render` shows one to a person at a terminal.

pub mod nearest;
pub mod render;

use std::fmt;

use crate::syntax::Span;

/// One mistake or remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of mistake it is, for programs.
    pub code: Code,
    /// The JSON pointer (RFC 6901) of the value at fault; empty for the whole document.
    pub pointer: String,
    /// Where in the text at `pointer`, if the value is an expression or a template.
    pub span: Option<Span>,
    /// What was found: a lower-case fragment.
    pub message: String,
    /// What should stand there.
    pub expected: Option<String>,
    /// The nearest text that would do.
    pub suggestion: Option<String>,
}

impl Diagnostic {
    /// Returns a mistake that makes the policy invalid.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            pointer: String::new(),
            span: None,
            message: message.into(),
            expected: None,
            suggestion: None,
        }
    }

    /// Returns something that is probably a mistake; the policy runs all the same.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Returns something the author should know of.
    #[must_use]
    pub fn notice(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Notice,
            ..Self::error(code, message)
        }
    }

    /// Says which value of the document is at fault.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// Says which stretch of the text is at fault.
    #[must_use]
    pub const fn over(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Says what should stand there.
    #[must_use]
    pub fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says what the author probably meant.
    #[must_use]
    pub fn suggesting(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }

    /// Returns whether it makes the policy invalid.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }
}

impl fmt::Display for Diagnostic {
    /// Writes one line: the message, what was expected, and the suggestion.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(expected) = &self.expected {
            write!(f, ", expected {expected}")?;
        }
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean `{suggestion}`?")?;
        }
        Ok(())
    }
}

/// Returns whether a list of diagnostics makes the policy invalid.
#[must_use]
pub fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// Diagnostics of one document or expression: nobody reads more, and a large hostile input must not
/// become a far larger list.
pub(crate) const DIAGNOSTICS_MAX: usize = 1_000;

/// Adds a diagnostic unless there are too many; the first error is always kept, so that leaving
/// diagnostics out never makes a policy valid.
pub(crate) fn record(diagnostics: &mut Vec<Diagnostic>, diagnostic: Diagnostic) {
    let is_first_error =
        || diagnostic.is_error() && !diagnostics.iter().rev().any(Diagnostic::is_error);
    if diagnostics.len() < DIAGNOSTICS_MAX || is_first_error() {
        diagnostics.push(diagnostic);
    }
}

/// How bad a mistake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The policy is invalid: it never matches and cannot be enabled.
    Error,
    /// Probably not what was meant.
    Warning,
    /// Worth knowing.
    Notice,
}

impl Severity {
    /// Returns the severity's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Notice => "NOTICE",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What kind of mistake it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the code's name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The text does not follow the grammar.
    Syntax = "SYNTAX",
    /// Quotes that were taken for straight single quotes.
    Quotes = "QUOTES",
    /// A function that does not exist, or is not switched on.
    UnknownFunction = "UNKNOWN_FUNCTION",
    /// A function with too few or too many arguments.
    WrongArguments = "WRONG_ARGUMENTS",
    /// A time, date, zone or day that a time function cannot read.
    BadTimeArgument = "BAD_TIME_ARGUMENT",
    /// An action that does not exist, or is not switched on.
    UnknownAction = "UNKNOWN_ACTION",
    /// An action that can never be carried out.
    UnreachableAction = "UNREACHABLE_ACTION",
    /// An operator that does not exist.
    UnknownOperator = "UNKNOWN_OPERATOR",
    /// An attribute that nobody is known to write.
    UnknownAttribute = "UNKNOWN_ATTRIBUTE",
    /// A skill that is not known.
    UnknownSkill = "UNKNOWN_SKILL",
    /// An agent who is not known.
    UnknownAgent = "UNKNOWN_AGENT",
    /// Text that cannot be the name of an attribute.
    BadAttribute = "BAD_ATTRIBUTE",
    /// Braces that are not a template, or a template where none may stand.
    BadTemplate = "BAD_TEMPLATE",
    /// Text that is not a regular expression, or too large a one.
    BadRegex = "BAD_REGEX",
    /// A constant that must be a list and is none.
    NotAList = "NOT_A_LIST",
    /// A guard that is neither true nor false.
    NotBoolean = "NOT_BOOLEAN",
    /// Values that can never be compared, or a value of the wrong type.
    TypeMismatch = "TYPE_MISMATCH",
    /// Something that must be there.
    MissingField = "MISSING_FIELD",
    /// A field that is ignored, near the name of one that is not.
    UnknownField = "UNKNOWN_FIELD",
    /// Two things of which only one may be there.
    Ambiguous = "AMBIGUOUS",
    /// JSON of the wrong shape.
    WrongShape = "WRONG_SHAPE",
    /// More of something than the limit.
    TooMany = "TOO_MANY",
    /// Longer than the limit, or nested deeper.
    TooLong = "TOO_LONG",
    /// A meaning that differs between systems.
    ContainsDirection = "CONTAINS_DIRECTION",
    /// What another form of writing the policy cannot say.
    NotExpressible = "NOT_EXPRESSIBLE",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the pointer of a member below `pointer`, escaped as RFC 6901 wants.
#[must_use]
pub fn member(pointer: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{name}")
}

/// Returns text for a message: within backticks, cut after 64 characters, control characters
/// escaped.
#[must_use]
pub fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 64;
    let mut quoted = String::with_capacity(text.len().min(CHARS_MAX) + 2);
    quoted.push('`');
    for (count, character) in text.chars().enumerate() {
        if count == CHARS_MAX {
            quoted.push('…');
            break;
        }
        if character.is_control() {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    quoted.push('`');
    quoted
}
