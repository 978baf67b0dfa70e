//! A run that replays a trace: `--replay FILE`.

use crate::exit::Usage;
use anyhow::Result;
use ipcmark_core::{Arrivals, Trace, Workload};
use ipcmark_suite::{Axes, LoadAxes, parse_trace};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The longest phase that a trace has by default: several fit into a minute.
const LONGEST: Duration = Duration::from_secs(5);

/// Reads a trace.
///
/// # Errors
/// A file that cannot be read or is no trace, with the line.
pub(super) fn read(path: &Path) -> Result<Arc<Trace>> {
    let text = ipcmark_record::read_text(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let trace = parse_trace(&text, &name).map_err(|fault| Usage(format!("--replay {fault}")))?;
    Ok(Arc::new(trace))
}

/// Returns the axes of a replay: one way and as round trips, unless the command line names workloads.
pub(super) fn axes(axes: Axes, trace: &Trace) -> Axes {
    let own = if axes.patterns.is_empty() {
        vec![Workload::PACED, Workload::PACED_PING_PONG]
    } else {
        axes.patterns
    };
    let longest = trace.sizes().iter().copied().max().unwrap_or_default();
    Axes {
        patterns: own,
        sizes: vec![longest as usize],
        load: LoadAxes {
            rates: vec![trace.rate_per_s()],
            arrivals: vec![Arrivals::Replay { trace: trace.hash() }],
            ..axes.load
        },
        ..axes
    }
}

/// Returns the length of a phase: one pass of `pass_ns`, if that is asked for, but not shorter than
/// `least`.
pub(super) fn phase(least: Duration, pass_ns: Option<u64>) -> Duration {
    pass_ns.map_or(least, |ns| Duration::from_nanos(ns).clamp(least, LONGEST.max(least)))
}

/// Returns the trace of a run that goes on: the same file again.
///
/// # Errors
/// No file, or another one than the record names.
pub(super) fn again(
    given: Option<&Path>,
    noted: Option<&ipcmark_record::TraceNote>,
) -> Result<Option<Arc<Trace>>> {
    let Some(noted) = noted else { return Ok(None) };
    let Some(path) = given else {
        return Err(
            Usage(format!("the run replays {}: give the file with --replay", noted.name)).into()
        );
    };
    let trace = read(path)?;
    let hash = format!("{:08x}", trace.hash());
    if hash != noted.hash {
        let what = format!(
            "--replay {} has other times or sizes than the trace of the run, {}",
            path.display(),
            noted.name
        );
        return Err(Usage(what).into());
    }
    Ok(Some(trace))
}
