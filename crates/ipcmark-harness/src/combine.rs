//! Combines the findings of all processes of an invocation.

use crate::findings::{Findings, Gained};
use crate::noise::Heard;
use crate::pattern::fan;
use crate::setup::Making;
use ipcmark_core::{Info, Plan, Shape, Timed, WhenFull};
use ipcmark_record::{
    Capacity, Distance, Drops, Integrity, Invocation, InvocationOutcome, LinkMemory, Mark, Noise,
    Setup, WarmUp,
};

/// Length from which on a message's sequence number tells a long loss from disorder, in bytes.
/// Shorter ones have 7 bits for it.
pub(crate) const TELLING: usize = 8;

pub(crate) fn combine(info: &Info, plan: &Plan, mut sides: Vec<Findings>) -> Invocation {
    let is_broadcast = plan.workload.shape() == Some(Shape::Broadcast);
    if is_broadcast {
        lost_by_each(&mut sides, plan.workload.peers());
    }
    // A floor has one side.
    let counts = |side: &&Findings| sides.len() == 1 || side.is_timed(plan.workload);
    let counted = || sides.iter().filter(counts);
    let integrity = integrity(info, plan, &sides);
    // A mechanism may be lossy; a damaged message is always a failure.
    let faults = Integrity { lost: if info.lossy { 0 } else { integrity.lost }, ..integrity };
    let outcome = if faults == Integrity::default() {
        InvocationOutcome::Ok
    } else {
        let Integrity { lost, repeated, reordered, damaged } = integrity;
        let faulty = sides.iter().find(|side| side.integrity != Integrity::default());
        InvocationOutcome::Failed {
            side: faulty.map(|side| side.report.side.clone()).unwrap_or_default(),
            what: format!(
                "messages did not arrive as they were sent: {lost} lost, {repeated} repeated, {reordered} reordered, {damaged} damaged"
            ),
        }
    };
    let first = &sides[0];
    let frame = &first.frame;
    let distance = frame.distance.map(|(before_ns, after_ns)| Distance { before_ns, after_ns });
    Invocation {
        elapsed_ns: counted().map(|side| side.frame.elapsed_ns).max().unwrap_or_default(),
        by_schedule: counted().any(|side| side.frame.by_schedule),
        messages: counted().map(|side| side.frame.messages).sum(),
        warm_up: WarmUp {
            steady: sides.iter().all(|side| side.frame.warm_up().steady),
            // A broadcast counts at its receivers, in the warm-up as in the measured phase.
            messages: match is_broadcast {
                true => counted().map(|side| side.frame.warm_up().messages).sum(),
                false => frame.warm_up().messages,
            },
            ..frame.warm_up()
        },
        distance,
        marks: distance.filter(Distance::has_moved).map(|_| Mark::Moved).into_iter().collect(),
        integrity,
        overlap: sides.iter().find_map(|side| side.overlap),
        task: sides.iter().find_map(|side| side.task),
        drops: (plan.when_full == WhenFull::Drop).then(|| drops(&sides)),
        energy: frame.energy,
        links: sides.iter().find_map(|side| side.links.clone()),
        replayed: first.frame.replayed,
        sides: sides.into_iter().map(|side| side.report).collect(),
        ..Invocation::new(outcome)
    }
}

/// Counts what was due, what was dropped, and what arrived.
fn drops(sides: &[Findings]) -> Drops {
    let dropped = sides.iter().map(|side| side.dropped).sum();
    let sent: u64 = sides.iter().map(|side| side.sent).sum();
    let received = sides.iter().map(|side| side.received).sum();
    Drops { offered: sent + dropped, dropped, received }
}

/// Counts the messages that each of the receivers of a broadcast missed.
fn lost_by_each(sides: &mut [Findings], peers: usize) {
    let Some((sender, receivers)) = sides.split_first_mut() else { return };
    let owed = sender.sent / peers.max(1) as u64;
    for side in receivers.iter_mut().take(peers) {
        side.report.lost = Some(owed.saturating_sub(side.received + side.integrity.damaged));
    }
}

/// Adds up the faults of all sides. A lossy stream lost what was sent and never came: sequence
/// numbers that wrap may not show it.
fn integrity(info: &Info, plan: &Plan, sides: &[Findings]) -> Integrity {
    let sum = sides.iter().fold(Integrity::default(), |sum, side| Integrity {
        lost: sum.lost + side.integrity.lost,
        repeated: sum.repeated + side.integrity.repeated,
        reordered: sum.reordered + side.integrity.reordered,
        damaged: sum.damaged + side.integrity.damaged,
    });
    if !info.lossy || !plan.workload.is_one_way() {
        // Only all receivers of a shared link together show what was lost or came twice.
        let (lost, repeated) = fan::settle(sides.iter().map(|side| side.sums));
        // A number that never came may be a dropped message's.
        let dropped: u64 = sides.iter().map(|side| side.dropped).sum();
        let lost = (sum.lost + lost).saturating_sub(dropped);
        return Integrity { lost, repeated: sum.repeated + repeated, ..sum };
    }
    let sent: u64 = sides.iter().map(|side| side.sent).sum();
    let arrived: u64 = sides.iter().map(|side| side.received).sum::<u64>() + sum.damaged;
    let lost = sent.saturating_sub(arrived);
    if plan.size < TELLING {
        Integrity { lost, repeated: 0, reordered: 0, damaged: sum.damaged }
    } else {
        Integrity { lost, ..sum }
    }
}

/// Returns the memory of the links; `None` if it was not looked at on each side. `capacity` is that of one
/// direction of a link.
pub(crate) fn memory(
    info: &Info,
    plan: &Plan,
    sides: &[Findings],
    capacity: Option<Capacity>,
) -> Option<LinkMemory> {
    let gained: Vec<Gained> = sides.iter().map(|side| side.frame.memory).collect::<Option<_>>()?;
    let sum = |of: fn(&Gained) -> i64| gained.iter().map(of).sum::<i64>().max(0) as u64;
    let own = sides.iter().any(|side| side.links.as_deref() == Some("per-peer"));
    let links = if own { plan.workload.peers() as u64 } else { 1 };
    // Memory of the sides holds the others' messages: it is resident.
    let in_kernel = !info.user_space && !info.zero_copy && !info.dies_with_sender;
    let direction = capacity.and_then(|capacity| capacity.bytes).filter(|_| in_kernel);
    Some(LinkMemory {
        links,
        resident_bytes: sum(|gained| gained.resident_bytes),
        locked_bytes: sum(|gained| gained.locked_bytes),
        kernel_bytes: direction.map(|bytes| 2 * links * bytes as u64),
    })
}

/// Makes an invocation without results.
pub(crate) fn failed(side: &str, what: String) -> Invocation {
    Invocation::new(InvocationOutcome::Failed { side: side.into(), what })
}

/// Returns the disturbances of all sides, and the time stolen from their CPUs.
pub(crate) fn noise(sides: &[Findings], stolen_ns: Option<u64>) -> Noise {
    let heard = sides.iter().fold(Heard::default(), |sum, side| sum.and(side.frame.heard));
    let waited_ns = sides.iter().filter_map(|side| side.frame.waited_ns).max();
    Noise { listened_ns: heard.listened_ns, gaps: heard.gaps, stolen_ns, waited_ns }
}

/// Returns the cost of the fixture, and of the slower side for the rest.
pub(crate) fn setup(making: Making, plan: &Plan, sides: &[Findings]) -> Setup {
    let frames = || sides.iter().map(|side| &side.frame);
    Setup {
        fixture_ns: making.ns,
        split_ns: frames().map(|frame| frame.split_ns).max().unwrap_or_default(),
        teardown_ns: frames().map(|frame| frame.teardown_ns).max().unwrap_or_default(),
        mapped_bytes: making.mapped_bytes,
        first_ns: frames()
            .find_map(|frame| frame.first_ns)
            .filter(|_| plan.workload.timed() == Timed::RoundTrip),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_that_moved_by_more_than_a_third_has_moved() {
        for (before_ns, after_ns, moved) in
            [(60.0, 79.0, false), (60.0, 81.0, true), (400.0, 60.0, true), (112.0, 112.0, false)]
        {
            assert_eq!(
                Distance { before_ns, after_ns }.has_moved(),
                moved,
                "{before_ns} {after_ns}"
            );
        }
    }
}
