# SPDX-License-Identifier: MIT
"""UDP goes away while the signalling lives: links come back on their own, and recordings go on.

Service, publisher and viewer each live in a place of their own, so that the media of one of them can be cut."""

import json
import pathlib
import subprocess

from harness import TINY, WATCHDOG, Program, check, equal, wait_until

# The agent takes a link for dead after 8 s without a packet.
NOTICED = 8 + WATCHDOG
KEPT = 10_000  # ms: a recording goes on in the same file after a gap shorter than this


class Case:
    """A service, alice who publishes, bob who records her, each in a place of its own."""

    def __init__(self, context, network):
        self.network, self.context, self.measure = network, context, context.measure
        self.places = {name: network.place(name) for name in ("service", "alice", "bob")}
        self.key = context.key_file()
        self.serve()
        self.alice = self.join("alice", *TINY)
        self.alice.wait("published")
        self.bob = self.join("bob", "--role", "audience", "--record", "out")
        self.bob.wait("first-frame", kind="video")
        self.bob.wait("recording-started")
        self.grows()

    def serve(self, port=0):
        place = self.places["service"]
        self.service = Program(self.context, "serve", [
            "serve", "--listen", f"{place.address}:{port}", "--plain-text", "--secret-key-file", str(self.key),
            "--events", "json", "--log-level", "info"], prefix=place.prefix)
        self.service.url, self.service.key_file = self.service.wait("service-ready")["url"], self.key

    def join(self, name, *arguments):
        return self.context.agent(self.service, name, "--log-level", "info", "--stats", "1", *arguments,
                                  prefix=self.places[name].prefix)

    def file(self):
        """That is written now."""
        return max((self.context.directory / "out").glob("*.mkv"), key=lambda path: path.stat().st_mtime)

    def grows(self):
        """Two seconds of the picture or so have reached the disk."""
        before = self.file().stat().st_size
        wait_until(lambda: self.file().stat().st_size > before + 20_000, "growth of the recording", 2 * WATCHDOG)

    def settles(self):
        """After a connection's first reports, some two seconds, sound and picture are where they belong."""
        for _ in range(3):
            self.grows()

    def end(self):
        for program in (self.bob, self.alice):
            program.send("leave\n")
        for program in (self.bob, self.alice):
            equal(program.end(), 0, f"exit code of {program.name}")
        equal(self.bob.find("error") + self.alice.find("error"), [], "errors")

    def figures(self, path):
        done = subprocess.run([self.measure, str(path), "--json"], capture_output=True, text=True, timeout=60)
        equal(done.returncode, 0, f"measure {path.name}: {done.stderr}")
        return json.loads(done.stdout)

    def one_file_with_a_gap(self):
        """And what is told of the file is true."""
        files = list((self.context.directory / "out").glob("*.mkv"))
        equal(len(files), 1, f"files: {files}")
        resumed = self.bob.find("recording-resumed")
        equal(len(resumed), 1, f"recording-resumed: {resumed}")
        stopped = self.bob.find("recording-stopped")
        equal(len(stopped), 1, f"recording-stopped: {stopped}")
        figures = self.figures(files[0])
        gap = resumed[0]["gapMs"]
        check(1000 < gap < KEPT, f"gap of {gap} ms")
        for kind in ("video", "audio"):
            found = figures[kind]["maxGapMs"]
            check(abs(found - gap) < 1200, f"{kind}: hole of {found} ms, told were {gap}")
        equal(figures["video"]["backwards"], 0, "pictures out of order")
        # Nothing is squeezed: by its codes the pictures are as far apart as the clock says, but for those of the first second: the
        # service sends to who comes at once what began so long ago at most.
        told, clock = figures["video"]["durationMs"], figures["video"]["wallClockSpanMs"]
        check(-1500 < told - clock < 500, f"file of {told} ms, {clock} ms by the pictures' clock")
        offset = figures["avOffsetMs"]["each"][-1]
        check(abs(offset) < 80, f"sound and picture are {offset} ms apart after the gap")
        check(abs(stopped[0]["durationMs"] - figures["durationMs"]) < 500, f"{stopped} {figures['durationMs']}")
        equal(stopped[0]["videoFrames"], figures["video"]["frames"], "frames told")


def test_a_downlink_comes_back_and_the_recording_goes_on(context, network):
    case = Case(context, network)
    case.places["bob"].cut("udp")
    case.bob.wait("stream-reconnecting", NOTICED, userId="alice", local=False)
    case.places["bob"].heal()
    back = case.bob.wait("stream-reconnected", userId="alice", local=False)
    check(back["lostMs"] < KEPT, f"{back}")
    case.bob.wait("recording-resumed")
    case.settles()
    case.end()
    equal(case.bob.find("stream-removed")[:-1], [], "streams removed before the end")
    case.one_file_with_a_gap()
    equal(case.alice.find("stream-reconnecting"), [], "the publisher's link was not touched")


def test_an_uplink_comes_back_and_the_viewers_recording_goes_on(context, network):
    case = Case(context, network)
    case.places["alice"].cut("udp")
    case.alice.wait("stream-reconnecting", NOTICED, userId="alice", local=True)
    case.places["alice"].heal()
    case.alice.wait("stream-reconnected", userId="alice", local=True)
    case.bob.wait("recording-resumed")
    case.settles()
    case.end()
    equal(len(case.alice.find("published")), 1, "published")
    equal(len(case.alice.find("unpublished")), 1, "unpublished")
    case.one_file_with_a_gap()


def test_three_seconds_without_udp_are_nobodys_business(context, network):
    case = Case(context, network)
    case.places["service"].cut("udp")
    before = case.file().stat().st_size
    # Time itself is what is waited for: the events' clock shows it.
    case.alice.wait("stats", 2 * WATCHDOG, count=len(case.alice.find("stats")) + 3)
    check(case.file().stat().st_size - before < 20_000, "UDP was not cut")
    case.places["service"].heal()
    case.grows()
    case.end()
    for program in (case.alice, case.bob):
        equal(program.find("stream-reconnecting"), [], f"links that {program.name} took for dead")
    files = list((case.context.directory / "out").glob("*.mkv"))
    equal(len(files), 1, f"files: {files}")
    check(case.figures(files[0])["video"]["maxGapMs"] > 1500, "no hole")


def test_tries_go_on_until_udp_is_back_and_a_long_gap_begins_a_part(context, network):
    case = Case(context, network)
    case.places["bob"].cut("udp")
    stopped = case.bob.wait("recording-stopped", NOTICED + 5, reason="connection-lost")
    wait_until(lambda: any("attempt 2 of" in line for line in case.bob.errors), "second try", 2 * WATCHDOG)
    case.places["bob"].heal()
    back = case.bob.wait("stream-reconnected", 2 * WATCHDOG)
    check(back["tries"] >= 2, f"{back}")
    case.bob.wait("recording-started", count=2)
    case.grows()
    case.end()
    paths = [pathlib.Path(e["path"]) for e in case.bob.find("recording-started")]
    equal(paths[0], pathlib.Path(stopped["path"]), "first part")
    equal(paths[1].stem, paths[0].stem + "-2", "name of the second part")
    for path in paths:
        check(case.figures(case.context.directory / path)["video"]["frames"] > 5, f"{path} has no picture")


def test_the_service_is_killed_and_started_again_the_recording_goes_on(context, network):
    case = Case(context, network)
    port = case.service.url.rsplit(":", 1)[1]
    case.service.process.kill()
    case.service.process.wait()
    case.serve(port)
    case.bob.wait("stream-added", 2 * WATCHDOG, count=2)
    case.bob.wait("recording-resumed", 2 * WATCHDOG)
    case.settles()
    for program in (case.bob, case.alice):
        program.send("leave\n")
        program.end()
    case.one_file_with_a_gap()

