//! Reasons why a record cannot be summed up.

use ipcmark_record::CellKey;

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Reason why a record cannot be summed up, and the cell at fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A histogram of the record cannot be read.
    #[error(
        "cell {key}, invocation {invocation}, {side}: {source}; the record is damaged there: measure again, or take the cell out of it"
    )]
    Histogram {
        /// Key of the cell.
        key: Box<CellKey>,
        /// Index of the invocation in its cell, from 0.
        invocation: usize,
        /// Name of the side.
        side: String,
        /// Error of the histogram.
        source: ipcmark_record::Error,
    },
    /// Values of one cell are of different kinds, and cannot be merged.
    #[error(
        "cell {key}, invocation {invocation}: its histogram holds {found:?}, the invocations before it hold {expected:?}"
    )]
    MixedUnits {
        /// Key of the cell.
        key: Box<CellKey>,
        /// Index of the invocation in its cell, from 0.
        invocation: usize,
        /// Unit of its histogram.
        found: ipcmark_record::Unit,
        /// Unit of the histograms before it.
        expected: ipcmark_record::Unit,
    },
}
