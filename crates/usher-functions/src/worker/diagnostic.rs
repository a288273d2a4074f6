//! A mistake in a source, as a worker tells it.

use serde::{Deserialize, Serialize};

/// A mistake, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// A word for programs.
    pub code: Mistake,
    /// What was expected, and what to do.
    pub message: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            message,
            line,
            column,
            ..
        } = self;
        write!(f, "{line}:{column}: {message}")
    }
}

/// The kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mistake {
    /// The source is longer than [`SOURCE_CHARS_MAX`](crate::check::SOURCE_CHARS_MAX).
    SourceTooLong,
    /// The engine cannot parse it.
    SyntaxError,
    /// There is no `lambda`.
    LambdaMissing,
    /// Nothing calls back and nothing returns a value.
    AnswerMissing,
    /// Code from text, or modules: `eval`, `Function`, `import`.
    ForbiddenExpression,
}
