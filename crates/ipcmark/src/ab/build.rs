//! Builds programs from a revision of the current checkout, in a temporary worktree.
//!
//! Everything is in `ipcmark-ab` in cargo's target folder, so that `cargo clean` removes it:
//!
//! - `tree`: the worktree during a build. Its place never changes: for cargo, another place is another
//!   program.
//! - `target`: cargo's own files.
//! - `programs`: the programs, by commit, compiler and flags: a second time nothing is built.
//! - `lock`: held during a build, so that two do not share a tree. The next build removes the tree of a
//!   killed one.

mod cargo;
mod git;
#[cfg(test)]
mod tests;

use crate::output;
use anyhow::{Context as _, Result, bail};
use cargo::Project;
use git::{Checkout, Worktree};
use ipcmark_show::wall;
use ipcmark_sys::process::{self, Interrupts};
use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Number of programs that are kept, the youngest.
const KEPT: usize = 8;
/// Time between two tries of a lock, and two looks at a build.
const LOOK: Duration = Duration::from_millis(100);
/// Variables that change what cargo builds of one commit.
const FLAGS: [&str; 4] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTUP_TOOLCHAIN"];

/// Returns the program of a revision of the current checkout, building it if needed.
///
/// # Errors
/// No checkout, no such revision, no cargo, no such program in it, a build that fails; an interruption.
pub(crate) fn program_of(rev: &str, quiet: bool) -> Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    // A program with a catalog of its own has a name of its own.
    let own = std::env::current_exe().context("cannot tell the name of this program")?;
    let own = own.file_name().unwrap_or_default().to_string_lossy();
    // The kernel's word for a file that was replaced since.
    program_in(&here, None, (rev, own.trim_end_matches(" (deleted)")), quiet)
}

/// Returns the program of the checkout around `here`, which is called `own` if there is one of that name; `target` replaces
/// cargo's target folder.
fn program_in(
    here: &Path,
    target: Option<&Path>,
    (rev, own): (&str, &str),
    quiet: bool,
) -> Result<PathBuf> {
    let _interrupts = Interrupts::handle()?;
    let checkout = Checkout::around(here)?;
    let commit = checkout.commit(rev)?;
    let project = Project::around(here)?;
    let home = target.unwrap_or(&project.target).join("ipcmark-ab");
    let (_, binary) = project.program(own)?;
    let program = home.join("programs").join(key(&commit)).join(binary);
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let _lock = lock(&home.join("lock"), quiet)?;
    if program.is_file() {
        return Ok(program);
    }
    let begun = Instant::now();
    let name = checkout.in_words(&commit, rev);
    if !quiet {
        output::say(&format!("Building {name}; kept in {} for the next time.", home.display()));
    }
    let tree = Worktree::add(&checkout, &home.join("tree"), &commit)?;
    let place = tree.path().join(checkout.inside(&project.root));
    let built =
        cargo::build(&place, own, &home, quiet).with_context(|| format!("cannot build {name}"))?;
    keep(&built, &program)?;
    drop(tree);
    forget_old(&home.join("programs"));
    if !quiet {
        output::say(&format!("Built {name} in {}.", wall(begun.elapsed())));
    }
    Ok(program)
}

/// Returns commit, compiler and flags in one name.
fn key(commit: &str) -> String {
    let mut hasher = DefaultHasher::new();
    cargo::compiler().hash(&mut hasher);
    for name in FLAGS {
        std::env::var_os(name).hash(&mut hasher);
    }
    format!("{}-{:016x}", &commit[..commit.len().min(12)], hasher.finish())
}

/// Waits until no other process builds.
fn lock(path: &Path, quiet: bool) -> Result<File> {
    let error = || format!("cannot lock {}", path.display());
    let file = File::options().create(true).write(true).truncate(false).open(path);
    let file = file.with_context(error)?;
    let mut said = quiet;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(e)) => return Err(e).with_context(error),
            Err(TryLockError::WouldBlock) => {}
        }
        if !std::mem::replace(&mut said, true) {
            output::say("Waiting for another build of a revision to end.");
        }
        pause()?;
    }
}

/// Sleeps for a short time.
///
/// # Errors
/// [`Interrupted`], once the user has asked to end.
fn pause() -> Result<()> {
    if process::is_interrupted() {
        bail!(Interrupted);
    }
    std::thread::sleep(LOOK);
    Ok(())
}

/// The user asked to end.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted before anything was measured; nothing is kept")
    }
}

impl std::error::Error for Interrupted {}

/// Keeps a program for the next time, whole or not at all.
fn keep(built: &Path, program: &Path) -> Result<()> {
    let folder = program.parent().expect("a program lies in a folder");
    let error = || format!("cannot copy {} to {}", built.display(), program.display());
    fs::create_dir_all(folder).with_context(error)?;
    let new = folder.join("new");
    fs::copy(built, &new).and_then(|_| fs::rename(&new, program)).with_context(error)
}

/// Removes all but the youngest programs. One in use keeps running without its name.
fn forget_old(programs: &Path) {
    let Ok(entries) = fs::read_dir(programs) else { return };
    let mut by_age: Vec<_> = entries
        .filter_map(|entry| {
            Some((entry.as_ref().ok()?.metadata().ok()?.modified().ok()?, entry.ok()?.path()))
        })
        .collect();
    by_age.sort();
    for (_, path) in by_age.iter().rev().skip(KEPT) {
        let _ = fs::remove_dir_all(path);
    }
}
