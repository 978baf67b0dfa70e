#!/usr/bin/env python3
"""Counts the source of one or more revisions: scripts/count.py [REVISION ...] (default: the work tree's HEAD).

Production is what lies outside tests/, benches' and crates' `tests`, examples/ and `#[cfg(test)]` modules. Tokens do not
depend on formatting. A circle is a set of files of one crate that import each other through `crate::` or `super::`.
"""
import re
import subprocess
import sys
from collections import Counter

TOKEN = re.compile(r'r#*"(?:.|\n)*?"#*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|\w+|[^\w\s]')
COMMENT = re.compile(r"^\s*//.*$|\s//\s.*$", re.M)
SIGNS = {
    "files that spell a unit of time": r'"[^"\n]*(?:\bns|µs)\b[^"\n]*"',
    "files that escape text": r'&lt;|\.replace\(.?[\'"]\\?\|',
    "files that spell an interval": r'"[^"\n]*\{[^"\n{}]*\}(?: \.\. | to |, )\{[^"\n{}]*\}\]?[^"\n]*"',
}


def git(*args):
    return subprocess.run(["git", *args], check=True, capture_output=True, text=True).stdout


def is_test(path):
    return re.search(r"(^|/)(tests|examples|benches/benches)/|(^|/)tests\.rs$|testing\.rs$", path) is not None


def circles(files):
    """Counts the strongly connected sets of files among `files` (path -> production text)."""
    def module(path):
        root, _, inner = path.partition("/src/")
        return root, tuple(re.sub(r"(/mod)?\.rs$", "", inner).split("/")) if inner not in ("lib.rs", "main.rs") else ()
    homes = {module(path): path for path in files if "/src/" in path}
    arrows = {}
    for (root, here), path in homes.items():
        uses = re.findall(r"\b(crate|super(?:::super)*)((?:::\w+)+)", files[path])
        uses += [(head, "::" + name) for head, names in re.findall(r"\b(crate|super)::\{([^;]*)\}", files[path])
                 for name in re.findall(r"\b[a-z_]+\b", names)]
        for head, rest in uses:
            base = () if head == "crate" else here[: len(here) - head.count("super")]
            parts = base + tuple(rest.split("::")[1:])
            found = next((parts[:n] for n in range(len(parts), 0, -1) if (root, parts[:n]) in homes), None)
            if found and found != here and found != here[: len(found)]:
                arrows.setdefault(path, set()).add(homes[root, found])
    reach = {}
    for start in arrows:
        seen, open_ = set(), [start]
        while open_:
            new = arrows.get(open_.pop(), set()) - seen
            seen |= new
            open_ += new
        reach[start] = seen
    return len({frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in reach if a in reach[a]})


def count(revision):
    total, production = Counter(), {}
    for path in git("ls-tree", "-r", "--name-only", revision).splitlines():
        if not path.endswith(".rs"):
            continue
        text = git("show", f"{revision}:{path}")
        total["lines, all"] += text.count("\n")
        code = "" if is_test(path) else text.split("\n#[cfg(test)]\nmod ")[0]
        bare = COMMENT.sub("", code)
        production[path] = bare
        total["lines, production, without comments and blank lines"] += sum(1 for l in bare.splitlines() if l.strip())
        total["tokens, all, without comments"] += len(TOKEN.findall(COMMENT.sub("", text)))
        total["tokens, production"] += len(TOKEN.findall(bare))
    for name, sign in SIGNS.items():
        total[name] = sum(1 for text in production.values() if re.search(sign, text))
    total["circles of imports inside crates"] = circles(production)
    return total


revisions = sys.argv[1:] or ["HEAD"]
counts = [count(revision) for revision in revisions]
for name in counts[0]:
    print(f"{name:54}" + "".join(f"{c[name]:>12,}" for c in counts))
