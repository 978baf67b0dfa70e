//! Both sides of remote procedure calls as a law sees them, and the two processes that they run in.

use crate::board::{Board, Step, Told};
use crate::pair::Pair;
use ipcmark_core::{self as core, Call, Error, Flow, Remote, Serve, Side};
use ipcmark_sys::shared::Lines;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::{Arc, Mutex};

/// The calling side as a law sees it.
pub(crate) struct CallerEnd<'a, R: Remote> {
    pub(crate) caller: Option<R::Caller>,
    board: &'a Board,
    made: u64,
}

impl<R: Remote> CallerEnd<'_, R> {
    /// Makes one call; returns what `look` makes of its result.
    pub(crate) fn try_call<X>(
        &mut self,
        argument: &[u8],
        look: impl FnOnce(&[u8]) -> X,
    ) -> core::Result<X> {
        self.board.note(Side::Initiator, Step::Call, self.made);
        let caller = self.caller.as_mut();
        let caller = caller.ok_or_else(|| Error::Protocol("the law dropped this caller".into()))?;
        let seen = look(caller.call(argument)?);
        self.made += 1;
        Ok(seen)
    }

    /// Makes one call, whose result must be `expected`.
    pub(crate) fn expect(&mut self, argument: &[u8], expected: &[u8]) -> Told {
        let n = self.made;
        self.try_call(argument, |result| crate::end::same(result, expected))
            .map_err(|e| format!("call {n}: {e}"))?
            .map_err(|what| format!("the result of call {n}: {what}"))
    }

    /// Makes a call that finds the server gone.
    pub(crate) fn expect_end(&mut self, argument: &[u8]) -> Told {
        match self.try_call(argument, <[u8]>::len) {
            Ok(len) => Err(format!("a server that is gone gave a result of {len} bytes")),
            Err(e) if e.is_end() => Ok(()),
            Err(e) => Err(format!("the end of the server came as: {e}")),
        }
    }

    /// Tells the server's side outside the mechanism that this one got to `stage`.
    pub(crate) fn raise(&self, stage: u32) -> Told {
        self.board.raise(Side::Initiator, stage)
    }

    /// Waits until the server's side got to `stage`.
    pub(crate) fn await_server(&self, stage: u32) -> Told {
        self.board.note(Side::Initiator, Step::AwaitFlag, 0);
        self.board.await_flag(Side::Responder, stage)
    }
}

/// The serving side as a law sees it.
pub(crate) struct ServerEnd<'a, R: Remote> {
    pub(crate) server: Option<R::Server>,
    board: &'a Board,
    executed: Arc<Lines>,
}

impl<R: Remote> ServerEnd<'_, R> {
    /// Serves. `procedure` gets the number of the execution, from 0; its failure stops the service.
    pub(crate) fn serve(
        &mut self,
        procedure: impl FnMut(u64, &[u8], &mut Vec<u8>) -> Result<Flow, String> + Send + 'static,
    ) -> Told {
        self.try_serve(procedure)?.map_err(|e| format!("serving: {e}"))
    }

    /// Serves until the caller is gone.
    pub(crate) fn serve_to_end(
        &mut self,
        procedure: impl FnMut(u64, &[u8], &mut Vec<u8>) -> Result<Flow, String> + Send + 'static,
    ) -> Told {
        match self.try_serve(procedure)? {
            Ok(()) => Err("the service ended well although its caller is gone".into()),
            Err(e) if e.is_end() => Ok(()),
            Err(e) => Err(format!("the end of the caller came as: {e}")),
        }
    }

    fn try_serve(
        &mut self,
        mut procedure: impl FnMut(u64, &[u8], &mut Vec<u8>) -> Result<Flow, String> + Send + 'static,
    ) -> Result<core::Result<()>, String> {
        let executed = Arc::clone(&self.executed);
        self.board.note(Side::Responder, Step::Serve, count(&executed));
        let wrong = Arc::new(Mutex::new(None));
        let told = Arc::clone(&wrong);
        let server = self.server.as_mut().ok_or("the law dropped this server")?;
        let served = server.serve(Box::new(move |argument, result| {
            let n = executed.lines()[0].word.fetch_add(1, Relaxed);
            procedure(n, argument, result).unwrap_or_else(|what| {
                *told.lock().unwrap_or_else(|e| e.into_inner()) = Some(what);
                Flow::Stop
            })
        }));
        match wrong.lock().unwrap_or_else(|e| e.into_inner()).take() {
            Some(what) => Err(what),
            None => Ok(served),
        }
    }

    /// Returns the number of executions so far.
    pub(crate) fn executions(&self) -> u64 {
        count(&self.executed)
    }

    /// Tells the caller's side outside the mechanism that this one got to `stage`.
    pub(crate) fn raise(&self, stage: u32) -> Told {
        self.board.raise(Side::Responder, stage)
    }

    /// Waits until the caller's side got to `stage`.
    pub(crate) fn await_caller(&self, stage: u32) -> Told {
        self.board.note(Side::Responder, Step::AwaitFlag, 0);
        self.board.await_flag(Side::Initiator, stage)
    }
}

fn count(executed: &Lines) -> u64 {
    executed.lines()[0].word.load(Acquire)
}

/// Runs one function on each side of a fixture. Each side must give back all it took.
pub(crate) fn run<R: Remote>(
    pair: Pair<'_>,
    caller: impl FnOnce(&mut CallerEnd<'_, R>) -> Told,
    server: impl FnOnce(&mut ServerEnd<'_, R>) -> Told,
) -> Told {
    let board = Board::new()?;
    let executed = Arc::new(Lines::new(1).map_err(|e| e.to_string())?);
    let (mut caller, mut server) = (Some(caller), Some(server));
    let fixture = || R::fixture(pair.plan).map_err(|e| format!("fixture: {e}"));
    pair.over(&board, fixture, |side, fixture| {
        board.note(side, Step::Split, 0);
        match side {
            Side::Initiator => {
                let made = R::caller(fixture).map_err(|e| format!("caller: {e}"))?;
                let law = caller.take().ok_or("a side ran twice")?;
                let mut end = CallerEnd::<R> { caller: Some(made), board: &board, made: 0 };
                law(&mut end)?;
                board.note(side, Step::Close, 0);
                end.caller = None;
            }
            Side::Responder => {
                let made = R::server(fixture).map_err(|e| format!("server: {e}"))?;
                let law = server.take().ok_or("a side ran twice")?;
                let executed = Arc::clone(&executed);
                let mut end = ServerEnd::<R> { server: Some(made), board: &board, executed };
                law(&mut end)?;
                board.note(side, Step::Close, 0);
                end.server = None;
            }
        }
        Ok(())
    })
}
