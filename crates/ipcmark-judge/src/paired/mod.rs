//! The paired comparison: from slices of a few milliseconds to verdicts.
//!
//! The base, the new side and the base again run side by side and take turns. So what differs is
//! the program, not the time. The unit is a **pair of invocations**: its log ratio, made within laps
//! of slices in which nothing moved (`pair`). A cell's figure is the Hodges-Lehmann estimate over its
//! pairs, with the interval and the p value of the signed-rank test (`effect`).
//!
//! A suite has hundreds of cells, and one in twenty looks changed by chance. So there are two
//! stages. The first screens every cell. The second measures the [`candidates`] again on fresh
//! invocations; these alone decide, with Holm's correction over all figures of that stage. A cell
//! that was only screened is never called changed, but it may be called equivalent. The rest of the
//! time goes to the cells that [`needs_more`] returns, at few and fixed looks, and then to those that
//! only the first stage measured and left open ([`unconfirmed`]).
//!
//! Each comparison checks itself: the base is compared with itself by the same rules, and one cell
//! has a known delay that must be detected (the canary). See [`Alarm`].

mod alarm;
mod census;
mod comparison;
mod document;
mod effect;
mod judge;
mod pair;
mod samples;
mod stages;
mod trials;
mod warnings;

pub use alarm::{Alarm, AlarmKind};
pub use census::Census;
pub use comparison::{Comparison, JudgedCell, JudgedFigure, SCHEMA, Standing};
pub use effect::Effect;
pub use judge::judge;
pub use samples::SetAside;
pub use stages::{candidates, needs_more, unconfirmed};
pub use trials::{FalseChange, Slowed, TRIALS_SCHEMA, Trials};
