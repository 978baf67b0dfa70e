//! Measurement quality: how far the machine can be trusted, in plain words, before any figure.
//!
//! All of it comes from the run's own probes of its machine and from the width of its intervals. The
//! record of a version without such probes has fewer lines; nothing is guessed.

use crate::middle;
use ipcmark_record::{ClockPair, Invocation, Mark, Record};
use ipcmark_show::{plain, plural, share, time};
use ipcmark_summary::{Classes, DistanceClass, Drift, Row, Summary};
use serde::Serialize;

/// Shares above which the quality is low; below a fifth of them it is high.
const STOLEN: f64 = 0.01;
const DISCARDED: f64 = 0.05;
const RESOLVED: f64 = 0.05;
const HIGH: f64 = 0.2;
/// Share of the periods of a CPU quota above which the quality is low.
const THROTTLED: f64 = 0.01;
/// Number of CPUs that are named; of more, the worst.
const CPUS_NAMED: usize = 4;

/// The disturbances of a run, and their meaning for its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noise {
    /// `quiet`, `some` or `noisy`: the class in the style sheet.
    pub grade: &'static str,
    /// One sentence that a reader can act on.
    pub verdict: String,
    /// The grounds of the verdict.
    pub signs: Vec<Sign>,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sign {
    /// Its name.
    pub name: &'static str,
    /// The figure.
    pub value: String,
    /// Its base, and its meaning.
    pub detail: String,
}

fn sign(name: &'static str, value: impl Into<String>, detail: impl Into<String>) -> Sign {
    Sign { name, value: value.into(), detail: detail.into() }
}

/// Returns the measurement quality of a record.
#[must_use]
pub fn noise(record: &Record, summary: &Summary) -> Noise {
    let half_width = half_width(summary);
    let shares = [
        (stolen_share(record), STOLEN),
        (discarded(record).map(|(share, _)| share), DISCARDED),
        (throttled_share(record), THROTTLED),
        // Two intervals of this width are apart from twice their half width on.
        (half_width.map(|half| 2.0 * half), RESOLVED),
    ];
    let worst = shares.iter().filter_map(|(share, bound)| Some((*share)? / bound));
    let worst = worst.fold(0.0, f64::max);
    let moving = moved(record).is_some_and(|(moved, of)| moved * 50 > of);
    let (grade, quality) = match worst {
        w if w > 1.0 || moving => ("noisy", "low"),
        w if w > HIGH => ("some", "medium"),
        _ => ("quiet", "high"),
    };
    let machine = if record.host.hypervisor.is_some() { "virtual machine" } else { "machine" };
    let difference = half_width.map_or_else(
        || "No cell has an interval, so no difference means anything.".into(),
        |half| format!("Differences under {} are noise on this {machine}.", share(2.0 * half)),
    );
    let signs = [
        quota(record),
        scheduling(record),
        other_runs(record),
        half_width.map(|half| {
            sign(
                "Typical interval",
                format!("± {}", share(half)),
                "median half-width of the 95 % intervals",
            )
        }),
        discarded_sign(record),
        distance(record, &summary.classes),
        drift(&summary.drift),
        stolen(record),
        gaps(record),
        pressure(record),
        Some(clock(record)),
    ];
    Noise {
        grade,
        verdict: format!("Measurement quality: {quality}. {difference}"),
        signs: signs.into_iter().flatten().collect(),
    }
}

/// Returns half the width of the median interval of all ranked cells, as a share of the figure.
fn half_width(summary: &Summary) -> Option<f64> {
    let of = |row: &Row| {
        let figure = row.figure.as_ref()?;
        figure.headline(row.key.workload.headline())?.relative_half_width()
    };
    let rows = summary.rows.iter().filter(|row| !row.floor);
    middle(rows.filter_map(of).filter(|half| half.is_finite()).collect())
}

/// Returns the invocations that ended well.
fn made(record: &Record) -> impl Iterator<Item = &Invocation> {
    record.cells.iter().flat_map(|c| &c.invocations).filter(|i| i.is_ok())
}

/// Returns true if the record has probes of its invocations.
fn judged(record: &Record) -> bool {
    record.noise.is_some() || made(record).any(|i| !i.marks.is_empty() || i.noise.is_some())
}

/// Returns the share of the invocations that are discarded, and their number by reason.
fn discarded(record: &Record) -> Option<(f64, [(Mark, usize); 4])> {
    let all = made(record).count();
    let marked = made(record).filter(|i| !i.marks.is_empty()).count();
    let of = |mark| (mark, made(record).filter(|i| i.marks.contains(&mark)).count());
    let marks = [Mark::Moved, Mark::Stolen, Mark::Gaps, Mark::Throttled];
    (judged(record) && all > 0).then(|| (marked as f64 / all as f64, marks.map(of)))
}

fn discarded_sign(record: &Record) -> Option<Sign> {
    let (part, reasons) = discarded(record)?;
    let words = |(mark, n): &(Mark, usize)| match mark {
        Mark::Moved => format!("{n} whose CPUs moved"),
        Mark::Stolen => format!("{n} whose CPUs were stolen by the hypervisor"),
        Mark::Gaps => format!("{n} interrupted"),
        Mark::Throttled => format!("{n} that waited for the CPU quota"),
    };
    let why: Vec<String> = reasons.iter().filter(|(_, n)| *n > 0).map(words).collect();
    let why = if why.is_empty() { "none".into() } else { why.join(", ") };
    let all = plural(made(record).count(), "invocation");
    Some(sign(
        "Invocations discarded",
        share(part),
        format!("of {all} that ended well: {why}; the result decides nothing"),
    ))
}

/// Returns the number of invocations whose CPUs moved, and of those whose distance is known.
fn moved(record: &Record) -> Option<(usize, usize)> {
    let known: Vec<_> = made(record).filter_map(|i| i.distance).collect();
    let moved = known.iter().filter(|d| d.has_moved()).count();
    (!known.is_empty()).then_some((moved, known.len()))
}

/// Returns the distance classes, and the share of invocations in each.
fn distance(record: &Record, classes: &Classes) -> Option<Sign> {
    let (moved, known) = moved(record)?;
    let reference = classes.reference()?;
    let all: Vec<_> = made(record).filter_map(|i| classes.of_invocation(i)).collect();
    let part = |n: usize| share(n as f64 / known as f64);
    let of = |class: &DistanceClass| {
        let own = all.iter().filter(|other| *other == class).count();
        (own > 0).then(|| format!("{class} in {} of invocations", part(own)))
    };
    let mut parts: Vec<String> = classes.all().iter().filter_map(of).collect();
    parts.extend((moved > 0).then(|| format!("moving in {}", part(moved))));
    let detail = format!("round trip of a cache line: {}", parts.join(", "));
    Some(sign("Core-to-core latency", reference.to_string(), detail))
}

/// Returns the movement that all cells of a kind have in common.
fn drift(drifts: &[Drift]) -> Option<Sign> {
    let by_sd = |a: &&Drift, b: &&Drift| a.factor_sd.total_cmp(&b.factor_sd);
    let (least, most) = (drifts.iter().min_by(by_sd)?, drifts.iter().max_by(by_sd)?);
    let of = |drift: &Drift| {
        let cells = if drift.of_all { "all cells".into() } else { drift.kind.to_string() };
        format!("{} for {cells}", share(drift.factor_sd))
    };
    let (low, high) = (of(least), of(most));
    let range = if low == high { high } else { format!("{low} to {high}") };
    let error = drifts.iter().map(|d| d.standard_error).fold(0.0, f64::max);
    let detail = format!(
        "how much all results moved together during the run: {range}; every interval is up to ± {} wider for it",
        share(error)
    );
    Some(sign("Drift of all results together", share(most.factor_sd), detail))
}

/// Returns what is known before the first figure: the share of the machine that the run was given, as it is not always.
#[must_use]
pub fn conditions(record: &Record) -> Vec<Sign> {
    [quota(record), scheduling(record), other_runs(record)].into_iter().flatten().collect()
}

fn throttled_share(record: &Record) -> Option<f64> {
    let throttled = record.noise.as_ref()?.throttled.filter(|counts| counts.periods > 0)?;
    Some(throttled.throttled_periods as f64 / throttled.periods as f64)
}

fn quota(record: &Record) -> Option<Sign> {
    let quota = record.host.cpu_quota()?;
    let throttled = record.noise.as_ref().and_then(|noise| noise.throttled);
    let throttled = throttled.map(|counts| format!(", throttled in {counts}")).unwrap_or_default();
    let detail = "processes wait when their control group has used up its share; times are summed over all CPUs";
    Some(sign("CPU quota", format!("{quota}{throttled}"), detail))
}

fn scheduling(record: &Record) -> Option<Sign> {
    let conditions = record.host.conditions.as_ref().filter(|c| !c.is_usual_scheduling())?;
    let detail = "policy and priority that the processes were started with";
    Some(sign("Scheduling", conditions.scheduling()?, detail))
}

fn other_runs(record: &Record) -> Option<Sign> {
    let others = record.noise.as_ref()?.other_runs.filter(|n| *n > 0)?;
    let runs = plural(others as usize, "run");
    Some(sign(
        "Other runs",
        others.to_string(),
        format!("{runs} of ipcmark measured at the same time"),
    ))
}

fn stolen_share(record: &Record) -> Option<f64> {
    let noise = record.noise.as_ref().filter(|n| n.elapsed_ns > 0)?;
    let all_ns = noise.elapsed_ns as f64 * f64::from(record.host.cpus_online.max(1));
    Some(noise.stolen_ns? as f64 / all_ns)
}

fn stolen(record: &Record) -> Option<Sign> {
    let noise = record.noise.as_ref()?;
    let Some((part, ns)) = stolen_share(record).zip(noise.stolen_ns) else {
        return Some(sign(
            "CPU time taken by other guests",
            "unknown",
            "this kernel does not report stolen time",
        ));
    };
    let (ns, elapsed) = (time(ns as f64), time(noise.elapsed_ns as f64));
    let detail = format!(
        "{ns} of the CPUs' time in {elapsed} went to other guests, as the hypervisor reports"
    );
    Some(sign("CPU time taken by other guests", share(part), detail))
}

fn gaps(record: &Record) -> Option<Sign> {
    let mut heard: Vec<_> = record.noise.as_ref()?.listened.iter().collect();
    heard.retain(|l| l.listened_ns > 0);
    heard.sort_by(|a, b| b.gaps.longest_ns.total_cmp(&a.gaps.longest_ns));
    let longest = heard.first()?.gaps.longest_ns;
    let left_out = heard.len().saturating_sub(CPUS_NAMED);
    heard.truncate(CPUS_NAMED);
    heard.sort_by_key(|l| l.cpu);
    let each = |l: &&ipcmark_record::Listened| {
        // A gap that outlasts its probe counts whole, but the probe's time ends before it.
        let whole = (l.listened_ns as f64).max(l.gaps.total_ns);
        format!(
            "CPU {} {} times a second, up to {}, {} of the time",
            l.cpu,
            plain(l.gaps.count as f64 * 1e9 / whole),
            time(l.gaps.longest_ns),
            share(l.gaps.total_ns / whole)
        )
    };
    let mut words: Vec<String> = heard.iter().map(each).collect();
    words.extend(
        (left_out > 0).then(|| format!("{} with shorter ones", plural(left_out, "more CPU"))),
    );
    let detail = format!("a spinning process lost its CPU for over 5 µs: {}", words.join("; "));
    Some(sign("Longest interruption", time(longest), detail))
}

fn pressure(record: &Record) -> Option<Sign> {
    let noise = record.noise.as_ref().filter(|n| n.elapsed_ns > 0)?;
    let part = noise.pressure_ns? as f64 / noise.elapsed_ns as f64;
    let detail = "any task of the machine, also one of ipcmark (Linux PSI)";
    Some(sign("Time in which a task waited for a CPU", share(part), detail))
}

/// Returns the clock: its resolution, and the offset between two CPUs.
fn clock(record: &Record) -> Sign {
    let step = format!("{} ({})", time(record.harness.clock_step_ns), record.host.clock);
    let Some(certificate) = &record.clock else {
        return sign("Clock resolution", step, "the clocks of the CPUs were not compared");
    };
    let worst = |pair: &ClockPair| pair.bounds.iter().map(|b| b.bound_ns).fold(0.0, f64::max);
    let pair = certificate.pairs.iter().max_by(|a, b| worst(a).total_cmp(&worst(b)));
    let mut words: Vec<String> = Vec::new();
    if let Some((pair, last)) = pair.and_then(|pair| Some((pair, pair.bounds.last()?))) {
        words.push(format!(
            "CPU {} reads {} {} CPU {}, known to ± {} at worst",
            pair.b,
            time(last.offset_ns.abs()),
            if last.offset_ns < 0.0 { "behind" } else { "ahead of" },
            pair.a,
            time(worst(pair))
        ));
        let more = certificate.pairs.len() - 1;
        words.extend((more > 0).then(|| format!("{} known better", plural(more, "more pair"))));
    }
    let paced = record.cells.iter().any(|cell| cell.key.workload.arrivals().is_some());
    let apart = certificate.pairs.iter().map(ClockPair::apart_ns).reduce(f64::max);
    words.extend(apart.filter(|_| paced).map(|apart| {
        format!("one-way times below {} are not reported (clock offset)", time(10.0 * apart))
    }));
    words.extend(certificate.drift_ppm.map(|ppm| {
        format!("drifted by {} ppm against CLOCK_MONOTONIC_RAW during the run", plain(ppm))
    }));
    if words.is_empty() {
        words.push("the clocks of the CPUs were not compared".into());
    }
    sign("Clock resolution", step, words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;

    fn of(record: &Record) -> Noise {
        noise(record, &ipcmark_summary::summarize(record).unwrap())
    }

    fn words(noise: &Noise) -> String {
        noise.signs.iter().map(|s| format!("{}: {}, {}\n", s.name, s.value, s.detail)).collect()
    }

    #[test]
    fn the_signs_are_in_plain_words() {
        let noise = of(&sample::record(1, 8));
        let words = words(&noise);
        for part in [
            "CPU time taken by other guests: 0.62 %, 740 ms of the CPUs' time in 60.0 s went to other guests",
            "Longest interruption: 4.10 ms, a spinning process lost its CPU for over 5 µs: ",
            "CPU 1 77.5 times a second, up to 4.10 ms, 1.5 % of the time",
            "Time in which a task waited for a CPU: 7 %, any task of the machine",
            "Clock resolution: 10.0 ns (tsc), CPU 1 reads 5.00 ns ahead of CPU 0, known to ± 31.0 ns at worst; ",
            "drifted by 0.800 ppm",
        ] {
            assert!(words.contains(part), "no '{part}' in {words}");
        }
        assert!(noise.verdict.contains("Differences under "), "{}", noise.verdict);
    }

    #[test]
    fn the_verdict_follows_the_intervals_and_the_steal() {
        let mut record = sample::record(1, 8);
        record.host.hypervisor = None;
        let calm = of(&record);
        let half = half_width(&ipcmark_summary::summarize(&record).unwrap()).unwrap();
        assert_eq!(calm.grade, if half > 0.025 { "noisy" } else { "some" });
        assert!(calm.verdict.contains(&share(2.0 * half)) && !calm.verdict.contains("virtual"));
        record.host.hypervisor = Some("kvm".into());
        record.noise.as_mut().unwrap().stolen_ns = Some(30_000_000_000);
        let stolen = of(&record);
        assert_eq!(stolen.grade, "noisy");
        assert!(stolen.verdict.starts_with("Measurement quality: low. "), "{}", stolen.verdict);
        let few = of(&sample::record(1, 3));
        assert!(few.verdict.contains("No cell has an interval"), "{}", few.verdict);
    }

    #[test]
    fn discarded_runs_are_counted_by_reason() {
        let mut record = sample::record(1, 8);
        let cells = record.cells.iter_mut().filter(|c| !c.invocations.is_empty());
        for (at, cell) in cells.enumerate().take(3) {
            let mark = [Mark::Moved, Mark::Stolen, Mark::Throttled][at];
            cell.invocations.iter_mut().find(|i| i.is_ok()).unwrap().marks.push(mark);
        }
        let words = words(&of(&record));
        assert!(words.contains(": 1 whose CPUs moved, 1 whose CPUs were stolen"), "{words}");
        assert!(words.contains(", 1 that waited for the CPU quota"), "{words}");
    }

    #[test]
    fn a_record_without_probes_has_fewer_lines_and_no_guess() {
        let mut record = sample::record(1, 8);
        (record.noise, record.clock) = (None, None);
        let noise = of(&record);
        let names: Vec<&str> = noise.signs.iter().map(|s| s.name).collect();
        assert_eq!(
            names,
            [
                "Typical interval",
                "Core-to-core latency",
                "Drift of all results together",
                "Clock resolution"
            ]
        );
        assert!(words(&noise).contains("were not compared"));
    }
}
