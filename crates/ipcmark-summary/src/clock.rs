//! One-way times, compared with the clocks that took them.
//!
//! A one-way time is the receiver's reading minus the sender's. On two CPUs it is off by the
//! difference of their clocks. A run records the largest possible difference. If that is more than
//! a tenth of the figure, there is no figure.

use crate::classes::is_good;
use crate::{Figure, Row};
use ipcmark_record::{Cell, ClockCertificate, SideReport, Timed};
use std::collections::BTreeSet;

/// Share of a one-way median. If the clocks may differ by more, the time is refused.
const SHARE: f64 = 0.1;

impl Row {
    /// Refuses a one-way figure of `cell`, whose row this is, if the clocks of its sides may differ
    /// by more than a tenth of its median. Other figures stay as they are, and so do those of a
    /// record without a certificate.
    #[must_use]
    pub fn held_against(mut self, clocks: Option<&ClockCertificate>, cell: &Cell) -> Row {
        let others = self.others.iter_mut().map(|other| &mut other.figure);
        for figure in self.figure.iter_mut().chain(others) {
            if let Some(why) = clocks.and_then(|clocks| refusal(figure, clocks, cell)) {
                figure.refuse(why);
            }
        }
        self
    }
}

fn refusal(figure: &Figure, clocks: &ClockCertificate, cell: &Cell) -> Option<String> {
    let p50_ns =
        figure.percentile(0.5).filter(|_| cell.key.workload.timed() == Timed::OneWay)?.ns.value;
    let (apart_ns, on) = apart(clocks, cell)?;
    (apart_ns > SHARE * p50_ns).then(|| {
        format!(
            "no one-way time: {on} may read {apart_ns:.0} ns apart, over a tenth of its {p50_ns:.0} ns"
        )
    })
}

/// Returns how far apart the clocks of a cell's sides may be, ns, and whose clocks they are. `None`
/// on one CPU, which has one clock, and if the difference was not measured.
fn apart(clocks: &ClockCertificate, cell: &Cell) -> Option<(f64, String)> {
    let good = cell.invocations.iter().filter(|i| is_good(i));
    let mut cpus = BTreeSet::new();
    for side in good.flat_map(|i| &i.sides) {
        match pinned(side) {
            Some(cpu) => cpus.insert(cpu),
            None => {
                return Some((worst_of_all(clocks)?, "the clocks of CPUs not pinned to".into()));
            }
        };
    }
    let among = clocks.pairs.iter().filter(|p| cpus.contains(&p.a) && cpus.contains(&p.b));
    let pair = among.max_by(|p, q| p.apart_ns().total_cmp(&q.apart_ns()))?;
    Some((pair.apart_ns(), format!("the clocks of CPU {} and CPU {}", pair.a, pair.b)))
}

/// Returns the CPU of a side that was allowed only one.
fn pinned(side: &SideReport) -> Option<u32> {
    match side.placed.allowed.as_slice() {
        [cpu] => Some(*cpu),
        _ => None,
    }
}

/// Returns how far apart the clocks of any two CPUs may be, ns. If several were compared with one,
/// two of them may differ by the sum of both differences.
fn worst_of_all(clocks: &ClockCertificate) -> Option<f64> {
    let mut apart: Vec<f64> = clocks.pairs.iter().map(|pair| pair.apart_ns()).collect();
    apart.sort_by(|a, b| b.total_cmp(a));
    apart.iter().copied().take(2).reduce(|most, next| most + next)
}
