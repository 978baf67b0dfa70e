//! What makes a whole comparison doubtful: the base differs from itself, or a known delay was not found.

use super::{Effect, JudgedCell, PairedStanding};
use crate::Verdict;
use ipcmark_record::CellKey;
use serde::Serialize;

/// The estimate of the canary's delay may be off by so many times, where its interval does not hold the delay.
///
/// Either will do. An interval of 95 % misses in one honest comparison of twenty, and what a delay adds is calibrated on a
/// machine that does not stand still; a delay lost half-way, or a scale that is wrong, is off by more than two.
const FACTOR: f64 = 2.0;

/// Something that makes the whole comparison doubtful.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarm {
    /// What kind.
    pub kind: AlarmKind,
    /// Where.
    pub key: CellKey,
    /// In words.
    pub words: String,
}

/// What kind of alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmKind {
    /// The base came out changed against itself.
    Again,
    /// The known delay was not called a regression.
    CanaryMissed,
    /// It was, and at another size.
    CanaryMisjudged,
}

/// All alarms of these cells, judged.
pub(super) fn alarms(cells: &[JudgedCell]) -> Vec<Alarm> {
    cells.iter().flat_map(again).chain(cells.iter().filter_map(canary)).collect()
}

fn again(cell: &JudgedCell) -> Vec<Alarm> {
    let changed = cell.figures.iter().filter(|figure| figure.again.is_change());
    changed
        .map(|figure| Alarm {
            kind: AlarmKind::Again,
            key: cell.key.clone(),
            words: format!(
                "the base came out {} against itself in {} ({}): {}. What is called a change here may be as false",
                figure.again.verdict.name(),
                cell.key,
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
        Some(_) => format!("a known delay of {:.1} % in {}", delay * 100.0, cell.key),
        None => format!("a known delay in {}", cell.key),
    };
    let alarm = |kind, words| Some(Alarm { kind, key: cell.key.clone(), words });
    let headline = cell.figures.first().filter(|_| cell.standing == PairedStanding::Judged);
    let Some(figure) = headline else {
        let why = match &cell.standing {
            PairedStanding::NewlyFailed { what, .. } | PairedStanding::Failed { what } => {
                format!("it failed: {what}")
            }
            PairedStanding::NoPair { why } | PairedStanding::NotAvailable { why } => why.clone(),
            PairedStanding::Judged => "it has no figure".into(),
            PairedStanding::NotReached => "the time ended before it".into(),
        };
        let words = format!(
            "{known} was not measured, so that nothing shows that one would be found: {why}"
        );
        return alarm(AlarmKind::CanaryMissed, words);
    };
    if figure.new.verdict != Verdict::Regressed {
        let why = figure.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        let words = format!(
            "{known} came out {}{why}: {}. Real ones like it may be missed as well",
            figure.new.verdict.name(),
            span(&figure.new)
        );
        return alarm(AlarmKind::CanaryMissed, words);
    }
    if cell.slow_down_permille.is_none() || is_of_size(&figure.new, delay) {
        return None;
    }
    let words = format!(
        "{known} was found at another size: {}. The sizes of other changes may be as wrong",
        span(&figure.new)
    );
    alarm(AlarmKind::CanaryMisjudged, words)
}

/// True when the interval holds the delay, a fraction, or the estimate is within a factor of two of it.
fn is_of_size(effect: &Effect, delay: f64) -> bool {
    let holds =
        effect.interval.is_some_and(|(low, high)| low <= 1.0 + delay && 1.0 + delay <= high);
    let (found, known) = (effect.ratio.ln(), delay.ln_1p());
    holds || (known / FACTOR <= found && found <= known * FACTOR)
}

/// `1.052 times, 1.041 to 1.063`.
fn span(effect: &Effect) -> String {
    let interval = effect
        .interval
        .map_or_else(|| "no interval".into(), |(low, high)| format!("{low:.3} to {high:.3}"));
    format!("{:.3} times as long, {interval}", effect.ratio)
}
