//! Where facts are read from.

use std::path::{Path, PathBuf};

/// The files a machine describes itself in: `/proc`, `/sys`, `/dev` under a root, which is `/` but in tests.
#[derive(Debug, Clone)]
pub struct Machine {
    root: PathBuf,
}

impl Machine {
    /// The one this process runs on.
    #[must_use]
    pub fn this() -> Machine {
        Machine::at("/")
    }

    /// One whose files lie under `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Machine {
        Machine { root: root.into() }
    }

    /// Where `path` (absolute) lies.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// What stands in a file, trimmed; `None` where it cannot be read.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        Some(std::fs::read_to_string(self.path(path)).ok()?.trim().to_owned())
    }

    /// A sysctl by its dotted name.
    pub(crate) fn sysctl(&self, name: &str) -> Option<String> {
        self.text(&format!("/proc/sys/{}", name.replace('.', "/")))
    }

    /// A sysctl that is one number.
    pub(crate) fn sysctl_number(&self, name: &str) -> Option<u64> {
        self.sysctl(name)?.parse().ok()
    }

    /// The value behind `key:` in a file of such lines.
    pub(crate) fn field(&self, path: &str, key: &str) -> Option<String> {
        let text = self.text(path)?;
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        lines.find_map(|(name, value)| (name.trim() == key).then(|| value.trim().to_owned()))
    }

    /// This process's soft limit, as `getrlimit(2)` would say it; `None` when it is unlimited or not to be read.
    pub(crate) fn soft_limit(&self, name: &str) -> Option<u64> {
        let text = self.text("/proc/self/limits")?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Type and options of the file system mounted at `path`.
    pub(crate) fn mount(&self, path: &str) -> Option<(String, String)> {
        let text = self.text("/proc/self/mounts")?;
        // The last one mounted there is the one that is seen.
        text.lines().rev().find_map(|line| {
            let mut words = line.split(' ').skip(1);
            (words.next()? == path)
                .then(|| Some((words.next()?.to_owned(), words.next()?.to_owned())))?
        })
    }

    /// True when the capability with this number is effective; `None` where it cannot be told.
    pub(crate) fn capability(&self, number: u32) -> Option<bool> {
        let set = self.field("/proc/self/status", "CapEff")?;
        Some(u64::from_str_radix(&set, 16).ok()? >> number & 1 == 1)
    }

    /// True when there is such a file or folder.
    pub(crate) fn has(&self, path: &str) -> bool {
        Path::exists(&self.path(path))
    }
}

/// `65536` as `64 KiB`, where it is a whole number of them.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        n if n >= 1 << 30 && n.is_multiple_of(1 << 30) => format!("{} GiB", n >> 30),
        n if n >= 1 << 20 && n.is_multiple_of(1 << 20) => format!("{} MiB", n >> 20),
        n if n >= 1 << 10 && n.is_multiple_of(1 << 10) => format!("{} KiB", n >> 10),
        n => format!("{n} B"),
    }
}
