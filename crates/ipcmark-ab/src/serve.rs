//! The program that measures: makes an invocation per request, and answers with its result.

use crate::comparison::PAST;
use crate::order::SIDES;
use crate::protocol::{Answer, Hello, PROTOCOL, Request};
use crate::{Error, Result};
use ipcmark_core::{Extent, Placement, Plan};
use ipcmark_harness::session::plan;
use ipcmark_harness::slices::{Sliced, Turns};
use ipcmark_harness::{Bench, Entry, Scratch, host, placement};
use ipcmark_record::{CellKey, Cpu, State, Tool};
use ipcmark_sys::baton::Baton;
use ipcmark_sys::clock::Clock;
use serde::Serialize;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The setting under test: what a side changes in each request.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Transport that replaces each.
    pub transport: Option<String>,
    /// Message size that replaces each.
    pub size: Option<usize>,
    /// Placement that replaces each.
    pub placement: Option<Placement>,
    /// Capacity that replaces each; `Some(None)` is the mechanism's own.
    pub capacity: Option<Option<usize>>,
}

/// Serves until standard input ends. `find` knows this build's transports; `relay` passes the turn on,
/// and `number` is the place of this side in the order.
///
/// # Errors
/// A relay that is gone, or a request that cannot be read.
pub fn serve(
    find: &dyn Fn(&str) -> Option<&'static Entry>,
    tool: Tool,
    (relay, number): (&Path, usize),
    overrides: &Overrides,
    (requests, answers): (impl BufRead, impl Write),
) -> Result<()> {
    if number >= SIDES {
        return Err(Error::Usage(format!("--arm takes 0 to {}, not {number}", SIDES - 1)));
    }
    let relay = Arc::new(Baton::open(relay, SIDES)?);
    let server = Server {
        find,
        overrides,
        number,
        relay,
        scratch: Scratch::new()?,
        clock: Clock::calibrate(),
        cpus: host::cpus(),
    };
    let mut answers = answers;
    let host = Some(host::describe(&server.clock));
    say(&mut answers, &Hello { protocol: PROTOCOL, tool, host })?;
    for line in requests.lines() {
        let line = line.map_err(|e| ipcmark_core::Error::os("read(a request)", e))?;
        let answer = match serde_json::from_str(&line) {
            Ok(request) => server.answer(request),
            // Words of a newer program: this build cannot run that cell, but may run the others.
            Err(e) if e.is_data() => {
                Answer::Refused { state: State::Unsupported { reason: e.to_string() } }
            }
            Err(e) => return Err(Error::Usage(format!("a request: {e}"))),
        };
        say(&mut answers, &answer)?;
    }
    Ok(())
}

fn say(answers: &mut impl Write, what: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(what).expect("an answer is plain JSON");
    line.push(b'\n');
    let said = answers.write_all(&line).and_then(|()| answers.flush());
    said.map_err(|e| ipcmark_core::Error::os("write(an answer)", e).into())
}

struct Server<'a> {
    find: &'a dyn Fn(&str) -> Option<&'static Entry>,
    overrides: &'a Overrides,
    number: usize,
    relay: Arc<Baton>,
    scratch: Scratch,
    clock: Clock,
    cpus: Vec<Cpu>,
}

impl Server<'_> {
    fn answer(&self, request: Request) -> Answer {
        match self.invoke(request) {
            Ok(Sliced { refused: Some(state), .. }) | Err(state) => Answer::Refused { state },
            Ok(Sliced { arm, .. }) => Answer::Made { arm },
        }
    }

    fn invoke(&self, request: Request) -> std::result::Result<Sliced, State> {
        let unsupported = |reason: String| State::Unsupported { reason };
        let key = self.key(request.key);
        let entry = (self.find)(&key.transport).ok_or_else(|| {
            unsupported(format!("this build has no transport '{}'", key.transport))
        })?;
        let cpus = placement::choose(key.placement, &self.cpus).map_err(State::Unavailable)?;
        let plan = Plan {
            extent: Extent::Time(Duration::from_nanos(request.slice_ns)),
            warm_up: Duration::from_nanos(request.warm_up_ns),
            deadline: Duration::from_nanos(request.deadline_ns),
            latest: Some(Duration::from_nanos(request.deadline_ns) + PAST),
            slow_down_permille: request.slow_down_permille,
            seed: request.seed,
            ..plan(&key, None, self.scratch.names())
        };
        let bench = Bench { clock: self.clock, cpus, neighbours: None };
        let relay = Arc::clone(&self.relay);
        Ok(entry.slices(&plan, &bench, &Turns { arm: self.number, order: request.order, relay }))
    }

    fn key(&self, key: CellKey) -> CellKey {
        let Overrides { transport, size, placement, capacity } = self.overrides;
        CellKey {
            transport: transport.clone().unwrap_or(key.transport),
            mix: key.mix.filter(|_| size.is_none()),
            size_bytes: size.map_or(key.size_bytes, |bytes| bytes as u64),
            placement: placement.unwrap_or(key.placement),
            capacity_bytes: capacity.map_or(key.capacity_bytes, |c| c.map(|bytes| bytes as u64)),
            ..key
        }
    }
}
