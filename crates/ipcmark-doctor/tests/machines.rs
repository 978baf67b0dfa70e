//! Machines that lack something, as folders of files; and this one.

use ipcmark_doctor::{Finding, Level, Machine, examine};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A machine that offers all that is read from files.
fn generous() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        (
            "proc/self/mounts",
            "tmpfs /dev/shm tmpfs rw,nosuid 0 0\nnone /dev/mqueue mqueue rw 0 0\n",
        ),
        ("proc/self/limits", "Max open files            1048576  1048576  files\n"),
        ("proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n"),
        ("proc/sys/fs/mqueue/msg_max", "256\n"),
        ("proc/sys/fs/mqueue/msgsize_max", "1048576\n"),
        ("proc/sys/kernel/io_uring_disabled", "0\n"),
        ("proc/sys/kernel/yama/ptrace_scope", "0\n"),
        ("proc/sys/kernel/perf_event_paranoid", "1\n"),
        ("proc/sysvipc/msg", "key\n"),
        ("proc/self/cgroup", "0::/\n"),
        ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
        ("proc/meminfo", "HugePages_Free:       64\nHugepagesize:       2048 kB\n"),
        ("proc/net/fib_trie", "Main:\n     +-- 127.0.0.0/8 2 0 2\n           |-- 127.0.0.1\n"),
        ("proc/net/if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n"),
        ("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"),
        ("sys/bus/event_source/devices/cpu/type", "4\n"),
        ("sys/class/powercap/intel-rapl:0/name", "package-0\n"),
        ("sys/class/powercap/intel-rapl:0/energy_uj", "1234\n"),
        ("sys/module/vsock_loopback/refcnt", "0\n"),
    ] {
        write(root.path(), path, text);
    }
    root
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn of(root: &Path, subject: &str) -> Finding {
    let findings = examine(&Machine::at(root), Duration::from_millis(1));
    let found = findings.iter().find(|f| f.subject == subject).cloned();
    found.unwrap_or_else(|| panic!("nothing about {subject}: {findings:#?}"))
}

#[test]
fn a_generous_machine_is_offered_and_says_no_remedy() {
    let root = generous();
    for subject in [
        "/dev/shm",
        "/dev/mqueue",
        "RLIMIT_NOFILE",
        "fs.mqueue.msg_max",
        "fs.mqueue.msgsize_max",
        "kernel.io_uring_disabled",
        "kernel.yama.ptrace_scope",
        "kernel.perf_event_paranoid",
        "System V IPC",
        "huge pages",
        "IPv6 loopback",
        "vsock loopback",
        "hardware counters (PMU)",
        "energy counters (RAPL)",
        "seccomp",
        "security modules",
        "CPU quota",
        "memory limit",
        "CAP_SYS_RESOURCE",
    ] {
        let finding = of(root.path(), subject);
        assert_eq!(finding.level, Level::Offered, "{finding:?}");
        assert_eq!((finding.costs, finding.remedy), (None, None), "{subject}");
    }
}

#[test]
fn what_is_withheld_is_named_with_its_cost_and_the_line_that_changes_it() {
    for (path, text, subject, level, remedy) in [
        ("proc/self/mounts", "", "/dev/shm", Level::Denied, "mount -t tmpfs"),
        (
            "proc/self/mounts",
            "tmpfs /dev/shm tmpfs ro 0 0\n",
            "/dev/shm",
            Level::Denied,
            "remount,rw",
        ),
        ("proc/self/mounts", "", "/dev/mqueue", Level::Limited, "mount -t mqueue"),
        (
            "proc/self/limits",
            "Max open files   64  64 files\n",
            "RLIMIT_NOFILE",
            Level::Limited,
            "ulimit -n 256",
        ),
        (
            "proc/sys/fs/mqueue/msg_max",
            "10",
            "fs.mqueue.msg_max",
            Level::Limited,
            "sysctl fs.mqueue.msg_max=64",
        ),
        (
            "proc/sys/kernel/io_uring_disabled",
            "2",
            "kernel.io_uring_disabled",
            Level::Denied,
            "io_uring_disabled=0",
        ),
        (
            "proc/sys/kernel/yama/ptrace_scope",
            "3",
            "kernel.yama.ptrace_scope",
            Level::Denied,
            "ptrace_scope=1",
        ),
        ("proc/meminfo", "HugePages_Free: 0\n", "huge pages", Level::Denied, "vm.nr_hugepages"),
        (
            "proc/self/status",
            "CapEff:\t0\nSeccomp:\t2\n",
            "seccomp",
            Level::Limited,
            "seccomp=unconfined",
        ),
        // F6
        ("sys/fs/cgroup/cpu.max", "20000 100000\n", "CPU quota", Level::Limited, "without --cpus"),
        ("sys/fs/cgroup/memory.max", "1048576\n", "memory limit", Level::Limited, "memory.max"),
        ("proc/net/fib_trie", "", "IPv4 loopback", Level::Denied, "ip link set lo up"),
        ("proc/net/if_inet6", "", "IPv6 loopback", Level::Denied, "disable_ipv6=0"),
    ] {
        let root = generous();
        write(root.path(), path, text);
        let finding = of(root.path(), subject);
        assert_eq!(finding.level, level, "{finding:?}");
        assert!(finding.costs.is_some_and(|costs| !costs.is_empty()), "{subject}");
        let line = finding.remedy.unwrap();
        assert!(line.contains(remedy), "{subject}: {line}");
    }
}

#[test]
fn a_missing_capability_costs_something_and_cannot_be_had_by_a_line() {
    let root = generous();
    write(root.path(), "proc/self/status", "CapEff:\t0000000000000000\n");
    let finding = of(root.path(), "CAP_SYS_RESOURCE");
    assert_eq!((finding.level, finding.remedy), (Level::Limited, None));
}

#[test]
fn this_machine_is_examined_without_changing_its_cpus() {
    let before = ipcmark_sys::affinity::allowed().unwrap();
    let findings = examine(&Machine::this(), Duration::from_millis(2));
    assert_eq!(ipcmark_sys::affinity::allowed().unwrap(), before);
    for area in
        ["Processors", "Clock and counters", "Noise", "Mounts", "Limits", "Kernel", "Privileges"]
    {
        assert!(findings.iter().any(|f| f.area.to_string() == area), "nothing about {area}");
    }
    for finding in &findings {
        assert_eq!(finding.level == Level::Offered, finding.costs.is_none(), "{finding:?}");
        assert!(finding.remedy.is_none() || finding.costs.is_some(), "{finding:?}");
    }
}
