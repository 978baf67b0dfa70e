//! A sender that publishes just when its receiver falls asleep, in two processes, a great many times: a wake-up that is
//! lost is a sleep that nothing ends, and the deadline says so.
//!
//! Only a publication within some 100 ns of the receiver's announcement can be missed, and a process that was woken comes
//! tens of microseconds late. So before each message both sides meet, awake, and then wait for enough pauses that either may be
//! first by a little. Without the barrier of `Fencing::Sleeper` this hangs within a second where CPUs let a load overtake
//! a store.
#![forbid(unsafe_code)]

use ipcmark_core::{Error, Result};
use ipcmark_ring::sleep::{Fencing, announce, retract, take};
use ipcmark_sys::process::{Exit, fork};
use ipcmark_sys::shared::{Line, Lines};
use ipcmark_sys::{affinity, futex, membarrier};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// Messages, unless a busy machine takes longer than [`ENOUGH`] for them.
const MESSAGES: u64 = 100_000;
const ENOUGH: Duration = Duration::from_secs(30);
/// Message that ends the receiver.
const STOP: u64 = u64::MAX;
/// Longer than the deadline: no sleep ends by itself.
const NAP: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(240);
/// Pauses before either side's step at most: about as long as a cache line travels.
const PAUSES: u64 = 8;
/// Looks at a word before others get the CPU.
const LOOKS: u32 = 1 << 12;

/// What the two share, a line each.
struct Shared<'a> {
    ready: &'a Line,
    news: &'a Line,
    receivers_flag: &'a Line,
}

impl Shared<'_> {
    /// Sleeps until the message is there; returns how often it slept.
    fn hear(&self, message: u64, fencing: Fencing) -> Result<u64> {
        let came = || self.news.word.load(Acquire) >= message;
        let flag = &self.receivers_flag.futex;
        let mut sleeps = 0;
        while !came() {
            let asleep = announce(flag);
            if fencing == Fencing::Sleeper {
                membarrier::everywhere()?;
            }
            if !came() {
                sleeps += 1;
                futex::wait(flag, asleep, NAP)?;
            }
            retract(flag);
        }
        Ok(sleeps)
    }

    fn tell(&self, message: u64, fencing: Fencing) -> Result<()> {
        let flag = &self.receivers_flag.futex;
        self.news.word.store(message, Release);
        if take(flag, fencing) { futex::wake_all(flag) } else { Ok(()) }
    }

    fn receive(&self, messages: u64, fencing: Fencing) -> Result<()> {
        let (mut some, mut sleeps) = (Pauses(3), 0);
        for message in 1..=messages {
            self.ready.word.store(message, Release);
            some.pass();
            sleeps += self.hear(message, fencing)?;
            if self.news.word.load(Acquire) == STOP {
                break;
            }
        }
        // Had it never slept, nothing would have been shown.
        if sleeps > 0 { Ok(()) } else { Err(Error::Protocol("it never slept".into())) }
    }

    fn send(&self, messages: u64, fencing: Fencing) -> Result<()> {
        let (mut some, begun) = (Pauses(7), Instant::now());
        for message in 1..=messages {
            if message % 64 == 0 && begun.elapsed() > ENOUGH {
                return self.tell(STOP, fencing);
            }
            let mut looks = 0;
            while self.ready.word.load(Acquire) != message {
                looks += 1;
                if looks % LOOKS == 0 { yield_now() } else { spin_loop() }
            }
            some.pass();
            self.tell(message, fencing)?;
        }
        Ok(())
    }
}

/// A row of small numbers (Marsaglia's xorshift).
struct Pauses(u64);

impl Pauses {
    fn pass(&mut self) {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (0..self.0 % PAUSES).for_each(|_| spin_loop());
    }
}

fn side(lines: &[Line], process: usize, cpu: u32, fencing: Fencing, messages: u64) -> Result<()> {
    let [ready, news, receivers_flag] = lines else { unreachable!("three lines") };
    affinity::pin(cpu)?;
    if fencing == Fencing::Sleeper {
        membarrier::agree()?;
    }
    let shared = Shared { ready, news, receivers_flag };
    if process == 0 { shared.send(messages, fencing) } else { shared.receive(messages, fencing) }
}

fn none_is_lost(fencing: Fencing, apart: bool) -> std::result::Result<Completion, Failed> {
    let cpus = affinity::allowed()?;
    let &[one, ref others @ ..] = &cpus[..] else { return Err("no CPU is allowed".into()) };
    let other = if apart { others.first().copied() } else { Some(one) };
    let Some(other) = other else {
        return Ok(Completion::ignored_with("not available here: this process has one CPU"));
    };
    if fencing == Fencing::Sleeper
        && let Err(e) = membarrier::agree()
    {
        return Ok(Completion::ignored_with(format!("not available here: {e}")));
    }
    let lines = Lines::new(3)?;
    // On one CPU each message takes two switches between processes.
    let messages = if apart { MESSAGES } else { MESSAGES / 30 };
    let mut sides = Vec::new();
    for (process, cpu) in [one, other].into_iter().enumerate() {
        let run = || match side(lines.lines(), process, cpu, fencing, messages) {
            Ok(()) => 0,
            Err(_) => 1,
        };
        sides.push(fork(run)?);
    }
    for mut side in sides {
        match side.wait(PATIENCE)? {
            Some(Exit::Code(0)) => {}
            Some(exit) => return Err(format!("a side {exit}").into()),
            None => {
                let message = lines.lines()[1].word.load(Acquire);
                return Err(format!("the wake-up for message {message} was lost").into());
            }
        }
    }
    Ok(Completion::Completed)
}

fn main() {
    let mut args = Arguments::from_args();
    args.test_threads = Some(1);
    let trial = |name: &str, fencing, apart| {
        Trial::ignorable_test(name, move || none_is_lost(fencing, apart))
    };
    let trials = vec![
        trial("no_wake_up_is_lost_with_fences", Fencing::Both, true),
        trial("no_wake_up_is_lost_where_the_sleeper_pays", Fencing::Sleeper, true),
        trial("no_wake_up_is_lost_with_fences_on_one_cpu", Fencing::Both, false),
        trial("no_wake_up_is_lost_where_the_sleeper_pays_on_one_cpu", Fencing::Sleeper, false),
    ];
    libtest_mimic::run(&args, trials).exit();
}
