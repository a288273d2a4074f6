//! The words of a source, without its comments, texts and regular expressions.
//!
//! It is given only what the engine has parsed, and finds words for `check`; it need not find
//! mistakes.

/// A word or a sign, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// A whole word, one sign, or nothing for a literal.
    pub(crate) text: String,
    /// The line, from 1.
    pub(crate) line: u32,
    /// The column in characters, from 1.
    pub(crate) column: u32,
    /// How many brackets of any kind are open around it.
    pub(crate) depth: u32,
}

/// Words after which a slash begins a regular expression.
const BEFORE_EXPRESSION: [&str; 13] = [
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "instanceof",
    "else",
    "do",
    "await",
];

/// Reads a source into its words and signs.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: source.chars().collect::<Vec<_>>().into_iter().peekable(),
        line: 1,
        column: 1,
        depth: 0,
        templates: Vec::new(),
        tokens: Vec::new(),
    };
    while let Some(letter) = lexer.rest.peek().copied() {
        lexer.token(letter);
    }
    lexer.tokens
}

struct Lexer {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    line: u32,
    column: u32,
    depth: u32,
    /// The depths at which templates were left for an expression.
    templates: Vec<u32>,
    tokens: Vec<Token>,
}

impl Lexer {
    fn next(&mut self) -> Option<char> {
        let letter = self.rest.next()?;
        if letter == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(letter)
    }

    fn push(&mut self, text: &str, line: u32, column: u32) {
        self.tokens.push(Token {
            text: text.to_owned(),
            line,
            column,
            depth: self.depth,
        });
    }

    /// Reads one token that begins with a letter.
    fn token(&mut self, letter: char) {
        let (line, column) = (self.line, self.column);
        match letter {
            letter if letter.is_whitespace() => {
                self.next();
            }
            letter if is_of_word(letter) => {
                let mut word = String::new();
                while let Some(letter) = self.rest.next_if(|letter| is_of_word(*letter)) {
                    self.column = self.column.saturating_add(1);
                    word.push(letter);
                }
                self.push(&word, line, column);
            }
            '"' | '\'' => {
                self.next();
                self.skip_text(letter);
                self.push("", line, column);
            }
            '`' => {
                self.next();
                self.skip_template();
                self.push("", line, column);
            }
            '/' => self.slash(line, column),
            '}' if self.templates.last() == Some(&self.depth) => {
                self.templates.pop();
                self.next();
                self.skip_template();
                self.push("", line, column);
            }
            '(' | '[' | '{' => {
                self.push(&String::from(letter), line, column);
                self.depth = self.depth.saturating_add(1);
                self.next();
            }
            ')' | ']' | '}' => {
                self.depth = self.depth.saturating_sub(1);
                self.push(&String::from(letter), line, column);
                self.next();
            }
            sign => {
                self.push(&String::from(sign), line, column);
                self.next();
            }
        }
    }

    /// Skips the rest of a text in quotes.
    fn skip_text(&mut self, quote: char) {
        while let Some(letter) = self.next() {
            match letter {
                '\\' => {
                    self.next();
                }
                letter if letter == quote || letter == '\n' => return,
                _ => {}
            }
        }
    }

    /// Skips a template up to its end or its next expression.
    fn skip_template(&mut self) {
        while let Some(letter) = self.next() {
            match letter {
                '\\' => {
                    self.next();
                }
                '`' => return,
                '$' if self.rest.peek() == Some(&'{') => {
                    self.next();
                    self.templates.push(self.depth);
                    return;
                }
                _ => {}
            }
        }
    }

    /// Reads a comment, a regular expression or a division.
    fn slash(&mut self, line: u32, column: u32) {
        self.next();
        match self.rest.peek().copied() {
            Some('/') => while self.next().is_some_and(|letter| letter != '\n') {},
            Some('*') => {
                self.next();
                let mut last = ' ';
                while let Some(letter) = self.next() {
                    if last == '*' && letter == '/' {
                        return;
                    }
                    last = letter;
                }
            }
            _ if self.expects_expression(line) => {
                self.skip_expression();
                self.push("", line, column);
            }
            _ => self.push("/", line, column),
        }
    }

    /// Whether what comes next begins an expression, and so a slash a regular expression.
    fn expects_expression(&self, line: u32) -> bool {
        let Some(last) = self.tokens.last() else {
            return true;
        };
        match last.text.as_str() {
            "" | ")" | "]" => false,
            "}" => last.line != line,
            word if word.starts_with(is_of_word) => BEFORE_EXPRESSION.contains(&word),
            _ => true,
        }
    }

    /// Skips the rest of a regular expression.
    fn skip_expression(&mut self) {
        let mut is_in_class = false;
        while let Some(letter) = self.next() {
            match letter {
                '\\' => {
                    self.next();
                }
                '[' => is_in_class = true,
                ']' => is_in_class = false,
                '/' if !is_in_class => return,
                '\n' => return,
                _ => {}
            }
        }
    }
}

fn is_of_word(letter: char) -> bool {
    letter == '_' || letter == '$' || letter.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> String {
        let words: Vec<String> = tokens(source).into_iter().map(|token| token.text).collect();
        words.join(" ").replace("  ", " ")
    }

    #[test]
    fn comments_texts_and_regular_expressions_hold_no_words() {
        for (source, expected) in [
            ("a // eval\n+ b", "a + b"),
            ("a /* eval\n */ b", "a b"),
            ("x = 'eval' + \"it's\" + `eval`", "x = + + "),
            (
                "x = `a ${ b({c: `d ${e}`}) } eval` + f",
                "x = b ( { c : e } ) + f",
            ),
            ("x = a / b / c", "x = a / b / c"),
            ("x = /eval[/'\"]/.test(y)", "x = . test ( y )"),
            ("return /eval/g", "return g"),
            ("f(x) / 2; /'/.test(z)", "f ( x ) / 2 ; . test ( z )"),
        ] {
            assert_eq!(words(source).trim(), expected.trim(), "{source}");
        }
    }

    #[test]
    fn a_token_knows_its_place() {
        let found = tokens("a\n  (bé, eval)");
        let eval = found.iter().find(|token| token.text == "eval").unwrap();
        assert_eq!((eval.line, eval.column, eval.depth), (2, 8, 1));
    }
}
