//! The axes of a workload's parameters: peers, depth, rate, gap, arrivals, input, and what happens when full.
//!
//! A workload is multiplied only by the axes of parameters that it takes, so that a suite may name
//! three rates and a ping-pong without measuring the ping-pong three times.

use crate::{WordError, parse_duration_or_none};
use ipcmark_words::{Arrivals, Input, Parameter, SpinBudget, WhenFull, Workload};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Processes on the side that has several. Each is forked, pinned and given shared pages of its own.
pub const PEERS: RangeInclusive<u32> = 1..=1_024;
/// Further peers that neither send nor are sent to.
pub const IDLE: RangeInclusive<u32> = 0..=1_023;
/// Messages of a burst, or under way each way.
pub const DEPTHS: RangeInclusive<u32> = 1..=65_536;
/// Messages a second. Faster than the upper end nothing is paced: a clock read would be in each gap.
pub const RATES: RangeInclusive<u32> = 1..=10_000_000;
/// Time between an answer and the next notification, µs; 0 for none.
pub const GAPS_US: RangeInclusive<u32> = 0..=10_000;

/// The parameters that a group, or the command line, names. An empty axis is left to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadAxes {
    /// Processes on the side that has several.
    pub peers: Vec<u32>,
    /// Further peers that neither send nor are sent to.
    pub idle: Vec<u32>,
    /// Messages of a burst, or under way in each direction.
    pub depths: Vec<u32>,
    /// Messages a second.
    pub rates: Vec<u32>,
    /// Times between an answer and the next notification, µs.
    pub gaps_us: Vec<u32>,
    /// The times at which they are due.
    pub arrivals: Vec<Arrivals>,
    /// The way workers get their input.
    pub inputs: Vec<Input>,
    /// Conduct of a sender when there is no room.
    pub when_full: Vec<WhenFull>,
}

impl LoadAxes {
    /// Returns a workload with each of its parameters, once for each combination: from here, or
    /// else from `group`, or else its own.
    pub(crate) fn vary(&self, group: &LoadAxes, workload: Workload) -> Vec<Workload> {
        let arrivals = or(&self.arrivals, &group.arrivals);
        let arrivals = if workload.arrivals().is_some() { arrivals } else { &[] };
        let inputs = or(&self.inputs, &group.inputs);
        let inputs = if workload.input().is_some() { inputs } else { &[] };
        let is_idle = workload.with_idle(1).idle() > 0;
        let idle = if is_idle { or(&self.idle, &group.idle) } else { &[] };
        let number = |each, of: Parameter, given, own| {
            let values: &[u32] = if workload.takes(of) { or(given, own) } else { &[] };
            product(each, values, |each, value| each.with(of, value))
        };
        let each = number(vec![workload], Parameter::Peers, &self.peers, &group.peers);
        let each = number(each, Parameter::Depth, &self.depths, &group.depths);
        let each = number(each, Parameter::Rate, &self.rates, &group.rates);
        let each = number(each, Parameter::Gap, &self.gaps_us, &group.gaps_us);
        let each = product(each, idle, Workload::with_idle);
        let each = product(each, arrivals, Workload::with_arrivals);
        product(each, inputs, Workload::with_input)
    }

    /// Returns what the senders of a workload do when there is no room, one value for each cell: from
    /// here, or else from `group`, or else they wait.
    pub(crate) fn when_full<'a>(
        &'a self,
        group: &'a LoadAxes,
        workload: Workload,
    ) -> &'a [WhenFull] {
        let ways = or(&self.when_full, &group.when_full);
        if workload.can_drop() && !ways.is_empty() { ways } else { &[WhenFull::Wait] }
    }
}

/// Returns the first list unless it is empty.
pub(crate) fn or<'a, T>(given: &'a [T], own: &'a [T]) -> &'a [T] {
    if given.is_empty() { own } else { given }
}

/// Returns each workload with each value of an axis; an empty axis changes nothing.
fn product<T: Copy>(
    each: Vec<Workload>,
    axis: &[T],
    with: impl Fn(Workload, T) -> Workload + Copy,
) -> Vec<Workload> {
    if axis.is_empty() {
        return each;
    }
    each.into_iter().flat_map(|w| axis.iter().map(move |value| with(w, *value))).collect()
}

/// Parses a comma-separated list of whole numbers within `bounds`; `what` is how an error calls them: `peers`. Numbers
/// named twice count once.
///
/// # Errors
/// Words that are no such number.
pub fn parse_counts(
    list: &str,
    what: &str,
    bounds: &RangeInclusive<u32>,
) -> Result<Vec<u32>, WordError> {
    let mut counts = Vec::new();
    for word in list.split(',') {
        let expected = || format!("{what} from {} to {}", bounds.start(), bounds.end());
        match word.trim().parse() {
            Ok(count) if bounds.contains(&count) => {
                if !counts.contains(&count) {
                    counts.push(count);
                }
            }
            _ => return Err(WordError::new(word.trim(), expected())),
        }
    }
    Ok(counts)
}

/// Parses the arrivals that a user may name: `constant`, `poisson`, `bursts-8`.
///
/// # Errors
/// Other words.
pub fn parse_arrivals(word: &str) -> Result<Arrivals, WordError> {
    let word = word.trim();
    let wrong = || {
        let [least, most] = Arrivals::BURSTS;
        let expected = format!("constant, poisson, or bursts-N with N from {least} to {most}");
        WordError::new(word, expected).near(word, &["constant", "poisson", "bursts-8"])
    };
    match word.parse() {
        Ok(Arrivals::Replay { .. }) => Err(wrong().because("give the file with --replay FILE")),
        parsed => parsed.map_err(|_| wrong()),
    }
}

/// Parses a comma-separated list of gaps: `0,10us,1ms`. Those named twice count once.
///
/// # Errors
/// Words that are no such time, in whole microseconds.
pub fn parse_gaps_us(list: &str) -> Result<Vec<u32>, WordError> {
    let mut gaps = Vec::new();
    for word in list.split(',') {
        let gap = parse_duration_or_none(word)?;
        let us = u32::try_from(gap.as_micros()).ok();
        let whole = us.filter(|us| Duration::from_micros((*us).into()) == gap);
        match whole {
            Some(us) if GAPS_US.contains(&us) => {
                if !gaps.contains(&us) {
                    gaps.push(us);
                }
            }
            _ => {
                return Err(WordError::new(
                    word.trim(),
                    "a gap up to 10ms, in whole us".to_owned(),
                ));
            }
        }
    }
    Ok(gaps)
}

/// Parses a comma-separated list of spin budgets: `0,10us,adaptive`. Those named twice count once.
///
/// # Errors
/// Words that are no spin budget.
pub fn parse_spin_budgets(list: &str) -> Result<Vec<SpinBudget>, String> {
    let mut budgets = Vec::new();
    for word in list.split(',') {
        let budget = word.parse()?;
        if !budgets.contains(&budget) {
            budgets.push(budget);
        }
    }
    Ok(budgets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> LoadAxes {
        LoadAxes {
            peers: vec![2, 4],
            idle: vec![0, 8, 64],
            depths: vec![8, 64],
            rates: vec![10, 1_000, 100_000],
            gaps_us: vec![0, 10, 1_000],
            arrivals: vec![Arrivals::Constant, Arrivals::Poisson],
            inputs: vec![Input::Sent, Input::Shared],
            when_full: vec![WhenFull::Wait, WhenFull::Drop],
        }
    }

    #[test]
    fn a_workload_is_multiplied_by_the_parameters_it_takes_and_by_nothing_else() {
        for (word, count) in [
            ("ping-pong", 1),
            ("wake-up", 3),
            ("connect", 1),
            ("overlap", 1),
            ("paced", 6),
            ("burst", 2),
            ("duplex", 2),
            ("fan-in", 2),
            ("fan-out", 2),
            ("broadcast", 2),
            ("paced-fan-in", 36),
            ("paced-pairs", 36),
            ("scatter-gather", 4),
        ] {
            let workload: Workload = word.parse().unwrap();
            let all = axes().vary(&LoadAxes::default(), workload);
            assert_eq!(all.len(), count, "{word}");
            assert!(all.iter().all(|each| each.is_kind(workload)), "{word}");
            let ways = axes().when_full(&LoadAxes::default(), workload).len();
            assert_eq!(ways, if word == "paced" { 2 } else { 1 }, "{word}");
        }
    }

    #[test]
    fn an_axis_left_empty_is_the_groups_and_then_the_defaults() {
        let given = LoadAxes { peers: vec![8], ..LoadAxes::default() };
        let group = LoadAxes { peers: vec![2], inputs: vec![Input::Shared], ..LoadAxes::default() };
        let gather = Workload::ScatterGather { peers: 2, input: Input::Sent };
        let expected = Workload::ScatterGather { peers: 8, input: Input::Shared };
        assert_eq!(given.vary(&group, gather), [expected]);
        let paced: Workload = "paced".parse().unwrap();
        assert_eq!(LoadAxes::default().vary(&group, paced), [paced]);
    }

    #[test]
    fn arrivals_are_words_and_bursts_have_a_number() {
        assert_eq!(parse_arrivals(" bursts-64 "), Ok(Arrivals::Bursts { of: 64 }));
        assert_eq!(parse_arrivals("poisson"), Ok(Arrivals::Poisson));
        for (word, why) in [
            ("bursts", "bursts-N with N from 2 to 65536"),
            ("bursts-1", "bursts-N with N from 2 to 65536"),
            ("poison", "did you mean 'poisson'?"),
            ("replay-01234567", "give the file with --replay FILE"),
        ] {
            let said = parse_arrivals(word).unwrap_err().to_string();
            assert!(said.contains(why), "{word}: {said}");
        }
    }

    #[test]
    fn gaps_and_spin_budgets_are_times_within_bounds() {
        assert_eq!(parse_gaps_us("0, 10us,1ms,10us").unwrap(), [0, 10, 1_000]);
        for word in ["10", "1.5us", "11ms", "-1us", "soon", ""] {
            assert!(parse_gaps_us(word).is_err(), "{word}");
        }
        let budgets = parse_spin_budgets("0,100us,adaptive,0us").unwrap();
        let fixed = |us| SpinBudget::Fixed { us };
        assert_eq!(budgets, [fixed(0), fixed(100), SpinBudget::Adaptive]);
        assert!(parse_spin_budgets("0,2ms").is_err());
    }

    #[test]
    fn counts_are_whole_and_within_bounds() {
        assert_eq!(parse_counts("2, 4,2", "peers", &PEERS).unwrap(), [2, 4]);
        for word in ["0", "1025", "-1", "2.5", "two", "", "2,,4", "4294967296"] {
            let said = parse_counts(word, "peers", &PEERS).unwrap_err().to_string();
            assert!(said.contains("expected peers from 1 to 1024"), "{word}: {said}");
        }
    }
}
