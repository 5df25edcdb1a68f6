#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the fuzzers of tests/fuzz: run.py BUILD [--seconds N] [--only TARGET]

Each fuzzer gets the same share of the seconds (default 30), two run at once. It starts from the seeds in corpus/ and from
what earlier runs found (BUILD/corpus). A line a fuzzer: ok, or RED with the input that broke it."""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGETS = sorted(path.name[:-len("_fuzz.cpp")] for path in HERE.glob("*_fuzz.cpp"))
JOBS = 2
MORE_SEEDS = {"sdp": [HERE.parent / "unit/offers"]}


def dictionary(target):
    own = HERE / f"{target}.dict"
    return own if own.exists() else HERE / "protocol.dict"


def run(target, build, seconds):
    found = build / "corpus" / target
    found.mkdir(parents=True, exist_ok=True)
    crash = build / f"crash-{target}"
    crash.unlink(missing_ok=True)
    command = [build / "tests/fuzz" / f"fuzz-{target}", f"-max_total_time={seconds}", "-max_len=16384", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-dict={dictionary(target)}", f"-exact_artifact_path={crash}", found, HERE / "corpus" / target,
               *MORE_SEEDS.get(target, [])]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, errors="replace", timeout=seconds + 120)
    text = result.stderr
    executions = re.search(r"number_of_executed_units: (\d+)", text)
    covered = re.findall(r"cov: (\d+) ft: (\d+)", text)
    edges = re.search(r"\((\d+) inline 8-bit counters\)", text)
    figures = (f"{executions[1] if executions else '?'} executions, {covered[-1][0] if covered else '?'} of {edges[1] if edges else '?'} edges, "
               f"{len(list(found.iterdir()))} inputs kept")
    if result.returncode == 0:
        return True, f"ok fuzz {target}: {figures}"
    shown = crash.read_bytes()[:2000].decode("utf-8", "replace") if crash.exists() else ""
    return False, f"RED fuzz {target}: {figures}\n{text[-6000:]}\n--- the input, {crash}:\n{shown}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--only", choices=TARGETS, action="append")
    options = parser.parse_args()
    targets = options.only or TARGETS
    each = max(1, options.seconds * JOBS // len(targets))
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        results = list(pool.map(lambda target: run(target, options.build.resolve(), each), targets))
    for _, line in results:
        print(line)
    return 0 if all(good for good, _ in results) else 1


sys.exit(main())
