//! What `usher-nlu` promises, from outside.
#![expect(clippy::unwrap_used, reason = "test code")]

mod score_properties;
mod text_properties;
