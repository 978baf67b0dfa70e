//! The workloads: the loops of each, in its own file.
//!
//! Between the clock's two reads there is only what a user would do. On the way out, that is to write the message (into the
//! slot of a zero-copy transport; for a copying one the private buffer holds it already) and its stamp; on the way in, to read
//! it (out of the slot; for the others `read` has copied it). A pattern has one loop for each side, which the frame
//! ([`Stage::phases`]) calls once a phase. Loops are generic over a [`Mechanism`]; [`crate::mechanism`] says which transports
//! have loops of their own and which share one.

mod broadcast;
mod burst;
mod call;
mod duplex;
mod ending;
pub(crate) mod fan;
mod floor;
mod links;
mod overlap;
mod paced;
mod ping_pong;
pub(crate) mod scatter;
mod schedule;
mod stream;
mod task;
mod wake_up;

use crate::desk::Tally;
use crate::mechanism::{Erased, Known, Mechanism};
use crate::setup::{Making, making};
use crate::stage::Stage;
use ipcmark_core::{
    Capacity, Error, Extent, Info, Notifier, Plan, Remote, Result, Role, Side, Transport, Workload,
};

use links::{End, Fixtures, ends, tear_down};
use schedule::messages_in;

/// A mechanism made ready for one invocation: what all its processes inherit. Its type is erased here, once an
/// invocation.
pub(crate) trait Play {
    /// The real capacity of each direction, where the mechanism has one.
    fn capacity(&self) -> Result<Option<Capacity>>;

    /// One process's part, in the child: takes its halves, runs [`Stage::phases`], and tells what became of its messages.
    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally>;
}

/// Why an invocation cannot be made.
#[derive(Debug)]
pub(crate) enum NotMade {
    /// The fixture could not be made.
    Failed(Error),
    /// This mechanism cannot run this plan, here or anywhere.
    Unsupported(String),
}

impl From<Error> for NotMade {
    fn from(error: Error) -> NotMade {
        NotMade::Failed(error)
    }
}

/// What the processes inherit, and what making it took.
pub(crate) type Made = (Box<dyn Play>, Making);

/// Makes it.
pub(crate) type Make = fn(&Plan) -> std::result::Result<Made, NotMade>;

/// [`Make`] for a transport. Called in a constant, it compiles only the loops that this transport runs.
pub(crate) const fn of_transport<T: Transport>() -> Make {
    match (T::INFO.role, T::INFO.user_space) {
        (Role::Floor, _) => of_floor::<T>,
        (_, true) => of_user_space::<T>,
        (_, false) => of_kernel::<T>,
    }
}

fn of_floor<T: Transport>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    let mechanism = Known::<T>::NEW;
    let fixtures = Fixtures::one(mechanism, plan)?;
    Ok(fixtures.with(move |links, stage| {
        let mut ends = ends(mechanism, links, stage, true);
        let End { tx, rx, desk } = &mut ends[0];
        stage.phases(&mut |s| floor::turns::<Known<T>>(tx, rx, desk, s))?;
        Ok(tear_down(ends, stage))
    }))
}

fn of_user_space<T: Transport>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    match plan.workload {
        // A virtual call is nothing to a part of a task, to a piece of other work, or to a sleep.
        Workload::Paced { .. } | Workload::Overlap | Workload::ScatterGather { .. } => {
            of_kernel::<T>(plan)
        }
        _ => make(Known::<T>::NEW, plan),
    }
}

fn of_kernel<T: Transport>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    make_erased(Erased::of::<T>(), plan)
}

fn make_erased(mechanism: Erased, plan: &Plan) -> std::result::Result<Made, NotMade> {
    let part = match plan.workload {
        Workload::ScatterGather { .. } => {
            refuse(mechanism.info(), plan)?;
            return Ok(scatter::make(mechanism, plan)?);
        }
        Workload::Paced { .. } => paced::part,
        Workload::Overlap => overlap::part,
        _ => return make(mechanism, plan),
    };
    refuse(mechanism.info(), plan)?;
    Ok(Fixtures::one(mechanism, plan)?.with(move |links, stage| {
        let mut ends = ends(mechanism, links, stage, true);
        part(&mut ends[0], stage)?;
        Ok(tear_down(ends, stage))
    }))
}

fn refuse(info: &Info, plan: &Plan) -> std::result::Result<(), NotMade> {
    let reason = refusal(info, plan.workload, plan.size, plan.extent);
    reason.map_or(Ok(()), |reason| Err(NotMade::Unsupported(reason)))
}

fn make<M: Mechanism>(mechanism: M, plan: &Plan) -> std::result::Result<Made, NotMade> {
    refuse(mechanism.info(), plan)?;
    match plan.workload {
        Workload::FanIn { .. } | Workload::FanOut { .. } => return Ok(fan::make(mechanism, plan)?),
        Workload::Broadcast { .. } => return Ok(broadcast::make(mechanism, plan)?),
        _ => {}
    }
    let fixtures = Fixtures::one(mechanism, plan)?;
    let window = match plan.workload {
        Workload::Duplex { .. } => {
            duplex::window(plan, fixtures.capacity()?).map_err(NotMade::Unsupported)?
        }
        Workload::Burst { .. } if mechanism.info().lossy => {
            burst::fits(plan, fixtures.capacity()?).map_err(NotMade::Unsupported)?;
            0
        }
        _ => 0,
    };
    Ok(fixtures.with(move |links, stage| {
        let mut ends = ends(mechanism, links, stage, true);
        perform(&mut ends[0], stage, window)?;
        Ok(tear_down(ends, stage))
    }))
}

/// One side's part in a pattern of one link between two processes. `window` is the number of messages under way in duplex,
/// both ways together.
fn perform<M: Mechanism>(end: &mut End<M>, stage: &mut Stage<'_>, window: u64) -> Result<()> {
    let End { tx, rx, desk } = end;
    match (stage.plan.workload, stage.seat.side) {
        (Workload::PingPong, Side::Initiator) => stage.phases(&mut |s| {
            let alone = s.is_alone();
            ping_pong::initiate::<M>(tx, rx, desk, &mut s.timer, alone)
        }),
        (Workload::PingPong, Side::Responder) => {
            stage.phases(&mut |s| ping_pong::respond::<M>(tx, rx, desk, s.delay))
        }
        (Workload::Stream, Side::Initiator) => {
            stage.phases(&mut |s| stream::send::<M>(tx, desk, s))
        }
        (Workload::Stream, Side::Responder) => {
            stage.phases(&mut |s| stream::receive::<M>(rx, desk, s))
        }
        (Workload::Burst { .. }, side) => {
            stage.timer.per_turn = stage.plan.workload.depth() as u64;
            match side {
                Side::Initiator => stage.phases(&mut |s| burst::initiate::<M>(tx, rx, desk, s)),
                Side::Responder => stage.phases(&mut |s| burst::respond::<M>(tx, rx, desk, s)),
            }
        }
        (Workload::Duplex { .. }, side) => {
            stage.timer.per_turn = 2;
            match side {
                Side::Initiator => {
                    stage.phases(&mut |s| duplex::initiate::<M>(tx, rx, desk, s, window))
                }
                Side::Responder => stage.phases(&mut |s| duplex::respond::<M>(tx, rx, desk, s)),
            }
        }
        (workload, _) => Err(Error::Protocol(format!("{workload} is not a pattern of one link"))),
    }
}

/// [`Make`] for a notifier.
pub(crate) fn of_notifier<N: Notifier>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    let (fixture, took) = making(|| N::fixture(plan))?;
    Ok((wake_up::pair::<N>(fixture), took))
}

/// [`Make`] for what is called.
pub(crate) fn of_remote<R: Remote>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    let (fixture, took) = making(|| R::fixture(plan))?;
    Ok((call::pair::<R>(fixture), took))
}

/// Why a pattern cannot be run so, whatever the machine.
pub(crate) fn refusal(
    info: &Info,
    workload: Workload,
    size: usize,
    extent: Extent,
) -> Option<String> {
    match workload {
        Workload::FanIn { .. } | Workload::FanOut { .. } => fan::refusal(info, workload, size),
        Workload::Broadcast { .. } => broadcast::refusal(info, workload.peers()),
        Workload::ScatterGather { .. } => scatter::refusal(info.lossy, size),
        Workload::Paced { rate, .. } => {
            (messages_in(extent, rate) < 1).then(|| too_slow(extent, rate))
        }
        Workload::PingPong
        | Workload::Stream
        | Workload::Burst { .. }
        | Workload::Duplex { .. }
        | Workload::Overlap
        | Workload::WakeUp => None,
    }
}

/// Why a phase that is too short for a rate is not measured.
fn too_slow(extent: Extent, rate_per_s: u32) -> String {
    let Extent::Time(time) = extent else { return String::new() };
    format!(
        "a phase of {time:?} holds no message at {rate_per_s} a second; measure for {:.1} s or longer",
        1.0 / f64::from(rate_per_s.max(1))
    )
}
