#!/usr/bin/env bash
# sockperf 3.7 (Debian 3.7-1), under-load: the sender never sleeps between messages, at whatever rate.
#
# Guess: at 100 messages a second a load generator sleeps until the next one is due, so its client takes a few hundredths of a CPU.
# Seen: the client takes a whole CPU, almost all of it in user mode, at 100 messages a second as at 10,000. Only the thread that
# receives sleeps. Where both threads share a CPU (taskset), that CPU is never idle, so a round trip that ends there pays no wake-up
# from idle: the latency that under-load prints is one of a busy machine, not of a client that makes 100 requests a second.
#
# usage: findings/sockperf-under-load-spins.sh      Debian 12 or 13; downloads one package into a temporary folder, 6 s
set -euo pipefail
version=3.7-1
out=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || :; rm -rf "$out"' EXIT
cd "$out"
apt-get download --quiet "sockperf=$version" >"$out/apt.log" 2>&1 || { cat "$out/apt.log"; exit 2; }
dpkg -x sockperf_*.deb "$out/root"
sockperf=$out/root/usr/bin/sockperf
"$sockperf" --version 2>&1 | head -n 1
port=$((20000 + $$ % 10000))
"$sockperf" server -i 127.0.0.1 -p "$port" >"$out/server" 2>&1 &
server=$!
sleep 0.5
code=0
for rate in 100 10000; do
    TIMEFORMAT='%R %U %S'
    { time "$sockperf" under-load -i 127.0.0.1 -p "$port" --full-rtt --reply-every 1 --mps "$rate" -t 2 -m 64 >"$out/client" 2>&1; } 2>"$out/time"
    read -r wall user system <"$out/time"
    sent=$(sed -n 's/.*\[Total Run\].*SentMessages=\([0-9]*\).*/\1/p' "$out/client")
    echo "$rate messages/s: $sent sent in $wall s; CPU time of the client $user s user, $system s system"
    # A client that slept would take some 0.02 s at 100/s, and fifty times as much at 10,000/s. On a busy machine a spinning one gets less.
    awk -v u="$user" -v s="$system" 'BEGIN { exit !(u > 0.2 && u > 5 * s) }' || code=1
done
[ "$code" = 0 ] || echo "changed: the client slept"
exit "$code"
