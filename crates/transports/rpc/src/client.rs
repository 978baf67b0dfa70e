//! The client's stub: marshals, sends, waits, sends again, unmarshals.

use crate::attempts::{Attempts, Patience};
use crate::faults::{Faithful, Faults};
use crate::frame::{Filled, Inbox, Outbox, send};
use crate::lookup::Finder;
use crate::semantics::Semantics;
use crate::socket::{Address, Socket, Stream};
use crate::wire::{ARGUMENT_MAX, Bytes, Message, Operation, Outcome, Request, unmarshal};
use ipcmark_core::{Call, Called, Error, Refusal, Result};
use ipcmark_sys::clock::monotonic_ns;
use std::marker::PhantomData;
use std::time::Duration;

/// One client, with one call under way at a time.
#[derive(Debug)]
pub struct Client<S: Socket, L, M, F = Faithful> {
    finder: L,
    connection: Option<Connection<S::Stream>>,
    inbox: Inbox,
    request: Outbox,
    acknowledgement: Outbox,
    id: u64,
    calls: u64,
    patience: Patience,
    /// Place where each request and acknowledgement may be lost.
    pub faults: F,
    /// Copies of requests beyond the first.
    pub retransmissions: u64,
    semantics: PhantomData<M>,
}

#[derive(Debug)]
struct Connection<T> {
    stream: T,
    address: Address,
    /// Timeout of the stream.
    timeout: Duration,
}

impl<T: Stream> Connection<T> {
    /// Returns one system call or two when it changes, none when it does not.
    fn set_timeout(&mut self, timeout: Duration) -> Result<()> {
        if self.timeout != timeout {
            let set = self.stream.set_timeout(Some(timeout));
            set.called("setsockopt(SO_RCVTIMEO)")?;
            self.timeout = timeout;
        }
        Ok(())
    }
}

/// Result of a wait for a reply.
enum Waited {
    /// The result, of this many bytes, stands at the end of the frame.
    Done(usize),
    TimedOut,
}

impl<S: Socket, L: Finder, M: Semantics, F: Faults> Client<S, L, M, F> {
    /// Returns a client that is connected to the service that `finder` finds.
    ///
    /// # Errors
    /// [`Error::Closed`] when there is none any more.
    pub fn connect(finder: L, patience: Patience, faults: F) -> Result<Self> {
        let mut client = Client {
            finder,
            connection: None,
            inbox: Inbox::default(),
            request: Outbox::default(),
            acknowledgement: Outbox::default(),
            // Two processes that live at once differ in the first half, two clients of one process in the second.
            id: (u64::from(std::process::id()) << 32) | (monotonic_ns() & 0xffff_ffff),
            calls: 0,
            patience,
            faults,
            retransmissions: 0,
            semantics: PhantomData,
        };
        let address = client.finder.find()?;
        client.connect_to(address)?;
        Ok(client)
    }

    /// Returns where the server is.
    pub fn address(&self) -> Option<&Address> {
        self.connection.as_ref().map(|connection| &connection.address)
    }

    /// Returns what finds the server.
    pub fn finder(&self) -> &L {
        &self.finder
    }

    /// Calls the procedure that the server was given.
    pub fn run(&mut self, argument: &[u8]) -> Result<&[u8]> {
        self.invoke(Operation::Run, argument)
    }

    /// Calls a procedure that does nothing.
    pub fn null(&mut self) -> Result<()> {
        self.invoke(Operation::Null, &[]).map(drop)
    }

    /// Asks how often the server has executed its procedure.
    pub fn executions(&mut self) -> Result<u64> {
        unmarshal(self.invoke(Operation::Executions, &[])?)
    }

    fn invoke(&mut self, operation: Operation, argument: &[u8]) -> Result<&[u8]> {
        if argument.len() > ARGUMENT_MAX {
            return Err(Error::TooLong {
                len: argument.len(),
                max: ARGUMENT_MAX,
                limited_by: crate::LIMITED_BY,
            });
        }
        self.calls += 1;
        let call = self.calls;
        self.request.pack(&Message::Request(Request {
            client: self.id,
            call,
            sent_at_ns: monotonic_ns(),
            operation,
            argument: Bytes(argument),
        }))?;
        let len = self.until_answered(call)?;
        if M::ACKNOWLEDGES {
            self.acknowledge(call)?;
        }
        Ok(self.inbox.tail(len))
    }

    /// Sends copy after copy until the result is there; tells its length.
    fn until_answered(&mut self, call: u64) -> Result<usize> {
        let mut attempts = Attempts::new(self.patience, M::COPIES);
        let mut copies = 0;
        while let Some(timeout) = attempts.next_timeout() {
            self.retransmissions += u64::from(copies > 0);
            loop {
                let asked = self.ask(call, timeout, &mut copies);
                match asked {
                    Ok(Waited::Done(len)) => return Ok(len),
                    Ok(Waited::TimedOut) => break,
                    // The server is gone. What it has executed, its successor does not know.
                    Err(e) if e.is_end() && (M::MOVES || copies == 0) => self.reconnect()?,
                    Err(e) => return Err(e),
                }
            }
        }
        Err(Error::Unavailable(Refusal::new(format!(
            "call {call} had no reply after {copies} requests; it was executed once or not at all"
        ))))
    }

    /// Sends one copy and waits.
    fn ask(&mut self, call: u64, timeout: Duration, copies: &mut u32) -> Result<Waited> {
        let Client { connection, inbox, request, faults, .. } = self;
        let connection = connection.as_mut().ok_or(Error::Closed)?;
        connection.set_timeout(timeout)?;
        if !faults.drops() {
            // A server that is sending a long reply reads nothing until it is rid of it.
            send(&connection.stream, request.bytes(), || {
                inbox.fill(&connection.stream).map(|_: Filled| ())
            })?;
        }
        *copies += 1;
        loop {
            let Some(frame) = inbox.next(&connection.stream)? else {
                if inbox.is_midway() {
                    continue;
                }
                return Ok(Waited::TimedOut);
            };
            match unmarshal(frame)? {
                Message::Reply { call: of, .. } if of != call => {
                    // A second reply to an earlier call.
                }
                Message::Reply { outcome: Outcome::Done(result), .. } => {
                    return Ok(Waited::Done(result.0.len()));
                }
                Message::Reply { outcome: Outcome::TooOld, .. } => {
                    return Err(Error::Protocol(format!(
                        "call {call} is older than what the server remembers, and was not executed again"
                    )));
                }
                Message::Request(_) | Message::Acknowledgement { .. } => {
                    return Err(Error::Protocol("a server sent what only clients send".into()));
                }
            }
        }
    }

    /// Tells the server that it may forget. It is lost with a server that is gone, which has forgotten all.
    fn acknowledge(&mut self, call: u64) -> Result<()> {
        let Client { connection, inbox, acknowledgement, faults, id, .. } = self;
        acknowledgement.pack(&Message::Acknowledgement { client: *id, call })?;
        let Some(connection) = connection else { return Ok(()) };
        if faults.drops() {
            return Ok(());
        }
        match send(&connection.stream, acknowledgement.bytes(), || {
            inbox.fill(&connection.stream).map(|_: Filled| ())
        }) {
            Err(e) if e.is_end() => Ok(()),
            other => other,
        }
    }

    /// Connects to where the service is now.
    fn reconnect(&mut self) -> Result<()> {
        let gone = self.connection.take().ok_or(Error::Closed)?;
        let address = self.finder.find_again(&gone.address)?;
        self.connect_to(address)
    }

    fn connect_to(&mut self, address: Address) -> Result<()> {
        let stream = S::connect(&address)?;
        self.inbox.clear();
        self.connection = Some(Connection { stream, address, timeout: Duration::MAX });
        Ok(())
    }
}

impl<S: Socket, L: Finder, M: Semantics, F: Faults> Call for Client<S, L, M, F> {
    fn call(&mut self, argument: &[u8]) -> Result<&[u8]> {
        self.run(argument)
    }
}
