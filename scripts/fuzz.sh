#!/usr/bin/env bash
# Runs every fuzz target for a time, one after the other:  scripts/fuzz.sh 30s
# What fails is written to the target's testdata/fuzz, and the exit is 1; the other targets still run.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-30s}
failed=()
while IFS=: read -r file target; do
	package=./$(dirname "$file")
	echo "fuzz: $package $target for $time"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" || failed+=("$package $target")
done < <(git grep -oE 'func Fuzz[A-Za-z0-9_]*' -- '*_test.go' | sed 's/:func /:/')
[ ${#failed[@]} = 0 ] || { printf 'fuzz: failed: %s\n' "${failed[@]}" >&2; exit 1; }
