//! The last agent: consumers who come back soon are offered to the agent who helped well.
//!
//! The decision itself is `usher_routing::last_agent`; this reads and writes what it needs.

use std::time::Duration;

use usher_routing::last_agent::settings::NoticeSettings;
use usher_routing::last_agent::{MissingMcs, Settings};
use usher_routing::seat::Status;
use usher_store::record::floor::AgentStatus;
use usher_store::record::settings::{self as kept, LastAgentSettings, NoticeChannel};

/// Returns an account's settings as the decision reads them.
pub(crate) fn settings(kept: &LastAgentSettings) -> Settings {
    let notice = &kept.notice;
    let has = |channel| notice.channels.contains(&channel);
    Settings {
        is_enabled: kept.is_enabled,
        disabled_skills: Vec::new(),
        mcs_threshold: kept.mcs_threshold,
        mcs_missing: match kept.mcs_missing {
            kept::MissingMcs::Skill => MissingMcs::Skill,
            kept::MissingMcs::Agent => MissingMcs::Agent,
        },
        time_frame: Duration::from_secs(kept.time_frame_seconds),
        ttl: Duration::from_secs(kept.ttl_seconds),
        suggest_timeout: Duration::from_secs(kept.suggest_timeout_seconds.into()),
        available_statuses: kept.available_statuses.iter().map(status).collect(),
        notice: NoticeSettings {
            same_agent: notice.same_agent,
            same_skill: notice.same_skill,
            in_widget: has(NoticeChannel::Widget),
            as_private_message: has(NoticeChannel::PrivateMessage),
            shows_agent_name: notice.shows_agent_name,
            shows_mcs: notice.shows_mcs,
        },
    }
}

const fn status(status: &AgentStatus) -> Status {
    match status {
        AgentStatus::Online => Status::Online,
        AgentStatus::Occupied => Status::Occupied,
        AgentStatus::Away => Status::Away,
        AgentStatus::Offline => Status::Offline,
    }
}
