#!/usr/bin/env bash
# Runs a suite of the gate many times beside busy loops and counts how often each test failed.
# What passes here passes anywhere.
#   scripts/repeat.sh SUITE [TIMES [LOOPS [REGEXP]]]     ten times beside two loops; REGEXP chooses tests by name
# SUITE is one of `go run ./scripts/gate -list`, or "all": the whole gate, which also runs stories again,
# as `make test` does.
set -euo pipefail
cd "$(dirname "$0")/.."
suite=${1:-}
times=${2:-10} loops=${3:-2} regexp=${4:-}
[ -n "$suite" ] || { sed -n '4,6s/^# *//p' "$0" >&2; exit 2; }
mkdir -p bin
go build -o bin/gate ./scripts/gate
[ "$suite" = all ] || exec bin/gate -times "$times" -busy "$loops" -run "$regexp" "$suite"
failed=0
for n in $(seq "$times"); do
	echo "==== the whole gate, run $n of $times"
	began=$SECONDS
	bin/gate -busy "$loops" || { [ $? != 130 ] || exit 130; failed=$((failed + 1)); }
	echo "==== the whole gate, run $n of $times, took $((SECONDS - began)) s; $failed failed so far"
done
exit $((failed > 0))
