//! Two records side by side: ratios, intervals, verdicts.
//!
//! A comparison of two records is a comparison of two times as much as of two programs, and on a shared machine the times
//! differ more. So every comparison carries [`CAUTION`], judges by an interval and a smallest effect worth a word rather
//! than by a p value, and calls "inconclusive" what it cannot tell: see [`Verdict`].
#![forbid(unsafe_code)]

mod across;
mod agreement;
mod carries;
mod cell;
mod compare;
mod comparison;
mod error;
mod finding;
mod findings;
mod markdown;
mod metric;
mod paired;
mod verdict;

pub use across::{
    ACROSS_CAUTION, ACROSS_SCHEMA, ALIKE, AcrossHosts, LimitComparison, NotComparable, Position,
    across_to_json, across_to_markdown, compare_across_hosts,
};
pub use agreement::{
    AGREEMENT_SCHEMA, Agreement, BelowLimit, CellContainment, Containment, Flag, Flagged, KEPT,
    Limits, PairRanking, Ranking, SAME_ORDER, Tally, agreement, agreement_of, agreement_to_json,
    agreement_to_markdown,
};
pub use carries::Carries;
pub use cell::{CellComparison, Standing};
pub use compare::compare;
pub use comparison::{CAUTION, Census, Comparison, Run, SCHEMA, to_json};
pub use error::{Error, Result};
pub use finding::{Finding, Findings, Unjudged};
pub use markdown::{time, to_markdown};
pub(crate) use metric::Doubt;
pub use metric::{Figure, Metric};
pub use paired::{
    Alarm, AlarmKind, Effect, FalseChange, JudgedCell, JudgedFigure, PAIRED_COMPARISON_SCHEMA,
    PairedCensus, PairedComparison, PairedStanding, SetAside, Slowed, TRIALS_SCHEMA, Trials,
    candidates, judge_paired, needs_more, paired_to_json, paired_to_markdown, trials_to_markdown,
};
pub use verdict::{Policy, Verdict};
