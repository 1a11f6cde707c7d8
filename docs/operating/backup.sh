#!/bin/sh
# Copies the data directory of a Verbatim server, running or not:  backup.sh DATA COPY
#
# The order matters. The journal comes first, its newest segment first: whatever a checkpoint removes from the journal
# meanwhile is in the transcripts, which come later. The catalogue is left out: it belongs to one moment, and a start makes
# it again. A file may be copied in the middle of a write; verify notices that, and the copy is made again. The directory
# of accounts, keys and members (server.db) comes last: what is private in the copy of the record is private in it too.
set -eu
data=${1:?usage: backup.sh DATA COPY} copy=${2:?usage: backup.sh DATA COPY}
verbatim=${VERBATIM:-verbatim}
umask 077

[ -f "$data/format" ] || { echo "backup: $data is no data directory: it has no file named format" >&2; exit 2; }
mkdir "$copy" # refuses one that exists

for try in 1 2 3 4 5; do
	rm -rf "$copy/journal"
	mkdir "$copy/journal"
	cp -p "$data/format" "$copy/"
	# shellcheck disable=SC2045 # a segment's name is a number; the newest comes first
	for segment in $(ls -r "$data/journal"); do
		cp -p "$data/journal/$segment" "$copy/journal/" 2>/dev/null ||
			[ ! -e "$data/journal/$segment" ] || # a checkpoint removed it
			{ echo "backup: $data/journal/$segment cannot be copied" >&2; exit 1; }
	done
	for folder in transcripts marks salvaged; do
		[ ! -d "$data/$folder" ] || cp -Rp "$data/$folder" "$copy/"
	done
	if "$verbatim" verify --data-dir "$copy" >/dev/null; then
		"$verbatim" backup --data-dir "$data" "$copy"
		echo "backup: $copy is whole (try $try)"
		exit 0
	fi
done
echo "backup: $copy is not whole after 5 tries: see what verify says of $data itself" >&2
exit 1
