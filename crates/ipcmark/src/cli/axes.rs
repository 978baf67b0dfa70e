//! The axes of cells, as flags: what to measure.

use super::WHAT;
use super::words::{
    CapacityArg, Several, parse_arrivals, parse_capacity_arg, parse_depths, parse_gaps, parse_idle,
    parse_inputs, parse_patterns, parse_peers, parse_placements, parse_rates, parse_selectors,
    parse_size_list, parse_spin_budget_list, parse_when_full,
};
use clap::Args;
use ipcmark_core::{Arrivals, Input, Mix, Neighbours, Placement, SpinBudget, WhenFull, Workload};
use ipcmark_suite::{Selector, parse_mix};

/// The axes of every command that measures a suite's cells, or searches among them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CellArgs {
    /// Globs over transport names: pipe/block, 'unix*', '*/spin', '!tcp'; a name without a wait
    /// means all its waits.
    #[arg(long, help_heading = WHAT, short, value_name = "GLOB,...", value_parser = parse_selectors, allow_hyphen_values = true)]
    pub(crate) transport: Vec<Several<Selector>>,
    /// Message sizes: 64, 1KiB, 0 (empty), 64..64KiB (each twice the one before), 8..1MiB*8 (each eight times).
    #[arg(long, help_heading = WHAT, short, value_name = "SIZE,...", value_parser = parse_size_list)]
    pub(crate) size: Vec<Several<usize>>,
    /// Messages of several sizes: SIZE:WEIGHT for each, 64:90,4KiB:9,64KiB:1. Percentiles are given for all
    /// and for each size.
    #[arg(long, help_heading = WHAT, value_name = "SIZE:WEIGHT,...", value_parser = parse_mix, visible_alias = "sizes")]
    pub(crate) mix: Option<Mix>,
    /// CPUs of the two sides: same-core (one CPU), cross-core (two cores), smt-siblings (two
    /// hardware threads of one core), cross-node (two NUMA nodes), free (not pinned).
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_placements)]
    pub(crate) placement: Vec<Several<Placement>>,
    /// Gaps between paced messages: constant (all equal), poisson (random, as from
    /// independent clients), bursts-8 (eight at once, at equal distances; any number from 2 on).
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_arrivals)]
    pub(crate) arrivals: Vec<Several<Arrivals>>,
    /// Buffer size to ask for in each direction, e.g. 256KiB, or `default` for the kernel's own
    /// [default: the suite's].
    #[arg(long, help_heading = WHAT, value_name = "SIZE", value_parser = parse_capacity_arg)]
    pub(crate) capacity: Option<CapacityArg>,
}

/// Returns the help of `--pattern`.
fn workloads() -> String {
    let each = Workload::ALL.map(|workload| format!("{} ({})", workload.name(), workload.idea()));
    format!("Workload: what the processes do. {}", each.join(", "))
}

/// All axes. An axis given here replaces that axis in every group of the suite; transports pick
/// among those that the suite names.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AxisArgs {
    #[command(flatten)]
    pub(crate) cells: CellArgs,
    #[arg(long, help = workloads(), help_heading = WHAT, short, value_name = "NAME,...", value_parser = parse_patterns)]
    pub(crate) pattern: Vec<Several<Workload>>,
    /// Number of processes on the side that has several, or of pairs (fan-in, fan-out, broadcast,
    /// scatter-gather, paced-pairs ...): 2,4.
    #[arg(long, help_heading = WHAT, value_name = "N,...", value_parser = parse_peers)]
    pub(crate) peers: Vec<Several<u32>>,
    /// Number of further peers that are attached and neither send nor are sent to (paced-fan-in,
    /// paced-fan-out, paced-broadcast, paced-pairs): 0,60.
    #[arg(long, help_heading = WHAT, value_name = "N,...", value_parser = parse_idle)]
    pub(crate) idle: Vec<Several<u32>>,
    /// Number of messages in a burst, or under way in each direction of a duplex: 8,64.
    #[arg(long, help_heading = WHAT, value_name = "N,...", value_parser = parse_depths)]
    pub(crate) depth: Vec<Several<u32>>,
    /// Messages a second of each sender (each pair), in paced workloads: 10,1000.
    #[arg(long, help_heading = WHAT, value_name = "N,...", value_parser = parse_rates)]
    pub(crate) rate: Vec<Several<u32>>,
    /// Time between an answer and the next notification in wake-up, about as long as the receiver
    /// sleeps, up to 10ms: 0,10us,1ms.
    #[arg(long, help_heading = WHAT, value_name = "TIME,...", value_parser = parse_gaps)]
    pub(crate) gap: Vec<Several<u32>>,
    /// Time for which a hybrid wait spins before it sleeps: 0 to 1ms, or adaptive (as the waits
    /// before it suggest): 0,10us,100us,adaptive [default: the transport's own].
    #[arg(long, help_heading = WHAT, value_name = "TIME,...", value_parser = parse_spin_budget_list)]
    pub(crate) spin_budget: Vec<Several<SpinBudget>>,
    /// Load next to the cells, on their CPUs, which ipcmark starts and ends: cpu=2,memory=1. Kinds: cpu
    /// (computes), memory (copies large buffers), cache (walks over the last-level cache), wakeups
    /// (10,000 a second).
    #[arg(long, help_heading = WHAT, value_name = "KIND=N,...")]
    pub(crate) neighbours: Option<Neighbours>,
    /// Way in which a worker of scatter-gather gets its input: sent (through the transport), shared (in
    /// memory that all processes map).
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_inputs)]
    pub(crate) input: Vec<Several<Input>>,
    /// Conduct of a paced sender when there is no room: wait, drop (the message, and never wait).
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_when_full)]
    pub(crate) when_full: Vec<Several<WhenFull>>,
}
