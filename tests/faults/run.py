#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Agents and a service in a network of their own that loses packets: run.py BINARY MEASURE [--only TEXT] [--list]

MEASURE is tests/tools/measure, which counts what a recording lacks.

Each part lives in a namespace of its own. Without root, iproute2 or nftables, or in a container that allows no
namespaces, the exit code is 77."""

import argparse
import importlib
import os
import pathlib
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]

import harness
import net


def collect(text):
    found = []
    for path in sorted(HERE.glob("cases_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in vars(module).items():
            if name.startswith("test_"):
                found.append((f"{path.stem.removeprefix('cases_')}.{name.removeprefix('test_')}", function))
    return [case for case in found if text in case[0]]


def run_one(name, function, binary, measure):
    """One after the other: what is measured must not be somebody else's load."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trtc-cli-test-") as directory, net.Network() as network:
        context = harness.Context(binary, directory)
        context.measure = measure
        error = None
        try:
            function(context, network)
        except Exception as exception:
            error = str(exception) if isinstance(exception, harness.Failure) else traceback.format_exc()
            error += "".join(f"\n  at {pathlib.Path(frame.filename).name}:{frame.lineno} {frame.line}"
                             for frame in traceback.extract_tb(exception.__traceback__)[1:])
        finally:
            context.close()
        print(f"{'ok ' if error is None else 'RED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
        if error is not None:
            print(error + "\n" + "\n".join(program.log() for program in context.programs), flush=True)
    return error is None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("measure", type=pathlib.Path)
    parser.add_argument("--only", default="", help="tests whose name has this text")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    tests = collect(options.only)
    if options.list:
        print("\n".join(name for name, _ in tests))
        return 0
    if not tests:
        print(f"no test has \"{options.only}\" in its name", file=sys.stderr)
        return 1
    try:
        with net.Network():
            pass
    except net.Impossible as why:
        print(f"no network of our own: {why}")
        return net.SKIP
    binary, measure = options.binary.resolve(), options.measure.resolve()
    green = sum([run_one(name, function, binary, measure) for name, function in tests])
    print(f"{green} of {len(tests)} tests are green")
    return 0 if green == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
