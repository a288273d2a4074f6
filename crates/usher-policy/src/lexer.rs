//! Text of the expression language to tokens.
//!
//! It never fails: what it cannot read becomes a mistake and a token that says so, and reading
//! goes on behind it.

use std::borrow::Cow;

use usher_model::value::Value;

use crate::diagnostic::{Code, Diagnostic, has_error, quoted, record};
use crate::syntax::Span;

/// One word of the language and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A number or a string; a string's escapes are resolved.
    Literal(Value),
    /// `namespace.name.more`, always with a dot.
    Attribute(String),
    /// A name without a dot that is no keyword.
    Name(String),
    /// A keyword.
    Keyword(Keyword),
    /// An operator or punctuation mark.
    Symbol(Symbol),
    /// Something that is not of the language; its mistake has been reported.
    Unknown,
    /// The end of the text.
    End,
}

/// A word with a meaning of its own, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// `and`
    And,
    /// `or`
    Or,
    /// `not`
    Not,
    /// `in`
    In,
    /// `true`
    True,
    /// `false`
    False,
    /// `sqrt`
    SquareRoot,
}

impl Keyword {
    const ALL: [(&'static str, Self); 7] = [
        ("and", Self::And),
        ("or", Self::Or),
        ("not", Self::Not),
        ("in", Self::In),
        ("true", Self::True),
        ("false", Self::False),
        ("sqrt", Self::SquareRoot),
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find_map(|(word, keyword)| word.eq_ignore_ascii_case(text).then_some(keyword))
    }
}

/// An operator or punctuation mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
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
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `^`
    Caret,
    /// `||`
    Bars,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    ListOpen,
    /// `]`
    ListClose,
    /// `,`
    Comma,
}

/// Every spelling, longer ones before their beginnings.
const SYMBOLS: [(&str, Symbol); 18] = [
    ("==", Symbol::Equal),
    ("!=", Symbol::NotEqual),
    ("<=", Symbol::LessOrEqual),
    (">=", Symbol::GreaterOrEqual),
    ("||", Symbol::Bars),
    ("<", Symbol::Less),
    (">", Symbol::Greater),
    ("+", Symbol::Plus),
    ("-", Symbol::Minus),
    ("*", Symbol::Star),
    ("/", Symbol::Slash),
    ("%", Symbol::Percent),
    ("^", Symbol::Caret),
    ("(", Symbol::Open),
    (")", Symbol::Close),
    ("[", Symbol::ListOpen),
    ("]", Symbol::ListClose),
    (",", Symbol::Comma),
];

/// Spellings of other languages: what was meant and how it is read on.
const FOREIGN: [(&str, &str, TokenKind); 12] = [
    ("===", "==", TokenKind::Symbol(Symbol::Equal)),
    ("!==", "!=", TokenKind::Symbol(Symbol::NotEqual)),
    ("<>", "!=", TokenKind::Symbol(Symbol::NotEqual)),
    ("=<", "<=", TokenKind::Symbol(Symbol::LessOrEqual)),
    ("=>", ">=", TokenKind::Symbol(Symbol::GreaterOrEqual)),
    ("≠", "!=", TokenKind::Symbol(Symbol::NotEqual)),
    ("≤", "<=", TokenKind::Symbol(Symbol::LessOrEqual)),
    ("≥", ">=", TokenKind::Symbol(Symbol::GreaterOrEqual)),
    ("&&", "and", TokenKind::Keyword(Keyword::And)),
    ("**", "^", TokenKind::Symbol(Symbol::Caret)),
    ("=", "==", TokenKind::Symbol(Symbol::Equal)),
    ("!", "not", TokenKind::Keyword(Keyword::Not)),
];

/// Splits a text into tokens, the last of which is [`TokenKind::End`].
#[must_use]
pub fn lex(text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        diagnostics: Vec::new(),
        has_odd_quotes: false,
    };
    while lexer.step() {}
    lexer.push(TokenKind::End, text.len());
    (lexer.tokens, lexer.diagnostics)
}

/// Returns the text with every string in straight single quotes, as a saved expression has them.
///
/// Strings may stand in double or typographic quotes when they are typed or pasted; quotes inside a
/// string stay as they are, escaped where they must be. Text with mistakes is kept as it is.
#[must_use]
pub fn normalize_quotes(text: &str) -> Cow<'_, str> {
    let (tokens, diagnostics) = lex(text);
    if has_error(&diagnostics) || diagnostics.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut normalized = String::with_capacity(text.len());
    let mut copied = 0;
    for Token { kind, span } in &tokens {
        let TokenKind::Literal(Value::String(content)) = kind else {
            continue;
        };
        normalized.push_str(text.get(copied..span.start).unwrap_or(""));
        write_string(&mut normalized, content);
        copied = span.end;
    }
    normalized.push_str(text.get(copied..).unwrap_or(""));
    Cow::Owned(normalized)
}

/// Writes a string literal.
pub(crate) fn write_string(text: &mut String, content: &str) {
    text.push('\'');
    for character in content.chars() {
        if matches!(character, '\'' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('\'');
}

/// Returns whether `text` can be the name of an attribute in an expression.
#[must_use]
pub fn is_attribute(text: &str) -> bool {
    text.contains('.') && !text.is_empty() && attribute_length(text) == text.len()
}

/// Returns how many bytes at the beginning of `text` are a name, with further segments if any.
fn attribute_length(text: &str) -> usize {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return 0;
    }
    let mut length = segment_length(text);
    while let Some(rest) = text.get(length..).and_then(|rest| rest.strip_prefix('.')) {
        match segment_length(rest) {
            0 => break,
            segment => length += 1 + segment,
        }
    }
    length
}

fn segment_length(text: &str) -> usize {
    text.find(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .unwrap_or(text.len())
}

/// Returns the number that a literal denotes: whole numbers up to 2^53 as integers, so that equal
/// numbers are equal JSON.
#[must_use]
pub(crate) fn number(text: &str) -> Option<Value> {
    const EXACT_MAX: u64 = 1 << 53;
    let number: f64 = text.parse().ok()?;
    if let Ok(whole) = number.to_string().parse::<u64>()
        && whole <= EXACT_MAX
    {
        return Some(Value::from(whole));
    }
    serde_json::Number::from_f64(number).map(Value::Number)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
    /// Whether a string in other quotes than straight single ones was seen: one warning is enough.
    has_odd_quotes: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn push(&mut self, kind: TokenKind, end: usize) {
        let span = Span {
            start: self.at,
            end,
        };
        self.at = end;
        self.tokens.push(Token { kind, span });
    }

    /// Reports a mistake that reaches from here to `end`.
    fn report(&mut self, diagnostic: Diagnostic, end: usize) {
        let span = Span {
            start: self.at,
            end,
        };
        record(&mut self.diagnostics, diagnostic.over(span));
    }

    /// Reads one token; returns whether there was one.
    fn step(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return false;
        };
        if first.is_ascii_digit() {
            self.number();
        } else if first.is_ascii_alphabetic() || first == '_' {
            self.word();
        } else if let Some(closing) = closing_quotes(first) {
            self.string(first, closing);
        } else {
            self.symbol(first);
        }
        true
    }

    fn number(&mut self) {
        let rest = self.rest();
        let digits = |text: &str| {
            text.find(|character: char| !character.is_ascii_digit())
                .unwrap_or(text.len())
        };
        let mut length = digits(rest);
        if let Some(decimals) = rest
            .get(length..)
            .and_then(|rest| rest.strip_prefix('.'))
            .map(digits)
            .filter(|&decimals| decimals > 0)
        {
            length += 1 + decimals;
        }
        // Whatever touches the digits was meant to be part of the number.
        let touching = rest
            .get(length..)
            .unwrap_or("")
            .find(|character: char| {
                !(character.is_alphanumeric() || matches!(character, '_' | '.'))
            })
            .unwrap_or(rest.len() - length);
        let text = rest.get(..length + touching).unwrap_or(rest);
        let end = self.at + text.len();
        if touching > 0 {
            let found = format!("found {}", quoted(text));
            let expected = "a number such as `1440` or `0.5`";
            let diagnostic = Diagnostic::error(Code::Syntax, found).expecting(expected);
            self.report(diagnostic, end);
            return self.push(TokenKind::Unknown, end);
        }
        if let Some(value) = number(text) {
            self.push(TokenKind::Literal(value), end);
        } else {
            let found = format!("found {}, which is too large a number", quoted(text));
            self.report(Diagnostic::error(Code::Syntax, found), end);
            self.push(TokenKind::Unknown, end);
        }
    }

    fn word(&mut self) {
        let rest = self.rest();
        let text = rest.get(..attribute_length(rest)).unwrap_or(rest);
        let end = self.at + text.len();
        let kind = if text.contains('.') {
            TokenKind::Attribute(text.to_owned())
        } else if let Some(keyword) = Keyword::parse(text) {
            TokenKind::Keyword(keyword)
        } else {
            TokenKind::Name(text.to_owned())
        };
        self.push(kind, end);
    }

    fn string(&mut self, opening: char, closing: &[char]) {
        let mut content = String::new();
        let mut end = None;
        let mut characters = self.rest().char_indices().skip(1);
        let mut escapes = Vec::new();
        while let Some((offset, character)) = characters.next() {
            if closing.contains(&character) {
                end = Some(self.at + offset + character.len_utf8());
                break;
            }
            if character != '\\' {
                content.push(character);
                continue;
            }
            match characters.next() {
                Some((_, escaped)) if escaped == '\\' || closing.contains(&escaped) => {
                    content.push(escaped);
                }
                Some((_, '\'')) => content.push('\''),
                Some((after, escaped)) => {
                    escapes.push((offset, after + escaped.len_utf8()));
                    content.push(escaped);
                }
                None => {}
            }
        }
        for (start, end) in escapes {
            let span = Span {
                start: self.at + start,
                end: self.at + end,
            };
            let found = self.text.get(span.start..span.end).unwrap_or("");
            let found = format!("found {} in a string", quoted(found));
            let diagnostic = Diagnostic::error(Code::Syntax, found)
                .over(span)
                .expecting(r"`\'` or `\\`, the only escapes");
            record(&mut self.diagnostics, diagnostic);
        }
        let Some(end) = end else {
            let end = self.text.len();
            let diagnostic = Diagnostic::error(Code::Syntax, "found a string that does not end")
                .expecting("a closing `'`");
            self.report(diagnostic, end);
            return self.push(TokenKind::Unknown, end);
        };
        if opening != '\'' && !self.has_odd_quotes {
            self.has_odd_quotes = true;
            let found = format!("found a string in `{opening}` quotes");
            let diagnostic = Diagnostic::warning(Code::Quotes, found)
                .expecting("straight single quotes, which are written when the policy is saved");
            self.report(diagnostic, end);
        }
        self.push(TokenKind::Literal(Value::String(content)), end);
    }

    fn symbol(&mut self, first: char) {
        let rest = self.rest();
        let foreign = FOREIGN
            .iter()
            .find(|(spelling, ..)| rest.starts_with(spelling));
        let known = SYMBOLS
            .iter()
            .find(|(spelling, _)| rest.starts_with(spelling));
        let known_length = known.map_or(0, |(spelling, _)| spelling.len());
        if let Some((spelling, meant, kind)) = foreign
            && spelling.len() > known_length
        {
            let end = self.at + spelling.len();
            let diagnostic = Diagnostic::error(Code::Syntax, format!("found `{spelling}`"))
                .suggesting(Some(*meant));
            self.report(diagnostic, end);
            return self.push(kind.clone(), end);
        }
        if let Some((spelling, symbol)) = known {
            let end = self.at + spelling.len();
            return self.push(TokenKind::Symbol(*symbol), end);
        }
        self.unknown(first);
    }

    /// Skips what belongs to no token, in one piece.
    fn unknown(&mut self, first: char) {
        let is_foreign = |character: char| {
            !(character.is_ascii_alphanumeric()
                || character.is_whitespace()
                || "_=!<>+-*/%^|()[],'\"‘’“”&≠≤≥".contains(character))
        };
        let length = self
            .rest()
            .char_indices()
            .skip(1)
            .find(|&(_, character)| !is_foreign(character))
            .map_or(self.rest().len(), |(offset, _)| offset);
        let text = self.rest().get(..length).unwrap_or("");
        let end = self.at + length;
        let diagnostic = Diagnostic::error(Code::Syntax, format!("found {}", quoted(text)));
        let diagnostic = match first {
            '|' => diagnostic.suggesting(Some("||")),
            '&' => diagnostic.suggesting(Some("and")),
            '{' | '}' => diagnostic.expecting("an attribute without braces"),
            _ => diagnostic,
        };
        self.report(diagnostic, end);
        self.push(TokenKind::Unknown, end);
    }
}

/// Returns the characters that end a string, if `opening` begins one.
///
/// Text processors turn quotes in either direction, so a typographic one is closed by any of its
/// kind, curled or straight.
const fn closing_quotes(opening: char) -> Option<&'static [char]> {
    match opening {
        '\'' => Some(&['\'']),
        '‘' | '’' => Some(&['‘', '’', '\'']),
        '"' | '“' | '”' => Some(&['"', '“', '”']),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let (tokens, diagnostics) = lex(text);
        assert_eq!(diagnostics, [], "{text}");
        tokens.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn dots_join_names_and_decimals_only_when_they_touch() {
        let attribute = |name: &str| TokenKind::Attribute(name.to_owned());
        assert_eq!(kinds("a.b.c"), [attribute("a.b.c"), TokenKind::End]);
        assert_eq!(
            kinds("operational.skill.1001.queueSize"),
            [
                attribute("operational.skill.1001.queueSize"),
                TokenKind::End
            ]
        );
        assert_eq!(
            kinds("1.5"),
            [TokenKind::Literal(Value::from(1.5)), TokenKind::End]
        );
        assert_eq!(lex("1 .5").1.len(), 1);
        assert_eq!(lex("a .b").1.len(), 1);
        assert_eq!(lex("1.5.2").1.len(), 1);
    }

    #[test]
    fn equal_numbers_are_equal_json() {
        assert_eq!(number("1.0"), Some(Value::from(1)));
        assert_eq!(number("007"), Some(Value::from(7)));
        assert_eq!(number("9007199254740993"), number("9007199254740992"));
        assert_eq!(number(&"9".repeat(400)), None);
    }

    #[test]
    fn quotes_are_straightened_and_what_they_hold_is_kept() {
        assert_eq!(normalize_quotes("a.b == 'x'"), "a.b == 'x'");
        assert_eq!(normalize_quotes("a.b == “x”"), "a.b == 'x'");
        assert_eq!(normalize_quotes("a.b == \"it's\""), r"a.b == 'it\'s'");
        assert_eq!(normalize_quotes("'say \"hi\"'"), "'say \"hi\"'");
        assert_eq!(normalize_quotes(r"‘a’ == 'b\'s'"), r"'a' == 'b\'s'");
        assert_eq!(normalize_quotes("“a” == ‘b’ 'open"), "“a” == ‘b’ 'open");
    }

    #[test]
    fn keywords_are_read_in_any_case_but_not_inside_attributes() {
        assert_eq!(
            kinds("AND not.x"),
            [
                TokenKind::Keyword(Keyword::And),
                TokenKind::Attribute("not.x".to_owned()),
                TokenKind::End
            ]
        );
    }
}
