#!/usr/bin/env bash
# Every table of docs/src/performance.md, as markdown on standard output. Takes about five minutes
# when the programs are built. Linux, bash, python3; see peers.sh for the other proxies.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_INCREMENTAL=0
cargo build --locked --release -q -p oxg-cli
cargo build --locked --release -q --manifest-path bench/Cargo.toml
target_directory() {
    cargo metadata --locked --no-deps --format-version 1 --manifest-path "$1" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
}
OXG=${OXG:-$(target_directory Cargo.toml)/release/oxg}
OXG_BENCH=${OXG_BENCH:-$(target_directory bench/Cargo.toml)/release/oxg-bench}
export OXG OXG_BENCH
# A socket a connection, on each side of a proxy.
ulimit -n 8192

printf '%s cores, %s, Linux %s\n' "$(nproc)" "$(date -u +%F)" "$(uname -r | cut -d. -f1-2)"
printf '\n### Calls\n\n'
"$OXG_BENCH" calls
printf '\n### Beside other proxies\n\n'
bench/peers.sh
printf '\n### Memory\n\n'
work=$(mktemp -d)
pids=()
stop() {
    exec 4>&- || true
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop EXIT
wait_line() {
    for _ in $(seq 200); do
        [ -s "$1" ] && return
        sleep 0.05
    done
    echo "$1 stayed empty" >&2
    return 1
}
: >"$work/target"
"$OXG_BENCH" target >"$work/target" & pids+=($!)
wait_line "$work/target"
target=$(cat "$work/target")
# The broker ends when its standard input does.
mkfifo "$work/stdin"
: >"$work/broker"
"$OXG_BENCH" broker --port "${target##*:}" <"$work/stdin" >"$work/broker" & broker=$!
pids+=("$broker")
exec 4>"$work/stdin"
wait_line "$work/broker"
"$OXG_BENCH" memory --pid "$broker" --proxy "oxg=$(cat "$work/broker")" --target "$target"
