//! Names and objects that outlive processes, counted only if they belong to the laws.
//!
//! Other programs make and remove such names at any time. If the kernel allows it (root may), this process moves into an
//! IPC and a mount namespace of its own: then all that is there belongs to the laws. Otherwise it counts the names in
//! which its process number is a part, as it is in a plan's token, and the System V objects made through `ipcmark-sys`.

use ipcmark_sys::registry::Registry;
use ipcmark_sys::sysv;
use nix::sched::{CloneFlags, unshare};
use rustix::io::Result;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, fsconfig_create,
    fsmount, fsopen, mount, mount_change,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Time that a name may take to go: kernels free some things late.
const PATIENCE: Duration = Duration::from_secs(2);
const MEMORY: &str = "/dev/shm";
const QUEUES: &str = "/dev/mqueue";

/// The names and objects that this process can see.
#[derive(Debug)]
struct View {
    /// Folder of the POSIX message queues.
    queues: String,
    /// Holds that folder's file system, which has no other name; `None` if the namespaces are shared with other programs.
    private: Option<OwnedFd>,
    registry: Option<Registry>,
}

static VIEW: OnceLock<View> = OnceLock::new();

fn view() -> &'static View {
    VIEW.get_or_init(|| {
        let private = enter_namespaces().ok();
        let queues = private
            .as_ref()
            .map_or(QUEUES.into(), |fd| format!("/proc/self/fd/{}", fd.as_raw_fd()));
        View { queues, private, registry: Registry::in_memory().ok() }
    })
}

/// Enters an IPC and a mount namespace with an empty `/dev/shm`. Returns the file system of the namespace's queues. Their
/// bytes count against the user's limit in every namespace, so the limit is lifted.
fn enter_namespaces() -> Result<OwnedFd> {
    unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNS)
        .map_err(|e| rustix::io::Errno::from_raw_os_error(e as i32))?;
    let _ = setrlimit(Resource::Msgqueue, Rlimit { current: None, maximum: None });
    // Otherwise the mount below would appear outside.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount("tmpfs", MEMORY, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=1777")?;
    let queues = fsopen("mqueue", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&queues)?;
    fsmount(&queues, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
}

/// The names and objects of the laws at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// Lists what is there now.
    pub(crate) fn now() -> Names {
        let view = view();
        let mut names = BTreeSet::new();
        for (folder, what) in [(MEMORY, "/dev/shm/"), (&view.queues, "POSIX message queue ")] {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let entries = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let ours = entries.filter(|name| view.private.is_some() || is_ours(name));
            names.extend(ours.map(|name| format!("{what}{name}")));
        }
        let objects = match (&view.private, &view.registry) {
            (None, Some(registry)) => registry.living(),
            _ => sysv::listed(),
        };
        names.extend(objects.into_iter().map(|object| format!("System V {object}")));
        Names(names)
    }

    /// Returns what is there now, was not there then, and does not go within a while.
    pub(crate) fn gained(&self) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let gained: Vec<String> = Names::now().0.difference(&self.0).cloned().collect();
            if gained.is_empty() || begun.elapsed() > PATIENCE {
                return gained;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Returns true if the name has this process's number as a part: `ipcmark-law-4711-0-forth`.
fn is_ours(name: &str) -> bool {
    let me = std::process::id().to_string();
    name.starts_with("ipcmark-") && name.split('-').any(|part| part == me)
}

/// Returns what cannot be seen on this machine, for a reader of the test's output.
pub(crate) fn blind_spots() -> Vec<String> {
    let queues = fs::read_dir(&view().queues).is_err();
    let queues = queues.then(|| format!("names of POSIX message queues ({QUEUES} is not mounted)"));
    queues.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_this_process_as_a_part_are_ours() {
        let me = std::process::id();
        assert!(is_ours(&format!("ipcmark-law-{me}-0-forth")));
        assert!(is_ours(&format!("ipcmark-{me}-probe-0")));
        assert!(!is_ours(&format!("stranger-{me}")));
        assert!(!is_ours(&format!("ipcmark-law-{me}0-7")) && !is_ours("ipcmark-law-"));
    }
}
