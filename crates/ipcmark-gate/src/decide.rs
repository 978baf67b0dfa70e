//! From items to a decision, and how loudly each of them is said.

use crate::{Call, Decision, Item, Level, Policy, Records, Tally, Weight};

/// What is weighed.
pub(crate) struct Weighed<'a> {
    pub(crate) items: &'a [Item],
    pub(crate) tally: &'a Tally,
    /// What makes all of it doubtful.
    pub(crate) alarms: &'a [String],
    /// True when both sides were alive at once.
    pub(crate) paired: bool,
}

/// The decision, what made it, and the level of each item.
pub(crate) fn decide(
    weighed: &Weighed<'_>,
    policy: &Policy,
) -> (Decision, Vec<String>, Vec<Level>) {
    let Weighed { items, tally, alarms, paired } = weighed;
    let count = |call, weight| {
        items.iter().filter(|i| i.counts() && i.call == call && i.weight == weight).count()
    };
    let failed = count(Call::Failed, Weight::Fail);
    let doubted = !alarms.is_empty() && policy.alarms == Weight::Fail;
    let too_many = tally.regressed > policy.regressed_allowed;
    let carried = *paired || policy.records == Records::Trust;
    let regressed = too_many && carried && !doubted;

    let mut red = Vec::new();
    if failed > 0 {
        red.push(format!("{} failed on the new side alone", plural(failed, "cell")));
    }
    if regressed {
        red.push(format!(
            "{} regressed, and the policy allows {}",
            plural(tally.regressed, "figure"),
            policy.regressed_allowed
        ));
    }
    let mut open = Vec::new();
    if doubted {
        open.extend(alarms.iter().cloned());
    }
    if too_many && !regressed {
        open.push(if doubted {
            format!("{} slower, which nobody can believe then", looks(tally.regressed))
        } else {
            format!(
                "{} slower, and records of different times carry no more than a suspicion: measure both sides at once \
                 (`ipcmark ab`), or write records = \"trust\" into the policy",
                looks(tally.regressed)
            )
        });
    }
    let told = count(Call::Inconclusive, Weight::Fail);
    if told > 0 {
        open.push(format!(
            "{} cannot be told; measure longer, or let them pass in the policy (inconclusive)",
            plural(told, "figure")
        ));
    }
    let missing = count(Call::Missing, Weight::Fail);
    if missing > 0 {
        open.push(format!(
            "{} that the base measured and the new side did not",
            plural(missing, "cell")
        ));
    }
    if tally.figures == 0 {
        open.push("not one figure was judged".into());
    }
    let decision = match (red.is_empty(), open.is_empty()) {
        (false, _) => Decision::Regressed,
        (true, false) => Decision::Inconclusive,
        (true, true) => Decision::Passed,
    };
    let mut because: Vec<String> = red.into_iter().chain(open).collect();
    because.extend(let_through(weighed, policy, too_many));
    let level = |item: &Item| level(item, regressed);
    (decision, because, items.iter().map(level).collect())
}

/// What is not green and passes all the same: a pass says so.
fn let_through(weighed: &Weighed<'_>, policy: &Policy, too_many: bool) -> Vec<String> {
    let Weighed { items, tally, alarms, .. } = weighed;
    let passing = |call| {
        let is = |i: &&Item| i.counts() && i.call == call && i.weight != Weight::Fail;
        items.iter().filter(is).count()
    };
    let mut words = Vec::new();
    if !alarms.is_empty() && policy.alarms != Weight::Fail {
        words.push(format!("let through by the policy: {}", alarms.join("; ")));
    }
    if tally.regressed > 0 && !too_many {
        words.push(format!(
            "let through by the policy: {} regressed of {} allowed",
            plural(tally.regressed, "figure"),
            policy.regressed_allowed
        ));
    }
    for (call, what) in [
        (Call::Failed, "failed on the new side alone"),
        (Call::Missing, "missing on the new side"),
        (Call::Inconclusive, "inconclusive"),
    ] {
        let (count, thing) =
            (passing(call), if call == Call::Inconclusive { "figure" } else { "cell" });
        if count > 0 {
            words.push(format!("let through by the policy: {} {what}", plural(count, thing)));
        }
    }
    words
}

fn level(item: &Item, regressed: bool) -> Level {
    if !item.counts() || item.call == Call::Absent {
        return Level::Quiet;
    }
    match (item.call, item.weight) {
        (Call::Failed, Weight::Fail) => Level::Error,
        (Call::Regressed, _) => {
            if regressed {
                Level::Error
            } else {
                Level::Warning
            }
        }
        (Call::Improved, _) => Level::Notice,
        (_, Weight::Fail | Weight::Warn) => Level::Warning,
        (_, Weight::Pass) => Level::Quiet,
    }
}

/// `1 cell`, `3 cells`.
fn plural(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// `1 figure looks`, `3 figures look`.
fn looks(n: usize) -> String {
    format!("{} look{}", plural(n, "figure"), if n == 1 { "s" } else { "" })
}
