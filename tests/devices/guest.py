#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tests of run.py, inside the machine: guest.py BINARY [--long] [--only TEXT] [--list]"""

import argparse
import pathlib
import re
import shutil
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import cases_capture
import cases_errors
import cases_list
import cases_unplug
import harness
import rig


def collect():
    """Name, function, whether it is for long runs only. Names are found in the order of the files."""
    for module in (cases_list, cases_errors, cases_capture, cases_unplug):
        for name, function in vars(module).items():
            if name.startswith("test_"):
                yield (f"{module.__name__.removeprefix('cases_')}.{name.removeprefix('test_')}", function,
                       getattr(function, "long", False))


def run_one(name, function, studio):
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trtc-cli-test-") as directory:
        context = rig.Bench(studio, directory)
        error = None
        try:
            rig.plug_in()
            function(context)
        except Exception as exception:  # a defect of the test is a red test, too
            error = str(exception) if isinstance(exception, harness.Failure) else traceback.format_exc()
            place = traceback.extract_tb(exception.__traceback__)
            error += "".join(f"\n  at {pathlib.Path(f.filename).name}:{f.lineno} {f.line}" for f in place[1:])
        finally:
            context.close()
        print(f"{'ok ' if error is None else 'RED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
        if error is not None:
            print(error + "\n" + context.logs(), flush=True)
    return error is None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    tests = [test for test in collect() if re.search(options.only, test[0]) and (options.long or options.only or not test[2])]
    if options.list:
        print("\n".join(name + (" (long)" if long else "") for name, _, long in collect()))
        return 0
    if not tests:
        print(f"no test's name has {options.only!r}")
        return 1
    print(f"{len(tests)} tests in the machine, {time.clock_gettime(time.CLOCK_BOOTTIME):.1f} s after its start", flush=True)
    with tempfile.TemporaryDirectory(prefix="trtc-cli-studio-") as directory:
        studio = rig.Studio(options.binary, directory)
        try:
            green = sum(run_one(name, function, studio) for name, function, _ in tests)
        finally:
            studio.close()
            for path in pathlib.Path(directory).glob("recorded/*") if options.keep else ():
                shutil.copy(path, options.keep)
    print(f"{green} of {len(tests)} tests are green")
    return 0 if green == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
