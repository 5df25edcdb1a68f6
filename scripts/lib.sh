# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What quickstart, test and the benches share. Sourced; the caller has set -euo pipefail and root.

# Debian packages, by what needs them.
build_packages=(
	g++ meson ninja-build ccache pkg-config python3
	libglib2.0-dev libsoup-3.0-dev libjson-glib-dev libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev
	libsystemd-dev libedit-dev doctest-dev
	libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev
	libasound2-dev libxcb1-dev libxcb-shm0-dev libxcb-xfixes0-dev
)
run_packages=(
	gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
	gstreamer1.0-nice gstreamer1.0-libav gstreamer1.0-alsa gstreamer1.0-x glib-networking
)
test_packages=(
	clang libclang-rt-dev clang-format iproute2 nftables mandoc mkvtoolnix gstreamer1.0-tools chromium firefox-esr git openssl coturn tinyproxy
	bash fish zsh shellcheck systemd tmux xvfb xdotool x11-utils imagemagick mmdebstrap ffmpeg python3-yaml
)
package_packages=(debhelper devscripts lintian debootstrap fakeroot git)

# What tests/devices needs to make a machine with a camera and sound cards. Without them that suite is skipped.
device_packages=(qemu-system-x86 busybox-static kmod v4l-utils alsa-utils gstreamer1.0-tools)

# Before a command that only root may run.
root_command=
[ "$(id -u)" -eq 0 ] || root_command='sudo '
# What scripts/image and packaging/try-image need.
image_packages=(mmdebstrap fakechroot umoci runc binutils git python3)

say() { printf '%s\n' "$*"; }
fail() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The packages among the arguments that are not installed, one a line.
missing_packages() {
	local installed
	# dpkg-query exits with 1 when it does not know one of the packages, which is the usual case on a bare machine.
	installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || :; } | sed -n 's/^installed //p')
	comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

# Node is often there from elsewhere; Debian's own is good enough, too.
node_packages() {
	local version=0
	if command -v node >/dev/null; then
		version=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
	fi
	[ "$version" -ge 18 ] || echo nodejs
	command -v npm >/dev/null || echo npm
}

apt() {
	local log=$1 sudo=()
	shift
	if [ "$(id -u)" -ne 0 ]; then
		sudo=(sudo)
		[ -t 0 ] || sudo=(sudo -n)
	fi
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@" \
		</dev/null >>"$log" 2>&1
}

# For --no-install: names the packages that are missing and stops, before anything is built.
require_packages() {
	local missing
	command -v dpkg-query >/dev/null || return 0
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -eq 0 ] ||
		fail "${#missing[@]} Debian packages are missing, and --no-install forbids to install them: ${missing[*]}
to install them: ${root_command}apt-get install ${missing[*]}"
}

# Installs those of the packages that are missing; nothing is printed and nothing asked for when there are none.
install_packages() {
	local missing log
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		say "This is not a Debian machine: install yourself what these packages hold: $*"
		return 0
	fi
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		fail "packages are missing; as root, type: apt-get install ${missing[*]}"
	fi
	log=$(mktemp)
	step "installing ${#missing[@]} Debian packages: ${missing[*]}"
	if ! { apt "$log" update && apt "$log" -y --no-install-recommends install "${missing[@]}"; }; then
		step_failed
		grep -E '^(E|W|Err|sudo):' "$log" | tail -n 8 >&2 || tail -n 8 "$log" >&2
		fail "the packages could not be installed, the log of apt is $log; by hand: apt-get install ${missing[*]}"
	fi
	rm -f "$log"
	step_done
}

# A progress line for something long: "what ..." and, when it is done, how long it took.
step_started=0
step() {
	step_started=$(now_ms)
	printf '%s ... ' "$*"
}
step_done() { printf 'done%s (%s)\n' "${1:+, $1}" "$(since "$step_started")"; }
step_failed() { printf 'FAILED (%s)\n' "$(since "$step_started")"; }
now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
since() {
	local ms=$(($(now_ms) - $1))
	printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# Every file is compiled once a machine, whatever clone it is in. A compiler given from outside is taken as it is.
use_ccache() {
	export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
	export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-time_macros}
}

# For a program that is built once: several files of a library are one for the compiler, which halves the time. To work on
# the files, use `meson setup build` and one object a file.
quick_build=(-Doptimization=1 -Ddebug=false -Dunity=on -Dunity_size=16)

# configure FOLDER COMPILER [OPTION...]: sets a build folder up, once.
configure() {
	local folder=$1 compiler=$2 log
	shift 2
	[ ! -f "$folder/build.ninja" ] || return 0
	log=$(mktemp)
	command -v ccache >/dev/null && compiler="ccache $compiler"
	if ! CXX=$compiler meson setup "$folder" "$root" "$@" </dev/null >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# On a terminal: ninja's count of files, written over itself at the cursor.
count_steps() {
	local line count=
	while IFS= read -r line; do
		if [ -t 1 ] && [[ $line =~ ^\[([0-9]+/[0-9]+)\] ]]; then
			printf '%s%s' "${count//?/$'\b'}" "${BASH_REMATCH[1]}"
			count=${BASH_REMATCH[1]}
		fi
	done
	count=${count//?/$'\b'}
	printf '%s%s%s' "$count" "${count//?/ }" "$count"
}

# compile FOLDER [TARGET...]: quiet; when it fails the compiler's words are shown.
compile() {
	local folder=$1 log
	shift
	log=$(mktemp)
	if ! ninja -C "$folder" "$@" </dev/null 2>&1 | tee "$log" | count_steps; then
		grep -v '^\[[0-9]*/[0-9]*\] \(Compiling\|Linking\|Generating\)' "$log" | tail -n 80 >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}
