# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A Debian release of one's choice, for scripts/package and scripts/image. Sourced after lib.sh.

# The address this machine gets its own packages from, for "main" or "security".
debian_mirror() {
	local found
	# shellcheck disable=SC2016 # apt's own variable
	found=$(apt-get indextargets --format '$(SITE)' "Created-By: Packages" "Origin: Debian" 2>/dev/null | sort -u)
	case $1 in
	security) found=$(grep -m 1 security <<<"$found") || found=http://deb.debian.org/debian-security ;;
	*) found=$(grep -v -m 1 security <<<"$found") || found=http://deb.debian.org/debian ;;
	esac
	printf '%s\n' "$found"
}

# debian_sources SUITE: the lines of a sources.list.
debian_sources() {
	local mirror
	mirror=$(debian_mirror main)
	printf 'deb %s %s main\n' "$mirror" "$1" "$mirror" "$1-updates" "$(debian_mirror security)" "$1-security"
}

# The release that this machine runs, and "" where it is no Debian.
this_suite() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

check_suite() {
	case $1 in
	bookworm | trixie) ;;
	*) fail "--suite \"$1\" is not possible: use bookworm or trixie" ;;
	esac
}
