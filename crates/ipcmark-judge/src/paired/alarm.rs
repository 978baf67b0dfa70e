//! What makes a whole comparison doubtful: the base differs from itself, or a known delay was not
//! detected.

use super::{Effect, JudgedCell, Standing};
use crate::{Verdict, name};
use ipcmark_record::CellKey;
use ipcmark_show::{NO_INTERVAL, Quantity, share};
use serde::Serialize;

/// The canary's estimate may be off by this factor, if its interval does not hold the delay.
///
/// Either is enough. A 95 % interval misses in one honest comparison of twenty, and the delay was
/// calibrated on a machine that changes. A delay that is half lost, or a wrong scale, is off by more.
const FACTOR: f64 = 2.0;

/// Something that makes the whole comparison doubtful.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarm {
    /// Its kind.
    pub kind: AlarmKind,
    /// The cell.
    pub key: CellKey,
    /// The alarm in words.
    pub words: String,
}

/// Kinds of alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmKind {
    /// The base came out changed against itself.
    Again,
    /// The known delay was not detected.
    CanaryMissed,
    /// It was detected at another size.
    CanaryMisjudged,
}

/// Returns all alarms of these judged cells.
pub(super) fn alarms(cells: &[JudgedCell]) -> Vec<Alarm> {
    cells.iter().flat_map(again).chain(cells.iter().filter_map(canary)).collect()
}

fn again(cell: &JudgedCell) -> Vec<Alarm> {
    let changed = cell.figures.iter().filter(|figure| figure.again.verdict.is_change());
    changed
        .map(|figure| Alarm {
            kind: AlarmKind::Again,
            key: cell.key.clone(),
            words: format!(
                "self-check failed: the base {} against itself in {} ({}), {}; other changes may be as false",
                figure.again.verdict.name(),
                name(&cell.key),
                figure.figure.name(),
                span(&figure.again)
            ),
        })
        .collect()
}

fn canary(cell: &JudgedCell) -> Option<Alarm> {
    if !cell.canary {
        return None;
    }
    let delay = f64::from(cell.slow_down_permille.unwrap_or(0)) / 1e3;
    let known = match cell.slow_down_permille {
        Some(_) => format!("a planted delay of {} in {}", share(delay), name(&cell.key)),
        None => format!("a planted delay in {}", name(&cell.key)),
    };
    let alarm = |kind, words| Some(Alarm { kind, key: cell.key.clone(), words });
    let headline = cell.figures.first().filter(|_| cell.standing == Standing::Judged);
    let Some(figure) = headline else {
        let why = match &cell.standing {
            Standing::NewlyFailed { what, .. } | Standing::Failed { what } => {
                format!("it failed: {what}")
            }
            Standing::NoPair { why } | Standing::NotAvailable { why } => why.clone(),
            Standing::Judged => "it has no figure".into(),
            Standing::NotReached => "the budget ended before it".into(),
        };
        let words =
            format!("self-check failed: {known} was not measured ({why}); do not trust a pass");
        return alarm(AlarmKind::CanaryMissed, words);
    };
    if figure.new.verdict != Verdict::Regressed {
        let why = figure.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        let words = format!(
            "self-check failed: {known} was not detected, but {}{why}, {}; do not trust a pass",
            figure.new.verdict.name(),
            span(&figure.new)
        );
        return alarm(AlarmKind::CanaryMissed, words);
    }
    if cell.slow_down_permille.is_none() || is_of_size(&figure.new, delay) {
        return None;
    }
    let words = format!(
        "self-check failed: {known} was detected as {}; other sizes may be as wrong",
        span(&figure.new)
    );
    alarm(AlarmKind::CanaryMisjudged, words)
}

/// Returns true if the interval holds the delay, a fraction, or the estimate is within [`FACTOR`].
fn is_of_size(effect: &Effect, delay: f64) -> bool {
    let holds =
        effect.interval.is_some_and(|(low, high)| low <= 1.0 + delay && 1.0 + delay <= high);
    let (found, known) = (effect.ratio.ln(), delay.ln_1p());
    holds || (known / FACTOR <= found && found <= known * FACTOR)
}

/// Returns `+5.2 % [+4.1 %, +6.3 %]`.
fn span(effect: &Effect) -> String {
    let change = Quantity::Change.estimate(effect.ratio, effect.interval);
    if effect.interval.is_some() { change } else { format!("{change}, {NO_INTERVAL}") }
}
