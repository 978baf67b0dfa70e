//! The work of one process of an invocation, between fork and exit.

use crate::bench::Bench;
use crate::control::Control;
use crate::findings::{Findings, pack};
use crate::holds::Holds;
use crate::pattern::Play;
use crate::raw;
use crate::seat::Seat;
use crate::stage::Stage;
use crate::timer::Timer;
use ipcmark_core::{Info, Plan, Result};
use ipcmark_record::{Integrity, PeerTimes, SideReport};
use ipcmark_sys::crew::{Fault, Work};

/// Runs one process to its end and returns its findings.
pub(crate) fn run(
    play: Box<dyn Play>,
    seat: Seat,
    info: &Info,
    plan: &Plan,
    bench: &Bench,
    control: &Control,
) -> Work {
    match attempt(play, seat, info, plan, bench, control) {
        Ok(findings) => pack(&findings),
        Err(error) if error.is_end() => {
            let what = format!("{error}, before the phase was over");
            Err(Fault { what, follows: true, refusal: None })
        }
        Err(error) => Err(Fault::of(&error)),
    }
}

fn attempt(
    play: Box<dyn Play>,
    seat: Seat,
    info: &Info,
    plan: &Plan,
    bench: &Bench,
    control: &Control,
) -> Result<Findings> {
    let mut stage = Stage::enter(plan, bench, control, seat, info)?;
    let tally = play.perform(&mut stage)?;
    let from = (&stage.clock, stage.start);
    raw::write(plan, seat, "times", &stage.timer, from)?;
    if let Some(lag) = &stage.lag {
        raw::write(plan, seat, "lags", lag, from)?;
    }
    let found = tally.found;
    let classes = plan.sizes.as_ref().map_or(&[][..], |sizes| sizes.classes());
    Ok(Findings {
        report: SideReport {
            side: seat.name(),
            placed: stage.placed()?,
            usage: stage.usage,
            histogram: stage.timer.encoded()?,
            lag: stage.lag.as_ref().map(Timer::encoded).transpose()?.flatten(),
            peers: stage.by_sender.iter().filter_map(PeerTimes::of).collect(),
            lost: None,
            hold: stage.holds.as_ref().map(Holds::report).transpose()?.flatten(),
            third_parties: stage.third_parties,
            sizes: stage.timer.encoded_classes(classes)?,
        },
        frame: stage.found,
        integrity: Integrity {
            lost: found.lost,
            repeated: found.repeated,
            reordered: found.reordered,
            damaged: found.damaged,
        },
        sent: tally.sent,
        dropped: tally.dropped,
        received: found.received,
        overlap: stage.overlap,
        task: stage.task,
        links: stage.links,
        sums: stage.sums,
    })
}
