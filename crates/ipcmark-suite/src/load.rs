//! The axes of a load: how many peers, how deep, how fast, when messages are due, and where the input lies.
//!
//! A pattern is multiplied by the axes it heeds and by no others, so that a suite may name three rates beside a
//! ping-pong without measuring it three times.

use crate::WordError;
use ipcmark_core::{Arrivals, Input, Load, Pattern};
use std::ops::RangeInclusive;

/// Processes on the side that has several. Each is forked, pinned and given shared pages of its own.
pub const PEERS: RangeInclusive<u32> = 1..=64;
/// Messages of a burst, or under way each way.
pub const DEPTHS: RangeInclusive<u32> = 1..=65_536;
/// Messages a second. Faster than the upper end nothing is paced: a clock read would be in each gap.
pub const RATES: RangeInclusive<u32> = 1..=10_000_000;

/// What a group, or the command line, says of the load. An axis left empty is left to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadAxes {
    /// [`Load::peers`].
    pub peers: Vec<u32>,
    /// [`Load::depth`].
    pub depths: Vec<u32>,
    /// [`Load::rate`], messages a second.
    pub rates: Vec<u32>,
    /// [`Load::arrivals`].
    pub arrivals: Vec<Arrivals>,
    /// [`Load::input`].
    pub inputs: Vec<Input>,
}

impl LoadAxes {
    /// The loads of a pattern: the product of the axes it heeds, each from here, or else from `group`, or else
    /// [`Load::DEFAULT`]'s.
    pub(crate) fn loads(&self, group: &LoadAxes, pattern: Pattern) -> Vec<Load> {
        let heeds = pattern.heeds();
        let own = Load::DEFAULT;
        let axis = |heeded: bool, given: &[u32], group: &[u32]| -> Vec<Option<u32>> {
            match (heeded, given, group) {
                (false, ..) | (true, [], []) => vec![None],
                (true, [], group) => group.iter().copied().map(Some).collect(),
                (true, given, _) => given.iter().copied().map(Some).collect(),
            }
        };
        let peers = axis(heeds.peers, &self.peers, &group.peers);
        let depths = axis(heeds.depth, &self.depths, &group.depths);
        let rates = axis(heeds.rate, &self.rates, &group.rates);
        let all_arrivals = words(heeds.rate, &self.arrivals, &group.arrivals, own.arrivals);
        let inputs = words(heeds.input, &self.inputs, &group.inputs, own.input);
        let mut loads = Vec::new();
        for peers in &peers {
            for depth in &depths {
                for rate in &rates {
                    for &arrivals in &all_arrivals {
                        loads.extend(inputs.iter().map(|&input| Load {
                            peers: peers.map_or(own.peers, |n| n as usize),
                            depth: depth.map_or(own.depth, |n| n as usize),
                            rate: rate.unwrap_or(own.rate),
                            arrivals,
                            input,
                        }));
                    }
                }
            }
        }
        loads
    }
}

/// An axis of words: as given, or else the group's, or else `own`.
fn words<T: Copy>(heeded: bool, given: &[T], group: &[T], own: T) -> Vec<T> {
    match (heeded, given, group) {
        (false, ..) | (true, [], []) => vec![own],
        (true, [], group) => group.to_vec(),
        (true, given, _) => given.to_vec(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> LoadAxes {
        LoadAxes {
            peers: vec![2, 4],
            depths: vec![8, 64],
            rates: vec![10, 1_000, 100_000],
            arrivals: vec![Arrivals::Constant, Arrivals::Poisson],
            inputs: vec![Input::Sent, Input::Shared],
        }
    }

    #[test]
    fn a_pattern_is_multiplied_by_what_it_heeds_and_by_nothing_else() {
        for (pattern, loads) in [
            (Pattern::PingPong, 1),
            (Pattern::WakeUp, 1),
            (Pattern::Overlap, 1),
            (Pattern::Paced, 6),
            (Pattern::Burst, 2),
            (Pattern::Duplex, 2),
            (Pattern::FanIn, 2),
            (Pattern::FanOut, 2),
            (Pattern::Broadcast, 2),
            (Pattern::ScatterGather, 4),
        ] {
            let all = axes().loads(&LoadAxes::default(), pattern);
            assert_eq!(all.len(), loads, "{pattern}");
            let heeds = pattern.heeds();
            for load in all {
                assert!(heeds.peers || load.peers == Load::DEFAULT.peers);
                assert!(heeds.depth || load.depth == Load::DEFAULT.depth);
                assert!(heeds.rate || load.rate == Load::DEFAULT.rate);
                assert!(heeds.rate || load.arrivals == Load::DEFAULT.arrivals);
                assert!(heeds.input || load.input == Load::DEFAULT.input);
            }
        }
    }

    #[test]
    fn an_axis_left_empty_is_the_groups_and_then_the_defaults() {
        let given = LoadAxes { peers: vec![8], ..LoadAxes::default() };
        let group = LoadAxes { peers: vec![2], inputs: vec![Input::Shared], ..LoadAxes::default() };
        let load = Load { peers: 8, input: Input::Shared, ..Load::DEFAULT };
        assert_eq!(given.loads(&group, Pattern::ScatterGather), [load]);
        assert_eq!(LoadAxes::default().loads(&group, Pattern::Paced), [Load::DEFAULT]);
    }

    #[test]
    fn counts_are_whole_and_within_bounds() {
        assert_eq!(parse_counts("2, 4,2", "peers", &PEERS).unwrap(), [2, 4]);
        for word in ["0", "65", "-1", "2.5", "two", "", "2,,4", "4294967296"] {
            let said = parse_counts(word, "peers", &PEERS).unwrap_err().to_string();
            assert!(said.contains("expected peers from 1 to 64"), "{word}: {said}");
        }
    }
}
