//! How one message sounds.
//!
//! A [`Scorer`] answers with a number or not at all: what it cannot judge is unknown, which is not
//! the same as neutral.

use std::fmt;
use std::sync::LazyLock;

use vader_parity::SentimentIntensityAnalyzer;

use crate::language::Language;

/// Characters of a message that are read: some 350 words, well below a millisecond.
const CHARS_MAX: usize = 2_000;

/// How a message sounds: from -1, as bad as can be, over 0, neutral, to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Sentiment(f64);

impl Sentiment {
    /// Returns the sentiment of that value, or none outside -1 to 1.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (-1.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// Returns the number between -1 and 1.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

/// What gives a message its sentiment.
pub trait Scorer: fmt::Debug + Send + Sync {
    /// Returns the name by which an account chooses this scorer.
    fn name(&self) -> &'static str;

    /// Returns how `text` sounds, or none if that cannot be said.
    ///
    /// The same text in the same language always sounds the same, and any text is answered in time
    /// linear in its length.
    fn score(&self, text: &str, language: Language) -> Option<Sentiment>;
}

/// Every scorer, the default first.
pub static SCORERS: [&dyn Scorer; 2] = [&Vader, &Unscored];

/// Returns the scorer of that name.
#[must_use]
pub fn scorer(name: &str) -> Option<&'static dyn Scorer> {
    SCORERS.into_iter().find(|scorer| scorer.name() == name)
}

/// The lexicon and rules of VADER (Hutto and Gilbert, 2014), for English.
#[derive(Debug)]
pub struct Vader;

/// The lexicon, read from the executable once, by the first message that is scored.
static LEXICON: LazyLock<SentimentIntensityAnalyzer> =
    LazyLock::new(SentimentIntensityAnalyzer::new);

impl Scorer for Vader {
    fn name(&self) -> &'static str {
        "VADER"
    }

    fn score(&self, text: &str, language: Language) -> Option<Sentiment> {
        if language != Language::English {
            return None;
        }
        let text = crate::opening(text, CHARS_MAX);
        let compound = LEXICON.polarity_scores(text).compound;
        // An order number says nothing, `:-)` does.
        let says_something = compound != 0.0 || text.chars().any(char::is_alphabetic);
        says_something.then(|| Sentiment::new(compound)).flatten()
    }
}

/// Scores nothing: conversations of the account have no score.
#[derive(Debug)]
pub struct Unscored;

impl Scorer for Unscored {
    fn name(&self) -> &'static str {
        "NONE"
    }

    fn score(&self, _text: &str, _language: Language) -> Option<Sentiment> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vader(text: &str) -> Option<f64> {
        Vader.score(text, Language::English).map(Sentiment::value)
    }

    #[test]
    fn vader_scores_as_published() {
        for (text, compound) in [
            ("VADER is smart, handsome, and funny.", 0.8316),
            ("VADER is smart, handsome, and funny!", 0.8439),
            ("VADER is not smart, handsome, nor funny.", -0.7424),
            ("Today SUX!", -0.5461),
            ("The book was good.", 0.4404),
            ("Shall I book you this house?", 0.0),
            (":) and :D", 0.7925),
            ("😢", -0.4767),
        ] {
            assert_eq!(vader(text), Some(compound), "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_unknown_and_not_neutral() {
        for text in ["", " \n\t", "4711", "?", "…", "🛒", "+49 30 901820"] {
            assert_eq!(vader(text), None, "{text}");
        }
        assert_eq!(vader("It is Tuesday."), Some(0.0));
        assert_eq!(vader(":-)"), Some(0.3182));
    }

    #[test]
    fn other_languages_are_unknown() {
        for language in Language::ALL {
            let score = Vader.score("This is great, thank you!", *language);
            assert_eq!(
                score.is_some(),
                *language == Language::English,
                "{language}"
            );
        }
    }

    #[test]
    fn only_the_opening_is_read() {
        let filler = "the ".repeat(CHARS_MAX / 4);
        assert_eq!(vader(&(filler + "wonderful")), Some(0.0));
    }

    #[test]
    fn a_scorer_goes_by_its_name() {
        for known in SCORERS {
            assert_eq!(scorer(known.name()).map(Scorer::name), Some(known.name()));
        }
        assert!(scorer("vader").is_none());
        assert_eq!(SCORERS[0].name(), "VADER");
        assert_eq!(Unscored.score("Great!", Language::English), None);
    }

    #[test]
    fn a_sentiment_lies_between_minus_one_and_one() {
        for value in [-1.0, -0.0, 0.25, 1.0] {
            assert_eq!(Sentiment::new(value).map(Sentiment::value), Some(value));
        }
        for value in [
            -1.000_1,
            1.000_1,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            assert_eq!(Sentiment::new(value), None, "{value}");
        }
    }
}
