//! What the messages of one conversation add up to: its MCS, 0 to 100.
//!
//! With `s` the sentiment of a scored message and `w` its weight,
//!
//! ```text
//! MCS = round(50 + 50 · Σ w·s / Σ w)        w = 0.9 ^ (scored messages after it)
//! ```
//!
//! A conversation that sounds neutral scores 50. A message whose sentiment is unknown is left out as
//! if it had not been sent: it neither counts nor makes earlier ones older. Halves are rounded away
//! from zero, so 50.5 is 51. The formula is our own.

use crate::sentiment::Sentiment;

/// What one message later makes of a weight.
const DECAY: f64 = 0.9;

/// Steps per point to which a score is rounded before it becomes a whole number, so that a half
/// which binary fractions miss by a hair is a half.
const STEPS: f64 = 1e9;

/// The score of a conversation so far, as three numbers that each message carries on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Sum of the messages' sentiments, each times its weight.
    pub sum: f64,
    /// Sum of the weights.
    pub weight: f64,
    /// How many messages were scored.
    pub messages: u32,
}

impl Score {
    /// Returns the score with one more message.
    #[must_use]
    pub fn with(self, sentiment: Sentiment) -> Self {
        Self {
            sum: self.sum * DECAY + sentiment.value(),
            weight: self.weight * DECAY + 1.0,
            messages: self.messages.saturating_add(1),
        }
    }

    /// Returns the MCS, 0 to 100, or none while no message was scored.
    #[must_use]
    pub fn mcs(self) -> Option<u8> {
        if self.messages == 0 {
            return None;
        }
        let points = 50.0 + 50.0 * self.sum / self.weight;
        let points = ((points * STEPS).round() / STEPS).round().clamp(0.0, 100.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 100"
        )]
        let mcs = points as u8;
        Some(mcs)
    }
}

/// What one message adds to a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The message's share of all weight, 0 to 1.
    pub share: f64,
    /// The points by which it moves the score away from 50.
    pub points: f64,
}

/// Returns the part of each message in the score of all, in the order in which they were sent:
/// before rounding, 50 and the points of the parts are the score.
#[must_use]
pub fn parts(sentiments: &[Sentiment]) -> Vec<Part> {
    let weights = std::iter::successors(Some(1.0), |weight| Some(weight * DECAY));
    let total: f64 = weights.clone().take(sentiments.len()).sum();
    let mut parts: Vec<Part> = sentiments
        .iter()
        .rev()
        .zip(weights)
        .map(|(sentiment, weight)| Part {
            share: weight / total,
            points: 50.0 * sentiment.value() * weight / total,
        })
        .collect();
    parts.reverse();
    parts
}

/// Which way an MCS calls for attention, published as `alertedMCS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// 39 and below.
    Negative,
    /// 40 to 60.
    Neutral,
    /// 61 and above.
    Positive,
}

impl Alert {
    /// Returns the alert of an MCS.
    #[must_use]
    pub const fn of(mcs: u8) -> Self {
        match mcs {
            0..=39 => Self::Negative,
            40..=60 => Self::Neutral,
            61.. => Self::Positive,
        }
    }

    /// Returns -1, 0 or 1.
    #[must_use]
    pub const fn sign(self) -> i8 {
        match self {
            Self::Negative => -1,
            Self::Neutral => 0,
            Self::Positive => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentiments(values: &[f64]) -> Vec<Sentiment> {
        values
            .iter()
            .map(|value| Sentiment::new(*value).expect("a sentiment"))
            .collect()
    }

    fn score(values: &[f64]) -> Option<u8> {
        sentiments(values)
            .into_iter()
            .fold(Score::default(), Score::with)
            .mcs()
    }

    #[test]
    fn the_formula_by_hand() {
        for (values, expected) in [
            (&[][..], None),
            (&[0.0], Some(50)),
            (&[1.0], Some(100)),
            (&[-1.0], Some(0)),
            (&[0.8316], Some(92)),
            // (0.9 · -1 + 1) / 1.9 = 0.0526
            (&[-1.0, 1.0], Some(53)),
            (&[1.0, -1.0], Some(47)),
            // (0.81 · 0.5 + 0.9 · 0 - 0.5) / 2.71 = -0.0351
            (&[0.5, 0.0, -0.5], Some(48)),
            // A second neutral message pulls towards 50: 0.9 · 0.6 / 1.9 = 0.2842
            (&[0.6, 0.0], Some(64)),
        ] {
            assert_eq!(score(values), expected, "{values:?}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero_however_many_messages_make_them() {
        for count in 1..500 {
            assert_eq!(score(&vec![0.01; count]), Some(51), "{count}");
            assert_eq!(score(&vec![-0.01; count]), Some(50), "{count}");
            assert_eq!(score(&vec![0.0098; count]), Some(50), "{count}");
        }
    }

    #[test]
    fn a_score_that_was_damaged_on_disk_still_lies_within_bounds() {
        for (sum, weight) in [
            (9.0, 1.0),
            (-9.0, 1.0),
            (1.0, 0.0),
            (0.0, 0.0),
            (f64::NAN, 1.0),
        ] {
            let damaged = Score {
                sum,
                weight,
                messages: 1,
            };
            assert!(damaged.mcs().is_some_and(|mcs| mcs <= 100), "{damaged:?}");
        }
    }

    #[test]
    fn the_parts_name_each_message() {
        let parts = parts(&sentiments(&[0.5, -1.0]));
        let rounded: Vec<_> = parts
            .iter()
            .map(|part| (format!("{:.4}", part.share), format!("{:.2}", part.points)))
            .collect();
        let expected = [("0.4737", "11.84"), ("0.5263", "-26.32")];
        assert_eq!(rounded, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(score(&[0.5, -1.0]), Some(36));
        assert_eq!(super::parts(&[]), []);
    }

    #[test]
    fn an_alert_begins_where_published() {
        for (score, sign) in [
            (0, -1),
            (39, -1),
            (40, 0),
            (50, 0),
            (60, 0),
            (61, 1),
            (67, 1),
            (100, 1),
        ] {
            assert_eq!(Alert::of(score).sign(), sign, "{score}");
        }
    }
}
