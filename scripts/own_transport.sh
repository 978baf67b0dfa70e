#!/usr/bin/env bash
# Builds examples/own-transport as an outsider would, puts it through the laws, and sees that it is a row like any other.
# Usage: own_transport.sh
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'echo "own_transport.sh: line $LINENO failed: $BASH_COMMAND" >&2' ERR
manifest=examples/own-transport/Cargo.toml
# The versions and the target folder of this workspace, so that what is built already is used.
cp Cargo.lock examples/own-transport/
export CARGO_TARGET_DIR=$PWD/target

# Prints the text it reads and fails unless the text has the words.
has() { tee "$out/said" && grep -qF "$1" "$out/said"; }

cargo fmt --manifest-path "$manifest" --check
cargo test --quiet --manifest-path "$manifest"
cargo build --quiet --manifest-path "$manifest"
own=target/debug/own-transport

"$own" list door | has 'a pair of sockets'
"$own" rules own | has 'read(2) returned 0'
"$own" run --transport door,pipe/block --budget 10s --out "$out/run" --quiet | has 'door/block'
grep -q 'door/block' "$out/run/index.html"
# Its other wait has figures, too, where the sides have a CPU each.
[ "$(nproc)" = 1 ] || "$own" run --transport door/spin --pattern ping-pong --placement cross-core --rounds 1 --fixed --out "$out/spin" \
    --quiet --json | has '"is": "measured"'
# Whether a machine can tell a program from itself in ten seconds is not asked here.
"$own" ab --transport door/block --budget 10s --out "$out/ab" --quiet >"$out/ab.txt" || [ "$?" -le 3 ]
grep -q 'door/block' "$out/ab/comparison.md"
echo "examples/own-transport: listed, run, reported, compared, and it keeps the laws"
