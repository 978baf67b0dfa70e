//! Why a record cannot be summed up.

use ipcmark_record::CellKey;

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a record cannot be summed up, and in which cell.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A histogram of the record cannot be read.
    #[error(
        "cell {key}, invocation {invocation}, {side}: {source}; the record is damaged there: measure again, or take the cell out of it"
    )]
    Histogram {
        /// Which cell.
        key: Box<CellKey>,
        /// Which of its invocations, from 0.
        invocation: usize,
        /// Which side's.
        side: String,
        /// What is wrong with it.
        source: ipcmark_record::Error,
    },
    /// Values of one cell are of different kinds, and cannot be put together.
    #[error(
        "cell {key}, invocation {invocation}: its histogram holds {found:?}, the invocations before it hold {expected:?}"
    )]
    MixedUnits {
        /// Which cell.
        key: Box<CellKey>,
        /// Which of its invocations, from 0.
        invocation: usize,
        /// What it holds.
        found: ipcmark_record::Unit,
        /// What the ones before it hold.
        expected: ipcmark_record::Unit,
    },
}
