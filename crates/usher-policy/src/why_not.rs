//! What would have to be different for a policy to win: the fewest attributes to change.
//!
//! Every change that is offered has been tried: with it, [`run`](crate::run::run) picks the policy.
//! A change that puts another policy at fault is not offered.
//! The search follows what stands in the way: the first clause of the policy that does not hold,
//! then the policy above it that wins instead. It tries values that those policies mention.

mod domain;

use usher_model::id::PolicyId;
use usher_model::time::Timestamp;
use usher_model::value::Value;

use crate::attribute::{Attribute, Slot};
use crate::compile::clause::Clause;
use crate::compile::{Guards, PolicySet, State};
use crate::evaluate::{Scope, Verdict};
use crate::facts::{Fact, Facts, Stop};
use crate::fault::FaultCode;
use crate::run::{self, Decision, MatchedBy, PolicyFault, Step};
use domain::Domains;

/// Attributes that are changed at most.
const CHANGES_MAX: usize = 4;
/// Runs that one search may take.
const RUNS_MAX: usize = 10_000;
/// Times that one number of changes is tried: new values come up on the way.
const ROUNDS_MAX: usize = 3;

/// What would make a policy win.
#[derive(Clone, Debug, PartialEq)]
pub enum WhyNot<'s> {
    /// It wins already.
    AlreadyWins,
    /// It is switched off, so that no fact can make it win.
    Disabled,
    /// It has mistakes, so that no fact can make it win.
    Invalid(FaultCode),
    /// With these changes it wins, and with fewer of them no way was found.
    Change(Vec<Change<'s>>),
    /// No way was found.
    NotFound(NotFound),
}

/// One attribute that would have to be different.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<'s> {
    /// The attribute.
    pub attribute: &'s Attribute,
    /// Whether it was read: a function may not have been called, or may have failed.
    pub is_known: bool,
    /// Its value; null if it has none.
    pub from: Value,
    /// The value it would need; null if it would have to be absent.
    pub to: Value,
}

/// Why no change could be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// It depends on the time.
    Time,
    /// An expression stands in the way for which no value could be guessed.
    Expression,
    /// It would take too many changes, or there is no way at all.
    TooMany,
    /// The search took too long.
    Budget,
}

impl NotFound {
    /// Returns a lower-case fragment for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Time => "the policy depends on the time",
            Self::Expression => "no value was found for an expression",
            Self::TooMany => "no change of a few attributes makes the policy win",
            Self::Budget => "the search took too long",
        }
    }
}

/// Finds the fewest attributes whose change makes a policy win; `None` if the set has no such
/// policy.
///
/// Give it the facts with which a run was done. Facts that are still unread are taken for free to
/// choose, and none is asked for.
#[must_use]
pub fn why_not<'s>(
    set: &'s PolicySet,
    facts: &Facts<'_>,
    now: Timestamp,
    policy: &PolicyId,
) -> Option<WhyNot<'s>> {
    let position = set.position(policy)?;
    let entry = set.entries().get(position)?;
    let guards = match entry.state() {
        State::Disabled => return Some(WhyNot::Disabled),
        State::Invalid(_) => {
            let code = entry.fault_code().unwrap_or(FaultCode::Syntax);
            return Some(WhyNot::Invalid(code));
        }
        State::Enabled(guards) => *guards,
    };
    let mut search = Search {
        set,
        now,
        position,
        guards,
        goal: guards.root,
        facts: facts.clone(),
        changed: Vec::new(),
        domains: Domains::new(set.attributes().len()),
        runs_left: RUNS_MAX,
        faulty: Vec::new(),
        reason: NotFound::TooMany,
    };
    if let Step::Done(decision) = search.run() {
        if decision
            .outcome
            .is_ok_and(|winner| winner.position == position)
        {
            return Some(WhyNot::AlreadyWins);
        }
        search.faulty = decision.faults.iter().map(|fault| fault.position).collect();
    }
    Some(search.deepen(facts))
}

struct Search<'s, 'a> {
    set: &'s PolicySet,
    now: Timestamp,
    position: usize,
    guards: Guards,
    /// The guard of the policy that is to hold.
    goal: usize,
    facts: Facts<'a>,
    changed: Vec<Slot>,
    domains: Domains,
    runs_left: usize,
    /// The policies that are at fault as things are.
    faulty: Vec<usize>,
    reason: NotFound,
}

/// What keeps the policy from winning.
enum Obstacle<'s> {
    /// One of these clauses has to be answered in another way.
    Clauses(Vec<(&'s Clause, Wanted)>),
    /// An attribute has to be known, for an action or for a policy above.
    Know(Slot),
    /// Nothing can be done.
    Hopeless,
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    True,
    False,
    NoFault,
}

impl Wanted {
    fn is(self, answer: Result<bool, Stop>) -> bool {
        match self {
            Self::True => answer == Ok(true),
            Self::False => answer == Ok(false),
            Self::NoFault => answer.is_ok(),
        }
    }
}

impl<'s, 'a> Search<'s, 'a> {
    /// Tries one change, then two, and so on.
    fn deepen(mut self, base: &Facts<'a>) -> WhyNot<'s> {
        for index in self.guards.first..=self.guards.root {
            self.learn(index);
        }
        for count in 1..=CHANGES_MAX {
            for _ in 0..ROUNDS_MAX {
                let known = self.domains.len();
                for goal in (self.guards.first..=self.guards.root).rev() {
                    self.goal = goal;
                    if self.find(count) {
                        return WhyNot::Change(self.changes(base));
                    }
                }
                if self.runs_left == 0 {
                    return WhyNot::NotFound(NotFound::Budget);
                }
                if self.domains.len() == known {
                    break;
                }
            }
        }
        WhyNot::NotFound(self.reason)
    }

    fn changes(&self, base: &Facts<'a>) -> Vec<Change<'s>> {
        let changed = self.changed.iter().filter_map(|slot| {
            let before = base.fact(*slot);
            Some(Change {
                attribute: self.set.attribute(*slot)?,
                is_known: !matches!(before, Fact::Unread | Fact::Failed(_)),
                from: before.view().to_value(),
                to: self.facts.fact(*slot).view().to_value(),
            })
        });
        changed.collect()
    }

    fn run(&mut self) -> Step<Decision<'s>> {
        self.runs_left = self.runs_left.saturating_sub(1);
        run::run(self.set, &self.facts, self.now, None)
    }

    /// Makes the values known that a guard's clauses mention.
    fn learn(&mut self, guard: usize) {
        if let Some(guard) = self.set.guards().get(guard) {
            for clause in self.set.clauses(guard) {
                self.domains.learn(clause, &self.facts);
            }
        }
    }

    /// Looks for a way with at most `left` more changes.
    fn find(&mut self, left: usize) -> bool {
        if self.runs_left == 0 {
            return false;
        }
        let Some(obstacle) = self.obstacle() else {
            return true;
        };
        let clauses = match obstacle {
            Obstacle::Clauses(clauses) => clauses,
            Obstacle::Know(slot) => return self.know(slot, left),
            Obstacle::Hopeless => return false,
        };
        if left == 0 {
            return false;
        }
        for (clause, wanted) in clauses {
            let mut slots = Vec::new();
            clause.slots(&mut |slot| slots.push(slot));
            slots.sort_unstable();
            slots.dedup();
            if slots.is_empty() {
                self.reason = NotFound::Time;
            } else if matches!(clause, Clause::Tree(_)) && self.reason == NotFound::TooMany {
                self.reason = NotFound::Expression;
            }
            for slot in slots {
                if self.changed.contains(&slot) {
                    continue;
                }
                for value in self.domains.values(slot, self.facts.fact(slot)) {
                    if self.attempt(slot, value, left, |search| {
                        let scope = Scope::new(search.set, &search.facts, search.now);
                        let answer = scope.clause(clause);
                        // Of several attributes in a clause, more than one may have to change.
                        wanted.is(answer) || (left > 1 && search.has_more(clause))
                    }) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Returns whether a clause mentions an attribute that has not been changed.
    fn has_more(&self, clause: &Clause) -> bool {
        let mut has_more = false;
        clause.slots(&mut |slot| has_more |= !self.changed.contains(&slot));
        has_more
    }

    fn know(&mut self, slot: Slot, left: usize) -> bool {
        if left == 0 || self.changed.contains(&slot) {
            return false;
        }
        let mut values = self.domains.values(slot, self.facts.fact(slot));
        values.extend([
            Fact::Text("1".into()),
            Fact::Missing,
            Fact::Bool(true),
            Fact::Bool(false),
        ]);
        values
            .into_iter()
            .any(|value| self.attempt(slot, value, left, |_| true))
    }

    /// Changes an attribute and goes on, if that is promising; takes the change back otherwise.
    fn attempt(
        &mut self,
        slot: Slot,
        value: Fact<'static>,
        left: usize,
        is_promising: impl FnOnce(&Self) -> bool,
    ) -> bool {
        let before = self.facts.fact(slot).clone();
        if before == value {
            return false;
        }
        self.facts.set(slot, value);
        self.changed.push(slot);
        if is_promising(self) && self.find(left - 1) {
            return true;
        }
        self.changed.pop();
        self.facts.set(slot, before);
        false
    }

    /// Returns what stands in the way first; nothing if the policy wins.
    fn obstacle(&mut self) -> Option<Obstacle<'s>> {
        if let Some(obstacle) = self.own_obstacle() {
            return Some(obstacle);
        }
        let decision = match self.run() {
            Step::Done(decision) => decision,
            Step::Need(slot) => return Some(Obstacle::Know(slot)),
        };
        let winner = match decision.outcome {
            Ok(winner) if winner.position == self.position => {
                // A policy above must be passed over because it does not hold, not because the
                // change makes no sense to it.
                let is_new = |fault: &&PolicyFault| !self.faulty.contains(&fault.position);
                let fault = decision.faults.iter().find(is_new).copied();
                return fault.map(|fault| self.newly_faulty(fault.position));
            }
            Ok(winner) if winner.position < self.position => winner,
            _ => return Some(Obstacle::Hopeless),
        };
        let entry = self.set.entries().get(winner.position)?;
        let State::Enabled(guards) = entry.state() else {
            return Some(Obstacle::Hopeless);
        };
        let index = match winner.matched_by {
            MatchedBy::Root => guards.root,
            MatchedBy::Exception(exception) => guards.first + exception,
        };
        self.learn(index);
        let guard = self.set.guards().get(index)?;
        let mut clauses: Vec<&'s Clause> = self.set.clauses(guard).iter().collect();
        if guard.requires_root {
            self.learn(guards.root);
            let root = self.set.guards().get(guards.root)?;
            clauses.extend(self.set.clauses(root));
        }
        let broken = clauses.into_iter().map(|clause| (clause, Wanted::False));
        Some(Obstacle::Clauses(broken.collect()))
    }

    /// Returns what would undo the fault of a policy that a change put at fault.
    fn newly_faulty(&mut self, position: usize) -> Obstacle<'s> {
        let set = self.set;
        let entry = set.entries().get(position);
        let Some(State::Enabled(guards)) = entry.map(|entry| entry.state()) else {
            return Obstacle::Hopeless;
        };
        let mut clauses = Vec::new();
        for index in guards.first..=guards.root {
            self.learn(index);
            let scope = Scope::new(set, &self.facts, self.now);
            let Some(guard) = set.guards().get(index) else {
                continue;
            };
            let tested = set.clauses(guard).iter();
            match scope.guard(set.clauses(guard)) {
                Verdict::Stopped(at, _) => {
                    clauses.extend(
                        tested
                            .clone()
                            .skip(at)
                            .take(1)
                            .map(|clause| (clause, Wanted::NoFault)),
                    );
                    clauses.extend(tested.take(at).map(|clause| (clause, Wanted::False)));
                    break;
                }
                // What holds may lack something for its actions.
                Verdict::True => clauses.extend(tested.map(|clause| (clause, Wanted::False))),
                Verdict::False(_) => {}
            }
        }
        Obstacle::Clauses(clauses)
    }

    /// Returns what keeps the policy from holding, were it alone.
    fn own_obstacle(&self) -> Option<Obstacle<'s>> {
        let set = self.set;
        let scope = Scope::new(set, &self.facts, self.now);
        for index in self.guards.first..=self.goal {
            let guard = set.guards().get(index)?;
            let is_goal = index == self.goal;
            let mut clauses = set.clauses(guard);
            let mut verdict = scope.guard(clauses);
            if verdict == Verdict::True && guard.requires_root {
                clauses = set.clauses(set.guards().get(self.guards.root)?);
                verdict = scope.guard(clauses);
            }
            match verdict {
                Verdict::True => {
                    let plan = set.plan(index)?;
                    return match plan.fill(&self.facts) {
                        Ok(_) => None,
                        Err(Stop::Need(slot)) => Some(Obstacle::Know(slot)),
                        Err(Stop::Fault(fault)) => {
                            Some(match fault.slot.or(plan.missing(&self.facts)) {
                                Some(slot) => Obstacle::Know(slot),
                                None => Obstacle::Hopeless,
                            })
                        }
                    };
                }
                Verdict::False(at) if is_goal => {
                    return Some(Obstacle::Clauses(vec![(clauses.get(at)?, Wanted::True)]));
                }
                Verdict::False(_) => {}
                Verdict::Stopped(at, _) => {
                    let wanted = if is_goal {
                        Wanted::True
                    } else {
                        Wanted::NoFault
                    };
                    return Some(Obstacle::Clauses(vec![(clauses.get(at)?, wanted)]));
                }
            }
        }
        None
    }
}
