//! The `git` program.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns a call of git in `folder` that never asks for input.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command.stdin(Stdio::null());
    command
}

/// Returns the answer of git without the end of the line; `None` if it fails or is missing.
pub(crate) fn ask<W: AsRef<OsStr>>(folder: &Path, words: &[W]) -> Option<String> {
    let output = command(folder).args(words).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
