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

impl BinaryOperator {
    /// Returns the operator as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "^",
            Self::Concatenate => "||",
        }
    }

    /// Returns the operator that says the same with the operands swapped, if there is one.
    #[must_use]
    pub const fn flipped(self) -> Option<Self> {
        match self {
            Self::Equal | Self::NotEqual => Some(self),
            Self::Less => Some(Self::Greater),
            Self::LessOrEqual => Some(Self::GreaterOrEqual),
            Self::Greater => Some(Self::Less),
            Self::GreaterOrEqual => Some(Self::LessOrEqual),
            Self::In
            | Self::Add
            | Self::Subtract
            | Self::Multiply
            | Self::Divide
            | Self::Remainder
            | Self::Power
            | Self::Concatenate => None,
        }
    }
}

impl Expression {
    /// Calls `visit` with this node and all below it, the outer before the inner.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            Kind::Literal(_) | Kind::Attribute(_) => {}
            Kind::List(items) | Kind::And(items) | Kind::Or(items) | Kind::Call(_, items) => {
                for item in items {
                    item.walk(visit);
                }
            }
            Kind::Unary(_, operand) => operand.walk(visit),
            Kind::Binary(_, left, right) => {
                left.walk(visit);
                right.walk(visit);
            }
        }
    }
}
