//! From items to a decision, and the level of each item.

use super::{Decision, Item, Level, Policy, Tally, Weight};
use crate::Verdict;
use ipcmark_show::plural;

/// Input of the decision.
pub(super) struct Weighed<'a> {
    pub(super) items: &'a [Item],
    pub(super) tally: &'a Tally,
    /// Reasons to doubt all of it.
    pub(super) alarms: &'a [String],
}

/// Returns the decision, its reasons, and the level of each item.
pub(super) fn decide(
    weighed: &Weighed<'_>,
    policy: &Policy,
) -> (Decision, Vec<String>, Vec<Level>) {
    let Weighed { items, tally, alarms } = weighed;
    let count = |call| {
        items.iter().filter(|i| i.counts() && i.call == call && i.weight == Weight::Fail).count()
    };
    let doubted = !alarms.is_empty() && policy.alarms == Weight::Fail;
    let allowed = policy.regressed_allowed;
    let too_many = tally.counts.regressed > allowed;
    let regressed = too_many && !doubted;

    let mut red = Vec::new();
    let failed = count(Verdict::Failed);
    if failed > 0 {
        red.push(format!("{} failed on the new side alone", plural(failed, "cell")));
    }
    if regressed {
        let figures = plural(tally.counts.regressed, "figure");
        red.push(format!("{figures} regressed, and the policy allows {allowed}"));
    }
    let mut open = Vec::new();
    if doubted {
        open.extend(alarms.iter().cloned());
        if too_many {
            let figures = plural(tally.counts.regressed, "figure");
            open.push(format!("{figures} regressed, which is not credible then"));
        }
    }
    let suspected = tally.counts.suspected_slower;
    if suspected > allowed {
        open.push(format!(
            "{} suspected slower; records of different times are only a suspicion: measure both \
             sides with `ipcmark ab`, or set records = \"trust\" in the policy",
            plural(suspected, "figure")
        ));
    }
    let undecided = count(Verdict::Inconclusive);
    if undecided > 0 {
        open.push(format!(
            "{} undecided: measure longer, or set inconclusive = \"warn\"",
            plural(undecided, "figure")
        ));
    }
    let missing = count(Verdict::Missing);
    if missing > 0 {
        let cells = plural(missing, "cell");
        open.push(format!("{cells} that the base measured and the new side did not"));
    }
    if tally.counts.figures == 0 {
        open.push("no figure was judged".into());
    }
    let decision = match (red.is_empty(), open.is_empty()) {
        (false, _) => Decision::Regressed,
        (true, false) => Decision::Inconclusive,
        (true, true) => Decision::Passed,
    };
    let mut because: Vec<String> = red.into_iter().chain(open).collect();
    because.extend(allowed_by(weighed, policy));
    let level = |item: &Item| level(item, regressed);
    (decision, because, items.iter().map(level).collect())
}

/// Returns what is not green and passes by the policy: a pass says so.
fn allowed_by(weighed: &Weighed<'_>, policy: &Policy) -> Vec<String> {
    let Weighed { items, tally, alarms } = weighed;
    let mut words = Vec::new();
    if !alarms.is_empty() && policy.alarms != Weight::Fail {
        words.push(alarms.join("; "));
    }
    for (count, what) in
        [(tally.counts.regressed, "regressed"), (tally.counts.suspected_slower, "suspected slower")]
    {
        let allowed = policy.regressed_allowed;
        if (1..=allowed).contains(&count) {
            words.push(format!("{} {what} of {allowed} allowed", plural(count, "figure")));
        }
    }
    for (call, noun, what) in [
        (Verdict::Failed, "cell", "failed on the new side alone"),
        (Verdict::Missing, "cell", "missing on the new side"),
        (Verdict::Inconclusive, "figure", "undecided"),
    ] {
        let passes = |i: &&Item| i.counts() && i.call == call && i.weight != Weight::Fail;
        let count = items.iter().filter(passes).count();
        if count > 0 {
            words.push(format!("{} {what}", plural(count, noun)));
        }
    }
    words.into_iter().map(|words| format!("allowed by the policy: {words}")).collect()
}

fn level(item: &Item, regressed: bool) -> Level {
    match (item.call, item.weight) {
        _ if !item.counts() => Level::Quiet,
        (Verdict::Absent, _) => Level::Quiet,
        (Verdict::Failed, Weight::Fail) => Level::Error,
        (Verdict::Regressed, _) if regressed => Level::Error,
        (Verdict::Regressed | Verdict::SuspectedSlower, _) => Level::Warning,
        (Verdict::Improved | Verdict::SuspectedFaster, _) => Level::Notice,
        (_, Weight::Fail | Weight::Warn) => Level::Warning,
        (_, Weight::Pass) => Level::Quiet,
    }
}
