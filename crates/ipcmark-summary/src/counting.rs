//! The one rule that says which invocations a cell's figures are made of: for rows, samples and
//! charts.
//!
//! It looks at how an invocation ended, at its marks and at its distance, never at what it
//! measured. A rule that saw the result could be used to improve it.

use crate::classes::{has_moved, is_good};
use crate::{Classes, DistanceClass};
use ipcmark_record::{Cell, Invocation};

/// Fewest invocations that give an interval.
pub(crate) const FEWEST: usize = 6;

/// The invocations of one cell, sorted by use.
#[derive(Debug, Clone)]
pub struct Counting<'c> {
    /// Class of all [`Counting::invocations`]; `None` if the cell has no distances (one CPU, CPUs
    /// of the kernel's choice, several peers), or if its CPUs always moved.
    pub class: Option<DistanceClass>,
    /// Invocations that the cell's figures are made of, in the order in which they ran.
    pub invocations: Vec<&'c Invocation>,
    /// Good invocations of other classes, never pooled with the first.
    pub others: Vec<(DistanceClass, Vec<&'c Invocation>)>,
    /// All invocations that ended well and measured something, whether they count here or not.
    pub good: Vec<&'c Invocation>,
    /// Number of good invocations that are marked, or that are in no class although the cell has
    /// classes.
    pub set_aside: usize,
    /// True if marked invocations count too, because fewer than 6 would have been left, or more
    /// than a third is marked. The figures are valid, but they include the disturbance of the
    /// machine.
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

/// Returns the class of the cell's figures: the record's own if it holds enough of this cell,
/// otherwise the one that holds most.
fn chosen(by_class: &[Vec<&Invocation>], classes: &Classes) -> Option<usize> {
    let reference = classes.reference_place();
    if let Some(at) = reference.filter(|at| by_class[*at].len() >= FEWEST) {
        return Some(at);
    }
    // On a tie the reference wins, then the nearest.
    let held = |at: &usize| (by_class[*at].len(), Some(*at) == reference);
    (0..by_class.len()).rev().max_by_key(held).filter(|at| !by_class[*at].is_empty())
}

fn is_marked(invocation: &Invocation) -> bool {
    !invocation.marks.is_empty() || has_moved(invocation)
}
