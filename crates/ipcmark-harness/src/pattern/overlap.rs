//! A round trip with other work in it. Between sending and receipt the initiator does small pieces
//! of arithmetic, and looks for the answer between two pieces. The figures are the round trip,
//! which includes the rest of the last piece, and the number of pieces that fit in. The responder
//! answers as in ping-pong.
//!
//! The loop reaches the link by virtual calls: a few ns, where a piece takes a hundred.

use super::links::End;
use super::ping_pong;
use crate::desk::Desk;
use crate::halves::{AnyRx, AnyTx, Erased};
use crate::stage::{Done, Stage};
use ipcmark_core::{Receiver, Result, Side};
use ipcmark_record::Overlap;
use ipcmark_sys::clock::Clock;
use std::hint::black_box;

/// Steps of one piece, about 100 ns. Each needs the result of the one before it.
const STEPS: u64 = 64;
const BATCHES: usize = 21;
const BATCH: u32 = 200;

/// The other work: arithmetic whose result is kept.
#[derive(Debug)]
pub(crate) struct Work {
    state: u64,
    piece_ns: f64,
}

impl Work {
    /// Times a piece while nothing else runs: the median over batches.
    pub(crate) fn calibrate(clock: &Clock) -> Work {
        let mut work = Work { state: 1, piece_ns: 0.0 };
        let mut batches = [0.0; BATCHES];
        for batch in &mut batches {
            let begun = clock.now();
            for _ in 0..BATCH {
                work.piece();
            }
            *batch = clock.ns(clock.now() - begun) / f64::from(BATCH);
        }
        batches.sort_by(f64::total_cmp);
        work.piece_ns = batches[BATCHES / 2];
        work
    }

    #[inline(never)]
    fn piece(&mut self) {
        let mut x = self.state;
        for step in 0..STEPS {
            x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ step;
        }
        self.state = black_box(x);
    }
}

/// Runs one side's part. The responder does not see that the other side works while it waits.
pub(super) fn part(End { tx, rx, desk }: &mut End<Erased>, stage: &mut Stage<'_>) -> Result<()> {
    if stage.seat.side == Side::Responder {
        return stage.phases(&mut |s| ping_pong::respond::<Erased>(tx, rx, desk, s.delay));
    }
    let mut work = Work::calibrate(&stage.clock);
    stage.phases(&mut |s| initiate(tx, rx, desk, s, &mut work))
}

/// Sends, works until the answer is there, receives it and times the round trip.
fn initiate(
    tx: &mut AnyTx,
    rx: &mut AnyRx,
    desk: &mut Desk,
    stage: &mut Stage<'_>,
    work: &mut Work,
) -> Result<Done> {
    let clock = stage.clock;
    let mut last = stage.timer.ends_within(1);
    let (mut trips, mut pieces, mut waited) = (0u64, 0u64, 0);
    loop {
        let sent = clock.now();
        desk.send::<Erased>(tx, last)?;
        let away = clock.now();
        while !rx.ready()? {
            work.piece();
            pieces += 1;
        }
        let seen = clock.now();
        let mut back = 0;
        desk.receive::<Erased>(rx, |desk| {
            back = desk.clock.now();
            Ok(())
        })?;
        trips += 1;
        waited += seen - away;
        let next_is_last = stage.timer.take(back, back - sent);
        if last {
            // The pieces do not account for the looks: one after each piece, and one more in each
            // trip.
            let looking_ns = clock.ns(waited) - pieces as f64 * work.piece_ns;
            stage.overlap = Some(Overlap {
                pieces,
                piece_ns: work.piece_ns,
                look_ns: (looking_ns / (pieces + trips) as f64).max(0.0),
            });
            return Ok(Done { messages: trips, end: back });
        }
        last = next_is_last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_and_takes_its_time() {
        let mut work = Work::calibrate(&Clock::calibrate());
        assert!(work.piece_ns > 10.0, "{work:?}");
        let before = work.state;
        work.piece();
        assert_ne!(work.state, before);
    }
}
