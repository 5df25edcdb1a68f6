#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command in a small virtual machine that has cameras and sound cards: Debian's kernel with vivid and snd-aloop,
emulated by QEMU, this machine's files as its read-only root. Its only network is loopback. See README.md.

    vm.py [--out FOLDER] [--limit SECONDS] [--env NAME=VALUE]... -- COMMAND [ARGUMENT]...

In the guest the current folder is the same as here; /tmp and /run are empty and writable, /run/out is FOLDER.
Exit code: the command's; 124 after the limit; 125 when there is no machine to be had."""

import argparse
import contextlib
import ctypes
import fcntl
import hashlib
import lzma
import os
import pathlib
import re
import selectors
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

BOOT_MODULES = ["virtio_pci", "9pnet_virtio", "9p"]
DEVICE_MODULES = ["vivid", "snd-aloop", "sch_netem"]
TOOLS = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static", "modprobe": "kmod", "depmod": "kmod",
         "apt-get": "apt", "apt-cache": "apt", "dpkg-deb": "dpkg"}
HIDDEN = ["/tmp", "/run"]  # of this machine: the guest has its own
TIMED_OUT, NO_MACHINE = 124, 125
PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for module in @MODULES@; do insmod /boot/$module; done
options=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o $options,cache=loose,ro root /root || echo "vm: no root"
mount --bind /root /host
for folder in @HIDDEN@; do mount -t tmpfs none /root$folder; done
mkdir -p /root/run/out
mount -t 9p -o $options out /root/run/out || echo "vm: no /run/out"
for folder in $(cat /root/run/out/keep); do
	mkdir -p "/root$folder"
	mount --bind "/host$folder" "/root$folder"
done
mkdir -p /root/run/vm /dev/pts /dev/shm
mount -t tmpfs none /root/run/vm
cp -r /lib /root/run/vm/
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t proc none /root/proc
mount -t sysfs none /root/sys
mount --rbind /dev /root/dev
ip link set lo up
stty -F /dev/ttyS1 raw
chroot /root /bin/sh /run/out/guest </dev/null >/dev/ttyS1 2>&1
echo $? >/root/run/out/status
sync
poweroff -f
"""


class NoMachine(Exception):
    """The machine cannot be made here; the message says why and what to do."""


def tool(name):
    found = shutil.which(name, path=PATH)
    if found is None:
        raise NoMachine(f"{name} is missing; type: apt-get install {TOOLS[name]}")
    return found


def command(what, *arguments, **options):
    done = subprocess.run([tool(what), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NoMachine(f"{what} {' '.join(map(str, arguments))}: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout


# The kernel: its package is unpacked once, and only the modules we load are kept.

def default_cache():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "trtc-cli" / "device-vm"


def kernel_package():
    """The package that linux-image-amd64 stands for today."""
    found = re.search(r"Depends: (linux-image-\S+)", command("apt-cache", "depends", "linux-image-amd64"))
    if not found:
        raise NoMachine("apt knows no linux-image-amd64; type: apt-get update")
    return found[1]


def download(package, folder):
    try:
        command("apt-get", "download", package, cwd=folder)
    except NoMachine:
        if os.geteuid() != 0:
            raise
        command("apt-get", "update")  # the lists are older than the archive
        command("apt-get", "download", package, cwd=folder)
    return next(folder.glob("*.deb"))


def needed_files(tree, release, modules):
    """The files of the modules and of what they need, in the order of loading."""
    files = []
    for module in modules:
        for line in command("modprobe", "-d", tree, "-S", release, "--show-depends", module).splitlines():
            words = line.split()
            if words[0] == "insmod" and pathlib.Path(words[1]) not in files:
                files.append(pathlib.Path(words[1]))
    return files


def unpack_kernel(package, target):
    """target/vmlinuz, target/boot/NN-MODULE.ko, target/lib/modules/RELEASE."""
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=target.parent) as work:
        work = pathlib.Path(work)
        command("dpkg-deb", "-x", download(package, work), work / "tree")
        tree = work / "tree" / "usr" if (work / "tree/usr/lib/modules").exists() else work / "tree"
        release = next((tree / "lib/modules").iterdir()).name
        command("depmod", "-b", tree, release)
        new = work / "new"
        (new / "boot").mkdir(parents=True)
        for number, file in enumerate(needed_files(tree, release, BOOT_MODULES)):
            copy_module(file, new / "boot" / f"{number:02}-{file.name}")
        for file in needed_files(tree, release, BOOT_MODULES + DEVICE_MODULES):
            copy_module(file, new / file.relative_to(tree))
        for file in (tree / "lib/modules" / release).glob("modules.builtin*"):
            shutil.copy(file, new / "lib/modules" / release)
        shutil.copy(tree / "lib/modules" / release / "modules.order", new / "lib/modules" / release)
        command("depmod", "-b", new, release)
        shutil.copy(next((work / "tree/boot").glob("vmlinuz-*")), new / "vmlinuz")
        new.rename(target)


def copy_module(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".xz":
        target.with_suffix("").write_bytes(lzma.decompress(source.read_bytes()))
    else:
        shutil.copy(source, target)


def kernel(cache):
    """The folder that unpack_kernel made, now or earlier; runs at the same time wait for one another."""
    package = kernel_package()
    key = hashlib.sha256(repr((BOOT_MODULES, DEVICE_MODULES)).encode()).hexdigest()[:8]
    target = cache / f"{package}-{key}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            unpack_kernel(package, target)
    return target


# The first files of the guest: an archive in cpio's "newc" format, which the kernel unpacks.

def archive_entry(name, mode, data=b"", number=[0]):
    number[0] += 1
    fields = [number[0], mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def initrd(kernel_folder):
    busybox = pathlib.Path(tool("busybox"))
    boot = sorted((kernel_folder / "boot").iterdir())
    init = INIT.replace("@MODULES@", " ".join(file.name for file in boot)).replace("@HIDDEN@", " ".join(HIDDEN))
    parts = [archive_entry(name, stat.S_IFDIR | 0o755) for name in
             ("bin", "boot", "dev", "host", "lib", "proc", "root", "sys")]
    parts.append(archive_entry("init", stat.S_IFREG | 0o755, init.encode()))
    parts.append(archive_entry("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes()))
    parts += [archive_entry(f"boot/{file.name}", stat.S_IFREG | 0o644, file.read_bytes()) for file in boot]
    for path in sorted((kernel_folder / "lib").rglob("*")):
        name = str(path.relative_to(kernel_folder))
        parts.append(archive_entry(name, stat.S_IFDIR | 0o755) if path.is_dir() else
                     archive_entry(name, stat.S_IFREG | 0o644, path.read_bytes()))
    return b"".join(parts) + archive_entry("TRAILER!!!", 0)


# One run

def kept_folders(folders):
    """Those folders that the guest's own /tmp and /run would hide."""
    kept = []
    for folder in sorted({pathlib.Path(f).resolve() for f in folders}):
        if any(folder.is_relative_to(hidden) for hidden in HIDDEN) and not any(folder.is_relative_to(k) for k in kept):
            kept.append(folder)
    return kept


def guest_script(words, environment):
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return "\n".join([*lines, "mkdir -p \"$HOME\"", f"cd {shlex.quote(os.getcwd())} || exit 1", "exec " + shlex.join(words), ""])


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def follow(machine, deadline, line):
    """Hands the guest's lines on until the machine is off; false after the deadline."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(machine.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                return False
            block = os.read(machine.stdout.fileno(), 65536)
            *lines, rest = (rest + block).split(b"\n")
            for each in lines + ([rest] if not block and rest else []):
                line(each.decode("utf-8", "replace").rstrip("\r"))
            if not block:
                return True


def run(words, out, line, limit=300, folders=(), environment=None, cache=None):
    """Runs the command, hands its output to line() and returns its exit code. out: an existing folder, where console is
    left. folders: what the guest must see besides the current folder, if it lies below /tmp or /run.
    Throws NoMachine."""
    out = pathlib.Path(out).resolve()
    qemu = tool("qemu-system-x86_64")
    kernel_folder = kernel(pathlib.Path(cache or default_cache()))
    for name in ("status", "console"):
        (out / name).unlink(missing_ok=True)
    kept = kept_folders([os.getcwd(), sys.prefix, sys.base_prefix, *folders])
    if any(re.search(r"\s", str(folder)) for folder in kept):
        raise NoMachine(f"a folder below {' or '.join(HIDDEN)} with a space in its name: {kept}")
    (out / "keep").write_text("".join(f"{folder}\n" for folder in kept))
    (out / "guest").write_text(guest_script(words, {"PATH": PATH, "HOME": "/tmp/home", "XDG_RUNTIME_DIR": "/run", "LC_ALL": "C.UTF-8",
                                                    **(environment or {})}))
    (out / "initrd").write_bytes(initrd(kernel_folder))
    share = "security_model=none,multidevs=remap"
    machine = subprocess.Popen(
        [qemu, "-accel", "tcg,thread=multi", "-cpu", "qemu64", "-m", "2048", "-smp", "2",
         "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
         "-serial", f"file:{out / 'console'}", "-serial", "stdio",
         "-kernel", str(kernel_folder / "vmlinuz"), "-initrd", str(out / "initrd"),
         "-append", "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable clocksource=tsc",
         "-virtfs", f"local,path=/,mount_tag=root,readonly=on,{share}",
         "-virtfs", f"local,path={out},mount_tag=out,{share}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
    try:
        ended = follow(machine, time.monotonic() + limit, line)
    finally:
        machine.kill()
        machine.wait()
        machine.stdout.close()
        (out / "initrd").unlink()
    if not ended:
        line(f"vm: no end within {limit} s")
        return TIMED_OUT
    with contextlib.suppress(OSError, ValueError):
        return int((out / "status").read_text())
    line("vm: the machine went off before the command ended")
    return NO_MACHINE


def console(out, lines=60):
    """The end of what the guest's kernel and its first program said."""
    with contextlib.suppress(OSError):
        text = (pathlib.Path(out) / "console").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.ExitStack() as stack:
        out = options.out or stack.enter_context(tempfile.TemporaryDirectory(prefix="device-vm-"))
        pathlib.Path(out).mkdir(parents=True, exist_ok=True)
        try:
            code = run(options.command, out, lambda text: print(text, flush=True), options.limit,
                       environment=dict(each.split("=", 1) for each in options.env))
        except NoMachine as error:
            print(f"vm: {error}", file=sys.stderr)
            return NO_MACHINE
        if code in (TIMED_OUT, NO_MACHINE):
            print(console(out), file=sys.stderr)
        return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
