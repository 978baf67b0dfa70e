//! The time that a comparison needs, so that a budget that can decide nothing is refused at once.

use super::args::AbArgs;
use crate::exit::Usage;
use ipcmark_record::{PairedCell, State};
use ipcmark_show::{plural, wall};
use std::time::Duration;

/// Pairs without which no interval of 95 % exists: the signed-rank test of five cannot say so much.
const FEWEST: u32 = 6;
/// Programs of a pair, and slices that each has in a lap.
const SIDES: u32 = 3;
const SLICES: u32 = 2;
/// Time of a pair in addition to its slices: forks, barriers, answers.
const OVERHEAD: Duration = Duration::from_millis(10);

/// Refuses a budget in which no cell could get the pairs of an interval, if each gets its turn.
///
/// # Errors
/// Such a budget, with the time that these cells need.
pub(super) fn refuse_too_short(
    args: &AbArgs,
    budget: Duration,
    cells: &[PairedCell],
) -> Result<(), Usage> {
    let open = cells.iter().filter(|cell| matches!(cell.state, State::Pending)).count() as u32;
    let least = need(args, open, args.pairs.min(FEWEST));
    if least <= budget {
        return Ok(());
    }
    let decided =
        (budget.as_secs_f64() / need(args, 1, args.pairs.min(FEWEST)).as_secs_f64()) as u32;
    Err(Usage(format!(
        "{} (the canary is one) need about {}, and at least {} to decide anything; {} decide {} at most: narrow with -t, -p or -s, or \
         give more with --budget",
        plural(open as usize, "cell"),
        wall(need(args, open, args.pairs + args.confirm)),
        wall(least),
        wall(budget),
        decided
    )))
}

/// Returns the time for this number of pairs of each cell.
fn need(args: &AbArgs, cells: u32, pairs: u32) -> Duration {
    // A warm-up takes as long as two slices.
    let slices = SIDES * SLICES * (args.laps + 1);
    (args.slice * slices + OVERHEAD) * cells * pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    fn said(flags: &str) -> Option<String> {
        let words = ["ipcmark", "ab"].into_iter().chain(flags.split_whitespace());
        let Some(Command::Ab(args)) = Cli::try_parse_from(words).unwrap().command else {
            panic!("no comparison: {flags}");
        };
        let (cells, _) = super::super::cells::of(&Catalog::builtin(), &args).unwrap();
        let refused = refuse_too_short(&args, args.budget.unwrap(), &cells);
        refused.err().map(|refusal| refusal.to_string())
    }

    /// B6
    #[test]
    fn a_budget_that_can_decide_nothing_is_refused_and_one_that_can_is_not() {
        let whole = said("--budget 15s").unwrap();
        assert!(whole.contains(" cells (") && whole.contains("15 s decide"), "{whole}");
        assert!(whole.contains("narrow with -t") && whole.contains("--budget"), "{whole}");
        assert_eq!(said("--budget 15s -t pipe/block -p ping-pong -s 64"), None);
        assert_eq!(said("--budget 10m"), None);
        assert!(said("--budget 100ms -t pipe/block -p ping-pong -s 64").is_some());
        assert!(said("--budget 1s --slice 1s -t pipe/block -p ping-pong -s 64").is_some());
    }
}
