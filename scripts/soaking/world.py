"""A world of its own for tries of ipcmark: namespaces, a start, and what must hold afterwards."""

import array
import collections
import ctypes
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

# Exit codes that README.md documents. Others are a panic (101), an abort (134) or something new.
CODES = {0, 1, 2, 3, 4, 130}
# Peak memory of any process of a try, in KiB.
MOST_MEMORY = 1 << 20
# Time in which the janitors of a run clear up after it has died.
CLEARING = 10.0

Ended = collections.namedtuple("Ended", "code out err seconds memory hung")


class World:
    """The place in which tries run. Everything that is there afterwards is theirs."""

    def __init__(self, program, base, tries, seed):
        self.program, self.base, self.tries = program, base, tries
        self.random = random.Random(seed)
        self.table = {}
        # Without root there is one user in these namespaces.
        self.has_users = bool(os.environ.get("SOAK_ROOT"))
        self.number = 0
        if os.getpid() != 1:
            sys.exit("this part needs its own namespaces")
        loopback_up()
        mount("tmpfs", base, "tmpfs", "size=1500m")
        self.tmp, self.out, self.home = (f"{base}/{name}" for name in ("tmp", "out", "home"))
        for folder in (self.tmp, self.out, self.home, f"{base}/mqueue"):
            os.mkdir(folder)
            os.chmod(folder, 0o777)
        os.chmod(base, 0o755)
        mount("none", f"{base}/mqueue", "mqueue")
        mount("none", "/dev/shm", "tmpfs", "size=600m,mode=1777")
        self.idle = set(processes())

    def fresh(self):
        """Returns the path of a folder for --out that does not exist yet."""
        self.number += 1
        return f"{self.out}/{self.number}"

    def start(self, words, env=None, cwd=None, prefix=(), user=None, before=None, stdout=None):
        """Starts the program in a session of its own; its output goes to files."""
        # Files without a name: an ended try leaves nothing to be looked through.
        files = [os.memfd_create(name) for name in ("out", "err")]
        whole = {"PATH": os.environ["PATH"], "HOME": self.home, "TMPDIR": self.tmp} | (env or {})
        whole = {name: value for name, value in whole.items() if value is not None}
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        child = subprocess.Popen([*prefix, *as_user, self.program, *words], env=whole, cwd=cwd or self.home,
                                 stdin=subprocess.DEVNULL, stdout=files[0] if stdout is None else stdout, stderr=files[1],
                                 start_new_session=True, preexec_fn=before)
        return child, files, time.monotonic()

    def wait(self, started, seconds=90.0):
        """Waits for the end of a started program; one that takes longer has hung, and is killed."""
        child, files, begun = started
        hung = False
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - begun > seconds:
                hung = True
                self.kill_all()
            time.sleep(0.005)
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in files:
            os.lseek(file, 0, os.SEEK_SET)
            with os.fdopen(file, "rb") as reader:
                texts.append(reader.read(1 << 20).decode(errors="replace"))
        return Ended(child.returncode, *texts, time.monotonic() - begun, usage.ru_maxrss, hung)

    def run(self, words, seconds=90.0, **how):
        return self.wait(self.start(words, **how), seconds)

    def kill_all(self):
        for pid in self.others():
            for number in (signal.SIGKILL, signal.SIGCONT):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass

    def others(self):
        return [pid for pid in processes() if pid not in self.idle]

    def held(self):
        """Lists what is there and should not be: processes, System V objects, names."""
        reap()
        found = [f"process {pid} ({command(pid)})" for pid in self.others()]
        for kind in ("msg", "sem", "shm"):
            with open(f"/proc/sysvipc/{kind}") as table:
                found += [f"System V {kind} {line.split()[1]}" for line in table.readlines()[1:]]
        for folder in self.looked_through():
            found += [f"{folder}/{name}" for name in os.listdir(folder)]
        try:
            with open("/proc/net/unix") as table:
                found += [line.split()[-1] for line in table if "@ipcmark" in line]
        except FileNotFoundError:
            pass
        return found

    def looked_through(self):
        return self.tmp, self.home, "/dev/shm", f"{self.base}/mqueue"

    def left(self, patience=CLEARING):
        """Returns what is left behind, after the time that clearing up may take."""
        end = time.monotonic() + patience
        while True:
            found = self.held()
            if not found or time.monotonic() > end:
                return found
            time.sleep(0.02)

    def clear(self):
        """Removes all that a try left, so that the next one begins clean."""
        self.kill_all()
        time.sleep(0.05)
        reap()
        subprocess.run(["ipcrm", "--all"], stderr=subprocess.DEVNULL, check=False)
        for folder in self.looked_through():
            for name in os.listdir(folder):
                path = f"{folder}/{name}"
                shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def faults(self, ended, codes, folder=None, both_died=False):
        """Returns what is wrong after a try."""
        faults = []
        if ended.hung:
            faults.append(f"it hung ({ended.seconds:.0f} s)")
        elif ended.code not in codes:
            faults.append(f"exit code {ended.code}: {ended.err.strip()[-300:]}")
        if "panicked at" in ended.out + ended.err:
            faults.append(f"panic: {(ended.err + ended.out).strip()[:300]}")
        if ended.memory > MOST_MEMORY:
            faults.append(f"{ended.memory >> 10} MiB of memory")
        left = self.left(1.0 if both_died else CLEARING)
        if left and both_died:
            # No process was left that could have cleared up: the next start does.
            self.run(["run", "-t", "null/none", "-s", "8", "--rounds", "1", "--fixed", "--measure", "1ms", "-q", "--out", self.fresh()])
            left = self.left()
        faults += [f"left behind: {', '.join(left)}"] if left else []
        faults += unreadable(folder) if folder else []
        if left or ended.hung:
            self.clear()
        return faults

    def count(self, what, faults, how):
        """Enters a try into the table, and tells its faults."""
        row = self.table.setdefault(what, [0, 0])
        row[0] += 1
        if faults:
            row[1] += 1
            print(f"FAILED {what}: {how}\n    " + "\n    ".join(faults), file=sys.stderr, flush=True)

    def leave_out(self, what, why):
        self.table[f"{what}: left out, {why}"] = [0, 0]


def unreadable(folder):
    """Returns what is wrong with the documents in a folder: each is whole or absent."""
    faults = []
    for name in ("record.json", "paired.json"):
        try:
            with open(f"{folder}/{name}") as file:
                json.load(file)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except ValueError as error:
            faults.append(f"{name} cannot be read: {error}")
    temporary = [name for name in os.listdir(folder) if name.startswith(".")] if os.path.isdir(folder) else []
    # A process that is killed while it writes leaves its temporary file next to the document; nothing else may be there.
    return faults + [f"{len(temporary)} temporary files" for _ in range(len(temporary) > 1)]


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and state(name) not in "ZX"]


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2][0]
    except OSError:
        return "X"


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")[:80]
    except OSError:
        return "gone"


def children(pid):
    """Returns the children of a process, the oldest first, and theirs behind them."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            mine = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return mine + [child for one in mine for child in children(one)]


def reap():
    """Takes leave of orphans: this process is the first of its namespace."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def is_over(pid):
    """Returns true if a child has ended; it can still be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def mount(what, where, kind, options=""):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(what.encode(), where.encode(), kind.encode(), 0, options.encode()) != 0:
        sys.exit(f"mount {kind} on {where}: {os.strerror(ctypes.get_errno())}")


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = array.array("b", struct.pack("16sh14x", b"lo", 0x1 | 0x40))
        fcntl.ioctl(any_socket, 0x8914, request)
