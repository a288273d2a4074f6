//! What can be said of a policy before it runs: names, types, limits.
//!
//! A policy with an error here is never tried: its status is `INVALID`. Warnings and notices are
//! for its author. The answer depends on nothing but the arguments, so that a policy that passed
//! when it was saved passes when it is loaded.

mod actions;
pub mod catalogue;
mod conditions;
mod expression;
pub mod template;

use usher_model::limits;

use crate::attribute::Attribute;
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Code, Diagnostic, quoted, record};
use crate::document::write::exception_pointer;
use crate::document::{Action, Condition, Guard, Policy};
use crate::lexer;
use crate::options::Options;
use catalogue::Catalogue;

/// Checks a policy; pointers are those of its [stored form](crate::document::write::write).
#[must_use]
pub fn check(policy: &Policy, options: &Options, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut checker = Checker {
        options,
        catalogue,
        diagnostics: Vec::new(),
    };
    checker.labels(policy);
    checker.counts(policy);
    // What is too much is not looked at: it may take a while.
    let is_too_much = |found: &Diagnostic| found.code == Code::TooMany;
    if checker.diagnostics.iter().any(is_too_much) {
        return checker.diagnostics;
    }
    checker.part(&policy.guard, &policy.actions);
    for (index, exception) in policy.exceptions.iter().enumerate() {
        let before = checker.mark();
        checker.part(&exception.guard, &exception.actions);
        checker.prefix(before, || exception_pointer(policy, index));
    }
    checker.diagnostics
}

/// Brings a policy into the form in which it is saved: quotes of expressions straightened, actions
/// that can never be carried out dropped, spaces around the name removed. [`check`] says so before.
pub fn normalize(policy: &mut Policy) {
    policy.name = policy.name.trim().to_owned();
    normalize_part(&mut policy.guard, &mut policy.actions);
    for exception in &mut policy.exceptions {
        normalize_part(&mut exception.guard, &mut exception.actions);
    }
}

fn normalize_part(guard: &mut Guard, actions: &mut Vec<Action>) {
    if let Guard::Expression(text) = guard {
        *text = lexer::normalize_quotes(text).into_owned();
    }
    if let Some(transfer) = actions.iter().position(|action| action.kind.is_transfer()) {
        actions.truncate(transfer + 1);
    }
}

struct Checker<'a> {
    options: &'a Options,
    catalogue: &'a Catalogue,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        record(&mut self.diagnostics, diagnostic);
    }

    /// Returns where the diagnostics of what is checked next begin.
    const fn mark(&self) -> usize {
        self.diagnostics.len()
    }

    /// Puts a pointer before those of all diagnostics since `mark`: pointers are built only where
    /// there is a mistake.
    fn prefix(&mut self, mark: usize, pointer: impl FnOnce() -> String) {
        let new = self.diagnostics.get_mut(mark..).unwrap_or_default();
        if new.is_empty() {
            return;
        }
        let pointer = pointer();
        for diagnostic in new {
            diagnostic.pointer.insert_str(0, &pointer);
        }
    }

    fn missing(&mut self, found: &str, pointer: &str) {
        self.report(Diagnostic::error(Code::MissingField, found).at(pointer));
    }

    /// Reports a text beyond its limit.
    fn length(&mut self, text: &str, chars_max: usize, what: &str, pointer: &str) {
        // A character takes at least one byte, so most texts need not be counted.
        if text.len() <= chars_max {
            return;
        }
        let length = text.chars().count();
        if length > chars_max {
            let found = format!("found {what} of {length} characters");
            let diagnostic = Diagnostic::error(Code::TooLong, found)
                .at(pointer)
                .expecting(format!("at most {chars_max}"));
            self.report(diagnostic);
        }
    }

    fn count(&mut self, count: usize, count_max: usize, what: &str, pointer: &str) {
        if count > count_max {
            let diagnostic = Diagnostic::error(Code::TooMany, format!("found {count} {what}"))
                .at(pointer)
                .expecting(format!("at most {count_max}"));
            self.report(diagnostic);
        }
    }

    fn labels(&mut self, policy: &Policy) {
        if policy.name.trim().is_empty() {
            self.missing("found no name", "/name");
        }
        if policy.name.chars().any(char::is_control) {
            let found = "found a control character in the name";
            self.report(Diagnostic::error(Code::WrongShape, found).at("/name"));
        }
        let name_max = limits::POLICY_NAME_CHARS_MAX;
        self.length(policy.name.trim(), name_max, "a name", "/name");
        self.length(
            &policy.description,
            limits::POLICY_DESCRIPTION_CHARS_MAX,
            "a description",
            "/description",
        );
    }

    fn counts(&mut self, policy: &Policy) {
        let exceptions = policy.exceptions.iter().map(|exception| &exception.guard);
        let rows: usize = exceptions
            .chain([&policy.guard])
            .map(|guard| match guard {
                Guard::Conditions(conditions) => {
                    conditions.iter().map(|group| group.rows().len()).sum()
                }
                Guard::Expression(_) => 0,
            })
            .sum();
        self.count(rows, limits::CONDITIONS_MAX, "conditions", "/conditions");
        let exceptions = policy.exceptions.len();
        self.count(
            exceptions,
            limits::EXCEPTIONS_MAX,
            "exceptions",
            "/exception",
        );
    }

    /// Checks a guard with its actions: the policy's own, or an exception's.
    fn part(&mut self, guard: &Guard, actions: &[Action]) {
        match guard {
            Guard::Conditions(conditions) => self.conditions(conditions),
            Guard::Expression(text) => {
                let before = self.mark();
                self.expression(text);
                self.prefix(before, || "/expression".to_owned());
            }
        }
        let before = self.mark();
        self.actions(actions);
        self.prefix(before, || "/actions".to_owned());
    }

    fn conditions(&mut self, conditions: &[Condition]) {
        if conditions.is_empty() {
            self.missing("found no condition", "/conditions");
        }
        for (index, condition) in conditions.iter().enumerate() {
            let before = self.mark();
            match condition {
                Condition::Row(row) => self.row(row),
                Condition::Any(rows) => {
                    if rows.is_empty() {
                        self.missing("found a group without a comparison", "/any");
                    }
                    for (index, row) in rows.iter().enumerate() {
                        let before = self.mark();
                        self.row(row);
                        self.prefix(before, || format!("/any/{index}"));
                    }
                }
            }
            self.prefix(before, || format!("/conditions/{index}"));
        }
    }

    /// Warns of an attribute that there is not, or that has nearly the name of one: where not
    /// all is known, bots may write what they like.
    fn attribute(&mut self, name: &str) {
        if self.catalogue.has_no_attributes() {
            return;
        }
        let attribute = Attribute::parse(name, self.options);
        if self.catalogue.knows(attribute.path()) {
            return;
        }
        let near = nearest(name, self.catalogue.attributes())
            .or_else(|| nearest(attribute.path(), self.catalogue.attributes()));
        if near.is_none() && !self.catalogue.knows_namespace_of(attribute.path()) {
            return;
        }
        let found = format!("found the attribute {}, which is not known", quoted(name));
        self.report(Diagnostic::warning(Code::UnknownAttribute, found).suggesting(near));
    }

    /// Checks the templates of a text.
    fn templates(&mut self, text: &str) {
        let mut names = Vec::new();
        let before = self.mark();
        template::scan(
            text,
            |name, span| names.push((name, span)),
            &mut self.diagnostics,
        );
        for (name, span) in names {
            let mark = self.mark();
            self.attribute(name);
            for diagnostic in self.diagnostics.get_mut(mark..).unwrap_or_default() {
                diagnostic.span = Some(span);
            }
        }
        let new = self.diagnostics.get_mut(before..).unwrap_or_default();
        new.sort_by_key(|diagnostic| diagnostic.span.map(|span| span.start));
    }
}
