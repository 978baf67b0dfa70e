//! Costs of a message other than its time, and costs of making and ending its link.

use crate::Estimate;
use crate::figure::estimate;
use crate::samples::times;
use ipcmark_record::{Cell, Invocation, LinkMemory, Setup, SideReport, Timed, Usage};
use ipcmark_stats::median;
use serde::Serialize;

/// Drift of counts. Counts contain no time, so the machine's drift is not in them.
const NO_TIME: f64 = 0.0;

/// The costs of one cell. "A message" is what [`Row::counted`](crate::Row::counted) names; "all
/// sides" are all processes of an invocation. A service that a mechanism needs in addition (a
/// message bus's daemon) is not a side: it is a third party.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// CPU time in user mode of all sides for one message, ns.
    pub user_ns_per_message: Estimate,
    /// CPU time in the kernel of all sides for one message, ns.
    pub system_ns_per_message: Estimate,
    /// CPU time that sending on time took besides, ns for one message: not part of the others; absent
    /// where no rate was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacing_ns_per_message: Option<Estimate>,
    /// CPU time of the initiator (initiators) alone for one message, user and system, ns; absent if
    /// it is not a side.
    pub initiator_ns_per_message: Option<Estimate>,
    /// CPU time of the responder (responders) alone, likewise; the floors have none.
    pub responder_ns_per_message: Option<Estimate>,
    /// CPU time of processes that are no side, for one message, ns: of a matchmaker, a daemon. Not part of
    /// the others; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub third_parties_ns_per_message: Option<Estimate>,
    /// Times that a side slept and was woken again, of all sides for one message; sleeps until the due
    /// time of a message left out.
    pub wake_ups_per_message: Estimate,
    /// Energy that the machine's processor packages took for one message, µJ, whatever ran on them; absent
    /// where the machine does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages_uj_per_message: Option<Estimate>,
    /// Power of those packages, W.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages_w: Option<Estimate>,
    /// Memory of its links, looked at in a separate invocation; absent if not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<LinkMemory>,
    /// Page faults of all sides for one message.
    pub faults_per_message: Estimate,
    /// System calls of all sides for one message, counted in a separate invocation; absent if not
    /// counted, and for tasks.
    pub system_calls_per_message: Option<f64>,
    /// Cycles of all sides for one message, counted in a separate invocation; absent without
    /// hardware counters.
    pub cycles_per_message: Option<f64>,
    /// Instructions of all sides for one message, counted like the cycles.
    pub instructions_per_message: Option<f64>,
    /// True if cycles and instructions include the kernel's; absent without them.
    pub cycles_of_kernel: Option<bool>,
    /// Time to make what the sides inherit, ns.
    pub fixture_ns: Option<Estimate>,
    /// Time to take the halves of it, ns: the slower side's.
    pub split_ns: Option<Estimate>,
    /// Time to drop them, ns: the slower side's.
    pub teardown_ns: Option<Estimate>,
    /// Time of the first round trip over a link, ns, before anything is warm; absent of other workloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_ns: Option<Estimate>,
    /// Share of its CPU that a neighbour which computes lost to the cell, 0 to 1; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbour_lost: Option<Estimate>,
    /// Address space that the link added to the process that made it, bytes: median over
    /// invocations.
    pub mapped_bytes: Option<u64>,
}

/// Returns the costs of some of a cell's invocations, which must be good ones; `None` if there are
/// none. `drift` is that of the cell's times.
pub(crate) fn cost(cell: &Cell, invocations: &[&Invocation], drift: f64) -> Option<Cost> {
    let each = |which: fn(&SideReport) -> bool, of: fn(&Usage) -> u64| -> Vec<f64> {
        let one = |i: &&Invocation| {
            let mut sides = i.sides.iter().filter(|side| which(side)).peekable();
            sides.peek()?;
            Some(sides.map(|side| of(&side.usage.of_mechanism()) as f64).sum::<f64>() / times(i))
        };
        invocations.iter().filter_map(one).collect()
    };
    let all: fn(&SideReport) -> bool = |_| true;
    let cpu: fn(&Usage) -> u64 = |usage| usage.user_ns.saturating_add(usage.system_ns);
    let setup = |of: fn(Setup) -> u64| -> Vec<f64> {
        invocations.iter().filter_map(|i| Some(of(i.setup?) as f64)).collect()
    };
    let a_message = |all: u64, messages: u64| (messages > 0).then(|| all as f64 / messages as f64);
    // A task is many messages; the mechanism decides how many.
    let calls = cell.system_calls.filter(|_| cell.key.workload.timed() != Timed::Task);
    let cycles = cell.cycles;
    let pacing =
        |side: &SideReport| side.usage.pacing.map(|p| p.spinning_ns.saturating_add(p.sleeping_ns));
    let paced = |i: &&Invocation| {
        let paced: Vec<f64> = i.sides.iter().filter_map(pacing).map(|ns| ns as f64).collect();
        (!paced.is_empty()).then(|| paced.iter().sum::<f64>() / times(i))
    };
    let paced: Vec<f64> = invocations.iter().filter_map(paced).collect();
    let others = |i: &&Invocation| {
        let others: Vec<u64> =
            i.sides.iter().filter_map(|side| Some(side.third_parties?.cpu_ns)).collect();
        (!others.is_empty()).then(|| others.iter().sum::<u64>() as f64 / times(i))
    };
    let others: Vec<f64> = invocations.iter().filter_map(others).collect();
    // µJ a ns of the window between the two readings.
    let power = |i: &&Invocation| {
        let energy = i.energy.filter(|energy| energy.window_ns > 0)?;
        Some((energy.packages_uj as f64 / energy.window_ns as f64, i.elapsed_ns as f64 / times(i)))
    };
    let power: Vec<(f64, f64)> = invocations.iter().filter_map(power).collect();
    let energies: Vec<f64> = power.iter().map(|(power, each_ns)| power * each_ns).collect();
    let watts: Vec<f64> = power.iter().map(|(power, _)| power * 1e3).collect();
    let first = invocations.iter().filter_map(|i| Some(i.setup?.first_ns? as f64));
    let first: Vec<f64> = first.collect();
    let lost: Vec<f64> = invocations.iter().filter_map(|i| Some(i.neighbours?.lost())).collect();
    Some(Cost {
        third_parties_ns_per_message: estimate(&others, drift),
        wake_ups_per_message: estimate(&each(all, |u| u.voluntary_switches), NO_TIME)?,
        packages_uj_per_message: estimate(&energies, drift),
        packages_w: estimate(&watts, NO_TIME),
        memory: cell.memory,
        pacing_ns_per_message: estimate(&paced, drift),
        user_ns_per_message: estimate(&each(all, |u| u.user_ns), drift)?,
        system_ns_per_message: estimate(&each(all, |u| u.system_ns), drift)?,
        initiator_ns_per_message: estimate(&each(|s| s.side.starts_with("initiator"), cpu), drift),
        responder_ns_per_message: estimate(&each(|s| s.side.starts_with("responder"), cpu), drift),
        faults_per_message: estimate(
            &each(all, |u| u.minor_faults.saturating_add(u.major_faults)),
            NO_TIME,
        )?,
        system_calls_per_message: calls.and_then(|c| a_message(c.calls, c.messages)),
        cycles_per_message: cycles.and_then(|c| a_message(c.cycles, c.messages)),
        instructions_per_message: cycles.and_then(|c| a_message(c.instructions, c.messages)),
        cycles_of_kernel: cycles.map(|c| c.kernel),
        fixture_ns: estimate(&setup(|s| s.fixture_ns), drift),
        split_ns: estimate(&setup(|s| s.split_ns), drift),
        teardown_ns: estimate(&setup(|s| s.teardown_ns), drift),
        first_ns: estimate(&first, drift),
        neighbour_lost: estimate(&lost, NO_TIME),
        mapped_bytes: median(&setup(|s| s.mapped_bytes)).map(|bytes| bytes as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_record::{
        Cycles, Energy, NeighbourProgress, Pacing, SystemCalls, ThirdParties, Workload, sample,
    };

    #[test]
    fn costs_are_of_one_message_and_of_whom_they_say() {
        let mut record = sample::record_of(1, 7, |key| {
            key.transport == "pipe/block"
                && key.workload == Workload::PingPong
                && key.size_bytes == 64
        });
        let cell = &mut record.cells[0];
        cell.system_calls = Some(SystemCalls { messages: 64, calls: 256 });
        cell.cycles =
            Some(Cycles { messages: 10, cycles: 5_000, instructions: 9_000, kernel: false });
        for invocation in &mut cell.invocations {
            invocation.messages = 1_000;
            invocation.task = None;
            for (at, side) in invocation.sides.iter_mut().enumerate() {
                side.usage = Usage {
                    user_ns: 1_000_000 * (at as u64 + 1),
                    system_ns: 4_000_000,
                    minor_faults: 500,
                    ..Usage::default()
                };
            }
            let setup = Setup {
                fixture_ns: 7,
                split_ns: 8,
                teardown_ns: 9,
                mapped_bytes: 4_096,
                first_ns: Some(5),
            };
            invocation.setup = Some(setup);
            invocation.neighbours = Some(NeighbourProgress {
                computations: 750,
                over_ns: 1_000_000,
                alone_per_s: 500_000.0,
                cpus: 2,
            });
        }
        let good: Vec<&Invocation> = cell.invocations.iter().collect();
        let cost = cost(cell, &good, 0.0).unwrap();
        assert_eq!(cost.user_ns_per_message.value, 3_000.0);
        assert_eq!(cost.system_ns_per_message.value, 8_000.0);
        assert_eq!(cost.initiator_ns_per_message.map(|e| e.value), Some(5_000.0));
        assert_eq!(cost.responder_ns_per_message.map(|e| e.value), Some(6_000.0));
        assert_eq!(cost.faults_per_message.value, 1.0);
        assert_eq!(cost.system_calls_per_message, Some(4.0));
        assert_eq!((cost.cycles_per_message, cost.cycles_of_kernel), (Some(500.0), Some(false)));
        assert_eq!(cost.instructions_per_message, Some(900.0));
        assert_eq!(cost.split_ns.map(|e| e.value), Some(8.0));
        assert_eq!(cost.mapped_bytes, Some(4_096));
        assert_eq!(cost.third_parties_ns_per_message, None);
        assert_eq!(cost.first_ns.map(|e| e.value), Some(5.0));
        assert_eq!(cost.neighbour_lost.map(|e| e.value), Some(0.25));
        let json = serde_json::to_value(&cost).unwrap();
        assert_eq!(json["system_calls_per_message"], 4.0);
    }

    #[test]
    fn others_work_and_energy_are_costs_of_their_own() {
        let mut record = sample::record_of(1, 7, |key| key.transport == "pipe/block");
        let cell = &mut record.cells[0];
        for invocation in &mut cell.invocations {
            (invocation.messages, invocation.elapsed_ns, invocation.task) =
                (1_000, 1_000_000, None);
            invocation.energy = Some(Energy { packages_uj: 40_000, window_ns: 2_000_000 });
            for side in &mut invocation.sides {
                side.usage = Usage {
                    voluntary_switches: 2_500,
                    pacing: Some(Pacing { sleeps: 500, ..Pacing::default() }),
                    ..Usage::default()
                };
            }
            invocation.sides[1].third_parties = Some(ThirdParties { processes: 1, cpu_ns: 5_000 });
        }
        let good: Vec<&Invocation> = cell.invocations.iter().collect();
        let cost = cost(cell, &good, 0.0).unwrap();
        assert_eq!(cost.third_parties_ns_per_message.map(|e| e.value), Some(5.0));
        assert_eq!(cost.wake_ups_per_message.value, 4.0, "the harness's own sleeps are left out");
        assert_eq!(cost.packages_uj_per_message.map(|e| e.value), Some(20.0));
        assert_eq!(cost.packages_w.map(|e| e.value), Some(20.0));
        assert_eq!(cost.user_ns_per_message.value, 0.0, "a third party is no side");
    }

    #[test]
    fn what_was_not_counted_is_absent_and_not_zero() {
        let mut record = sample::record_of(1, 7, |key| key.transport == "pipe/block");
        let cell = &mut record.cells[0];
        (cell.system_calls, cell.cycles) = (None, None);
        cell.invocations.iter_mut().for_each(|i| i.setup = None);
        let good: Vec<&Invocation> = cell.invocations.iter().collect();
        let cost = cost(cell, &good, 0.0).unwrap();
        assert_eq!((cost.system_calls_per_message, cost.cycles_per_message), (None, None));
        assert_eq!((cost.fixture_ns, cost.mapped_bytes), (None, None));
    }
}
