//! The laws of notifiers can fail: notifiers with one flaw each, and the law that must catch it.
//!
//! Each is a real eventfd between two real processes with a thin, broken layer on top.
use ipcmark_conformance::{Outcome, Test, notifier_cases, run};
use ipcmark_core::{
    Availability, Error, Info, Limits, Link, Listen, Notifier, Notify, Plan, Result, Side,
};
use ipcmark_notify::Eventfd;
use ipcmark_sys::fd::Block;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

type Below = Eventfd<Block>;

/// Where the layer may go wrong; each place is sound unless the flaw says otherwise.
trait Flaw: 'static {
    const NAME: &'static str;
    const LOSSY: bool = false;
    /// Returns the number of notifications below, for notification `n` of this side.
    fn times(_n: u64) -> u64 {
        1
    }
    /// What a listener makes of `heard` notifications, `n` times after the first; `None` listens
    /// on.
    fn heard(_n: u64, heard: u64) -> Option<u64> {
        Some(heard)
    }
    fn on_end(e: Error) -> Error {
        e
    }
    fn on_split() {}
    fn available() -> Availability {
        Below::available()
    }
}

struct Flawed<F>(PhantomData<F>);
struct Tx<F>(<Below as Notifier>::Tx, u64, PhantomData<F>);
struct Rx<F>(<Below as Notifier>::Rx, u64, PhantomData<F>);

impl<F: Flaw> Notifier for Flawed<F> {
    const INFO: Info = Info { mechanism: F::NAME, lossy: F::LOSSY, ..<Below as Notifier>::INFO };
    type Fixture = <Below as Notifier>::Fixture;
    type Tx = Tx<F>;
    type Rx = Rx<F>;

    fn available() -> Availability {
        F::available()
    }
    fn fixture(plan: &Plan) -> Result<Self::Fixture> {
        Below::fixture(plan)
    }
    fn split(fixture: Self::Fixture, side: Side) -> Result<Link<Tx<F>, Rx<F>>> {
        F::on_split();
        let Link { tx, rx } = Below::split(fixture, side)?;
        Ok(Link { tx: Tx(tx, 0, PhantomData), rx: Rx(rx, 0, PhantomData) })
    }
}

impl<F: Flaw> Notify for Tx<F> {
    fn notify(&mut self) -> Result<()> {
        self.1 += 1;
        (0..F::times(self.1 - 1)).try_for_each(|_| self.0.notify())
    }
}

impl<F: Flaw> Listen for Rx<F> {
    fn listen(&mut self) -> Result<u64> {
        loop {
            let heard = self.0.listen().map_err(|e| if e.is_end() { F::on_end(e) } else { e })?;
            self.1 += 1;
            if let Some(heard) = F::heard(self.1 - 1, heard) {
                return Ok(heard);
            }
        }
    }
}

struct Sound;
impl Flaw for Sound {
    const NAME: &'static str = "sound";
}

/// The second notification of each link wakes twice.
struct Stutters;
impl Flaw for Stutters {
    const NAME: &'static str = "waking_twice";
    fn times(n: u64) -> u64 {
        if n == 0 { 2 } else { 1 }
    }
}

/// The first notification never wakes anyone.
struct StartsDeaf;
impl Flaw for StartsDeaf {
    const NAME: &'static str = "losing_the_first";
    fn heard(n: u64, heard: u64) -> Option<u64> {
        (n > 0).then_some(heard)
    }
}

/// Notification 1,000 is never made.
struct Loses;
impl Flaw for Loses {
    const NAME: &'static str = "losing_the_1000th";
    fn times(n: u64) -> u64 {
        u64::from(n != 1_000)
    }
}

/// It may merge, and invents instead.
struct Invents;
impl Flaw for Invents {
    const NAME: &'static str = "inventing_some";
    const LOSSY: bool = true;
    fn times(n: u64) -> u64 {
        if n == 1_000 { 2_000 } else { 1 }
    }
}

/// A notification leaves with the next one.
struct Lags;
impl Flaw for Lags {
    const NAME: &'static str = "lagging_by_one";
    fn times(n: u64) -> u64 {
        match n {
            100 => 0,
            101 => 2,
            _ => 1,
        }
    }
}

/// An orderly end is called a death.
struct EndsAsDeath;
impl Flaw for EndsAsDeath {
    const NAME: &'static str = "calling_an_end_a_death";
    fn on_end(_: Error) -> Error {
        Error::PeerDied
    }
}

/// It waits on when its peer is gone.
struct Deaf;
impl Flaw for Deaf {
    const NAME: &'static str = "deaf_to_a_death";
    fn on_end(_: Error) -> Error {
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

fn leak() {
    std::mem::forget(std::fs::File::open("/dev/null").expect("/dev/null"));
}

/// A descriptor stays open on each side, and whenever it is asked.
struct LeavesDescriptor;
impl Flaw for LeavesDescriptor {
    const NAME: &'static str = "leaving_a_descriptor";
    fn on_split() {
        leak();
    }
}

/// It is available in another way each time it is asked.
struct ChangesItsMind;
impl Flaw for ChangesItsMind {
    const NAME: &'static str = "changing_its_mind";
    fn available() -> Availability {
        static ASKED: AtomicUsize = AtomicUsize::new(1);
        let max_message = Some(ASKED.fetch_add(1, Ordering::Relaxed));
        Availability::Available(Limits { max_message, limited_by: "the moon", remedy: None })
    }
}

/// The law whose name ends so must be broken by `F`, in words that contain `words`.
fn caught<F: Flaw>(law: &'static str, words: &'static str) -> Test {
    Test::new(format!("{}_is_caught_by::{law}", F::NAME), move || {
        let cases = notifier_cases::<Flawed<F>>();
        let case = cases
            .iter()
            .find(|case| case.name.ends_with(&format!("::{law}")))
            .ok_or_else(|| format!("there is no law {law}"))?;
        match case.check() {
            Ok(outcome) => Err(format!("the law held: {outcome:?}")),
            Err(what) if what.contains(words) => Ok(Outcome::Held),
            Err(what) => Err(format!("caught, but in other words: {what}")),
        }
    })
}

fn main() -> std::process::ExitCode {
    // Without a flaw the layer passes: so it is the flaw that is caught, and not the layer.
    let mut trials: Vec<Test> = notifier_cases::<Flawed<Sound>>()
        .into_iter()
        .map(|case| Test::new(case.name.clone(), move || case.check()))
        .collect();
    trials.extend([
        caught::<ChangesItsMind>("asking-leaves-nothing", "then"),
        caught::<Stutters>("one-notify-one-wake", "where 1 was made"),
        caught::<StartsDeaf>("one-notify-one-wake", "hung while in listen, number 0"),
        caught::<Loses>("none-lost", "1999 notifications were heard"),
        caught::<Invents>("none-lost", "3999 notifications were heard"),
        caught::<Lags>("ping-pong", "hung while in listen, number 100"),
        caught::<LeavesDescriptor>("ping-pong", "still held after both halves were closed"),
        caught::<EndsAsDeath>("farewell", "an orderly end is Error::Closed"),
        caught::<Deaf>("notices-a-dead-peer", "hung while in listen, number 3"),
    ]);
    run(trials)
}
