//! Why two records are not compared.

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Why two records are not compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// They come from machines that differ in what decides about the figures.
    #[error(
        "the records come from different hosts ({}): their figures differ for that alone; measure both on one host, or hold each against the limits of its own with --across-hosts",
        differences.join("; ")
    )]
    HostsDiffer {
        /// Each fact that differs, with both values.
        differences: Vec<String>,
    },
    /// One of them cannot be summed up.
    #[error("the {which} record: {source}")]
    Record {
        /// `base` or `new`.
        which: &'static str,
        /// Why.
        source: ipcmark_summary::Error,
    },
    /// One run agrees with nothing.
    #[error("{runs} records cannot agree or disagree; give at least two of one suite")]
    TooFewRuns {
        /// How many were given.
        runs: usize,
    },
}
