//! A paired comparison judged: from turns of a few milliseconds to verdicts.
//!
//! Both sides were alive at once and took turns, so what is compared is not two times but two programs. The unit is a **pair of
//! invocations**: its log ratio, made within palindromes of turns in which nothing moved (`pair`). A cell's figure is the
//! Hodges-Lehmann estimate over its pairs, with the interval and the p value of the signed-rank test (`effect`).
//!
//! A suite has hundreds of cells, and one in twenty looks changed by chance. So there are two stages. Every cell is screened;
//! [`candidates`] are looked at again on fresh invocations, and judged by those alone, with Holm's correction over all figures
//! that were. A cell that was not looked at again is never called changed, though it may be called equivalent. What time is left
//! goes to cells that [`needs_more`] names, at few and fixed looks.
//!
//! Each comparison judges itself: the base is also compared with itself, by the very same rules (the A/A arm), and one cell has
//! a known delay that has to be found (the canary). See [`Alarm`].

mod alarm;
mod census;
mod comparison;
mod effect;
mod findings;
mod judge;
mod markdown;
mod pair;
mod samples;
mod stages;
mod trials;
mod warnings;

pub use alarm::{Alarm, AlarmKind};
pub use census::PairedCensus;
pub use comparison::{
    JudgedCell, JudgedFigure, PAIRED_COMPARISON_SCHEMA, PairedComparison, PairedStanding,
    paired_to_json,
};
pub use effect::Effect;
pub use judge::judge_paired;
pub use markdown::paired_to_markdown;
pub use samples::SetAside;
pub use stages::{candidates, needs_more};
pub use trials::{FalseChange, Slowed, TRIALS_SCHEMA, Trials, trials_to_markdown};
