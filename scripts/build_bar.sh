#!/usr/bin/env bash
# Keeps the build from growing. Measures the CPU time of a cold build, as a multiple of the time that a yardstick takes, which
# is compiled just before and after. The multiple may be at most 1.03 times the figure in scripts/build_bar.txt.
#   scripts/build_bar.sh [--accept] CARGO ARGUMENTS ...      --accept writes the figure: commit it, and say why it grew
set -euo pipefail
cd "$(dirname "$0")/.."
figure=scripts/build_bar.txt accept=
if [ "${1:-}" = --accept ]; then accept=1; shift; fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for n in {1..80}; do
    echo "pub fn f$n(words: &[[u8; $n]]) -> Vec<String> {
        let mut all = std::collections::BTreeMap::<_, u64>::new();
        for word in words { *all.entry(*word).or_default() += $n; }
        let mut found: Vec<_> = all.into_iter().map(|(word, times)| format!(\"{word:?} {times}\")).collect();
        found.sort();
        found
    }"
done >"$out/yardstick.rs"

# Prints the seconds of CPU, user and system, that a command and its children take.
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" >"$out/log" 2>&1; } 2>"$out/time" || { cat "$out/log" >&2; return 1; }
    awk '{ print $1 + $2 }' "$out/time"
}
yardstick() { cpu rustc --edition 2024 --crate-type rlib -O --out-dir "$out" "$out/yardstick.rs"; }
measure() {
    local before build after
    before=$(yardstick) && build=$(CARGO_TARGET_DIR=$1 cpu cargo "${@:2}") && after=$(yardstick)
    echo "build: $build s CPU, yardstick: $before and $after s" >&2
    awk "BEGIN { printf \"%.3f\", 2 * $build / ($before + $after) }"
}
is_within() { awk "BEGIN { exit !($1 <= 1.03 * $(cat "$figure")) }"; }

if [ -d target/release ]; then
    echo "target/release is there, so this build would not be cold: its cost is not judged"
    exec cargo "$@"
fi
ratio=$(measure target "$@")
if [ -n "$accept" ]; then echo "$ratio" >"$figure"; fi
# A busy machine makes a build look dear: a second measurement decides.
is_within "$ratio" || ratio=$(measure "$out/again" "$@")
echo "the build costs $ratio yardsticks; the commit before: $(cat "$figure")"
is_within "$ratio" || { echo "over 1.03 times as much: make it cheaper, or run scripts/build_bar.sh --accept and say why"; exit 1; }
