#!/usr/bin/env bash
# Runs the action's own shell steps for real: deciding on a made-up comparison, then measuring a program against itself and deciding.
#   scripts/consumers/action.sh PROGRAM      called by gate.sh, which installs what it needs
set -euo pipefail
cd "$(dirname "$0")/../.."
steps=target/consumers-gate/steps
rm -rf "$steps"
mkdir -p "$steps/temp/ipcmark/ab"
cp "$1" "$steps/temp/ipcmark/ipcmark-new"
cp "$1" "$steps/temp/ipcmark/ipcmark-base"
cp target/consumers-gate/specimen/paired.json "$steps/temp/ipcmark/ab"
run() {
    code=0
    python scripts/consumers/action_steps.py .github/actions/gate/action.yml "$steps" base=HEAD^ new=HEAD "$@" >"$steps/said.txt" || code=$?
}
fail() { cat "$steps/said.txt"; exit 1; }

run "--only=Check the toolchain,Decide"
[ "$code" = 1 ] && grep -qx decision=regressed "$steps/output" && grep -q '^::error ' "$steps/said.txt" && grep -q Regressed "$steps/step_summary" &&
    test -s "$steps/temp/ipcmark/ab/junit.xml" || fail
echo "the action's steps: a comparison with regressions ends with $code, with annotations, outputs, a summary and JUnit"

run transports=pipe/block budget=12s inconclusive=warn "--only=Measure both at once,Decide"
[ "$code" = 0 ] && grep -qE '^decision=(passed|inconclusive)$' "$steps/output" && test -s "$steps/temp/ipcmark/ab/paired.json" || fail
echo "the action's steps: a program against itself, measured and decided, passes"
