//! The workloads: what each needs to say, and its loops, a file each.
//!
//! What stands between the clock's two reads is what a user would do and nothing else: on the way out, writing the
//! message (for a zero-copy transport into its slot; for a copying one it stands in the private buffer already) and
//! its stamp; on the way in, reading it (a zero-copy one is copied out, as `read` does for the others). A pattern says
//! two things of itself: its [`rules`], and one loop for each side, which the frame ([`Stage::phases`]) calls once a
//! phase. The loops are free functions with static dispatch, one copy a transport; where a message costs far more than an
//! indirect call, one copy for all, which its file says.

mod broadcast;
mod burst;
mod call;
mod duplex;
mod ending;
pub(crate) mod fan;
mod floor;
mod overlap;
mod paced;
mod ping_pong;
pub(crate) mod scatter;
mod schedule;
mod stream;
mod task;
mod wake_up;

use crate::desk::{AnyReceiver, AnySender, Desk, Tally};
use crate::setup::{Making, making};
use crate::stage::Stage;
use ipcmark_core::{
    Capacity, Error, Extent, Info, Link, Load, Notifier, Pattern, Plan, Remote, Result, Role, Side,
    Transport,
};
use ipcmark_record::Unit;

use schedule::messages_in;

/// Which processes something is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The side that is one process: the initiator, but for fan-in.
    One,
    /// The side that may be several.
    Peers,
    /// Both sides.
    All,
    /// Neither.
    Nobody,
}

impl Whose {
    /// True when it is said of this process.
    pub(crate) const fn is(self, process: usize) -> bool {
        match self {
            Whose::One => process == 0,
            Whose::Peers => process > 0,
            Whose::All => true,
            Whose::Nobody => false,
        }
    }
}

/// What a pattern says of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Whose time and count the row shows: the longest time, and the sum of the messages.
    pub(crate) figure: Whose,
    /// Who sees from its own values when warm-up is over, and tells the others by its last message.
    pub(crate) judge: Whose,
    /// What the initiator's and the responder's histograms hold. A side that would have to read the clock in its peer's
    /// round trip keeps none.
    pub(crate) units: [Option<Unit>; 2],
}

/// What a pattern says of itself.
pub(crate) const fn rules(pattern: Pattern) -> Rules {
    const BLOCKS: [Option<Unit>; 2] = [Some(Unit::PsPerMessageBlock); 2];
    const fn initiators(unit: Unit) -> Rules {
        Rules { figure: Whose::One, judge: Whose::One, units: [Some(unit), None] }
    }
    match pattern {
        Pattern::PingPong | Pattern::Overlap | Pattern::WakeUp => initiators(Unit::NsPerRoundTrip),
        Pattern::Burst => initiators(Unit::NsPerBurst),
        // A warm-up holds too few tasks for a median to settle.
        Pattern::ScatterGather => Rules { judge: Whose::Nobody, ..initiators(Unit::NsPerTask) },
        // A rate at the sender would count what is still under way.
        Pattern::Stream | Pattern::FanOut | Pattern::Broadcast => {
            Rules { figure: Whose::Peers, judge: Whose::One, units: BLOCKS }
        }
        Pattern::FanIn => Rules { figure: Whose::One, judge: Whose::Peers, units: BLOCKS },
        Pattern::Duplex => Rules { figure: Whose::All, judge: Whose::One, units: BLOCKS },
        // The rate sets how many values there are: too few for a median to settle.
        Pattern::Paced => Rules {
            figure: Whose::Peers,
            judge: Whose::Nobody,
            units: [Some(Unit::NsLag), Some(Unit::NsOneWay)],
        },
    }
}

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

/// [`Make`] for a transport.
pub(crate) fn of_transport<T: Transport>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    let workload = (plan.pattern, plan.load);
    if let Some(reason) = refusal(&T::INFO, workload, plan.size, plan.extent) {
        return Err(NotMade::Unsupported(reason));
    }
    match plan.pattern {
        Pattern::FanIn | Pattern::FanOut => return Ok(fan::make::<T>(plan)?),
        Pattern::Broadcast => return Ok(broadcast::make::<T>(plan)?),
        Pattern::ScatterGather => return Ok(scatter::make::<T>(plan)?),
        _ => {}
    }
    let (fixture, took) = making(|| T::fixture(plan))?;
    let window = match plan.pattern {
        Pattern::Duplex => {
            duplex::window(plan, T::capacity(&fixture)?).map_err(NotMade::Unsupported)?
        }
        Pattern::Burst if T::INFO.lossy => {
            burst::fits(plan, T::capacity(&fixture)?).map_err(NotMade::Unsupported)?;
            0
        }
        _ => 0,
    };
    Ok((Box::new(Pair::<T> { fixture, window }), took))
}

/// [`Make`] for a notifier.
pub(crate) fn of_notifier<N: Notifier>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    let (fixture, took) = making(|| N::fixture(plan))?;
    Ok((Box::new(wake_up::Pair::<N> { fixture }), took))
}

/// [`Make`] for what is called.
pub(crate) fn of_remote<R: Remote>(plan: &Plan) -> std::result::Result<Made, NotMade> {
    let (fixture, took) = making(|| R::fixture(plan))?;
    Ok((Box::new(call::Pair::<R> { fixture }), took))
}

/// Why a pattern cannot be run so, whatever the machine.
pub(crate) fn refusal(
    info: &Info,
    (pattern, load): (Pattern, Load),
    size: usize,
    extent: Extent,
) -> Option<String> {
    match pattern {
        Pattern::FanIn | Pattern::FanOut => fan::refusal(info, pattern, load.peers, size),
        Pattern::Broadcast => broadcast::refusal(info, load.peers),
        Pattern::ScatterGather => scatter::refusal(info.lossy, size),
        Pattern::Paced => (messages_in(extent, load.rate) < 1).then(|| too_slow(extent, load.rate)),
        _ => None,
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

/// One link between two processes (or, for a floor, in one).
struct Pair<T: Transport> {
    fixture: T::Fixture,
    /// Messages under way in duplex, both ways together.
    window: u64,
}

impl<T: Transport> Play for Pair<T> {
    fn capacity(&self) -> Result<Option<Capacity>> {
        T::capacity(&self.fixture).map(Some)
    }

    fn perform(self: Box<Self>, stage: &mut Stage<'_>) -> Result<Tally> {
        let (Pair { fixture, window }, side) = (*self, stage.seat.side);
        let mut link = stage.split(|| T::split(fixture, side))?;
        let Link { tx, rx } = &mut link;
        let (towards, back) = stage.seeds(0);
        let seeds = match (T::INFO.role, stage.seat.side) {
            (Role::Floor, _) => (towards, towards),
            (_, Side::Initiator) => (towards, back),
            (_, Side::Responder) => (back, towards),
        };
        let desk = &mut Desk::new(stage.clock, stage.plan.size, seeds, &T::INFO);
        if T::INFO.role == Role::Floor {
            stage.phases(&mut |stage| floor::turns::<T>(tx, rx, desk, stage))?;
            stage.tear_down(link);
            return Ok(desk.tally());
        }
        match (stage.plan.pattern, stage.seat.side) {
            (Pattern::PingPong, Side::Initiator) => stage.phases(&mut |s| {
                let alone = s.is_alone();
                ping_pong::initiate::<T>(tx, rx, desk, &mut s.timer, alone)
            }),
            // Whether the other side works meanwhile is nothing to this one.
            (Pattern::PingPong | Pattern::Overlap, Side::Responder) => {
                stage.phases(&mut |s| ping_pong::respond::<T>(tx, rx, desk, s.delay))
            }
            (Pattern::Stream, Side::Initiator) => {
                stage.phases(&mut |s| stream::send::<T>(tx, desk, s))
            }
            (Pattern::Stream, Side::Responder) => {
                stage.phases(&mut |s| stream::receive::<T>(rx, desk, s))
            }
            (Pattern::Burst, side) => {
                stage.timer.per_turn = stage.plan.load.depth as u64;
                match side {
                    Side::Initiator => stage.phases(&mut |s| burst::initiate::<T>(tx, rx, desk, s)),
                    Side::Responder => stage.phases(&mut |s| burst::respond::<T>(tx, rx, desk, s)),
                }
            }
            (Pattern::Duplex, side) => {
                stage.timer.per_turn = 2;
                match side {
                    Side::Initiator => {
                        stage.phases(&mut |s| duplex::initiate::<T>(tx, rx, desk, s, window))
                    }
                    Side::Responder => stage.phases(&mut |s| duplex::respond::<T>(tx, rx, desk, s)),
                }
            }
            _ => erased(tx, rx, desk, stage),
        }?;
        stage.tear_down(link);
        Ok(desk.tally())
    }
}

/// The patterns whose loops see all transports alike.
fn erased(
    tx: &mut AnySender,
    rx: &mut AnyReceiver,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
) -> Result<()> {
    match (stage.plan.pattern, stage.seat.side) {
        (Pattern::Paced, Side::Initiator) => stage.phases(&mut |s| paced::send(tx, desk, s)),
        (Pattern::Paced, Side::Responder) => stage.phases(&mut |s| paced::receive(rx, desk, s)),
        (Pattern::Overlap, Side::Initiator) => {
            let mut work = overlap::Work::calibrate(&stage.clock);
            stage.phases(&mut |s| overlap::initiate(tx, rx, desk, s, &mut work))
        }
        (pattern, _) => Err(Error::Protocol(format!("{pattern} is not one link's between two"))),
    }
}
