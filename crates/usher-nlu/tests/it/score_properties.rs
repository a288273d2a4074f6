//! The running score against the formula written out.

use proptest::prelude::*;
use usher_nlu::score::{Alert, Score, parts};
use usher_nlu::sentiment::Sentiment;

/// Sentiments with four decimals, as scorers give them.
fn sentiments() -> impl Strategy<Value = Vec<Sentiment>> {
    let sentiment = (-10_000..=10_000).prop_map(|value| {
        let value = f64::from(value) / 10_000.0;
        Sentiment::new(value).unwrap()
    });
    prop::collection::vec(sentiment, 0..200)
}

fn score(sentiments: &[Sentiment]) -> Score {
    sentiments
        .iter()
        .copied()
        .fold(Score::default(), Score::with)
}

/// The formula as the contract writes it, over all messages at once, before rounding.
fn formula(sentiments: &[Sentiment]) -> f64 {
    let weight = |index: usize| 0.9_f64.powi(i32::try_from(sentiments.len() - 1 - index).unwrap());
    let all = || sentiments.iter().enumerate();
    let sum: f64 = all().map(|(index, s)| weight(index) * s.value()).sum();
    let total: f64 = all().map(|(index, _)| weight(index)).sum();
    50.0 + 50.0 * sum / total
}

proptest! {
    #[test]
    fn message_by_message_is_the_formula(sentiments in sentiments()) {
        let value = score(&sentiments).mcs();
        if sentiments.is_empty() {
            prop_assert_eq!(value, None);
        } else {
            let exact = formula(&sentiments);
            let distance = (f64::from(value.unwrap()) - exact).abs();
            prop_assert!(distance <= 0.5 + 1e-9, "{:?} for {}", value, exact);
        }
    }

    #[test]
    fn the_parts_add_up(sentiments in sentiments()) {
        prop_assume!(!sentiments.is_empty());
        let parts = parts(&sentiments);
        prop_assert_eq!(parts.len(), sentiments.len());
        let share: f64 = parts.iter().map(|part| part.share).sum();
        let points: f64 = parts.iter().map(|part| part.points).sum();
        prop_assert!((share - 1.0).abs() < 1e-9);
        prop_assert!((50.0 + points - formula(&sentiments)).abs() < 1e-9);
        prop_assert!(parts.windows(2).all(|pair| matches!(pair, [a, b] if a.share < b.share)));
    }

    #[test]
    fn a_score_lies_between_0_and_100_and_follows_its_last_message(
        sentiments in sentiments(),
        low in -10_000..=10_000,
        rise in 0..=20_000,
    ) {
        let sentiment = |value: i32| Sentiment::new(f64::from(value.min(10_000)) / 10_000.0).unwrap();
        let before = score(&sentiments);
        let worse = before.with(sentiment(low)).mcs().unwrap();
        let better = before.with(sentiment(low + rise)).mcs().unwrap();
        prop_assert!(worse <= better && better <= 100);
        prop_assert!(Alert::of(worse).sign() <= Alert::of(better).sign());
    }
}
