//! Whole numbers that no number of ours can hold: they are refused before their digits are lost.

/// Digits of the largest number that is held exactly, `u64::MAX`.
const DIGITS_MAX: usize = 20;

/// Returns the first whole number in a JSON text that neither `i64` nor `u64` can hold.
pub(super) fn too_large(json: &[u8]) -> Option<&str> {
    // Almost no text has so many digits in a row, and one look in `DIGITS_MAX` finds those that have.
    let looks = json.iter().enumerate().step_by(DIGITS_MAX - 1);
    let mut digits = looks.filter(|(_, byte)| byte.is_ascii_digit());
    if !digits.any(|(position, _)| run_around(json, position) >= DIGITS_MAX - 1) {
        return None;
    }
    let mut rest = json;
    while let Some((first, others)) = rest.split_first() {
        rest = match first {
            b'"' => after_text(others),
            b'-' | b'0'..=b'9' => {
                let (number, others) = rest.split_at(length_of(rest, is_of_number));
                if let Ok(number) = std::str::from_utf8(number)
                    && number.bytes().skip(1).all(|byte| byte.is_ascii_digit())
                    && number.parse::<i64>().is_err()
                    && number.parse::<u64>().is_err()
                {
                    return Some(number);
                }
                others
            }
            _ => others,
        };
    }
    None
}

/// Returns how many digits there are in a row around a position.
fn run_around(json: &[u8], position: usize) -> usize {
    let (before, after) = json.split_at_checked(position).unwrap_or_default();
    let digits_before = before.iter().rev().take_while(|byte| byte.is_ascii_digit());
    digits_before.count() + length_of(after, |byte| byte.is_ascii_digit())
}

fn length_of(json: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    json.iter().take_while(|byte| is_part(**byte)).count()
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

/// Returns what follows the quote that ends a text.
fn after_text(mut json: &[u8]) -> &[u8] {
    while let Some((first, others)) = json.split_first() {
        json = match first {
            b'"' => return others,
            b'\\' => others.get(1..).unwrap_or_default(),
            _ => others,
        };
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_64_bits_hold_passes_and_one_more_does_not() {
        for held in [
            "9007199254740993",
            "-9223372036854775808",
            "18446744073709551615",
            "123456789012345678901234567890.5",
            "1e300",
            r#""12345678901234567890123 \" 12345678901234567890123""#,
            r#""\\", 1"#,
        ] {
            let json = format!(r#"{{"a": [{held}], "b": 0}}"#);
            assert_eq!(too_large(json.as_bytes()), None, "{held}");
        }
        for lost in [
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234567890",
        ] {
            for before in 0..40 {
                let json = format!(r#"{}{{"a\"": {{"b": {lost}}}}}"#, " ".repeat(before));
                assert_eq!(too_large(json.as_bytes()), Some(lost));
            }
        }
    }
}
