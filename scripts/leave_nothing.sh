#!/usr/bin/env bash
# Nothing stays behind: runs every transport, then kills such runs (SIGKILL) at random moments, and says what is left
# in the System V tables, among POSIX queues and shared memory, in TMPDIR and among the processes.
#   scripts/leave_nothing.sh target/release/ipcmark [KILLS]
set -euo pipefail
program=$(realpath "$1")
kills=${2:-5}
TMPDIR=$(mktemp -d)
export TMPDIR
queues=$TMPDIR/../${TMPDIR##*/}-mqueue
trap 'umount "$queues" 2>/dev/null || :; rm -rf "$TMPDIR" "$queues"' EXIT
mkdir "$queues"
# Queues can be seen where they are mounted; only root can do that.
mount -t mqueue none "$queues" 2>/dev/null || { echo "not looked at: POSIX queues (mounting them needs root)"; rmdir "$queues"; queues=/dev/mqueue; }

held() {
    for kind in msg sem shm; do awk -v kind="$kind" 'NR > 1 { print kind, $2 }' "/proc/sysvipc/$kind"; done
    ls /dev/shm "$queues" "$TMPDIR" 2>/dev/null | grep -v '^/\|^$\|^run' || :
    for exe in /proc/[0-9]*/exe; do [ "$(readlink "$exe" 2>/dev/null)" = "$program" ] && echo "process ${exe//[!0-9]/}"; done || :
}
before=$(held | sort)
left() { # waits a while: a watcher clears up after its run has died
    for _ in $(seq 100); do
        gained=$(comm -13 <(echo "$before") <(held | sort) | grep . || :)
        [ -z "$gained" ] && return
        sleep 0.1
    done
    printf 'left behind after %s:\n%s\n' "$1" "$gained"
    exit 1
}
"$program" run --suite full --size 8 --rounds 1 --fixed --measure 2ms --budget 60s --out "$TMPDIR/run" --quiet >/dev/null || [ $? = 1 ]
left "a whole run"
for kill in $(seq "$kills"); do
    "$program" run --suite full --size 8 --measure 2ms --out "$TMPDIR/run$kill" --quiet >/dev/null 2>&1 &
    sleep "$((RANDOM % 4)).$((RANDOM % 1000))"
    kill -KILL $!; wait $! 2>/dev/null || :
    left "SIGKILL number $kill"
done
echo "nothing was left behind: by a whole run, nor by $kills killed ones"
