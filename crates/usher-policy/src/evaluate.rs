//! Guards against facts, in order: the one evaluator that runs, explanations and proposals share.

mod expression;

use std::cell::Cell;

use usher_model::time::Timestamp;

use crate::attribute::Slot;
use crate::calendar::Wall;
use crate::coerce;
use crate::compile::PolicySet;
use crate::compile::clause::{Clause, Operand, Pair, Test};
use crate::facts::{Facts, Stop};

/// The facts and the instant of one run.
#[derive(Debug)]
pub(crate) struct Scope<'e> {
    pub(crate) set: &'e PolicySet,
    pub(crate) facts: &'e Facts<'e>,
    now: Timestamp,
    /// Wall time by zone, converted when it is asked for.
    walls: Vec<Cell<Option<Wall>>>,
}

/// What a guard says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Every clause holds.
    True,
    /// This clause does not hold.
    False(usize),
    /// This clause could not be answered.
    Stopped(usize, Stop),
}

impl<'e> Scope<'e> {
    pub(crate) fn new(set: &'e PolicySet, facts: &'e Facts<'e>, now: Timestamp) -> Self {
        Self {
            set,
            facts,
            now,
            walls: vec![Cell::new(None); set.zones().len()],
        }
    }

    /// Tests the clauses of a guard in order, up to the first that does not hold.
    pub(crate) fn guard(&self, clauses: &'e [Clause]) -> Verdict {
        for (index, clause) in clauses.iter().enumerate() {
            match self.clause(clause) {
                Ok(true) => {}
                Ok(false) => return Verdict::False(index),
                Err(stop) => return Verdict::Stopped(index, stop),
            }
        }
        Verdict::True
    }

    pub(crate) fn clause(&self, clause: &'e Clause) -> Result<bool, Stop> {
        match clause {
            Clause::Test(test) => self.test(test),
            Clause::Pair(pair) => self.pair(pair),
            Clause::Any(clauses) => {
                for clause in clauses {
                    if self.clause(clause)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Clause::Tree(node) => self.truth(node),
        }
    }

    #[inline]
    fn test(&self, test: &Test) -> Result<bool, Stop> {
        let value = self.facts.view(test.slot)?;
        test.answer(value).map_err(|code| blame(code, test.slot))
    }

    fn pair(&self, pair: &Pair) -> Result<bool, Stop> {
        let left = self.facts.view(pair.left)?;
        if left.is_missing() {
            return Ok(coerce::is_negated(pair.operator));
        }
        let text;
        let right = match &pair.right {
            Operand::Attribute(slot) => self.facts.view(*slot)?,
            Operand::Text(template) => {
                text = template.fill(self.facts)?;
                coerce::View::Text(&text)
            }
        };
        coerce::row(pair.operator, left, right, pair.rules).map_err(|code| blame(code, pair.left))
    }
}

/// Names the attribute of a row that is to blame.
fn blame(code: crate::fault::FaultCode, slot: Slot) -> Stop {
    Stop::Fault(crate::fault::Fault {
        slot: Some(slot),
        ..code.into()
    })
}
