# SPDX-License-Identifier: MIT
"""What the benches share: a room of its own on loopback, agents, their events, figures of /proc. Python 3, no more."""

import json
import os
import pathlib
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
TRTC = BUILD / "src/cli/trtc-cli"
ROOM = "4711"
LIMIT = 30  # seconds, the longest wait for one event
TICKS = os.sysconf("SC_CLK_TCK")


def need(*targets):
    """Builds what is not built; a bench of an old binary is worth nothing."""
    if not (BUILD / "build.ninja").exists():
        sys.exit(f"{BUILD} is no build folder: run scripts/quickstart first, or set BUILD")
    if subprocess.run(["ninja", "-C", BUILD, "src/cli/trtc-cli", *targets], stdout=subprocess.DEVNULL,
                      check=False).returncode != 0:
        sys.exit("the build failed")


class Process:
    """A trtc-cli with its events; `at` of an event is our monotonic clock."""

    def __init__(self, room, name, *arguments, prefix=()):
        self.room, self.name = room, name
        self.events, self.fresh = [], queue.Queue()
        self.started = time.monotonic()
        self.process = subprocess.Popen([*prefix, TRTC, *arguments, "--events", "json"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, start_new_session=True)
        self.pid = self.process.pid
        room.processes.append(self)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.fresh.put(json.loads(line) | {"at": time.monotonic()})
        self.fresh.put(None)

    def wait(self, name, **fields):
        """The first event of this name with these fields, also one that came already."""
        def fits(event):
            return event["event"] == name and all(event.get(key) == value for key, value in fields.items())

        for event in self.events:
            if fits(event):
                return event
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                event = self.fresh.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise SystemExit(f"{self.name}: no {name} within {LIMIT} s") from None
            if event is None:
                raise SystemExit(f"{self.name}: ended before {name}")
            self.events.append(event)
            if fits(event):
                return event

    def command(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def leave(self):
        """Leaves and ends; the summary."""
        self.command("leave")
        summary = self.wait("summary")
        if self.process.wait(LIMIT) != 0:
            raise SystemExit(f"{self.name}: exit code {self.process.returncode}")
        self.room.processes.remove(self)
        return summary


class Nowhere:
    """For a Process that somebody else ends."""

    processes = []


class Room:
    """The service, and a folder for keys and recordings that goes with it."""

    def __init__(self):
        self.processes = []
        self.temporary = tempfile.TemporaryDirectory(prefix="trtc-cli-bench-")
        self.folder = pathlib.Path(self.temporary.name)
        self.key = self.folder / "serve.key"

    def __enter__(self):
        self.service = Process(self, "service", "serve", "--listen", "127.0.0.1:0", "--secret-key-file", self.key,
                               "--max-connections-per-address", "0")
        ready = self.service.wait("service-ready")
        self.url, self.app = ready["url"], str(ready["sdkAppId"])
        return self

    def __exit__(self, *_):
        for one in reversed(self.processes):
            one.process.terminate()
        for one in self.processes:
            try:
                one.process.wait(10)
            except subprocess.TimeoutExpired:
                one.process.kill()
        self.temporary.cleanup()

    def join(self, name, *options):
        return Process(self, name, "join", "--server", self.url, "--secret-key-file", self.key, "--user-id", name,
                       "--room", ROOM, *options)

    def anchor(self, name="anchor", *options):
        one = self.join(name, "--role", "anchor", "--video", "test", "--audio", "test", "--video-profile",
                        "640x480@15,500k", "--subscribe", "none", *options)
        one.wait("published")
        return one

    def sign(self, name):
        return subprocess.run([TRTC, "usersig", "sign", "--sdk-app-id", self.app, "--user-id", name,
                               "--secret-key-file", self.key], check=True, capture_output=True, text=True).stdout.strip()


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status(pid):
    """Threads and, in KiB, VmRSS and VmHWM."""
    lines = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {"threads": int(lines["Threads"]), "rss": int(lines["VmRSS"].split()[0]), "hwm": int(lines["VmHWM"].split()[0])}


def thread_names(pid):
    """How many threads of each name."""
    names = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        names[name] = names.get(name, 0) + 1
    return names


class Cost:
    """CPU of a process over a window."""

    def __init__(self, pid):
        self.pid, self.cpu, self.at = pid, cpu_seconds(pid), time.monotonic()

    def text(self):
        seconds = time.monotonic() - self.at
        now = status(self.pid)
        return (f"{100 * (cpu_seconds(self.pid) - self.cpu) / seconds:5.1f} % of one core over {seconds:.0f} s, "
                f"RSS {now['rss'] / 1024:.1f} MiB, at most {now['hwm'] / 1024:.1f} MiB, {now['threads']} threads")


def spread(values):
    return f"median {statistics.median(values):7.1f}  min {min(values):7.1f}  max {max(values):7.1f}"


def about():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), "unknown CPU")
    print(f"{os.cpu_count()} x {model}, load {os.getloadavg()[0]:.1f}", flush=True)
