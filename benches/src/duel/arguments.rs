//! The command line of a duel, and the run that it asks for.
#![allow(clippy::print_stdout, reason = "printing is the purpose of a bench")]

use super::candidate::Candidate;
use super::pairing::Compared;
use super::session::measure;
use super::shape::Shape;
use super::table::print;
use super::trial::Extent;
use crate::arguments::Common;
use clap::Args;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// Extent and output of a duel.
///
/// A filter is a part of a candidate's name or of a shape's ("round trip", "64 B"). Timings are
/// most useful on a quiet machine: `chrt -f 50 cargo bench ...` keeps other programs off.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Stop after this many seconds.
    #[arg(long, default_value_t = 180)]
    seconds: u64,
    /// Stop after this many rounds.
    #[arg(long)]
    rounds: Option<u32>,
    /// Room for messages in bytes, a power of two; at least 8 messages.
    #[arg(long, default_value_t = 256 << 10, value_parser = power_of_two)]
    capacity: usize,
    /// Length of a trial in µs: short, because the host moves the CPUs.
    #[arg(long, default_value_t = 2500)]
    trial_us: u64,
    /// Write all trials to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Print the tables in Markdown.
    #[arg(long)]
    md: bool,
}

fn power_of_two(text: &str) -> Result<usize, String> {
    let bytes: usize = text.parse().map_err(|e| format!("{e}"))?;
    bytes.is_power_of_two().then_some(bytes).ok_or_else(|| "not a power of two".into())
}

impl Arguments {
    /// Returns the candidates and shapes that the filters leave.
    fn choose(
        &self,
        candidates: Vec<Candidate>,
        shapes: Vec<Shape>,
    ) -> Result<(Vec<Candidate>, Vec<Shape>), String> {
        let hits = |text: &str, filters: &[&String]| {
            filters.is_empty() || filters.iter().any(|filter| text.contains(filter.as_str()))
        };
        let (mut of_candidates, mut of_shapes) = (Vec::new(), Vec::new());
        for filter in &self.common.filters {
            if shapes.iter().any(|shape| shape.to_string().contains(filter.as_str())) {
                of_shapes.push(filter);
            } else if candidates.iter().any(|c| c.name.contains(filter.as_str())) {
                of_candidates.push(filter);
            } else {
                return Err(format!("no candidate and no shape has {filter:?} in its name"));
            }
        }
        let candidates = candidates.into_iter().filter(|c| hits(&c.name, &of_candidates));
        let shapes = shapes.into_iter().filter(|shape| hits(&shape.to_string(), &of_shapes));
        Ok((candidates.collect(), shapes.collect()))
    }

    /// Measures the candidates in the shapes, and prints the tables. `base` holds what the
    /// arguments do not set, and the rounds if they do not.
    ///
    /// # Errors
    /// If a filter matches nothing, or a worker fails.
    pub fn run(
        &self,
        candidates: Vec<Candidate>,
        shapes: Vec<Shape>,
        base: Extent,
    ) -> Result<(), Box<dyn Error>> {
        let (candidates, shapes) = self.choose(candidates, shapes)?;
        let extent = Extent {
            rounds: self.rounds.unwrap_or(base.rounds),
            time: Duration::from_secs(self.seconds),
            trial: Duration::from_micros(self.trial_us),
            bytes: self.capacity,
            ..base
        };
        let trials = measure(&candidates, &shapes, extent)?;
        if let Some(path) = &self.json {
            std::fs::write(path, serde_json::to_vec(&trials)?)?;
        }
        println!(
            "room for {} KiB or 8 messages; {} rounds in {:.0} s",
            extent.bytes >> 10,
            trials.rounds,
            trials.seconds
        );
        print!("{}", print(&Compared::of(trials), self.md));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::candidates;
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        let words = std::iter::once("duel").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.arguments)
    }

    #[test]
    fn flags_are_read_and_unknown_ones_refused() {
        let found = parse("ring --seconds 7 --rounds 3 --capacity 4096 --md --bench").unwrap();
        assert_eq!((found.seconds, found.rounds, found.capacity), (7, Some(3), 4096));
        assert_eq!((found.common.filters, found.md), (vec!["ring".into()], true));
        for wrong in ["--capacity 1000", "--rounds", "--rounds x", "--colour"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_choose_candidates_and_shapes() {
        let found = parse("mailbox 64").unwrap();
        let (chosen, shapes) = found.choose(candidates(), Shape::all()).unwrap();
        assert_eq!(chosen.len(), 1);
        assert!(shapes.iter().all(|s| s.to_string().contains("64")) && !shapes.is_empty());
        assert!(parse("nothing").unwrap().choose(candidates(), Shape::all()).is_err());
    }
}
