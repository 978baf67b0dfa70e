"""Messages under storms of signals: none may be lost, repeated or damaged."""

import json
import os
import shutil
import time

from .world import CODES, children, is_over, send

# SIGIO and SIGALRM, where a side has a handler: it interrupts calls and cuts them short.
HANDLED = (29, 14)
STOP, CONT = 19, 18
# Message sizes in bytes, and the share of messages of each. The largest are longer than the buffers.
SIZES = (("64", 0.98, "256KiB"), ("8", 0.001, "256KiB"), ("4KiB", 0.018, "4KiB"), ("64KiB", 0.001, "4KiB"))


def caught(pid):
    """Returns the signals of HANDLED for which a process has a handler."""
    try:
        with open(f"/proc/{pid}/status") as file:
            mask = next(int(line.split()[1], 16) for line in file if line.startswith("SigCgt"))
    except (OSError, StopIteration):
        return []
    return [number for number in HANDLED if mask >> (number - 1) & 1]


def rage(world, pid, until):
    """Sends signals to the sides of a run until it is over; returns their number."""
    sent = 0
    while not is_over(pid) and time.monotonic() < until:
        sides = children(pid)[1:]
        if not sides:
            time.sleep(0.001)
            continue
        for _ in range(30):
            side = world.random.choice(sides)
            known = caught(side) if world.random.random() < 0.7 else []
            if known:
                for _ in range(20):
                    sent += send(side, world.random.choice(known))
            else:
                sent += send(side, STOP)
                time.sleep(world.random.random() * 0.002)
                sent += send(side, CONT)
            time.sleep(world.random.random() * 0.001)
    return sent


def storm(world, name, pattern, size, capacity, wanted):
    """Runs one transport until it has moved `wanted` messages; returns messages, signals, faults and the rest."""
    messages = signals = wrong = unfinished = 0
    measure = 20
    end = time.monotonic() + world.patience
    while messages < wanted and time.monotonic() < end:
        folder = world.fresh()
        words = ["run", "-t", name, "--pattern", pattern, "-s", size, "--capacity", capacity, "--placement", "cross-core,same-core", "--rounds", "3", "--fixed",
                 "--measure", f"{measure}ms", "--warm-up", "1ms", "--check", "full", "--no-counting", "--quiet", "--out", folder]
        started = world.start(words)
        signals += rage(world, started[0].pid, time.monotonic() + 120)
        ended = world.wait(started, 200)
        before = messages
        for fault in world.faults(ended, CODES, folder):
            return messages, signals, wrong, unfinished, fault
        try:
            cells = json.load(open(f"{folder}/record.json"))["cells"]
        except FileNotFoundError:
            # It carries no messages of this size.
            return messages, signals, wrong, unfinished, None if ended.code == 1 else f"no record: {ended.err[-200:]}"
        for cell in cells:
            for invocation in cell["invocations"]:
                messages += invocation["messages"]
                unfinished += invocation["outcome"]["is"] != "ok"
                wrong += sum(invocation["integrity"][word] for word in ("lost", "repeated", "reordered", "damaged"))
        shutil.rmtree(folder)
        if messages == before:
            return messages, signals, wrong, unfinished, None
        measure = min(max(measure, measure * (wanted - messages) // (messages - before)), 400)
    return messages, signals, wrong, unfinished, None


def storms(world):
    """Every lossless transport; prints a line for each."""
    rows = json.loads(world.run(["list", "--json"]).out)
    rows = [row for row in rows if row["available"] and not row["lossy"] and not row["floor"] and row["carries"] != "notifications"]
    each = world.tries * 100_000 // max(len(rows), 1)
    print("| transport | messages | signals | lost, repeated, out of order, damaged | invocations that failed |\n| --- | ---: | ---: | ---: | ---: |")
    for row in rows:
        name, pattern = row["name"], "stream" if "stream" in row["patterns"] else "ping-pong"
        total = [0, 0, 0, 0]
        faults = []
        # Rings take what slower ones cannot reach in their time.
        share = 6 if row["wait"] in ("spin", "pause", "hybrid") and "shm" in name else 1
        for size, part, capacity in SIZES:
            *numbers, fault = storm(world, name, pattern, size, capacity, max(int(each * share * part), 1))
            total = [a + b for a, b in zip(total, numbers)]
            faults += [fault] if fault else []
        print(f"| {name} | {total[0]:,} | {total[1]:,} | {total[2]} | {total[3]} |", flush=True)
        entry = world.table.setdefault("messages under storms of signals", [0, 0])
        entry[0] += total[0]
        entry[1] += total[2] + len(faults)
        for fault in faults:
            print(f"FAILED {name}: {fault}", flush=True)
