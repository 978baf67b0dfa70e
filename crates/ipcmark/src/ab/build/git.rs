//! The checkout, its revisions, and a worktree of one of them.

use crate::exit::Usage;
use anyhow::{Context as _, Result, bail};
use ipcmark_history::git::tell;
use std::path::{Path, PathBuf};

/// A git checkout.
#[derive(Debug, Clone)]
pub(super) struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// Finds the checkout that holds `here`.
    pub(super) fn around(here: &Path) -> Result<Checkout> {
        match tell(here, &["rev-parse", "--show-toplevel"]) {
            Ok(root) => Ok(Checkout { root: root.into() }),
            Err(said) => bail!(Usage(format!(
                "{} is not in a git checkout ({said}); go to the sources, or name a program with --base",
                here.display()
            ))),
        }
    }

    /// Returns the full hash of a revision.
    pub(super) fn commit(&self, rev: &str) -> Result<String> {
        let named = format!("{rev}^{{commit}}");
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", &named];
        if let Ok(hash) = tell(&self.root, &words) {
            return Ok(hash);
        }
        let shallow = tell(&self.root, &["rev-parse", "--is-shallow-repository"]);
        let next = match shallow.as_deref() {
            Ok("true") => format!(
                "this clone is shallow: git fetch --depth=1 origin {rev}, then name FETCH_HEAD"
            ),
            _ => "git log --oneline and git branch --all show what there is".into(),
        };
        bail!(Usage(format!("{} has no revision {rev}; {next}", self.root.display())))
    }

    /// Returns `main (1f2e3d4c5b6a, "Refuse a plan beyond the queue's limit")`.
    pub(super) fn in_words(&self, commit: &str, rev: &str) -> String {
        let subject = tell(&self.root, &["log", "-1", "--format=%h, \"%s\"", commit]);
        subject.map_or_else(|_| rev.into(), |subject| format!("{rev} ({subject})"))
    }

    /// Returns the path of a folder within this checkout.
    pub(super) fn inside(&self, folder: &Path) -> PathBuf {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.into());
        real(folder).strip_prefix(real(&self.root)).map(Path::to_path_buf).unwrap_or_default()
    }
}

/// A second tree of a checkout. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Worktree {
    checkout: Checkout,
    path: PathBuf,
}

impl Worktree {
    /// Makes one of `commit` at `path`; what a killed build left there is removed.
    pub(super) fn add(checkout: &Checkout, path: &Path, commit: &str) -> Result<Worktree> {
        let tree = Worktree { checkout: checkout.clone(), path: path.into() };
        tree.remove();
        let place = path.to_str().context("the target folder's name is no UTF-8")?;
        // Hooks of the checkout must not run.
        let words = [
            "-c",
            "core.hooksPath=/dev/null",
            "worktree",
            "add",
            "--quiet",
            "--detach",
            place,
            commit,
        ];
        match tell(&checkout.root, &words) {
            Ok(_) => Ok(tree),
            Err(said) => bail!("git cannot make a worktree in {place}: {said}"),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn remove(&self) {
        if self.path.exists() {
            if let Some(place) = self.path.to_str() {
                let words = ["worktree", "remove", "--force", "--force", place];
                let _ = tell(&self.checkout.root, &words);
            }
            let _ = std::fs::remove_dir_all(&self.path);
        }
        let _ = tell(&self.checkout.root, &["worktree", "prune"]);
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        self.remove();
    }
}
