//! Which invocations of a cell stand behind its figures: the one rule, for rows, samples and charts alike.
//!
//! It looks at how an invocation ended, at the marks that the machine earned it and at its distance, never at what it
//! measured: a rule that saw the result could be used to better it.

use crate::classes::has_moved;
use crate::{Classes, DistanceClass};
use ipcmark_record::{Cell, Invocation};

/// With fewer invocations there is no interval.
pub(crate) const FEWEST: usize = 6;

/// The invocations of one cell, sorted by what they are good for.
#[derive(Debug, Clone)]
pub struct Counting<'c> {
    /// The class that all of [`Counting::invocations`] lie in; `None` where the cell has no distances (one CPU, CPUs of the
    /// kernel's choice, several peers), or none whose CPUs stood still.
    pub class: Option<DistanceClass>,
    /// What stands behind the cell's figures, in the order they were made.
    pub invocations: Vec<&'c Invocation>,
    /// The good ones of other classes: never pooled with those.
    pub others: Vec<(DistanceClass, Vec<&'c Invocation>)>,
    /// All that ended well and measured something, whatever became of them here.
    pub good: Vec<&'c Invocation>,
    /// Good ones that are marked, or that lie in no class though the cell has classes.
    pub set_aside: usize,
    /// True when marked ones had to be taken all the same, because fewer than 6 would have been left, or more than a third
    /// is marked: the figures stand, and the machine stands in them.
    pub disturbed: bool,
}

impl<'c> Counting<'c> {
    /// Sorts the invocations of `cell`.
    #[must_use]
    pub fn of(cell: &'c Cell, classes: &Classes) -> Counting<'c> {
        let good: Vec<&Invocation> = cell.invocations.iter().filter(|i| is_good(i)).collect();
        let clean: Vec<&Invocation> = good.iter().copied().filter(|i| !is_marked(i)).collect();
        let marked = good.len() - clean.len();
        let too_many = clean.len() < FEWEST || 3 * marked > good.len();
        let pool = if too_many { good.clone() } else { clean };
        let mut by_class: Vec<Vec<&Invocation>> = vec![Vec::new(); classes.all().len()];
        for invocation in &pool {
            if let Some(at) = classes.place(invocation) {
                by_class[at].push(invocation);
            }
        }
        let Some(own) = chosen(&by_class, classes) else {
            let disturbed = pool.iter().any(|i| is_marked(i));
            return Counting {
                class: None,
                invocations: pool,
                others: vec![],
                good,
                set_aside: marked,
                disturbed,
            };
        };
        let invocations = std::mem::take(&mut by_class[own]);
        let others: Vec<_> = classes.all().iter().copied().zip(by_class).collect();
        let set_aside = good.iter().filter(|i| is_marked(i) || classes.place(i).is_none()).count();
        Counting {
            class: Some(classes.all()[own]),
            disturbed: invocations.iter().any(|i| is_marked(i)),
            invocations,
            others: others.into_iter().filter(|(_, some)| !some.is_empty()).collect(),
            good,
            set_aside,
        }
    }
}

/// The class of the cell's figures: the record's own where it holds enough of this cell, else where most lie.
fn chosen(by_class: &[Vec<&Invocation>], classes: &Classes) -> Option<usize> {
    let reference = classes.reference_place();
    if let Some(at) = reference.filter(|at| by_class[*at].len() >= FEWEST) {
        return Some(at);
    }
    // Of equals the reference, then the nearest.
    let held = |at: &usize| (by_class[*at].len(), Some(*at) == reference);
    (0..by_class.len()).rev().max_by_key(held).filter(|at| !by_class[*at].is_empty())
}

/// True when an invocation ended well and measured something.
pub(crate) fn is_good(invocation: &Invocation) -> bool {
    invocation.is_ok() && invocation.messages > 0 && invocation.elapsed_ns > 0
}

fn is_marked(invocation: &Invocation) -> bool {
    !invocation.marks.is_empty() || has_moved(invocation)
}
