//! Every id type, in one registry, and the source that mints them.
//!
//! *Minted* ids are UUID version 7 made by an [`IdSource`]; *given* ids come from outside and are
//! bounded opaque text. Ids of two types never compare.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits;
use crate::time::{Clock, Timestamp};

/// Text that cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ParseIdError {
    expected: String,
    found: String,
}

/// Which characters a given id may have; none of them may be a control character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Characters {
    /// Whatever another platform calls its own.
    Any,
    /// No white space at the ends, so that two ids that look the same are the same.
    Trimmed,
    /// Also nothing that separates words in paths, keys and files.
    Word,
}

impl Characters {
    /// Returns what is wrong with a text that is not empty.
    fn fault_of(self, text: &str) -> Option<&'static str> {
        let is_separator = |character| matches!(character, '/' | ':' | '\\');
        if text.chars().any(char::is_control) {
            return Some("a control character");
        }
        if self != Self::Any && text.trim() != text {
            return Some("white space at an end");
        }
        if self == Self::Word && text.chars().any(is_separator) {
            return Some("`/`, `:` or `\\`");
        }
        (self == Self::Word && matches!(text, "." | "..")).then_some("only dots")
    }
}

fn parse_given(kind: &str, characters: Characters, text: &str) -> Result<Arc<str>, ParseIdError> {
    let length = text.chars().count();
    let expected = || format!("{kind} of 1 to {} characters", limits::GIVEN_ID_CHARS_MAX);
    if length == 0 || length > limits::GIVEN_ID_CHARS_MAX {
        return Err(ParseIdError {
            expected: expected(),
            found: format!("{length} characters"),
        });
    }
    if let Some(fault) = characters.fault_of(text) {
        return Err(ParseIdError {
            expected: format!("{} without {fault}", expected()),
            found: format!("{text:?}"),
        });
    }
    Ok(Arc::from(text))
}

macro_rules! given_ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $characters:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text's length and characters.
            ///
            /// # Errors
            /// Fails if the text is empty, too long, or holds a character that may not be there.
            pub fn parse(text: &str) -> Result<Self, ParseIdError> {
                parse_given($kind, Characters::$characters, text).map(Self)
            }

            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

macro_rules! minted_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// Mints an id that is unique and later than those minted before.
            #[must_use]
            pub fn mint(source: &IdSource) -> Self {
                Self(source.mint(source.now()))
            }

            /// Mints an id for an instant that was read from the clock before.
            #[must_use]
            pub fn mint_at(source: &IdSource, now: Timestamp) -> Self {
                Self(source.mint(now))
            }

            /// Returns an id that no id minted at the instant or later is less than.
            #[must_use]
            pub fn first_at(instant: Timestamp) -> Self {
                let milliseconds = u64::try_from(instant.milliseconds()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(milliseconds, &[0; 10]).into_uuid())
            }

            /// Returns the instant for which the id was minted. It lies ahead of the clock where the
            /// clock stood still for thousands of ids, or went backwards.
            #[must_use]
            pub fn minted_at(self) -> Timestamp {
                let milliseconds = (self.0.as_u128() >> 80).try_into().unwrap_or(i64::MAX);
                Timestamp::from_milliseconds(milliseconds)
            }

            /// Returns the id's usual form in lower case, without memory of its own: `text` has it.
            #[must_use]
            pub fn encode(self, text: &mut [u8; 36]) -> &str {
                self.0.hyphenated().encode_lower(text)
            }

            /// Reads a UUID in its usual form.
            ///
            /// # Errors
            /// Fails if the text is not a UUID.
            pub fn parse(text: &str) -> Result<Self, ParseIdError> {
                uuid::Uuid::try_parse(text).map(Self).map_err(|_not_a_uuid| ParseIdError {
                    expected: "a UUID".to_owned(),
                    found: format!("`{}`", text.chars().take(64).collect::<String>()),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.encode(&mut [0; 36]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

given_ids! {
    /// A tenant: every key of the store begins with it.
    AccountId, "an account id", Word;
    /// An agent, human or bot.
    AgentId, "an agent id", Trimmed;
    /// What the sender calls a message, so that sending it twice makes one.
    ClientMessageId, "a client message id", Any;
    /// A consumer, as the brand or the messaging platform names it.
    ConsumerId, "a consumer id", Any;
    /// A conversation, here or on another platform.
    ConversationId, "a conversation id", Any;
    /// A part of a conversation; that of the main one equals the conversation's.
    DialogId, "a dialog id", Any;
    /// A place on a site or in an app where conversations begin.
    EngagementId, "an engagement id", Trimmed;
    /// A group of agents.
    GroupId, "a group id", Trimmed;
    /// Who takes part in a conversation: a consumer, an agent or a bot.
    ParticipantId, "a participant id", Any;
    /// A policy: minted here, or kept from an imported file.
    PolicyId, "a policy id", Trimmed;
    /// The session of a context document.
    SessionId, "a session id", Any;
    /// A skill.
    SkillId, "a skill id", Trimmed;
    /// Someone who signs in, or a credential that acts.
    UserId, "a user id", Trimmed;
}

minted_ids! {
    /// One entry of the audit log.
    AuditId;
    /// One credential.
    CredentialId;
    /// One event that could not be delivered.
    DeadLetterId;
    /// One run of the policies; the contracts call it `nextActionId`.
    DecisionId;
    /// One function; the contracts call it a lambda's `uuid`.
    FunctionId;
    /// One message of a conversation.
    MessageId;
    /// One process that serves, from its start to its end.
    NodeId;
    /// One offer of a conversation to an agent.
    OfferId;
    /// One request, as logs and error bodies name it.
    RequestId;
    /// One place where events are sent.
    WebhookId;
}

/// Mints ids from a clock and a seeded generator.
///
/// Ids minted by one source sort in the order of minting, also when the clock stands still or goes
/// backwards.
#[derive(Clone)]
pub struct IdSource(Arc<SourceState>);

struct SourceState {
    clock: Arc<dyn Clock>,
    // Guards the last millisecond used and the generator; held for nanoseconds.
    last: Mutex<LastMinted>,
}

struct LastMinted {
    milliseconds: u64,
    /// Counts within one millisecond, in the 12 bits that UUID version 7 leaves for it.
    counter: u16,
    generator: StdRng,
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdSource").finish_non_exhaustive()
    }
}

impl IdSource {
    /// Returns a source that is seeded with `seed`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, seed: [u8; 32]) -> Self {
        let generator = StdRng::from_seed(seed);
        let last = Mutex::new(LastMinted {
            milliseconds: 0,
            counter: 0,
            generator,
        });
        Self(Arc::new(SourceState { clock, last }))
    }

    /// Fills a secret: 32 bytes from the generator.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        use rand::Rng as _;
        let mut secret = [0; 32];
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.generator.fill_bytes(&mut secret);
        secret
    }

    /// Returns a random part of a time to wait, so that those who ran into each other do not do so
    /// again.
    #[must_use]
    pub fn jitter(&self, whole: Duration) -> Duration {
        use rand::RngExt as _;
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        whole.mul_f64(last.generator.random_range(0.0..1.0))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn mint(&self, now: Timestamp) -> uuid::Uuid {
        use rand::Rng as _;
        let now = u64::try_from(now.milliseconds()).unwrap_or(0);
        let mut random = [0_u8; 10];
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if now > last.milliseconds {
            last.milliseconds = now;
            last.counter = 0;
        } else {
            last.counter += 1;
            if last.counter > 0x0fff {
                last.milliseconds += 1;
                last.counter = 0;
            }
        }
        last.generator.fill_bytes(&mut random);
        // The 12 bits after the version hold the counter, the rest is random.
        let [high, low] = last.counter.to_be_bytes();
        let [first, second, ..] = &mut random;
        (*first, *second) = (high, low);
        uuid::Builder::from_unix_timestamp_millis(last.milliseconds, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    fn source(clock: &Arc<ManualClock>) -> IdSource {
        IdSource::new(Arc::clone(clock) as Arc<dyn Clock>, [7; 32])
    }

    #[test]
    fn minted_ids_sort_in_order_even_when_the_clock_goes_backwards() {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_milliseconds(
            1_000,
        )));
        let ids = source(&clock);
        let mut minted: Vec<DecisionId> = (0..5_000).map(|_| DecisionId::mint(&ids)).collect();
        clock.set(Timestamp::EPOCH);
        minted.extend((0..5_000).map(|_| DecisionId::mint(&ids)));
        assert!(minted.is_sorted_by(|earlier, later| earlier < later));
    }

    #[test]
    fn an_id_tells_when_it_was_minted() {
        let start = Timestamp::parse("2026-05-04T10:00:00.123Z").unwrap();
        let clock = Arc::new(ManualClock::starting_at(start));
        let ids = source(&clock);
        let id = DecisionId::mint(&ids);
        assert_eq!(id.minted_at(), start);
        assert!(DecisionId::first_at(start) <= id);
        let later = start.plus(Duration::from_millis(1));
        assert!(id < DecisionId::first_at(later));
        assert_eq!(DecisionId::mint_at(&ids, later).minted_at(), later);
    }

    #[test]
    fn the_same_seed_and_clock_mint_the_same_ids() {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_milliseconds(
            1_000,
        )));
        assert_eq!(
            DecisionId::mint(&source(&clock)),
            DecisionId::mint(&source(&clock))
        );
    }

    #[test]
    fn jitter_is_a_part_of_the_whole_and_not_always_the_same() {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::EPOCH));
        let ids = source(&clock);
        let whole = Duration::from_millis(100);
        let parts: Vec<Duration> = (0..100).map(|_| ids.jitter(whole)).collect();
        assert!(parts.iter().all(|part| *part < whole));
        assert!(parts.iter().any(|part| *part > whole / 2));
        assert!(parts.iter().any(|part| *part < whole / 2));
        assert_eq!(ids.jitter(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn a_given_id_is_bounded_and_printable() {
        assert_eq!(AccountId::parse("acc1").unwrap().as_str(), "acc1");
        assert!(AccountId::parse("").is_err());
        for wrong in [
            "a\nb", "../x", "a:b", "a\\b", " ", "a ", "\u{a0}a", ".", "..",
        ] {
            assert!(AccountId::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(AccountId::parse("a.b-c_d ä").is_ok());
        assert!(SkillId::parse(" sales").is_err());
        assert!(SkillId::parse("sales/emea:1").is_ok());
        assert!(ConsumerId::parse(" whatsapp:+49/30 ").is_ok());
        assert!(ConsumerId::parse("a\tb").is_err());
        assert!(AccountId::parse(&"ä".repeat(limits::GIVEN_ID_CHARS_MAX)).is_ok());
        let error = AccountId::parse(&"x".repeat(limits::GIVEN_ID_CHARS_MAX + 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected an account id of 1 to 256 characters, found 257 characters"
        );
        let error = AccountId::parse("../x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected an account id of 1 to 256 characters without `/`, `:` or `\\`, found \"../x\""
        );
    }
}
