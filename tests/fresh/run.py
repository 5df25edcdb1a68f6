#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a stranger with a bare Debian sees: run.py MEASURE [--long] [--only TEXT]

For Debian 12 and 13 a minimal system is made, with git and certificates in it and nothing else. The committed tree is cloned
there and the README's first command runs to its end; MEASURE (tests/tools/measure) then decodes the recordings it left. Prints ok or
RED and the name of each test. Exit code 77 and one line when this machine cannot do that (it needs root and mmdebstrap)."""

import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import bare_debian

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SKIPPED = 77
COMMAND_LIMIT = 1500  # seconds; with an empty compiler cache, beside another one of these
# Named when they are missing, one of each kind: compiler, build tool, library, plug-in that is only needed at run time.
NAMED = ("g++", "meson", "libsoup-3.0-dev", "gstreamer1.0-nice")
LEAST_FRAMES = 60     # of a recording of five or six seconds at 15 a second
LONG_SUITES = ("unit", "media", "integration", "cli")


class Failure(Exception):
    pass


def first_command():
    """The first command of the README that runs a script of ours."""
    found = re.search(r"\./scripts/[\w-]+", (ROOT / "README.md").read_text())
    if not found:
        raise Failure("README.md names no command to begin with")
    return found[0]


def expect(condition, what, output):
    if not condition:
        raise Failure(f"{what}\n{output}")


def refuses_without_packages(system):
    code, output = system.run(f"cd trtc-cli && {first_command()} --no-install", 60)
    expect(code not in (0, None), f"exit code {code} although packages are missing", output)
    unnamed = [name for name in NAMED if not re.search(rf"(?<![\w.+-]){re.escape(name)}(?![\w.+-])", output)]
    expect(not unnamed, f"missing and not named: {' '.join(unnamed)}", output)
    expect("building" not in output, "it began to build", output)


def runs_the_first_command(system):
    code, output = system.run(f"cd trtc-cli && {first_command()}", COMMAND_LIMIT)
    expect(code == 0, f"exit code {code}", output)
    expect("installing" in output, "nothing was installed: was the system bare?", output)


def leaves_recordings(system, measure):
    recordings = sorted((system.root / system.home()[1:] / "trtc-cli/build/quickstart").glob("*/by-*/*.mkv"))
    expect(len(recordings) == 2, f"{len(recordings)} recordings instead of 2", "")
    for path in recordings:
        decoded = subprocess.run([measure, path, "--json"], capture_output=True, text=True, timeout=120, check=False)
        expect(decoded.returncode == 0, f"{path.name} cannot be decoded", decoded.stderr)
        figures = json.loads(decoded.stdout)
        video, audio = figures["video"], figures["audio"]
        expect(video and video["frames"] >= LEAST_FRAMES and video["moves"], f"{path.name}: no moving picture", decoded.stdout)
        expect(audio and audio["beeps"] > 0, f"{path.name}: no sound", decoded.stdout)


def has_nothing_to_do_again(system):
    code, output = system.run(f"cd trtc-cli && {first_command()} --no-install", COMMAND_LIMIT)
    expect(code == 0 and "installing" not in output, f"the second run: exit code {code}", output)


def passes_its_tests(system):
    """Debian's own compiler and GStreamer; root, because a test may need it."""
    words = " ".join(f"--only {suite}" for suite in LONG_SUITES)
    code, output = system.run(f"cd trtc-cli && ./scripts/test {words}", 4 * COMMAND_LIMIT)
    expect(code == 0, f"exit code {code}", output)


class Report:
    def __init__(self, only):
        self.only, self.lock, self.red = only, threading.Lock(), False

    def case(self, name, function, *arguments):
        """False: red."""
        started, why = time.monotonic(), None
        try:
            function(*arguments)
        except subprocess.CalledProcessError as error:
            why = f"{error}\n{error.stdout or ''}{error.stderr or ''}"
        except Exception as error:  # one system must not end the other's tests
            why = f"{error}" if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
        with self.lock:
            print(f"{'ok ' if why is None else 'RED'} {name} ({time.monotonic() - started:.1f} s)", flush=True)
            if why is not None:
                self.red = True
                print("\n".join(why.splitlines()[-120:]), flush=True)
        return why is None


def one_system(report, release, suite, user, options):
    name = f"Debian {release} as {'an ordinary user with sudo' if user else 'root'}"
    if options.only not in name:
        return
    with bare_debian.BareDebian(suite, user) as system:
        def prepare():
            system.make()
            system.clone(ROOT)

        if not report.case(f"{name}: a bare system with a clone", prepare):
            return
        report.case(f"{name}: --no-install names the missing packages", refuses_without_packages, system)
        if not report.case(f"{name}: the README's first command", runs_the_first_command, system):
            return
        report.case(f"{name}: the recordings decode", leaves_recordings, system, options.measure)
        if options.long:
            report.case(f"{name}: a second run finds everything there", has_nothing_to_do_again, system)
            if not user and suite == "trixie":
                report.case(f"{name}: suites {' '.join(LONG_SUITES)}", passes_its_tests, system)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--long", action="store_true", help="every system as both users, a second run, and the tests on Debian 13")
    parser.add_argument("--only", default="", metavar="TEXT", help="systems whose name has this, as \"Debian 13\"")
    options = parser.parse_args()
    try:
        bare_debian.check_possible()
    except bare_debian.Impossible as why:
        print(f"no bare Debian: {why}")
        return SKIPPED
    releases = [[("12", "bookworm", True)], [("13", "trixie", False)]]
    if options.long:
        releases[0].append(("12", "bookworm", False))
        releases[1].append(("13", "trixie", True))
    report = Report(options.only)
    # Two at a time: while one waits for the network, the other compiles. Systems of one release share a download folder, which
    # apt locks, so they come one after the other.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda systems: [one_system(report, *system, options) for system in systems], releases))
    return 1 if report.red else 0


sys.exit(main())
