"""Mutated documents of each kind, read in a process with a limit on its memory; a document that takes too long fails."""

import json
import os
import subprocess

KINDS = ("record", "journal", "paired", "history", "store", "suite", "policy", "command")
# Time for one document, s: many times what the largest takes on a busy machine.
SECONDS = "20"


def reader_tests():
    """Builds the property tests of the readers, and returns their path."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    built = subprocess.run(["cargo", "test", "--quiet", "-p", "ipcmark", "--test", "readers", "--no-run", "--message-format=json"], cwd=root,
                           stdout=subprocess.PIPE, check=True)
    lines = [json.loads(line) for line in built.stdout.splitlines()]
    return next(line["executable"] for line in lines if line.get("executable") and line["target"]["name"] == "readers")


def documents(tests, tries, base, table):
    """Tries `20 · tries` documents of each kind."""
    cases = tries * 20
    for kind in KINDS:
        last = f"{base}/last-{kind}"
        env = dict(os.environ, PROPTEST_CASES=str(cases), READERS_LAST=last, READERS_SECONDS=SECONDS, TMPDIR=base)
        limits = ["prlimit", f"--as={1 << 30}", "timeout", str(600 + cases // 5)]
        ended = subprocess.run([*limits, tests, "--exact", kind, "--test-threads", "1"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        table[f"mutated documents: {kind}"] = [cases, int(ended.returncode != 0)]
        if ended.returncode != 0:
            said = ended.stdout.decode(errors="replace")
            print(f"FAILED {kind}: exit code {ended.returncode}; the document is {last}\n{said[-3000:]}", flush=True)
