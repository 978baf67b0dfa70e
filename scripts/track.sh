#!/usr/bin/env bash
# Tracks this project by itself: a build against the pinned reference build, alive at once; what the gate says of it; and a run of
# each into the history. The reference is a commit in scripts/reference: pin a newer one where a slow-down was accepted, and say so.
# usage: scripts/track.sh PROGRAM STORE [BUDGET]
set -euo pipefail
program=$(realpath "${1:?usage: scripts/track.sh PROGRAM STORE [BUDGET]}")
store=${2:?where the history is: a folder, git:BRANCH@REMOTE, s3://BUCKET/PREFIX}
budget=${3:-60s}
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cells=(--transport 'pipe/block,unix-stream/block,mq/block,shm-ring/hybrid,shm-ring/spin' --pattern ping-pong
    --size 64,64KiB --placement same-core,cross-core)

# Regressed and inconclusive are the gate's to judge.
code=0
"$program" ab --base-rev "$(cat scripts/reference)" --new "$program" "${cells[@]}" --budget "$budget" --out "$out/ab" --quiet \
    >"$out/ab.txt" || code=$?
case $code in 0 | 1 | 3) ;; *) cat "$out/ab.txt"; exit "$code" ;; esac
verdict=0
"$program" gate "$out/ab" --policy scripts/gate.toml || verdict=$?

reference=$(find target/ipcmark-ab/programs -name ipcmark -type f -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
for side in reference program; do
    "${!side}" run "${cells[@]}" --no-rules --budget 12s --out "$out/$side" --quiet >/dev/null
done
"$program" history add "$out/program" --reference "$out/reference" --store "$store"
"$program" history scan --store "$store"
exit "$verdict"
