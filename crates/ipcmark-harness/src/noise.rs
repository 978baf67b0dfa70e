//! What else took time while an invocation went on, and from when on it is set aside.
//!
//! Sides with a CPU of their own listen just before and just after the measured phase: a process that only spins sees each
//! interrupt, each other process and each time that a hypervisor took its CPU away as a gap between two readings of the
//! clock. Listening *while* something is measured would measure the listening. The supervisor reads what was stolen before
//! the fork and after the last side's end.
//!
//! The rule that marks an invocation looks at this and never at what was measured, so that making it again cannot favour
//! any result.

use crate::Bench;
use crate::side::Findings;
use ipcmark_record::{Gaps, Mark, Noise};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::contention::Steal;
use ipcmark_sys::noise;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a side listens, before and again after.
pub(crate) const LISTEN: Duration = Duration::from_micros(200);
/// Gaps may take this share of the time listened. On a virtual machine whose timer interrupts take 20 to 60 µs, 99 % of 500
/// windows with no other process about had less than 0.22 of theirs in gaps, and the worst 0.26; another process that takes the CPU
/// takes it for longer than the window.
const GAPS_MOST: f64 = 0.25;
/// A side that never sleeps may be without its CPU for this share of the measured phase: a kernel thread that comes by takes some
/// tens of µs, another process a slice of at least 700 µs, and a phase lasts 20 ms.
const WAITED_MOST: f64 = 0.02;

/// What one side heard.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) listened_ns: u64,
    pub(crate) gaps: Gaps,
}

impl Heard {
    /// Spins for a while.
    pub(crate) fn listen(clock: &Clock, during: Duration) -> Heard {
        let noise::Gaps { count, total_ns, longest_ns } = noise::gaps(clock, during, noise::GAP);
        let gaps = Gaps { count, total_ns, longest_ns };
        Heard { listened_ns: during.as_nanos() as u64, gaps }
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(self, other: Heard) -> Heard {
        Heard {
            listened_ns: self.listened_ns + other.listened_ns,
            gaps: Gaps {
                count: self.gaps.count + other.gaps.count,
                total_ns: self.gaps.total_ns + other.gaps.total_ns,
                longest_ns: self.gaps.longest_ns.max(other.gaps.longest_ns),
            },
        }
    }
}

/// The CPUs of an invocation; none where it is not pinned.
pub(crate) fn cpus(bench: &Bench, processes: usize) -> Vec<u32> {
    (0..processes).filter_map(|process| bench.cpus.of(process)).collect()
}

/// What all sides of an invocation met with, and what was stolen of its CPUs.
pub(crate) fn around(sides: &[Findings], stolen_ns: Option<u64>) -> Noise {
    let heard = sides.iter().fold(Heard::default(), |sum, side| sum.and(side.heard));
    let waited_ns = sides.iter().filter_map(|side| side.waited_ns).max();
    Noise { listened_ns: heard.listened_ns, gaps: heard.gaps, stolen_ns, waited_ns }
}

/// Why an invocation whose measured phase lasted `elapsed_ns` is set aside.
pub(crate) fn marks(noise: &Noise, elapsed_ns: u64) -> Vec<Mark> {
    let stolen = noise.stolen_ns.is_some_and(|ns| ns > 0);
    let away = noise.gaps.total_ns > GAPS_MOST * noise.listened_ns as f64;
    let waited = noise.waited_ns.is_some_and(|ns| ns as f64 > WAITED_MOST * elapsed_ns as f64);
    let marks = [(stolen, Mark::Stolen), (away || waited, Mark::Gaps)];
    marks.into_iter().filter_map(|(is, mark)| is.then_some(mark)).collect()
}

/// What was stolen of these CPUs since `before`, ns.
pub(crate) fn stolen_ns(before: Option<&Steal>, cpus: &[u32]) -> Option<u64> {
    Some(Steal::now()?.since_ns(before?, cpus))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASE_NS: u64 = 20_000_000;

    fn quiet() -> Noise {
        let gaps = Gaps { count: 3, total_ns: 90_000.0, longest_ns: 60_000.0 };
        Noise { listened_ns: 800_000, gaps, stolen_ns: Some(0), waited_ns: Some(50_000) }
    }

    #[test]
    fn timer_interrupts_and_kernel_threads_mark_nothing() {
        assert_eq!(marks(&quiet(), PHASE_NS), []);
        assert_eq!(marks(&Noise { stolen_ns: None, waited_ns: None, ..quiet() }, PHASE_NS), []);
        assert_eq!(marks(&Noise::default(), PHASE_NS), [], "nobody listened");
    }

    #[test]
    fn each_disturbance_has_its_mark() {
        let stolen = Noise { stolen_ns: Some(10_000_000), ..quiet() };
        assert_eq!(marks(&stolen, PHASE_NS), [Mark::Stolen]);
        let away = Noise { gaps: Gaps { total_ns: 201_000.0, ..quiet().gaps }, ..quiet() };
        assert_eq!(marks(&away, PHASE_NS), [Mark::Gaps]);
        let waited = Noise { waited_ns: Some(700_000), ..quiet() };
        assert_eq!(marks(&waited, PHASE_NS), [Mark::Gaps]);
        assert_eq!(marks(&waited, 10 * PHASE_NS), [], "of a long phase it is little");
        let both = Noise { stolen_ns: Some(10_000_000), ..away };
        assert_eq!(marks(&both, PHASE_NS), [Mark::Stolen, Mark::Gaps]);
    }

    #[test]
    fn what_two_sides_heard_is_put_together() {
        let one = Heard {
            listened_ns: 400_000,
            gaps: Gaps { count: 1, total_ns: 20_000.0, longest_ns: 20_000.0 },
        };
        let both = one.and(Heard { gaps: Gaps::default(), ..one }).and(one);
        assert_eq!(both.listened_ns, 1_200_000);
        assert_eq!(both.gaps, Gaps { count: 2, total_ns: 40_000.0, longest_ns: 20_000.0 });
    }
}
