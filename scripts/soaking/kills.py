"""Kills, stops, other signals, and deaths at chosen syscalls, over every verb and every process of it."""

import shutil
import signal
import subprocess
import time

from .world import CODES, children, is_over, send

NAMED = ("fifo/block,mq/block,shm-ring-posix/hybrid,shm-ring-sysv/spin,sysv-msg/block,unix-path/block,unix-abstract/block,"
         "rpc-unix-matchmaker/block,rpc-tcp-at-most-once/block,file-flock/yield,pty/block,vsock-stream/block,signal/sigwait,sem-sysv/semop")
SHORT = ["-s", "8", "--measure", "2ms", "--warm-up", "1ms", "--placement", "same-core", "--quiet"]
STOPS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
OTHERS = [signal.SIGQUIT, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGXCPU,
          signal.SIGPIPE, signal.SIGIO, signal.SIGFPE, signal.SIGILL, signal.SIGSYS, signal.SIGTRAP, signal.SIGVTALRM, signal.SIGPROF,
          signal.SIGWINCH, signal.SIGURG, signal.SIGTSTP, signal.SIGRTMIN]
# Calls at which a process is killed, or that are refused: those that make, name, remove, write, start, wait.
CALLS = ("unlink unlinkat mq_unlink mq_open shmctl shmget msgget msgctl semget semctl openat mkdir mkdirat rmdir rename mknodat bind clone "
         "semop clone3 mmap munmap socket listen connect accept4 pipe2 eventfd2 memfd_create prctl sched_setaffinity pidfd_open "
         "close_range wait4 waitid poll ppoll kill flock fsync ftruncate getrandom write read sendto recvfrom futex exit_group execve "
         "fcntl close dup epoll_create1 epoll_ctl timerfd_create signalfd4 ioctl statx getdents64 setsockopt getsockopt socketpair").split()


def verbs(world):
    """Returns every verb as words; OUT means its folder. Those that judge documents have some to judge."""
    made = world.documents
    return {
        "run": ["run", "-t", NAMED, *SHORT, "--rounds", "6", "--fixed", "--out", "OUT"],
        "run all": ["run", "--suite", "full", "--rate", "100000", *SHORT, "--budget", "20s", "--out", "OUT"],
        "run --resume": ["run", "--resume", "OUT", "--budget", "2s", "--quiet"],
        "ab": ["ab", "-t", "mq/block,fifo/block", "-s", "8", "--placement", "same-core", "--budget", "6s", "--out", "OUT", "--quiet"],
        "rules": ["rules", "--quiet"],
        "list": ["list"],
        "doctor": ["doctor", "--listen", "20ms"],
        "limits": ["limits"],
        "knee": ["knee", "-t", "mq/block", "--p99", "1ms", "--budget", "4s", "--quiet", "--out", "OUT"],
        "repeat": ["repeat", "--runs", "2", "-t", "mq/block,fifo/block", *SHORT, "--budget", "6s", "--out", "OUT"],
        "report": ["report", f"{made}/run", "--out", "OUT"],
        "export": ["export", f"{made}/run", "-f", "criterion", "-o", "OUT"],
        "compare": ["compare", f"{made}/run", f"{made}/run"],
        "gate": ["gate", f"{made}/ab"],
        "history": ["history", "add", f"{made}/run", "--store", "OUT"],
        "history page": ["history", "page", "--store", f"{made}/store", "--out", f"{world.base}/page.html"],
    }


def make_documents(program, folder):
    """Makes a record, a paired comparison and a history for the verbs that read one."""
    for words in (["run", "-t", "pipe/block,mq/block", *SHORT, "--rounds", "2", "--fixed", "--out", f"{folder}/run"],
                  ["ab", "-t", "pipe/block", *SHORT[:2], "--placement", "same-core", "--budget", "3s", "--out", f"{folder}/ab", "--quiet"],
                  ["history", "add", f"{folder}/run", "--store", f"{folder}/store"]):
        subprocess.run([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def words_of(world, verb, words):
    folder = world.fresh()
    if verb == "run --resume":
        shutil.copytree(f"{world.documents}/run", folder)
    return folder, [folder if word == "OUT" else word for word in words]


def aims(pid, target):
    """Returns the processes of a run that a signal goes to."""
    below = children(pid)
    match target:
        case "the program":
            return [pid]
        case "a side":
            return below[1:]
        case "the watcher":
            return below[:1]
        case "all but the watcher":
            return [pid, *below[1:]]
    return [pid, *below]


def one_kill(world, verb, words, length):
    """Sends a signal at a random moment, and returns the row of the table, the faults, and the words for it."""
    dice = world.random
    target = dice.choice(["the program"] * 4 + ["a side"] * 3 + ["the watcher", "all but the watcher", "all at once"])
    kind = dice.choices(["SIGKILL", "SIGINT, SIGTERM, SIGHUP", "another signal", "SIGSTOP, then SIGCONT"], [5, 3, 2, 1])[0]
    number = {"SIGKILL": signal.SIGKILL, "SIGSTOP, then SIGCONT": signal.SIGSTOP}.get(kind)
    number = number or dice.choice(STOPS if kind.startswith("SIGINT") else OTHERS)
    folder, words = words_of(world, verb, words)
    after = dice.random() * length.get(verb, 1.0)
    started = world.start(words)
    time.sleep(after)
    pid = started[0].pid
    chosen = aims(pid, target)
    if target == "a side" and chosen:
        chosen = [dice.choice(chosen)]
    if target == "all at once":
        for one in chosen:
            send(one, signal.SIGSTOP)
    for one in chosen:
        send(one, number)
    if number in (signal.SIGSTOP, signal.SIGTSTP) or target == "all at once":
        time.sleep(dice.choice([0.05, 0.4, 1.5]) if number != signal.SIGKILL else 0)
        for one in chosen:
            send(one, signal.SIGCONT)
    ended = world.wait(started)
    codes = CODES - {2}
    codes = codes | {-number} if target != "a side" else codes
    # Anyone who asked it to end gets 130, or the result if it was there already.
    if number in STOPS and target != "a side" and target != "the watcher":
        codes = codes - {4}
    # Commands that start others have more watchers than the first.
    died = number not in STOPS and target in ("all at once", "all but the watcher")
    faults = world.faults(ended, codes, folder, both_died=died)
    shutil.rmtree(folder, ignore_errors=True)
    how = f"{' '.join(words)}: {signal.Signals(number).name} to {target} after {after:.3f} s"
    return f"{kind} to {target}", faults, how


def lengths(world, known):
    """Returns the seconds that each verb takes; of the longest a part, because their middle is as good as their end."""
    length = {}
    for verb, words in known.items():
        folder, words = words_of(world, verb, words)
        started = world.start(words)
        # The longest would take all the time: their middle is as good as their end.
        while not is_over(started[0].pid) and time.monotonic() - started[2] < 4:
            time.sleep(0.01)
        length[verb] = time.monotonic() - started[2]
        send(started[0].pid, signal.SIGINT)
        world.wait(started)
        world.clear()
    return length


def kills(world):
    """Every verb and every process of it, at random moments."""
    known = verbs(world)
    length = lengths(world, known) if world.tries >= 100 else {}
    whole = ["run", "--suite", "full", "--rounds", "1", "--fixed", "--rate", "100000", *SHORT, "--budget", "60s", "--out", world.fresh()]
    world.count("a whole run of every transport", world.faults(world.run(whole, 200), {0, 1}), " ".join(whole))
    names = [*known, "run", "run", "run all"]
    for number in range(world.tries):
        verb = names[number % len(names)]
        world.count(*one_kill(world, verb, known[verb], length))


def traced(call, what):
    return ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}"]


def deaths(world):
    """Deaths at chosen syscalls."""
    if not shutil.which("strace"):
        return world.leave_out("SIGKILL at a syscall", "strace is not installed")
    known = verbs(world)
    names = ["run"] * 4 + ["list", "doctor", "rules", "run --resume", "ab", "history", "export"]
    for number in range(world.tries):
        verb = names[number % len(names)]
        # Those that make, name and remove are the first third.
        call = world.random.choice(CALLS[: len(CALLS) // 3] * 2 + CALLS)
        nth = world.random.choice([1, 1, 2, 3, 5, 8, 13, 40])
        folder, words = words_of(world, verb, known[verb])
        ended = world.run(words, seconds=180, prefix=traced(call, f"signal=KILL:when={nth}"))
        faults = world.faults(ended, CODES | {-9, 137}, folder, both_died=True)
        world.count("SIGKILL at a syscall", faults, f"{' '.join(words)}: {call} number {nth}")
        shutil.rmtree(folder, ignore_errors=True)


# Calls that remove names, and those that list what to remove.
REMOVING = {"unlink", "unlinkat", "mq_unlink", "rmdir", "shmctl", "msgctl", "semctl", "getdents64", "fcntl"}
ERRORS = "EINTR EAGAIN EPERM ENOMEM ENOSYS EIO ENOSPC EMFILE EACCES".split()


def refusals(world):
    """Calls that are interrupted or refused, once or again and again."""
    if not shutil.which("strace"):
        return world.leave_out("a syscall is interrupted or refused", "strace is not installed")
    known = verbs(world)
    names = ["run"] * 6 + ["list", "doctor", "rules", "run --resume", "ab", "history", "export"]
    for number in range(world.tries):
        verb = names[number % len(names)]
        call = world.random.choice([call for call in CALLS if call not in ("exit_group", "execve")])
        error = world.random.choice(["EINTR", *ERRORS])
        when = world.random.choice(["1", "2", "3", "5", "2+3", "7+9", "1+50"])
        folder, words = words_of(world, verb, known[verb])
        ended = world.run(words, seconds=240, prefix=traced(call, f"error={error}:when={when}"))
        row = "a syscall is interrupted (EINTR)" if error == "EINTR" else "a syscall is refused"
        codes = CODES | {127} if "shared libraries" in ended.err else CODES
        faults = world.faults(ended, codes, folder, both_died=True)
        # What cannot be removed stays.
        faults = [fault for fault in faults if call not in REMOVING or not fault.startswith("left behind")]
        world.count(row, faults, f"{' '.join(words)}: {call} fails with {error}, call {when}")
        shutil.rmtree(folder, ignore_errors=True)
