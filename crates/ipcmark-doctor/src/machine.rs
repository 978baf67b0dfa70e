//! Where facts are read from.

use ipcmark_sys::cgroup::Groups;
use std::path::{Path, PathBuf};

/// The files a machine describes itself in: `/proc`, `/sys`, `/dev` under a root, which is `/` but in tests.
#[derive(Debug, Clone)]
pub struct Machine {
    root: PathBuf,
}

impl Machine {
    /// Returns the machine this process runs on.
    #[must_use]
    pub fn this() -> Machine {
        Machine::at("/")
    }

    /// Returns a machine whose files are under `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Machine {
        Machine { root: root.into() }
    }

    /// Returns the place of an absolute path.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Returns the control groups of this process.
    pub(crate) fn groups(&self) -> Groups {
        Groups::at(&self.root)
    }

    /// Returns a file's text, trimmed; `None` if it cannot be read.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        Some(std::fs::read_to_string(self.path(path)).ok()?.trim().to_owned())
    }

    /// Returns a sysctl by its dotted name.
    pub(crate) fn sysctl(&self, name: &str) -> Option<String> {
        self.text(&format!("/proc/sys/{}", name.replace('.', "/")))
    }

    /// Returns a sysctl that is one number.
    pub(crate) fn sysctl_number(&self, name: &str) -> Option<u64> {
        self.sysctl(name)?.parse().ok()
    }

    /// Returns the value behind `key:` in a file of such lines.
    pub(crate) fn field(&self, path: &str, key: &str) -> Option<String> {
        let text = self.text(path)?;
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        lines.find_map(|(name, value)| (name.trim() == key).then(|| value.trim().to_owned()))
    }

    /// Returns this process's soft limit, as `getrlimit(2)` gives it; `None` if it is unlimited or unreadable.
    pub(crate) fn soft_limit(&self, name: &str) -> Option<u64> {
        let text = self.text("/proc/self/limits")?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Returns type and options of the file system mounted at `path`.
    pub(crate) fn mount(&self, path: &str) -> Option<(String, String)> {
        let text = self.text("/proc/self/mounts")?;
        // The last one mounted there is the one that is seen.
        text.lines().rev().find_map(|line| {
            let mut words = line.split(' ').skip(1);
            (words.next()? == path)
                .then(|| Some((words.next()?.to_owned(), words.next()?.to_owned())))?
        })
    }

    /// Returns true if the capability with this number is effective; `None` if unknown.
    pub(crate) fn capability(&self, number: u32) -> Option<bool> {
        let set = self.field("/proc/self/status", "CapEff")?;
        Some(u64::from_str_radix(&set, 16).ok()? >> number & 1 == 1)
    }

    /// Returns true if there is such a file or folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        Path::exists(&self.path(path))
    }
}
