//! Fan-in: several senders, one receiver, our ring for many producers beside others' queues.
//!
//! `cargo bench --bench fan_in` prints, for each way of waiting, placement, number of senders and size, ns a message and the
//! ratio to the first queue's time: the median over pairs of trials of one round, in random order within the round, with
//! its order-statistic interval. `--features peers` adds crossbeam's queues. Rounds in which the distance between the two
//! CPUs was not one and the same before, between and after its trials are dropped; classes of distance are apart.
//! `-- --rounds 100`, `-- --size 64`, `-- --senders 4`, `-- --wait yield` choose.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use ipcmark_benches::fan_in::{Gait, Job, PEERS, Probe, Ring, Team, ours, peer, single};
use ipcmark_stats::{classes, median, median_interval};
use ipcmark_sys::affinity;
use ipcmark_sys::clock::Clock;
use std::error::Error;

/// Messages that each queue holds.
const SLOTS: usize = 2048;
/// Messages of a trial.
const MESSAGES: u64 = 60_000;
/// Fewer rounds than this in a class give no ratio.
const LEAST: usize = 20;
/// A distance that changed by more than this factor is another.
const MOVED: f64 = 1.25;

struct Arguments {
    rounds: usize,
    sizes: Vec<usize>,
    senders: Vec<usize>,
    wait: Option<String>,
}

fn arguments() -> Arguments {
    let mut found =
        Arguments { rounds: 40, sizes: vec![8, 64, 1024], senders: vec![1, 2, 4], wait: None };
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().and_then(|n| n.parse().ok());
        match argument.as_str() {
            "--rounds" => found.rounds = number().unwrap_or(found.rounds),
            "--size" => found.sizes = number().into_iter().collect(),
            "--senders" => found.senders = number().into_iter().collect(),
            "--wait" => found.wait = rest.next(),
            _ => {}
        }
    }
    found
}

/// One line of the heading: who waits how, where.
const SETTINGS: [(&str, Gait, bool); 3] = [
    ("yield, senders on both CPUs", Gait::Yield, false),
    ("yield, receiver alone on its CPU", Gait::Yield, true),
    ("pause, receiver alone on its CPU", Gait::Pause, true),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments();
    let allowed = affinity::allowed()?;
    let [first, second, ..] = allowed[..] else {
        println!("not available here: fan-in is measured on two CPUs, and there is one");
        return Ok(());
    };
    let clock = Clock::calibrate();
    let mut probe = Probe::new(clock, first)?;
    affinity::pin(second)?;
    let mut wrong = 0;
    for (name, gait, apart) in SETTINGS {
        if arguments.wait.as_ref().is_some_and(|wait| !name.contains(wait.as_str())) {
            continue;
        }
        for &senders in &arguments.senders {
            let job = Job { clock, senders, gait, cpus: [first, second], apart };
            for &size in &arguments.sizes {
                println!("\n{name}; {senders} senders, {size} B");
                wrong += match size {
                    8 => table::<1>(job, &mut probe, arguments.rounds)?,
                    1024 => table::<128>(job, &mut probe, arguments.rounds)?,
                    _ => table::<8>(job, &mut probe, arguments.rounds)?,
                };
            }
        }
    }
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} messages were wrong").into()) }
}

/// One queue's trials, round by round.
struct Column {
    name: String,
    team: Team,
    ns: Vec<f64>,
}

/// Prints one table; says how many messages were wrong.
fn table<const W: usize>(
    job: Job,
    probe: &mut Probe,
    rounds: usize,
) -> Result<u64, Box<dyn Error>> {
    let mut columns = Vec::new();
    // Processes first: a fork refuses to run beside threads.
    for run in [1, 32] {
        let name = if run == 1 { "ours".into() } else { format!("ours, {run} a claim") };
        let team = ours::<W>(Ring { run }, job, SLOTS)?;
        columns.push(Column { name, team, ns: Vec::new() });
    }
    if job.senders == 1 {
        let team = single::<W>(job, SLOTS)?;
        columns.push(Column { name: "ours, for one sender".into(), team, ns: Vec::new() });
    }
    for name in PEERS {
        let team = peer::<W>(name, job, SLOTS)?;
        columns.push(Column { name: (*name).into(), team, ns: Vec::new() });
    }
    let count = MESSAGES / job.senders as u64;
    for column in &mut columns {
        column.team.trial(count)?;
    }
    let mut wrong = 0;
    let mut distances = Vec::new();
    for _ in 0..rounds {
        let mut seen = vec![probe.distance_ns()?];
        let mut order: Vec<usize> = (0..columns.len()).collect();
        fastrand::shuffle(&mut order);
        for &at in &order {
            let column = &mut columns[at];
            let trial = column.team.trial(count)?;
            wrong += trial.faults;
            column.ns.push(trial.ns);
            seen.push(probe.distance_ns()?);
        }
        seen.sort_by(f64::total_cmp);
        let moved = seen[seen.len() - 1] > MOVED * seen[0];
        distances.push(if moved { f64::NAN } else { seen[seen.len() / 2] });
    }
    for class in classes(&distances) {
        let rows: Vec<usize> = (0..rounds).filter(|&round| class.holds(distances[round])).collect();
        println!("  {:.0} ns apart, {} of {rounds} rounds", class.centre, rows.len());
        for column in &columns {
            print_row(column, &columns[0], &rows);
        }
    }
    Ok(wrong)
}

fn print_row(column: &Column, first: &Column, rows: &[usize]) {
    let ns: Vec<f64> = rows.iter().map(|&round| column.ns[round]).collect();
    let ratios: Vec<f64> = rows.iter().map(|&round| column.ns[round] / first.ns[round]).collect();
    let ratio = match (median(&ratios), median_interval(&ratios, 0.95)) {
        (Some(ratio), Some(at)) if rows.len() >= LEAST => {
            format!("{ratio:>7.2} [{:.2}, {:.2}]", at.low, at.high)
        }
        _ => format!("{:>7} (under {LEAST} rounds)", "-"),
    };
    println!(
        "    {:<22} {:>9.1} ns a message {ratio}",
        column.name,
        median(&ns).unwrap_or(f64::NAN)
    );
}
