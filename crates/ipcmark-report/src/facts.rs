//! Facts that a reader must know next to the figures: caveats, the machine, and the cost of measuring.

use crate::phase::{cut_by_budget, measured_phase};
use ipcmark_record::{Checkout, Distance, Outcome, Record, TraceNote};
use ipcmark_show::{bytes, capital, count, plain, plural, time};
use ipcmark_summary::{Row, Summary};
use ipcmark_view::conditions;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Fewest invocations that give an interval.
const FEWEST: usize = 6;

/// A named fact, as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fact {
    pub name: String,
    pub value: String,
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact { name: name.into(), value: value.into() }
}

/// Returns the limits of this record's figures, as plain sentences; the gravest first.
pub(crate) fn cautions(record: &Record, summary: &Summary) -> Vec<String> {
    let mut out = Vec::new();
    if record.tool.profile != "release" {
        out.push(format!(
            "Measured by a {} build, in which the harness itself is slow. Build with --release before you trust a figure.",
            record.tool.profile
        ));
    }
    match record.outcome {
        Outcome::Complete => {}
        Outcome::Running => {
            out.push("The run had not ended when this report was made, or it was killed.".into())
        }
        Outcome::BudgetSpent => {
            out.push("The time budget ended before all planned rounds: intervals are wider than planned. A longer --budget narrows them.".into());
        }
        Outcome::Interrupted => {
            out.push("The run was stopped by hand; this report shows the part that was measured.".into())
        }
        Outcome::Stopped => {
            out.push("The run stopped because its record could no longer be written; this report shows the part that was measured.".into())
        }
    }
    if let Some((cut, planned)) = cut_by_budget(record) {
        out.push(format!(
            "The time budget cut the measured phase of an invocation from {planned} to {cut} (median): each percentile has fewer \
             samples than planned."
        ));
    }
    let measured: Vec<&Row> = summary.rows.iter().filter(|r| r.figure.is_some()).collect();
    let few = measured.iter().filter(|r| r.invocations < FEWEST).count();
    if few > 0 {
        out.push(format!(
            "{few} of {} have no interval: an interval needs at least {FEWEST} invocations. Their order may be chance.",
            plural(measured.len(), "measured cell")
        ));
    }
    out.extend(distance_caution(&measured));
    let unsteady: usize = measured.iter().map(|r| r.unsteady_invocations).sum();
    if unsteady > 0 {
        let all = measured.iter().map(|r| r.invocations).sum();
        out.push(format!(
            "{unsteady} of the {} behind the figures never settled in the warm-up. They are included, and their rows say so.",
            plural(all, "invocation")
        ));
    }
    for sign in conditions(record) {
        out.push(format!("{}: {}; {}.", sign.name, sign.value, sign.detail));
    }
    for fact in &record.resumed {
        out.push(format!(
            "The run was resumed under other conditions than it began: {fact}. Its cells hold invocations made under both."
        ));
    }
    if let Some(hypervisor) = &record.host.hypervisor {
        out.push(format!(
            "This is a virtual machine ({hypervisor}): its host may move its CPUs and take time from them. Compare within \
             this record rather than with others."
        ));
    }
    out
}

/// Warns if the distance of the CPUs changed: on a virtual machine the host moves them.
fn distance_caution(measured: &[&Row]) -> Option<String> {
    let ranges: Vec<_> = measured.iter().filter_map(|r| r.distance).collect();
    let low = ranges.iter().map(|d| d.min_ns).reduce(f64::min)?;
    let high = ranges.iter().map(|d| d.max_ns).reduce(f64::max)?;
    let moved: usize = ranges.iter().map(|d| d.moved).sum();
    (moved > 0 || Distance::differ(low, high)).then(|| {
        format!(
            "The distance between the two CPUs (a cache-line round trip) was between {} and {} during this run and changed by \
             more than a third within {}. Shared-memory figures move with it. Compare only figures taken at about the \
             same distance; each row shows its own.",
            time(low),
            time(high),
            plural(moved, "invocation")
        )
    })
}

/// Returns the machine, and its settings that make figures noisy.
pub(crate) fn host(record: &Record) -> Vec<Fact> {
    let host = &record.host;
    // The kernel's names keep their letters.
    let name = |name: &str| if name.contains('.') { name.into() } else { capital(name) };
    let mut facts: Vec<Fact> =
        host.facts().into_iter().map(|found| fact(&name(&found.name), found.value)).collect();
    facts.insert(4, fact("CPUs used", cpus_used(record)));
    facts.push(fact(
        "Clock read",
        format!("{} at {} Hz", host.clock, count(host.clock_hz.max(0.0) as u64)),
    ));
    facts.extend(host.checkout.as_ref().map(|checkout| fact("Checkout", words(checkout))));
    if let Some(noise) = &record.noise {
        let throttled =
            noise.throttled.map(|counts| fact("Throttled by the CPU quota", counts.to_string()));
        facts.extend(throttled);
        facts.extend(
            noise.other_runs.map(|n| fact("Other runs of ipcmark at the same time", n.to_string())),
        );
    }
    facts.extend(
        host.mitigations.iter().map(|(name, what)| fact(&format!("Mitigation {name}"), what)),
    );
    facts.push(fact("Host fingerprint", &host.fingerprint));
    facts
}

/// Returns `0123456789ab, clean`; or why git did not tell.
fn words(checkout: &Checkout) -> String {
    let Some(commit) = &checkout.commit else {
        let why = checkout.refused.as_deref().unwrap_or("no reason given");
        return format!("commit not known: {why}");
    };
    let state = match checkout.clean {
        Some(true) => ", clean",
        Some(false) => ", with changes",
        None => "",
    };
    let branch = checkout.branch.as_ref().map(|branch| format!(", branch {branch}"));
    format!("{commit}{}{state}", branch.unwrap_or_default())
}

/// Returns the run and the build.
pub(crate) fn run(record: &Record) -> Vec<Fact> {
    let (tool, settings) = (&record.tool, &record.settings);
    let outcome = match record.outcome {
        Outcome::Running => "not finished",
        Outcome::Complete => "complete",
        Outcome::BudgetSpent => "time budget spent",
        Outcome::Interrupted => "interrupted",
        Outcome::Stopped => "stopped by an error",
    };
    let mut facts = vec![
        fact("Program", format!("{} {} ({})", tool.name, tool.version, tool.profile)),
        fact("Commit", tool.commit.clone().unwrap_or_else(|| "not known".into())),
        fact("Compiler", format!("{}, {}", tool.rustc, tool.target)),
        fact("Started", &record.started),
        fact("Finished", record.finished.clone().unwrap_or_else(|| "–".into())),
        fact("Outcome", outcome),
        fact("Suite", &record.suite.name),
        fact("Rounds planned", settings.rounds.to_string()),
        fact("Budget", settings.budget_s.map_or_else(|| "none".into(), |s| format!("{s} s"))),
        fact("Measured phase", measured_phase(record)),
        fact("Warm-up at most", format!("{} ms", settings.warm_up_ms)),
        fact("Compared byte for byte", format!("one message in {}", settings.deep_check_every)),
        fact("Seed", settings.seed.to_string()),
        fact("Command", settings.command.join(" ")),
    ];
    facts.extend(settings.trace.as_ref().map(|trace| {
        let TraceNote { name, hash, messages, pass_s, rate_per_s, mean_bytes, longest_bytes } =
            trace;
        let value = format!(
            "{name} ({hash}): {} in {} s, {rate_per_s:.1}/s; {} on average, the longest {}",
            plural(*messages as usize, "message"),
            plain(*pass_s),
            bytes(mean_bytes.round() as u64),
            bytes(*longest_bytes)
        );
        fact("Replayed", value)
    }));
    facts.extend(settings.raw.as_ref().map(|raw| {
        let most = count(raw.most_messages);
        let value = format!("{}, at most {most} messages of an invocation", raw.file);
        fact("Times of each message", value)
    }));
    facts
}

/// Returns the cost of measuring itself.
pub(crate) fn harness(record: &Record) -> Vec<Fact> {
    let cost = &record.harness;
    let mut facts = vec![
        fact("One clock read", time(cost.clock_ns)),
        fact("Smallest step of the clock", time(cost.clock_step_ns)),
        fact("One value into the histogram", time(cost.histogram_ns)),
        fact("Stamping a message of 64 B", time(cost.stamp_ns)),
        fact("Checking a message of 64 B", time(cost.check_ns)),
        fact(
            "A message of 64 B through the whole stream loop over a floor (stamped, sent, received, checked; the clock read once per block)",
            cost.loop_ns.map_or_else(|| "not measured".into(), time),
        ),
    ];
    facts.extend(cost.raw_ns.map(|ns| fact("Keeping the times of one message (--raw)", time(ns))));
    let compared = [("64 B", cost.compare_ns), ("4 KiB", cost.compare_page_ns)];
    facts.extend(compared.into_iter().filter_map(|(size, ns)| {
        Some(fact(
            &format!("Comparing every byte of a message of {size} (--check full)"),
            time(ns?),
        ))
    }));
    facts
}

/// Returns `cross-core: 0 and 1; same-core: 0`, as read back from the sides.
fn cpus_used(record: &Record) -> String {
    let mut used: BTreeMap<&str, BTreeSet<Vec<u32>>> = BTreeMap::new();
    for cell in record.cells.iter().filter(|c| !c.floor) {
        for invocation in cell.invocations.iter().filter(|i| i.sides.len() > 1) {
            let mut cpus: Vec<u32> = invocation.sides.iter().map(|s| s.placed.cpu_after).collect();
            cpus.dedup();
            used.entry(cell.key.placement.name()).or_default().insert(cpus);
        }
    }
    let parts: Vec<String> = used
        .into_iter()
        .map(|(placement, sets)| {
            const NAMED: usize = 4;
            let mut words: Vec<String> = sets
                .iter()
                .take(NAMED)
                .map(|cpus| cpus.iter().map(u32::to_string).collect::<Vec<_>>().join(" and "))
                .collect();
            if sets.len() > NAMED {
                words.push(format!("{} more pairs", sets.len() - NAMED));
            }
            format!("{placement}: {}", words.join(", "))
        })
        .collect();
    if parts.is_empty() { "none".into() } else { parts.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::sample;
    use ipcmark_view::testing::{row, summary};

    #[test]
    fn what_limits_the_figures_is_said() {
        let mut record = sample::record(1, 3);
        record.tool.profile = "debug".into();
        let summary = ipcmark_summary::summarize(&record).unwrap();
        let text = cautions(&record, &summary).join("\n");
        for words in [
            "debug build",
            "time budget ended",
            "have no interval",
            "within 1 invocation.",
            "1 of ",
            "virtual machine (kvm)",
        ] {
            assert!(text.contains(words), "no '{words}' in {text}");
        }
    }

    #[test]
    fn a_sound_run_on_bare_metal_has_no_caution() {
        let mut record = sample::record(1, 8);
        record.outcome = Outcome::Complete;
        record.host.hypervisor = None;
        let rows = vec![row("a/block", 64, 1.0, Some((1.0, 1.0)))];
        assert_eq!(cautions(&record, &summary(rows)), Vec::<String>::new());
    }
}
