//! What the semantics, the record of calls and the matchmaker do when something goes wrong: two real processes, and
//! faults from a seeded source. Each function forks, so that it needs a process of one thread.

use crate::attempts::Patience;
use crate::client::Client;
use crate::faults::{Dropping, Faithful, Faults};
use crate::frame::{Inbox, Outbox, send};
use crate::lookup::{Asking, Known};
use crate::matchmaker::{Directory, Matchmaker};
use crate::seen::{Bounds, Seen};
use crate::semantics::{AtMostOnce, Semantics};
use crate::server::Server;
use crate::socket::{Address, Socket, Unix};
use crate::wire::{Bytes, Message, Operation, Outcome, Request, unmarshal};
use ipcmark_core::{Error, Flow, Procedure, Result, Serve};
use ipcmark_sys::clock::monotonic_ns;
use ipcmark_sys::process::{Child, peer};
use ipcmark_sys::shared::Lines;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Duration;

/// Time that a server may take to end when its client has.
const END: Duration = Duration::from_secs(15);

/// Number of calls, and the messages of them that are lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// Calls, of a procedure that must not run twice: it counts.
    pub calls: u64,
    /// Share of requests (and acknowledgements), and of replies, that are dropped, from 0 to 1.
    pub dropped: f64,
    /// Messages that are lost.
    pub seed: u64,
    /// Time when a request is sent again.
    pub patience: Patience,
}

impl Course {
    /// 2,000 calls, a tenth of the requests and a tenth of the replies dropped. Short patience, because what has no
    /// reply within it was dropped, or its process did not run.
    pub const DEFAULT: Course = Course {
        calls: 2_000,
        dropped: 0.1,
        seed: 0,
        patience: Patience { first: Duration::from_millis(4), most: Duration::from_millis(64) },
    };
}

/// Outcome of a [`Course`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executions {
    /// Calls that were executed 0 times, once, twice, and more often.
    pub histogram: [u64; 4],
    /// The most executions that one call had.
    pub most: u64,
    /// Requests that were sent again.
    pub retransmissions: u64,
    /// Calls whose caller never had a reply.
    pub unanswered: u64,
    /// Requests and acknowledgements that were dropped.
    pub requests_dropped: u64,
    /// Replies that were dropped.
    pub replies_dropped: u64,
}

/// Makes the calls of a course over `S` under the semantics `M`, and counts how often each was executed. The server is
/// a child process; names are made in `dir` and removed.
pub fn executions<S: Socket, M: Semantics>(dir: &Path, course: Course) -> Result<Executions> {
    let Course { calls, dropped, seed, patience } = course;
    let counts = Arc::new(Lines::new(calls as usize + 1)?);
    let (listener, address) = S::listen(dir, "counter")?;
    let at = address.clone();
    let counting = Arc::clone(&counts);
    let server = peer(|| {
        let faults = Dropping::new(dropped, !seed);
        let mut server = Server::<S, M, Dropping>::new(listener, at, M::Record::default(), faults);
        let counted = Arc::clone(&counting);
        let served = until_closed(&mut server, counter(counted));
        counting.lines()[calls as usize].word.store(server.faults().dropped(), Relaxed);
        served
    })?;
    let faults = Dropping::new(dropped, seed);
    let mut client = Client::<S, Known, M, Dropping>::connect(Known(address), patience, faults)?;
    let mut unanswered = 0;
    for call in 0..calls {
        match client.run(&call.to_le_bytes()) {
            Ok(_) => {}
            Err(Error::Unavailable(_)) => unanswered += 1,
            Err(e) => return Err(e),
        }
    }
    let (retransmissions, requests_dropped) = (client.retransmissions, client.faults.dropped());
    drop(client);
    server.join(END)?;
    let mut histogram = [0; 4];
    let mut most = 0;
    for line in &counts.lines()[..calls as usize] {
        let times = line.word.load(Acquire);
        histogram[times.min(3) as usize] += 1;
        most = times.max(most);
    }
    let replies_dropped = counts.lines()[calls as usize].word.load(Acquire);
    Ok(Executions {
        histogram,
        most,
        retransmissions,
        unanswered,
        requests_dropped,
        replies_dropped,
    })
}

/// Counts, for each argument, how often it came.
fn counter(counts: Arc<Lines>) -> Procedure {
    Box::new(move |argument, result| {
        if let Ok(Some(line)) = number(argument).map(|n| counts.lines().get(n as usize)) {
            let before = line.word.fetch_add(1, Relaxed);
            result.extend_from_slice(&(before + 1).to_le_bytes());
        }
        Flow::Continue
    })
}

fn number(bytes: &[u8]) -> Result<u64> {
    let bytes = bytes.try_into();
    bytes.map(u64::from_le_bytes).map_err(|_| Error::Protocol("a number has 8 bytes".into()))
}

/// Serves until its client is gone, which is how these clients end.
fn until_closed<S: Socket, M: Semantics, F: Faults>(
    server: &mut Server<S, M, F>,
    procedure: Procedure,
) -> Result<()> {
    match server.serve(procedure) {
        Err(e) if !e.is_end() => Err(e),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Outcome of one call and its copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// A copy right after it had the first reply again.
    pub repeated_at_first: bool,
    /// A copy after newer calls, or time, was refused.
    pub refused_at_last: bool,
    /// Executions of it, in all.
    pub executions: u64,
}

/// Makes one call to a server whose record has these bounds, and sends a copy of it at once; makes `newer` other calls,
/// lets time pass, and sends a copy again.
pub fn forgetting(dir: &Path, bounds: Bounds, newer: u64, passing: Duration) -> Result<Forgotten> {
    let counts = Arc::new(Lines::new(newer as usize + 1)?);
    let (listener, address) = Unix::listen(dir, "bounded")?;
    let (at, counted) = (address.clone(), Arc::clone(&counts));
    let server = peer(|| {
        let record = Seen::new(bounds);
        let mut server = Server::<Unix, AtMostOnce>::new(listener, at, record, Faithful);
        until_closed(&mut server, counter(counted))
    })?;
    let mut hand = ByHand { stream: Unix::connect(&address)?, inbox: Inbox::default() };
    let first = hand.request(0)?;
    hand.send(&first)?;
    let repeated_at_first = hand.send(&first)?;
    for call in 1..=newer {
        let other = hand.request(call)?;
        hand.send(&other)?;
    }
    std::thread::sleep(passing);
    let refused_at_last = !hand.send(&first)?;
    drop(hand);
    server.join(END)?;
    let executions = counts.lines()[0].word.load(Acquire);
    Ok(Forgotten { repeated_at_first, refused_at_last, executions })
}

/// A client that sends what it likes.
struct ByHand {
    stream: <Unix as Socket>::Stream,
    inbox: Inbox,
}

impl ByHand {
    /// Returns the request of call number `call`, made now.
    fn request(&self, call: u64) -> Result<Outbox> {
        let mut frame = Outbox::default();
        frame.pack(&Message::Request(Request {
            client: 1,
            call,
            sent_at_ns: monotonic_ns(),
            operation: Operation::Run,
            argument: Bytes(&call.to_le_bytes()),
        }))?;
        Ok(frame)
    }

    /// Sends a copy of it; true when there was a result, false when it was refused.
    fn send(&mut self, request: &Outbox) -> Result<bool> {
        send(&self.stream, request.bytes(), || Ok(()))?;
        let frame = self.inbox.next(&self.stream)?.ok_or(Error::Closed)?;
        match unmarshal(frame)? {
            Message::Reply { outcome: Outcome::Done(_), .. } => Ok(true),
            Message::Reply { outcome: Outcome::TooOld, .. } => Ok(false),
            _ => Err(Error::Protocol("a server sent what only clients send".into())),
        }
    }
}

/// Observations of a client whose service moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Place where it was at first.
    pub from: Address,
    /// Place where it was found again.
    pub to: Address,
    /// Calls that were answered at the first place, and at the second.
    pub answered: [u64; 2],
    /// Questions that the client asked the matchmaker once it was connected: as long as the service was at the first
    /// place, and then.
    pub questions: [u64; 2],
}

/// Registers a service with a matchmaker, calls it `calls` times, ends it, registers it again at another address, in
/// another process, and calls it as often again through the same client.
pub fn moving(dir: &Path, calls: u64) -> Result<Moved> {
    let (listener, at) = Unix::listen(dir, "matchmaker")?;
    let matchmaker = Matchmaker::start(listener)?;
    let place = |name: &'static str| {
        let at = at.clone();
        peer(move || {
            let mut directory = Directory::at(&at)?;
            let (listener, address) = Unix::listen(dir, name)?;
            directory.register("counter", &address)?;
            let record = Seen::default();
            let mut server = Server::<Unix, AtMostOnce>::new(listener, address, record, Faithful);
            let mut served = 0;
            server.serve(Box::new(move |_, _| {
                served += 1;
                if served < calls { Flow::Continue } else { Flow::Stop }
            }))
        })
    };
    let first = place("first")?;
    let finder = Asking::at(at.clone(), "counter")?;
    let mut client =
        Client::<Unix, Asking, AtMostOnce>::connect(finder, Patience::DEFAULT, Faithful)?;
    // It waited until there was a registration; from here on it asks only when the address is stale.
    let questions_before = client.finder().questions;
    let mut place_of = |server: Child| -> Result<(Option<Address>, u64, u64)> {
        let mut answered = 0;
        for _ in 0..calls {
            client.run(b"count")?;
            answered += 1;
        }
        server.join(END)?;
        let asked = client.finder().questions - questions_before;
        Ok((client.address().cloned(), answered, asked))
    };
    let (from, at_first, asked_at_first) = place_of(first)?;
    let second = place("second")?;
    let (to, at_last, asked) = place_of(second)?;
    drop(matchmaker);
    at.remove();
    Ok(Moved {
        from: from.ok_or(Error::Closed)?,
        to: to.ok_or(Error::Closed)?,
        answered: [at_first, at_last],
        questions: [asked_at_first, asked - asked_at_first],
    })
}
