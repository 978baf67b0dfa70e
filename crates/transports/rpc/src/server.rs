//! The server: reads requests, dispatches by procedure, remembers as its semantics say, replies.

use crate::faults::{Faithful, Faults};
use crate::frame::{Inbox, Outbox, send};
use crate::seen::{Admission, Key, Record};
use crate::semantics::Semantics;
use crate::socket::{Address, Socket};
use crate::wire::{Bytes, Message, Operation, Outcome, Request, marshal, unmarshal};
use ipcmark_core::{Error, Flow, Procedure, Result, Serve};
use ipcmark_sys::clock::monotonic_ns;
use ipcmark_sys::lifeline::Lifeline;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// One server, with one client at a time.
#[derive(Debug)]
pub struct Server<S: Socket, M: Semantics, F = Faithful> {
    connection: Option<S::Stream>,
    listener: S::Listener,
    address: Address,
    /// Tells of a client that ends before it connects.
    lifeline: Option<Lifeline>,
    inbox: Inbox,
    desk: Desk<M::Record, F>,
}

/// Handler of requests: everything except the sockets.
#[derive(Debug)]
struct Desk<R, F> {
    record: R,
    faults: F,
    result: Vec<u8>,
    reply: Outbox,
    /// Number of times that the procedure was executed.
    executions: u64,
}

impl<S: Socket, M: Semantics, F: Faults> Server<S, M, F> {
    /// Returns a server at `listener`, which has this address.
    pub fn new(listener: S::Listener, address: Address, record: M::Record, faults: F) -> Self {
        Server {
            connection: None,
            listener,
            address,
            lifeline: None,
            inbox: Inbox::default(),
            desk: Desk {
                record,
                faults,
                result: Vec::new(),
                reply: Outbox::default(),
                executions: 0,
            },
        }
    }

    /// Gives up waiting for a client once the other end of the lifeline is gone.
    #[must_use]
    pub fn bound_to(mut self, client: Lifeline) -> Self {
        self.lifeline = Some(client);
        self
    }

    /// Returns where messages to clients may be lost.
    pub fn faults(&self) -> &F {
        &self.desk.faults
    }

    /// Waits for a client to connect, unless one has.
    pub fn accept(&mut self) -> Result<()> {
        if self.connection.is_none() {
            if let Some(lifeline) = &self.lifeline {
                await_either(&self.listener, lifeline)?;
            }
            self.inbox.clear();
            self.connection = Some(S::accept(&self.listener)?);
        }
        Ok(())
    }
}

/// Waits until there is a connection to accept, or an end to notice.
fn await_either(listener: &impl std::os::fd::AsFd, lifeline: &Lifeline) -> Result<()> {
    loop {
        let mut fds =
            [PollFd::new(listener, PollFlags::IN), PollFd::new(lifeline, PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) if fds[0].revents().contains(PollFlags::IN) => return Ok(()),
            Ok(_) if !fds[1].revents().is_empty() => return Err(lifeline.end()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(e) => return Err(Error::os("poll", e)),
        }
    }
}

impl<S: Socket, M: Semantics, F: Faults> Serve for Server<S, M, F> {
    fn serve(&mut self, mut procedure: Procedure) -> Result<()> {
        self.accept()?;
        let Server { connection, inbox, desk, .. } = self;
        let served = connection.as_ref().map_or(Err(Error::Closed), |stream| {
            loop {
                // Without a timeout a frame is always there in the end.
                let Some(frame) = inbox.next(stream)? else { continue };
                match unmarshal(frame)? {
                    Message::Request(request) => {
                        let flow = desk.answer(&request, &mut procedure)?;
                        if !desk.faults.drops() {
                            send(stream, desk.reply.bytes(), || Ok(()))?;
                        }
                        if flow == Flow::Stop {
                            return Ok(());
                        }
                    }
                    Message::Acknowledgement { client, call } => desk.record.settle(client, call),
                    Message::Reply { .. } => {
                        return Err(Error::Protocol("a client sent what only servers send".into()));
                    }
                }
            }
        });
        if served.is_err() {
            // The next to serve takes the next client.
            self.connection = None;
        }
        served
    }
}

impl<R: Record, F> Desk<R, F> {
    /// Leaves the reply to `request` in its outbox; executes the procedure, or not, as the record says.
    fn answer(&mut self, request: &Request<'_>, procedure: &mut Procedure) -> Result<Flow> {
        let &Request { client, call, sent_at_ns, operation, argument } = request;
        let key = Key { sent_at_ns, client, call };
        match self.record.admit(key, monotonic_ns) {
            Admission::Execute => {
                self.result.clear();
                let flow = match operation {
                    Operation::Null => Flow::Continue,
                    Operation::Run => {
                        self.executions += 1;
                        procedure(argument.0, &mut self.result)
                    }
                    Operation::Executions => {
                        self.result = marshal(&self.executions, std::mem::take(&mut self.result))?;
                        Flow::Continue
                    }
                };
                let outcome = Outcome::Done(Bytes(&self.result));
                self.reply.pack(&Message::Reply { call, outcome })?;
                self.record.keep(key, self.reply.bytes());
                return Ok(flow);
            }
            Admission::Repeat(reply) => self.reply.copy(reply),
            Admission::Refuse => {
                self.reply.pack(&Message::Reply { call, outcome: Outcome::TooOld })?
            }
        }
        Ok(Flow::Continue)
    }
}

impl<S: Socket, M: Semantics, F> Drop for Server<S, M, F> {
    fn drop(&mut self) {
        self.address.remove();
    }
}
