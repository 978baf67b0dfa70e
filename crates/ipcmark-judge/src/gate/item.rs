//! One figure, or one cell without figures, as the policy sees it.

use super::{Policy, Ruled, Weight};
use crate::{Finding, Unjudged, Verdict, name};
use ipcmark_record::CellKey;
use ipcmark_show::{NO_INTERVAL, Quantity, plural, share, time};
use serde::Serialize;

/// The importance of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The gate fails because of it.
    Error,
    /// It prevents a pass, or the policy asks for a warning.
    Warning,
    /// The policy lets it pass, or it is good news.
    Notice,
    /// Nothing to report.
    Quiet,
}

/// One figure, or one cell without figures, as the policy sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// The cell.
    pub key: CellKey,
    /// Name of the figure; absent for a cell without one.
    pub figure: Option<&'static str>,
    /// The verdict by the policy.
    pub call: Verdict,
    /// Weight of such a verdict by the policy.
    pub weight: Weight,
    /// Its importance.
    pub level: Level,
    /// True if a rule takes it out.
    pub ignored: bool,
    /// True for the floors, which only show whether the comparison is credible.
    pub floor: bool,
    /// The reason, if the verdict needs one.
    pub why: Option<String>,
    /// Line of the policy's rule about it.
    pub line: Option<usize>,
    /// The finding, judged by the policy's smallest effect.
    pub finding: Option<Finding>,
}

impl Item {
    /// Judges a figure. If it is not `certain`, a change is a suspicion.
    pub(crate) fn of(finding: &Finding, policy: &Policy, certain: bool) -> Item {
        let quantity = finding.figure.quantity();
        let ruled = policy.of(&finding.key, Some(quantity));
        let mut finding = finding.judged_by(ruled.effect.get(quantity));
        if !certain {
            finding.verdict = finding.verdict.suspicion();
        }
        let least = ruled.least_detectable.get(quantity);
        let (call, why) = match (finding.verdict, finding.detectable) {
            (Verdict::Equivalent, Some(detectable)) if detectable > least => {
                let why = format!(
                    "looks unchanged, but only a slow-down of {} or more is detectable, and the \
                     policy wants {}",
                    share(detectable),
                    share(least)
                );
                (Verdict::Inconclusive, Some(why))
            }
            (verdict, _) => (verdict, finding.why.clone()),
        };
        let weight = match call {
            Verdict::Regressed | Verdict::SuspectedSlower => Weight::Fail,
            Verdict::Inconclusive => ruled.inconclusive,
            _ => Weight::Pass,
        };
        Item {
            figure: Some(finding.figure.name()),
            why: why.or_else(|| ruled.because.clone().filter(|_| ruled.ignore)),
            floor: finding.floor,
            finding: Some(finding.clone()),
            ..Item::new(&finding.key, call, weight, &ruled)
        }
    }

    /// Judges a cell without figures.
    pub(super) fn without(cell: &Unjudged, policy: &Policy) -> Item {
        let ruled = policy.of(&cell.key, None);
        let weight = match cell.verdict {
            Verdict::Failed => ruled.failed,
            Verdict::Missing => ruled.missing,
            _ => Weight::Pass,
        };
        Item { why: Some(cell.why.clone()), ..Item::new(&cell.key, cell.verdict, weight, &ruled) }
    }

    fn new(key: &CellKey, call: Verdict, weight: Weight, ruled: &Ruled) -> Item {
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

    /// Returns true if it is judged: neither taken out by a rule nor a floor.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.ignored && !self.floor
    }

    /// Returns `pipe/block ping-pong 64 B cross-core, p50 round trip`.
    #[must_use]
    pub fn name(&self) -> String {
        let cell = name(&self.key);
        self.figure.map_or(cell.clone(), |figure| format!("{cell}, {figure}"))
    }

    /// Returns `+5.2 % [+3.1 %, +7.4 %]`; `None` for a cell without a figure.
    #[must_use]
    pub fn change(&self) -> Option<String> {
        let Finding { ratio, interval, .. } = *self.finding.as_ref()?;
        let change = Quantity::Change.estimate(ratio, interval);
        Some(if interval.is_some() { change } else { format!("{change}, {NO_INTERVAL}") })
    }

    /// Returns all of it in a sentence:
    /// `regressed: +5.2 % [+3.1 %, +7.4 %]; 8.54 µs, then 8.98 µs; 16 invocations; ...`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let call = self.call.name();
        let first = self.change().map_or_else(|| call.into(), |c| format!("{call}: {c}"));
        let mut parts = vec![first];
        if let Some(found) = &self.finding {
            let medians = found.by_medians().map_or_else(String::new, |m| format!(" ({m})"));
            parts.push(format!("{}, then {}{medians}", time(found.base_ns), time(found.new_ns)));
            parts.push(format!("matters from {}", share(found.delta)));
            parts.extend(found.detectable.map(|d| format!("detectable from {}", share(d))));
            parts.push(plural(found.replicates, "invocation"));
        }
        parts.extend(self.why.clone());
        parts.join("; ")
    }
}
