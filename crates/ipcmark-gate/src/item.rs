//! One figure, or one cell without figures, as the policy sees it.

use crate::{Policy, Quantity, Ruled, Weight};
use ipcmark_judge::{Finding, Unjudged, Verdict, time};
use ipcmark_record::CellKey;
use serde::Serialize;

/// What a figure or a cell is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// The cell failed on the new side alone.
    Failed,
    /// Slower by more than the smallest effect.
    Regressed,
    /// The base measured the cell, and the new side did not.
    Missing,
    /// Cannot be told.
    Inconclusive,
    /// Faster by more than the smallest effect.
    Improved,
    /// Within the smallest effect.
    Equivalent,
    /// A cell that was measured on neither side: nothing to lose.
    Absent,
}

impl Call {
    /// All, the worst first.
    pub const ALL: [Call; 7] = [
        Call::Failed,
        Call::Regressed,
        Call::Missing,
        Call::Inconclusive,
        Call::Improved,
        Call::Equivalent,
        Call::Absent,
    ];

    /// The word in tables: `failed`, `regressed`, `missing`, `inconclusive`, `improved`, `equivalent`, `absent`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Call::Failed => "failed",
            Call::Regressed => "regressed",
            Call::Missing => "missing",
            Call::Inconclusive => "inconclusive",
            Call::Improved => "improved",
            Call::Equivalent => "equivalent",
            Call::Absent => "absent",
        }
    }
}

/// How loudly something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The gate fails for it.
    Error,
    /// It stands in the way of a pass, or the policy asks for a warning.
    Warning,
    /// It is let through by the policy, or good news.
    Notice,
    /// Nothing to say.
    Quiet,
}

/// One figure, or one cell without figures, as the policy sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Which cell.
    pub key: CellKey,
    /// Words for the figure; absent for a cell without one.
    pub figure: Option<&'static str>,
    /// What it is called.
    pub call: Call,
    /// What the policy makes of such a call, were it to count.
    pub weight: Weight,
    /// How loudly it is said.
    pub level: Level,
    /// True when a rule takes it out.
    pub ignored: bool,
    /// True for the floors, which only tell whether the comparison may be believed.
    pub floor: bool,
    /// Why it is called so, where that needs words.
    pub why: Option<String>,
    /// Line of the policy's rule about it.
    pub line: Option<usize>,
    /// What was found, judged by the policy's smallest effect.
    pub finding: Option<Finding>,
}

impl Item {
    /// A figure.
    pub(crate) fn of(finding: &Finding, policy: &Policy) -> Item {
        let quantity = Quantity::of(finding.figure);
        let ruled = policy.of(&finding.key, Some(quantity));
        let finding = finding.judged_by(ruled.effect.get(quantity));
        let least = ruled.least_detectable.get(quantity);
        let (call, why) = match finding.verdict {
            Verdict::Regressed => (Call::Regressed, None),
            Verdict::Improved => (Call::Improved, None),
            Verdict::Inconclusive => (Call::Inconclusive, finding.why.clone()),
            Verdict::Equivalent => match finding.detectable {
                Some(detectable) if detectable > least => (
                    Call::Inconclusive,
                    Some(format!(
                        "looks unchanged, but only a slow-down of {} or more would show, and the policy wants {}",
                        percent(detectable),
                        percent(least)
                    )),
                ),
                _ => (Call::Equivalent, None),
            },
        };
        let weight = match call {
            Call::Regressed => Weight::Fail,
            Call::Inconclusive => ruled.inconclusive,
            _ => Weight::Pass,
        };
        let name = finding.figure.name();
        Item {
            figure: Some(name),
            why,
            floor: finding.floor,
            ..Item::new(&finding.key, call, weight, &ruled)
        }
        .found(finding)
    }

    /// A cell without figures.
    pub(crate) fn without(cell: &Unjudged, policy: &Policy) -> Item {
        let ruled = policy.of(&cell.key, None);
        let (call, weight) = match cell.verdict {
            Some(Verdict::Regressed) => (Call::Failed, ruled.failed),
            Some(_) => (Call::Missing, ruled.missing),
            None => (Call::Absent, Weight::Pass),
        };
        Item { why: Some(cell.why.clone()), ..Item::new(&cell.key, call, weight, &ruled) }
    }

    fn new(key: &CellKey, call: Call, weight: Weight, ruled: &Ruled) -> Item {
        Item {
            key: key.clone(),
            figure: None,
            call,
            weight,
            level: Level::Quiet,
            ignored: ruled.ignore,
            floor: false,
            why: None,
            line: ruled.line,
            finding: None,
        }
    }

    fn found(self, finding: Finding) -> Item {
        Item { finding: Some(finding), ..self }
    }

    /// True when it is judged: neither taken out by a rule nor a floor.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.ignored && !self.floor
    }

    /// `pipe/block ping-pong 64 B cross-core, p50 round trip`.
    #[must_use]
    pub fn name(&self) -> String {
        match self.figure {
            Some(figure) => format!("{}, {figure}", self.key),
            None => self.key.to_string(),
        }
    }

    /// `+5.2 % [+3.1, +7.4]`; nothing for a cell without a figure.
    #[must_use]
    pub fn change(&self) -> Option<String> {
        let finding = self.finding.as_ref()?;
        let change = signed(finding.ratio);
        Some(match finding.interval {
            Some((low, high)) => {
                let bare = |ratio| signed(ratio).replace(" %", "");
                format!("{change} [{}, {}]", bare(low), bare(high))
            }
            None => format!("{change}, no interval"),
        })
    }

    /// All of it in a sentence: `regressed: +5.2 % [+3.1, +7.4]; 8.54 µs, then 8.98 µs; 16 replicates; ...`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut parts = vec![match self.change() {
            Some(change) => format!("{}: {change}", self.call.name()),
            None => self.call.name().to_owned(),
        }];
        if let Some(found) = &self.finding {
            parts.push(format!("{}, then {}", time(found.base_ns), time(found.new_ns)));
            parts.push(format!("judged against {}", percent(found.delta)));
            let detectable =
                found.detectable.map(|d| format!("a slow-down of {} would show", percent(d)));
            parts.extend(detectable);
            parts.push(format!("{} replicates", found.replicates));
        }
        parts.extend(self.why.clone());
        parts.join("; ")
    }
}

/// `+5.2 %` of a ratio of 1.052.
pub(crate) fn signed(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

/// `5.2 %` of 0.052.
pub(crate) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    // Bounds are round numbers; what was found is not.
    if (percent - percent.round()).abs() < 1e-9 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_signed_and_times_in_their_own_unit() {
        assert_eq!((signed(1.052), signed(0.9)), ("+5.2 %".into(), "-10.0 %".into()));
        assert_eq!((percent(0.02), percent(0.0525)), ("2 %".into(), "5.2 %".into()));
        assert_eq!((time(240.0), time(8_540.0)), ("240 ns".into(), "8.54 µs".into()));
    }
}
