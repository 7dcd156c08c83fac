#!/usr/bin/env bash
# script/serve as a stranger meets it: an empty home, no environment, a copy of the tree; then a second start.
set -uo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'kill -- -$server 2>/dev/null; rm -rf "$work"' EXIT
git archive HEAD | tar -x -C "$work"
mkdir "$work/home"
port=8392
server=0
start() {
    local started=$(date +%s%N)
    setsid env -i PATH="$PATH" HOME="$work/home" PORT=$port PIP_CONFIG_FILE="${PIP_CONFIG_FILE:-}" PIP_FIND_LINKS="${PIP_FIND_LINKS:-}" \
        PIP_CERT="${PIP_CERT:-}" "$work/script/serve" >"$work/log" 2>&1 &
    server=$!
    until page=$(curl -fsS -m 5 "http://127.0.0.1:$port/accounts/login/" 2>/dev/null); do
        kill -0 $server 2>/dev/null || { cat "$work/log"; return 1; }
        sleep 0.2
    done
    echo "$1: first page after $((($(date +%s%N) - started) / 1000000)) ms, $(grep -c 'name="username"' <<<"$page") demonstration accounts"
}
stop() {
    kill -TERM $server
    wait $server 2>/dev/null
}
start "first start" && stop && start "second start" && stop
