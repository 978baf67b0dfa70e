//! The command line of the benches, and the run that it asks for.
#![allow(clippy::print_stdout, reason = "printing is what benches are for")]

use super::candidate::Candidate;
use super::pairing::Compared;
use super::session::{Extent, measure};
use super::shape::Shape;
use super::table::{Style, print};
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

const HELP: &str = "\
cargo bench --bench BENCH -- [FILTER...] [FLAGS]

FILTER         a part of a candidate's name, or of a shape's (\"round trip\", \"64 B\"): candidates that match one of the
               filters that match any candidate, in shapes that match one of those that match any shape
--seconds N    stop after so many seconds (180)
--rounds N     stop after so many rounds
--capacity B   room for messages in bytes, a power of two (262144); at least 8 messages
--trial-us N   length of a trial in µs (2500): short, because the host moves the CPUs
--sweep capacity
               our ring at many capacities instead, with all targets left out
--json FILE    write all trials there
--md           tables in Markdown

Timings are worth most where nothing else runs: chrt -f 50 cargo bench ... keeps other programs off.";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments {
    /// Parts of names.
    pub filters: Vec<String>,
    /// How long.
    pub extent: Extent,
    /// Our ring at many capacities.
    pub sweep: bool,
    /// Where all trials go.
    pub json: Option<PathBuf>,
    /// How tables are drawn.
    pub style: Style,
    /// Only the help.
    pub help: bool,
}

impl Arguments {
    /// Reads them; leaves alone what `cargo bench` passes to criterion targets.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Arguments, String> {
        let mut found = Arguments::default();
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            let mut number = |what: &str| -> Result<u64, String> {
                let text = rest.next().ok_or_else(|| format!("{argument} needs {what}"))?;
                text.parse().map_err(|_| format!("{argument} needs {what}, not {text:?}"))
            };
            match argument.as_str() {
                "--seconds" => found.extent.time = Duration::from_secs(number("seconds")?),
                "--trial-us" => found.extent.trial = Duration::from_micros(number("µs")?),
                "--rounds" => {
                    found.extent.rounds =
                        u32::try_from(number("a number")?).map_err(|e| e.to_string())?;
                }
                "--capacity" => {
                    let bytes = number("bytes")?;
                    if !bytes.is_power_of_two() {
                        return Err(format!("--capacity {bytes} is no power of two"));
                    }
                    found.extent.bytes = usize::try_from(bytes).map_err(|e| e.to_string())?;
                }
                "--sweep" => match rest.next().as_deref() {
                    Some("capacity") => found.sweep = true,
                    other => return Err(format!("--sweep capacity, not {other:?}")),
                },
                "--json" => found.json = Some(rest.next().ok_or("--json needs a file")?.into()),
                "--md" => found.style = Style::Markdown,
                "--help" | "-h" => found.help = true,
                "--bench" | "--test" => {}
                flag if flag.starts_with('-') => return Err(format!("what is {flag}? See --help")),
                filter => found.filters.push(filter.into()),
            }
        }
        Ok(found)
    }

    /// The candidates and shapes that the filters leave.
    fn choose(&self, candidates: Vec<Candidate>) -> Result<(Vec<Candidate>, Vec<Shape>), String> {
        let hits = |text: &str, filters: &[&String]| {
            filters.is_empty() || filters.iter().any(|filter| text.contains(filter.as_str()))
        };
        let shapes = Shape::all();
        let (mut of_candidates, mut of_shapes) = (Vec::new(), Vec::new());
        for filter in &self.filters {
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
}

/// Measures the candidates as the command line asks, and prints the tables.
///
/// # Errors
/// When the command line is wrong, or a worker fails.
pub fn run(candidates: Vec<Candidate>) -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    if arguments.help {
        println!("{HELP}");
        return Ok(());
    }
    let candidates = if arguments.sweep { super::ours::capacities() } else { candidates };
    let (candidates, shapes) = arguments.choose(candidates)?;
    let trials = measure(&candidates, &shapes, arguments.extent)?;
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_vec(&trials)?)?;
    }
    println!(
        "room for {} KiB or 8 messages; {} rounds in {:.0} s",
        arguments.extent.bytes >> 10,
        trials.rounds,
        trials.seconds
    );
    print!("{}", print(&Compared::of(trials), arguments.style));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::ours;
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn flags_are_read_and_unknown_ones_refused() {
        let found = parse("ring --seconds 7 --rounds 3 --capacity 4096 --md --bench").unwrap();
        assert_eq!(found.extent.time, Duration::from_secs(7));
        assert_eq!((found.extent.rounds, found.extent.bytes), (3, 4096));
        assert_eq!((found.filters, found.style), (vec!["ring".into()], Style::Markdown));
        for wrong in ["--capacity 1000", "--rounds", "--rounds x", "--sweep time", "--colour"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_choose_candidates_and_shapes() {
        let found = parse("mailbox 64").unwrap();
        let (candidates, shapes) = found.choose(ours::candidates()).unwrap();
        assert_eq!(candidates.len(), 1);
        assert!(shapes.iter().all(|s| s.to_string().contains("64")) && !shapes.is_empty());
        assert!(parse("nothing").unwrap().choose(ours::candidates()).is_err());
    }
}
