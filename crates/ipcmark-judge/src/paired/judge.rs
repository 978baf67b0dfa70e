//! The procedure from a paired document to a comparison.

use super::effect::{detectable, detectable_in_two};
use super::samples::{Failures, Sample, Samples};
use super::{
    Census, Comparison, Effect, JudgedCell, JudgedFigure, SCHEMA, Standing, alarm, stages::looks,
    warnings,
};
use crate::Thresholds;
use ipcmark_record::{Paired, PairedCell, PairedSettings, Refusal, Stage, State};
use ipcmark_stats::holm;

/// Judges a paired comparison, finished or not.
///
/// An undecided cell is looked at more than once ([`needs_more`](super::needs_more)), and each look
/// is another chance for a false alarm. So the k-th look at a cell multiplies its p value by k (k + 1):
/// the first look takes a half of the odds, the second a sixth, the third a twelfth, and all together
/// at most the whole. Then Holm corrects for all figures of the second stage. Both are Bonferroni
/// corrections, which hold under any dependence.
#[must_use]
pub fn judge(paired: &Paired, policy: &Thresholds) -> Comparison {
    let mut cells: Vec<JudgedCell> =
        paired.cells.iter().map(|cell| draft(cell, &paired.settings, policy)).collect();
    settle(&mut cells, policy);
    let census = Census::of(&cells);
    Comparison {
        schema: SCHEMA.into(),
        started: paired.started.clone(),
        outcome: paired.outcome,
        base: paired.base.clone(),
        new: paired.new.clone(),
        suite: paired.suite.name.clone(),
        host_fingerprint: paired.host.fingerprint.clone(),
        host: format!("{}, kernel {}", paired.host.cpu_model, paired.host.kernel),
        settings: paired.settings.clone(),
        policy: *policy,
        alarms: alarm::alarms(&cells),
        warnings: warnings::warnings(paired, &cells),
        census,
        cells,
    }
}

/// Returns a cell with estimates, intervals and p values, before any verdict.
fn draft(cell: &PairedCell, settings: &PairedSettings, policy: &Thresholds) -> JudgedCell {
    let step_ns = settings.clock_step_ns;
    let (screened, confirmed) =
        (Samples::of(cell, Stage::Screen, step_ns), Samples::of(cell, Stage::Confirm, step_ns));
    let mut notes = Vec::new();
    // A second stage that was cut short says less than the first.
    let by_second = confirmed.made > 0
        && (has_interval(&confirmed, policy) || !has_interval(&screened, policy));
    if confirmed.made > 0 && !by_second {
        notes.push(format!(
            "judged by the first stage: the second has {} usable pairs",
            confirmed.usable()
        ));
    }
    let (stage, samples) = match by_second {
        true => (Stage::Confirm, confirmed),
        false => (Stage::Screen, screened),
    };
    let failures = Failures::of(cell);
    let standing = standing(cell, &samples, &failures);
    let in_all = samples.figures.iter();
    let figures =
        in_all.filter_map(|sample| figure(sample, stage, &samples, settings, policy)).collect();
    if standing == Standing::Judged {
        notes.extend(
            samples.set_aside.words().map(|words| format!("of {} pairs {words}", samples.made)),
        );
    }
    notes.extend(samples.no_p99.clone());
    notes.extend(losses(cell));
    JudgedCell {
        key: cell.key.clone(),
        floor: cell.floor,
        canary: cell.canary,
        slow_down_permille: cell.slow_down_permille,
        standing,
        stage,
        pairs: samples.made,
        looks: looks(samples.made, settings.confirm_pairs as usize),
        set_aside: samples.set_aside,
        figures,
        notes,
    }
}

fn has_interval(samples: &Samples, policy: &Thresholds) -> bool {
    let headline = samples.figures.first().and_then(|sample| Effect::of(&sample.new, policy));
    headline.is_some_and(|effect| effect.interval.is_some())
}

fn standing(cell: &PairedCell, samples: &Samples, failures: &Failures) -> Standing {
    match &cell.state {
        State::Unavailable(Refusal { reason, .. }) | State::Unsupported { reason } => {
            return Standing::NotAvailable { why: reason.clone() };
        }
        State::Pending | State::Measured if cell.pairs.is_empty() => {
            return Standing::NotReached;
        }
        State::Pending | State::Measured => {}
    }
    if failures.new > 0 && failures.base == 0 {
        return Standing::NewlyFailed { pairs: failures.new, what: failures.what.clone() };
    }
    if 2 * samples.late_in_new > samples.made {
        let what = "the rate was not reached".into();
        return Standing::NewlyFailed { pairs: samples.late_in_new, what };
    }
    if samples.usable() > 0 {
        return Standing::Judged;
    }
    if failures.base > 0 {
        return Standing::Failed { what: failures.what.clone() };
    }
    let why = samples.set_aside.words().unwrap_or_else(|| "no pair was made".into());
    Standing::NoPair { why: format!("of {} pairs {why}", samples.made) }
}

fn figure(
    sample: &Sample,
    stage: Stage,
    samples: &Samples,
    settings: &PairedSettings,
    policy: &Thresholds,
) -> Option<JudgedFigure> {
    let delta = policy.delta(sample.figure);
    // The second stage will have the same share of usable pairs as the first.
    let share = samples.usable() as f64 / samples.made.max(1) as f64;
    let second = (f64::from(settings.confirm_pairs) * share).round() as usize;
    let detectable = match stage {
        Stage::Confirm => detectable(&sample.new, delta, policy),
        Stage::Screen => detectable_in_two(&sample.new, second, settings.screen_p, delta, policy),
    };
    Some(JudgedFigure {
        figure: sample.figure,
        base_ns: sample.base_ns,
        new_ns: sample.new_ns,
        pairs: sample.new.len(),
        delta,
        new: Effect::of(&sample.new, policy)?,
        again: Effect::of(&sample.again, policy)?,
        significant: false,
        detectable,
        why: None,
    })
}

/// Counts the messages that were lost.
fn losses(cell: &PairedCell) -> Option<String> {
    let lost = |of: fn(&ipcmark_record::Pair) -> &ipcmark_record::Arm| -> u64 {
        let lost = cell.pairs.iter().map(|pair| of(pair).integrity.lost);
        lost.fold(0, u64::saturating_add)
    };
    let (base, new) = (lost(|pair| &pair.base), lost(|pair| &pair.new));
    (base > 0 || new > 0)
        .then(|| format!("lost messages: {base} in the base, {new} on the new side"))
}

/// Adjusts the p values over all figures of the second stage, for each side, and gives the verdicts.
fn settle(cells: &mut [JudgedCell], policy: &Thresholds) {
    let sides: [fn(&mut JudgedFigure) -> &mut Effect; 2] = [|f| &mut f.new, |f| &mut f.again];
    let mut looked_at = 0;
    for side in sides {
        let again = cells.iter_mut().filter(|cell| cell.stage == Stage::Confirm);
        let mut effects: Vec<(f64, &mut Effect)> = again
            .flat_map(|cell| {
                let factor = f64::from(cell.looks * (cell.looks + 1));
                cell.figures.iter_mut().map(move |figure| (factor, side(figure)))
            })
            .collect();
        looked_at = effects.len();
        let p: Vec<f64> = effects.iter().map(|(factor, e)| (factor * e.p).min(1.0)).collect();
        for ((_, effect), adjusted) in effects.iter_mut().zip(holm(&p)) {
            effect.p_adjusted = Some(adjusted);
        }
    }
    for figure in cells.iter_mut().flat_map(|cell| &mut cell.figures) {
        figure.new.settle(figure.delta, policy);
        figure.again.settle(figure.delta, policy);
        figure.significant = figure.new.is_significant(policy);
        figure.why = figure.new.why(figure.delta, looked_at, figure.pairs);
    }
}
