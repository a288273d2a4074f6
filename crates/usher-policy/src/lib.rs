//! Policies: read, check, run and explain them.
//!
//! A policy is a named, ordered, switchable rule: a guard, a list of actions, and exceptions that
//! outrank both. JSON rows, form rows and expressions become one internal form. The engine has no
//! clock, disk or network: it is given facts and an instant, and answers with a decision or names
//! the fact it lacks.

pub mod diagnostic;
pub mod document;
pub mod lexer;
pub mod options;
pub mod parser;
pub mod syntax;
