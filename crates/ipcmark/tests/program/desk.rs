//! A user's desk: an empty folder to work in, an empty folder for temporary files, and the program.

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use ipcmark_record::Record;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Flags of a run small enough for a test: 4 cells, 2 rounds.
pub(crate) const SMALL: [&str; 9] = [
    "--transport",
    "null*",
    "--transport",
    "pipe/block",
    "--size",
    "64",
    "--rounds",
    "2",
    "--fixed",
];

pub(crate) struct Desk {
    here: TempDir,
    temporary: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk { here: TempDir::new().unwrap(), temporary: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.here.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program, ready to run here.
    pub(crate) fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("ipcmark"));
        command.current_dir(self.here.path()).env("TMPDIR", self.temporary.path());
        command.env_remove("COLUMNS");
        command
    }

    /// Runs the program with these arguments.
    pub(crate) fn ipcmark(&self, args: &[&str]) -> Assert {
        Command::from_std(self.command()).args(args).assert()
    }

    /// A small run into the folder `out`, for tests that need a record.
    pub(crate) fn small_run(&self, out: &str) -> Assert {
        let flags = [&["run"], &SMALL[..], &["--measure", "5ms", "--out", out]].concat();
        self.ipcmark(&flags).success()
    }

    /// Returns the folder of the program's temporary files.
    pub(crate) fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// Runs the program into a pipe whose reader has gone; returns exit code and standard error.
    pub(crate) fn unread(&self, args: &[&str]) -> (Option<i32>, String) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = self.command().args(args).stdout(writer).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Nothing of a run is left among the temporary files.
    pub(crate) fn assert_clean(&self) {
        let left: Vec<_> = std::fs::read_dir(self.temporary.path()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

pub(crate) fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

pub(crate) fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

pub(crate) fn record(folder: &Path) -> Record {
    Record::read(&folder.join("record.json")).unwrap()
}

/// Says why a test could not be made here.
pub(crate) fn not_tried(why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "not tried: {why}");
}
