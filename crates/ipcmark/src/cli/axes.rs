//! The axes of cells, as flags: what to measure.

use super::WHAT;
use super::words::{
    CapacityArg, Several, parse_arrivals, parse_capacity_arg, parse_depths, parse_inputs,
    parse_patterns, parse_peers, parse_placements, parse_rates, parse_selectors, parse_size_list,
};
use clap::Args;
use ipcmark_core::{Arrivals, Input, Placement, Workload};
use ipcmark_suite::Selector;

/// The axes of every command that measures a suite's cells, or searches among them.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CellArgs {
    /// Globs over transport names: pipe/block, 'unix*', '*/spin', '!tcp'; a name without a wait
    /// means all its waits.
    #[arg(long, help_heading = WHAT, short, value_name = "GLOB,...", value_parser = parse_selectors, allow_hyphen_values = true)]
    pub(crate) transport: Vec<Several<Selector>>,
    /// Message sizes: 64, 1KiB, 64..64KiB (doubling), 8..1MiB*8 (in steps of eight times).
    #[arg(long, help_heading = WHAT, short, value_name = "SIZE,...", value_parser = parse_size_list)]
    pub(crate) size: Vec<Several<usize>>,
    /// CPUs of the two sides: same-core (one CPU), cross-core (two cores), smt-siblings (two
    /// threads of one core), cross-node (two NUMA nodes), free (not pinned).
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_placements)]
    pub(crate) placement: Vec<Several<Placement>>,
    /// Times at which paced messages are due: constant (equal gaps), poisson (random, like
    /// independent clients).
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_arrivals)]
    pub(crate) arrivals: Vec<Several<Arrivals>>,
    /// Buffer size asked for in each direction: a size such as 256KiB, or `default` for the kernel's
    /// own. Without this flag the suite decides.
    #[arg(long, help_heading = WHAT, value_name = "SIZE", value_parser = parse_capacity_arg)]
    pub(crate) capacity: Option<CapacityArg>,
}

/// All axes. An axis given here replaces that axis in every group of the suite; transports pick
/// among those that the suite names.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AxisArgs {
    #[command(flatten)]
    pub(crate) cells: CellArgs,
    /// Workloads: ping-pong, stream, paced, burst, duplex, fan-in, fan-out, broadcast,
    /// scatter-gather, overlap, wake-up.
    #[arg(long, help_heading = WHAT, short, value_name = "NAME,...", value_parser = parse_patterns)]
    pub(crate) pattern: Vec<Several<Workload>>,
    /// Processes on the side that has several, in fan-in, fan-out, broadcast and scatter-gather:
    /// 2,4.
    #[arg(long, help_heading = WHAT, value_name = "N,...", value_parser = parse_peers)]
    pub(crate) peers: Vec<Several<u32>>,
    /// Messages of a burst; messages under way in each direction of a duplex: 8,64.
    #[arg(long, help_heading = WHAT, value_name = "N,...", value_parser = parse_depths)]
    pub(crate) depth: Vec<Several<u32>>,
    /// Messages a second, in paced: 10,1000.
    #[arg(long, help_heading = WHAT, value_name = "N,...", value_parser = parse_rates)]
    pub(crate) rate: Vec<Several<u32>>,
    /// Worker input of a scatter-gather: sent (through the transport), shared (in memory that all
    /// map).
    #[arg(long, help_heading = WHAT, value_name = "NAME,...", value_parser = parse_inputs)]
    pub(crate) input: Vec<Several<Input>>,
}
