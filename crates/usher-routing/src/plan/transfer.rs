//! To another skill or agent, and into somebody's hands.

use usher_model::id::{AgentId, ConversationId, SkillId};
use usher_model::time::Timestamp;

use super::Draft;
use crate::command::{
    Assignment, Downgrade, Happening, OfferEnd, Refusal, Transfer, TransferOutcome, Transferred,
};
use crate::desk::SeatEntry;
use crate::eligible::{Exclusion, Reach};
use crate::seat::Kind;
use crate::ticket::{Priority, State, Suggestion, Ticket};

impl Draft<'_> {
    pub(super) fn transfer(&mut self, transfer: &Transfer) -> Result<(), Refusal> {
        let mut ticket = self.ticket(&transfer.conversation)?;
        self.check_target(transfer, &ticket)?;
        let downgraded = transfer
            .agent
            .as_ref()
            .and_then(|agent| self.downgrade(agent, transfer));
        let agent = transfer.agent.clone().filter(|_| downgraded.is_none());
        let skill = transfer.skill.clone().or_else(|| ticket.skill.clone());
        if agent.is_none() {
            self.check_loop(transfer, &ticket, skill.as_ref())?;
        }
        let (from_skill, from_agent) = (ticket.skill.clone(), ticket.assignee().cloned());

        self.detach(&mut ticket, OfferEnd::Transferred)?;
        self.enter_queue(&mut ticket);
        if transfer.skill.is_some() {
            ticket.skill.clone_from(&skill);
        }
        ticket.waiting_since = self.now;
        ticket.suggestion = None;
        ticket.skips.clear();
        if let Some(by) = transfer.by.as_ref().or(from_agent.as_ref()) {
            self.skip_giver(&mut ticket, by);
        }

        let assignment = match &agent {
            None => Assignment::Queued,
            Some(agent) if self.accepts_at_once(&ticket, agent) => Assignment::Assigned,
            Some(_) => Assignment::Suggested,
        };
        let result = Transferred {
            outcome: if agent.is_some() {
                TransferOutcome::Agent
            } else {
                TransferOutcome::Skill
            },
            assignment,
            skill,
            agent: agent.clone(),
            downgraded,
        };
        self.happens(Happening::Transferred {
            conversation: transfer.conversation.clone(),
            from_skill,
            from_agent,
            by: transfer.by.clone(),
            result,
        });
        match agent {
            None => {
                self.put(ticket);
                Ok(())
            }
            Some(agent) => self.suggest(ticket, &agent, transfer),
        }
    }

    /// Hands the conversation to the agent whom the transfer names.
    fn suggest(
        &mut self,
        mut ticket: Ticket,
        agent: &AgentId,
        transfer: &Transfer,
    ) -> Result<(), Refusal> {
        let fallback = transfer.fallback.unwrap_or(self.desk.account.suggestion);
        ticket.priority = Priority::TransferToAgent;
        ticket.skips.retain(|skip| skip.agent != *agent);
        ticket.suggestion = Some(Suggestion {
            agent: agent.clone(),
            until: self.now.plus(fallback),
            is_any_skill: transfer.skill.is_none(),
        });
        let why = self.desk.why(&ticket, agent, self.now);
        self.hand(ticket, agent, transfer.offer, why)
    }

    fn check_target(&self, transfer: &Transfer, ticket: &Ticket) -> Result<(), Refusal> {
        if let Some(skill) = &transfer.skill {
            let rules = self.desk.skill(Some(skill)).rules.as_ref();
            let rules = rules.ok_or_else(|| Refusal::UnknownSkill(skill.clone()))?;
            if !rules.is_enabled {
                return Err(Refusal::SkillDisabled(skill.clone()));
            }
        }
        let is_same_skill = transfer.skill.is_none() || transfer.skill == ticket.skill;
        match &transfer.agent {
            None if transfer.skill.is_none() => Err(Refusal::NoTarget),
            None if is_same_skill && ticket.is_queued() => Err(Refusal::SameTarget),
            None => Ok(()),
            Some(agent) => {
                let known = self.desk.seats.get(agent);
                if known.is_none_or(|seat| seat.profile.is_none()) {
                    return Err(Refusal::UnknownAgent(agent.clone()));
                }
                if is_same_skill && ticket.assignee() == Some(agent) {
                    return Err(Refusal::SameTarget);
                }
                Ok(())
            }
        }
    }

    /// Returns why the agent that a transfer names cannot have the conversation.
    fn downgrade(&self, agent: &AgentId, transfer: &Transfer) -> Option<Downgrade> {
        let seat = self.desk.seats.get(agent)?;
        let own = Some(&transfer.conversation);
        match self.desk.reach(seat, own, self.now) {
            Reach::None(Exclusion::AtCapacity(_)) if !self.is_skilled(seat, transfer) => {
                Some(Downgrade::NotSkilled)
            }
            Reach::None(Exclusion::AtCapacity(_)) => Some(Downgrade::AtCapacity),
            Reach::None(Exclusion::Away) => Some(Downgrade::NotOnline),
            Reach::None(_) => Some(Downgrade::Offline),
            Reach::All | Reach::Transfers => {
                (!self.is_skilled(seat, transfer)).then_some(Downgrade::NotSkilled)
            }
        }
    }

    fn is_skilled(&self, seat: &SeatEntry, transfer: &Transfer) -> bool {
        let skill = self.desk.skills.slot(transfer.skill.as_ref());
        transfer.skill.is_none() || seat.proficiency(skill).is_some()
    }

    /// Refuses a skill that is served only by the bot that asks: nobody else would come.
    fn check_loop(
        &self,
        transfer: &Transfer,
        ticket: &Ticket,
        skill: Option<&SkillId>,
    ) -> Result<(), Refusal> {
        let (Some(by), Some(skill)) = (transfer.by.as_ref().or(ticket.assignee()), skill) else {
            return Ok(());
        };
        if self.is_bot(by) && self.is_served_only_by(skill, by) {
            return Err(Refusal::Loop(skill.clone()));
        }
        Ok(())
    }

    fn is_served_only_by(&self, skill: &SkillId, agent: &AgentId) -> bool {
        let is_enabled = |agent: &&AgentId| {
            let seat = self.desk.seats.get(*agent);
            let profile = seat.and_then(|seat| seat.profile.as_deref());
            profile.is_some_and(|profile| profile.is_enabled)
        };
        let agents = self.desk.skill(Some(skill)).agents.iter();
        let mut serving = agents.filter(is_enabled);
        serving.next() == Some(agent) && serving.next().is_none()
    }

    fn is_bot(&self, agent: &AgentId) -> bool {
        let seat = self.desk.seats.get(agent);
        let profile = seat.and_then(|seat| seat.profile.as_deref());
        profile.is_some_and(|profile| profile.kind != Kind::Human)
    }

    /// Keeps a conversation from coming straight back to who gave it away: to a bot not at all while
    /// it waits, unless nobody else serves its skill.
    fn skip_giver(&self, ticket: &mut Ticket, giver: &AgentId) {
        let skill = ticket.skill.as_ref();
        let until = if !self.is_bot(giver) {
            self.now.plus(self.desk.account.skip)
        } else if skill.is_some_and(|skill| self.is_served_only_by(skill, giver)) {
            return;
        } else {
            Timestamp::from_milliseconds(i64::MAX)
        };
        ticket.skip(giver, until, self.now);
    }

    fn accepts_at_once(&self, ticket: &Ticket, agent: &AgentId) -> bool {
        let seat = self.desk.seats.get(agent);
        let rules = self.desk.rules(ticket.skill.as_ref());
        rules.is_auto_accepted || seat.is_some_and(SeatEntry::is_hosted_bot)
    }

    pub(super) fn take_over(
        &mut self,
        conversation: &ConversationId,
        agent: AgentId,
        is_forced: bool,
    ) -> Result<(), Refusal> {
        let mut ticket = self.ticket(conversation)?;
        let seat = self.desk.seats.get(&agent);
        let seat = seat
            .filter(|seat| seat.profile.is_some() && !seat.is_hosted_bot())
            .ok_or_else(|| Refusal::UnknownAgent(agent.clone()))?;
        if ticket.assignee() == Some(&agent) {
            return Err(Refusal::AlreadyAssigned(agent));
        }
        if self.desk.reach(seat, None, self.now) == Reach::None(Exclusion::Disabled) {
            return Err(Refusal::Excluded(Exclusion::Disabled));
        }
        let load = self.desk.load(seat, Some(conversation), self.now);
        if load.is_full() && !is_forced {
            return Err(Refusal::Excluded(Exclusion::AtCapacity(load)));
        }
        let (from_skill, from_agent) = (ticket.skill.clone(), ticket.assignee().cloned());
        let is_transfer = from_agent.is_some();
        self.detach(&mut ticket, OfferEnd::TakenOver)?;
        if is_transfer {
            self.enter_queue(&mut ticket);
        }
        debug_assert_eq!(ticket.state, State::Queued);
        self.happens(Happening::Transferred {
            conversation: conversation.clone(),
            from_skill: from_skill.clone(),
            from_agent,
            by: Some(agent.clone()),
            result: Transferred {
                outcome: TransferOutcome::TakeOver,
                assignment: Assignment::Assigned,
                skill: from_skill,
                agent: Some(agent.clone()),
                downgraded: None,
            },
        });
        self.assign(&mut ticket, &agent, None, None)?;
        self.put(ticket);
        Ok(())
    }
}
