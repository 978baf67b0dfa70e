//! The rules, one module a family.

mod signal;

use crate::Trial;

/// Every family's rules, in the order of reports.
pub(crate) const FAMILIES: &[&[Trial]] = &[signal::RULES];
