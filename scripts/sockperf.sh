#!/usr/bin/env bash
# Compares round trips at a set rate with those of `sockperf under-load` (Debian's sockperf), in turn, over TCP and UDP: 64 B over
# loopback, the client on one CPU and the server on another, at rates low enough that nothing queues. sockperf's client has a second
# thread that spins until the next message is due, so that the CPU on which the first one sleeps is never idle, and wakes it sooner.
# So ipcmark runs once as it is, and once with a process on that CPU that spins in the class of idle processes. Fails if the median
# of the second differs by more than 10 % from sockperf's.
# usage: scripts/sockperf.sh PROGRAM [ROUNDS [RATE]...]
set -euo pipefail
program=$(realpath "${1:?usage: scripts/sockperf.sh PROGRAM [ROUNDS [RATE]...]}")
rounds=${2:-7}
rates=("${@:3}")
[ "${#rates[@]}" -gt 0 ] || rates=(1000 5000)
command -v sockperf >/dev/null || { echo "sockperf is not installed: apt-get install sockperf" >&2; exit 2; }
out=$(mktemp -d)
server= spinner=
trap 'kill $server $spinner 2>/dev/null || :; rm -rf "$out"' EXIT
port=$((20000 + $$ % 10000))

# Prints the column $2 of the only row of the CSV file $1.
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at[name] }' "$1"; }
# Prints the median of the numbers it reads.
middle() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# The CPUs that ipcmark gives the two sides.
"$program" run --transport tcp/block --pattern paced-ping-pong --rate 1000 --size 64 --placement cross-core --no-rules \
    --no-counting --budget 1s --fixed --rounds 1 --out "$out/cpus" --quiet >"$out/said" || { cat "$out/said"; exit 1; }
mapfile -t cpus < <("$program" export "$out/cpus" --format csv | awk -F, \
    'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $at["side"] == "initiator" { a = $at["cpu_before"] }
     $at["side"] == "responder" { b = $at["cpu_before"] } END { print a; print b }')

# Runs ipcmark over socket $1 at rate $2 and prints its median in µs.
ours() {
    rm -rf "$out/run"
    "$program" run --transport "$1/block" --pattern paced-ping-pong --rate "$2" --size 64 --placement cross-core --no-rules \
        --no-counting --measure 250ms --fixed --rounds 8 --out "$out/run" --quiet >"$out/said"
    "$program" export "$out/run" --format cells-csv --out "$out/cells.csv" 2>/dev/null
    local ns
    ns=$(column "$out/cells.csv" p50_ns)
    [ -n "$ns" ] || { echo "$1 at $2/s has no latency:"; cat "$out/said"; return 1; } >&2
    awk -v ns="$ns" 'BEGIN { print ns / 1000 }'
}
ratio() { paste -d ' ' "$1" "$2" | awk '{ print $1 / $2 }' | sort -g; }

code=0
printf '%-6s %8s %14s %14s %14s %7s %s\n' socket rate 'sockperf p50' 'ipcmark p50' 'CPU kept awake' ratio 'of each round'
for socket in tcp udp; do
    flag=()
    [ "$socket" = udp ] || flag=(--tcp)
    for rate in "${rates[@]}"; do
        port=$((port + 1))
        taskset -c "${cpus[1]}" sockperf server "${flag[@]}" -i 127.0.0.1 -p "$port" >"$out/server" 2>&1 &
        server=$!
        sleep 0.5
        : >"$out/theirs" >"$out/ours" >"$out/awake"
        for round in $(seq "$rounds"); do
            taskset -c "${cpus[0]}" sockperf under-load "${flag[@]}" -i 127.0.0.1 -p "$port" --full-rtt --reply-every 1 \
                --mps "$rate" -t 2 -m 64 >"$out/client" 2>&1
            sed -n 's/.*percentile 50.000 = *\([0-9.]*\).*/\1/p' "$out/client" >>"$out/theirs"
            ours "$socket" "$rate" >>"$out/ours"
            chrt --idle 0 taskset -c "${cpus[0]}" bash -c 'while :; do :; done' &
            spinner=$!
            ours "$socket" "$rate" >>"$out/awake"
            kill "$spinner"
            wait "$spinner" 2>/dev/null || :
            spinner=
        done
        kill "$server"
        wait "$server" 2>/dev/null || :
        server=
        middle=$(ratio "$out/awake" "$out/theirs" | middle)
        printf '%-6s %6d/s %11.2f µs %11.2f µs %11.2f µs %7.3f %s\n' "$socket" "$rate" "$(middle <"$out/theirs")" "$(middle <"$out/ours")" \
            "$(middle <"$out/awake")" "$middle" "$(ratio "$out/awake" "$out/theirs" | tr '\n' ' ')"
        awk -v r="$middle" 'BEGIN { exit !(r >= 0.9 && r <= 1.1) }' || code=1
    done
done
[ "$code" = 0 ] || echo "a median differs by more than 10 %"
exit "$code"
