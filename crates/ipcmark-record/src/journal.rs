//! Writing a record while its run goes on.
//!
//! A record of a thousand invocations weighs megabytes; rewriting it after each one would move gigabytes and let the
//! disk's write-back disturb what is being measured. So the document is written whole (through a temporary file and
//! a rename) at the beginning, at the end of each round and at the end, and in between each visited cell appends one
//! line to a journal beside it. [`Record::read`] puts the two together, so a killed run loses at most the cell in
//! flight. A line torn by the kill is left out.

use crate::{Capacity, Cell, CellKey, Error, Invocation, Record, Result, State};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// One line of the journal: what one visit changed in a cell.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// [`Record::started`] of the run: lines that an earlier run left under the same name are not this run's.
    run: String,
    key: CellKey,
    state: State,
    capacity: Option<Capacity>,
    /// How many invocations the cell had before this one: a line that the document already holds is not added again.
    before: usize,
    invocation: Option<Invocation>,
}

/// Where the journal of a record lies: `record.json` has `record.json.journal`.
#[must_use]
pub fn journal_path(record: &Path) -> PathBuf {
    let mut name = record.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// Keeps the file on disk up with the run.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    /// As in [`Line::run`].
    run: String,
    journal: File,
    /// Bytes of whole lines in the journal.
    length: u64,
}

impl Writer {
    /// Writes `record` to `path` whole, and opens an empty journal beside it.
    pub fn create(path: &Path, record: &Record) -> Result<Writer> {
        let journal_path = journal_path(path);
        write_whole(path, record)?;
        let journal = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&journal_path)
            .and_then(|file| file.set_len(0).map(|()| file))
            .map_err(|e| Error::io("write", &journal_path, e))?;
        Ok(Writer { path: path.into(), run: record.started.clone(), journal, length: 0 })
    }

    /// Appends what the visit of `cell` brought: its state and, when there is one, its newest invocation.
    ///
    /// # Errors
    /// When the file system refuses, the line is lost and the ones before it stay whole, so a later call may succeed.
    pub fn append(&mut self, cell: &Cell, newest: Option<&Invocation>) -> Result<()> {
        let line = Line {
            run: self.run.clone(),
            key: cell.key.clone(),
            state: cell.state.clone(),
            capacity: cell.capacity,
            before: cell.invocations.len() - usize::from(newest.is_some()),
            invocation: newest.cloned(),
        };
        let mut text = serde_json::to_string(&line).expect("a line is plain JSON");
        text.push('\n');
        if let Err(e) = self.journal.write_all(text.as_bytes()) {
            // A disk that fills up takes half a line; the next one would be glued to it, and both unreadable.
            let _ = self.journal.set_len(self.length);
            return Err(Error::io("write", &journal_path(&self.path), e));
        }
        self.length += text.len() as u64;
        Ok(())
    }

    /// Writes `record` whole and empties the journal.
    pub fn checkpoint(&mut self, record: &Record) -> Result<()> {
        write_whole(&self.path, record)?;
        self.run.clone_from(&record.started);
        self.journal.set_len(0).map_err(|e| Error::io("truncate", &journal_path(&self.path), e))?;
        self.length = 0;
        Ok(())
    }

    /// Writes `record` whole and removes the journal.
    pub fn finish(mut self, record: &Record) -> Result<()> {
        self.checkpoint(record)?;
        let journal = journal_path(&self.path);
        std::fs::remove_file(&journal).map_err(|e| Error::io("remove", &journal, e))
    }
}

/// Through a temporary file in the same folder and a rename: readers see the old document or the new one.
fn write_whole(path: &Path, record: &Record) -> Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let written = File::create(&temporary).and_then(|mut file| {
        let text = serde_json::to_vec(record).expect("a record is plain JSON");
        file.write_all(&text)?;
        file.write_all(b"\n")
    });
    let placed = written.map_err(|e| Error::io("write", path, e)).and_then(|()| {
        std::fs::rename(&temporary, path).map_err(|e| Error::io("replace", path, e))
    });
    if placed.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    placed
}

/// Adds what the journal beside `path` holds to `record`. No journal, nothing to add.
pub(crate) fn replay(path: &Path, record: &mut Record) -> Result<()> {
    let journal = journal_path(path);
    let bytes = match std::fs::read(&journal) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("read", &journal, e)),
    };
    // In bytes: the last line may be torn inside a character.
    let complete = bytes.iter().rposition(|b| *b == b'\n').map_or(&[][..], |end| &bytes[..end]);
    let lines = complete.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    for (number, line) in lines {
        let line: Line = serde_json::from_slice(line).map_err(|e| Error::Damaged {
            name: journal.display().to_string(),
            what: format!("line {}: {e}", number + 1),
        })?;
        if line.run != record.started {
            continue;
        }
        let Some(cell) = record.cells.iter_mut().find(|c| c.key == line.key) else {
            return Err(Error::Damaged {
                name: journal.display().to_string(),
                what: format!("line {}: the record has no cell {}", number + 1, line.key),
            });
        };
        // More than the document has is no reason: a full disk may have eaten the line before.
        if line.before < cell.invocations.len() {
            continue;
        }
        cell.state = line.state;
        cell.capacity = line.capacity.or(cell.capacity);
        cell.invocations.extend(line.invocation);
    }
    Ok(())
}
