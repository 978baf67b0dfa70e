//! The `git` program: asked in a folder, for one answer.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// A call of git in `folder` that asks nobody anything.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command.stdin(Stdio::null());
    command
}

/// What git answers, without the end of the line; `None` when it fails or is not there.
pub(crate) fn ask<W: AsRef<OsStr>>(folder: &Path, words: &[W]) -> Option<String> {
    let output = command(folder).args(words).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
