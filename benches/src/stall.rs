//! A transport whose responder's process freezes for 10 ms every second by the clock, and the
//! prediction of its latency.
//!
//! The clock sets the end of a freeze, whether or not the responder waited for a message when it
//! began. Messages that arrived during the freeze are received at its end, as by a process that the
//! scheduler or a garbage collector had stopped.

use ipcmark_core::{Availability, Capacity, Info, Link, Plan, Receiver, Result, Side, Transport};
use ipcmark_sys::clock::{monotonic_ns, sleep_until_ns};
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;

/// Mean time from one freeze to the next, ns.
pub const PERIOD_NS: u64 = 1_000_000_000;
/// Length of a freeze, ns.
pub const FREEZE_NS: u64 = 10_000_000;
/// Latest beginning of a freeze after a whole second, ns. Each freeze begins at another moment:
/// otherwise freezes would always meet the messages of a constant rate at the same phase.
const SPREAD_NS: f64 = 1e6;
/// The fractional part of the golden ratio: any number of its multiples fill the unit interval
/// evenly.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// Returns the end of the freeze at `now_ns`; `None` if the process is not frozen.
#[must_use]
pub fn frozen_until(now_ns: u64) -> Option<u64> {
    let period = now_ns / PERIOD_NS;
    let begin = period * PERIOD_NS + ((period as f64 * GOLDEN).fract() * SPREAD_NS) as u64;
    (begin..begin + FREEZE_NS).contains(&now_ns).then_some(begin + FREEZE_NS)
}

/// Predicts the latency of an open loop at quantile `q`, ns, for quantiles far above the
/// transport's own latency.
///
/// A message due `s` after a freeze began finds `rate_per_s · s` messages waiting. It is served
/// when the freeze is over and they are: `FREEZE + (rate · s + 1) · service` after that beginning,
/// `s` less after it was due. With `ρ = rate · service` its latency is `FREEZE + service − s (1 −
/// ρ)`, falling in `s` until the queue is empty; and `s / PERIOD` of all messages have a greater
/// one. So at `q`, with `s = (1 − q) · PERIOD`. `base_ns`, the median, is the time of a message
/// that nothing delays: wake-up and service.
#[must_use]
pub fn predicted_ns(q: f64, base_ns: f64, rate_per_s: f64, service_ns: f64) -> f64 {
    let busy = rate_per_s * service_ns / 1e9;
    FREEZE_NS as f64 + base_ns - (1.0 - q) * PERIOD_NS as f64 * (1.0 - busy)
}

/// `T`, with a responder that freezes.
#[derive(Debug)]
pub struct Stalling<T>(PhantomData<T>);

/// The receiving half.
#[derive(Debug)]
pub struct StallingReceiver<R> {
    inner: R,
    freezes: bool,
}

impl<T: Transport> Transport for Stalling<T> {
    const INFO: Info = T::INFO;
    type Fixture = T::Fixture;
    type Tx = T::Tx;
    type Rx = StallingReceiver<T::Rx>;

    fn available() -> Availability {
        T::available()
    }

    fn fixture(plan: &Plan) -> Result<T::Fixture> {
        T::fixture(plan)
    }

    fn capacity(fixture: &T::Fixture) -> Result<Capacity> {
        T::capacity(fixture)
    }

    fn split(fixture: T::Fixture, side: Side) -> Result<Link<T::Tx, Self::Rx>> {
        let Link { tx, rx } = T::split(fixture, side)?;
        Ok(Link { tx, rx: StallingReceiver { inner: rx, freezes: side == Side::Responder } })
    }
}

impl<R: Receiver> Receiver for StallingReceiver<R> {
    fn receive(&mut self) -> Result<&[u8]> {
        let message = self.inner.receive()?;
        if self.freezes {
            sleep_through()?;
        }
        Ok(message)
    }

    fn release(&mut self) -> Result<()> {
        self.inner.release()
    }

    fn ready(&mut self) -> Result<bool> {
        self.inner.ready()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.inner.descriptor()
    }
}

/// Sleeps to the end of a freeze that is under way.
fn sleep_through() -> Result<()> {
    while let Some(end_ns) = frozen_until(monotonic_ns()) {
        sleep_until_ns(end_ns)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_of_the_time_is_frozen_and_no_two_freezes_begin_alike() {
        let mut begins = Vec::new();
        for second in 1_000..1_020 {
            let steps = (0..PERIOD_NS).step_by(10_000).map(|ns| second * PERIOD_NS + ns);
            let frozen: Vec<u64> = steps.filter(|&now| frozen_until(now).is_some()).collect();
            assert_eq!(frozen.len(), 1_000);
            assert!(frozen_until(frozen[999] + 10_000).is_none());
            begins.push(frozen[0] % PERIOD_NS);
        }
        begins.sort_unstable();
        assert!(begins.windows(2).all(|w| w[1] - w[0] <= 100_000), "{begins:?}");
    }

    #[test]
    fn the_prediction_is_what_a_queue_does() {
        // One server that freezes, messages at a constant rate: latency of each, worked out one by
        // one.
        for (rate, service_ns) in [(1_000.0, 2_000.0), (1_000.0, 50_000.0), (10_000.0, 20_000.0)] {
            let mut free_at = 0.0f64;
            let mut latencies: Vec<f64> = Vec::new();
            for n in 0..(200.0 * rate) as u64 {
                let due = n as f64 / rate * 1e9;
                let mut begin = due.max(free_at);
                if let Some(end) = frozen_until(begin as u64) {
                    begin = end as f64;
                }
                free_at = begin + service_ns;
                latencies.push(free_at - due);
            }
            latencies.sort_by(f64::total_cmp);
            for q in [0.995, 0.999] {
                let found = latencies[(q * latencies.len() as f64) as usize];
                let predicted = predicted_ns(q, service_ns, rate, service_ns);
                assert!((found / predicted - 1.0).abs() < 0.01, "{rate} {q}: {found} {predicted}");
            }
        }
    }
}
