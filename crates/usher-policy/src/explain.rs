//! Why a run came out as it did: for every policy, what decided it.
//!
//! An explanation is made in one pass over the policies and keeps no values: it borrows the facts,
//! and looks them up when it is shown.

pub mod render;

use usher_model::id::PolicyId;
use usher_model::time::Timestamp;

use crate::compile::{PolicySet, State};
use crate::evaluate::{Scope, Verdict};
use crate::facts::{Facts, Stop};
use crate::fault::Fault;
use crate::run::{self, Decision, PolicyFault, Step, Tried};

/// What became of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It matched, and its actions are those of the decision.
    True,
    /// Its guard does not hold.
    False,
    /// It could not run.
    Error,
    /// It is wrongly configured.
    Invalid,
    /// It is switched off.
    Disabled,
    /// A policy before it matched.
    NotReached,
}

impl Status {
    /// Returns the status' name in the decision log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "TRUE",
            Self::False => "FALSE",
            Self::Error => "ERROR",
            Self::Invalid => "INVALID",
            Self::Disabled => "DISABLED",
            Self::NotReached => "NOT_REACHED",
        }
    }

    const fn of(fault: Fault) -> Self {
        if fault.code.is_error() {
            Self::Error
        } else {
            Self::Invalid
        }
    }
}

/// One policy's line: what became of it, and through what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) status: Status,
    /// The guard that decided.
    guard: u32,
    /// The clause of it that decided; `u32::MAX` if that was an action.
    clause: u32,
}

impl Line {
    pub(crate) const fn blank(status: Status) -> Self {
        Self {
            status,
            guard: u32::MAX,
            clause: u32::MAX,
        }
    }

    fn decided(status: Status, guard: usize, clause: Option<usize>) -> Self {
        let narrow = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        Self {
            status,
            guard: narrow(guard),
            clause: clause.map_or(u32::MAX, narrow),
        }
    }
}

/// Which part of a policy decided what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A condition of the guard, or an operand of the outermost `and` of its expression.
    Clause {
        /// The exception, or `None` for the policy's own guard.
        exception: Option<usize>,
        /// Its place in the guard.
        index: usize,
    },
    /// An action, or the guard that an exception requires.
    Actions {
        /// The exception, or `None` for the policy's own actions.
        exception: Option<usize>,
    },
}

/// The account of one run.
#[derive(Debug)]
pub struct Explanation<'e> {
    decision: Decision<'e>,
    lines: Vec<Line>,
    scope: Scope<'e>,
}

/// Runs the policies as [`run`](crate::run::run) does, and keeps what became of each.
///
/// It needs exactly the facts that the run needs.
#[must_use]
pub fn explain<'e>(
    set: &'e PolicySet,
    facts: &'e Facts<'e>,
    now: Timestamp,
    only: Option<&PolicyId>,
) -> Step<Explanation<'e>> {
    if only.is_some() {
        return explain_one(set, facts, now, only);
    }
    let scope = Scope::new(set, facts, now);
    let mut lines = set.lines().to_vec();
    let mut faults = Vec::new();
    let mut winner = None;
    let mut index = 0;
    while let Some(guard) = set.guards().get(index) {
        let position = guard.policy();
        let line = match run::try_guard(set, &scope, index) {
            Tried::Won(won) => {
                winner = Some(won);
                Line::decided(Status::True, index, None)
            }
            Tried::Passed(clause) => Line::decided(Status::False, index, Some(clause)),
            Tried::Stopped { stop, clause } => match stop {
                Stop::Need(slot) => return Step::Need(slot),
                Stop::Fault(fault) => {
                    faults.push(PolicyFault { position, fault });
                    index += guard.before_root();
                    Line::decided(Status::of(fault), index - guard.before_root(), clause)
                }
            },
        };
        if let Some(place) = lines.get_mut(position) {
            *place = line;
        }
        if winner.is_some() {
            for below in lines.get_mut(position + 1..).unwrap_or_default() {
                *below = Line::blank(Status::NotReached);
            }
            break;
        }
        index += 1;
    }
    let end = winner.as_ref().map_or(usize::MAX, |winner| winner.position);
    run::add_invalid(set, end, &mut faults);
    let outcome = winner.ok_or_else(|| run::no_match(set));
    Step::Done(Explanation {
        decision: Decision { outcome, faults },
        lines,
        scope,
    })
}

/// Explains a run that tried one policy only: the others were not reached.
fn explain_one<'e>(
    set: &'e PolicySet,
    facts: &'e Facts<'e>,
    now: Timestamp,
    only: Option<&PolicyId>,
) -> Step<Explanation<'e>> {
    let decision = match run::run(set, facts, now, only) {
        Step::Done(decision) => decision,
        Step::Need(slot) => return Step::Need(slot),
    };
    let scope = Scope::new(set, facts, now);
    let mut lines = vec![Line::blank(Status::NotReached); set.entries().len()];
    let position = only.and_then(|id| set.position(id));
    if let Some((position, place)) =
        position.and_then(|position| Some((position, lines.get_mut(position)?)))
    {
        *place = line_of(set, &scope, position);
    }
    Step::Done(Explanation {
        decision,
        lines,
        scope,
    })
}

fn line_of<'e>(set: &'e PolicySet, scope: &Scope<'e>, position: usize) -> Line {
    let blank = set.lines().get(position).copied();
    let blank = blank.unwrap_or(Line::blank(Status::NotReached));
    let Some(State::Enabled(guards)) = set.entries().get(position).map(|entry| entry.state())
    else {
        return blank;
    };
    let mut line = blank;
    for index in guards.first..=guards.root {
        line = match run::try_guard(set, scope, index) {
            Tried::Won(_) => return Line::decided(Status::True, index, None),
            Tried::Passed(clause) => Line::decided(Status::False, index, Some(clause)),
            Tried::Stopped {
                stop: Stop::Fault(fault),
                clause,
            } => return Line::decided(Status::of(fault), index, clause),
            Tried::Stopped {
                stop: Stop::Need(_),
                ..
            } => return blank,
        };
    }
    line
}

impl<'e> Explanation<'e> {
    /// Returns the decision that is explained.
    #[must_use]
    pub const fn decision(&self) -> &Decision<'e> {
        &self.decision
    }

    /// Returns the policies that took part.
    #[must_use]
    pub const fn set(&self) -> &'e PolicySet {
        self.scope.set
    }

    /// Returns what became of the policy at a place; of none beyond the last.
    #[must_use]
    pub fn status(&self, position: usize) -> Option<Status> {
        self.lines.get(position).map(|line| line.status)
    }

    /// Returns what became of each policy, in order.
    pub fn statuses(&self) -> impl Iterator<Item = Status> {
        self.lines.iter().map(|line| line.status)
    }

    /// Returns the part of a policy that excluded it or made it faulty; nothing if it matched or
    /// was not tried.
    ///
    /// A policy that does not hold is excluded by its own guard: its exceptions did not hold either.
    #[must_use]
    pub fn decided_by(&self, position: usize) -> Option<Part> {
        let line = self.lines.get(position)?;
        if !matches!(line.status, Status::False | Status::Error | Status::Invalid) {
            return None;
        }
        let State::Enabled(guards) = self.set().entries().get(position)?.state() else {
            return None;
        };
        let guard = usize::try_from(line.guard).ok()?;
        let exception = (guard != guards.root).then(|| guard.saturating_sub(guards.first));
        Some(if line.clause == u32::MAX {
            Part::Actions { exception }
        } else {
            let index = usize::try_from(line.clause).ok()?;
            Part::Clause { exception, index }
        })
    }

    /// Returns why a policy could not be decided, if so.
    #[must_use]
    pub fn fault(&self, position: usize) -> Option<Fault> {
        let faults = &self.decision.faults;
        let index = faults.binary_search_by_key(&position, |fault| fault.position);
        faults.get(index.ok()?).map(|fault| fault.fault)
    }

    pub(crate) fn scope(&self) -> &Scope<'e> {
        &self.scope
    }

    /// Returns what a guard says, if the run came to it.
    pub(crate) fn verdict(&self, position: usize, guard: usize) -> Option<Verdict> {
        let line = self.lines.get(position)?;
        let is_tried = matches!(
            line.status,
            Status::True | Status::False | Status::Error | Status::Invalid
        );
        let decisive = usize::try_from(line.guard).ok()?;
        let guards = self.set().guards();
        let required = guards
            .get(decisive)
            .filter(|guard| guard.requires_root)
            .map(|guard| guard.before_root());
        // An exception that requires the root has evaluated it, if it holds itself.
        let is_required = required.is_some_and(|before_root| {
            decisive + before_root == guard
                && guards.get(decisive).is_some_and(|guard| {
                    self.scope.guard(self.set().clauses(guard)) == Verdict::True
                })
        });
        if !is_tried || (guard > decisive && !is_required) {
            return None;
        }
        let guard = guards.get(guard)?;
        Some(self.scope.guard(self.set().clauses(guard)))
    }
}
