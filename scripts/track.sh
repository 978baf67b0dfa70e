#!/usr/bin/env bash
# Tracks this project by itself: a build against the pinned reference build, alive at once; what the gate says of it; and a run of
# each into the history.
# usage: scripts/track.sh PROGRAM REFERENCE STORE [BUDGET]      REFERENCE: a program that scripts/build_bar.sh left
set -euo pipefail
program=$(realpath "${1:?usage: scripts/track.sh PROGRAM REFERENCE STORE [BUDGET]}")
reference=$(realpath "${2:?the program of the reference}")
store=${3:?where the history is: a folder, git:BRANCH@REMOTE, s3://BUCKET/PREFIX}
budget=${4:-60s}
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cells=(--transport 'pipe/block,unix-stream/block,mq/block,shm-ring/hybrid,shm-ring/spin' --pattern ping-pong
    --size 64,64KiB --placement same-core,cross-core)

# Regressed and inconclusive are the gate's to judge.
code=0
"$program" ab --base "$reference" --new "$program" "${cells[@]}" --budget "$budget" --out "$out/ab" --quiet \
    >"$out/ab.txt" || code=$?
case $code in 0 | 1 | 3) ;; *) cat "$out/ab.txt"; exit "$code" ;; esac
verdict=0
"$program" gate "$out/ab" --policy scripts/gate.toml || verdict=$?

for side in reference program; do
    "${!side}" run "${cells[@]}" --no-rules --budget 12s --out "$out/$side" --quiet >/dev/null
done
"$program" history add "$out/program" --reference "$out/reference" --store "$store"
"$program" history scan --store "$store"
exit "$verdict"
