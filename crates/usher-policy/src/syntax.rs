//! The tree of an expression, as the parser makes it and the compiler reads it.

use usher_model::value::Value;

/// A stretch of the source text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

/// One node with its place in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number, string or boolean.
    Literal(Value),
    /// `[ a, b ]`
    List(Vec<Expression>),
    /// `namespace.name.more`
    Attribute(String),
    /// `a and b and c`, flattened, evaluated left to right.
    And(Vec<Expression>),
    /// `a or b or c`, flattened, evaluated left to right.
    Or(Vec<Expression>),
    /// `not a`, `-a`, `+a`, `sqrt a`
    Unary(UnaryOperator, Box<Expression>),
    /// `a == b`, `a + b`, …
    Binary(BinaryOperator, Box<Expression>, Box<Expression>),
    /// `isTimeRange(…)`, `isDateRange(…)` and the optional helpers.
    Call(String, Vec<Expression>),
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `not`
    Not,
    /// `-`
    Negate,
    /// `+`
    Plus,
    /// `sqrt`
    SquareRoot,
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `^`
    Power,
    /// `||`
    Concatenate,
}
