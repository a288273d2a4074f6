//! The figures as tables of Markdown.

use std::fmt;

use crate::{cel, usher, zen};

pub(crate) struct Report {
    names: Vec<&'static str>,
    counts: Vec<usize>,
    /// Nanoseconds of a decision, by contender, size and round.
    times: Vec<Vec<Vec<f64>>>,
}

impl Report {
    pub(crate) fn new(names: impl Iterator<Item = &'static str>, counts: &[usize]) -> Self {
        let names: Vec<_> = names.collect();
        let times = vec![vec![Vec::new(); counts.len()]; names.len()];
        Self {
            names,
            counts: counts.to_vec(),
            times,
        }
    }

    pub(crate) fn add(&mut self, contender: usize, size: usize, nanoseconds: f64) {
        self.times[contender][size].push(nanoseconds);
    }

    /// Writes one row of the second table: how many times longer the quickest of `others` takes.
    fn ratio(&self, f: &mut fmt::Formatter<'_>, own: &str, others: &[&str]) -> fmt::Result {
        let place = |name: &str| self.names.iter().position(|known| *known == name);
        write!(
            f,
            "| {own}, against the quickest of {} |",
            others.join(", ")
        )?;
        for size in 0..self.counts.len() {
            let of = |name: &str, figure: fn(&[f64]) -> f64| {
                place(name).map_or(f64::NAN, |place| figure(&self.times[place][size]))
            };
            let times = |figure: fn(&[f64]) -> f64| {
                let others = others.iter().map(|name| of(name, figure));
                others.fold(f64::INFINITY, f64::min) / of(own, figure)
            };
            write!(f, " {:.1} ({:.1}) |", times(median), times(best))?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<String> = self.counts.iter().map(usize::to_string).collect();
        let heads = format!(
            "{} |\n| --- |{}",
            heads.join(" | "),
            " --- |".repeat(heads.len())
        );
        writeln!(
            f,
            "Microseconds of a decision, the median round (and the best one):\n"
        )?;
        writeln!(f, "| engine | {heads}")?;
        for (name, sizes) in self.names.iter().zip(&self.times) {
            write!(f, "| {name} |")?;
            for times in sizes {
                write!(f, " {} ({}) |", shown(median(times)), shown(best(times)))?;
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "\nHow many times quicker, by medians (by best rounds):\n"
        )?;
        writeln!(f, "| ratio | {heads}")?;
        self.ratio(f, usher::PARSED, &[zen::TABLE, zen::EXPRESSIONS, cel::NAME])?;
        self.ratio(f, usher::EXPLAINED, &[zen::TRACED])?;
        let own = self.names.iter().position(|name| *name == usher::PARSED);
        if let Some([first, .., last]) = own.map(|own| self.times[own].as_slice()) {
            let growth = |figure: fn(&[f64]) -> f64| figure(last) / figure(first);
            let (median, best) = (growth(median), growth(best));
            writeln!(
                f,
                "\nThe largest set against the smallest: {median:.2} ({best:.2})."
            )?;
        }
        Ok(())
    }
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn best(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Returns microseconds with three digits that count.
fn shown(nanoseconds: f64) -> String {
    let microseconds = nanoseconds / 1e3;
    let decimals = if microseconds < 10.0 {
        2
    } else {
        usize::from(microseconds < 100.0)
    };
    format!("{microseconds:.decimals$}")
}
