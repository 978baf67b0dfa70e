//! Errors of comparisons and of policies.

/// Result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The reason why something cannot be compared, or a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The records come from machines that differ in what determines the figures.
    #[error(
        "the records come from different machines ({}), which alone makes their figures differ; \
         measure both on one machine, or compare each with the limits of its own machine \
         (`ipcmark compare --across-hosts`)",
        differences.join("; ")
    )]
    HostsDiffer {
        /// Each fact that differs, with both values.
        differences: Vec<String>,
    },
    /// A record cannot be summed up.
    #[error("the {which} record: {source}")]
    Record {
        /// `base` or `new`.
        which: &'static str,
        /// The reason.
        source: ipcmark_summary::Error,
    },
    /// Fewer than two runs.
    #[error("{runs} records cannot agree or disagree; give at least two of one suite")]
    TooFewRuns {
        /// Number of records given.
        runs: usize,
    },
    /// The policy's file cannot be read.
    #[error("no policy: {source}; write one with `ipcmark gate --print-policy > {file}`")]
    NoPolicy {
        /// The file.
        file: String,
        /// The reason.
        source: ipcmark_record::Error,
    },
    /// Something in a policy is wrong, at a place.
    #[error(transparent)]
    Policy(#[from] ipcmark_suite::Error),
}
