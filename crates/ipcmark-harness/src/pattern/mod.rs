//! The workloads: the loops of each, in its own file.
//!
//! Between the clock's two reads there is only what a user would do. On the way out that is to
//! write the message and its stamp: a zero-copy transport lends its slot, a copying one a private
//! buffer that holds the message already. On the way in it is to read the message: out of the slot,
//! or in the buffer into which `read` has copied it. A pattern has one loop for each side. The
//! frame ([`Stage::phases`]) calls it once a phase. Loops are generic over [`Halves`];
//! [`crate::halves`] says which transports have loops of their own and which share one.

mod broadcast;
mod burst;
mod call;
mod connect;
mod duplex;
mod ending;
pub(crate) mod fan;
mod floor;
mod inlets;
mod links;
mod overlap;
mod paced;
mod paced_peers;
mod paced_ping_pong;
mod pacer;
mod ping_pong;
pub(crate) mod scatter;
mod schedule;
mod stream;
mod task;
mod wake_up;

use crate::combine::TELLING;
use crate::desk::Tally;
use crate::halves::{Erased, Halves, Of, Row};
use crate::setup::{Making, making};
use crate::stage::Stage;
use ipcmark_core::{
    Arrivals, Capacity, Carries, Error, Extent, Info, Notifier, Plan, Remote, Result, Role, Side,
    Timed, Transport, Workload,
};

use links::{End, Fixtures, ends, tear_down};
use schedule::messages_in;

/// A mechanism that is ready for one invocation: all that its processes inherit.
pub(crate) trait Play {
    /// Returns the real capacity of each direction, if the mechanism has one.
    fn capacity(&self) -> Result<Option<Capacity>>;

    /// Runs one process's part, in the child: takes its halves, runs [`Stage::phases`], and counts
    /// its messages.
    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally>;
}

/// The reason why an invocation cannot be made.
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

/// The part that the processes inherit, and what making it took.
pub(crate) type Made = (Box<dyn Play>, Making);

/// The part that the processes inherit, or why there is none.
pub(crate) type Attempt = std::result::Result<Made, NotMade>;

/// Makes what the processes inherit.
pub(crate) type Make = fn(&Plan) -> Attempt;

/// Returns [`Make`] for a transport. In a constant, this compiles only the loops that the transport
/// runs.
pub(crate) const fn of_transport<T: Transport>() -> Make {
    let Info { role, user_space, zero_copy, zero_copy_rx, lossy, .. } = T::INFO;
    match (role, user_space, zero_copy, zero_copy_rx, lossy) {
        (Role::Floor, ..) => of_floor::<T>,
        (_, true, true, true, false) => of_user_space::<T, true, false>,
        (_, true, false, false, false) => of_user_space::<T, false, false>,
        (_, true, false, false, true) => of_user_space::<T, false, true>,
        _ => of_kernel::<T>,
    }
}

fn of_floor<T: Transport>(plan: &Plan) -> Attempt {
    match plan.sizes {
        None => make_floor(&Row::<Of<T, false, false>>::of::<T>(), plan),
        Some(_) => make_floor(&Row::<Erased>::of::<T>(), plan),
    }
}

fn make_floor<H: Halves>(row: &Row<H>, plan: &Plan) -> Attempt {
    let info = row.info;
    refuse(info, plan)?;
    Ok(Fixtures::one(row, plan)?.with(move |links, stage| {
        let mut ends = ends::<H>(info, links, stage, true);
        let End { tx, rx, desk } = &mut ends[0];
        stage.phases(&mut |s| {
            desk.begin_phase();
            match s.plan.workload {
                Workload::PacedPingPong { .. } => paced_ping_pong::floor::<H>(tx, rx, desk, s),
                _ => floor::turns::<H>(tx, rx, desk, s),
            }
        })?;
        Ok(tear_down(ends, stage))
    }))
}

fn of_user_space<T: Transport, const ZERO_COPY: bool, const LOSSY: bool>(plan: &Plan) -> Attempt {
    match plan.workload {
        _ if plan.sizes.is_some() => of_kernel::<T>(plan),
        // A virtual call does not matter to a part of a task, a piece of other work, or a sleep.
        Workload::Paced { .. }
        | Workload::PacedPingPong { .. }
        | Workload::PacedPeers { .. }
        | Workload::Overlap
        | Workload::Connect
        | Workload::ScatterGather { .. } => of_kernel::<T>(plan),
        _ => make(&Row::<Of<T, ZERO_COPY, LOSSY>>::of::<T>(), plan),
    }
}

fn of_kernel<T: Transport>(plan: &Plan) -> Attempt {
    if let (Workload::Connect, Some(listen)) = (plan.workload, const { connect::listen::<T>() }) {
        let info = const { &T::INFO };
        refuse(info, plan)?;
        return Ok(connect::make(info, listen, plan)?);
    }
    make_erased(&Row::of::<T>(), plan)
}

fn make_erased(row: &Row<Erased>, plan: &Plan) -> Attempt {
    let part = match plan.workload {
        Workload::ScatterGather { .. } => {
            refuse(row.info, plan)?;
            return Ok(scatter::make(row, plan)?);
        }
        Workload::Paced { .. } => paced::part,
        Workload::PacedPingPong { .. } => {
            refuse(row.info, plan)?;
            return Ok(make_paced_ping_pong(row, plan)?);
        }
        Workload::PacedPeers { .. } => {
            refuse(row.info, plan)?;
            return Ok(paced_peers::make(row, plan)?);
        }
        Workload::Overlap => overlap::part,
        _ => return make(row, plan),
    };
    refuse(row.info, plan)?;
    let info = row.info;
    Ok(Fixtures::one(row, plan)?.with(move |links, stage| {
        let mut ends = ends::<Erased>(info, links, stage, true);
        part(&mut ends[0], stage)?;
        Ok(tear_down(ends, stage))
    }))
}

fn make_paced_ping_pong(row: &Row<Erased>, plan: &Plan) -> Result<Made> {
    let info = row.info;
    let fixtures = Fixtures::one(row, plan)?;
    let window = paced_ping_pong::window(info, plan, fixtures.capacity()?);
    Ok(fixtures.with(move |links, stage| {
        let mut ends = ends::<Erased>(info, links, stage, true);
        paced_ping_pong::part(&mut ends[0], stage, window)?;
        Ok(tear_down(ends, stage))
    }))
}

fn refuse(info: &Info, plan: &Plan) -> std::result::Result<(), NotMade> {
    let reason =
        sizes_refusal(info, plan).or_else(|| refusal(info, plan.workload, plan.size, plan.extent));
    reason.map_or(Ok(()), |reason| Err(NotMade::Unsupported(reason)))
}

fn make<H: Halves>(row: &Row<H>, plan: &Plan) -> Attempt {
    let info = row.info;
    refuse(info, plan)?;
    match plan.workload {
        Workload::FanIn { .. } | Workload::FanOut { .. } => return Ok(fan::make(row, plan)?),
        Workload::Broadcast { .. } => return Ok(broadcast::make(row, plan)?),
        _ => {}
    }
    let fixtures = Fixtures::one(row, plan)?;
    let window = window(info, plan, &|| fixtures.capacity())?;
    Ok(fixtures.with(move |links, stage| {
        let mut ends = ends::<H>(info, links, stage, true);
        perform(&mut ends[0], stage, window)?;
        Ok(tear_down(ends, stage))
    }))
}

/// Returns the number of messages under way in duplex, both ways together; 0 elsewhere. Refuses a
/// plan whose messages the link must hold and does not.
fn window(
    info: &Info,
    plan: &Plan,
    capacity: &dyn Fn() -> Result<Capacity>,
) -> std::result::Result<u64, NotMade> {
    match plan.workload {
        Workload::Duplex { .. } => {
            duplex::window(plan, capacity()?, info.lossy).map_err(NotMade::Unsupported)
        }
        Workload::Burst { .. } if info.lossy => {
            burst::fits(plan, capacity()?).map_err(NotMade::Unsupported)?;
            Ok(0)
        }
        _ => Ok(0),
    }
}

/// Runs one side's part in a pattern of one link between two processes. `window` is the number of
/// messages under way in duplex, both ways together.
fn perform<H: Halves>(end: &mut End<H>, stage: &mut Stage<'_>, window: u64) -> Result<()> {
    let End { tx, rx, desk } = end;
    match (stage.plan.workload, stage.seat.side) {
        (Workload::PingPong, Side::Initiator) => stage.phases(&mut |s| {
            let alone = s.is_alone();
            ping_pong::initiate::<H>(tx, rx, desk, &mut s.timer, alone)
        }),
        (Workload::PingPong, Side::Responder) => {
            stage.phases(&mut |s| ping_pong::respond::<H>(tx, rx, desk, s.delay))
        }
        (Workload::Stream, Side::Initiator) => {
            stage.phases(&mut |s| stream::send::<H>(tx, desk, s))
        }
        (Workload::Stream, Side::Responder) => {
            stage.phases(&mut |s| stream::receive::<H>(rx, desk, s))
        }
        (Workload::Burst { .. }, side) => {
            stage.timer.per_turn = stage.plan.workload.depth() as u64;
            match side {
                Side::Initiator => stage.phases(&mut |s| burst::initiate::<H>(tx, rx, desk, s)),
                Side::Responder => stage.phases(&mut |s| burst::respond::<H>(tx, rx, desk, s)),
            }
        }
        (Workload::Duplex { .. }, side) => {
            stage.timer.per_turn = 2;
            match side {
                Side::Initiator => {
                    stage.phases(&mut |s| duplex::initiate::<H>(tx, rx, desk, s, window))
                }
                Side::Responder => stage.phases(&mut |s| duplex::respond::<H>(tx, rx, desk, s)),
            }
        }
        (workload, _) => Err(Error::Protocol(format!("{workload} is not a pattern of one link"))),
    }
}

/// Makes a notifier's part: see [`Make`].
pub(crate) fn of_notifier<N: Notifier>(plan: &Plan) -> Attempt {
    let (fixture, took) = making(|| N::fixture(plan))?;
    Ok((wake_up::pair::<N>(fixture), took))
}

/// Makes the part of calls: see [`Make`].
pub(crate) fn of_remote<R: Remote>(plan: &Plan) -> Attempt {
    refuse(const { &R::INFO }, plan)?;
    let (fixture, took) = making(|| R::fixture(plan))?;
    Ok((call::pair::<R>(fixture), took))
}

/// Returns the reason why a plan's sizes, or its trace, cannot be sent.
fn sizes_refusal(info: &Info, plan: &Plan) -> Option<String> {
    let replays = matches!(plan.workload.arrivals(), Some(Arrivals::Replay { .. }));
    if replays && plan.trace.is_none() {
        return Some("its trace is not here: name it with --replay".into());
    }
    let sizes = plan.sizes.as_ref()?;
    varied_refusal(info, plan.workload, sizes.classes()[0].from)
}

/// Returns the reason why a workload cannot carry messages of several sizes, or empty ones: `least`
/// is the shortest, bytes.
pub(crate) fn varied_refusal(info: &Info, workload: Workload, least: usize) -> Option<String> {
    if !workload.takes_sizes() {
        return Some(format!("the messages of a {workload} have one size, of at least 1 byte"));
    }
    if info.carries == Carries::Calls {
        return Some("a call has one size, of at least 1 byte".into());
    }
    if least == 0 && !info.empty_messages {
        return Some(
            "a message has at least 1 byte here: a receiver takes an empty one for the end, or sees none"
                .into(),
        );
    }
    let one_way = workload.timed() == Timed::OneWay;
    (least < TELLING && info.lossy && one_way).then(|| too_short(least))
}

/// Returns the reason why messages so short cannot be timed over a mechanism that loses some.
pub(crate) fn too_short(size: usize) -> String {
    format!("{size} bytes do not show which message was lost; from {TELLING} on they do")
}

/// Returns the reason why no machine can run a workload so.
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
        Workload::Paced { rate, arrivals } | Workload::PacedPingPong { rate, arrivals } => {
            // The first message of a trace is due at once.
            let holds_none = !matches!(arrivals, Arrivals::Replay { .. })
                && messages_in(extent, rate, arrivals) < 1;
            holds_none.then(|| too_slow(extent, rate, arrivals.together()))
        }
        Workload::PacedPeers { rate, arrivals, .. } => match messages_in(extent, rate, arrivals) {
            0 => Some(too_slow(extent, rate, arrivals.together())),
            _ => paced_peers::refusal(info, workload, size),
        },
        Workload::PingPong
        | Workload::Stream
        | Workload::Burst { .. }
        | Workload::Duplex { .. }
        | Workload::Overlap
        | Workload::Connect
        | Workload::WakeUp { .. } => None,
    }
}

/// Returns the reason why a phase is too short for a rate.
fn too_slow(extent: Extent, rate_per_s: u32, together: u32) -> String {
    let Extent::Time(time) = extent else { return String::new() };
    let what = if together > 1 { format!("burst of {together}") } else { "message".into() };
    // Rounded up: a phase that is shorter by a rounding holds none.
    let tenths = (10.0 * f64::from(together) / f64::from(rate_per_s.max(1))).ceil();
    format!(
        "a phase of {time:?} holds no {what} at {rate_per_s} a second; measure for {:.1} s or longer",
        tenths / 10.0
    )
}
