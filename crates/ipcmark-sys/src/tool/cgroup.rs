//! Control groups of this process: what a container or an administrator lets it have.
//!
//! A limit of any group on the way to the root holds, so that all of them are read, as far as they are mounted. Both versions of
//! the interface are read, because many machines have both.
//!
//! # References
//! - [cgroups(7)](https://man7.org/linux/man-pages/man7/cgroups.7.html)
//! - <https://docs.kernel.org/scheduler/sched-bwc.html>

use ipcmark_core::{Error, Refusal, Result};
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Limits of version 1 from here on mean "none": the kernel rounds the largest number to whole pages.
const NO_LIMIT: u64 = 1 << 60;

/// CPU time that a group may use in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// CPU time, over all CPUs, µs.
    pub quota_us: u64,
    /// Period, µs.
    pub period_us: u64,
}

impl Quota {
    /// Returns the CPUs that it is worth: 0.2 of 20 ms in 100 ms.
    #[must_use]
    pub fn cpus(&self) -> f64 {
        self.quota_us as f64 / self.period_us.max(1) as f64
    }
}

/// Counts of a group with a quota, since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Throttled {
    /// Periods in which the group had something to run.
    pub periods: u64,
    /// Those in which it used up its quota and had to wait.
    pub throttled: u64,
    /// Time that its processes waited, over all CPUs, ns.
    pub waited_ns: u64,
}

impl Throttled {
    /// Returns the counts since `before`.
    #[must_use]
    pub fn since(&self, before: &Throttled) -> Throttled {
        Throttled {
            periods: self.periods.saturating_sub(before.periods),
            throttled: self.throttled.saturating_sub(before.throttled),
            waited_ns: self.waited_ns.saturating_sub(before.waited_ns),
        }
    }
}

/// The groups of this process with their ancestors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    cpu: Vec<Group>,
    memory: Vec<Group>,
}

/// One group: its folder, and the version of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    folder: PathBuf,
    version: u8,
}

impl Groups {
    /// Finds the groups of this process.
    #[must_use]
    pub fn of_this_process() -> Groups {
        Groups::at(Path::new("/"))
    }

    /// Finds them where `/proc` and `/sys` are under `root`.
    #[must_use]
    pub fn at(root: &Path) -> Groups {
        let text = |path| read_to_string(root.join(path)).unwrap_or_default();
        let (mounts, own) = (text("proc/self/mountinfo"), text("proc/self/cgroup"));
        let of = |controller: &str| {
            let mut groups: Vec<Group> = Vec::new();
            for mount in mounts.lines().filter_map(Mount::parse) {
                if mount.version == 2 || mount.controllers.split(',').any(|c| c == controller) {
                    groups.extend(mount.groups(root, &own, controller));
                }
            }
            groups
        };
        Groups { cpu: of("cpu"), memory: of("memory") }
    }

    /// Returns the tightest quota; `None` if no group has one.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        let quotas = self.cpu.iter().filter_map(Group::quota);
        quotas.min_by(|a, b| a.cpus().total_cmp(&b.cpus()))
    }

    /// Returns the counts of the group that waited longest, of those with a quota; `None` if none has one.
    #[must_use]
    pub fn throttled(&self) -> Option<Throttled> {
        let limited = self.cpu.iter().filter(|group| group.quota().is_some());
        limited.filter_map(Group::throttled).max_by_key(|counts| counts.waited_ns)
    }

    /// Returns the least limit of memory, bytes; `None` if no group has one.
    #[must_use]
    pub fn memory_limit(&self) -> Option<u64> {
        self.memory.iter().filter_map(Group::memory_limit).min()
    }
}

impl Groups {
    /// Returns the processes that were killed for want of memory, in the group that counts most of them; `None` if no group
    /// counts them.
    #[must_use]
    pub fn killed_for_memory(&self) -> Option<u64> {
        self.memory.iter().filter_map(Group::killed_for_memory).max()
    }

    /// Refuses `need` bytes of memory that no limit leaves.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the need, the limit, and what is left of it.
    pub fn refuse_memory(&self, need: u64) -> Result<()> {
        let short = self.memory.iter().find_map(|group| {
            let limit = group.memory_limit()?;
            let left = limit.saturating_sub(group.memory_used()?);
            (need > left).then_some((limit, left))
        });
        let Some((limit, left)) = short else { return Ok(()) };
        Err(Error::Unavailable(
            Refusal::new(format!(
                "it needs {need} bytes of memory, and of the {limit} bytes that its control group may have {left} are left"
            ))
            .with_remedy("raise the container's memory limit, or ask for smaller messages or less capacity"),
        ))
    }
}

impl Group {
    /// Returns memory in use, without what the kernel gives back before it kills.
    fn memory_used(&self) -> Option<u64> {
        let file = if self.version == 1 { "memory.usage_in_bytes" } else { "memory.current" };
        let used: u64 = self.text(file)?.trim().parse().ok()?;
        Some(used.saturating_sub(self.value("memory.stat", "inactive_file").unwrap_or(0)))
    }

    fn killed_for_memory(&self) -> Option<u64> {
        let file = if self.version == 1 { "memory.oom_control" } else { "memory.events" };
        self.value(file, "oom_kill")
    }

    /// Returns the number behind `name` in a file of such lines.
    fn value(&self, file: &str, name: &str) -> Option<u64> {
        let text = self.text(file)?;
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        lines.find_map(|(key, value)| (key == name).then(|| value.trim().parse().ok())?)
    }

    fn text(&self, file: &str) -> Option<String> {
        read_to_string(self.folder.join(file)).ok()
    }

    fn quota(&self) -> Option<Quota> {
        let (quota, period) = match self.version {
            1 => (self.text("cpu.cfs_quota_us")?, self.text("cpu.cfs_period_us")?),
            _ => {
                let both = self.text("cpu.max")?;
                let (quota, period) = both.trim().split_once(' ')?;
                (quota.to_owned(), period.to_owned())
            }
        };
        // No quota is `max`, or -1 in version 1.
        let number = |text: String| text.trim().parse::<u64>().ok();
        Some(Quota { quota_us: number(quota)?, period_us: number(period)? })
    }

    fn throttled(&self) -> Option<Throttled> {
        let value = |name| self.value("cpu.stat", name);
        Some(Throttled {
            periods: value("nr_periods")?,
            throttled: value("nr_throttled")?,
            waited_ns: value("throttled_time")
                .or_else(|| value("throttled_usec").map(|us: u64| us * 1_000))?,
        })
    }

    fn memory_limit(&self) -> Option<u64> {
        let file = if self.version == 1 { "memory.limit_in_bytes" } else { "memory.max" };
        self.text(file)?.trim().parse().ok().filter(|bytes| *bytes < NO_LIMIT)
    }
}

/// One mount of a hierarchy.
struct Mount<'t> {
    /// The group that is seen at the mount point: a container often sees its own group there.
    root: &'t str,
    point: String,
    version: u8,
    /// Options of the mount: in version 1 the controllers are among them.
    controllers: &'t str,
}

impl<'t> Mount<'t> {
    /// Parses a line of `/proc/self/mountinfo`; `None` for other file systems.
    fn parse(line: &'t str) -> Option<Mount<'t>> {
        let (mount, system) = line.split_once(" - ")?;
        let mut words = mount.split(' ').skip(3);
        let (root, point) = (words.next()?, words.next()?.replace("\\040", " "));
        let mut words = system.split(' ');
        let version = match words.next()? {
            "cgroup" => 1,
            "cgroup2" => 2,
            _ => return None,
        };
        Some(Mount { root, point, version, controllers: words.nth(1)? })
    }

    /// Returns the process's group in this hierarchy, and all above it that the mount shows.
    fn groups(&self, root: &Path, own: &str, controller: &str) -> Vec<Group> {
        let mut lines = own.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
        let path = lines.find_map(|(controllers, path)| {
            let mine = match self.version {
                1 => controllers.split(',').any(|c| c == controller),
                _ => controllers.is_empty(),
            };
            mine.then_some(path)
        });
        let Some(path) = path else { return Vec::new() };
        let below = match self.root {
            "/" => Some(path),
            root => path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/')),
        };
        // The mount shows another part of the hierarchy: the best that can be seen is its top.
        let below = below.filter(|path| !path.contains("..")).unwrap_or_default();
        let top = root.join(self.point.trim_start_matches('/'));
        let inner = top.join(below.trim_start_matches('/'));
        let folders = inner.ancestors().take_while(|folder| folder.starts_with(&top));
        folders.map(|folder| Group { folder: folder.into(), version: self.version }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> (PathBuf, Groups) {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let root =
            std::env::temp_dir().join(format!("ipcmark-cgroup-{}-{number}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let groups = Groups::at(&root);
        (root, groups)
    }

    const UNIFIED: &str = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";

    // F6
    #[test]
    fn a_quota_of_an_ancestor_holds_and_the_tightest_counts() {
        let stat = "usage_usec 9\nnr_periods 127\nnr_throttled 77\nthrottled_usec 4260000\n";
        let (root, groups) = machine(&[
            ("proc/self/mountinfo", UNIFIED),
            ("proc/self/cgroup", "0::/pod/container\n"),
            ("sys/fs/cgroup/pod/cpu.max", "20000 100000\n"),
            ("sys/fs/cgroup/pod/cpu.stat", stat),
            ("sys/fs/cgroup/pod/memory.max", "1073741824\n"),
            ("sys/fs/cgroup/pod/container/cpu.max", "150000 100000\n"),
            (
                "sys/fs/cgroup/pod/container/cpu.stat",
                "nr_periods 3\nnr_throttled 0\nthrottled_usec 0\n",
            ),
            ("sys/fs/cgroup/pod/container/memory.max", "max\n"),
        ]);
        assert_eq!(groups.quota(), Some(Quota { quota_us: 20_000, period_us: 100_000 }));
        let counts = Throttled { periods: 127, throttled: 77, waited_ns: 4_260_000_000 };
        assert_eq!(groups.throttled(), Some(counts));
        assert_eq!(groups.memory_limit(), Some(1 << 30));
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn version_1_has_a_hierarchy_for_each_controller_and_a_container_sees_its_own_group_as_the_top()
    {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
            32 31 0:29 /docker/ab /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let (root, groups) = machine(&[
            ("proc/self/mountinfo", mounts),
            ("proc/self/cgroup", "4:memory:/a\n2:cpu,cpuacct:/docker/ab\n0::/\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            (
                "sys/fs/cgroup/cpu,cpuacct/cpu.stat",
                "nr_periods 9\nnr_throttled 2\nthrottled_time 77\n",
            ),
            ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
        ]);
        assert_eq!(groups.quota(), Some(Quota { quota_us: 50_000, period_us: 100_000 }));
        let counts = Throttled { periods: 9, throttled: 2, waited_ns: 77 };
        assert_eq!(groups.throttled(), Some(counts));
        assert_eq!(groups.memory_limit(), Some(512 << 20));
        std::fs::remove_dir_all(root).unwrap();
    }

    // F5
    #[test]
    fn memory_that_no_group_leaves_is_refused_with_the_numbers() {
        let (root, groups) = machine(&[
            ("proc/self/mountinfo", UNIFIED),
            ("proc/self/cgroup", "0::/pod/container\n"),
            ("sys/fs/cgroup/pod/memory.max", "67108864\n"),
            ("sys/fs/cgroup/pod/memory.current", "20000000\n"),
            ("sys/fs/cgroup/pod/memory.stat", "anon 7\ninactive_file 15000000\n"),
            ("sys/fs/cgroup/pod/memory.events", "oom 3\noom_kill 2\n"),
            ("sys/fs/cgroup/pod/container/memory.max", "max\n"),
        ]);
        assert!(groups.refuse_memory(62_108_864).is_ok());
        let refused = groups.refuse_memory(62_108_865).unwrap_err().to_string();
        for number in ["62108865", "67108864", "62108864"] {
            assert!(refused.contains(number), "{refused}");
        }
        assert_eq!(groups.killed_for_memory(), Some(2));
        std::fs::remove_dir_all(root).unwrap();
        let free = Groups::at(Path::new("/nonexistent"));
        assert!(free.refuse_memory(u64::MAX).is_ok());
    }

    #[test]
    fn without_a_quota_nothing_is_counted() {
        let (root, groups) = machine(&[
            ("proc/self/mountinfo", UNIFIED),
            ("proc/self/cgroup", "0::/../other\n"),
            ("sys/fs/cgroup/cpu.max", "max 100000\n"),
            (
                "sys/fs/cgroup/cpu.stat",
                "usage_usec 9\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
            ),
        ]);
        assert_eq!((groups.quota(), groups.throttled(), groups.memory_limit()), (None, None, None));
        std::fs::remove_dir_all(root).unwrap();
        let empty = Groups::at(Path::new("/nonexistent"));
        assert_eq!((empty.quota(), empty.throttled(), empty.memory_limit()), (None, None, None));
    }
}
