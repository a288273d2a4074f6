//! Policies in the form in which they run: checked, typed, hashed, indexed.
//!
//! Compiling never fails. A policy with a mistake becomes an entry that says so, and the others run.

pub(crate) mod clause;
pub(crate) mod expression;
mod index;

use jiff::tz::TimeZone;
use usher_model::id::PolicyId;

use crate::action::Plan;
use crate::attribute::{Attribute, Slot};
use crate::check;
use crate::check::catalogue::Catalogue;
use crate::diagnostic::{Code, Diagnostic, has_error};
use crate::document::{Action, Guard, Policy};
use crate::explain::{Line, Status};
use crate::facts::Facts;
use crate::fault::FaultCode;
use crate::mention::{Map, Mentions};
use crate::options::Options;
use crate::parser;
use crate::syntax::Span;
use clause::Clause;
use expression::{Builder, Zones};
use index::Index;

/// The policies of one account, ready to decide. It is immutable; share it with an `Arc`.
#[derive(Debug)]
pub struct PolicySet {
    entries: Vec<Entry>,
    guards: Vec<CompiledGuard>,
    clauses: Vec<Clause>,
    plans: Vec<Plan>,
    /// Where the clauses of an expression stand in its text, by guard.
    spans: Vec<Vec<Span>>,
    by_id: Map<PolicyId, usize>,
    mentions: Mentions,
    zones: Vec<TimeZone>,
    /// Enabled policies that cannot run, in order.
    invalid: Vec<usize>,
    /// What becomes of each policy before any guard is tried.
    lines: Vec<Line>,
    index: Option<Index>,
}

/// One policy of a set.
#[derive(Debug)]
pub struct Entry {
    policy: Policy,
    state: State,
}

/// Whether a policy takes part in decisions.
#[derive(Debug)]
pub enum State {
    /// It is switched off.
    Disabled,
    /// It has mistakes; at least one of them is an error.
    Invalid(Vec<Diagnostic>),
    /// It runs.
    Enabled(Guards),
}

/// Where the guards of a policy are: its exceptions in order, then its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    pub(crate) first: usize,
    pub(crate) root: usize,
}

/// One guard, in the order in which they are tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CompiledGuard {
    start: u32,
    end: u32,
    policy: u32,
    /// How many guards of the same policy stand before the root; zero for the root itself.
    before_root: u16,
    /// Its place among the exceptions of the policy, if it is one.
    exception: u16,
    pub(crate) requires_root: bool,
}

impl CompiledGuard {
    pub(crate) fn policy(self) -> usize {
        widen(self.policy)
    }

    /// Returns its place among the exceptions of the policy; nothing if it is the root.
    pub(crate) fn exception(self) -> Option<usize> {
        (self.before_root > 0).then(|| usize::from(self.exception))
    }

    /// Returns how far behind it the root guard of its policy stands; zero if it is the root.
    pub(crate) fn before_root(self) -> usize {
        usize::from(self.before_root)
    }
}

fn widen(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl Entry {
    /// Returns the policy as it was written.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns whether it takes part in decisions.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Returns the code of its first mistake, if it is invalid.
    #[must_use]
    pub fn fault_code(&self) -> Option<FaultCode> {
        let State::Invalid(diagnostics) = &self.state else {
            return None;
        };
        let first = diagnostics.iter().find(|diagnostic| diagnostic.is_error());
        Some(
            first.map_or(FaultCode::Syntax, |diagnostic| match diagnostic.code {
                Code::UnknownFunction => FaultCode::UnknownFunction,
                Code::BadTimeArgument => FaultCode::BadTimeArgument,
                Code::UnknownAction => FaultCode::UnknownAction,
                Code::NotAList => FaultCode::NotAList,
                Code::NotBoolean => FaultCode::NotBoolean,
                Code::TypeMismatch => FaultCode::TypeMismatch,
                _ => FaultCode::Syntax,
            }),
        )
    }
}

impl PolicySet {
    /// Compiles policies, given in the order in which they are tried.
    #[must_use]
    pub fn compile(policies: Vec<Policy>, options: &Options) -> Self {
        let mut compiler = Compiler {
            options,
            zones: Zones::default(),
            set: Self {
                entries: Vec::with_capacity(policies.len()),
                guards: Vec::new(),
                clauses: Vec::new(),
                plans: Vec::new(),
                spans: Vec::new(),
                by_id: Map::default(),
                mentions: Mentions::none(options.clone()),
                zones: Vec::new(),
                invalid: Vec::new(),
                lines: Vec::new(),
                index: None,
            },
        };
        for policy in policies {
            compiler.add(policy);
        }
        let mut set = compiler.set;
        set.zones = compiler.zones.into_zones();
        set.index = index::build(&set);
        set
    }

    /// Returns the policies in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns how many policies take part in decisions, those with mistakes included.
    #[must_use]
    pub fn enabled(&self) -> usize {
        let is_enabled = |entry: &&Entry| !matches!(entry.state, State::Disabled);
        self.entries.iter().filter(is_enabled).count()
    }

    /// Returns where a policy stands.
    #[must_use]
    pub fn position(&self, id: &PolicyId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Returns every attribute that an enabled policy mentions, by slot: nothing else needs to be
    /// read.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        self.mentions.attributes()
    }

    /// Returns an attribute by its slot.
    #[must_use]
    pub fn attribute(&self, slot: Slot) -> Option<&Attribute> {
        self.mentions.attribute(slot)
    }

    /// Returns the slot of an attribute, written in any way, if an enabled policy mentions it.
    #[must_use]
    pub fn slot(&self, path: &str) -> Option<Slot> {
        self.mentions.slot(path)
    }

    /// Returns the slot of an attribute that no policy needs to mention: somebody else needs its
    /// value.
    pub fn mention(&mut self, path: &str) -> Slot {
        self.mentions.mention(path)
    }

    /// Returns the slots of a namespace's attributes.
    pub fn slots_of<'s>(&'s self, namespace: &'s str) -> impl Iterator<Item = Slot> + 's {
        let attributes = self.attributes().iter().enumerate();
        attributes
            .filter(move |(_, attribute)| attribute.namespace() == namespace)
            .map(|(index, _)| Slot::at(index))
    }

    pub(crate) const fn mentions(&self) -> &Mentions {
        &self.mentions
    }

    pub(crate) fn zones(&self) -> &[TimeZone] {
        &self.zones
    }

    pub(crate) fn guards(&self) -> &[CompiledGuard] {
        &self.guards
    }

    pub(crate) fn clauses(&self, guard: &CompiledGuard) -> &[Clause] {
        let range = widen(guard.start)..widen(guard.end);
        self.clauses.get(range).unwrap_or_default()
    }

    pub(crate) fn plan(&self, guard: usize) -> Option<&Plan> {
        self.plans.get(guard)
    }

    pub(crate) fn spans(&self, guard: usize) -> &[Span] {
        self.spans.get(guard).map_or(&[], Vec::as_slice)
    }

    /// Returns the guards that the facts do not exclude, in order, if the set is large enough for
    /// an index.
    pub(crate) fn candidates(&self, facts: &Facts<'_>) -> Option<Vec<u32>> {
        self.index.as_ref().map(|index| index.candidates(facts))
    }

    /// Returns what becomes of each policy before any guard is tried.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the enabled policies that cannot run, in order.
    pub(crate) fn invalid(&self) -> &[usize] {
        &self.invalid
    }
}

struct Compiler<'c> {
    options: &'c Options,
    zones: Zones,
    set: PolicySet,
}

/// A guard before it joins the set.
struct Part {
    clauses: Vec<(Clause, Option<Span>)>,
    plan: Plan,
    requires_root: bool,
}

impl Compiler<'_> {
    fn add(&mut self, policy: Policy) {
        let position = self.set.entries.len();
        let state = self.compile(&policy, position);
        let status = match &state {
            State::Disabled => Status::Disabled,
            State::Enabled(_) => Status::NotReached,
            State::Invalid(_) => {
                self.set.invalid.push(position);
                Status::Invalid
            }
        };
        self.set.lines.push(Line::blank(status));
        self.set.by_id.entry(policy.id.clone()).or_insert(position);
        self.set.entries.push(Entry { policy, state });
    }

    fn compile(&mut self, policy: &Policy, position: usize) -> State {
        if !policy.enabled {
            return State::Disabled;
        }
        let diagnostics = check::check(policy, self.options, &Catalogue::new());
        if has_error(&diagnostics) {
            return State::Invalid(diagnostics);
        }
        let exceptions = policy.exceptions.iter().map(|exception| {
            (
                &exception.guard,
                &exception.actions,
                exception.requires_root,
            )
        });
        let parts: Result<Vec<Part>, Vec<Diagnostic>> = exceptions
            .chain([(&policy.guard, &policy.actions, false)])
            .map(|(guard, actions, requires_root)| self.part(guard, actions, requires_root))
            .collect();
        match parts {
            Ok(parts) => State::Enabled(self.join(parts, position)),
            Err(diagnostics) => State::Invalid(diagnostics),
        }
    }

    fn part(
        &mut self,
        guard: &Guard,
        actions: &[Action],
        requires_root: bool,
    ) -> Result<Part, Vec<Diagnostic>> {
        let mentions = &mut self.set.mentions;
        let clauses = match guard {
            Guard::Conditions(conditions) => conditions
                .iter()
                .map(|condition| Ok((clause::condition(condition, mentions, self.options)?, None)))
                .collect::<Result<_, _>>()
                .map_err(|diagnostic: Box<Diagnostic>| vec![*diagnostic])?,
            Guard::Expression(text) => {
                let (tree, diagnostics) = parser::parse(text);
                let tree = tree.ok_or(diagnostics)?;
                let mut builder = Builder {
                    mentions,
                    zones: &mut self.zones,
                    options: self.options,
                };
                let clauses = builder
                    .guard(&tree)
                    .map_err(|diagnostic: Box<Diagnostic>| vec![*diagnostic])?;
                clauses
                    .into_iter()
                    .map(|(clause, span)| (clause, Some(span)))
                    .collect()
            }
        };
        Ok(Part {
            clauses,
            plan: Plan::compile(actions, &mut self.set.mentions),
            requires_root,
        })
    }

    fn join(&mut self, parts: Vec<Part>, position: usize) -> Guards {
        let first = self.set.guards.len();
        let root = first + parts.len().saturating_sub(1);
        for part in parts {
            let start = self.set.clauses.len();
            let mut spans = Vec::new();
            for (clause, span) in part.clauses {
                self.set.clauses.push(clause);
                spans.extend(span);
            }
            self.set.guards.push(CompiledGuard {
                start: narrow(start),
                end: narrow(self.set.clauses.len()),
                policy: narrow(position),
                before_root: u16::try_from(root - self.set.guards.len()).unwrap_or(u16::MAX),
                exception: u16::try_from(self.set.guards.len() - first).unwrap_or(u16::MAX),
                requires_root: part.requires_root,
            });
            self.set.plans.push(part.plan);
            self.set.spans.push(spans);
        }
        Guards { first, root }
    }
}
