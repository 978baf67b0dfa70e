//! What the frameworks share: the server with its event loop in a thread, the inherited ends, and the limits.

use crate::desk::Desk;
use ipcmark_core::{Availability, Called, Error, Limits, Plan, Procedure, Result, Serve};
use ipcmark_sys::fd::availability;
use ipcmark_sys::lifeline::{Lifeline, LifelinePair};
use std::any::Any;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Time that a server which ends gives its caller to end first.
const LINGER: Duration = Duration::from_secs(1);

/// A server: an event loop in a thread, as long as the server lives.
#[derive(Debug)]
pub struct Server {
    desk: Arc<Desk>,
    caller: Lifeline,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Dropped after the thread has ended.
    _kept: Box<dyn Any + Send>,
}

impl Server {
    /// Starts the thread, which runs `drive` until it returns or the receiver resolves. The server keeps `kept` alive.
    pub(crate) fn start(
        name: &str,
        caller: Lifeline,
        kept: impl Any + Send,
        drive: impl FnOnce(Arc<Desk>, oneshot::Receiver<()>) -> Result<()> + Send + 'static,
    ) -> Result<Server> {
        let desk = Arc::new(Desk::default());
        let (stop, stopped) = oneshot::channel();
        let at_desk = Arc::clone(&desk);
        let thread = std::thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                // Whatever ends the loop ends the service.
                let _ = drive(Arc::clone(&at_desk), stopped);
                at_desk.close();
            })
            .called("clone")?;
        Ok(Server { desk, caller, stop: Some(stop), thread: Some(thread), _kept: Box::new(kept) })
    }
}

impl Serve for Server {
    fn serve(&mut self, procedure: Procedure) -> Result<()> {
        self.desk.serve(procedure, &self.caller)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its last reply may be under way as long as the caller is there.
        let begun = Instant::now();
        while begun.elapsed() < LINGER && !self.caller.peer_is_gone() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.desk.close();
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Both ends of a connection, and of the lifeline that shows a dead caller.
#[derive(Debug)]
pub struct Fixture<T> {
    pub(crate) ends: (T, T),
    pub(crate) lifelines: LifelinePair,
}

/// The longest argument or result, in bytes, and the reason.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Longest {
    pub(crate) bytes: usize,
    pub(crate) limited_by: &'static str,
}

impl Longest {
    /// Makes the fixture of a plan whose messages may have this length.
    pub(crate) fn fixture<T>(self, plan: &Plan, ends: Result<(T, T)>) -> Result<Fixture<T>> {
        self.check(plan.size)?;
        Ok(Fixture { ends: ends?, lifelines: LifelinePair::new()? })
    }

    /// Returns an error if `len` bytes are too many.
    pub(crate) fn check(self, len: usize) -> Result<()> {
        if len > self.bytes {
            return Err(Error::TooLong { len, max: self.bytes, limited_by: self.limited_by });
        }
        Ok(())
    }

    /// Returns what a probe that tried the framework says about it.
    pub(crate) fn availability<T>(self, probe: Result<T>) -> Availability {
        availability(probe.map(|_| Limits {
            max_message: Some(self.bytes),
            limited_by: self.limited_by,
            remedy: None,
        }))
    }
}

/// Makes the event loop of one thread.
pub(crate) fn event_loop() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build().called("epoll_create1")
}
