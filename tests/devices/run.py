#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of the binary with the kernel's own devices, in a virtual machine: run.py BINARY [--long] [--only REGEX] [--list]
Prints ok or RED and the name of each test. Exit code 77 and one line when there is no machine to be had. See README.md."""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import vm

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
SLOW = 8  # how much longer anything may take in the machine than on this one


def prepare(out):
    """What would take long in the guest: GStreamer looks through its plug-ins here."""
    cached = vm.default_cache() / "gst-registry.bin"
    cached.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([vm.tool("gst-inspect-1.0"), "coreelements"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=os.environ | {"GST_REGISTRY": str(cached)}, check=True)
    shutil.copy(cached, out / "gst-registry.bin")


def run(options, out):
    prepare(out)
    words = [sys.executable, "-B", str(HERE / "guest.py"), str(options.binary.resolve()), "--only", options.only]
    words += ["--long"] if options.long else []
    words += ["--keep", "/run/out"] if options.keep else []
    started, booted = time.monotonic(), []

    def line(text):
        if not booted:
            booted.append(time.monotonic() - started)
        print(text, flush=True)

    code = vm.run(words, out, line, 2000 if options.long else 600, folders=[HERE, options.binary],
                  environment={"TEST_TIME_FACTOR": str(SLOW), "GST_REGISTRY": "/run/out/gst-registry.bin",
                               "GST_REGISTRY_UPDATE": "no"})
    if code not in (0, 1):
        print(f"RED machine (exit code {code})\n--- the guest's console\n{vm.console(out)}", flush=True)
    elif booted:
        print(f"boot {booted[0]:.1f} s, tests {time.monotonic() - started - booted[0]:.1f} s", flush=True)
    return code


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--long", action="store_true", help="all of them; else those that fit into a minute and a half")
    parser.add_argument("--only", default="", metavar="REGEX", help="tests whose name has this, long ones, too")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="leave recordings and the guest's console there")
    parser.add_argument("--list", action="store_true", help="print the names of the tests")
    options = parser.parse_args()
    if options.list:
        return subprocess.run([sys.executable, "-B", HERE / "guest.py", options.binary, "--list"], check=False).returncode
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="trtc-cli-devices-") as out:
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            out = options.keep
        try:
            return run(options, pathlib.Path(out))
        except vm.NoMachine as error:
            print(f"skipped: {error}")
            return SKIPPED


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
