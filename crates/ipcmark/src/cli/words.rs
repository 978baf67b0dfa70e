//! The words that flags take, and lists of them.

use ipcmark_core::{Arrivals, Input, Placement, SpinBudget, WhenFull, Workload};
use ipcmark_suite::{
    DEPTHS, IDLE, PEERS, RATES, Selector, WordError, parse_capacity, parse_counts, parse_gaps_us,
    parse_sizes, parse_spin_budgets,
};

/// The values that one use of a flag names. (A plain `Vec` would make clap expect one value each.)
#[derive(Debug, Clone)]
pub(crate) struct Several<T>(pub(crate) Vec<T>);

/// Returns all values of a repeatable flag, in order.
pub(crate) fn all<T: Clone>(uses: &[Several<T>]) -> Vec<T> {
    uses.iter().flat_map(|several| several.0.iter().cloned()).collect()
}

/// The bytes that are compared of each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Check {
    /// Number and check word of each message, and all bytes of one message in 1,024 (the default).
    Sampled,
    /// All bytes of each message. This costs time; the report says how much.
    Full,
}

/// `None`: the mechanism's own capacity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CapacityArg(pub(crate) Option<usize>);

pub(crate) fn parse_capacity_arg(word: &str) -> Result<CapacityArg, WordError> {
    parse_capacity(word).map(CapacityArg)
}

pub(crate) fn parse_size_list(list: &str) -> Result<Several<usize>, WordError> {
    parse_sizes(list).map(Several)
}

pub(super) fn parse_patterns(list: &str) -> Result<Several<Workload>, WordError> {
    parse_names(list, &Workload::ALL.map(|p| (p.name(), p)))
}

pub(crate) fn parse_placements(list: &str) -> Result<Several<Placement>, WordError> {
    parse_names(list, &Placement::ALL.map(|p| (p.name(), p)))
}

pub(super) fn parse_inputs(list: &str) -> Result<Several<Input>, WordError> {
    parse_names(list, &Input::ALL.map(|i| (i.name(), i)))
}

pub(crate) fn parse_arrivals(list: &str) -> Result<Several<Arrivals>, WordError> {
    list.split(',').map(ipcmark_suite::parse_arrivals).collect::<Result<_, _>>().map(Several)
}

pub(super) fn parse_when_full(list: &str) -> Result<Several<WhenFull>, WordError> {
    parse_names(list, &WhenFull::ALL.map(|w| (w.name(), w)))
}

pub(super) fn parse_peers(list: &str) -> Result<Several<u32>, WordError> {
    parse_counts(list, "peers", &PEERS).map(Several)
}

pub(super) fn parse_idle(list: &str) -> Result<Several<u32>, WordError> {
    parse_counts(list, "idle peers", &IDLE).map(Several)
}

pub(super) fn parse_depths(list: &str) -> Result<Several<u32>, WordError> {
    parse_counts(list, "messages", &DEPTHS).map(Several)
}

pub(super) fn parse_rates(list: &str) -> Result<Several<u32>, WordError> {
    parse_counts(list, "messages a second", &RATES).map(Several)
}

pub(super) fn parse_gaps(list: &str) -> Result<Several<u32>, WordError> {
    parse_gaps_us(list).map(Several)
}

pub(super) fn parse_spin_budget_list(list: &str) -> Result<Several<SpinBudget>, String> {
    parse_spin_budgets(list).map(Several)
}

fn parse_names<T: Copy>(list: &str, known: &[(&str, T)]) -> Result<Several<T>, WordError> {
    let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    let parse = |word: &str| {
        let found = known.iter().find(|(name, _)| *name == word.trim()).map(|(_, value)| *value);
        found.ok_or_else(|| {
            WordError::new(word, format!("one of {}", names.join(", "))).near(word, &names)
        })
    };
    list.split(',').map(parse).collect::<Result<_, _>>().map(Several)
}

/// Splits at commas, but not inside `{a,b}`.
pub(crate) fn parse_selectors(list: &str) -> Result<Several<Selector>, WordError> {
    let mut depth = 0;
    let words = list.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    words.map(Selector::parse).collect::<Result<_, _>>().map(Several)
}
