#!/usr/bin/env bash
# Installs what is missing, says what, and touches nothing that is there.
#   scripts/setup.sh run       what `make run` needs: the page's npm packages
#   scripts/setup.sh test      what `make test` needs (the default): real Redis, PostgreSQL, Chromium, reverse
#                              proxies, strace, quotations, shellcheck, wscat, npm packages
#   scripts/setup.sh browsers  what `make test-browsers` needs: all of that, and Firefox
#   scripts/setup.sh bench     what `make web-bench` needs: Chromium, fonts of many scripts, npm packages, Lighthouse
set -euo pipefail
cd "$(dirname "$0")/.."

# What the tests start or read, by Debian package. Only the texts of the fortunes packages are used.
fortunes=(fortunes fortunes-min fortunes-de fortunes-ru fortunes-zh fortunes-es fortunes-it fortunes-pl fortunes-cs
	fortunes-bg fortunes-ga fortunes-br)
packages=(redis-server postgresql-15 chromium nginx caddy haproxy curl strace iproute2 e2fsprogs systemd shellcheck
	fonts-noto-color-emoji "${fortunes[@]}")
# What the page is measured and photographed with. Without these fonts a picture shows boxes for most of the world's
# writing.
bench_packages=(chromium fonts-noto-color-emoji fonts-noto-cjk fonts-noto-core)

fail() { echo "setup: $1" >&2; exit 1; }

need() { command -v "$1" >/dev/null || fail "$1 is missing: $2"; }

# as_root runs a command as root, by sudo where we are not.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else
		need sudo "run scripts/setup.sh as root, or install sudo"
		sudo "$@"
	fi
}

missing_packages() {
	local p
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
	done
}

# apt_install installs, and starts nothing: the tests start what they need by themselves, on ports of their own.
apt_install() (
	policy=/usr/sbin/policy-rc.d # what packages ask before they start a service (Debian Policy 9.3.3.1)
	if [ ! -e "$policy" ]; then
		trap 'as_root rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
)

# debian PACKAGE… installs those that are missing.
debian() {
	need dpkg-query "these parts are Debian packages; elsewhere install by hand: $*"
	local missing
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} = 0 ] && return
	echo "setup: installing ${missing[*]}"
	# The lists may be old or absent: fetch them only when the first try shows it.
	apt_install "${missing[@]}" 2>/dev/null && return
	echo "setup: apt-get update"
	as_root apt-get update -qq || fail "apt-get update failed: is there a way to the Debian archive?"
	apt_install "${missing[@]}" || fail "apt-get could not install: ${missing[*]}"
}

# firefox installs Debian's, or its update: Playwright speaks a WebDriver BiDi that 140 does not know in full.
firefox() {
	local least=153
	firefox_is_at_least "$least" && return
	echo "setup: installing firefox-esr $least or newer"
	as_root apt-get update -qq || fail "apt-get update failed: is there a way to the Debian archive?"
	apt_install firefox-esr || fail "apt-get could not install firefox-esr"
	firefox_is_at_least "$least" ||
		fail "Debian's firefox-esr is older than $least, which the tests need: $(firefox-esr --version)"
}

firefox_is_at_least() {
	local version
	version=$(firefox-esr --version 2>/dev/null | grep -oE '[0-9]+' | head -1) || return
	[ "$version" -ge "$1" ]
}

# npm_ci DIR installs a package-lock.json once; the stamp is older than the lock when it has to be done again.
npm_ci() {
	local dir=$1 stamp=$1/node_modules/.stamp
	[ -f "$dir/package-lock.json" ] || fail "$dir/package-lock.json is not there: is the checkout whole?"
	[ "$stamp" -nt "$dir/package-lock.json" ] && return
	need npm "install Node.js 20.19 or newer"
	echo "setup: npm ci in $dir"
	# The browser tests drive Debian's Chromium, so Playwright must not fetch one of its own.
	(cd "$dir" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error) ||
		fail "npm ci failed in $dir"
	touch "$stamp"
}

need go "install Go 1.26 or newer"
set -- "${1:-test}"
case $1 in
run) npm_ci web ;;
test | browsers)
	debian "${packages[@]}"
	[ "$1" = test ] || firefox
	npm_ci web
	npm_ci web/client/test/strangers
	npm_ci e2e/wscat
	# The proxy before Redis is a program of a module of its own. Go's build cache keeps it.
	(cd tools/toxiproxy && go tool -n server >/dev/null) || fail "tools/toxiproxy does not build"
	;;
bench)
	debian "${bench_packages[@]}"
	npm_ci web
	npm_ci web/bench/lighthouse
	;;
*) fail "unknown part '$1': say run, test, browsers or bench" ;;
esac
