#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Attacks a running room service while two honest agents use it.

usage: run.py TRTC_CLI [MEASURE [HOSTILE_PEER [ATTACK...]]]

MEASURE (or the variable of that name) is the measuring tool of the tests: with it the recording is checked frame by
frame. HOSTILE_PEER is the program of that name, for hostile media; by default it is beside MEASURE. ATTACK: only
these functions. Exit code 0 when every check passed. Only loopback is used.
"""
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zlib

import media
import messages
import offers
import wire

APP = 1400000001
ROOM = 4711
SILENT = 200
IDLE_LIMIT = 10
MOST_GROWTH_KIB = int(os.environ.get("HOSTILE_RSS_KIB", 50 * 1024))

class Bench:
    def __init__(self, cli, measure, peer, only):
        self.cli, self.measure, self.peer, self.only = cli, measure, peer, only
        self.passed = self.failed = 0
        self.folder = tempfile.mkdtemp(prefix="trtc-hostile-")
        self.key = os.path.join(self.folder, "key")
        with open(self.key, "w") as file:
            file.write("the secret of the hostile tests\n")
        os.chmod(self.key, 0o600)
        self.environment = {**os.environ, "HOME": self.folder, "XDG_STATE_HOME": self.folder}
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            self.environment.pop(name, None)
        self.programs, self.signatures = [], {}

    def clean(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self, good, text):
        print(("ok - " if good else "not ok - ") + text, flush=True)
        if good:
            self.passed += 1
        else:
            self.failed += 1
        return good

    def start(self, name, *arguments):
        program = wire.Program(name, [self.cli, *arguments, "--events", "json"], self.folder, self.environment)
        self.programs.append(program)
        return program

    def agent(self, name, *arguments):
        return self.start(name, "join", "--server", self.url, "--secret-key-file", self.key, "--user-id", name, "--room",
                          str(ROOM), "--no-stdin", *arguments)

    def begin(self, *options):
        self.service = self.start("serve", "serve", "--listen", "127.0.0.1:0", "--secret-key-file", self.key, *options)
        ready = self.service.wait("service-ready", 60)
        if not self.check(ready, "the service is ready"):
            return False
        self.url = ready["url"]
        parts = urllib.parse.urlparse(self.url)
        self.address = (parts.hostname, parts.port)
        self.anchor = self.agent("anchor", "--video", "test", "--audio", "test", "--video-profile", "320x240@15,300k")
        published = self.anchor.wait("published", 60)
        self.viewer = self.agent("viewer", "--role", "audience", "--record", os.path.join(self.folder, "rec"))
        frames = [self.viewer.wait("first-frame", 60, kind=kind) for kind in ("audio", "video")]
        return self.check(published and all(frames), "two bystanders: one on air, one records")

    def signature(self, user):
        if user not in self.signatures:
            self.signatures[user] = subprocess.run(
                [self.cli, "usersig", "sign", "--secret-key-file", self.key, "--user-id", user], check=True, text=True,
                capture_output=True, env=self.environment).stdout.strip()
        return self.signatures[user]

    def socket(self, user="mallory", signature=None, headers=()):
        return wire.WebSocket(self.address, wire.query(sdkAppId=APP, userId=user, roomId=ROOM, userSig=(
            self.signature(user) if signature is None else signature)), headers)

    def member(self, user="mallory", role=20):
        """A socket whose user is in the room."""
        socket_ = self.socket(user)
        socket_.say(cmd="join", seq=1, data={"roomId": str(ROOM), "trtcRole": role, "trtcScene": 2})
        answer = socket_.wait_for(20)
        if answer["code"] != 0:
            raise RuntimeError(f"the join was refused: {answer}")
        return socket_

    def again(self, user="mallory", signature=None, room=ROOM, ticket="undefined"):
        """A socket that wants its session back."""
        parts = {"sdkAppId": APP, "userId": user, "userSig": self.signature(user) if signature is None else signature,
                 "roomId": room, "rc": 1, "relayInnerIp": ticket, "relayOuterIp": "", "relayPort": 0}
        path = wire.query(**parts) + f"&roomId={room}&useStringRoomId=false"
        return wire.WebSocket(self.address, path)

    def metric(self, name):
        answer = wire.http(self.address, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").decode()
        return next((float(line.split()[1]) for line in answer.splitlines() if line.startswith(name + " ")), None)

    def healthy(self):
        try:
            answer = wire.http(self.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        except OSError:
            return False
        return b" 200 " in answer and answer.endswith(b"ok\n")

    def dropped(self, text, attack, codes=None, limit=12):
        """@attack gets a member's socket; the service must end it and live."""
        socket_ = self.member()
        try:
            attack(socket_)
            code = socket_.ended(limit)
        except wire.Closed as end:
            code = end.code
        socket_.close()
        good = code is not None and (codes is None or code in codes)
        self.check(good and self.healthy(), f"{text}: dropped{'' if good else f', but: {code}'}")

    # ---- attacks ----------------------------------------------------------------------------

    def signatures_of_nobody(self):
        for text, user, signature in (("no UserSig", "mallory", ""), ("another user's UserSig", "mallory", self.signature("eve")),
                                      ("a UserSig of 16 kB", "mallory", "x" * 16000),
                                      ("a user id that is none", "no one", self.signature("eve"))):
            try:
                socket_ = self.socket(user, signature)
                answer = socket_.receive()
                socket_.say(cmd="join", seq=1, data={"roomId": str(ROOM), "trtcRole": 20, "trtcScene": 2})
                code, refused = socket_.ended(), answer.get("cmd") == 19 and answer.get("code") != 0
                socket_.close()
            except wire.Closed as end:
                code, refused = end.code, True
            self.check(refused and code is not None and self.healthy(), f"{text}: refused and dropped")

    def broken_messages(self):
        self.dropped("text that is no JSON", lambda s: s.text("hello"))
        for text in ("[]", "1", "null", "{}", '{"cmd":1}', '"x"', '{"cmd":"join"', ""):
            self.dropped(f"{text!r}, which is no message", lambda s, text=text: s.text(text))
        self.dropped("100 000 nested arrays", lambda s: s.text("[" * 100_000))
        self.dropped("100 000 nested arrays, closed", lambda s: s.text("[" * 100_000 + "]" * 100_000))
        self.dropped("50 000 nested objects in data",
                     lambda s: s.text('{"cmd":"publish","seq":2,"data":' + '{"a":' * 50_000 + "1" + "}" * 50_001))
        self.dropped("invalid UTF-8", lambda s: s.text(b'{"cmd":"\xff\xfe"}'))
        self.dropped("a binary frame", lambda s: s.frame(wire.BINARY, b"\0" * 100))
        self.dropped("an unmasked frame", lambda s: s.frame(wire.TEXT, b'{"cmd":"leave"}', mask=False))
        self.dropped("a reserved opcode", lambda s: s.frame(5, b"x"))
        self.dropped("a control frame of 1000 bytes", lambda s: s.frame(wire.PING, b"x" * 1000))
        self.dropped("a close code that does not exist", lambda s: s.frame(wire.CLOSE, b"\0\1"))

    def large_messages(self):
        self.dropped("a frame of 10 MiB", lambda s: s.text("x" * (10 << 20)))
        self.dropped("a frame that says 2^62 bytes", lambda s: s.frame(wire.TEXT, b"x" * 70000, length=1 << 62))

        def fragments(socket_):
            socket_.frame(wire.TEXT, b"x" * 60_000, fin=False)
            for _ in range(1100): # 64 MiB
                socket_.frame(0, b"x" * 60_000, fin=False)
        self.dropped("fragments without end", fragments)

        def empty_fragments(socket_):
            socket_.frame(wire.TEXT, b"", fin=False)
            for _ in range(500):
                socket_.socket.sendall((b"\0\x80" + bytes(4)) * 1000)
        self.dropped_or_idle("empty fragments without end", empty_fragments)

        bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = b"".join(bomb.compress(b"x" * (1 << 20)) for _ in range(60)) + bomb.flush(zlib.Z_SYNC_FLUSH)
        socket_ = self.socket(headers=("Sec-WebSocket-Extensions: permessage-deflate",))
        agreed = "permessage-deflate" in socket_.answer
        self.check(not agreed, "compression is not agreed to")
        try:
            socket_.frame(wire.TEXT, packed[:-4], rsv=4)
            code = socket_.ended()
        except wire.Closed as end:
            code = end.code
        socket_.close()
        self.check(code is not None and self.healthy(), f"{len(packed)} bytes that inflate to 60 MiB: dropped")

    def dropped_or_idle(self, text, attack):
        """Harmless to keep, as long as nothing grows: it counts at the end."""
        socket_ = self.member()
        try:
            attack(socket_)
            socket_.ended(1)
        except (wire.Closed, OSError):
            pass
        socket_.close()
        self.check(self.healthy(), f"{text}: survived")

    def flood(self):
        def attack(socket_):
            for i in range(10_000):
                socket_.say(cmd="get_user_list", seq=i + 2, data={})
        self.dropped("10 000 messages as fast as possible", attack)

    def sessions_of_others(self):
        """rc=1 for what is not one's own."""
        member = self.member("victim")
        for text, socket_, refusal in (
                ("with another user's UserSig", self.again("victim", self.signature("mallory")), 19),
                ("for a room one is not in", self.again("stranger"), 514),
                ("for a room that is none", self.again("stranger", room="8888,8888"), 514),
                ("for a room of 100 kB", None, None)):
            try:
                if socket_ is None:
                    socket_, refusal = self.again("stranger", room="9" * 100_000), 514
                answer = socket_.receive()
                refused = answer["cmd"] == refusal and answer["code"] != 0
                socket_.close()
            except wire.Closed:
                refused = True
            self.check(refused and self.healthy(), f"rc=1 {text}: refused")
        # The victim's own one, with the name of another visit.
        late = self.again("victim", ticket="visit-00000000")
        answer = late.receive()
        self.check(answer["cmd"] == 9 and answer["data"]["reason"] == "kick" and late.ended() == 4002,
                   "rc=1 with an old ticket, while the user is there anew: told that it was kicked")
        member.say(cmd="get_user_list", seq=2, data={})
        self.check(member.wait_for(4137)["code"] == 0, "the victim of all this is still in the room")
        member.say(cmd="leave", seq=3, data={})
        member.ended()

    def sessions_without_sockets(self):
        """Members whose sockets are cut: they count, and their number has a limit."""
        before = self.metric("trtc_sessions_kept")
        for room in range(40):
            socket_ = self.socket("hoarder")
            socket_.say(cmd="join", seq=1, data={"roomId": str(9000 + room), "trtcRole": 20, "trtcScene": 2})
            socket_.wait_for(20)
            socket_.reset()
        self.eventually(lambda: self.metric("trtc_sessions_kept") == before + 8, "one user is kept eight times, not forty")
        self.eventually(lambda: self.metric("trtc_connections") <= 3, "and none of its sockets is left")
        kept = self.again("hoarder", room="9003")
        answer = kept.receive()
        self.check(answer["cmd"] == 514 and answer["code"] == 0 and kept.wait_for(23)["code"] == 0,
                   "who was kept comes back, as often as it may")
        kept.say(cmd="leave", seq=2, data={})
        self.check(kept.ended() == 1000, "and leaves")

    def eventually(self, condition, text, limit=12):
        deadline = time.monotonic() + limit
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.check(condition(), text)

    def flood_of_returns(self):
        """The session goes from socket to socket as fast as it can; the old ones end, and it costs."""
        self.member("mallory").reset()
        answers, refused, sockets = 0, 0, []
        for _ in range(300):
            try:
                socket_ = self.again("mallory")
                sockets.append(socket_)
                answer = socket_.receive()
                answers += answer["cmd"] == 514 and answer["code"] == 0
            except wire.Closed as end:
                refused += end.code == 4012
        self.check(answers >= 5 and refused >= 100 and answers + refused == 300,
                   f"300 returns as fast as possible: {answers} were let in, {refused} refused")
        self.eventually(lambda: sum(one.ended(0.01) is None for one in sockets) <= 1, "one of these sockets is left")
        for one in sockets:
            one.close()

    def silence(self):
        """Nobody speaks, or too slowly: all dropped after the time given."""
        start = time.monotonic()
        plain = [wire.tcp(self.address) for _ in range(SILENT)]
        sockets = [self.socket("silent") for _ in range(SILENT)]
        half, slow = wire.tcp(self.address), wire.tcp(self.address)
        half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        self.check(self.healthy(), f"{2 * SILENT} silent connections: others are served")
        slow_text = iter(b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"x" * 10_000)
        deadline = start + IDLE_LIMIT + 8
        slow_gone = None
        while slow_gone is None and time.monotonic() < deadline:
            try:
                slow.sendall(bytes([next(slow_text)]))
                slow.settimeout(0.25)
                if not slow.recv(100):
                    slow_gone = time.monotonic()
            except TimeoutError:
                pass
            except OSError:
                slow_gone = time.monotonic()
        self.check(slow_gone is not None, "a request one byte after the other: dropped")

        def gone(connection):
            connection.settimeout(max(0.05, deadline - time.monotonic()))
            try:
                while connection.recv(4096):
                    pass
            except TimeoutError:
                return False
            except OSError:
                pass
            return True
        self.check(gone(half), "half a request: dropped")
        count = sum(gone(connection) for connection in plain)
        self.check(count == SILENT, f"TCP connections that say nothing: {count} of {SILENT} dropped")
        count = 0
        for socket_ in sockets:
            count += socket_.ended(max(0.05, deadline - time.monotonic())) is not None
            socket_.close()
        self.check(count == SILENT, f"WebSockets that never join: {count} of {SILENT} dropped")
        for connection in (*plain, half, slow):
            connection.close()

    def resets(self):
        for i in range(500):
            connection = wire.tcp(self.address)
            if i % 3 == 1:
                connection.sendall(b"GET / HT")
            elif i % 3 == 2:
                connection.sendall(b"GET /?userId=x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                   b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.check(self.healthy(), "500 connections made and reset: survived")

    def http_nonsense(self):
        for text, request in (("a header of 1 MiB", b"GET / HTTP/1.1\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n"),
                              ("100 000 headers", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100_000 + b"\r\n"),
                              ("no HTTP at all", os.urandom(5000) + b"\r\n\r\n"),
                              ("a body of 1 GiB announced", b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n"),
                              ("a path of 100 kB", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")):
            try:
                wire.http(self.address, request)
            except OSError:
                pass
            self.check(self.healthy(), f"{text}: survived")

    # ---- the end ----------------------------------------------------------------------------

    def settled(self, before):
        """Waits until threads and descriptors are those of before, 25 s at most."""
        deadline = time.monotonic() + 25
        while True:
            now = self.service.figures()
            if (now[1] <= before[1] and now[2] <= before[2]) or time.monotonic() > deadline:
                return now
            time.sleep(0.2)

    def verdict(self, before):
        if not self.check(self.service.process.poll() is None, "the service still runs"):
            return
        rss, threads, files = self.settled(before)
        self.check(rss - before[0] < MOST_GROWTH_KIB, f"resident memory grew by {rss - before[0]} KiB from {before[0]}")
        self.check(threads <= before[1], f"threads: {before[1]} before, {threads} now")
        self.check(files <= before[2], f"file descriptors: {before[2]} before, {files} now"
                   + ("" if files <= before[2] else f": {', '.join(self.service.files())}"))
        self.check(self.healthy(), "/healthz answers")
        late = self.agent("late", "--role", "audience", "--expect", "first-frame,kind=video@20s", "--exit-when-expected")
        self.check(late.wait("expectation-met", 30) and late.stop() == 0, "a new agent joins and sees the anchor")
        self.check(self.viewer.stop() == 0, "the viewer leaves")
        self.check(self.anchor.stop() == 0, "the anchor leaves")
        for agent in (self.anchor, self.viewer):
            errors = agent.all("error")
            self.check(not errors, f"no error reached the {agent.name}{': ' + json.dumps(errors[:3]) if errors else ''}")
        stopped = self.viewer.all("recording-stopped")
        if self.check(len(stopped) == 1, "the viewer made one recording") and self.measure:
            run = subprocess.run([self.measure, stopped[0]["path"], "--json"], capture_output=True, text=True, env=self.environment)
            figures = json.loads(run.stdout) if run.returncode == 0 else {}
            if self.check(bool(figures), f"the recording plays{' not: ' + run.stderr if run.returncode else ''}"):
                picture = figures["video"]
                self.check(picture["missing"] == 0 and picture["duplicates"] == 0,
                           f"{picture['frames']} pictures, {picture['missing']} missing {picture['gaps'][:5]}")
                # By what arrived, not by its times: those stretch when the whole machine is short of breath.
                lost = picture["frames"] / 15 - figures["audio"]["seconds"]
                # A new viewer is first shown up to a second of pictures from before it came, at once: their own clock
                # says how much.
                shown = min(1, max(0, picture["wallClockSpanMs"] - picture["durationMs"]) / 1000)
                self.check(lost - shown < 0.5, f"{figures['audio']['seconds']} s of sound beside them, {shown} s of pictures from before")
        self.check(self.service.stop() == 0, "the service stops when asked")

    def course(self):
        """Begins, attacks, and looks at what is left."""
        if not self.begin("--max-connections-per-address", "0"):  # hundreds come from here
            return
        # One of each first: what is made once and kept is no leak.
        offers.connections_that_never_come(self)
        # Their users are kept for a while, their connections are not.
        self.eventually(lambda: self.metric("trtc_uplinks") == 1 and self.metric("trtc_downlinks") == 1,
                        "their peer connections have ended", 30)
        before = self.quiet()
        self.attack(
            self.signatures_of_nobody, self.broken_messages, self.large_messages, messages.wrong_types, messages.numbers,
            offers.descriptions, offers.connections_that_never_come, self.flood, self.sessions_of_others,
            self.sessions_without_sockets, self.flood_of_returns, self.http_nonsense, media.hostile_media,
            self.resets, self.silence)
        self.verdict(before)

    def attack(self, *attacks):
        for attack in attacks:
            if self.only and attack.__name__ not in self.only:
                continue
            try:
                attack(*([] if hasattr(attack, "__self__") else [self]))
            except Exception as error: # one attack that cannot go on must not hide the others
                self.check(False, f"{attack.__name__}: {type(error).__name__}: {error}")

    def run(self):
        try:
            self.course()
        finally:
            for program in self.programs:
                program.stop()
            if self.failed:
                for program in self.programs:
                    program.show()
            self.clean()
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0

    def quiet(self):
        """The figures once they have not changed for two seconds."""
        last, since = self.service.figures(), time.monotonic()
        deadline = since + 25
        while time.monotonic() - since < 2 and time.monotonic() < deadline:
            time.sleep(0.2)
            now = self.service.figures()
            if now[1:] != last[1:]:
                last, since = now, time.monotonic()
        return self.service.figures()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    measure = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("MEASURE")
    beside = os.path.join(os.path.dirname(os.path.abspath(measure or sys.argv[1])), "hostile-peer")
    peer = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else beside
    sys.exit(Bench(os.path.abspath(sys.argv[1]), measure, peer, sys.argv[4:]).run())


if __name__ == "__main__":
    main()
