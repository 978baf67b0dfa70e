#!/usr/bin/env bash
# Compares what a cold command of cargo takes in this checkout (HEAD) and in another revision, in turn.
#   scripts/cold_build.sh REVISION [TIMES] [CARGO ARGUMENTS ...]     default: 3 build --release --package ipcmark
# Prints wall time, CPU time (user and system, children included) and their ratios, HEAD over REVISION.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
revision=$1 times=${2:-3}
shift $(($# > 2 ? 2 : $#))
[ $# -gt 0 ] || set -- build --release --package ipcmark
out=$(mktemp -d)
trap 'git worktree remove --force "$out/base"; git worktree remove --force "$out/new"; rm -rf "$out"' EXIT
git worktree add --quiet --detach "$out/base" "$revision"
git worktree add --quiet --detach "$out/new" HEAD
for side in base new; do (cd "$out/$side" && cargo fetch --quiet --locked); done
for ((n = 1; n <= times; n++)); do
    for side in base new; do
        rm -rf "$out/target"
        TIMEFORMAT='%R %U %S'
        { time (cd "$out/$side" && CARGO_TARGET_DIR="$out/target" cargo "$@" >"$out/log" 2>&1) || { tail "$out/log" >&2; exit 1; }; } 2>"$out/time"
        read -r wall user system <"$out/time"
        echo "$side $wall $(echo "$user + $system" | bc -l)" | tee -a "$out/all" | awk -v n="$n" '{printf "%d %-5s %8.1f s wall %8.1f s CPU\n", n, $1, $2, $3}'
        if [ -f "$out/target/release/ipcmark" ]; then
            strip -o "$out/stripped" "$out/target/release/ipcmark" && echo "        program, stripped: $(stat -c %s "$out/stripped") bytes"
        fi
    done
done
awk '{ wall[$1] += $2; cpu[$1] += $3 } END { printf "HEAD / base: wall %.3f, CPU %.3f (means of all)\n", wall["new"] / wall["base"], cpu["new"] / cpu["base"] }' "$out/all"
