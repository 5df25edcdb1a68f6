#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Black-box tests of the binary: run.py BINARY [--jobs N] [--only TEXT] [--modules NAMES] [--list]"""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import signal
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

import harness

HERE = pathlib.Path(__file__).resolve().parent


def collect(modules):
    found = []
    for path in sorted(HERE.glob("cases_*.py")):
        if modules and path.stem.removeprefix("cases_") not in modules:
            continue
        module = importlib.import_module(path.stem)
        for name, function in vars(module).items():
            if name.startswith("test_"):
                found.append((f"{module.__name__.removeprefix('cases_')}.{name.removeprefix('test_')}", function))
    return found


def run_one(name, function, binary):
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trtc-cli-test-") as directory:
        context = harness.Context(binary, directory)
        error = None
        try:
            function(context)
        except Exception as exception:  # a defect of the test is a red test, too
            error = str(exception) if isinstance(exception, harness.Failure) else traceback.format_exc()
            place = traceback.extract_tb(exception.__traceback__)
            error += "".join(f"\n  at {pathlib.Path(f.filename).name}:{f.lineno} {f.line}" for f in place[1:])
        finally:
            context.close()
        logs = "\n".join(program.log() for program in context.programs) if error else ""
    return name, time.monotonic() - started, error, logs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--only", default="", help="tests whose name has this text")
    parser.add_argument("--modules", default="", help="only these, with commas between: join,serve")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    tests = [test for test in collect([name for name in options.modules.split(",") if name]) if options.only in test[0]]
    if options.list:
        print("\n".join(name for name, _ in tests))
        return 0
    if not tests:
        print(f"no test has \"{options.only}\" in its name", file=sys.stderr)
        return 1
    # Whoever started us may ignore these, as a script does for its jobs in the background; programs inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    red = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(run_one, name, function, options.binary.resolve()) for name, function in tests]
        for job in concurrent.futures.as_completed(jobs):
            name, seconds, error, logs = job.result()
            print(f"{'ok ' if error is None else 'RED'} {name} ({seconds:.1f} s)", flush=True)
            if error is not None:
                red += 1
                print(f"{error}\n{logs}", flush=True)
    print(f"{len(tests) - red} of {len(tests)} tests are green")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
