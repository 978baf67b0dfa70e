//! Writing a record while its run goes on.
//!
//! A record of a thousand invocations weighs megabytes; rewriting it after each one would move gigabytes and let the
//! disk's write-back disturb what is being measured. So the document is written whole (through a temporary file and
//! a rename) at the beginning, at the end of each round and at the end, and in between each visited cell appends one
//! line to a journal next to it. [`Record::read`] puts the two together, so a killed run loses at most the cell in
//! flight. A line torn by the kill is left out. Each visit also begins with a line, so that a reader knows in which cell
//! the run died; so do the measurements of limits.
//!
//! The journal is locked (`flock(2)`) as long as the run goes on, so that no second process keeps the same record.

use crate::{Capacity, Cell, CellKey, Error, Invocation, Record, Result, State};
use crate::{files, harmless};
use serde::{Deserialize, Serialize};
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Number of times that a lock is asked for. The sides of a run that was just killed hold its
/// descriptors, and so its lock, until the kernel has ended them.
const TRIES: u32 = 20;
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(25);

/// One line of the journal: what one visit changed in a cell.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// [`Record::started`] of the run: lines that an earlier run left under the same name are not this run's.
    run: String,
    key: CellKey,
    state: State,
    capacity: Option<Capacity>,
    /// Number of invocations that the cell had before this one: a line that the document already
    /// has is not added twice.
    before: usize,
    invocation: Option<Invocation>,
    /// Round of a visit that begins with this line; absent in a line that ends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begins: Option<u32>,
}

/// A line that begins or ends a measurement of the limits. What it found is in the next whole document.
#[derive(Debug, Serialize, Deserialize)]
struct LimitsLine {
    /// Start of the run: see [`Line::run`].
    run: String,
    limits: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Moment {
    Begin,
    End,
}

/// The thing that a run was doing when it wrote its last line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UnderWay {
    /// It visited the cell with this index, in this round.
    Visit(usize, u32),
    /// It measured limits.
    Limits,
}

/// Returns the path of a record's journal: `record.json` has `record.json.journal`.
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
    /// Start of the run, see [`Line::run`].
    run: String,
    journal: File,
    /// Bytes of whole lines in the journal.
    length: u64,
}

impl Writer {
    /// Locks the record at `path`, writes `record` there whole, and opens an empty journal next to
    /// it.
    ///
    /// # Errors
    /// [`Error::Busy`] when another process keeps this record; [`Error::Outdated`] when `record` is an older state of
    /// the run that lies there; whatever the file system refuses.
    pub fn create(path: &Path, record: &Record) -> Result<Writer> {
        let journal_path = journal_path(path);
        let is_new = !journal_path.exists();
        let journal = lock(path)?;
        let begun = refuse_to_lose(path, record)
            .and_then(|()| write_whole(path, record).map_err(|e| e.keeping(path)))
            .and_then(|()| journal.set_len(0).map_err(|e| Error::io("truncate", &journal_path, e)));
        if let Err(e) = begun {
            if is_new {
                let _ = std::fs::remove_file(&journal_path);
            }
            return Err(e);
        }
        Ok(Writer { path: path.into(), run: record.started.clone(), journal, length: 0 })
    }

    /// Appends that a visit of `cell` begins. If no line follows, the run died during it.
    ///
    /// # Errors
    /// As [`append`](Writer::append).
    pub fn begin(&mut self, cell: &Cell, round: u32) -> Result<()> {
        self.add(cell, None, Some(round))
    }

    /// Appends what the visit of `cell` brought: its state and, when there is one, its newest invocation.
    ///
    /// # Errors
    /// When the file system refuses, the line is lost and the ones before it stay whole, so a later call may succeed.
    pub fn append(&mut self, cell: &Cell, newest: Option<&Invocation>) -> Result<()> {
        self.add(cell, newest, None)
    }

    /// Appends that a measurement of limits begins. If no line follows, the run died during it.
    ///
    /// # Errors
    /// As [`append`](Writer::append).
    pub fn begin_limits(&mut self) -> Result<()> {
        self.write(&LimitsLine { run: self.run.clone(), limits: Moment::Begin })
    }

    /// Appends that the measurement of limits ended.
    ///
    /// # Errors
    /// As [`append`](Writer::append).
    pub fn end_limits(&mut self) -> Result<()> {
        self.write(&LimitsLine { run: self.run.clone(), limits: Moment::End })
    }

    fn add(&mut self, cell: &Cell, newest: Option<&Invocation>, begins: Option<u32>) -> Result<()> {
        self.write(&Line {
            run: self.run.clone(),
            key: cell.key.clone(),
            state: cell.state.clone(),
            capacity: cell.capacity,
            before: cell.invocations.len() - usize::from(newest.is_some()),
            invocation: newest.cloned(),
            begins,
        })
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string(line).expect("a line is plain JSON");
        text.push('\n');
        if let Err(e) = self.journal.write_all(text.as_bytes()) {
            // A disk that fills up takes half a line; the next one would be glued to it, and both unreadable.
            let _ = self.journal.set_len(self.length);
            return Err(Error::io("write", &journal_path(&self.path), e).keeping(&self.path));
        }
        self.length += text.len() as u64;
        Ok(())
    }

    /// Writes `record` whole and empties the journal.
    pub fn checkpoint(&mut self, record: &Record) -> Result<()> {
        if !is_named(&self.journal, &self.path) {
            self.begin_again(record)?;
        }
        write_whole(&self.path, record).map_err(|e| e.keeping(&self.path))?;
        self.run.clone_from(&record.started);
        self.journal
            .set_len(0)
            .map_err(|e| Error::io("truncate", &journal_path(&self.path), e).keeping(&self.path))?;
        self.length = 0;
        Ok(())
    }

    /// Writes `record` whole and removes the journal.
    pub fn finish(mut self, record: &Record) -> Result<()> {
        self.checkpoint(record)?;
        let journal = journal_path(&self.path);
        std::fs::remove_file(&journal).map_err(|e| Error::io("remove", &journal, e))
    }

    /// Makes the folder and the journal again: somebody removed them, or moved them away. All that was measured is in `record`.
    fn begin_again(&mut self, record: &Record) -> Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| Error::io("make", folder, e))?;
        }
        self.journal = lock(&self.path)?;
        // Another run may have taken the place.
        refuse_to_lose(&self.path, record)
    }
}

/// Returns true if the journal's name still means the open file.
fn is_named(journal: &File, record: &Path) -> bool {
    let identity = |file: std::io::Result<Metadata>| file.ok().map(|file| (file.dev(), file.ino()));
    let named = std::fs::symlink_metadata(journal_path(record));
    identity(named).is_some_and(|named| Some(named) == identity(journal.metadata()))
}

/// Opens the journal of the record at `path` and locks it. The process that held the lock before may
/// have removed the file, so the lock counts only if the name still means the locked file.
fn lock(path: &Path) -> Result<File> {
    let journal_path = journal_path(path);
    let refused = |e| Error::io("write", path, e).keeping(path);
    if journal_path.is_symlink() {
        let link =
            std::io::Error::other("it is a link, and a link could lead to any file: remove it");
        return Err(Error::io("write", &journal_path, link));
    }
    for _ in 0..TRIES {
        let open = OpenOptions::new().create(true).append(true).open(&journal_path);
        let journal = open.map_err(refused)?;
        match journal.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(PAUSE);
                continue;
            }
            // Some network file systems have no locks; one process is the rule there, too.
            Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &journal_path, e)),
        }
        if is_named(&journal, path) {
            return Ok(journal);
        }
    }
    Err(Error::Busy { path: path.display().to_string() })
}

/// Refuses to overwrite another run, or this run if another process has resumed it between our reading it and our lock.
fn refuse_to_lose(path: &Path, record: &Record) -> Result<()> {
    // A damaged or foreign file holds nothing that could be lost.
    let there = crate::read_text(path).and_then(|text| {
        let mut there = Record::parse(&text, "")?;
        replay(path, &mut there, |_| {}).map(|_| there)
    });
    let Ok(there) = there else { return Ok(()) };
    if there.started != record.started {
        return Err(Error::Taken { path: path.display().to_string() });
    }
    let good = |cell: &Cell| cell.invocations.iter().filter(|i| i.is_ok()).count();
    let grown = there
        .cells
        .iter()
        .any(|old| record.cell(&old.key).is_some_and(|new| good(new) < good(old)));
    match grown {
        true => Err(Error::Outdated { path: path.display().to_string() }),
        false => Ok(()),
    }
}

/// Writes a document whole. The disk has it before this returns: the journal is emptied next.
pub(crate) fn write_whole(path: &Path, document: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec(document).expect("a document is plain JSON");
    text.push(b'\n');
    files::replace_for_good(path, &text).map_err(|e| Error::io("write", path, e))
}

/// Notes in `record` what its run was doing when it died, if no process keeps the record any longer; `warn`
/// hears of it.
pub(crate) fn note_death(
    path: &Path,
    record: &mut Record,
    under_way: UnderWay,
    mut warn: impl FnMut(&str),
) {
    if is_kept(path) {
        return;
    }
    let (what, it, is_deadly) = match under_way {
        UnderWay::Visit(index, round) => {
            let cell = &mut record.cells[index];
            cell.note_death(round);
            (cell.key.to_string(), "it", cell.is_deadly())
        }
        UnderWay::Limits => {
            record.limit_deaths += 1;
            ("the limits of the machine".into(), "them", record.limits_are_deadly())
        }
    };
    let then = match is_deadly {
        true => format!("skips {it}, unless --retry is given"),
        false => format!("tries {it} again"),
    };
    warn(&format!("the run died while it measured {what}; a resumed run {then}"));
}

/// Returns true if a process keeps the record at `path`.
fn is_kept(path: &Path) -> bool {
    for _ in 0..TRIES {
        let tried = File::open(journal_path(path)).map(|journal| journal.try_lock_shared());
        if !matches!(tried, Ok(Err(TryLockError::WouldBlock))) {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

/// Adds the lines of the journal next to `path` to `record`; returns what has begun in it and has no end. Without a journal it adds nothing. A damaged line costs no other line: `warn` hears of it, and a resumed run
/// measures its invocation again.
pub(crate) fn replay(
    path: &Path,
    record: &mut Record,
    mut warn: impl FnMut(&str),
) -> Result<Option<UnderWay>> {
    let journal = journal_path(path);
    let bytes = match files::read(&journal) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("read", &journal, e)),
    };
    let mut under_way = None;
    // In bytes: the last line may be torn inside a character.
    let complete = bytes.iter().rposition(|b| *b == b'\n').map_or(&[][..], |end| &bytes[..end]);
    let lines = complete.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    for (number, line) in lines {
        let mut leave_out = |what: &str| {
            warn(&format!("{}: line {} is left out: {what}", journal.display(), number + 1));
        };
        let line: Line = match harmless::from_slice(line) {
            Ok(line) => line,
            Err(e) => {
                match harmless::from_slice::<LimitsLine>(line) {
                    Ok(line) if line.run == record.started => {
                        under_way = (line.limits == Moment::Begin).then_some(UnderWay::Limits);
                    }
                    Ok(_) => {}
                    Err(_) => leave_out(&e.to_string()),
                }
                continue;
            }
        };
        if line.run != record.started {
            continue;
        }
        let Some(index) = record.cells.iter().position(|c| c.key == line.key) else {
            leave_out(&format!("the record has no cell {}", line.key));
            continue;
        };
        let cell = &mut record.cells[index];
        under_way = None;
        // More than the document has is no reason: a full disk may have eaten the line before.
        if line.before < cell.invocations.len() {
            continue;
        }
        cell.state = line.state;
        cell.capacity = line.capacity.or(cell.capacity);
        cell.invocations.extend(line.invocation);
        under_way = line.begins.map(|round| UnderWay::Visit(index, round));
    }
    Ok(under_way)
}
