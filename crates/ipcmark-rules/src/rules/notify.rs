//! Notifications: what counts, what is lost, and what an exit tells.

use crate::peers::{joined, peer, sleeps};
use crate::trial::{Found, Seen, Trial};
use ipcmark_core::{Called, Error, Names, Result};
use ipcmark_sys::process::{self, Child};
use ipcmark_sys::shared::Lines;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{Errno, read, write};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::futex;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

pub(crate) const RULES: &[Trial] = &[
    Trial {
        family: "notify",
        mechanism: "eventfd",
        name: "adds-up",
        rule: "Writes add to the count, and one read takes all of it; with EFD_SEMAPHORE each read takes one.",
        calls: &["eventfd", "write of 1, five times, from another process", "read until EAGAIN"],
        reference: "eventfd(2)",
        run: adds_up,
    },
    Trial {
        family: "notify",
        mechanism: "futex",
        name: "lost-wake",
        rule: "A wake-up without a sleeper is lost, but the value is not: a process that comes later does not fall asleep.",
        calls: &["futex(FUTEX_WAKE), from another process", "futex(FUTEX_WAIT) for the old value"],
        reference: "futex(2)",
        run: lost_wake,
    },
    Trial {
        family: "notify",
        mechanism: "pidfd",
        name: "exit-is-readable",
        rule: "A pidfd becomes readable when its process ends, and not before.",
        calls: &["fork", "pidfd_open", "poll", "the process ends", "poll"],
        reference: "pidfd_open(2)",
        run: exit_is_readable,
    },
    Trial {
        family: "notify",
        mechanism: "eventfd",
        name: "sleepers-woken",
        rule: "One notification wakes every process that sleeps in a read of an eventfd, and one of those that sleep in a read of a pipe.",
        calls: &[
            "eventfd, pipe",
            "read in four processes, until all sleep",
            "write, once",
            "voluntary_ctxt_switches of each in /proc/PID/status",
        ],
        reference: "eventfd(2)",
        run: sleepers_woken,
    },
];

const SLEEPERS: u64 = 4;

/// Returns how many of four processes that sleep in a read are woken by one write.
fn woken(reader: &OwnedFd, writer: &OwnedFd) -> Result<u64> {
    let one = || write(writer, &1u64.to_ne_bytes()).map(drop).called("write");
    let mut readers = Vec::new();
    for _ in 0..SLEEPERS {
        readers.push(peer(|| count(reader).map(drop).called("read"))?);
    }
    for reader in &mut readers {
        if !sleeps(reader)? {
            return Err(Error::Protocol("a reader found something to read".into()));
        }
    }
    let before: Vec<u64> = readers.iter().map(switches).collect::<Result<_>>()?;
    one()?;
    // Each that was woken for nothing sleeps again, and one has ended.
    let mut woken = 0;
    for (reader, before) in readers.iter_mut().zip(before) {
        woken += u64::from(!sleeps(reader)? || switches(reader)? > before);
    }
    (1..SLEEPERS).try_for_each(|_| one())?;
    joined(readers)?;
    Ok(woken)
}

/// Returns how often a process has given up its CPU to sleep.
fn switches(of: &Child) -> Result<u64> {
    let path = format!("/proc/{}/status", of.pid());
    let text = std::fs::read_to_string(&path).map_err(|e| Error::os(&path, e))?;
    let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|n| n.trim().parse().ok())
        .ok_or_else(|| Error::Protocol(format!("{path} tells no switches")))
}

fn sleepers_woken(_: &Names) -> Found {
    let counter = eventfd(0, EventfdFlags::SEMAPHORE | EventfdFlags::CLOEXEC).called("eventfd")?;
    let of_eventfd = woken(&counter, &counter)?;
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).called("pipe2")?;
    let of_pipe = woken(&reader, &writer)?;
    let words = format!(
        "{SLEEPERS} processes slept in a read, and one write came: it woke {of_eventfd} of an eventfd and {of_pipe} of a pipe."
    );
    Ok(Seen::new((of_eventfd, of_pipe) == (SLEEPERS, 1), words)
        .count("woken_by_eventfd", of_eventfd)
        .count("woken_by_pipe", of_pipe))
}

const WRITES: u64 = 5;

fn count(fd: &OwnedFd) -> rustix::io::Result<u64> {
    let mut bytes = [0; 8];
    read(fd, &mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Writes five times in another process; returns what each read gives, until there is nothing to read.
fn reads(flags: EventfdFlags) -> Result<Vec<u64>> {
    let fd =
        eventfd(0, flags | EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).called("eventfd")?;
    let writer = peer(|| {
        (0..WRITES)
            .try_for_each(|_| write(&fd, &1u64.to_ne_bytes()).map(drop).called("write(eventfd)"))
    })?;
    joined([writer])?;
    let mut all = Vec::new();
    loop {
        match count(&fd) {
            Ok(n) => all.push(n),
            Err(Errno::AGAIN) => return Ok(all),
            Err(e) => return Err(Error::os("read(eventfd)", e)),
        }
    }
}

fn adds_up(_: &Names) -> Found {
    let (counter, semaphore) = (reads(EventfdFlags::empty())?, reads(EventfdFlags::SEMAPHORE)?);
    let words = format!(
        "{WRITES} writes of 1: {} read gave {}. With EFD_SEMAPHORE: {} reads of {} each.",
        counter.len(),
        counter.first().unwrap_or(&0),
        semaphore.len(),
        semaphore.first().unwrap_or(&0)
    );
    let kept = counter == [WRITES] && semaphore == [1; WRITES as usize];
    Ok(Seen::new(kept, words)
        .count("reads", counter.len() as u64)
        .count("semaphore_reads", semaphore.len() as u64))
}

fn lost_wake(_: &Names) -> Found {
    let lines = Lines::new(2)?;
    let (word, woken) = (&lines.lines()[0].futex, &lines.lines()[1].word);
    let waker = peer(|| {
        word.store(1, Release);
        let found = futex::wake(word, futex::Flags::empty(), 1).called("futex(FUTEX_WAKE)")?;
        woken.store(found as u64, Release);
        Ok(())
    })?;
    joined([waker])?;
    // Longer than anyone would wait for what was lost; the value ends it at once.
    let long = futex::Timespec { tv_sec: 10, tv_nsec: 0 };
    let slept = futex::wait(word, futex::Flags::empty(), 0, Some(&long));
    let found = woken.load(Acquire);
    let said = match slept {
        Err(Errno::AGAIN) => "returned at once with EAGAIN, as the value was 1 by then",
        Err(Errno::TIMEDOUT) => "slept until its time was up",
        _ => "was woken",
    };
    let words = format!(
        "FUTEX_WAKE found {found} asleep. FUTEX_WAIT for the value 0, called later, {said}."
    );
    Ok(Seen::new(found == 0 && slept == Err(Errno::AGAIN), words).count("woken", found))
}

/// Returns true if there is something to read now, or within `timeout`.
fn readable(fd: impl AsFd, timeout: Duration) -> Result<bool> {
    let timeout = Timespec { tv_sec: timeout.as_secs() as i64, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout));
    ready.map(|n| n > 0).called("poll(pidfd)")
}

fn exit_is_readable(_: &Names) -> Found {
    let gate = eventfd(0, EventfdFlags::CLOEXEC).called("eventfd")?;
    let child = process::peer(|| count(&gate).map(drop).called("read"))?;
    let before = readable(&child, Duration::ZERO)?;
    write(&gate, &1u64.to_ne_bytes()).called("write(eventfd)")?;
    let after = readable(&child, Duration::from_secs(10))?;
    let word = |readable: bool| if readable { "readable" } else { "not readable" };
    let words = format!(
        "While the process waited, its pidfd was {}; when it had ended, {}.",
        word(before),
        word(after)
    );
    Ok(Seen::new(!before && after, words)
        .count("readable_before", u64::from(before))
        .count("readable_after", u64::from(after)))
}
