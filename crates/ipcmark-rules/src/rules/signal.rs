//! Signals: standard ones merge, real-time ones queue; a handler runs between any two steps of the main line.

use crate::peers::{joined, peer};
use crate::trial::{Found, Seen, Trial, figure};
use ipcmark_core::{Called, Error, Names, Refusal, Result};
use ipcmark_sys::signal::{
    Blocked, Number, PendingLimit, Taking, Tally, Target, Waited, is_pending,
};
use ipcmark_sys::word::Payload;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{alarm, getpid};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use std::time::{Duration, Instant};

const SENT: u64 = 1_000;
/// Length to which the queue of real-time signals is cut.
const QUEUE: u64 = 64;
/// The main line goes on until the handler ran so often, or for so long: on a busy machine the sender gets few turns.
const DISTURBANCES: u64 = 200;
const DISTURBED: Duration = Duration::from_secs(3);

const REAL_TIME: Trial = Trial::of("signal", "real-time signals", "signal(7)");

pub(crate) const RULES: &[Trial] = &[
    Trial {
        family: "signal",
        mechanism: "standard signals",
        name: "merge",
        rule: "A standard signal that is already pending is not queued again: many become one, so that a program that counts them loses count.",
        calls: &[
            "sigprocmask(SIG_BLOCK, SIGUSR1)",
            "kill(SIGUSR1) 1,000 times, from another process",
            "signalfd, read until EAGAIN",
        ],
        reference: "signal(7)",
        run: merge,
    },
    Trial {
        name: "queue",
        rule: "Real-time signals are queued: none is lost, each brings its word, and they come in the order in which they were sent.",
        calls: &[
            "sigprocmask(SIG_BLOCK, SIGRTMIN+1)",
            "pidfd_send_signal with a word, 1,000 times, from another process",
            "sigpending, sigwaitinfo",
        ],
        run: queue,
        ..REAL_TIME
    },
    Trial {
        name: "queue-limit",
        rule: "The queue of real-time signals ends at RLIMIT_SIGPENDING, which all processes of a user share; then sigqueue says EAGAIN.",
        calls: &[
            "setrlimit(RLIMIT_SIGPENDING, 64)",
            "sigprocmask(SIG_BLOCK)",
            "pidfd_send_signal until EAGAIN",
        ],
        reference: "sigqueue(3)",
        run: queue_limit,
        ..REAL_TIME
    },
    Trial {
        family: "signal",
        mechanism: "signal handler",
        name: "handler-races",
        rule: "A handler may run between any two steps of the main line: what both change without blocking the signal is lost now and then, and never with the signal blocked.",
        calls: &[
            "sigaction(SIGUSR1)",
            "load, add, store in the main line, and the same in the handler",
            "pidfd_send_signal again and again, from another process",
            "the same with sigprocmask(SIG_BLOCK) around each addition",
        ],
        reference: "signal-safety(7)",
        run: handler_races,
    },
    Trial {
        family: "signal",
        mechanism: "alarm",
        name: "alarm",
        rule: "alarm sends SIGALRM once, when its seconds are over and not before; a new alarm takes the place of the old.",
        calls: &["sigprocmask(SIG_BLOCK, SIGALRM)", "alarm(30)", "alarm(1)", "signalfd, read"],
        reference: "alarm(2)",
        run: alarm_once,
    },
];

fn merge(_: &Names) -> Found {
    let mut set = SigSet::empty();
    set.add(Signal::SIGUSR1);
    set.thread_block().called("sigprocmask")?;
    let here = getpid();
    joined([peer(|| (0..SENT).try_for_each(|_| kill(here, Signal::SIGUSR1).called("kill")))?])?;
    let pending = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .called("signalfd")?;
    let mut delivered = 0;
    while pending.read_signal().called("read(signalfd)")?.is_some() {
        delivered += 1;
    }
    let words =
        format!("{} SIGUSR1 sent while blocked: {} delivered.", figure(SENT), figure(delivered));
    Ok(Seen::new(delivered == 1, words).count("sent", SENT).count("delivered", delivered))
}

fn queue(_: &Names) -> Found {
    let number = Number::RealTime;
    let limit = getrlimit(Resource::Sigpending).current;
    if limit.is_some_and(|limit| limit < SENT) {
        return Err(Error::Unavailable(
            Refusal::new(format!(
                "RLIMIT_SIGPENDING lets {} signals wait, and {SENT} are to",
                limit.unwrap_or(0)
            ))
            .with_remedy(format!("ulimit -i {}", 2 * SENT)),
        ));
    }
    let _blocked = Blocked::new(number)?;
    let mut taking = Waited::new(number)?;
    let here = getpid().as_raw();
    joined([peer(|| {
        let target = Target::open(here, number)?;
        (0..SENT)
            .try_for_each(|word| target.queue(Payload { word, tag: 0 }).called("pidfd_send_signal"))
    })?])?;
    let mut words = Vec::new();
    while is_pending(number) {
        words.push(taking.take().called("sigwaitinfo")?.word);
    }
    let in_order = words.iter().copied().eq(0..words.len() as u64);
    let said = format!(
        "{} SIGRTMIN+1 sent while blocked, numbered from 0: {} delivered, {}.",
        figure(SENT),
        figure(words.len() as u64),
        if in_order { "in order" } else { "out of order" }
    );
    Ok(Seen::new(words.len() as u64 == SENT && in_order, said)
        .count("sent", SENT)
        .count("delivered", words.len() as u64))
}

fn queue_limit(_: &Names) -> Found {
    let number = Number::RealTime;
    let limit = PendingLimit::lower(QUEUE)?;
    let _blocked = Blocked::new(number)?;
    // An ignored signal is queued while it is blocked, and ends nothing when it is not.
    Blocked::ignore_late(number)?;
    let target = Target::open(getpid().as_raw(), number)?;
    let mut queued = 0;
    let refused = loop {
        match target.queue(Payload { word: queued, tag: 0 }) {
            Ok(()) if queued <= limit.count() => queued += 1,
            Ok(()) => break false,
            Err(Errno::AGAIN) => break true,
            Err(e) => return Err(Error::os("pidfd_send_signal", e)),
        }
    };
    let words = format!(
        "With room for {} signals {} were queued, and the next was refused with {}.",
        limit.count(),
        queued,
        if refused { "EAGAIN" } else { "nothing" }
    );
    Ok(Seen::new(refused && queued <= limit.count(), words)
        .count("limit", limit.count())
        .count("queued", queued))
}

/// Counts of a main line and a handler, and of both together.
struct Counted {
    main: u64,
    handler: u64,
    count: u64,
}

impl Counted {
    fn lost(&self) -> u64 {
        (self.main + self.handler).saturating_sub(self.count)
    }
}

/// Runs `line`, which returns how often it added, again and again while another process sends the signal without pause.
fn disturbed(line: impl Fn(&Tally) -> Result<u64>) -> Result<Counted> {
    let number = Number::User;
    let tally = Tally::begin(number)?;
    let here = getpid().as_raw();
    // It dies with this process, or when it is dropped.
    let sender = peer(|| {
        let target = Target::open(here, number)?;
        while target.send().is_ok() {}
        Ok(())
    })?;
    let (end, mut main) = (Instant::now() + DISTURBED, 0);
    while tally.runs() < DISTURBANCES && Instant::now() < end {
        main += line(&tally)?;
    }
    drop(sender);
    Ok(Counted { main, handler: tally.runs(), count: tally.count() })
}

fn handler_races(_: &Names) -> Found {
    let careless = disturbed(|tally| {
        (0..1_000).for_each(|_| tally.add());
        Ok(1_000)
    })?;
    let careful = disturbed(|tally| {
        let _blocked = Blocked::new(Number::User)?;
        tally.add();
        Ok(1)
    })?;
    let words = format!(
        "The main line added {} times and a handler {} times: {} additions were lost. With the signal blocked around each, {} and {}: {} lost.",
        figure(careless.main),
        figure(careless.handler),
        figure(careless.lost()),
        figure(careful.main),
        figure(careful.handler),
        figure(careful.lost())
    );
    let kept = careless.lost() > 0 && careful.lost() == 0 && careful.handler > 0;
    Ok(Seen::new(kept, words)
        .count("lost", careless.lost())
        .count("handled", careless.handler)
        .count("lost_when_blocked", careful.lost())
        .count("handled_when_blocked", careful.handler))
}

fn alarm_once(_: &Names) -> Found {
    let mut set = SigSet::empty();
    set.add(Signal::SIGALRM);
    set.thread_block().called("sigprocmask")?;
    let pending = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC).called("signalfd")?;
    alarm::set(30);
    let begun = Instant::now();
    let left = alarm::set(1).unwrap_or(0);
    pending.read_signal().called("read(signalfd)")?;
    let after = begun.elapsed();
    let again = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .and_then(|fd| fd.read_signal())
        .called("read(signalfd)")?;
    let words = format!(
        "alarm(30), then alarm(1), which said that {left} s were left of the first: SIGALRM came after {:.3} s, {}.",
        after.as_secs_f64(),
        if again.is_none() { "once" } else { "and again" }
    );
    let kept = left >= 29 && after >= Duration::from_secs(1) && again.is_none();
    Ok(Seen::new(kept, words).with("left_s", f64::from(left)).with("after_s", after.as_secs_f64()))
}
