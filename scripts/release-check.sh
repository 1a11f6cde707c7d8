#!/usr/bin/env bash
# Tries what `make release` made: the program in an empty root directory, and the Debian package. It needs root, and
# leaves the machine as it was.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "release-check: $1" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "run it as root: chroot and dpkg need that"
arch=$(dpkg --print-architecture)
program=$(ls dist/verbatim_linux_"$arch"*/verbatim) || fail "dist has no program for $arch: run make release"
deb=$(ls dist/verbatim_*_"$arch".deb) || fail "dist has no package for $arch: run make release"
[ "$(dpkg-query -W -f '${db:Status-Status}' verbatim 2>/dev/null || true)" = "" ] ||
	fail "a package verbatim is known to dpkg: this would replace it"

root=$(mktemp -d)
server=
installed=
finish() {
	[ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
	[ -z "$installed" ] || dpkg --purge verbatim >/dev/null 2>&1 || true
	rm -rf "$root" "$root.out" "$root.err"
}
trap finish EXIT

# serve_and_send PROGRAM… starts a server, sends it a message, reads it back, asks its health and stops it.
serve_and_send() {
	local addr sent
	: >"$root.out"
	"$@" serve --listen 127.0.0.1:0 --data-dir /data >"$root.out" 2>"$root.err" &
	server=$!
	until addr=$(sed -n 's,^listening on http://,,p' "$root.out") && [ -n "$addr" ]; do
		kill -0 "$server" 2>/dev/null || fail "the server did not start: $(cat "$root.err")"
		sleep 0.1
	done
	sent=$(curl -fsS -H 'Content-Type: application/json' -d '{"from":"ann","text":"from an empty room"}' \
		"http://$addr/api/conversations/lobby/messages") || fail "the message was refused"
	[[ $sent == *'"seq":1'* ]] || fail "an ack of seq 1 was due, and this came: $sent"
	curl -fsS "http://$addr/api/conversations/lobby/messages" | grep -q 'from an empty room' ||
		fail "the message cannot be read back"
	curl -fsS "http://$addr/" | grep -q '<title' || fail "the page is not in the program"
	"$@" healthcheck --listen "$addr" >/dev/null || fail "verbatim healthcheck says that it is not ready"
	kill "$server"
	wait "$server" || fail "SIGTERM: exit code $?: $(cat "$root.err")"
	server=
	rm -f "$root.out" "$root.err"
}

echo "release-check: $program in an empty root directory"
cp "$program" "$root/verbatim"
[ "$(ls "$root")" = verbatim ] || fail "$root is not empty"
serve_and_send chroot "$root" /verbatim
chroot "$root" /verbatim verify --data-dir /data >/dev/null || fail "verify does not accept the record"

echo "release-check: $deb installed and removed"
installed=yes
dpkg --install "$deb" >/dev/null || fail "dpkg could not install it"
[ -f /usr/lib/systemd/system/verbatim.service ] || fail "the unit is not there"
/usr/bin/verbatim version >/dev/null || fail "the installed program does not run"
if command -v systemd-analyze >/dev/null; then
	systemd-analyze verify /usr/lib/systemd/system/verbatim.service || fail "systemd does not accept the unit"
fi
dpkg --purge verbatim >/dev/null || fail "dpkg could not remove it"
installed=
for left in /usr/bin/verbatim /usr/lib/systemd/system/verbatim.service /etc/default/verbatim /usr/share/doc/verbatim; do
	[ ! -e "$left" ] || fail "$left is still there after the package was purged"
done

(cd dist && sha256sum --check --quiet SHA256SUMS) || fail "a checksum does not hold"
echo "release-check: the program serves from an empty root, the package installs and leaves nothing, the checksums hold"
