//! Policies: read, check, run and explain them.
//!
//! A policy is a named, ordered, switchable rule: a guard, a list of actions, and exceptions that
//! outrank both. JSON rows, form rows and expressions become one internal form. The engine has no
//! clock, disk or network: it is given facts and an instant, and answers with a decision or names
//! the fact it lacks.

pub mod diagnostic;
pub mod document;
pub mod options;

pub mod lexer;
pub mod parser;
pub mod print;
pub mod rows;
pub mod syntax;

pub mod attribute;
pub mod calendar;
pub mod check;
pub mod coerce;
pub mod cron;
pub mod fault;
pub mod hours;

pub mod action;
pub mod compile;
pub mod explain;
pub mod facts;
pub mod run;
pub mod why_not;

mod evaluate;
mod mention;
mod template;
