//! Flags of a run that few runs need: a trace to replay, percentiles, the times of each message.

use super::{OUT, WHAT};
use clap::{Args, ValueHint};
use ipcmark_suite::parse_percentile;
use std::path::PathBuf;

/// Flags of `ipcmark run` and `repeat`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DetailArgs {
    /// Replay the times and sizes of FILE, a line for each message, `0.0015,64` or `1.5ms,4KiB`: one way
    /// and as round trips. It begins again at its end. Unless --measure says otherwise, an invocation lasts one pass, from
    /// the suite's time to 5s.
    #[arg(long, help_heading = WHAT, value_name = "FILE", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["size", "mix", "rate", "arrivals"])]
    pub(crate) replay: Option<PathBuf>,
    /// Write the times of each message to FILE, .csv or .parquet: when it was due, sent and received, for workloads
    /// that time each (ping-pong, paced, paced-ping-pong). At most a million messages of an invocation, and 20 million
    /// in all. The record has what it costs.
    #[arg(long, help_heading = OUT, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "resume")]
    pub(crate) raw: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tail: PercentileArgs,
}

/// Percentiles of tables.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PercentileArgs {
    /// Percentiles that the tables show: 50,90,99,99.9,99.99. A column is left out if no row has samples enough for it
    /// [default: 50,99].
    #[arg(long, help_heading = OUT, value_name = "P,...", value_delimiter = ',', value_parser = parse_percentile)]
    pub(crate) percentiles: Vec<f64>,
}
