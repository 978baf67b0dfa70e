//! Pairs of ipcmark's figure and a bare loop's.

use crate::bare::{self, Bare, Task};
use crate::pairs::{Found, Trial, alternate, found};
use crate::plan;
use ipcmark_core::{Extent, Placement, Workload};
use ipcmark_harness::{Bench, Entry, Scratch};
use ipcmark_record::Invocation;
use std::time::Duration;

/// One cell of the table.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// The bare loop.
    pub bare: Bare,
    /// ipcmark's transport.
    pub entry: &'a Entry,
    /// Round trips, or a stream.
    pub pattern: Workload,
    /// Bytes of a message.
    pub size: usize,
    /// Placement of the two sides.
    pub placement: Placement,
}

/// Takes `pairs` pairs of slices of about `slice` each.
///
/// # Errors
/// The failure, in words.
pub fn measure(
    cell: &Cell<'_>,
    bench: &Bench,
    scratch: &Scratch,
    (pairs, slice): (usize, Duration),
) -> Result<Found, String> {
    let ours = |extent| -> Result<(Trial, u64, Option<u64>), String> {
        let plan = plan(cell.pattern, cell.size, cell.placement, extent, scratch.names());
        let report = cell.entry.invoke(&plan, bench);
        let found = report.invocation;
        let trial = reported(cell.pattern, &found)?;
        Ok((trial, found.messages, report.capacity.and_then(|c| c.bytes.map(|n| n as u64))))
    };
    // One invocation finds how many messages a slice holds; then both send as many.
    let (_, count, capacity) = ours(Extent::Time(slice))?;
    let Cell { pattern, size, .. } = *cell;
    let task = Task { pattern, size, capacity, cpus: &bench.cpus, clock: bench.clock, count };
    let taken = alternate(
        pairs,
        || ours(Extent::Messages(count)).map(|(trial, ..)| trial),
        || bare::run(cell.bare, &task).map_err(|e| e.to_string()),
    )?;
    Ok(found(&taken))
}

/// Returns the time that ipcmark reports: the mean of the round trips it timed, or time over
/// messages of a drained stream.
///
/// # Errors
/// The reason why there is none, in words.
pub fn reported(pattern: Workload, found: &Invocation) -> Result<Trial, String> {
    if !found.is_ok() {
        return Err(format!("{:?}", found.outcome));
    }
    let ns = match pattern {
        Workload::PingPong => {
            let trips = found.sides[0].histogram.as_ref().ok_or("no round trips were timed")?;
            trips.unpack().map_err(|e| e.to_string())?.mean()
        }
        _ => found.elapsed_ns as f64 / found.messages as f64,
    };
    Ok(Trial { ns, distance: found.distance })
}
