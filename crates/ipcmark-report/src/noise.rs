//! How far the machine can be trusted: what disturbed the run, in plain words, before any figure.
//!
//! Everything here is taken from what the run heard of its machine and from how wide its intervals came out. A record of
//! a version that did not listen has fewer lines, and no line is guessed.

use crate::ranking::middle;
use crate::units::{Quantity, count, plain, plural};
use ipcmark_record::{ClockPair, Invocation, Mark, Record};
use ipcmark_summary::{Classes, DistanceClass, Drift, Row, Summary};
use serde::Serialize;

/// Shares above which a machine is called noisy, and below a fifth of which it is called quiet.
const STOLEN: f64 = 0.01;
const SET_ASIDE: f64 = 0.05;
const TOLD_APART: f64 = 0.05;
const QUIET: f64 = 0.2;
/// CPUs that are told one by one; of more, the worst.
const CPUS_NAMED: usize = 4;

/// What disturbed the run, and what that means for its figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Noise {
    /// `quiet`, `some` or `noisy`: for the style sheet.
    pub grade: &'static str,
    /// One sentence that a reader can act on.
    pub verdict: String,
    /// What the verdict rests on.
    pub signs: Vec<Sign>,
}

/// One thing that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Sign {
    pub name: &'static str,
    /// The figure.
    pub value: String,
    /// What it is of, and what it means.
    pub detail: String,
}

fn sign(name: &'static str, value: impl Into<String>, detail: impl Into<String>) -> Sign {
    Sign { name, value: value.into(), detail: detail.into() }
}

/// What the record tells of its machine's noise.
pub(crate) fn noise(record: &Record, summary: &Summary) -> Noise {
    let half_width = half_width(summary);
    let shares = [
        (stolen_share(record), STOLEN),
        (set_aside(record).map(|(share, _)| share), SET_ASIDE),
        // Two intervals of this width leave each other alone from twice their half width on.
        (half_width.map(|half| 2.0 * half), TOLD_APART),
    ];
    let worst = shares.iter().filter_map(|(share, bound)| Some((*share)? / bound));
    let worst = worst.fold(0.0, f64::max);
    let moving = moved(record).is_some_and(|(moved, of)| moved * 50 > of);
    let grade = match worst {
        w if w > 1.0 || moving => "noisy",
        w if w > QUIET => "some",
        _ => "quiet",
    };
    let signs = [
        intervals(half_width),
        set_aside_sign(record),
        classes(record, &summary.classes),
        drift(&summary.drift),
        stolen(record),
        gaps(record),
        pressure(record),
        Some(clock(record)),
    ];
    Noise {
        grade,
        verdict: verdict(grade, half_width, record),
        signs: signs.into_iter().flatten().collect(),
    }
}

fn verdict(grade: &str, half_width: Option<f64>, record: &Record) -> String {
    let shared = if record.host.hypervisor.is_some() { " shared" } else { "" };
    let machine = match grade {
        "noisy" => format!("A noisy{shared} machine"),
        "some" => format!("A{shared} machine with some noise"),
        _ => format!("A quiet{shared} machine"),
    };
    match half_width {
        Some(half) => {
            format!("{machine}: differences under {} say nothing here.", percent(2.0 * half))
        }
        None => {
            format!("{machine}, and no cell has an interval: no difference says anything here.")
        }
    }
}

/// Half the width of the interval in the middle of all ranked cells, as a share of the figure.
fn half_width(summary: &Summary) -> Option<f64> {
    let of = |row: &Row| {
        row.figure.as_ref()?.headline(row.key.workload.headline())?.relative_half_width()
    };
    let rows = summary.rows.iter().filter(|row| !row.floor);
    middle(rows.filter_map(of).filter(|half| half.is_finite()).collect())
}

fn intervals(half_width: Option<f64>) -> Option<Sign> {
    let half = half_width?;
    let detail = format!(
        "half the interval of the cell in the middle; two such cells are told apart from {} on, and nearer ones are ties",
        percent(2.0 * half)
    );
    Some(sign("Intervals", format!("± {}", percent(half)), detail))
}

/// Invocations that ended well.
fn made(record: &Record) -> impl Iterator<Item = &Invocation> {
    record.cells.iter().flat_map(|c| &c.invocations).filter(|i| i.is_ok())
}

/// True where a run judged its invocations by what it heard around them.
fn judged(record: &Record) -> bool {
    record.noise.is_some() || made(record).any(|i| !i.marks.is_empty() || i.noise.is_some())
}

/// Share of the invocations that are set aside, and how many for which reason.
fn set_aside(record: &Record) -> Option<(f64, [(Mark, usize); 3])> {
    let all = made(record).count();
    let marked = made(record).filter(|i| !i.marks.is_empty()).count();
    let of = |mark| (mark, made(record).filter(|i| i.marks.contains(&mark)).count());
    (judged(record) && all > 0)
        .then(|| (marked as f64 / all as f64, [Mark::Moved, Mark::Stolen, Mark::Gaps].map(of)))
}

fn set_aside_sign(record: &Record) -> Option<Sign> {
    let (share, reasons) = set_aside(record)?;
    let words = |(mark, n): &(Mark, usize)| match mark {
        Mark::Moved => format!("{n} moved: the CPUs' distance changed on the way"),
        Mark::Stolen => format!("{n} stolen: the hypervisor gave the CPUs to others"),
        Mark::Gaps => format!("{n} gaps: the CPUs were away for longer than is allowed"),
    };
    let why: Vec<String> = reasons.iter().filter(|(_, n)| *n > 0).map(words).collect();
    let all = plural(made(record).count(), "invocation");
    let why = if why.is_empty() { "none had to be".into() } else { why.join("; ") };
    Some(sign(
        "Set aside",
        percent(share),
        format!("of {all}, by rules that do not look at the result: {why}"),
    ))
}

/// Invocations whose CPUs changed their distance on the way, and those whose distance is known.
fn moved(record: &Record) -> Option<(usize, usize)> {
    let known: Vec<_> = made(record).filter_map(|i| i.distance).collect();
    let moved = known.iter().filter(|d| d.has_moved()).count();
    (!known.is_empty()).then_some((moved, known.len()))
}

/// The distance classes that were found, and how many invocations lay in each.
fn classes(record: &Record, classes: &Classes) -> Option<Sign> {
    let (moved, of) = moved(record)?;
    let all: Vec<_> = made(record).filter_map(|i| classes.of_invocation(i)).collect();
    let share = |class: &DistanceClass| {
        let own = all.iter().filter(|other| *other == class).count();
        (own > 0).then(|| format!("{} in {class}", percent(own as f64 / all.len() as f64)))
    };
    let shares: Vec<String> = classes.all().iter().filter_map(share).collect();
    let reference = classes.reference()?;
    let detail = format!(
        "a cache line between the two CPUs and back, and a guess at what that means: {}; it changed by more than a third within \
         {} of {} invocations",
        shares.join(", "),
        count(moved as u64),
        count(of as u64)
    );
    Some(sign("Distance", reference.to_string(), detail))
}

/// What all cells of a kind went up and down by together.
fn drift(drifts: &[Drift]) -> Option<Sign> {
    let by_sd = |a: &&Drift, b: &&Drift| a.factor_sd.total_cmp(&b.factor_sd);
    let (least, most) = (drifts.iter().min_by(by_sd)?, drifts.iter().max_by(by_sd)?);
    let told = |drift: &Drift| {
        let cells = if drift.of_all { "all cells".into() } else { drift.kind.to_string() };
        format!("{} for {cells}", percent(drift.factor_sd))
    };
    let between = if told(least) == told(most) {
        told(most)
    } else {
        format!("between {} and {}", told(least), told(most))
    };
    let error = drifts.iter().map(|d| d.standard_error).fold(0.0, f64::max);
    let detail = format!(
        "how far cells of one kind went up and down together (standard deviation): {between}. The run's own level is known to \
         ± {} at worst, and every interval is that much wider",
        percent(error)
    );
    Some(sign("Drift of the machine", percent(most.factor_sd), detail))
}

fn stolen_share(record: &Record) -> Option<f64> {
    let noise = record.noise.as_ref().filter(|n| n.elapsed_ns > 0)?;
    let all_ns = noise.elapsed_ns as f64 * f64::from(record.host.cpus_online.max(1));
    Some(noise.stolen_ns? as f64 / all_ns)
}

fn stolen(record: &Record) -> Option<Sign> {
    let noise = record.noise.as_ref()?;
    let Some((share, ns)) = stolen_share(record).zip(noise.stolen_ns) else {
        let why = "this kernel does not tell what a hypervisor gave to others";
        return Some(sign("Steal", "not told", why));
    };
    let detail = format!(
        "{} of the CPUs' time in {} went to others, by the hypervisor's account",
        Quantity::Time.show(ns as f64),
        Quantity::Time.show(noise.elapsed_ns as f64)
    );
    Some(sign("Steal", percent(share), detail))
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
        let listened = l.listened_ns as f64;
        format!(
            "CPU {}: {} a second, longest {}, {} of the time",
            l.cpu,
            plain(l.gaps.count as f64 * 1e9 / listened),
            Quantity::Time.show(l.gaps.longest_ns),
            percent(l.gaps.total_ns / listened)
        )
    };
    let mut words: Vec<String> = heard.iter().map(each).collect();
    if left_out > 0 {
        words.push(format!("{left_out} more CPUs, with shorter ones"));
    }
    let detail =
        format!("over 5 µs, in which a spinning process did not run. {}", words.join("; "));
    Some(sign("Longest gap", Quantity::Time.show(longest), detail))
}

fn pressure(record: &Record) -> Option<Sign> {
    let noise = record.noise.as_ref().filter(|n| n.elapsed_ns > 0)?;
    let share = noise.pressure_ns? as f64 / noise.elapsed_ns as f64;
    let detail =
        "of the run some process waited for a CPU; those of ipcmark that share one are among them";
    Some(sign("Pressure", percent(share), detail))
}

/// The clock: how fine, and how far apart two CPUs' readings can be.
fn clock(record: &Record) -> Sign {
    let host = &record.host;
    let step =
        format!("{} in steps of {}", host.clock, Quantity::Time.show(record.harness.clock_step_ns));
    let Some(certificate) = &record.clock else {
        return sign("Clock", step, "readings of different CPUs were not held against each other");
    };
    let worst = |pair: &ClockPair| pair.bounds.iter().map(|b| b.bound_ns).fold(0.0, f64::max);
    let pair = certificate.pairs.iter().max_by(|a, b| worst(a).total_cmp(&worst(b)));
    let mut words: Vec<String> = Vec::new();
    if let Some((pair, last)) = pair.and_then(|pair| Some((pair, pair.bounds.last()?))) {
        words.push(format!(
            "CPU {} reads {} {} CPU {}, known to ± {} at worst",
            pair.b,
            Quantity::Time.show(last.offset_ns.abs()),
            if last.offset_ns < 0.0 { "behind" } else { "ahead of" },
            pair.a,
            Quantity::Time.show(worst(pair))
        ));
        let more = certificate.pairs.len() - 1;
        words.extend((more > 0).then(|| format!("{} known better", plural(more, "more pair"))));
    }
    words.extend(certificate.drift_ppm.map(|ppm| {
        format!("against CLOCK_MONOTONIC_RAW it drifted by {} ppm over the run", plain(ppm))
    }));
    if words.is_empty() {
        words.push("readings of different CPUs were not held against each other".into());
    }
    sign("Clock", step, words.join("; "))
}

/// `6 %`, `0.4 %`, `0 %`: two digits say enough of noise.
pub(crate) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match percent {
        p if !p.is_finite() => "–".into(),
        0.0 => "0 %".into(),
        p if p < 0.01 => "< 0.01 %".into(),
        p if p < 0.095 => format!("{p:.2} %"),
        p if p < 9.5 => format!("{p:.1} %"),
        p => format!("{p:.0} %"),
    }
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
    fn what_was_heard_is_told_in_plain_words() {
        let noise = of(&sample::record(1, 8));
        let words = words(&noise);
        for part in [
            "Steal: 0.6 %, 740 ms of the CPUs' time in 60.0 s went to others",
            "Longest gap: 4.10 ms, over 5 µs",
            "CPU 1: 77.5 a second, longest 4.10 ms, 1.5 % of the time",
            "Pressure: 7.0 %, of the run some process waited",
            "Clock: tsc in steps of 10.0 ns, CPU 1 reads 5.00 ns ahead of CPU 0, known to ± 31.0 ns at worst; against",
            "it drifted by 0.800 ppm",
        ] {
            assert!(words.contains(part), "no '{part}' in {words}");
        }
        assert!(noise.verdict.contains("differences under "), "{}", noise.verdict);
    }

    #[test]
    fn the_verdict_follows_the_intervals_and_the_steal() {
        let mut record = sample::record(1, 8);
        record.host.hypervisor = None;
        let calm = of(&record);
        let half = half_width(&ipcmark_summary::summarize(&record).unwrap()).unwrap();
        assert_eq!(calm.grade, if half > 0.025 { "noisy" } else { "some" });
        assert!(calm.verdict.contains(&percent(2.0 * half)) && !calm.verdict.contains("shared"));
        record.host.hypervisor = Some("kvm".into());
        record.noise.as_mut().unwrap().stolen_ns = Some(30_000_000_000);
        let stolen = of(&record);
        assert_eq!(stolen.grade, "noisy");
        assert!(stolen.verdict.starts_with("A noisy shared machine: "), "{}", stolen.verdict);
        let few = of(&sample::record(1, 3));
        assert!(few.verdict.contains("no cell has an interval"), "{}", few.verdict);
    }

    #[test]
    fn invocations_set_aside_are_counted_by_reason() {
        let mut record = sample::record(1, 8);
        let cells = record.cells.iter_mut().filter(|c| !c.invocations.is_empty());
        for (at, cell) in cells.enumerate().take(3) {
            let mark = if at == 0 { Mark::Moved } else { Mark::Stolen };
            cell.invocations.iter_mut().find(|i| i.is_ok()).unwrap().marks.push(mark);
        }
        let words = words(&of(&record));
        assert!(words.contains(": 1 moved: ") && words.contains("; 2 stolen: "), "{words}");
    }

    #[test]
    fn a_record_that_did_not_listen_has_fewer_lines_and_no_guess() {
        let mut record = sample::record(1, 8);
        (record.noise, record.clock) = (None, None);
        let noise = of(&record);
        let names: Vec<&str> = noise.signs.iter().map(|s| s.name).collect();
        assert_eq!(names, ["Intervals", "Distance", "Drift of the machine", "Clock"]);
        assert!(words(&noise).contains("not held against each other"));
    }
}
