//! What the machine did meanwhile, in a few lines above the tables: what a reader should know before the first figure.

use crate::layout::wrapped;
use crate::units::{share, time};
use console::Style;
use ipcmark_record::{MachineNoise, Record, Timed};
use ipcmark_summary::{DistanceClass, Drift, Summary};

/// Lines that begin with `Noise:`, `Distances:` and `Clocks:`, each where the record can tell; nothing of one that cannot.
pub(crate) fn machine(record: &Record, summary: &Summary, columns: Option<u16>) -> String {
    let lines = [
        ("Noise:", noise(record, summary)),
        ("Distances:", distances(summary)),
        ("Clocks:", clocks(record, summary)),
    ];
    let told: String = lines
        .into_iter()
        .filter_map(|(head, words)| {
            let first = format!("{} ", Style::new().bold().apply_to(head));
            Some(wrapped(&first, &words?, 2, columns))
        })
        .collect();
    if told.is_empty() { told } else { told + "\n" }
}

/// `steal 0.62 %, 56 gaps over 5 µs a second, longest 4.10 ms; 3.1 % of invocations set aside; machine drift 1.2 to 5.4 %`.
fn noise(record: &Record, summary: &Summary) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let heard = record.noise.as_ref().map(|noise| heard(noise, record.host.cpus_online));
    parts.extend(heard.filter(|words| !words.is_empty()));
    let good: usize = summary.rows.iter().map(|r| r.made_invocations - r.failed_invocations).sum();
    let aside: usize = summary.rows.iter().map(|r| r.set_aside).sum();
    if aside > 0 {
        parts.push(format!("{} of invocations set aside", share(aside as f64 / good as f64)));
    }
    parts.extend(drift(&summary.drift));
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn heard(noise: &MachineNoise, cpus: u32) -> String {
    let all_ns = noise.elapsed_ns as f64 * f64::from(cpus.max(1));
    let steal = noise.stolen_ns.filter(|_| all_ns > 0.0);
    let steal = steal.map(|ns| format!("steal {}", share(ns as f64 / all_ns)));
    let listened_ns: u64 = noise.listened.iter().map(|l| l.listened_ns).sum();
    let gaps = (listened_ns > 0).then(|| {
        let count: u64 = noise.listened.iter().map(|l| l.gaps.count).sum();
        let longest = noise.listened.iter().map(|l| l.gaps.longest_ns).fold(0.0, f64::max);
        match count {
            0 => "no gap over 5 µs".into(),
            n => format!(
                "{:.0} gaps over 5 µs a second, longest {}",
                n as f64 * 1e9 / listened_ns as f64,
                time(longest)
            ),
        }
    });
    steal.into_iter().chain(gaps).collect::<Vec<_>>().join(", ")
}

/// `machine drift 1.20 to 5.40 %`: over the kinds of cells.
fn drift(drift: &[Drift]) -> Option<String> {
    let (low, high) = ends(drift.iter().map(|d| d.factor_sd))?;
    let (low, high) = (share(low), share(high));
    let span = if low == high { high } else { format!("{} to {high}", low.trim_end_matches(" %")) };
    Some(format!("machine drift {span}"))
}

/// `62 ns (siblings) in 92.0 % of invocations, 411 ns (far) in 5.00 %, moving in 3.00 %`.
fn distances(summary: &Summary) -> Option<String> {
    let reference = summary.classes.reference()?;
    let held = |class: &DistanceClass| -> usize {
        let own = |row: &ipcmark_summary::Row| {
            let others = row.others.iter().map(|o| (Some(o.class), o.invocations));
            let all = others.chain([(row.class, row.invocations)]);
            all.filter(|(of, _)| *of == Some(*class)).map(|(_, n)| n).sum::<usize>()
        };
        summary.rows.iter().map(own).sum()
    };
    let moved: usize = summary.rows.iter().filter_map(|r| Some(r.distance?.moved)).sum();
    let counts: Vec<_> = summary.classes.all().iter().map(|class| (class, held(class))).collect();
    let all = (counts.iter().map(|(_, n)| n).sum::<usize>() + moved).max(1) as f64;
    let of = |n: usize| share(n as f64 / all);
    let mut parts: Vec<String> =
        counts.iter().map(|(class, n)| format!("{class} in {}", of(*n))).collect();
    parts[0].push_str(" of invocations");
    parts.extend((moved > 0).then(|| format!("moving in {}", of(moved))));
    let several = counts.len() > 1;
    let figures = several.then(|| format!("; figures are of {reference} where no other is named"));
    Some(parts.join(", ") + &figures.unwrap_or_default())
}

/// How far apart the clocks were, where a figure stands on two of them.
fn clocks(record: &Record, summary: &Summary) -> Option<String> {
    let one_way =
        summary.rows.iter().any(|r| r.key.workload.timed() == Timed::OneWay && r.figure.is_some());
    let pairs = &record.clock.as_ref().filter(|_| one_way)?.pairs;
    let worst = pairs.iter().max_by(|a, b| a.apart_ns().total_cmp(&b.apart_ns()))?;
    let at_worst = if pairs.len() > 1 { ", the worst pair" } else { "" };
    Some(format!(
        "CPU {} and CPU {} read at most {} apart{at_worst}; a one-way time under ten times that is refused",
        worst.a,
        worst.b,
        time(worst.apart_ns())
    ))
}

fn ends(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    Some((values.clone().reduce(f64::min)?, values.reduce(f64::max)?))
}
