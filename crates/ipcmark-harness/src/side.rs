//! What one process of an invocation does between fork and exit.

use crate::bench::Bench;
use crate::children;
use crate::control::Control;
use crate::noise::Heard;
use crate::pattern::Play;
use crate::seat::Seat;
use crate::slices::OwnSlice;
use crate::stage::Stage;
use ipcmark_core::{Plan, Result};
use ipcmark_record::{Integrity, Overlap, SideReport, Task, WarmUp};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What comes home in a parcel.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Home {
    /// The side did what was planned.
    Done(Box<Findings>),
    /// It could not.
    Failed {
        /// Why.
        what: String,
        /// True when it saw no more than its peer's end: the peer knows better.
        follows: bool,
    },
}

/// What one process found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) report: SideReport,
    /// From the barrier to the last checked message, ns.
    pub(crate) elapsed_ns: u64,
    /// As the pattern counts them, in the measured phase.
    pub(crate) messages: u64,
    pub(crate) warm_up: WarmUp,
    /// Before and after; process 0's alone.
    pub(crate) distance: Option<(f64, f64)>,
    /// Around the measured phase.
    pub(crate) heard: Heard,
    /// In it: see [`ipcmark_record::Noise`].
    pub(crate) waited_ns: Option<u64>,
    pub(crate) integrity: Integrity,
    /// Sent, and received whole, in all phases.
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) task: Option<Task>,
    pub(crate) links: Option<String>,
    pub(crate) sums: Option<[u64; 3]>,
    /// Taking the halves of the link, and dropping them again, ns.
    pub(crate) split_ns: u64,
    pub(crate) teardown_ns: u64,
    /// Where the invocation shared its time with others.
    pub(crate) slices: Vec<OwnSlice>,
}

/// Runs one process to its end and puts what it found into its parcel. Returns the exit status.
pub(crate) fn run(
    play: Box<dyn Play>,
    seat: Seat,
    plan: &Plan,
    bench: &Bench,
    control: &Control,
) -> i32 {
    // A panic is a finding like any other: keep its words for the parcel, and off the terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let home = catch_unwind(AssertUnwindSafe(|| attempt(play, seat, plan, bench, control)));
    let home = match home {
        Ok(Ok(findings)) => Home::Done(Box::new(findings)),
        Ok(Err(error)) if error.is_end() => {
            Home::Failed { what: format!("{error}, before the phase was over"), follows: true }
        }
        Ok(Err(error)) => Home::Failed { what: error.to_string(), follows: false },
        Err(panic) => {
            Home::Failed { what: format!("panicked: {}", words(&*panic)), follows: false }
        }
    };
    let failed = matches!(home, Home::Failed { .. });
    let parcel = control.parcel(seat.process);
    let sent = children::pack(parcel, &home);
    i32::from(failed || !sent)
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

fn attempt(
    play: Box<dyn Play>,
    seat: Seat,
    plan: &Plan,
    bench: &Bench,
    control: &Control,
) -> Result<Findings> {
    let mut stage = Stage::enter(plan, bench, control, seat)?;
    let tally = play.perform(&mut stage)?;
    let found = tally.found;
    let unjudged = WarmUp { messages: 0, elapsed_ns: 0, steady: true };
    Ok(Findings {
        report: SideReport {
            side: seat.name(),
            placed: stage.placed()?,
            usage: stage.found.usage,
            histogram: stage.timer.encoded()?,
            lost: None,
        },
        elapsed_ns: stage.found.elapsed_ns,
        messages: stage.found.messages,
        warm_up: stage.found.warm_up.unwrap_or(unjudged),
        distance: stage.found.distance,
        heard: stage.found.heard,
        waited_ns: stage.found.waited_ns,
        integrity: Integrity {
            lost: found.lost,
            repeated: found.repeated,
            reordered: found.reordered,
            damaged: found.damaged,
        },
        sent: tally.sent,
        received: found.received,
        overlap: stage.overlap,
        task: stage.task,
        links: stage.links,
        sums: stage.sums,
        split_ns: stage.found.split_ns,
        teardown_ns: stage.found.teardown_ns,
        slices: stage.found.slices,
    })
}
