//! What the command line asks for beyond a suite: flags that no cell reads are refused, and a narrowed
//! run has its own title.

use crate::exit::Usage;
use ipcmark_core::{Parameter, Workload};
use ipcmark_record::{CellKey, SuiteNote};
use ipcmark_show::plural;
use ipcmark_suite::{Axes, Suite, show_size};

/// Cells, each with its group.
type Cells = [(String, CellKey)];

/// Says whether a workload reads a flag.
type Reads = fn(Workload) -> bool;

/// Values of an axis that a title names.
const NAMED: usize = 4;

/// Refuses a flag that no chosen workload reads: its user would take the figures for what it asks.
///
/// # Errors
/// Such a flag, with the workloads that read it.
pub(super) fn refuse_unread(axes: &Axes, cells: &Cells) -> Result<(), Usage> {
    let load = &axes.load;
    let flags: [(&str, bool, Reads); 11] = [
        ("--rate", !load.rates.is_empty(), |w| w.takes(Parameter::Rate)),
        ("--depth", !load.depths.is_empty(), |w| w.takes(Parameter::Depth)),
        ("--peers", !load.peers.is_empty(), |w| w.takes(Parameter::Peers)),
        ("--idle", !load.idle.is_empty(), |w| w.with_idle(1).idle() > 0),
        ("--gap", !load.gaps_us.is_empty(), |w| w.takes(Parameter::Gap)),
        ("--arrivals", !load.arrivals.is_empty(), |w| w.arrivals().is_some()),
        ("--when-full", !load.when_full.is_empty(), Workload::can_drop),
        ("--input", !load.inputs.is_empty(), |w| w.input().is_some()),
        ("--size", !axes.sizes.is_empty(), |w| w.has_payload()),
        ("--mix", axes.mix.is_some(), Workload::takes_sizes),
        ("--capacity", axes.capacity.is_some(), |w| w.has_payload()),
    ];
    for (flag, given, reads) in flags {
        if given && !cells.iter().any(|(_, key)| reads(key.workload)) {
            let chosen = distinct(cells, |key| key.workload.name().to_owned());
            let readers = Workload::ALL.into_iter().filter(|w| reads(*w)).map(Workload::name);
            let readers: Vec<_> = readers.collect();
            return Err(Usage(format!(
                "{flag} has no effect on {}; drop it, or choose a workload that reads it: --pattern {}",
                chosen.join(", "),
                readers.join(" or ")
            )));
        }
    }
    Ok(())
}

/// Returns the title and prose of a run whose cells the command line chose from a suite. The suite's
/// own would describe cells that this run does not have.
pub(super) fn narrowed(suite: &Suite, cells: &Cells) -> SuiteNote {
    let named = |values: Vec<String>, what: &str| match values.len() {
        ..=NAMED => values.join(", "),
        many => plural(many, what),
    };
    let transports = named(distinct(cells, |key| key.transport.clone()), "transport");
    let workloads = named(distinct(cells, |key| key.workload.name().into()), "workload");
    let carry = cells.iter().filter(|(_, key)| key.workload.has_payload());
    let mut sizes: Vec<u64> = carry.map(|(_, key)| key.size_bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let sizes = named(sizes.into_iter().map(|size| show_size(size as usize)).collect(), "size");
    let places = named(distinct(cells, |key| key.placement.name().into()), "placement");
    let parts = [workloads, sizes, places].into_iter().filter(|part| !part.is_empty());
    SuiteNote {
        name: suite.name.clone(),
        title: format!("{transports}: {}", parts.collect::<Vec<_>>().join("; ")),
        prose: format!(
            "The command line chose these cells from the suite `{}`. Compare within a table: it has one workload, one size \
             and one placement. If two intervals overlap, this run does not rank the two figures.",
            suite.name
        ),
        groups: Vec::new(),
    }
}

/// Returns each value once, in the order of the cells.
fn distinct(cells: &Cells, of: impl Fn(&CellKey) -> String) -> Vec<String> {
    let mut values = Vec::new();
    for value in cells.iter().map(|(_, key)| of(key)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use crate::Catalog;
    use crate::cli::{Cli, Command};
    use crate::selection::Job;
    use clap::Parser as _;

    fn job(flags: &str) -> Result<Job, String> {
        let words = ["ipcmark", "run"].into_iter().chain(flags.split_whitespace());
        match Cli::try_parse_from(words).unwrap().command {
            Some(Command::Run(args)) => {
                Job::of(&Catalog::builtin(), &args).map_err(|e| e.to_string())
            }
            other => panic!("not a run: {other:?}"),
        }
    }

    /// B8
    #[test]
    fn a_flag_that_no_chosen_workload_reads_is_refused() {
        for (flags, part) in [
            ("-p ping-pong --rate 50000", "--rate has no effect on ping-pong; drop it"),
            ("-p ping-pong --rate 50000", "--pattern paced"),
            ("-p stream,ping-pong --peers 4", "--pattern fan-in or fan-out or broadcast"),
            ("-p ping-pong --depth 16", "--pattern burst or duplex"),
            ("-p ping-pong --arrivals poisson", "--arrivals has no effect"),
            ("-p stream --when-full drop", "--pattern paced"),
            ("-p fan-in --input shared", "--pattern scatter-gather"),
            ("-p fan-in --idle 8", "--pattern paced-fan-in or paced-fan-out"),
            ("-p wake-up -s 64", "--size has no effect on wake-up"),
            ("-t eventfd -s 64", "--size has no effect on wake-up"),
            ("-p wake-up --capacity 4KiB", "--capacity has no effect"),
            ("-p ping-pong --gap 10us", "--gap has no effect on ping-pong"),
            ("-t pipe/block --input sent", "--input has no effect"),
        ] {
            let said = job(flags).unwrap_err();
            assert!(said.contains(part), "{flags}: {said}");
        }
        for flags in [
            "-p paced,ping-pong --rate 50000 --arrivals poisson",
            "--rate 10 --peers 4 --depth 16",
            "-p scatter-gather --input shared --peers 2",
            "-s 64",
        ] {
            assert!(job(flags).is_ok(), "{flags}");
        }
    }

    /// B9
    #[test]
    fn a_narrowed_run_has_its_own_title_and_prose() {
        let note = |flags| job(flags).unwrap().options.suite;
        let whole = note("");
        assert!(whole.title.contains("every transport") && !whole.groups.is_empty());
        assert_eq!(note("--rounds 3 --fixed --measure 5ms"), whole, "the same cells");
        let two = note("-t pipe/block,fifo/block -p ping-pong -s 4KiB --placement cross-core");
        assert_eq!(two.title, "pipe/block, fifo/block: ping-pong; 4 KiB; cross-core");
        assert!(two.groups.is_empty() && two.prose.contains("suite `quick`"), "{}", two.prose);
        let many = note("-s 64,1KiB,2KiB,3KiB,4KiB --placement same-core");
        assert!(
            many.title.contains(" transports: ") && many.title.contains("; 5 sizes; same-core")
        );
        assert_eq!(note("-t eventfd/block").title, "eventfd/block: wake-up; same-core");
    }
}
