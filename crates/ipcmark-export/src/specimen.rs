//! The record that the tests of the formats share: made once, because a build without optimization takes seconds for it.

use ipcmark_record::{Record, sample};
use ipcmark_summary::{Summary, summarize};
use std::sync::LazyLock;

/// Every kind of cell, every workload.
pub(crate) static RECORD: LazyLock<Record> = LazyLock::new(|| sample::every(1, 6));
/// Its rows.
pub(crate) static SUMMARY: LazyLock<Summary> =
    LazyLock::new(|| summarize(&RECORD).expect("the sample is whole"));
