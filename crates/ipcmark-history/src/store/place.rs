//! The operations of a place, and the store that is built on them.

use super::{Appended, Repaired, Store};
use crate::lines::TroubleKind;
use crate::run::unpack;
use crate::{Error, Lines, Result, Run};
use ipcmark_record::Record;
use std::collections::{BTreeSet, HashMap};

/// A place for files that never change. Names are `folder/folder/file`.
pub(super) trait Place {
    /// Puts files there, in this order, each of them whole or not at all; of a name that is there already the file stays, unless
    /// it is to be replaced. Tells of each whether it was there.
    fn put(&self, files: &[Item<'_>]) -> Result<Vec<bool>>;

    /// Lists all names below a folder, sorted; none if there is no such folder.
    fn list(&self, folder: &str) -> Result<Vec<String>>;

    /// Reads some files, in their order; `None` for a missing one.
    fn read(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>>;

    /// Returns its name.
    fn name(&self) -> String;
}

/// One file on its way to its place.
#[derive(Debug, Clone)]
pub(super) struct Item<'b> {
    pub(super) name: String,
    pub(super) bytes: &'b [u8],
    /// True where what lies there is known to be worth nothing.
    pub(super) replace: bool,
}

/// The layout on a place.
#[derive(Debug)]
pub(super) struct Shelved<P>(P);

impl<P: Place> Shelved<P> {
    pub(super) fn new(place: P) -> Self {
        Shelved(place)
    }

    fn read_one(&self, name: String) -> Result<Option<Vec<u8>>> {
        Ok(self.0.read(&[name])?.pop().flatten())
    }
}

const RUNS: (&str, &str) = ("runs/", ".json.gz");
const LINES: (&str, &str) = ("lines/", ".ndjson");

fn file_of((folder, ending): (&str, &str), key: &str) -> String {
    format!("{folder}{key}{ending}")
}

fn key_of<'n>((folder, ending): (&str, &str), name: &'n str) -> Option<&'n str> {
    name.strip_prefix(folder)?.strip_suffix(ending)
}

impl<P: Place> Store for Shelved<P> {
    fn append(&self, run: &Run) -> Result<Appended> {
        let line = run.line_text();
        let item = |name, bytes| Item { name, bytes, replace: false };
        let there = self.0.put(&[
            item(file_of(RUNS, run.key()), run.packed()),
            item(file_of(LINES, run.key()), &line),
        ])?;
        Ok(if there.iter().all(|was| *was) { Appended::Already } else { Appended::New })
    }

    fn lines(&self) -> Result<Lines> {
        let mut lines = Lines::default();
        // Lines first: a run added meanwhile then has its record in the second list.
        let names = self.0.list(LINES.0)?;
        let runs = self.0.list(RUNS.0)?;
        for (name, bytes) in names.iter().zip(self.0.read(&names)?) {
            lines.read(name, &bytes.unwrap_or_default());
        }
        let with_line: BTreeSet<&str> = names.iter().filter_map(|n| key_of(LINES, n)).collect();
        let with_record: BTreeSet<&str> = runs.iter().filter_map(|n| key_of(RUNS, n)).collect();
        let listed: BTreeSet<String> = lines.runs.iter().map(|line| line.run.clone()).collect();
        for key in
            with_record.iter().filter(|key| !with_line.contains(*key) && !listed.contains(**key))
        {
            lines.trouble(&file_of(RUNS, key), TroubleKind::NoLine);
        }
        for key in listed.iter().filter(|key| !with_record.contains(key.as_str())) {
            lines.trouble(&file_of(LINES, key), TroubleKind::NoRecord);
        }
        lines.settle();
        Ok(lines)
    }

    fn record(&self, key: &str) -> Result<Record> {
        let name = file_of(RUNS, key);
        let no_run = || Error::NoRun { store: self.name(), key: key.into() };
        let packed = self.read_one(name.clone())?.ok_or_else(no_run)?;
        Ok(unpack(&packed, &name)?.0)
    }

    fn repair(&self) -> Result<Repaired> {
        let mut repaired = Repaired::default();
        let troubles = self.lines()?.troubles;
        let wanted = troubles.iter().filter_map(|trouble| match trouble.kind {
            TroubleKind::NoLine => key_of(RUNS, &trouble.file).map(|key| (key, false)),
            TroubleKind::CutShort | TroubleKind::Damaged { .. } => {
                key_of(LINES, &trouble.file).map(|key| (key, true))
            }
            _ => None,
        });
        let wanted: HashMap<&str, bool> = wanted.collect();
        let mut keys: Vec<_> = wanted.into_iter().collect();
        keys.sort_unstable();
        for (key, replace) in keys {
            match self.line_from_record(key) {
                Ok(line) => {
                    self.0.put(&[Item { name: file_of(LINES, key), bytes: &line, replace }])?;
                    let done = if replace { &mut repaired.renewed } else { &mut repaired.adopted };
                    done.push(key.into());
                }
                Err(error) => repaired.left.push(format!("{}: {error}", file_of(LINES, key))),
            }
        }
        Ok(repaired)
    }

    fn name(&self) -> String {
        self.0.name()
    }
}

impl<P: Place> Shelved<P> {
    fn line_from_record(&self, key: &str) -> Result<Vec<u8>> {
        let name = file_of(RUNS, key);
        let no_run = || Error::NoRun { store: self.name(), key: key.into() };
        let packed = self.read_one(name.clone())?.ok_or_else(no_run)?;
        let (record, provenance) = unpack(&packed, &name)?;
        Ok(Run::of(&record, &provenance, None)?.line_text())
    }
}
