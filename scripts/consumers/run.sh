#!/usr/bin/env bash
# What ipcmark exports, read by those it is exported for: one line a consumer, with its version and what was checked.
#   scripts/consumers/run.sh [RECORD]
# They are installed under target/consumers, at the versions pinned here. A consumer that cannot be installed is named and left out; in
# CI (CI=true) it fails. A check is a script that gets the folder of exports; install.sh has what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/scripts/consumers
home=$PWD/target/consumers
mkdir -p "$home"
source "$here/install.sh"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0

# check NEED NAME COMMAND...: runs the command where what it needs is there.
check() {
    local need=$1 name=$2 why; shift 2
    if why=$("$need" 2>&1 >/dev/null); then
        "$@" || { echo "$name: FAILED" >&2; failed=1; }
    else
        echo "$name: not available here, left out: ${why##*$'\n'}"
        [ "${CI:-}" != true ] || failed=1
    fi
}

# Of the whole workspace, so that cargo takes what the tests have built.
cargo build --quiet --workspace --features ipcmark-export/parquet --example exports
exports=${CARGO_TARGET_DIR:-target}/debug/examples/exports
"$exports" "$out/sample"
[ $# = 0 ] || "$exports" "$out/measured" "$1"
for exports in "$out"/*; do
    echo "-- ${exports##*/}"
    for formats in "$here"/checks_*.sh; do source "$formats"; done
done
exit "$failed"
