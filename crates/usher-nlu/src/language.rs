//! Which language a message is in.
//!
//! The detector always answers and never says how sure it is, and on one or two words it is often
//! wrong. So a short message keeps the language that its conversation is known to be in.

use std::fmt;

use whichlang::Lang;

/// Words below which a message says nothing about its language.
const WORDS_MIN: usize = 3;

/// Characters of a message that are read: more make no answer better.
const CHARS_MAX: usize = 1_000;

macro_rules! languages {
    ($($language:ident, $code:literal, $detected:ident;)*) => {
        /// A language that can be told apart from the others.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Language {
            $(#[doc = concat!("`", $code, "`")] $language,)*
        }

        impl Language {
            /// Every language, by code.
            pub const ALL: &[Self] = &[$(Self::$language,)*];

            /// Returns the language's code in ISO 639-1.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$language => $code,)*
                }
            }
        }

        impl From<Lang> for Language {
            fn from(detected: Lang) -> Self {
                match detected {
                    $(Lang::$detected => Self::$language,)*
                }
            }
        }
    };
}

languages! {
    Arabic, "ar", Ara;
    German, "de", Deu;
    English, "en", Eng;
    Spanish, "es", Spa;
    French, "fr", Fra;
    Hindi, "hi", Hin;
    Italian, "it", Ita;
    Japanese, "ja", Jpn;
    Korean, "ko", Kor;
    Dutch, "nl", Nld;
    Portuguese, "pt", Por;
    Russian, "ru", Rus;
    Swedish, "sv", Swe;
    Turkish, "tr", Tur;
    Vietnamese, "vi", Vie;
    Chinese, "zh", Cmn;
}

impl Language {
    /// Returns the language of a tag such as `en` or `pt-BR`, whatever its region, or none if it is
    /// not among those that can be told apart.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let code = tag.split(['-', '_']).next()?;
        Self::ALL
            .iter()
            .copied()
            .find(|language| language.code().eq_ignore_ascii_case(code))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Returns the language of `text`, or `known` if it has fewer than three words.
///
/// `known` is the language of the conversation so far, or else the account's.
#[must_use]
pub fn identify(text: &str, known: Language) -> Language {
    let text = crate::opening(text, CHARS_MAX);
    if words(text).take(WORDS_MIN).count() < WORDS_MIN {
        return known;
    }
    whichlang::detect_language(text).into()
}

/// Yields one item for each word: a stretch between blanks that holds a letter, and in scripts
/// without blanks each letter.
fn words(text: &str) -> impl Iterator<Item = ()> {
    text.split_whitespace().flat_map(|stretch| {
        let unspaced = stretch
            .chars()
            .filter(|letter| is_unspaced(*letter))
            .count();
        let spaced = stretch
            .chars()
            .any(|letter| letter.is_alphabetic() && !is_unspaced(letter));
        std::iter::repeat_n((), unspaced + usize::from(spaced))
    })
}

/// Whether the letter belongs to Chinese or Japanese, which put no blanks between words.
const fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{3040}'..='\u{30ff}' // Hiragana and katakana.
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' // Ideographs.
        | '\u{ff66}'..='\u{ff9f}') // Halfwidth katakana.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_tells_its_language() {
        for (text, language) in [
            ("Where is the parcel I ordered last week?", "en"),
            ("Wo bleibt das Paket, das ich bestellt habe?", "de"),
            ("Où est le colis que j'ai commandé ?", "fr"),
            ("¿Dónde está el paquete que pedí la semana pasada?", "es"),
            ("Onde está a encomenda que fiz na semana passada?", "pt"),
            ("Dov'è il pacco che ho ordinato la settimana scorsa?", "it"),
            ("Waar blijft het pakket dat ik heb besteld?", "nl"),
            ("Где моя посылка, которую я заказал?", "ru"),
            ("أين الطرد الذي طلبته الأسبوع الماضي؟", "ar"),
            ("先週注文した荷物はどこですか", "ja"),
            ("我上周订的包裹在哪里", "zh"),
            ("지난주에 주문한 소포가 어디 있나요?", "ko"),
        ] {
            for known in [Language::English, Language::German] {
                assert_eq!(identify(text, known).code(), language, "{text}");
            }
        }
    }

    #[test]
    fn below_three_words_the_known_language_stays() {
        for text in [
            "",
            "   ",
            "hello",
            "hello there",
            "danke schön",
            "是的",
            "4711 0815 2342 9000",
            "?! … --",
            "😀😀😀 😡",
            "https://example.com/where-is-my-parcel",
        ] {
            for known in [Language::French, Language::Japanese] {
                assert_eq!(identify(text, known), known, "{text}");
            }
        }
        assert_eq!(
            identify("hello there, friend", Language::French),
            Language::English
        );
        assert_eq!(identify("好的吗", Language::French), Language::Chinese);
    }

    #[test]
    fn only_the_opening_is_read() {
        let opening = "where is my parcel ".repeat(53);
        assert!(opening.chars().count() > CHARS_MAX);
        let text = opening + &"wo ist mein Paket ".repeat(10_000);
        assert_eq!(identify(&text, Language::French), Language::English);
        // Three words that begin too late are no words.
        let late = " ".repeat(CHARS_MAX) + "wo ist mein Paket";
        assert_eq!(identify(&late, Language::French), Language::French);
    }

    #[test]
    fn a_tag_names_a_language_whatever_its_region() {
        for language in Language::ALL {
            assert_eq!(Language::parse(language.code()), Some(*language));
        }
        assert_eq!(Language::parse("pt-BR"), Some(Language::Portuguese));
        assert_eq!(Language::parse("EN_us"), Some(Language::English));
        for unknown in ["", "pl", "eng", "-en", "e"] {
            assert_eq!(Language::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_codes_are_sorted_and_differ() {
        let codes: Vec<_> = Language::ALL
            .iter()
            .map(|language| language.code())
            .collect();
        assert!(codes.is_sorted_by(|one, next| one < next));
        assert_eq!(codes.len(), whichlang::LANGUAGES.len());
    }
}
