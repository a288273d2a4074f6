//! What was written, and where.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};
use usher_policy::diagnostic::nearest::nearest;

use super::{DEFAULT, Mistake};

/// What the names of our environment variables begin with.
const PREFIX: &str = "USHER__";

/// Where values may stand, the weakest first; the defaults are weaker still.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A configuration file.
    pub file: Option<PathBuf>,
    /// Names and values of the environment; those that are not ours are passed over.
    pub environment: Vec<(String, String)>,
    /// What the command line says: option, key, value.
    pub options: Vec<(&'static str, &'static str, String)>,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In `default.toml`.
    Default,
    /// In a file, at a line that counts from 1; 0 for the file as a whole.
    File(PathBuf, usize),
    /// In an environment variable.
    Environment(String),
    /// In an option on the command line.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, 0) => write!(f, "{}", path.display()),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Option(option) => f.write_str(option),
        }
    }
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A list of texts.
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", toml::Value::from(text.as_str())),
            Self::Integer(number) => write!(f, "{number}"),
            Self::List(items) => write!(f, "{}", toml::Value::from(items.clone())),
        }
    }
}

/// The value that counts for each key, and where it was written.
#[derive(Clone, Debug)]
pub struct Raw {
    entries: BTreeMap<String, (Value, Origin)>,
}

impl Raw {
    /// Reads the defaults and every source; a stronger source replaces a weaker one's values.
    ///
    /// A value that cannot be read is left out, with a mistake that says why.
    #[must_use]
    pub fn read(sources: &Sources) -> (Self, Vec<Mistake>) {
        let mut raw = Self {
            entries: BTreeMap::new(),
        };
        let mut mistakes = Vec::new();
        raw.read_text(DEFAULT, |_line| Origin::Default, true, &mut mistakes);
        if let Some(path) = &sources.file {
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    let origin = |line| Origin::File(path.clone(), line);
                    raw.read_text(&text, origin, false, &mut mistakes);
                }
                Err(error) => mistakes.push(Mistake {
                    origin: Origin::File(path.clone(), 0),
                    key: String::new(),
                    detail: format!("cannot read the file: {error}"),
                    help: None,
                }),
            }
        }
        for (name, text) in &sources.environment {
            if let Some(rest) = name.strip_prefix(PREFIX) {
                let key = rest.to_lowercase().replacen("__", ".", 1);
                raw.set_text(key, text, Origin::Environment(name.clone()), &mut mistakes);
            }
        }
        for (option, key, text) in &sources.options {
            raw.set_text(
                (*key).to_owned(),
                text,
                Origin::Option(option),
                &mut mistakes,
            );
        }
        (raw, mistakes)
    }

    /// Returns a key's value and where it was written.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&(Value, Origin)> {
        self.entries.get(key)
    }

    /// Returns every key with its value and where it was written, in the order of the keys.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value, &Origin)> {
        self.entries
            .iter()
            .map(|(key, (value, origin))| (key.as_str(), value, origin))
    }

    fn read_text(
        &mut self,
        text: &str,
        origin: impl Fn(usize) -> Origin,
        is_default: bool,
        mistakes: &mut Vec<Mistake>,
    ) {
        let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            mistakes.push(Mistake {
                origin: origin(error.span().map_or(0, |span| line(span.start))),
                key: String::new(),
                detail: error.message().to_owned(),
                help: None,
            });
        }
        let mut found = Vec::new();
        flatten("", table.get_ref(), &mut found);
        for (key, at, value) in found {
            let origin = origin(line(at));
            match value {
                Ok(value) if is_default => {
                    self.entries.insert(key, (value, origin));
                }
                Ok(value) => self.set(key, value, origin, mistakes),
                Err(detail) => mistakes.push(Mistake {
                    origin,
                    key,
                    detail,
                    help: None,
                }),
            }
        }
    }

    /// Sets a key that must exist to a value that must be of its type.
    fn set(&mut self, key: String, value: Value, origin: Origin, mistakes: &mut Vec<Mistake>) {
        let Some((present, _)) = self.entries.get(&key) else {
            mistakes.push(self.unknown(key, origin));
            return;
        };
        let expected = match (present, &value) {
            (Value::Text(_), Value::Text(_))
            | (Value::Integer(_), Value::Integer(_))
            | (Value::List(_), Value::List(_)) => {
                self.entries.insert(key, (value, origin));
                return;
            }
            (Value::Text(_), _) => "a text in quotes",
            (Value::Integer(_), _) => "a whole number",
            (Value::List(_), _) => "a list of texts",
        };
        let detail = format!("expected {expected}, found `{value}`");
        mistakes.push(Mistake {
            origin,
            key,
            detail,
            help: None,
        });
    }

    /// Sets a key to what an environment variable or an option says, which has no type of its own.
    fn set_text(&mut self, key: String, text: &str, origin: Origin, mistakes: &mut Vec<Mistake>) {
        let value = match self.entries.get(&key) {
            Some((Value::Integer(_), _)) => text
                .parse()
                .map_or_else(|_not_a_number| Value::Text(text.to_owned()), Value::Integer),
            Some((Value::List(_), _)) => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                Value::List(items.map(str::to_owned).collect())
            }
            Some((Value::Text(_), _)) | None => Value::Text(text.to_owned()),
        };
        self.set(key, value, origin, mistakes);
    }

    fn unknown(&self, key: String, origin: Origin) -> Mistake {
        let help = match nearest(&key, self.entries.keys().map(String::as_str)) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "`usher config default` lists every key".to_owned(),
        };
        Mistake {
            origin,
            key,
            detail: "expected a known key".to_owned(),
            help: Some(help),
        }
    }
}

type Found = (String, usize, Result<Value, String>);

fn flatten(prefix: &str, table: &DeTable<'_>, found: &mut Vec<Found>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        let at = name.span().start;
        let value = match value.get_ref() {
            DeValue::Table(table) => {
                flatten(&key, table, found);
                continue;
            }
            DeValue::String(text) => Ok(Value::Text(text.to_string())),
            DeValue::Integer(number) => {
                i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
                    .map(Value::Integer)
                    .map_err(|_too_large| {
                        format!("expected a whole number, found `{}`", number.as_str())
                    })
            }
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map(Value::List)
                .ok_or_else(|| "expected a list of texts".to_owned()),
            other @ (DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)) => {
                Err(format!(
                    "expected a text, a whole number or a list of texts, found a {}",
                    other.type_str()
                ))
            }
        };
        found.push((key, at, value));
    }
}
