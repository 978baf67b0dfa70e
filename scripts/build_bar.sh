#!/usr/bin/env bash
# Keeps the build from growing: builds the pinned reference (scripts/reference) and this tree, both cold and one after the other,
# and fails if this tree takes more than 1.03 times the CPU time of the reference. Beyond that it builds both a second time and
# compares the shorter times, because a busy machine only makes a build longer.
# Where a longer build is worth it, pin a newer reference and say why in CHANGELOG.md.
# usage: scripts/build_bar.sh      leaves target/release/ipcmark and target/reference/release/ipcmark
set -euo pipefail
cd "$(dirname "$0")/.."
reference=$(cat scripts/reference)
# A commit that a rebase left behind is in one clone only.
git merge-base --is-ancestor "$reference" HEAD || {
    echo "scripts/reference names $reference, which is no ancestor of HEAD; pin one that is, or fetch the whole history: git fetch --unshallow"
    exit 1
}
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree"; rm -rf "$tree"' EXIT
git worktree add --quiet --force --detach "$tree" "$reference"
here=$PWD

# Prints the seconds of CPU, user and system, of a cold build of the program in folder $1 into target folder $2.
build() {
    local TIMEFORMAT='%U %S'
    rm -rf "$2/release"
    { time (cd "$1" && CARGO_TARGET_DIR=$2 cargo build --release --package ipcmark --bin ipcmark >"$2/build.log" 2>&1); } 2>"$2/build.time" ||
        { cat "$2/build.log" >&2; return 1; }
    awk '{ print $1 + $2 }' "$2/build.time"
}
mkdir -p target/reference
base=1e9 new=1e9
for try in 1 2; do
    a=$(build "$tree" "$here/target/reference") && b=$(build "$here" "$here/target")
    base=$(printf '%s\n' "$base" "$a" | sort -g | head -n 1) new=$(printf '%s\n' "$new" "$b" | sort -g | head -n 1)
    echo "CPU time of a cold build: reference ${reference:0:12} $a s, this tree $b s, shortest $base s and $new s"
    if awk "BEGIN { exit !($new <= 1.03 * $base) }"; then
        exit 0
    fi
done
echo "this tree takes more than 1.03 times the CPU time of the reference to build"
exit 1
