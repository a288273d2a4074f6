//! The first policy whose guard holds, or the fact that has to be read before that can be said.

use std::sync::Arc;

use usher_model::id::PolicyId;
use usher_model::time::Timestamp;

use crate::action::{Plan, ResolvedAction};
use crate::attribute::Slot;
use crate::compile::{Entry, PolicySet, State};
use crate::document::Policy;
use crate::evaluate::{Scope, Verdict};
use crate::facts::{Facts, Stop};
use crate::fault::{Fault, FaultCode};

/// What a run comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<T> {
    /// It is done.
    Done(T),
    /// It cannot go on without this attribute: give the facts its value, or say that it failed, and
    /// run again.
    Need(Slot),
}

impl<T> Step<T> {
    /// Returns the result, if the run is done.
    #[must_use]
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(result) => Some(result),
            Self::Need(_) => None,
        }
    }
}

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<'s> {
    /// The policy that matched, or why none did.
    pub outcome: Result<Winner<'s>, NoMatch>,
    /// The policies before the winner that could not be decided, in order.
    pub faults: Vec<PolicyFault>,
}

/// The policy that matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Winner<'s> {
    /// Where it stands in the set.
    pub position: usize,
    /// The policy.
    pub policy: &'s Policy,
    /// Which of its guards held.
    pub matched_by: MatchedBy,
    /// What is to be done, in order; shared with the set where it depends on no fact.
    pub actions: Arc<[ResolvedAction]>,
    /// Whether facts stand in the actions.
    pub is_templated: bool,
}

/// Which guard of a policy held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// The policy's own.
    Root,
    /// That of the exception at this place.
    Exception(usize),
}

impl MatchedBy {
    /// Returns its name in the decision log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "ROOT",
            Self::Exception(_) => "EXCEPTION",
        }
    }
}

/// Why no policy matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMatch {
    /// None takes part.
    NoPoliciesEnabled,
    /// None of those that take part holds.
    NoMatchedRules,
}

impl NoMatch {
    /// Returns the reason's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPoliciesEnabled => "NO_POLICIES_ENABLED",
            Self::NoMatchedRules => "NO_MATCHED_RULES",
        }
    }
}

/// A policy that was passed over because it could not be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// Where it stands in the set.
    pub position: usize,
    /// Why.
    pub fault: Fault,
}

/// Finds the first enabled policy that holds at `now`; with `only`, no other one is tried.
///
/// The same arguments give the same answer. Facts that are [unread](crate::facts::Fact::Unread) are
/// asked for when a policy that is reached needs them, and only then.
#[must_use]
pub fn run<'s>(
    set: &'s PolicySet,
    facts: &Facts<'_>,
    now: Timestamp,
    only: Option<&PolicyId>,
) -> Step<Decision<'s>> {
    let mut run = Run {
        set,
        scope: Scope::new(set, facts, now),
        faults: Vec::new(),
    };
    let found = match only {
        None => run.all(),
        Some(id) => run.one(id),
    };
    match found {
        Ok(outcome) => Step::Done(Decision {
            outcome,
            faults: run.faults,
        }),
        Err(Need(slot)) => Step::Need(slot),
    }
}

/// The run has to wait for this attribute.
struct Need(Slot);

type Outcome<'s> = Result<Winner<'s>, NoMatch>;

struct Run<'s, 'e> {
    set: &'s PolicySet,
    scope: Scope<'e>,
    faults: Vec<PolicyFault>,
}

/// Where a run goes after one guard.
enum Moved<'s> {
    Won(Winner<'s>),
    To(usize),
}

impl<'s: 'e, 'e> Run<'s, 'e> {
    fn all(&mut self) -> Result<Outcome<'s>, Need> {
        let winner = match self.set.candidates(self.scope.facts) {
            None => self.between(0, self.set.guards().len())?,
            Some(candidates) => self.among(&candidates)?,
        };
        let end = winner.as_ref().map_or(usize::MAX, |winner| winner.position);
        add_invalid(self.set, end, &mut self.faults);
        Ok(winner.ok_or_else(|| no_match(self.set)))
    }

    /// Tries the guards that the index could not exclude, in order.
    fn among(&mut self, candidates: &[u32]) -> Result<Option<Winner<'s>>, Need> {
        let mut next = 0;
        for index in candidates {
            let index = usize::try_from(*index).unwrap_or(usize::MAX);
            if index < next {
                continue;
            }
            match self.step(index)? {
                Moved::Won(winner) => return Ok(Some(winner)),
                Moved::To(after) => next = after,
            }
        }
        Ok(None)
    }

    /// Tries guards in order.
    fn between(&mut self, first: usize, end: usize) -> Result<Option<Winner<'s>>, Need> {
        let mut index = first;
        while index < end {
            match self.step(index)? {
                Moved::Won(winner) => return Ok(Some(winner)),
                Moved::To(next) => index = next,
            }
        }
        Ok(None)
    }

    fn one(&mut self, id: &PolicyId) -> Result<Outcome<'s>, Need> {
        let position = self.set.position(id);
        let entry = position.and_then(|position| self.set.entries().get(position));
        let (Some(position), Some(entry)) = (position, entry) else {
            return Ok(Err(NoMatch::NoPoliciesEnabled));
        };
        match entry.state() {
            State::Disabled => return Ok(Err(NoMatch::NoPoliciesEnabled)),
            State::Invalid(_) => {
                let fault = invalid(self.set, position);
                self.faults.push(PolicyFault { position, fault });
            }
            State::Enabled(guards) => {
                if let Some(winner) = self.between(guards.first, guards.root + 1)? {
                    return Ok(Ok(winner));
                }
            }
        }
        Ok(Err(NoMatch::NoMatchedRules))
    }

    /// Tries one guard and says which one is next.
    fn step(&mut self, index: usize) -> Result<Moved<'s>, Need> {
        match try_guard(self.set, &self.scope, index) {
            Tried::Passed(_) => Ok(Moved::To(index + 1)),
            Tried::Won(winner) => Ok(Moved::Won(winner)),
            Tried::Stopped { stop, .. } => match stop {
                Stop::Need(slot) => Err(Need(slot)),
                Stop::Fault(fault) => {
                    let guard = self.set.guards().get(index);
                    let position = guard.map_or(0, |guard| guard.policy());
                    self.faults.push(PolicyFault { position, fault });
                    Ok(Moved::To(
                        index + guard.map_or(0, |guard| guard.before_root()) + 1,
                    ))
                }
            },
        }
    }
}

/// What became of one guard.
pub(crate) enum Tried<'s> {
    /// It holds, and its actions are resolved.
    Won(Winner<'s>),
    /// It does not hold because of this clause; of the root, if the exception requires that.
    Passed(usize),
    /// Its policy cannot be decided: because of a clause, or because of an action.
    Stopped { clause: Option<usize>, stop: Stop },
}

/// Tries one guard, and the root guard too if it is an exception that requires it.
pub(crate) fn try_guard<'s: 'e, 'e>(
    set: &'s PolicySet,
    scope: &Scope<'e>,
    index: usize,
) -> Tried<'s> {
    let Some(guard) = set.guards().get(index) else {
        return Tried::Passed(0);
    };
    match scope.guard(set.clauses(guard)) {
        Verdict::False(clause) => return Tried::Passed(clause),
        Verdict::Stopped(clause, stop) => {
            let clause = Some(clause);
            return Tried::Stopped { clause, stop };
        }
        Verdict::True => {}
    }
    if guard.requires_root
        && let Some(root) = set.guards().get(index + guard.before_root())
    {
        match scope.guard(set.clauses(root)) {
            Verdict::False(clause) => return Tried::Passed(clause),
            Verdict::Stopped(_, stop) => return Tried::Stopped { clause: None, stop },
            Verdict::True => {}
        }
    }
    match win(set, scope, index) {
        Ok(Some(winner)) => Tried::Won(winner),
        Ok(None) => Tried::Passed(0),
        Err(stop) => Tried::Stopped { clause: None, stop },
    }
}

fn win<'s>(
    set: &'s PolicySet,
    scope: &Scope<'_>,
    index: usize,
) -> Result<Option<Winner<'s>>, Stop> {
    // INVARIANT: a guard has a plan and belongs to an enabled policy of its set.
    let (Some(guard), Some(plan)) = (set.guards().get(index), set.plan(index)) else {
        return Ok(None);
    };
    let position = guard.policy();
    let Some(entry) = set.entries().get(position) else {
        return Ok(None);
    };
    let (actions, is_templated) = match plan {
        Plan::Ready(actions) => (Arc::clone(actions), false),
        Plan::Templated(_) => (plan.fill(scope.facts)?.into(), true),
    };
    let matched_by = guard
        .exception()
        .map_or(MatchedBy::Root, MatchedBy::Exception);
    Ok(Some(Winner {
        position,
        policy: entry.policy(),
        matched_by,
        actions,
        is_templated,
    }))
}

/// Merges the policies with mistakes into the faults of those that ran.
pub(crate) fn add_invalid(set: &PolicySet, end: usize, faults: &mut Vec<PolicyFault>) {
    let before = faults.len();
    let positions = set.invalid().iter().copied();
    for position in positions.take_while(|position| *position < end) {
        let fault = invalid(set, position);
        faults.push(PolicyFault { position, fault });
    }
    if faults.len() > before {
        faults.sort_by_key(|fault| fault.position);
    }
}

/// Returns why nothing matched when every policy was tried.
pub(crate) fn no_match(set: &PolicySet) -> NoMatch {
    if set.guards().is_empty() && set.invalid().is_empty() {
        NoMatch::NoPoliciesEnabled
    } else {
        NoMatch::NoMatchedRules
    }
}

/// Returns the fault of a policy that has mistakes.
fn invalid(set: &PolicySet, position: usize) -> Fault {
    let entry = set.entries().get(position);
    entry
        .and_then(Entry::fault_code)
        .unwrap_or(FaultCode::Syntax)
        .into()
}
