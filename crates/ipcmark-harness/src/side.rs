//! What one side does between fork and exit.

use crate::bench::Bench;
use crate::control::Control;
use crate::pattern::{self, Desk};
use crate::warmup::WarmUp;
use ipcmark_core::{Extent, Link, Pattern, Plan, Result, Role, Side, Transport};
use ipcmark_record::{Encoded, Histogram, Integrity, Placed, SideReport, Unit, Usage};
use ipcmark_sys::clock::Ticks;
use ipcmark_sys::{affinity, usage};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Significant digits of every histogram.
const DIGITS: u8 = 3;
/// Largest value kept exactly: 100 s in ns, 100 ms a message in ps.
const LARGEST: u64 = 100_000_000_000;
/// A block of messages lasts about this long, so that the clock's cost stays far under 1 %.
const BLOCK: Duration = Duration::from_micros(50);
/// Messages of one block at most.
const LONGEST_BLOCK: u64 = 8192;

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

/// What one side found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) report: SideReport,
    /// From the barrier to the last checked message, ns.
    pub(crate) elapsed_ns: u64,
    /// Round trips, or messages sent (initiator) and received (responder).
    pub(crate) messages: u64,
    pub(crate) warm_up: ipcmark_record::WarmUp,
    /// Before and after; the initiator's alone.
    pub(crate) distance: Option<(f64, f64)>,
    pub(crate) integrity: Integrity,
}

/// Runs one side to its end and puts what it found into its parcel. Returns the exit status.
pub(crate) fn run<T: Transport>(
    fixture: T::Fixture,
    side: Side,
    plan: &Plan,
    bench: &Bench,
    control: &Control,
) -> i32 {
    // A panic is a finding like any other: keep its words for the parcel, and off the terminal.
    std::panic::set_hook(Box::new(|_| {}));
    let home = catch_unwind(AssertUnwindSafe(|| attempt::<T>(fixture, side, plan, bench, control)));
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
    let sent = serde_json::to_vec(&home).is_ok_and(|text| control.parcel(side).put(&text).is_ok());
    i32::from(failed || !sent)
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

fn attempt<T: Transport>(
    fixture: T::Fixture,
    side: Side,
    plan: &Plan,
    bench: &Bench,
    control: &Control,
) -> Result<Findings> {
    let clock = bench.clock;
    if let Some(cpu) = bench.cpus.of(side) {
        affinity::pin(cpu)?;
    }
    let allowed = affinity::allowed()?;
    let alone = T::INFO.role == Role::Floor;
    let apart = bench.cpus.apart() && !alone;
    let mut link = T::split(fixture, side)?;
    let towards = plan.seed ^ 1;
    let back = if alone { towards } else { plan.seed ^ 2 };
    let (send, receive) = if side == Side::Initiator { (towards, back) } else { (back, towards) };
    let mut turn = Turn {
        side,
        plan,
        desk: Desk::new(clock, plan.size, send, receive),
        histogram: Histogram::new_with_bounds(1, LARGEST, DIGITS)
            .map_err(|e| ipcmark_core::Error::Protocol(e.to_string()))?,
        block_len: 1,
    };
    let meet = || if alone { Ok(clock.now()) } else { control.meet(&clock, apart) };
    let distance = || if apart { control.distance_ns(&clock, side) } else { None };

    let start = meet()?;
    let warm_up = turn.warm_up::<T>(&mut link, start)?;
    meet()?;
    let before_ns = distance();
    turn.histogram.reset();
    let start = meet()?;
    let usage_before = usage::Usage::now();
    let cpu_before = affinity::current();
    let (messages, end) = turn.measure::<T>(&mut link, start)?;
    let cpu_after = affinity::current();
    let spent = usage::Usage::now().since(usage_before);
    // Before anything else: a side that went on to pack its findings while its peer waits for the last answer on the same
    // CPU would be in that round trip.
    meet()?;
    let after_ns = distance();

    let found = turn.desk.checker.integrity;
    Ok(Findings {
        report: SideReport {
            side: side.name().into(),
            placed: Placed { allowed, cpu_before, cpu_after },
            usage: Usage {
                user_ns: spent.user_ns,
                system_ns: spent.system_ns,
                voluntary_switches: spent.voluntary_switches,
                involuntary_switches: spent.involuntary_switches,
                minor_faults: spent.minor_faults,
                major_faults: spent.major_faults,
            },
            histogram: turn.encoded()?,
        },
        elapsed_ns: clock.ns(end - start) as u64,
        messages,
        warm_up,
        distance: before_ns.zip(after_ns),
        integrity: Integrity {
            lost: found.lost,
            repeated: found.repeated,
            reordered: found.reordered,
            damaged: found.damaged,
        },
    })
}

/// One side's part in the phases of one invocation.
struct Turn<'a> {
    side: Side,
    plan: &'a Plan,
    desk: Desk,
    histogram: Histogram,
    /// Messages behind each value of a stream's histogram.
    block_len: u64,
}

impl Turn<'_> {
    /// Runs the pattern unmeasured until it is steady, and learns how long a block of messages must be. The
    /// histogram is used, so that its pages are there when it counts; the caller empties it.
    fn warm_up<T: Transport>(
        &mut self,
        link: &mut Link<T::Tx, T::Rx>,
        start: Ticks,
    ) -> Result<ipcmark_record::WarmUp> {
        let clock = self.desk.clock;
        let mut watch = WarmUp::new(&clock, self.plan.warm_up, start);
        let mut last_value = start;
        let (desk, histogram) = (&mut self.desk, &mut self.histogram);
        let mut take = |now: Ticks, ticks: Ticks| {
            histogram.saturating_record(clock.ns(ticks) as u64);
            last_value = now;
            watch.take(now, ticks)
        };
        // The side that only follows cannot judge: its peer says when warm-up is over.
        let (messages, judges) = match (T::INFO.role, self.plan.pattern, self.side) {
            (Role::Floor, pattern, _) => {
                (pattern::alone::<T>(link, desk, (hops(pattern), 1), take)?, true)
            }
            (_, Pattern::PingPong, Side::Initiator) => {
                (pattern::initiate::<T>(link, desk, false, take)?, true)
            }
            (_, Pattern::PingPong, Side::Responder) => (pattern::respond::<T>(link, desk)?, false),
            (_, Pattern::Stream, Side::Initiator) => {
                (pattern::send_stream::<T>(&mut link.tx, desk, u64::MAX, 1, take)?, true)
            }
            (_, Pattern::Stream, Side::Responder) => {
                let never = |ticks| {
                    let _ = take(0, ticks);
                };
                (pattern::receive_stream::<T>(&mut link.rx, desk, 1, never)?.0, false)
            }
            _ => return Err(ipcmark_core::Error::Protocol("this is not measured yet".into())),
        };
        let elapsed = clock.now() - start;
        if self.plan.pattern == Pattern::Stream {
            let each = elapsed as f64 / messages.max(1) as f64;
            let block = clock.ticks(BLOCK) as f64 / each;
            self.block_len = (block.ceil() as u64).clamp(1, LONGEST_BLOCK);
        }
        Ok(ipcmark_record::WarmUp {
            messages,
            elapsed_ns: clock.ns(elapsed) as u64,
            steady: watch.steady || !judges,
        })
    }

    /// Runs the pattern for the plan's extent. Returns messages (round trips) and the moment of the last one.
    fn measure<T: Transport>(
        &mut self,
        link: &mut Link<T::Tx, T::Rx>,
        start: Ticks,
    ) -> Result<(u64, Ticks)> {
        let clock = self.desk.clock;
        let (limit, end) = match self.plan.extent {
            Extent::Messages(n) => (n.max(1), Ticks::MAX),
            Extent::Time(time) => (u64::MAX, start + clock.ticks(time)),
        };
        let block_len = self.block_len;
        let (desk, histogram) = (&mut self.desk, &mut self.histogram);
        let per_message =
            |ticks: Ticks| (clock.ns(ticks) * 1_000.0 / block_len as f64).round() as u64;
        match (T::INFO.role, self.plan.pattern, self.side) {
            (Role::Floor, pattern, _) => {
                let turns = if pattern == Pattern::PingPong { 1 } else { block_len };
                let (mut done, mut last_moment) = (0, start);
                let n = pattern::alone::<T>(link, desk, (hops(pattern), turns), |now, ticks| {
                    histogram.saturating_record(match pattern {
                        Pattern::PingPong => clock.ns(ticks).round() as u64,
                        _ => per_message(ticks),
                    });
                    last_moment = now;
                    done += turns;
                    done >= limit || now >= end
                })?;
                Ok((n, last_moment))
            }
            (_, Pattern::PingPong, Side::Initiator) => {
                let (mut trips, mut last_moment) = (0, start);
                let n = pattern::initiate::<T>(link, desk, limit == 1, |now, ticks| {
                    histogram.saturating_record(clock.ns(ticks).round() as u64);
                    last_moment = now;
                    trips += 1;
                    trips + 1 == limit || now >= end
                })?;
                Ok((n, last_moment))
            }
            (_, Pattern::PingPong, Side::Responder) => {
                let n = pattern::respond::<T>(link, desk)?;
                Ok((n, clock.now()))
            }
            (_, Pattern::Stream, Side::Initiator) => {
                let tx = &mut link.tx;
                let n = pattern::send_stream::<T>(tx, desk, limit, block_len, |now, ticks| {
                    histogram.saturating_record(per_message(ticks));
                    now >= end
                })?;
                Ok((n, clock.now()))
            }
            (_, Pattern::Stream, Side::Responder) => {
                pattern::receive_stream::<T>(&mut link.rx, desk, block_len, |ticks| {
                    histogram.saturating_record(per_message(ticks));
                })
            }
            _ => Err(ipcmark_core::Error::Protocol("this is not measured yet".into())),
        }
    }

    /// The histogram as the record keeps it; `None` where this side timed nothing.
    fn encoded(&self) -> Result<Option<Encoded>> {
        if self.histogram.is_empty() {
            return Ok(None);
        }
        let (unit, each) = match self.plan.pattern {
            Pattern::PingPong => (Unit::NsPerRoundTrip, 1),
            _ => (Unit::PsPerMessageBlock, self.block_len),
        };
        Encoded::pack(&self.histogram, unit, each)
            .map(Some)
            .map_err(|e| ipcmark_core::Error::Protocol(e.to_string()))
    }
}

/// Messages in one turn of a floor: there and back, or one step of a stream.
const fn hops(pattern: Pattern) -> u32 {
    match pattern {
        Pattern::PingPong => 2,
        _ => 1,
    }
}
