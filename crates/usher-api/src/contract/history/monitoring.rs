//! What is known of where and on what a consumer writes: the conversation's attributes of these names.

use serde::Serialize;
use usher_app::conversations::{Conversation, Device};
use usher_model::value::Value;
use utoipa::ToSchema;

/// What stands where nothing is known.
pub(super) const NOT_KNOWN: &str = "NA";

/// Where and on what the consumer writes; what is not known is left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryMonitoring)]
pub(super) struct Monitoring {
    /// The name of the country.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// Its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<String>,
    /// The name of the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// The name of the city.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    /// Who provides the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    isp: Option<String>,
    /// Whose network it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    /// `DESKTOP`, `TABLET`, `MOBILE` or `NA`.
    device: &'static str,
    /// The address.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<String>,
    /// The browser, or the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    /// What the device runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    operating_system: Option<String>,
    /// The page on which the conversation began.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_start_page: Option<String>,
    /// What that is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_start_page_title: Option<String>,
}

impl Monitoring {
    pub(super) fn of(conversation: &Conversation) -> Self {
        let told = |name| told(conversation, name);
        Self {
            country: told("country"),
            country_code: told("countryCode"),
            state: told("state"),
            city: told("city"),
            isp: told("isp"),
            org: told("org"),
            device: device(conversation),
            ip_address: told("ipAddress"),
            browser: told("browser"),
            operating_system: told("operatingSystem"),
            conversation_start_page: told("conversationStartPage"),
            conversation_start_page_title: told("conversationStartPageTitle"),
        }
    }
}

/// Returns what a conversation's attributes tell, if it is text.
pub(super) fn told(conversation: &Conversation, name: &str) -> Option<String> {
    let told = conversation.attributes.get(name).and_then(Value::as_str);
    told.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Returns on what the consumer writes.
pub(super) fn device(conversation: &Conversation) -> &'static str {
    Device::of(conversation).map_or(NOT_KNOWN, Device::as_str)
}
