//! The `git` program.

use ipcmark_record::Checkout;
use jiff::Timestamp;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// Variables that git sets for hooks, and that would lead a command to another repository.
const OF_HOOKS: [&str; 5] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"];

/// Returns a call of git in `folder` that never asks for input.
#[must_use]
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    for name in OF_HOOKS {
        command.env_remove(name);
    }
    // Reading the state of the tree must not write the index.
    command.env("GIT_OPTIONAL_LOCKS", "0");
    command.stdin(Stdio::null());
    command
}

/// Returns the answer of git without the end of the line; `None` if it fails or is missing.
pub(crate) fn ask<W: AsRef<OsStr>>(folder: &Path, words: &[W]) -> Option<String> {
    tell(folder, words).ok()
}

/// Returns the answer of git without the end of the line.
///
/// # Errors
/// The reason, as git says it: its first fatal line, and the command that it proposes.
pub fn tell<W: AsRef<OsStr>>(folder: &Path, words: &[W]) -> Result<String, String> {
    let output =
        command(folder).args(words).output().map_err(|e| format!("cannot start git: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines = || said.lines().map(str::trim);
    let fatal = lines().find_map(|line| line.strip_prefix("fatal: "));
    let first = fatal.or_else(|| lines().next()).unwrap_or_default();
    Err(match lines().find(|line| line.starts_with("git config ")) {
        Some(remedy) => format!("{first}; to allow it: {remedy}"),
        None => first.to_owned(),
    })
}

/// Finds the checkout that `folder` is in; `None` if it is in none.
#[must_use]
pub fn checkout(folder: &Path) -> Option<Checkout> {
    let head = ["show", "--no-patch", "--format=%H %ct", "HEAD"];
    let told = match tell(folder, &head) {
        Ok(told) => told,
        Err(why) if why.starts_with("not a git repository") => return None,
        Err(why) => return Some(Checkout { refused: Some(why), ..Checkout::default() }),
    };
    let (commit, seconds) = told.split_once(' ')?;
    let time = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    // Files that git does not track, such as reports, change no build.
    let changes = ask(folder, &["status", "--porcelain", "--untracked-files=no"]);
    let branch = ask(folder, &["branch", "--show-current"]);
    Some(Checkout {
        commit: Some(commit.into()),
        commit_time: time.map(|time| time.to_string()),
        branch: branch.filter(|name| !name.is_empty()),
        clean: changes.map(|changes| changes.is_empty()),
        refused: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Provenance;

    fn git(folder: &Path, words: &[&str]) {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let output = command(folder).args(who).args(words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    // F11
    #[test]
    fn a_run_keeps_the_commit_that_was_checked_out_when_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(checkout(folder), None);
        git(folder, &["init", "--quiet", "--initial-branch=work"]);
        assert!(checkout(folder).unwrap().refused.is_some(), "no commit yet");
        std::fs::write(folder.join("a"), "1").unwrap();
        git(folder, &["add", "a"]);
        git(folder, &["commit", "--quiet", "--message=A"]);
        std::fs::write(folder.join("untracked"), "1").unwrap();
        let first = checkout(folder).unwrap();
        assert_eq!((first.clean, first.branch.as_deref()), (Some(true), Some("work")));
        git(folder, &["commit", "--quiet", "--allow-empty", "--message=B"]);
        let found = |measured, variable: fn(&str) -> Option<String>| {
            Provenance::found(folder, None, measured, variable)
        };
        let nothing = |_: &str| None;
        let later = found(None, nothing);
        assert_ne!(later.commit, first.commit, "the checkout went on");
        let kept = found(Some(&first), nothing);
        assert_eq!((&kept.commit, kept.branch.as_deref()), (&first.commit, Some("work")));
        let time = kept.commit_time.map(|time| time.to_string());
        assert_eq!(time, first.commit_time);
        // The user's own word comes first, that of the CI system last.
        let of_ci = |name: &str| (name == "GITHUB_SHA").then(|| "a".repeat(40));
        assert_eq!(found(Some(&first), of_ci).commit, first.commit);
        let own = |name: &str| (name == "IPCMARK_COMMIT").then(|| "a".repeat(40));
        assert_eq!(found(Some(&first), own).commit, Some("a".repeat(40)));
        std::fs::write(folder.join("a"), "2").unwrap();
        let changed = checkout(folder).unwrap();
        assert_eq!(changed.clean, Some(false));
        let kept = found(Some(&changed), nothing).commit.unwrap();
        assert_eq!(kept, format!("{}-dirty", changed.commit.unwrap()));
    }

    // M4
    #[test]
    fn git_says_why_it_refuses() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet"]);
        let refusing = folder.path().join(".git");
        // Owners can be changed by root only; a damaged repository is refused by git for everybody.
        std::fs::write(refusing.join("config"), "[core]\n\trepositoryformatversion = 99\n")
            .unwrap();
        let refused = checkout(folder.path()).unwrap().refused.unwrap();
        assert!(refused.contains("99"), "{refused}");
        let found = Provenance::found(folder.path(), None, None, |_| None);
        assert_eq!((found.commit, found.unknown), (None, Some(refused)));
    }
}
