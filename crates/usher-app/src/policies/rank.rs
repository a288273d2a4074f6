//! Ranks: texts that sort the policies of an account, with room between any two.
//!
//! A rank is a whole part of eight base-62 digits and, where two neighbours leave no room, a
//! fraction of more digits that never ends in `0`. So moving one policy rewrites one policy, and
//! adding at the end never makes ranks longer.

/// The digits, in the order of their bytes.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: u64 = 62;
const WHOLE_DIGITS: usize = 8;
/// The middle of what the whole part can hold: the first rank of all.
const MIDDLE: u64 = BASE.pow(8) / 2;
/// How far apart neighbours are put at first.
const STEP: u64 = 1 << 16;

/// Returns a rank after `below` and before `above`; nothing stands for the list's ends.
#[must_use]
pub(super) fn between(below: Option<&str>, above: Option<&str>) -> String {
    match (below, above) {
        (None, None) => write(MIDDLE, &[]),
        (Some(below), None) => write(read(below).0.saturating_add(STEP), &[]),
        (None, Some(above)) => write(read(above).0.saturating_sub(STEP), &[]),
        (Some(below), Some(above)) => {
            let ((low, low_fraction), (high, high_fraction)) = (read(below), read(above));
            if high - low.min(high) > 1 {
                return write(low + (high - low) / 2, &[]);
            }
            // No whole number is left: count on within the lower one's fraction, up to the upper
            // one's if they share the whole part.
            let upper = (high == low).then_some(high_fraction);
            write(low, &fraction_between(&low_fraction, upper.as_deref()))
        }
    }
}

/// Returns the shortest digits above `low` and below `high`; no `high` means one.
fn fraction_between(low: &[u64], high: Option<&[u64]>) -> Vec<u64> {
    let mut digits = Vec::new();
    let mut high = high;
    for position in 0.. {
        let low_digit = low.get(position).copied().unwrap_or(0);
        let high_digit = high.map_or(BASE, |high| high.get(position).copied().unwrap_or(0));
        if high_digit > low_digit + 1 {
            digits.push(low_digit + (high_digit - low_digit) / 2);
            break;
        }
        digits.push(low_digit);
        if high_digit > low_digit {
            // From here on any digits stay below `high`.
            high = None;
        }
    }
    digits
}

fn read(rank: &str) -> (u64, Vec<u64>) {
    let digit = |byte: &u8| {
        let position = DIGITS.iter().position(|digit| digit == byte).unwrap_or(0);
        u64::try_from(position).unwrap_or(0)
    };
    let bytes = rank.as_bytes();
    let (whole, fraction) = bytes.split_at(WHOLE_DIGITS.min(bytes.len()));
    let whole = whole
        .iter()
        .fold(0, |whole, byte| whole * BASE + digit(byte));
    (whole, fraction.iter().map(digit).collect())
}

fn write(whole: u64, fraction: &[u64]) -> String {
    let mut digits = Vec::with_capacity(WHOLE_DIGITS + fraction.len());
    let mut rest = whole;
    for _ in 0..WHOLE_DIGITS {
        digits.push(rest % BASE);
        rest /= BASE;
    }
    digits.reverse();
    digits.extend(fraction);
    let digit = |digit: &u64| {
        let position = usize::try_from(*digit).unwrap_or(0);
        char::from(DIGITS.get(position).copied().unwrap_or(b'0'))
    };
    digits.iter().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_at_the_end_stay_short() {
        let mut ranks = vec![between(None, None)];
        for _ in 0..20_000 {
            ranks.push(between(ranks.last().map(String::as_str), None));
        }
        assert!(ranks.is_sorted_by(|lower, upper| lower < upper));
        assert!(ranks.iter().all(|rank| rank.len() == WHOLE_DIGITS));
        assert!(between(None, ranks.first().map(String::as_str)) < ranks[0]);
    }

    #[test]
    fn there_is_always_room_between_two() {
        let (mut low, mut high) = (between(None, None), between(None, None));
        high = between(Some(&high), None);
        for step in 0..2_000 {
            let middle = between(Some(&low), Some(&high));
            assert!(low < middle && middle < high, "{low} {middle} {high}");
            assert!(middle.len() == WHOLE_DIGITS || !middle.ends_with('0'));
            if step % 3 == 0 {
                low = middle
            } else {
                high = middle
            }
        }
        // Squeezing from one side only costs a digit every few moves.
        assert!(low.len() < 600, "{}", low.len());
    }
}
