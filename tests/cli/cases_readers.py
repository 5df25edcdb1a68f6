# SPDX-License-Identifier: MIT
"""Programs that start an agent or a service and do not read what it writes: that costs nothing but their own lines."""

import fcntl
import os
import signal
import threading
import time

import film_support as films
from harness import TINY, WATCHDOG, Program, Room, check, equal, wait_until

F_SETPIPE_SZ = 1031
PIPE = 4096 # bytes, so that it is full at once


class Sleeper(Program):
    """Its events, its errors or both are not read before wake()."""

    def __init__(self, *arguments, asleep=("events",), **options):
        self.awake, self._asleep = threading.Event(), asleep
        super().__init__(*arguments, **options)
        for name, pipe in (("events", self.process.stdout), ("errors", self.process.stderr)):
            if name in asleep:
                fcntl.fcntl(pipe.fileno(), F_SETPIPE_SZ, PIPE)

    def _read_events(self):
        if "events" in self._asleep:
            self.awake.wait()
        super()._read_events()

    def _read_errors(self):
        if "errors" in self._asleep:
            self.awake.wait()
        super()._read_errors()

    def wake(self):
        self.awake.set()

    def terminate(self, limit=5.0):
        """SIGTERM; returns how long the end took and the exit code."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.process.wait(WATCHDOG)
        took = time.monotonic() - began
        check(took < limit, f"{self.name} ended {took:.1f} s after SIGTERM")
        return code


def bytes_waiting(pipe):
    answer = fcntl.ioctl(pipe.fileno(), 0x541B, b"\0" * 4) # FIONREAD
    return int.from_bytes(answer, "little")


def recorder(context, room, *arguments, asleep=("events",)):
    """An agent that records and is not listened to. Returns it and its file, which grows."""
    agent = Sleeper(context, "sleeper", [*context.join_arguments(room.service, "sleeper"), "--role", "audience", "--record",
                                         "out", *arguments], asleep=asleep)
    folder = context.directory / "out"
    wait_until(lambda: folder.is_dir() and any(path.stat().st_size > 20_000 for path in folder.glob("*.mkv")),
               "the recording", 30)
    return agent, next(folder.glob("*.mkv"))


def whole(context, path, frames):
    figures = films.measure(context, path)
    check(figures["video"]["frames"] >= frames, f"{figures['video']['frames']} frames, wanted {frames}")
    equal(figures["video"]["missing"], 0, "missing frames")


def grows(path, seconds):
    """That the agent works is seen by its file."""
    before = path.stat().st_size
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until and path.stat().st_size > before, "growth of the recording", seconds + WATCHDOG)


def test_sigterm_while_nobody_reads_stdout(context):
    room = Room(context)
    agent, path = recorder(context, room, "--stats", "1")
    agent.send("streams\n" * 100)
    wait_until(lambda: bytes_waiting(agent.process.stdout) > PIPE / 2, "a full pipe")
    grows(path, 3)
    frames = path.stat().st_size
    equal(agent.terminate(), 9, "exit code")
    agent.wake()
    agent.end()
    check(any("did not read" in line for line in agent.complaints()), f"stderr: {agent.complaints()}")
    check(path.stat().st_size >= frames, "the file became smaller")
    whole(context, path, 30)
    room.untouched()
    room.leave()


def test_a_reader_that_wakes_up_has_missed_nothing(context):
    room = Room(context)
    agent, path = recorder(context, room, "--stats", "1")
    wait_until(lambda: bytes_waiting(agent.process.stdout) > PIPE / 2, "a full pipe")
    for index in range(300):
        agent.send(f"@c{index} streams\n")
    grows(path, 2)
    agent.wake()
    agent.wait("command-result", id="c299")
    check(agent.command("users")["ok"], "it does not answer")
    answers = [event["id"] for event in agent.find("command-result") if event.get("id", "").startswith("c")]
    equal(answers, [f"c{index}" for index in range(300)], "answers")
    times = [event["elapsedMs"] for event in agent.events]
    equal(times, sorted(times), "order of the events")
    stats = [event["elapsedMs"] for event in agent.find("stats")]
    check(max(b - a for a, b in zip(stats, stats[1:])) < 2000, f"a hole in the stats: {stats}")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    equal(agent.events[-1]["event"], "summary", "last event")
    whole(context, path, 20)
    room.untouched()
    room.leave()


def test_a_reader_that_sleeps_for_too_many_events(context):
    """16 MiB wait for it, more is the end: with the exit code for output, and whole files."""
    room = Room(context)
    agent, path = recorder(context, room)

    def ask():
        try:
            while True:
                agent.send("help\n" * 20)
        except (BrokenPipeError, ValueError):
            pass
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    equal(agent.process.wait(60), 9, "exit code")
    agent.wake()
    agent.end()
    check(any("16 MiB of events wait" in line for line in agent.complaints()), f"stderr: {agent.complaints()}")
    resident = max_rss(agent)
    check(resident is None or resident < 400_000, f"{resident} KiB")
    whole(context, path, 5)
    room.untouched()
    room.leave()


def max_rss(agent):
    summary = agent.find("summary")
    return summary[-1].get("maxRssKiB") if summary else None


def fill(program):
    """Not one byte fits into its stderr any more."""
    pipe = os.open(f"/proc/{program.process.pid}/fd/2", os.O_WRONLY | os.O_NONBLOCK)
    try:
        while True:
            os.write(pipe, b".")
    except BlockingIOError:
        os.close(pipe)


def test_nobody_reads_stderr(context):
    room = Room(context)
    agent, path = recorder(context, room, "--log-level", "trace", asleep=("errors",))
    fill(agent)
    grows(path, 2)
    for command in ("unsubscribe onair", "subscribe onair"): # both have lines in the log
        check(agent.command(command)["ok"], f"{command} failed")
    agent.wait("first-frame", kind="video", count=2)
    equal(agent.terminate(), 0, "exit code")
    agent.wake()
    agent.end()
    equal(agent.events[-1]["event"], "summary", "last event")
    whole(context, path, 10)
    room.untouched()
    room.leave()


def test_nobody_reads_stderr_of_the_service(context):
    key = context.directory / "key"
    service = Sleeper(context, "serve", ["serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(key), "--events", "json",
                                         "--log-level", "trace"], asleep=("errors",))
    service.url, service.key_file = service.wait("service-ready")["url"], key
    service.key = key.read_text().strip()
    anchor = context.agent(service, "ann", *TINY)
    anchor.wait("published")
    for index in range(6):
        viewer = context.agent(service, f"viewer{index}", "--role", "audience")
        viewer.wait("first-frame", kind="video")
        viewer.send("leave\n")
        equal(viewer.end(), 0, "exit code of a viewer")
    check(bytes_waiting(service.process.stderr) > PIPE / 2, "the pipe is not full: this tests nothing")
    anchor.send("leave\n")
    equal(anchor.end(), 0, "exit code of the anchor")
    equal(service.terminate(), 0, "exit code of the service")
    service.wake()
    service.end()


def test_stdout_and_stderr_in_one_file_stay_in_order(context):
    """An awake reader sees both streams in the order in which they were written."""
    room = Room(context)
    path = context.directory / "both"
    with open(path, "wb") as both:
        agent = context.agent(room.service, "both", "--role", "audience", "--log-level", "debug", joined=False,
                              prefix=("sh", "-c", 'exec "$@" >both 2>&1', "sh"))
        wait_until(lambda: b'"joined"' in path.read_bytes(), "joined")
        agent.send("no-such-command\nleave\n")
        equal(agent.end(), 0, "exit code")
        both.flush()
    text = path.read_text()
    check(text.rstrip("\n").splitlines()[-1].startswith('{"event":"summary"'), text[-300:])
    check(text.index('"joined"') < text.index("no-such-command"), "order")
    room.untouched()
    room.leave()
    os.unlink(path)
