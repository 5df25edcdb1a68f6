# SPDX-License-Identifier: MIT
"""A bare Debian in a folder: the smallest system that has apt, with git and certificates, and commands run in it."""

import os
import pathlib
import shutil
import subprocess
import tempfile

PACKAGES = ["git", "ca-certificates"]
NEEDED = ("mmdebstrap", "unshare", "chroot", "git")
USER = "ann"
# The mounts live in a namespace of their own, so they are gone when the command is.
ENTER = """
set -eu
root=$1 cache=$2
shift 2
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$cache/ccache" "$root/ccache"
mount --bind "$cache/archives" "$root/var/cache/apt/archives"
exec chroot "$@"
"""


class Impossible(Exception):
    """Why this machine cannot have a Debian in a folder."""


def check_possible():
    """Throws Impossible."""
    if os.geteuid() != 0:
        raise Impossible("making a bare Debian needs root")
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing:
        raise Impossible(f"not installed: {' '.join(missing)}")
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise Impossible(f"no mount namespaces here: {tried.stderr.strip()}")


def mirror():
    """Where this machine gets Debian from."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"],
                            capture_output=True, text=True, check=False).stdout.split()
    return next((site for site in listed if "security" not in site), "http://deb.debian.org/debian")


def cache_folder(suite):
    """Downloads and compiled objects; kept between runs, shared by all clones on this machine."""
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(home) / "trtc-cli-fresh" / suite
    for name in ("ccache", "archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "ccache").chmod(0o777)  # an ordinary user of the bare system writes there, too
    return folder


class BareDebian:
    """A system of its own until the with block ends."""

    def __init__(self, suite, user=False):
        """suite: bookworm, trixie. user: also sudo and an ordinary user who may use it."""
        self.suite, self.user, self.cache = suite, user, cache_folder(suite)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"trtc-cli-{suite}-"))
        self.root = self.folder / "root"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def make(self):
        """Throws subprocess.CalledProcessError with the output."""
        packages = PACKAGES + (["sudo"] if self.user else [])
        subprocess.run(["mmdebstrap", "--variant=apt", f"--include={','.join(packages)}", "--skip=check/empty", "--quiet",
                        self.suite, str(self.root), mirror()], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        (self.root / "ccache").mkdir()
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        for file in pathlib.Path("/etc/apt/apt.conf.d").iterdir():  # proxies and the like; nothing that docker added
            if "docker" not in file.name:
                shutil.copy(file, self.root / "etc/apt/apt.conf.d")
        if self.user:
            subprocess.run(["chroot", self.root, "useradd", "--create-home", "--shell", "/bin/bash", USER], check=True, capture_output=True)
            rule = self.root / "etc/sudoers.d/ann"
            rule.write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
            rule.chmod(0o440)

    def home(self):
        return "/home/" + USER if self.user else "/root"

    def clone(self, repository):
        """What is committed, in a clone below the home of whoever uses the system."""
        bundle = self.root / "var/tmp/trtc-cli.bundle"
        subprocess.run(["git", "-C", repository, "bundle", "create", "--quiet", bundle, "HEAD"], check=True, capture_output=True)
        bundle.chmod(0o644)
        code, output = self.run("git clone --quiet /var/tmp/trtc-cli.bundle trtc-cli", 120)
        if code != 0:
            raise RuntimeError(f"git clone: {output}")

    def run(self, command, limit):
        """Exit code (None: it took longer than limit seconds) and output of a shell command in the home folder."""
        who = [f"--userspec={USER}:{USER}"] if self.user else []
        words = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh",
                 self.root, self.cache, *who, self.root, "env", "-i", f"HOME={self.home()}", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                 "CCACHE_DIR=/ccache", "CCACHE_UMASK=000", "LANG=C.UTF-8", "sh", "-c", f"cd && {command}"]
        with tempfile.TemporaryFile() as output:
            started = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            try:
                code = started.wait(limit)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
                code = None
            output.seek(0)
            return code, output.read().decode("utf-8", "replace")
