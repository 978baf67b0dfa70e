"""Starved environments: too little of everything, and odd places."""

import ctypes
import os
import platform
import resource
import shutil
import struct
import subprocess
import time

from .kills import REMOVING
from .world import CODES, mount

MIXED = ("pipe/block,fifo/block,mq/block,shm-ring/hybrid,shm-ring-posix/hybrid,shm-ring-sysv/hybrid,sysv-msg/block,unix-path/block,tcp/block,"
         "udp/block,rpc-unix-at-most-once/block,pty/block,eventfd/epoll,vm-read/futex,file-flock/yield,signal-rt/sigwait,unix-memfd/block")
RUN = ["run", "-t", MIXED, "-s", "64", "--placement", "same-core", "--rounds", "1", "--fixed", "--measure", "1ms", "--warm-up", "1ms", "-q"]
SYSCALLS = {  # x86-64
    "ppoll": 271, "poll": 7, "mmap": 9, "sched_setaffinity": 203, "sched_getaffinity": 204, "prctl": 157, "pidfd_open": 434,
    "close_range": 436, "clone3": 435, "membarrier": 324, "memfd_create": 319, "mq_open": 240, "mq_unlink": 241, "msgget": 68, "semget": 64,
    "shmget": 29, "shmat": 30, "pipe2": 293, "socket": 41, "socketpair": 53, "bind": 49, "accept4": 288, "connect": 42, "epoll_create1": 291,
    "eventfd2": 290, "timerfd_create": 283, "signalfd4": 289, "io_uring_setup": 425, "ptrace": 101, "perf_event_open": 298, "statx": 332,
    "getrandom": 318, "flock": 73, "fsync": 74, "rename": 82, "unlink": 87, "unlinkat": 263, "mkdir": 83, "ftruncate": 77, "process_vm_readv": 310,
    "userfaultfd": 323, "mlock": 149, "prlimit64": 302, "getrusage": 98, "sysinfo": 99, "futex": 202,
    "kill": 62, "waitid": 247, "getdents64": 217, "readlink": 89, "setitimer": 38, "rt_sigtimedwait": 128, "sched_yield": 24, "ioctl": 16,
    "dup": 32, "fcntl": 72, "sendmsg": 46, "recvmsg": 47, "splice": 275, "vmsplice": 278, "getsockopt": 55, "setsockopt": 54, "fallocate": 285,
    "madvise": 28, "copy_file_range": 326, "pidfd_send_signal": 424, "rt_sigqueueinfo": 129, "mknodat": 259, "sched_setscheduler": 144,
}
# Calls without which no program of Rust starts or waits for another.
HARD = {"mmap", "futex", "waitid", "poll", "ioctl"}


def without(number, errno):
    """Returns what makes the kernel refuse a syscall, as containers do."""
    def install():
        code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | errno), (0x06, 0, 0, 0x7FFF0000)]
        packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
        program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(packed))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp")
    return install


def limit(kind, value):
    return lambda: resource.setrlimit(kind, (value, value))


def in_shell(script):
    """Returns a prefix that changes its own mount namespace before the program starts."""
    return ["unshare", "--mount", "sh", "-ec", f'{script}; exec "$@"', "sh"]


def places(world):
    """Returns rows of: kind, name, how to run there, and whether the folder of the run is there, too."""
    rows = []
    add = lambda kind, name, **how: rows.append((kind, name, how))
    for size in ("4k", "16k", "64k", "128k", "256k", "512k", "1m"):
        add("disk full", f"--out of {size}", out_of=size)
        add("disk full", f"TMPDIR of {size}", tmp_of=size)
    for size in ("4k", "64k", "256k", "1m", "4m"):
        add("disk full", f"/dev/shm of {size}", prefix=in_shell(f"mount -t tmpfs -o size={size} none /dev/shm"))
    limits = {
        "FSIZE": [0, 1, 100, 4096, 65536, 1 << 20, 1_400_000], "NOFILE": [4, 8, 12, 16, 20, 24, 32, 48, 64, 128], "CPU": [1, 2], "STACK": [1 << 16, 1 << 18],
        "AS": [32 << 20, 64 << 20, 128 << 20, 256 << 20, 1 << 30], "DATA": [1 << 20, 8 << 20, 64 << 20], "MEMLOCK": [0, 65536],
        "MSGQUEUE": [0, 4096, 819200], "SIGPENDING": [0, 1, 8], "CORE": [0], "RTPRIO": [0], "NICE": [0], "NPROC": [0, 1, 4],
    }
    for kind, values in limits.items():
        for value in values:
            add("resource limit", f"{kind} {value}", before=limit(getattr(resource, f"RLIMIT_{kind}"), value))
    for value in (1, 2, 4, 8):
        add("resource limit", f"NPROC {value}, an ordinary user", before=limit(resource.RLIMIT_NPROC, value), user=65534)
    if platform.machine() == "x86_64":
        for name, number in SYSCALLS.items():
            for word, errno in (("ENOSYS", 38), ("EPERM", 1)):
                add("seccomp filter", f"{name} refused with {word}", before=without(number, errno), hard=name in HARD)
    unshared = {"a network without loopback": ["--net"], "its own IPC": ["--ipc"], "its own users": ["--user", "--map-root-user"], "no known user": ["--user"],
                "its own PIDs, and the /proc of others": ["--pid", "--fork"], "its own everything": ["--user", "--map-root-user", "--net", "--ipc", "--mount"]}
    for name, flags in unshared.items():
        add("namespaces", name, prefix=["unshare", *flags])
    for name, script in {
        "no /proc": "mount -t tmpfs none /proc", "no /sys": "mount -t tmpfs none /sys", "no /dev": "mount -t tmpfs none /dev",
        "no /dev/mqueue": "umount /dev/mqueue 2>/dev/null || :", "/dev/shm read-only": "mount -o remount,ro /dev/shm",
        "all read-only": 'mount -o remount,bind,ro / 2>/dev/null || mount --bind -o ro / /',
        "/proc hides others": "mount -o remount,hidepid=2 /proc", "no /etc": "mount -t tmpfs none /etc",
    }.items():
        add("namespaces", name, prefix=in_shell(script))
    apart = f"{world.base}/apart"
    odd = {"absent": "/nowhere", "empty": "", "relative": "somewhere", "90 characters": f"{apart}/{'x' * 90}", "200 characters": f"{apart}/{'x' * 200}",
           "4,000 characters": "/tmp/" + "x/" * 2000, "no UTF-8": os.fsdecode(os.fsencode(apart) + b"/\xff\xfe"), "spaces": f"{apart}/a b",
           "a line break": f"{apart}/a\nb", "a file": "/etc/passwd", "/dev/null": "/dev/null", "/proc": "/proc", "unset": None}
    for name, path in odd.items():
        add("TMPDIR", name, env={"TMPDIR": path}, made=path if path and path.startswith(apart) else None)
    for name, env in {
        "none at all": {"PATH": None, "HOME": None}, "COLUMNS 0": {"COLUMNS": "0"}, "COLUMNS 1": {"COLUMNS": "1"}, "COLUMNS huge": {"COLUMNS": "9" * 30},
        "no UTF-8": {"LANG": "C", "LC_ALL": "C", "COLUMNS": os.fsdecode(b"\xff")}, "TERM": {"TERM": "\x1b[2J"}, "RUST_BACKTRACE": {"RUST_BACKTRACE": "full"},
        "a strange zone": {"TZ": "/nowhere/\x01"}, "PATH empty": {"PATH": ""},
    }.items():
        add("environment variables", name, env=env)
    for name, closed in {"stdin": [0], "stdout": [1], "stderr": [2], "all three": [0, 1, 2]}.items():
        add("descriptors", f"{name} closed", before=lambda closed=closed: [os.close(one) for one in closed])
    add("descriptors", "stdout is full", to="/dev/full")
    add("descriptors", "many are open", before=lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(500)])
    add("descriptors", "an inherited lock and pipe", before=lambda: os.pipe2(0))
    add("CPUs", "one", before=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))
    add("CPUs", "idle class", before=lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)))
    add("CPUs", "nice 19", before=lambda: os.nice(19))
    add("users", "an ordinary one", user=65534)
    add("users", "an ordinary one, --out of root", user=65534, out_mode=0o755)
    add("users", "an ordinary one, TMPDIR of root", user=65534, tmp_mode=0o700)
    for name in ("removed", "moved", "a file now", "its journal removed", "read-only now"):
        add("--out in the run", name, meddle=name, user=65534 if name == "read-only now" else None)
    memory = memory_group()
    for size in ("8m", "16m", "32m", "64m", "128m") if memory else ():
        add("memory of a control group", size, before=lambda size=size: memory(size))
    return rows


def memory_group():
    """Returns what puts a process into a control group with little memory; none if that is not allowed here."""
    base = next((path for path in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup") if os.path.isdir(path) and os.access(path, os.W_OK)), None)
    if base is None:
        return None
    limit_file = "memory.limit_in_bytes" if base.endswith("memory") else "memory.max"

    def enter(size):
        # Each has its own: what an earlier run left in the page cache counts.
        group = f"{base}/ipcmark-soak-{size}"
        os.makedirs(group, exist_ok=True)
        for name, value in ((limit_file, size), ("cgroup.procs", str(os.getpid()))):
            with open(f"{group}/{name}", "w") as file:
                file.write(value)
    return enter


def one_place(world, name, how):
    folder = world.fresh()
    out_of, tmp_of = how.pop("out_of", None), how.pop("tmp_of", None)
    meddle, made, hard = how.pop("meddle", None), how.pop("made", None), how.pop("hard", False)
    if made:
        os.makedirs(made, exist_ok=True)
    if "out_mode" in how or out_of:
        os.mkdir(folder)
        os.chmod(folder, how.pop("out_mode", 0o777))
    os.chmod(world.tmp, how.pop("tmp_mode", 0o777))
    if out_of:
        mount("none", folder, "tmpfs", f"size={out_of}")
    if tmp_of:
        mount("none", world.tmp, "tmpfs", f"size={tmp_of},mode=777")
    to = how.pop("to", None)
    stdout = os.open(to, os.O_WRONLY) if to else None
    rounds = [*RUN, "--out", folder] if not meddle else [*RUN[:-1], "--rounds", "400", "--quiet", "--out", folder]
    if meddle:
        rounds = [word for at, word in enumerate(rounds) if not (word in ("--rounds", "1") and at < RUN.index("--measure"))]
    started = world.start(rounds, stdout=stdout, **how)
    if meddle:
        for _ in range(400):
            if os.path.exists(f"{folder}/record.json.journal"):
                break
            time.sleep(0.05)
        time.sleep(0.3)
        {"removed": lambda: shutil.rmtree(folder), "moved": lambda: os.rename(folder, f"{folder}-moved"),
         "a file now": lambda: (shutil.rmtree(folder), open(folder, "w").close()), "its journal removed": lambda: os.unlink(f"{folder}/record.json.journal"),
         "read-only now": lambda: os.chmod(folder, 0o500)}[meddle]()
        time.sleep(1)
        os.kill(started[0].pid, 2)
    ended = world.wait(started, 120)
    # The kernel itself kills for two limits and for memory; no program starts without some calls or without memory, and Rust aborts
    # where an allocation fails. The interrupt may come when a run has ended already.
    killed = {-9, -24, 137} if name.startswith(("CPU ", "8m", "16m", "32m", "64m", "128m")) else set()
    no_start = {-11, -6, -4, 101, 127, 126, 125} if hard or name in ("AS 33554432", "AS 67108864", "STACK 65536", "DATA 1048576", "NOFILE 4") else set()
    no_memory = {-6} if "memory allocation of" in ended.err else set()
    late = {-2} if meddle else set()
    faults = world.faults(ended, CODES | killed | no_start | no_memory | late, folder, both_died=bool(killed))
    without = "left behind" if any(f"{call} refused" in name for call in REMOVING) else "panic" if hard else "\0"
    faults = [fault for fault in faults if not fault.startswith(without)]
    if stdout is not None:
        os.close(stdout)
    for mounted in [folder] * bool(out_of) + [world.tmp] * bool(tmp_of):
        os.system(f"umount -l {mounted}")
    if made:
        faults += [f"left behind in TMPDIR: {name}" for name in os.listdir(made)]
        shutil.rmtree(made)
    os.chmod(world.tmp, 0o777)
    os.system(f"rm -rf {folder} {folder}-moved")
    return faults


def environments(world):
    """Each place once; some of them, by chance, if fewer are wanted."""
    rows = [row for row in places(world) if world.has_users or not row[2].get("user")]
    few = world.tries < 130
    for kind, name, how in world.random.sample(rows, world.tries) if few else rows:
        try:
            faults = one_place(world, name, dict(how))
        except (OSError, subprocess.SubprocessError) as error:
            faults = [f"the try itself failed: {error}"]
            world.clear()
        world.count(f"environment: {kind}", faults, name)
