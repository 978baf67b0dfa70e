//! Resuming a run that was stopped.

use super::counts::Counts;
use super::{CellSpec, Options, Session};
use crate::{Error, Result};
use ipcmark_record::{Difference, Invocation, Record, State, Tool};

impl Session {
    /// Resumes the run of `record`: cells keep their invocations and get those that are missing.
    ///
    /// # Errors
    /// If the record is another machine's or another build's: its figures and new ones cannot be
    /// mixed.
    pub fn resume(record: Record, specs: Vec<CellSpec>, options: Options) -> Result<Session> {
        let mut session = Session::new(specs, options)?;
        let (then, now) = (&record.host, &session.record.host);
        let changed = then.differences(now);
        if !then.is_same_machine(now) {
            let facts: Vec<String> =
                changed.iter().filter(|fact| fact.machine).map(since).collect();
            return Err(Error::Resume(format!(
                "the record was taken on another machine or kernel ({}); start a new run",
                facts.join("; ")
            )));
        }
        let mut resumed = record.resumed.clone();
        resumed.extend(changed.iter().map(since));
        let (then, now) = (&record.tool, &session.record.tool);
        if then != now {
            let name = |tool: &Tool| {
                let commit = tool.commit.as_deref().unwrap_or("commit not known");
                format!(
                    "{} {} ({commit}, {}, {})",
                    tool.name, tool.version, tool.profile, tool.rustc
                )
            };
            return Err(Error::Resume(format!(
                "the record was taken by another build, {}; this is {}; start a new run, or resume with that build",
                name(then),
                name(now)
            )));
        }
        let invocations = record.cells.iter().flat_map(|cell| &cell.invocations);
        session.before_ns =
            invocations.map(|i| i.started_ns + i.elapsed_ns).max().unwrap_or_default();
        for cell in &mut session.record.cells {
            if let Some(old) = record.cell(&cell.key) {
                // Try cells again that only failed: the cause may be gone. The run must live for that.
                if old.invocations.iter().any(Invocation::is_ok) || old.is_deadly() {
                    cell.invocations.clone_from(&old.invocations);
                }
                cell.deaths = old.deaths;
                cell.capacity = old.capacity;
                cell.system_calls = old.system_calls;
                cell.cycles = old.cycles;
                if !cell.invocations.is_empty() {
                    cell.state = State::Measured;
                }
            }
        }
        session.counts =
            Counts::new(session.options.count, session.options.budget, &session.record.cells);
        session.record.started = record.started;
        session.record.resumed = resumed;
        session.record.rules = record.rules;
        session.record.host.checkout = record.host.checkout;
        session.record.clock = record.clock;
        session.record.noise = record.noise;
        session.record.limits = record.limits;
        session.record.limit_deaths = record.limit_deaths;
        session.record.sharing = record.sharing;
        Ok(session)
    }
}

/// Returns `scheduling: other, nice 0, now fifo, priority 10`.
fn since(Difference { name, base, new, .. }: &Difference) -> String {
    format!("{name}: {base}, now {new}")
}
