//! What the processes of an invocation brought home, put together.

use crate::pattern::{fan, rules};
use crate::side::Findings;
use ipcmark_core::{Info, Pattern, Plan};
use ipcmark_record::{Distance, Integrity, Invocation, InvocationOutcome, Mark, WarmUp};

/// Messages shorter than this have 7 bits for their sequence number: too few to tell a long loss from disorder.
pub(crate) const TELLING: usize = 8;

pub(crate) fn combine(info: &Info, plan: &Plan, mut sides: Vec<Findings>) -> Invocation {
    if plan.pattern == Pattern::Broadcast {
        lost_by_each(&mut sides);
    }
    let figure = rules(plan.pattern).figure;
    let counts = |process: usize| sides.len() == 1 || figure.is(process);
    let counted = || sides.iter().enumerate().filter(|(process, _)| counts(*process));
    let integrity = integrity(info, plan, &sides);
    // What a mechanism may lose is no failure; what it damages is.
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
    let distance = first.distance.map(|(before_ns, after_ns)| Distance { before_ns, after_ns });
    Invocation {
        elapsed_ns: counted().map(|(_, side)| side.elapsed_ns).max().unwrap_or_default(),
        messages: counted().map(|(_, side)| side.messages).sum(),
        warm_up: WarmUp {
            steady: sides.iter().all(|side| side.warm_up.steady),
            // What the receivers got counts in a broadcast, before and while it is measured.
            messages: match plan.pattern {
                Pattern::Broadcast => counted().map(|(_, side)| side.warm_up.messages).sum(),
                _ => first.warm_up.messages,
            },
            ..first.warm_up
        },
        distance,
        marks: distance.filter(Distance::has_moved).map(|_| Mark::Moved).into_iter().collect(),
        integrity,
        overlap: sides.iter().find_map(|side| side.overlap),
        task: sides.iter().find_map(|side| side.task),
        links: sides.iter().find_map(|side| side.links.clone()),
        sides: sides.into_iter().map(|side| side.report).collect(),
        ..Invocation::new(outcome)
    }
}

/// What was owed to each receiver of a broadcast and did not come there.
fn lost_by_each(sides: &mut [Findings]) {
    let Some((sender, receivers)) = sides.split_first_mut() else { return };
    let owed = sender.sent / receivers.len().max(1) as u64;
    for side in receivers {
        side.report.lost = Some(owed.saturating_sub(side.received + side.integrity.damaged));
    }
}

/// The faults of all sides. What a lossy stream lost is what was sent and never came: sequence numbers that wrap may not
/// tell it.
fn integrity(info: &Info, plan: &Plan, sides: &[Findings]) -> Integrity {
    let sum = sides.iter().fold(Integrity::default(), |sum, side| Integrity {
        lost: sum.lost + side.integrity.lost,
        repeated: sum.repeated + side.integrity.repeated,
        reordered: sum.reordered + side.integrity.reordered,
        damaged: sum.damaged + side.integrity.damaged,
    });
    let one_way = matches!(
        plan.pattern,
        Pattern::Stream | Pattern::Paced | Pattern::FanIn | Pattern::FanOut | Pattern::Broadcast
    );
    if !info.lossy || !one_way {
        // Several receivers of one link tell only together what was lost or came twice.
        let (lost, repeated) = fan::settle(sides.iter().map(|side| side.sums));
        return Integrity { lost: sum.lost + lost, repeated: sum.repeated + repeated, ..sum };
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

/// An invocation that brought nothing.
pub(crate) fn failed(side: &str, what: String) -> Invocation {
    Invocation::new(InvocationOutcome::Failed { side: side.into(), what })
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
