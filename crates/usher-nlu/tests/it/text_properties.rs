//! Any text is answered, and only so much of it is read.

use proptest::prelude::*;
use usher_nlu::language::{Language, identify};
use usher_nlu::sentiment::{SCORERS, Scorer, Vader};

/// Characters after which nothing is read any more, by any function of the crate.
const READ_CHARS_MAX: usize = 2_000;

fn language() -> impl Strategy<Value = Language> {
    prop::sample::select(Language::ALL)
}

/// Texts of what the rules look at, and of anything.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "but",
            "not",
            "never so",
            "at least",
            "kind of",
            "NO",
            "the shit",
            "good",
            "HORRIBLE",
            "n't",
            ":)",
            ":-(",
            "!!!",
            "???",
            "😀",
            "😡",
            "👩‍👩‍👧",
            "好",
            "の",
            "ß",
            "İ",
            "\u{0}",
            "\u{301}",
            "\u{200d}",
            "\u{feff}",
            " ",
            "\n",
            "4711",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_answered_and_always_alike(text in text(), language in language()) {
        prop_assert_eq!(identify(&text, language), identify(&text, language));
        for scorer in SCORERS {
            let sentiment = scorer.score(&text, language);
            prop_assert_eq!(sentiment, scorer.score(&text, language));
            if let Some(sentiment) = sentiment {
                prop_assert!((-1.0..=1.0).contains(&sentiment.value()));
            }
        }
    }

    #[test]
    fn what_follows_the_opening_changes_nothing(piece in text(), tail in text()) {
        prop_assume!(!piece.is_empty());
        let opening: String = piece.chars().cycle().take(READ_CHARS_MAX).collect();
        let longer = format!("{opening}{tail}");
        let known = Language::English;
        prop_assert_eq!(identify(&opening, known), identify(&longer, known));
        prop_assert_eq!(Vader.score(&opening, known), Vader.score(&longer, known));
    }
}

#[test]
fn a_hostile_text_is_answered() {
    for piece in [
        "but ",
        "never so ",
        "😀",
        "a",
        "!",
        "\u{301}",
        " ",
        "n't",
        "好",
        "é ",
        "\0",
    ] {
        let text = piece.repeat(1_000_000);
        let language = identify(&text, Language::English);
        assert_eq!(language, identify(&text, Language::English));
        let sentiment = Vader.score(&text, Language::English);
        assert!(
            sentiment.is_none_or(|s| s.value().abs() <= 1.0),
            "{piece:?}"
        );
    }
}
