//! The hot loops, free functions with static dispatch: one copy per transport.
//!
//! What stands between the clock's two reads is what a user would do and nothing else: on the way out, writing the
//! message (for a zero-copy transport into its slot; for a copying one it stands in the private buffer already) and
//! its stamp; on the way in, reading it (a zero-copy one is copied out, as `read` does for the others). In ping-pong
//! the initiator checks and records outside, the responder checks after its answer is on its way (on one CPU that may
//! still be before the initiator runs). In a stream every message's check is part of the receiver's work and of the
//! rate: what it costs is measured in each run and printed.

use ipcmark_core::{Buffer, Checker, Link, Receiver, Result, Sender, Stamper, Transport};
use ipcmark_sys::clock::{Clock, Ticks};

/// What one side needs to write and check messages, through all phases of an invocation.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    stamper: Stamper,
    pub(crate) checker: Checker,
    /// Next sequence number to send.
    next: u64,
    /// Where messages of zero-copy transports are copied to.
    inbox: Buffer,
    /// The private buffer of a copying transport holds the body.
    filled: bool,
    size: usize,
}

impl Desk {
    /// `send` and `receive` seed the contents of the two directions.
    pub(crate) fn new(clock: Clock, size: usize, send: u64, receive: u64) -> Desk {
        Desk {
            clock,
            stamper: Stamper::new(send, size),
            checker: Checker::new(receive, size),
            next: 0,
            inbox: Buffer::new(size),
            filled: false,
            size,
        }
    }

    #[inline(always)]
    fn send<T: Transport>(&mut self, tx: &mut T::Tx, last: bool) -> Result<()> {
        let space = tx.claim(self.size)?;
        if T::INFO.zero_copy || !self.filled {
            space.copy_from_slice(self.stamper.body());
            self.filled = true;
        }
        self.stamper.stamp(space, self.next, last);
        self.next += 1;
        tx.commit()
    }

    /// Receives one message, runs `then`, and checks the message after that. True when it was the phase's last.
    #[inline(always)]
    fn receive<T: Transport>(
        &mut self,
        rx: &mut T::Rx,
        then: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<bool> {
        let message = rx.receive()?;
        if T::INFO.zero_copy {
            let fits = message.len() == self.size;
            if fits {
                self.inbox.copy_from_slice(message);
            }
            rx.release()?;
            then(self)?;
            let verdict = self.checker.check(if fits { &self.inbox } else { &[] });
            Ok(verdict.last)
        } else {
            then(self)?;
            let verdict = self.checker.check(message);
            rx.release()?;
            Ok(verdict.last)
        }
    }
}

/// Sends, waits for the answer, keeps the time. `trip(now, ticks)` takes each round trip and says whether the next
/// one is the last; `only` makes the first the last. Returns the number of round trips.
#[inline(never)]
pub(crate) fn initiate<T: Transport>(
    link: &mut Link<T::Tx, T::Rx>,
    desk: &mut Desk,
    only: bool,
    mut trip: impl FnMut(Ticks, Ticks) -> bool,
) -> Result<u64> {
    let Link { tx, rx } = link;
    let mut last = only;
    let mut trips = 0;
    loop {
        let sent = desk.clock.now();
        desk.send::<T>(tx, last)?;
        let mut back = 0;
        desk.receive::<T>(rx, |desk| {
            back = desk.clock.now();
            Ok(())
        })?;
        trips += 1;
        if trip(back, back - sent) && !last {
            last = true;
        } else if last {
            return Ok(trips);
        }
    }
}

/// Answers each message until one says it is the last. Returns the number of answers.
#[inline(never)]
pub(crate) fn respond<T: Transport>(link: &mut Link<T::Tx, T::Rx>, desk: &mut Desk) -> Result<u64> {
    let Link { tx, rx } = link;
    let mut answers = 0;
    loop {
        let last = desk.receive::<T>(rx, |desk| desk.send::<T>(tx, false))?;
        answers += 1;
        if last {
            return Ok(answers);
        }
    }
}

/// Sends until `block(now, ticks)`, called after each `block_len` messages, says that the next is the last, or until
/// `limit` messages are sent. Returns how many were.
#[inline(never)]
pub(crate) fn send_stream<T: Transport>(
    tx: &mut T::Tx,
    desk: &mut Desk,
    limit: u64,
    block_len: u64,
    mut block: impl FnMut(Ticks, Ticks) -> bool,
) -> Result<u64> {
    let mut sent = 0;
    let mut begun = desk.clock.now();
    let mut stop = false;
    loop {
        let mut left = block_len.min(limit - sent);
        while left > 0 {
            left -= 1;
            sent += 1;
            let last = stop || sent == limit;
            desk.send::<T>(tx, last)?;
            if last {
                return Ok(sent);
            }
        }
        let now = desk.clock.now();
        stop = block(now, now - begun);
        begun = now;
    }
}

/// Receives until a message says it is the last; `block(ticks)` is called after each `block_len` messages. Returns
/// how many came, and when the last one was checked.
#[inline(never)]
pub(crate) fn receive_stream<T: Transport>(
    rx: &mut T::Rx,
    desk: &mut Desk,
    block_len: u64,
    mut block: impl FnMut(Ticks),
) -> Result<(u64, Ticks)> {
    let mut received = 0;
    let mut begun = desk.clock.now();
    loop {
        for _ in 0..block_len {
            received += 1;
            if desk.receive::<T>(rx, |_| Ok(()))? {
                return Ok((received, desk.clock.now()));
            }
        }
        let now = desk.clock.now();
        block(now - begun);
        begun = now;
    }
}

/// The floors' loop: both ends in one process, `hops` messages a turn (two make a round trip, one a stream's step).
/// `turn(now, ticks)` is called after each `turns` turns and says when to stop.
#[inline(never)]
pub(crate) fn alone<T: Transport>(
    link: &mut Link<T::Tx, T::Rx>,
    desk: &mut Desk,
    (hops, turns): (u32, u64),
    mut turn: impl FnMut(Ticks, Ticks) -> bool,
) -> Result<u64> {
    let Link { tx, rx } = link;
    let mut done = 0;
    loop {
        let begun = desk.clock.now();
        let mut now = begun;
        for _ in 0..turns {
            for _ in 0..hops {
                desk.send::<T>(tx, false)?;
                desk.receive::<T>(rx, |desk| {
                    if turns == 1 {
                        now = desk.clock.now();
                    }
                    Ok(())
                })?;
            }
            done += 1;
        }
        if turns > 1 {
            now = desk.clock.now();
        }
        if turn(now, now - begun) {
            return Ok(done);
        }
    }
}
