#!/usr/bin/env bash
# Nothing stays behind: runs every transport, then kills such runs (SIGKILL) at random moments, and lists what is left
# in the System V tables, among POSIX queues and shared memory, in TMPDIR and among the processes.
#   scripts/leave_nothing.sh target/release/ipcmark [KILLS]
# Other programs may run: root gets its own IPC and mount namespaces; for an ordinary user only names of these runs count.
set -euo pipefail
if [ -z "${APART:-}" ] && unshare --ipc --mount true 2>/dev/null; then
    APART=yes exec unshare --ipc --mount "$0" "$@"
fi
kills=${2:-5}
TMPDIR=$(mktemp -d)
export TMPDIR
# No other process runs a program of this name.
program=$TMPDIR/run-of-ipcmark
cp "$1" "$program"
queues=/dev/mqueue
trap 'umount "$queues" 2>/dev/null || :; rm -rf "$TMPDIR" "${TMPDIR:?}-mqueue"' EXIT
if [ -n "${APART:-}" ]; then
    queues=$TMPDIR-mqueue
    mkdir "$queues"
    mount -t mqueue none "$queues"
    mount -t tmpfs none /dev/shm
else
    echo "not looked at: System V objects (needs root)"
fi
pids=0
held() {
    if [ -n "${APART:-}" ]; then
        for kind in msg sem shm; do awk -v kind="$kind" 'NR > 1 { print kind, $2 }' "/proc/sysvipc/$kind"; done
    fi
    find /dev/shm "$queues" -mindepth 1 2>/dev/null | grep -E "${APART:+.|}/ipcmark-($pids)-" || :
    ls "$TMPDIR" | grep -v '^run' || :
    for exe in /proc/[0-9]*/exe; do [ "$(readlink "$exe" 2>/dev/null)" = "$program" ] && echo "process ${exe//[!0-9]/}"; done || :
}
left() { # waits a while: a janitor clears up after its run has died
    for _ in $(seq 100); do
        gained=$(held)
        [ -z "$gained" ] && return
        sleep 0.1
    done
    printf 'left behind after %s:\n%s\n' "$1" "$gained"
    exit 1
}
begin() { "$program" run --suite full --size 8 --rate 1000 --measure 2ms --quiet "$@" >/dev/null 2>&1 & pids="$pids|$!"; }
begin --rounds 1 --fixed --budget 60s --out "$TMPDIR/run"
wait $! || [ $? = 1 ]
left "a whole run"
for kill in $(seq "$kills"); do
    begin --out "$TMPDIR/run$kill"
    sleep "$((RANDOM % 4)).$((RANDOM % 1000))"
    kill -KILL $!; wait $! 2>/dev/null || :
    left "SIGKILL number $kill"
done
echo "nothing was left behind: by a whole run, nor by $kills killed ones"
