//! The file of `run --raw`: the times of each message, written between the invocations.

use crate::exit::Usage;
use crate::output;
use crate::progress::Progress;
use anyhow::{Context as _, Result};
use ipcmark_export::{RawRow, RawWriter};
use ipcmark_harness::session::{Event, Watch};
use ipcmark_harness::{RawMessage, RawMessages};
use ipcmark_record::{Cell, Invocation};
use ipcmark_show::count;
use std::path::{Path, PathBuf};

/// Messages of a run at most: some two gigabytes of CSV.
const MOST: u64 = 20_000_000;

/// The file, and how much is in it.
#[derive(Debug)]
pub(crate) struct RawFile {
    path: PathBuf,
    /// None once it could not be written.
    writer: Option<RawWriter>,
    failed: Option<ipcmark_export::Error>,
    written: u64,
    left_out: u64,
}

impl RawFile {
    /// Makes the file.
    ///
    /// # Errors
    /// A name that ends otherwise, or that another file has; a folder that cannot be written to.
    pub(crate) fn create(path: &Path) -> Result<RawFile> {
        let writer = RawWriter::create(path)
            .map_err(|error| Usage(format!("--raw {}: {error}", path.display())))?;
        Ok(RawFile {
            path: path.into(),
            writer: Some(writer),
            failed: None,
            written: 0,
            left_out: 0,
        })
    }

    /// Removes the file again: nothing was measured.
    pub(crate) fn take_back(self) {
        let _ = std::fs::remove_file(self.path);
    }

    fn take(&mut self, cell: &Cell, invocation: &Invocation, raw: &RawMessages) {
        let room = MOST.saturating_sub(self.written) as usize;
        let kept = &raw.messages[..raw.messages.len().min(room)];
        self.left_out += raw.left_out + (raw.messages.len() - kept.len()) as u64;
        self.written += kept.len() as u64;
        let row = |RawMessage { intended_ns, sent_ns, received_ns }: &RawMessage| RawRow {
            intended_ns: *intended_ns,
            sent_ns: *sent_ns,
            received_ns: *received_ns,
        };
        let rows: Vec<RawRow> = kept.iter().map(row).collect();
        let Some(writer) = &mut self.writer else { return };
        if let Err(error) = writer.add(cell, invocation, &rows) {
            // The run goes on: its record does not need this file.
            output::warn(&format!("{}: {error}; it gets no more", self.path.display()));
            (self.writer, self.failed) = (None, Some(error));
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// A file that could not be written whole.
    pub(crate) fn finish(self, quiet: bool) -> Result<()> {
        let RawFile { path, writer, failed, written, left_out } = self;
        let whole =
            failed.map_or(Ok(()), Err).and_then(|()| writer.map_or(Ok(()), RawWriter::finish));
        whole.with_context(|| format!("{} is not whole", path.display()))?;
        let less = match left_out {
            0 => String::new(),
            n => format!("; {} beyond the bound are not in it", count(n)),
        };
        if !quiet {
            output::say(&format!("Times of {} messages: {}{less}", count(written), path.display()));
        }
        Ok(())
    }
}

/// Shows the progress of a run and keeps its raw times.
pub(crate) struct Both<'a>(pub(crate) &'a mut Option<RawFile>, pub(crate) &'a mut Progress);

impl Watch for Both<'_> {
    fn event(&mut self, event: Event<'_>) {
        if let (Some(file), Event::Visited { cell, invocation: Some(invocation), raw }) =
            (&mut *self.0, &event)
        {
            file.take(cell, invocation, raw);
        }
        self.1.event(event);
    }
}
