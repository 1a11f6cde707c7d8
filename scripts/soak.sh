#!/usr/bin/env bash
# Plays all quotations into a server of its own and compares everything; leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" || true; }
	rm -rf "$dir"
}
trap finish EXIT
bin/verbatim serve --listen 127.0.0.1:0 --data-dir "$dir/data" --send-rate 0 >"$dir/out" &
server=$!
until addr=$(sed -n 's,^listening on http://,,p' "$dir/out") && [ -n "$addr" ]; do
	kill -0 "$server" || { echo "soak: the server did not start" >&2; exit 1; }
	sleep 0.1
done
go run ./scripts/fortunes -addr "$addr" -data "$dir/data" -all
bin/verbatim verify --data-dir "$dir/data" | tail -1
