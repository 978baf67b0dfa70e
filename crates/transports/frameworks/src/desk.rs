//! A procedure that one thread of the server executes while another waits.
//!
//! Frameworks for calls drive their connections from an event loop. A server that stopped the loop as soon as its procedure
//! says stop would never send that last reply. So the loop has its own thread for as long as the server lives; the thread
//! that serves lends its procedure to the loop, and sleeps.

use ipcmark_core::{Error, Flow, Procedure, Result};
use ipcmark_sys::lifeline::Lifeline;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Time between two looks at the caller, by the thread that serves.
const GLANCE: Duration = Duration::from_millis(100);

/// The procedure, handed from the thread that serves to the thread of the event loop.
#[derive(Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    procedure: Option<Procedure>,
    /// The procedure said stop.
    stopped: bool,
    /// Nothing is executed any more.
    closed: bool,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Executes the procedure that is lent, and waits until there is one. The result is left in the empty buffer. For the
    /// thread of the event loop.
    ///
    /// # Errors
    /// [`Error::Closed`] if no procedure will be lent any more.
    pub(crate) fn execute(&self, argument: &[u8], result: &mut Vec<u8>) -> Result<()> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(Error::Closed);
            }
            if let Some(procedure) = &mut state.procedure {
                if procedure(argument, result) == Flow::Stop {
                    state.procedure = None;
                    state.stopped = true;
                    self.news.notify_all();
                }
                return Ok(());
            }
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lends the procedure until it says stop. For the thread that serves.
    ///
    /// # Errors
    /// [`Error::Closed`] or [`Error::PeerDied`] if the caller at the other end of the lifeline is gone.
    pub(crate) fn serve(&self, procedure: Procedure, caller: &Lifeline) -> Result<()> {
        let mut state = self.lock();
        state.procedure = Some(procedure);
        state.stopped = false;
        self.news.notify_all();
        while !state.stopped {
            if state.closed {
                return Err(Error::Closed);
            }
            let waited = self.news.wait_timeout(state, GLANCE);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            if timeout.timed_out() && !state.stopped && caller.peer_is_gone() {
                state.procedure = None;
                return Err(caller.end());
            }
        }
        Ok(())
    }

    /// Ends the service: nothing is executed from now on, and threads that wait return.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_all();
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmark_sys::lifeline::LifelinePair;
    use std::sync::Arc;

    #[test]
    fn calls_are_executed_until_stop_and_then_by_the_next_procedure() {
        let [here, _there] = LifelinePair::new().unwrap().into_both();
        let desk = Arc::new(Desk::default());
        let at_desk = Arc::clone(&desk);
        let calls = std::thread::spawn(move || {
            let one = |n: u8| {
                let mut result = Vec::new();
                at_desk.execute(&[n], &mut result).map(|()| result)
            };
            let results: Vec<_> = (0..4).map(|n| one(n).unwrap()).collect();
            (results, one(9).is_err())
        });
        for phase in [10, 20] {
            let procedure: Procedure = Box::new(move |argument, result| {
                result.push(argument[0] + phase);
                if argument[0] % 2 == 1 { Flow::Stop } else { Flow::Continue }
            });
            desk.serve(procedure, &here).unwrap();
        }
        desk.close();
        let (results, refused) = calls.join().unwrap();
        assert_eq!(results, [[10], [11], [22], [23]]);
        assert!(refused, "nothing is executed at a desk that is closed");
    }

    #[test]
    fn a_caller_that_is_gone_ends_the_service() {
        let [here, there] = LifelinePair::new().unwrap().into_both();
        drop(there);
        let served = Desk::default().serve(Box::new(|_, _| Flow::Continue), &here);
        assert!(matches!(served, Err(Error::PeerDied)));
    }
}
