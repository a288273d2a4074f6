//! `[security]`: tokens and browsers.

use std::time::Duration;

use super::reader::Reader;

/// Tokens and browsers.
#[derive(Clone, Debug)]
pub struct Security {
    /// Life of a token.
    pub token_ttl: Duration,
    /// Origins whose pages may call this server.
    pub cors_origins: Vec<String>,
}

impl Security {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let key = "security.cors_origins";
        let cors_origins = reader.list(key);
        for origin in cors_origins {
            if !is_origin(origin) {
                reader.mistake(
                    key,
                    format!(
                        "expected origins such as `https://desk.example.com`, found `{origin}`"
                    ),
                );
            }
        }
        Self {
            token_ttl: reader.seconds("security.token_ttl_seconds", 60..=30 * 86_400),
            cors_origins: cors_origins.to_vec(),
        }
    }
}

/// A scheme and a host, perhaps a port: no path, and no `*`, which would open the API to every page.
pub(super) fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c))
    })
}
