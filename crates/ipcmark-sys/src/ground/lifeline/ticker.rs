//! The clock that starts only when the peer is gone: it ends calls that sleep on what is no descriptor.
//!
//! `msgrcv`, `semop`, `sem_wait`, `sigwaitinfo` and a futex sleep on objects that no flag makes non-blocking. A signal
//! ends such a call with `EINTR` while it sleeps; but a signal that comes between the last look and the call is spent
//! before the call begins, and the call then sleeps for ever. So the news on the lifeline (`SIGIO`) does not end the
//! call itself: its handler starts a timer that sends `SIGALRM` to this thread again and again, and what the first tick
//! misses the next one ends. While there is no news the timer stands still, and nothing is paid.

use super::Lifeline;
use super::Peer::Here;
use ipcmark_core::{Called, Error, Result};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use rustix::thread::gettid;
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI32, AtomicPtr};

/// Time from tick to tick, by which a call may end late.
const TICK_NS: libc::c_long = 20_000_000;
/// Tickers that one process may hold; a side has one for each of its links.
const SLOTS_MAX: usize = 1024;
const FREE: i32 = 0;
/// While its timer is made or deleted.
const TAKEN: i32 = -1;
static SLOTS: [Slot; SLOTS_MAX] = [const { Slot::new() }; SLOTS_MAX];

/// Data of the handler: the timer's thread, and the timer.
#[derive(Debug)]
struct Slot {
    thread: AtomicI32,
    timer: AtomicPtr<libc::c_void>,
}

impl Slot {
    const fn new() -> Slot {
        Slot { thread: AtomicI32::new(FREE), timer: AtomicPtr::new(ptr::null_mut()) }
    }
}

/// While it lives, news on its lifeline ends the sleeping calls of the thread that asked for it, again and again.
#[derive(Debug)]
pub struct Ticker {
    slot: &'static Slot,
}

impl Lifeline {
    /// Lets calls of this thread that sleep end with `EINTR` within 20 ms of the peer's farewell or end, whether they slept
    /// already or had yet to begin. If there is such news already, the ticks begin immediately.
    ///
    /// Calls that sleep must be made by the thread that asked for it. A caller that gets `EINTR` asks
    /// [`peer`](Lifeline::peer) or [`peer_is_gone`](Lifeline::peer_is_gone).
    ///
    /// # Errors
    /// When this process holds too many tickers, or what the kernel said.
    ///
    /// # References
    /// [timer_create(2)](https://man7.org/linux/man-pages/man2/timer_create.2.html), `SIGEV_THREAD_ID`;
    /// [signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html), which calls a handler interrupts
    pub fn ticks(&self) -> Result<Ticker> {
        heed_ticks()?;
        let thread = gettid().as_raw_nonzero().get();
        let taken =
            |slot: &&Slot| slot.thread.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_ok();
        let slot = SLOTS.iter().find(taken).ok_or_else(|| {
            Error::unavailable(format!("one process holds {SLOTS_MAX} tickers at most"))
        })?;
        match timer_for(thread) {
            Ok(timer) => slot.timer.store(timer, Relaxed),
            Err(e) => {
                slot.thread.store(FREE, Release);
                return Err(e);
            }
        }
        slot.thread.store(thread, Release);
        let ticker = Ticker { slot };
        self.sends_news()?;
        // What came before that sent no signal.
        if self.peer() != Here {
            start(slot.timer.load(Relaxed));
        }
        Ok(ticker)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.slot.thread.store(TAKEN, Release);
        let timer = self.slot.timer.load(Relaxed);
        // SAFETY: the timer was made with the slot and is deleted once; a late handler gets EINVAL.
        unsafe { libc::timer_delete(timer) };
        self.slot.thread.store(FREE, Release);
    }
}

/// Starts the ticks of `thread`; part of a signal handler, so that it calls nothing but what signal-safety(7) allows.
pub(super) fn start_those_of(thread: i32) {
    for slot in &SLOTS {
        if slot.thread.load(Acquire) == thread {
            start(slot.timer.load(Relaxed));
        }
    }
}

fn start(timer: libc::timer_t) {
    let tick = libc::timespec { tv_sec: 0, tv_nsec: TICK_NS };
    let ticks = libc::itimerspec { it_interval: tick, it_value: tick };
    // SAFETY: the timer lives while its slot names its thread, and the old setting may be null.
    unsafe { libc::timer_settime(timer, 0, &raw const ticks, ptr::null_mut()) };
}

/// `timer_create()` - makes a timer that stands still and, once started, sends `SIGALRM` to `thread`.
fn timer_for(thread: i32) -> Result<libc::timer_t> {
    // SAFETY: a `sigevent` is numbers and pointers only, for which zero is valid.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = libc::SIGALRM;
    event.sigev_notify_thread_id = thread;
    let mut timer = ptr::null_mut();
    // SAFETY: both point to what the call reads and writes, and live until it returns.
    let rc = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
    if rc == 0 {
        Ok(timer)
    } else {
        Err(Error::os("timer_create", std::io::Error::last_os_error()))
    }
}

/// Lets `SIGALRM` through to this thread and has it do nothing but end calls: without `SA_RESTART`.
fn heed_ticks() -> Result<()> {
    let action = SigAction::new(SigHandler::Handler(end_a_call), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing at all.
    unsafe { sigaction(Signal::SIGALRM, &action) }.called("sigaction(SIGALRM)")?;
    SigSet::from(Signal::SIGALRM).thread_unblock().called("pthread_sigmask(SIG_UNBLOCK, SIGALRM)")
}

extern "C" fn end_a_call(_: libc::c_int) {}

#[cfg(test)]
mod tests {
    use super::super::LifelinePair;
    use rustix::io::Errno;
    use rustix::pipe::pipe;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    /// Sleeps in `read(2)` on a pipe that brings nothing, until something ends the call.
    fn sleep() -> Errno {
        let (reader, _writer) = pipe().unwrap();
        rustix::io::read(&reader, &mut [0]).unwrap_err()
    }

    #[test]
    fn a_sleeping_call_is_ended_and_the_next_one_too() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        let (armed, is_armed) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            let _ticker = here.ticks().unwrap();
            armed.send(()).unwrap();
            [sleep(), sleep(), sleep()]
        });
        is_armed.recv().unwrap();
        thread::sleep(Duration::from_millis(30));
        there.farewell();
        assert_eq!(sleeper.join().unwrap(), [Errno::INTR; 3]);
    }

    #[test]
    fn news_from_before_counts() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        drop(there);
        let _ticker = here.ticks().unwrap();
        assert_eq!(sleep(), Errno::INTR);
    }

    #[test]
    fn a_ticker_that_is_dropped_ticks_no_more() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        drop(there);
        drop(here.ticks().unwrap());
        let (reader, writer) = pipe().unwrap();
        let late = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            rustix::io::write(&writer, b"x").unwrap();
        });
        assert_eq!(rustix::io::read(&reader, &mut [0]), Ok(1));
        late.join().unwrap();
    }
}
