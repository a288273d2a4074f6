//! What can be asked of the desk, what it answers, and what happened.

use std::sync::Arc;
use std::time::Duration;

use usher_model::id::{AgentId, ConversationId, OfferId, SkillId};
use usher_model::time::Timestamp;

use crate::eligible::Exclusion;
use crate::seat::{Seat, Status};
use crate::ticket::{Priority, Ticket};
use crate::why::Why;

/// What somebody wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A conversation starts: it is queued.
    Open {
        /// What is new; its state must be `Queued`.
        ticket: Ticket,
    },
    /// An agent takes the conversation that rings.
    Accept {
        /// Which conversation.
        conversation: ConversationId,
        /// Which offer.
        offer: OfferId,
        /// Who takes it.
        agent: AgentId,
    },
    /// An agent does not want the conversation that rings.
    Decline {
        /// Which conversation.
        conversation: ConversationId,
        /// Which offer.
        offer: OfferId,
        /// Who declines.
        agent: AgentId,
        /// Why, in the account's words.
        reason: Option<Arc<str>>,
    },
    /// A conversation goes to another skill or agent.
    Transfer(Transfer),
    /// An agent or a manager takes a conversation from wherever it is.
    TakeOver {
        /// Which conversation.
        conversation: ConversationId,
        /// Who takes it.
        agent: AgentId,
        /// Whether it goes beyond the agent's capacity.
        is_forced: bool,
    },
    /// A conversation goes back to the queue of its skill.
    Release {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// A conversation ends.
    Close {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// Something about a conversation changes that routing does not see: its row is written, and
    /// nobody else writes it meanwhile.
    Amend {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// The consumer wrote: the agent has to act. The row is written in any case.
    ConsumerWrote {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// The agent wrote: the consumer has to act. The row is written in any case.
    AgentWrote {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// A conversation gets another place among those that wait.
    SetBoost {
        /// Which conversation.
        conversation: ConversationId,
        /// What is added to its priority.
        boost: i8,
    },
    /// An agent says whether to get conversations.
    SetStatus {
        /// Who.
        agent: AgentId,
        /// What they say.
        status: Status,
        /// Why, in the account's words.
        reason: Option<Arc<str>>,
    },
}

/// A transfer that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Which conversation.
    pub conversation: ConversationId,
    /// To which agent, if that agent is available.
    pub agent: Option<AgentId>,
    /// To which skill; none means the conversation's own, and then the agent need not have it.
    pub skill: Option<SkillId>,
    /// How long the agent has to accept; none means the account's default.
    pub fallback: Option<Duration>,
    /// The agent or bot that asks, if it is one.
    pub by: Option<AgentId>,
    /// Names the offer, if the transfer makes one.
    pub offer: OfferId,
}

/// Rows as they shall be, and what that means: all of it is committed, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a change that is neither begun nor dropped on purpose is lost"]
pub struct Change {
    /// Conversations' rows.
    pub tickets: Vec<TicketWrite>,
    /// Agents' rows.
    pub seats: Vec<SeatWrite>,
    /// What happens, in order.
    pub happenings: Vec<Happening>,
    /// The agent on whose silence the change rests: read that agent's lease again before the
    /// commit, because a lease is renewed without a revision.
    pub rests_on_silence_of: Option<AgentId>,
}

/// A conversation's row as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketWrite {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The revision that the store must have; none if the row must be absent.
    pub expected: Option<u64>,
    /// The new value; none if the conversation is closed.
    pub after: Option<Ticket>,
}

/// An agent's row as it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatWrite {
    /// The revision that the store must have; none if the row must be absent.
    pub expected: Option<u64>,
    /// The new value.
    pub after: Seat,
}

/// One thing that happens to a conversation or an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A conversation waits in a queue for the first time.
    Queued {
        /// Which conversation.
        conversation: ConversationId,
        /// In whose queue.
        skill: Option<SkillId>,
    },
    /// A conversation rings.
    Offered {
        /// Which conversation.
        conversation: ConversationId,
        /// Names it.
        offer: OfferId,
        /// At whom.
        agent: AgentId,
        /// Until when.
        until: Timestamp,
        /// Why this agent.
        why: Why,
    },
    /// A conversation rings no longer.
    OfferEnded {
        /// Which conversation.
        conversation: ConversationId,
        /// Which offer.
        offer: OfferId,
        /// At whom it rang.
        agent: AgentId,
        /// Why it does not any more.
        reason: OfferEnd,
    },
    /// An agent has a conversation.
    Assigned {
        /// Which conversation.
        conversation: ConversationId,
        /// Who.
        agent: AgentId,
        /// The offer that was accepted, if there was one.
        offer: Option<OfferId>,
        /// In whose queue it was.
        skill: Option<SkillId>,
        /// How it had come there.
        priority: Priority,
        /// How long it waited.
        waited: Duration,
        /// Why this agent; none for an accepted offer, which says it, and for a take-over.
        why: Option<Why>,
    },
    /// A conversation came back to the queue.
    Requeued {
        /// Which conversation.
        conversation: ConversationId,
        /// In whose queue.
        skill: Option<SkillId>,
        /// From whom, if an agent had it.
        agent: Option<AgentId>,
        /// Why.
        reason: RequeueReason,
    },
    /// A conversation went to another skill or agent.
    Transferred {
        /// Which conversation.
        conversation: ConversationId,
        /// From which skill.
        from_skill: Option<SkillId>,
        /// From whom, if an agent had it.
        from_agent: Option<AgentId>,
        /// Who asked, if it was an agent.
        by: Option<AgentId>,
        /// What came of it.
        result: Transferred,
    },
    /// Further agents became candidates of a conversation.
    Relaxed {
        /// Which conversation.
        conversation: ConversationId,
        /// How many relaxations have been taken.
        relaxed: u8,
    },
    /// A conversation is no longer kept for one agent.
    SuggestionDropped {
        /// Which conversation.
        conversation: ConversationId,
        /// For whom it was kept.
        agent: AgentId,
        /// Why not any more.
        reason: DropReason,
    },
    /// A conversation got another place among those that wait.
    Boosted {
        /// Which conversation.
        conversation: ConversationId,
        /// What is added to its priority.
        boost: i8,
    },
    /// A conversation ended.
    Closed {
        /// Which conversation.
        conversation: ConversationId,
        /// Who had it, if anybody.
        agent: Option<AgentId>,
    },
    /// An agent said whether to get conversations.
    StatusChanged {
        /// Who.
        agent: AgentId,
        /// What they say.
        status: Status,
        /// Why, in the account's words.
        reason: Option<Arc<str>>,
    },
    /// An agent has been silent for too long.
    FellSilent {
        /// Who.
        agent: AgentId,
        /// When the lease ran out; none if there was none.
        since: Option<Timestamp>,
    },
}

/// Why an offer rings no longer without having been accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferEnd {
    /// The agent declined.
    Declined(Option<Arc<str>>),
    /// Nobody accepted in time.
    Expired,
    /// The agent is no longer a candidate.
    Excluded(Exclusion),
    /// The conversation was transferred.
    Transferred,
    /// Somebody took the conversation.
    TakenOver,
    /// The conversation went back to the queue by hand.
    Released,
    /// The conversation ended.
    Closed,
}

/// Why a conversation came back to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequeueReason {
    /// Its offer ended.
    OfferEnded,
    /// By hand.
    Released,
    /// Its agent has been silent for too long.
    AgentSilent,
    /// Its agent was disabled or removed.
    AgentDisabled,
    /// Its agent did not answer in time.
    NotAnswered,
}

/// Why a conversation is no longer kept for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The agent did not take it in time.
    Expired,
    /// The agent declined.
    Declined,
    /// The agent cannot have it any more.
    Excluded(Exclusion),
}

/// What came of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// To an agent or to a skill.
    pub outcome: TransferOutcome,
    /// Where the conversation is now.
    pub assignment: Assignment,
    /// In which skill.
    pub skill: Option<SkillId>,
    /// With or at whom.
    pub agent: Option<AgentId>,
    /// Why not the agent that was named.
    pub downgraded: Option<Downgrade>,
}

/// Whether a transfer went to an agent or to a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// To the agent that was named.
    Agent,
    /// To the skill.
    Skill,
    /// Somebody took the conversation over.
    TakeOver,
}

/// Where a transferred conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// An agent has it.
    Assigned,
    /// It rings at the agent.
    Suggested,
    /// It waits.
    Queued,
}

/// Why a transfer went to the skill and not to the agent that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downgrade {
    /// The agent is not there, or is disabled.
    Offline,
    /// The agent is there but takes no transfers.
    NotOnline,
    /// The agent does not have the skill that was named.
    NotSkilled,
    /// The agent has enough.
    AtCapacity,
}

/// A row of the desk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// A conversation's.
    Ticket(ConversationId),
    /// An agent's.
    Seat(AgentId),
}

/// Why a command changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The conversation is not open.
    #[error("expected an open conversation, found none called `{0}`")]
    NotOpen(ConversationId),
    /// A conversation of that name is open already.
    #[error("expected a new conversation, found `{0}` open")]
    AlreadyOpen(ConversationId),
    /// The conversation does not ring with that offer at that agent.
    #[error("expected an offer that rings, found one that was withdrawn, answered or replaced")]
    OfferGone,
    /// The offer was answered too late.
    #[error("expected an answer before {0}, when the offer ran out")]
    OfferExpired(Timestamp),
    /// An agent has the conversation.
    #[error("expected a conversation that nobody has, found it with `{0}`")]
    AlreadyAssigned(AgentId),
    /// Nobody has the conversation.
    #[error("expected a conversation that an agent has")]
    NotAssigned,
    /// The agent cannot have it.
    #[error("expected an agent who can have the conversation, found {0}")]
    Excluded(Exclusion),
    /// There is no such agent.
    #[error("expected an agent, found none called `{0}`")]
    UnknownAgent(AgentId),
    /// There is no such skill.
    #[error("expected a skill, found none called `{0}`")]
    UnknownSkill(SkillId),
    /// The skill is switched off.
    #[error("expected a skill that is enabled, found `{0}` disabled")]
    SkillDisabled(SkillId),
    /// The transfer names neither agent nor skill.
    #[error("expected an agent, a skill or both as the target of a transfer")]
    NoTarget,
    /// The conversation is there already.
    #[error("expected a target other than where the conversation is")]
    SameTarget,
    /// The skill is served only by the bot that asks.
    #[error("expected a skill that somebody else serves, found `{0}` served only by who asks")]
    Loop(SkillId),
    /// Conversations are in the skill.
    #[error("expected a skill without open conversations, found {0}")]
    SkillInUse(usize),
    /// A change of this row is under way: ask again when it is settled.
    #[error("expected a row at rest, found a change under way")]
    Busy(Row),
}
