//! The wait that sleeps on a condition variable under a process-shared robust mutex.

use super::bell::Bells;
use super::{NAP, RingWait, Seat, Site, Turn, sleep};
use ipcmark_core::{Names, Result, Wait, WaitKind};
use ipcmark_sys::lifeline::Lifeline;
use ipcmark_sys::robust::RobustMutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Sleeps on a condition variable at once. The word under its mutex says that it was notified, so that a notification
/// before the sleep is not lost. A peer that died with the mutex in its hands hands it on (`EOWNERDEAD`); the word is
/// right all the same, being changed by one store, and the mutex is made consistent.
#[derive(Debug)]
pub struct Condvar {
    own: Arc<RobustMutex>,
    peers: Arc<RobustMutex>,
}

impl Wait for Condvar {
    const KIND: WaitKind = WaitKind::Condvar;
}

impl RingWait for Condvar {
    const SLEEPS: bool = true;
    type Bells = Bells<RobustMutex>;

    fn bells(_: &Names) -> Result<Self::Bells> {
        Bells::made(RobustMutex::new)
    }

    fn prepare(_: Site, bells: &Self::Bells, seat: Seat, _: &Arc<Lifeline>) -> Result<Self> {
        Ok(Condvar { own: bells.of(seat), peers: bells.of(seat.opposite()) })
    }

    fn until(&self, turn: &mut impl Turn, lifeline: &Lifeline) -> Result<()> {
        sleep(turn, lifeline, self.fencing(), |_, _| doze(&self.own, NAP))
    }

    fn wake(&self, _: &AtomicU32) -> Result<()> {
        let locked = self.peers.lock()?;
        locked.word().store(1, Ordering::Relaxed);
        locked.notify()
    }
}

/// Sleeps until the word is set, and clears it; false when `nap` passed first.
fn doze(own: &RobustMutex, nap: Duration) -> Result<bool> {
    let mut locked = own.lock()?;
    while locked.word().load(Ordering::Relaxed) == 0 {
        if !locked.wait(nap)? {
            break;
        }
    }
    Ok(locked.word().swap(0, Ordering::Relaxed) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_bell_that_its_owner_died_with_still_rings_and_is_counted() {
        let own = Arc::new(RobustMutex::new().unwrap());
        let other = own.clone();
        let dies = move || {
            let locked = other.lock().unwrap();
            locked.word().store(1, Ordering::Relaxed);
            std::mem::forget(locked);
        };
        thread::spawn(dies).join().unwrap();
        assert!(doze(&own, Duration::from_secs(60)).unwrap());
        assert_eq!(own.owners_died(), 1);
        assert!(!doze(&own, Duration::from_millis(1)).unwrap());
    }
}
