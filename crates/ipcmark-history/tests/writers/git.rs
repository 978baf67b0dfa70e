//! Branches: of a repository here, and of a remote that two checkouts share.

use crate::trial;
use crate::writer::{killed_often, run, two_at_once};
use ipcmark_history::store;
use libtest_mimic::Trial;
use std::path::Path;
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("git::two_writers_at_once", two_writers),
        trial("git::two_writers_push_to_one_remote", two_push),
        trial("git::killed_writers_lose_nothing", killed),
        trial("git::a_shallow_checkout_without_a_name_will_do", shallow),
        trial("git::names_that_mean_nothing_are_refused", refused),
    ]
}

/// Git in `folder`, which must succeed; what it says.
fn git(folder: &Path, words: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(folder).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A repository with one commit and a change that is not committed.
fn repository(folder: &Path) {
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    for (key, value) in [("user.name", "Somebody"), ("user.email", "somebody@localhost")] {
        git(folder, &["config", key, value]);
    }
    std::fs::write(folder.join("file"), "one").unwrap();
    git(folder, &["add", "file"]);
    git(folder, &["commit", "--quiet", "--message", "One"]);
    std::fs::write(folder.join("file"), "two").unwrap();
}

/// The work tree, the index and what is checked out are as [`repository`] left them, and git finds no fault.
fn assert_untouched(folder: &Path) {
    assert_eq!(git(folder, &["status", "--porcelain", "--branch"]).lines().last(), Some(" M file"));
    assert_eq!(git(folder, &["log", "--format=%s", "main"]), "One");
    assert_eq!(git(folder, &["stash", "list"]), "");
    git(folder, &["fsck", "--strict"]);
}

fn two_writers() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    two_at_once([folder.path(); 2], "git:history", [0..20, 20..40]);
    assert_untouched(folder.path());
    let commits = git(folder.path(), &["rev-list", "--count", "--first-parent", "history"]);
    assert_eq!(commits, "40", "a commit a run, one after the other");
}

fn two_push() {
    let place = tempfile::tempdir().unwrap();
    let [remote, a, b] = ["remote", "a", "b"].map(|name| place.path().join(name));
    git(place.path(), &["init", "--quiet", "--bare", "remote"]);
    for checkout in [&a, &b] {
        std::fs::create_dir(checkout).unwrap();
        repository(checkout);
        git(checkout, &["remote", "add", "origin", remote.to_str().unwrap()]);
    }
    two_at_once([&a, &b], "git:bench/history@origin", [0..20, 20..40]);
    for checkout in [&a, &b] {
        assert_untouched(checkout);
        assert_eq!(git(checkout, &["branch", "--list"]), "* main", "no branch is made here");
    }
    assert_eq!(git(&remote, &["rev-list", "--count", "bench/history"]), "40");
    git(&remote, &["fsck", "--strict"]);
}

fn killed() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    killed_often(folder.path(), "git:history");
    assert_untouched(folder.path());
}

fn shallow() {
    let place = tempfile::tempdir().unwrap();
    let [origin, job] = ["origin", "job"].map(|name| place.path().join(name));
    std::fs::create_dir(&origin).unwrap();
    repository(&origin);
    store::open_at(&origin, "git:history").unwrap().append(&run(0)).unwrap();
    let url = format!("file://{}", origin.display());
    git(place.path(), &["clone", "--quiet", "--depth=1", "--branch=main", &url, "job"]);
    let detached = git(&job, &["rev-parse", "HEAD"]);
    git(&job, &["checkout", "--quiet", "--detach"]);
    // What git would take for a name is what a job's machine has not.
    git(&job, &["config", "user.useConfigOnly", "true"]);
    let store = store::open_at(&job, "git:history@origin").unwrap();
    store.append(&run(1)).unwrap();
    assert_eq!(store.lines().unwrap().runs.len(), 2);
    assert_eq!(git(&job, &["rev-parse", "HEAD"]), detached);
    assert_eq!(git(&job, &["status", "--porcelain"]), "");
    assert_eq!(store::open_at(&origin, "git:history").unwrap().lines().unwrap().runs.len(), 2);
}

fn refused() {
    let folder = tempfile::tempdir().unwrap();
    let no_repository = folder.path().join("none");
    std::fs::create_dir(&no_repository).unwrap();
    let repository_at = folder.path().join("some");
    std::fs::create_dir(&repository_at).unwrap();
    repository(&repository_at);
    let at = |folder: &Path, name: &str| {
        store::open_at(folder, name).err().unwrap_or_else(|| panic!("{name} is taken")).to_string()
    };
    for (name, part) in [
        ("git:a..b", "must name a branch"),
        ("git:", "must name a branch"),
        ("git:history@upstream", "'upstream' is no remote of this repository (there is none)"),
        ("ftp://host/x", "s3://BUCKET/PREFIX"),
        ("", "give a path"),
    ] {
        let said = at(&repository_at, name);
        assert!(said.contains(part), "{name}: {said}");
    }
    let said = at(&no_repository, "git:history");
    assert!(said.contains("not a git repository"), "{said}");
    #[cfg(not(feature = "object-store"))]
    assert!(at(&no_repository, "s3://bucket/x").contains("--features object-store"));
}
