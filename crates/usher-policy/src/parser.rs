//! Tokens of the expression language to a tree.
//!
//! It never fails: mistakes are reported and reading goes on at the next `and`, `or`, comma or
//! bracket, so that an author sees all of them at once. Grammar, loosest first:
//!
//! ```text
//! expression = and { "or" and }
//! and        = negation { "and" negation }
//! negation   = "not" negation | comparison
//! comparison = additive [ ( "==" | "!=" | ">=" | "<=" | ">" | "<" | "in" ) additive ]
//! additive   = multiplic { ( "+" | "-" | "||" ) multiplic }
//! multiplic  = unary { ( "*" | "/" | "%" ) unary }
//! unary      = ( "-" | "+" | "sqrt" ) unary | power
//! power      = primary [ "^" unary ]
//! primary    = number | string | boolean | list | call | attribute | "(" expression ")"
//! ```

use usher_model::limits;
use usher_model::value::Value;

use crate::diagnostic::{Code, Diagnostic, quoted, record};
use crate::lexer::{self, Keyword, Symbol, Token, TokenKind};
use crate::syntax::{BinaryOperator, Expression, Kind, Span, UnaryOperator};

/// Reads an expression.
///
/// The tree is there exactly if no diagnostic is an error. Its height is bounded by a small
/// multiple of [`limits::EXPRESSION_DEPTH_MAX`], so that recursion over it is safe.
#[must_use]
pub fn parse(text: &str) -> (Option<Expression>, Vec<Diagnostic>) {
    let whole = Span {
        start: 0,
        end: text.len(),
    };
    // A character takes at most four bytes, so most texts need not be counted.
    if text.len() > limits::EXPRESSION_CHARS_MAX {
        let length = text.chars().count();
        if length > limits::EXPRESSION_CHARS_MAX {
            let found = format!("found an expression of {length} characters");
            let expected = format!("at most {}", limits::EXPRESSION_CHARS_MAX);
            let diagnostic = Diagnostic::error(Code::TooLong, found).expecting(expected);
            return (None, vec![diagnostic.over(whole)]);
        }
    }
    let (tokens, diagnostics) = lexer::lex(text);
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
        is_too_deep: false,
        diagnostics,
    };
    let tree = parser.whole();
    let mut diagnostics = parser.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.map(|span| span.start));
    let has_error = diagnostics.iter().any(Diagnostic::is_error);
    debug_assert!(tree.is_some() || has_error, "no tree without a mistake");
    (tree.filter(|_| !has_error), diagnostics)
}

/// A tree and how deep brackets, prefixes and chains are nested in it.
struct Node {
    expression: Expression,
    nesting: usize,
}

/// What a part that could not be read becomes: its mistake has been reported.
type Parsed = Option<Node>;

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    /// Whether the text was given up because it is nested too deep.
    is_too_deep: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Parser<'_> {
    fn peek(&self) -> &TokenKind {
        self.tokens
            .get(self.at)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn peek_second(&self) -> &TokenKind {
        self.tokens
            .get(self.at + 1)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Span {
        let end = Span {
            start: self.text.len(),
            end: self.text.len(),
        };
        self.tokens.get(self.at).map_or(end, |token| token.span)
    }

    fn advance(&mut self) -> Span {
        let span = self.span();
        self.at += 1;
        span
    }

    fn eat(&mut self, kind: &TokenKind) -> bool {
        let is_next = self.peek() == kind;
        if is_next {
            self.at += 1;
        }
        is_next
    }

    /// Returns how the next token is called in a message.
    fn found(&self) -> String {
        let span = self.span();
        match self.peek() {
            TokenKind::End => "found the end".to_owned(),
            _ => format!(
                "found {}",
                quoted(self.text.get(span.start..span.end).unwrap_or(""))
            ),
        }
    }

    /// Reports a mistake at `span`. One after the text was given up, or in the place of another,
    /// only follows from that.
    fn report(&mut self, span: Span, diagnostic: Diagnostic) {
        let is_in_place = |other: &Diagnostic| other.is_error() && other.span == Some(span);
        if !self.is_too_deep && !self.diagnostics.iter().any(is_in_place) {
            record(&mut self.diagnostics, diagnostic.over(span));
        }
    }

    /// Reports that something else should stand where the next token is.
    fn report_next(&mut self, expected: &str) {
        // What the lexer could not read is reported already.
        if *self.peek() != TokenKind::Unknown {
            let diagnostic = Diagnostic::error(Code::Syntax, self.found()).expecting(expected);
            self.report(self.span(), diagnostic);
        }
    }

    /// Skips to what ends an operand of `and` and `or`, over balanced brackets.
    fn synchronize(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                TokenKind::End => return,
                TokenKind::Symbol(Symbol::Open | Symbol::ListOpen) => open += 1,
                TokenKind::Symbol(Symbol::Close | Symbol::ListClose) if open > 0 => open -= 1,
                TokenKind::Symbol(Symbol::Close | Symbol::ListClose | Symbol::Comma)
                | TokenKind::Keyword(Keyword::And | Keyword::Or)
                    if open == 0 =>
                {
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Gives the text up if `nesting` is beyond the limit.
    fn bound(&mut self, span: Span, nesting: usize) -> bool {
        if nesting <= limits::EXPRESSION_DEPTH_MAX {
            return true;
        }
        let expected = format!("at most {}", limits::EXPRESSION_DEPTH_MAX);
        let diagnostic = Diagnostic::error(Code::TooLong, "found too many levels of nesting")
            .expecting(expected);
        self.report(span, diagnostic);
        self.is_too_deep = true;
        self.at = self.tokens.len();
        false
    }

    /// Reads something one level deeper.
    fn nested(&mut self, span: Span, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if !self.bound(span, self.depth + 1) {
            return None;
        }
        self.depth += 1;
        let parsed = read(self);
        self.depth -= 1;
        parsed
    }

    fn whole(&mut self) -> Option<Expression> {
        let mut tree = self.expression();
        while *self.peek() != TokenKind::End {
            // Only a stray closing bracket or comma ends an expression before the end.
            self.report_next("an operator or the end");
            self.advance();
            tree = None;
            if !matches!(
                self.peek(),
                TokenKind::End | TokenKind::Symbol(Symbol::Close | Symbol::ListClose)
            ) {
                if matches!(self.peek(), TokenKind::Keyword(Keyword::And | Keyword::Or)) {
                    self.advance();
                }
                self.expression();
            }
        }
        tree.map(|node| node.expression)
    }

    fn expression(&mut self) -> Parsed {
        self.chain(Keyword::Or, Kind::Or, |parser| {
            parser.chain(Keyword::And, Kind::And, Self::operand)
        })
    }

    /// Reads operands joined by one keyword, and goes on behind one that cannot be read.
    fn chain(
        &mut self,
        keyword: Keyword,
        join: fn(Vec<Expression>) -> Kind,
        read: impl Fn(&mut Self) -> Parsed,
    ) -> Parsed {
        let mut operands = Vec::new();
        let mut nesting = 0;
        let mut is_whole = true;
        loop {
            match read(self) {
                Some(operand) => {
                    nesting = nesting.max(operand.nesting);
                    operands.push(operand.expression);
                }
                None => is_whole = false,
            }
            if !self.eat(&TokenKind::Keyword(keyword)) {
                break;
            }
        }
        if !is_whole {
            return None;
        }
        let (first, last) = (operands.first()?.span, operands.last()?.span);
        let expression = if operands.len() == 1 {
            operands.pop()?
        } else {
            Expression {
                kind: join(operands),
                span: join_spans(first, last),
            }
        };
        Some(Node {
            expression,
            nesting,
        })
    }

    /// Reads an operand of `and` up to what may follow it.
    fn operand(&mut self) -> Parsed {
        let mut parsed = self.negation();
        let is_complete = matches!(
            self.peek(),
            TokenKind::End
                | TokenKind::Keyword(Keyword::And | Keyword::Or)
                | TokenKind::Symbol(Symbol::Close | Symbol::ListClose | Symbol::Comma)
        );
        if !is_complete {
            if parsed.is_some() {
                self.report_missing_operator();
            }
            parsed = None;
            self.synchronize();
        }
        parsed
    }

    fn report_missing_operator(&mut self) {
        if *self.peek() == TokenKind::Keyword(Keyword::Not)
            && *self.peek_second() == TokenKind::Keyword(Keyword::In)
        {
            let span = join_spans(
                self.span(),
                self.tokens
                    .get(self.at + 1)
                    .map_or(self.span(), |token| token.span),
            );
            let diagnostic = Diagnostic::error(Code::Syntax, "found `not in`")
                .expecting("`not` before the comparison: `not a.b in c.d`");
            self.report(span, diagnostic);
        } else {
            self.report_next("an operator or the end");
        }
    }

    fn negation(&mut self) -> Parsed {
        if *self.peek() != TokenKind::Keyword(Keyword::Not) {
            return self.comparison();
        }
        let span = self.advance();
        let operand = self.nested(span, Self::negation)?;
        Some(unary(UnaryOperator::Not, span, operand))
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.additive();
        let Some(operator) = comparison_operator(self.peek()) else {
            return left;
        };
        self.advance();
        let right = self.additive();
        if comparison_operator(self.peek()).is_some() {
            let diagnostic =
                Diagnostic::error(Code::Syntax, format!("{} after a comparison", self.found()))
                    .expecting("brackets, or two comparisons joined by `and`");
            self.report(self.span(), diagnostic);
            while comparison_operator(self.peek()).is_some() {
                self.advance();
                self.additive();
            }
            return None;
        }
        let (left, right) = (left?, right?);
        let nesting = left.nesting.max(right.nesting);
        Some(binary(operator, left, right, nesting))
    }

    fn additive(&mut self) -> Parsed {
        self.left_chain(Self::multiplicative, |kind| match kind {
            TokenKind::Symbol(Symbol::Plus) => Some(BinaryOperator::Add),
            TokenKind::Symbol(Symbol::Minus) => Some(BinaryOperator::Subtract),
            TokenKind::Symbol(Symbol::Bars) => Some(BinaryOperator::Concatenate),
            _ => None,
        })
    }

    fn multiplicative(&mut self) -> Parsed {
        self.left_chain(Self::unary, |kind| match kind {
            TokenKind::Symbol(Symbol::Star) => Some(BinaryOperator::Multiply),
            TokenKind::Symbol(Symbol::Slash) => Some(BinaryOperator::Divide),
            TokenKind::Symbol(Symbol::Percent) => Some(BinaryOperator::Remainder),
            _ => None,
        })
    }

    fn left_chain(
        &mut self,
        read: fn(&mut Self) -> Parsed,
        operator_of: fn(&TokenKind) -> Option<BinaryOperator>,
    ) -> Parsed {
        let mut left = read(self);
        let mut is_first = true;
        while let Some(operator) = operator_of(self.peek()) {
            let span = self.advance();
            let right = read(self);
            left = match (left, right) {
                (Some(left), Some(right)) => {
                    // The first link costs nothing, so that brackets are what is counted; each
                    // further one makes the tree higher on its left.
                    let nesting = (left.nesting + usize::from(!is_first)).max(right.nesting);
                    if !self.bound(span, nesting) {
                        return None;
                    }
                    Some(binary(operator, left, right, nesting))
                }
                _ => None,
            };
            is_first = false;
        }
        left
    }

    fn unary(&mut self) -> Parsed {
        let operator = match self.peek() {
            TokenKind::Symbol(Symbol::Minus) => UnaryOperator::Negate,
            TokenKind::Symbol(Symbol::Plus) => UnaryOperator::Plus,
            TokenKind::Keyword(Keyword::SquareRoot) => UnaryOperator::SquareRoot,
            _ => return self.power(),
        };
        let span = self.advance();
        let operand = self.nested(span, Self::unary)?;
        Some(unary(operator, span, operand))
    }

    fn power(&mut self) -> Parsed {
        let base = self.primary();
        if *self.peek() != TokenKind::Symbol(Symbol::Caret) {
            return base;
        }
        let span = self.advance();
        let exponent = self.nested(span, Self::unary);
        let (base, exponent) = (base?, exponent?);
        let nesting = base.nesting.max(exponent.nesting + 1);
        if !self.bound(span, nesting) {
            return None;
        }
        Some(binary(BinaryOperator::Power, base, exponent, nesting))
    }

    fn primary(&mut self) -> Parsed {
        let kind = match self.peek() {
            TokenKind::Literal(value) => Kind::Literal(value.clone()),
            TokenKind::Keyword(Keyword::True) => Kind::Literal(Value::Bool(true)),
            TokenKind::Keyword(Keyword::False) => Kind::Literal(Value::Bool(false)),
            TokenKind::Attribute(name) => {
                let name = name.clone();
                return self.attribute(name);
            }
            TokenKind::Name(name) => {
                let name = name.clone();
                return self.name(name);
            }
            TokenKind::Symbol(Symbol::Open) => return self.brackets(),
            TokenKind::Symbol(Symbol::ListOpen) => {
                let span = self.advance();
                return self.items(span, Symbol::ListClose, "]", Kind::List);
            }
            TokenKind::Keyword(Keyword::Not) => {
                self.report_next("an operand; `not` stands in brackets here");
                return None;
            }
            TokenKind::Keyword(_) | TokenKind::Symbol(_) | TokenKind::End | TokenKind::Unknown => {
                self.report_next("an attribute, a value or a bracket");
                // Skipped, because no operand follows what the lexer could not read.
                self.eat(&TokenKind::Unknown);
                return None;
            }
        };
        let span = self.advance();
        Some(leaf(kind, span))
    }

    fn attribute(&mut self, name: String) -> Parsed {
        if *self.peek_second() != TokenKind::Symbol(Symbol::Open) {
            let span = self.advance();
            return Some(leaf(Kind::Attribute(name), span));
        }
        let diagnostic = Diagnostic::error(Code::Syntax, format!("{} before `(`", self.found()))
            .expecting("the name of a function, which has no dot");
        self.report(self.span(), diagnostic);
        self.advance();
        let span = self.advance();
        self.items(span, Symbol::Close, ")", Kind::List);
        None
    }

    /// Reads a call; a name alone is a mistake.
    fn name(&mut self, name: String) -> Parsed {
        let span = self.advance();
        if self.eat(&TokenKind::Symbol(Symbol::Open)) {
            return self.items(span, Symbol::Close, ")", move |arguments| {
                Kind::Call(name, arguments)
            });
        }
        let diagnostic = Diagnostic::error(
            Code::Syntax,
            format!("found the name {} without a namespace", quoted(&name)),
        )
        .expecting("an attribute such as `orchestrator.intent`, or text in single quotes");
        self.report(span, diagnostic);
        None
    }

    fn brackets(&mut self) -> Parsed {
        let open = self.advance();
        let inner = self.nested(open, Self::expression);
        let close = self.span();
        if !self.close(Symbol::Close, ")") {
            return None;
        }
        let Node {
            mut expression,
            nesting,
        } = inner?;
        expression.span = join_spans(open, close);
        Some(Node {
            expression,
            nesting: nesting + 1,
        })
    }

    /// Reads what stands between the brackets of a list or a call; the opening one has been read.
    fn items(
        &mut self,
        start: Span,
        closing: Symbol,
        closing_text: &str,
        join: impl FnOnce(Vec<Expression>) -> Kind,
    ) -> Parsed {
        let mut items = Vec::new();
        let mut nesting = 0;
        let mut is_whole = true;
        if *self.peek() != TokenKind::Symbol(closing) {
            loop {
                match self.nested(start, Self::expression) {
                    Some(item) => {
                        nesting = nesting.max(item.nesting);
                        items.push(item.expression);
                    }
                    None => is_whole = false,
                }
                if !self.eat(&TokenKind::Symbol(Symbol::Comma)) {
                    break;
                }
            }
        }
        let end = self.span();
        if !self.close(closing, closing_text) || !is_whole {
            return None;
        }
        let span = join_spans(start, end);
        let expression = Expression {
            kind: join(items),
            span,
        };
        Some(Node {
            expression,
            nesting: nesting + 1,
        })
    }

    fn close(&mut self, closing: Symbol, closing_text: &str) -> bool {
        let is_closed = self.eat(&TokenKind::Symbol(closing));
        if !is_closed {
            self.report_next(&format!("`{closing_text}`"));
        }
        is_closed
    }
}

fn comparison_operator(kind: &TokenKind) -> Option<BinaryOperator> {
    match kind {
        TokenKind::Symbol(Symbol::Equal) => Some(BinaryOperator::Equal),
        TokenKind::Symbol(Symbol::NotEqual) => Some(BinaryOperator::NotEqual),
        TokenKind::Symbol(Symbol::Less) => Some(BinaryOperator::Less),
        TokenKind::Symbol(Symbol::LessOrEqual) => Some(BinaryOperator::LessOrEqual),
        TokenKind::Symbol(Symbol::Greater) => Some(BinaryOperator::Greater),
        TokenKind::Symbol(Symbol::GreaterOrEqual) => Some(BinaryOperator::GreaterOrEqual),
        TokenKind::Keyword(Keyword::In) => Some(BinaryOperator::In),
        _ => None,
    }
}

const fn join_spans(first: Span, last: Span) -> Span {
    Span {
        start: first.start,
        end: last.end,
    }
}

const fn leaf(kind: Kind, span: Span) -> Node {
    Node {
        expression: Expression { kind, span },
        nesting: 0,
    }
}

fn unary(operator: UnaryOperator, span: Span, operand: Node) -> Node {
    let span = join_spans(span, operand.expression.span);
    Node {
        expression: Expression {
            kind: Kind::Unary(operator, Box::new(operand.expression)),
            span,
        },
        nesting: operand.nesting + 1,
    }
}

fn binary(operator: BinaryOperator, left: Node, right: Node, nesting: usize) -> Node {
    let span = join_spans(left.expression.span, right.expression.span);
    Node {
        expression: Expression {
            kind: Kind::Binary(
                operator,
                Box::new(left.expression),
                Box::new(right.expression),
            ),
            span,
        },
        nesting,
    }
}
