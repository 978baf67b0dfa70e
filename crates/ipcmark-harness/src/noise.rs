//! Disturbances of an invocation, and the amount from which on it is set aside.
//!
//! Sides with a CPU of their own listen just before and just after the measured phase: a process
//! that only spins sees each interrupt, each other process and each loss of its CPU to a hypervisor
//! as a gap between two readings of the clock. Listening *while* something is measured would
//! measure the listening. The supervisor reads the stolen time before the fork and after the last
//! side's end.
//!
//! The rule that marks an invocation looks at these and never at the result, so repeating the
//! invocation cannot favour any result.

use crate::Bench;
use ipcmark_core::{Extent, Parameter, Plan};
use ipcmark_record::{Gaps, Invocation, Mark, Noise};
use ipcmark_sys::cgroup::{Groups, Throttled};
use ipcmark_sys::clock::Clock;
use ipcmark_sys::contention::Steal;
use ipcmark_sys::noise;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Time for which a side listens, before and again after.
pub(crate) const LISTEN: Duration = Duration::from_micros(200);
/// Largest share of the time listened that gaps may take. On a virtual machine whose timer
/// interrupts take 20 to 60 µs, 99 % of 500 windows with no other process had a share below 0.22,
/// and the worst had 0.26. Another process that takes the CPU takes it for longer than the window.
const GAPS_MOST: f64 = 0.25;
/// Largest share of the measured phase for which a side that never sleeps may be without its CPU. A
/// kernel thread takes some tens of µs, another process a slice of at least 700 µs, and a phase
/// lasts 20 ms.
const WAITED_MOST: f64 = 0.02;

/// A phase with this many turns or more does not take four times its time by itself.
const TURNS: u64 = 8;
const OVERLONG: u128 = 4;

/// Gaps that one side saw.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Heard {
    pub(crate) listened_ns: u64,
    pub(crate) gaps: Gaps,
}

impl Heard {
    /// Spins and counts gaps.
    pub(crate) fn listen(clock: &Clock, during: Duration) -> Heard {
        let noise::Gaps { count, total_ns, longest_ns } = noise::gaps(clock, during, noise::GAP);
        let gaps = Gaps { count, total_ns, longest_ns };
        Heard { listened_ns: during.as_nanos() as u64, gaps }
    }

    /// Returns the sum of both.
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

/// Returns the CPUs of an invocation; none if it is not pinned.
pub(crate) fn cpus(bench: &Bench, processes: usize) -> Vec<u32> {
    (0..processes).filter_map(|process| bench.cpus.of(process)).collect()
}

/// Returns true if a measured phase took many times its time, although its turns are short: something
/// stopped the processes on the way.
pub(crate) fn is_overlong(plan: &Plan, invocation: &Invocation) -> bool {
    let Extent::Time(time) = plan.extent else { return false };
    let turns = invocation.messages / u64::from(plan.workload.value(Parameter::Depth).unwrap_or(1));
    // A phase ends with the turn after the one that its time ends in.
    turns >= TURNS && invocation.elapsed_ns as u128 > OVERLONG * time.as_nanos()
}

/// Returns the marks that set aside an invocation whose measured phase lasted `elapsed_ns`; `stopped`:
/// its processes did not run for a while.
pub(crate) fn marks(noise: &Noise, elapsed_ns: u64, stopped: bool) -> Vec<Mark> {
    let stolen = noise.stolen_ns.is_some_and(|ns| ns > 0);
    let away = noise.gaps.total_ns > GAPS_MOST * noise.listened_ns as f64;
    let waited = noise.waited_ns.is_some_and(|ns| ns as f64 > WAITED_MOST * elapsed_ns as f64);
    let marks = [(stolen, Mark::Stolen), (away || waited || stopped, Mark::Gaps)];
    marks.into_iter().filter_map(|(is, mark)| is.then_some(mark)).collect()
}

/// Returns what else disturbed an invocation whose neighbours were to take its CPUs.
pub(crate) fn without_gaps(noise: &Noise) -> Noise {
    Noise { gaps: Gaps::default(), waited_ns: None, ..*noise }
}

/// A CPU quota and its counts before an invocation.
#[derive(Debug)]
pub(crate) struct Quota {
    groups: Groups,
    before: Option<Throttled>,
}

impl Quota {
    /// Looks at the counts.
    pub(crate) fn now() -> Quota {
        let groups = Groups::of_this_process();
        Quota { before: groups.throttled(), groups }
    }

    /// Returns true if the quota was used up since.
    pub(crate) fn was_used_up(&self) -> bool {
        let now = self.before.zip(self.groups.throttled());
        now.is_some_and(|(before, now)| now.since(&before).throttled > 0)
    }
}

/// Returns the time stolen from these CPUs since `before`, ns.
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
        assert_eq!(marks(&quiet(), PHASE_NS, false), []);
        assert_eq!(
            marks(&Noise { stolen_ns: None, waited_ns: None, ..quiet() }, PHASE_NS, false),
            []
        );
        assert_eq!(marks(&Noise::default(), PHASE_NS, false), [], "no side listened");
    }

    #[test]
    fn each_disturbance_has_its_mark() {
        let stolen = Noise { stolen_ns: Some(10_000_000), ..quiet() };
        assert_eq!(marks(&stolen, PHASE_NS, false), [Mark::Stolen]);
        let away = Noise { gaps: Gaps { total_ns: 201_000.0, ..quiet().gaps }, ..quiet() };
        assert_eq!(marks(&away, PHASE_NS, false), [Mark::Gaps]);
        let waited = Noise { waited_ns: Some(700_000), ..quiet() };
        assert_eq!(marks(&waited, PHASE_NS, false), [Mark::Gaps]);
        assert_eq!(marks(&waited, 10 * PHASE_NS, false), [], "of a long phase it is little");
        assert_eq!(marks(&quiet(), PHASE_NS, true), [Mark::Gaps], "it was stopped");
        let both = Noise { stolen_ns: Some(10_000_000), ..away };
        assert_eq!(marks(&both, PHASE_NS, false), [Mark::Stolen, Mark::Gaps]);
    }

    #[test]
    fn a_phase_of_short_turns_that_took_many_times_its_time_was_stopped() {
        use ipcmark_core::{Names, Workload};
        use ipcmark_record::InvocationOutcome;
        use std::time::Duration;
        let names = Names { token: String::new(), dir: "/".into() };
        let extent = Extent::Time(Duration::from_nanos(PHASE_NS));
        let mut plan = Plan { extent, ..Plan::new(64, names) };
        let of = |messages, elapsed_ns| Invocation {
            messages,
            elapsed_ns,
            ..Invocation::new(InvocationOutcome::Ok)
        };
        assert!(is_overlong(&plan, &of(1_000, 75 * PHASE_NS)));
        assert!(!is_overlong(&plan, &of(1_000, 2 * PHASE_NS)));
        assert!(!is_overlong(&plan, &of(2, 75 * PHASE_NS)), "each turn is long");
        plan.workload = Workload::Burst { depth: 64 };
        assert!(!is_overlong(&plan, &of(128, 75 * PHASE_NS)));
        plan.extent = Extent::Messages(1_000);
        assert!(!is_overlong(&plan, &of(1_000, 75 * PHASE_NS)));
    }

    #[test]
    fn gaps_of_two_sides_are_added() {
        let one = Heard {
            listened_ns: 400_000,
            gaps: Gaps { count: 1, total_ns: 20_000.0, longest_ns: 20_000.0 },
        };
        let both = one.and(Heard { gaps: Gaps::default(), ..one }).and(one);
        assert_eq!(both.listened_ns, 1_200_000);
        assert_eq!(both.gaps, Gaps { count: 2, total_ns: 40_000.0, longest_ns: 20_000.0 });
    }
}
