"""Other users and other runs: planted names and links, two runs into one folder, strangers at every name and port."""

import json
import mmap
import os
import shutil
import socket
import struct
import subprocess
import time

from .kills import SHORT
from .world import CODES, send

STRANGER = 65534


def as_stranger(work):
    """Forks a process of another user that does `work` until it is killed."""
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(STRANGER, STRANGER, STRANGER)
        os.setresuid(STRANGER, STRANGER, STRANGER)
        try:
            work()
        finally:
            os._exit(0)
    return pid


def planted(world):
    """Links that another user put into the folder of a run lead nowhere, and names that it took stop nothing."""
    names = ["record.json", "record.json.tmp", "record.json.journal", "index.html", "index.html.tmp", "summary.md", "summary.md.tmp", "charts",
             ".probe-1", "paired.json", "comparison.md"]
    for number in range(max(world.tries // 10, 2)):
        folder, secret = world.fresh(), f"{world.base}/secret-{number}"
        name = names[number % len(names)]
        os.mkdir(folder)
        with open(secret, "w") as file:
            file.write("keep")
        is_folder = name == "charts"
        if is_folder:
            os.unlink(secret)
            os.mkdir(secret)
        os.symlink(secret, f"{folder}/{name}")
        os.chown(folder, STRANGER, STRANGER)
        os.lchown(f"{folder}/{name}", STRANGER, STRANGER)
        ended = world.run(["run", "-t", "mq/block", *SHORT, "--rounds", "1", "--fixed", "--out", folder])
        kept = os.listdir(secret) == [] if is_folder else open(secret).read() == "keep"
        faults = world.faults(ended, CODES) + ["the file behind a planted link was changed"] * (not kept)
        world.count("planted links in --out", faults, name)
        shutil.rmtree(folder)
    for _ in range(max(world.tries // 20, 1)):
        occupied(world)


def occupied(world):
    """Names that an attacker or a killed run took: every number that the next processes may get."""
    mine = os.getpid()
    last = int(open("/proc/sys/kernel/ns_last_pid").read()) if os.path.exists("/proc/sys/kernel/ns_last_pid") else mine
    # POSIX queues are few: a limit of the system.
    folders = ["/dev/shm", world.tmp, f"{world.base}/mqueue"]
    paths = [f"{folder}/ipcmark-probe-{pid}-{n}" for pid in range(last, last + 50) for n in range(3) for folder in folders]
    for path in paths:
        try:
            with open(path, "w"):
                os.chown(path, STRANGER, STRANGER)
        except OSError:
            pass
    ended = world.run(["list", "--json"])
    world.clear()
    rows = json.loads(ended.out) if ended.code == 0 else []
    refused = [row["name"] for row in rows if not row["available"] and "exists" in json.dumps(row)]
    faults = world.faults(ended, {0}) + [f"unavailable: {', '.join(refused)}"] * bool(refused)
    world.count("planted names of probes", faults, "list")


def shared_folder(world):
    """Two runs into one folder: one of them says that it cannot, or both are there."""
    for _ in range(max(world.tries // 10, 2)):
        folder = world.fresh()
        words = lambda name, rounds: ["run", "-t", name, *SHORT, "--rounds", rounds, "--fixed", "--out", folder]
        first = world.start(words("pipe/block", "2"))
        time.sleep(world.random.random() * 0.8)
        second = world.start(words("fifo/block", "2"))
        both = [world.wait(first), world.wait(second)]
        faults = [fault for ended in both for fault in world.faults(ended, CODES, folder)]
        if all(ended.code == 0 for ended in both):
            faults.append("both ended with 0, and there is one record")
        if all(ended.code != 0 for ended in both):
            faults.append(f"neither was measured: {both[0].err} {both[1].err}")
        world.count("two runs into one --out", faults, f"exit codes {both[0].code} and {both[1].code}")
        shutil.rmtree(folder)


def names_and_ports():
    """Yields what another user sees: abstract and named sockets, TCP ports that listen, UDP ports."""
    with open("/proc/net/unix") as table:
        for line in table:
            path = line.split()[7:8]
            if path and "ipcmark" in path[0]:
                yield "unix", path[0]
    for kind, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6), ("udp", socket.AF_INET), ("udp6", socket.AF_INET6)):
        with open(f"/proc/net/{kind}") as table:
            for line in table.readlines()[1:]:
                words = line.split()
                if kind.startswith("udp") or words[3] == "0A":
                    yield kind, (family, int(words[1].rpartition(":")[2], 16))


def knock(kind, where, kept):
    """Connects to a name or port, and sends what no one expects; returns the number of times that it was let in."""
    if kind == "unix":
        shapes = socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM
        return sum(with_socket(socket.AF_UNIX, shape, where.replace("@", "\0", 1), kept) for shape in shapes)
    family, port = where
    home = ("127.0.0.1", port) if family == socket.AF_INET else ("::1", port)
    return with_socket(family, socket.SOCK_DGRAM if kind.startswith("udp") else socket.SOCK_STREAM, home, kept)


def with_socket(family, shape, where, kept):
    one = socket.socket(family, shape)
    one.setblocking(False)
    try:
        one.connect(where)
    except BlockingIOError:
        pass
    except OSError:
        one.close()
        return 0
    try:
        one.send(b"A" * 64)
    except OSError:
        pass
    # A stranger who holds on is worse than one who goes at once.
    kept.append(one)
    while len(kept) > 40:
        kept.pop(0).close()
    return 1


def knock_without_end(folders, knocks):
    """Tries every name and port for ever; opens what has a path, and removes what has a key. Counts what it tried."""
    kept = []
    count = 0
    while True:
        knocks[:] = struct.pack("q", count)
        for kind, where in names_and_ports():
            count += knock(kind, where, kept)
        for folder in folders:
            for name in os.listdir(folder) if os.access(folder, os.R_OK) else ():
                count += 1
                try:
                    with open(f"{folder}/{name}", "r+b", buffering=0) as file:
                        file.write(b"A" * 64)
                except OSError:
                    pass
        for kind in ("msg", "shm", "sem"):
            with open(f"/proc/sysvipc/{kind}") as table:
                for line in table.readlines()[1:]:
                    count += 1
                    subprocess.run(["ipcrm", {"msg": "-q", "shm": "-m", "sem": "-s"}[kind], line.split()[1]], stderr=subprocess.DEVNULL, check=False)


def strangers(world):
    """Invocations of every transport that has a name or a port, while another user knocks at all of them."""
    rows = json.loads(world.run(["list", "--json"]).out)
    rounds = str(max(world.tries // 2, 1))
    print("| transport | invocations | broken | knocks |\n| --- | ---: | ---: | ---: |")
    for row in rows:
        if not row["available"] or row["meet_by"] not in ("port", "path", "name", "key", "service"):
            continue
        folder, name = world.fresh(), row["name"]
        knocks = mmap.mmap(-1, 8)
        stranger = as_stranger(lambda: knock_without_end([world.tmp, "/dev/shm", f"{world.base}/mqueue"], knocks))
        flags = ["--pattern", "wake-up"] if row["carries"] == "notifications" else ["--pattern", "ping-pong", "-s", "8"]
        place = "cross-core" if row["wait"] == "spin" else "same-core"
        words = ["run", "-t", name, *flags, "--placement", place, "--measure", "2ms", "--warm-up", "1ms", "--rounds", rounds, "--fixed", "--budget", "30m",
                 "--no-counting", "--quiet", "--out", folder]
        ended = world.run(words, 60 + 2 * int(rounds))
        send(stranger, 9)
        os.waitpid(stranger, 0)
        made = [invocation for cell in cells_of(folder) for invocation in cell["invocations"]]
        broken = sum(invocation["outcome"]["is"] != "ok" or any(invocation["integrity"].values()) for invocation in made)
        faults = world.faults(ended, CODES, folder)
        print(f"| {name} | {len(made)} | {broken} | {struct.unpack('q', knocks[:])[0]:,} |", flush=True)
        entry = world.table.setdefault("another user at every name and port", [0, 0])
        entry[0] += len(made)
        entry[1] += broken + len(faults)
        if faults or broken:
            print(f"FAILED {' '.join(words)}: {faults} {ended.out[-500:]}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)


def cells_of(folder):
    try:
        with open(f"{folder}/record.json") as file:
            return json.load(file)["cells"]
    except FileNotFoundError:
        return []
