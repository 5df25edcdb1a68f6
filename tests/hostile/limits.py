#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One user, or a stranger without a UserSig, takes all it can get, while others use the service.

usage: limits.py TRTC_CLI [MEASURE] [--seconds N] [--only NAME]

Three bystanders: an anchor on air, a viewer that records, and a client whose round trip through the service is measured all the
time. Only loopback is used. HOSTILE_PING_MS is the worst round trip that is accepted (100).
"""
import argparse
import base64
import contextlib
import multiprocessing
import os
import random
import select
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import zlib

import offers
import run
import wire

WORST_PING = int(os.environ.get("HOSTILE_PING_MS", 100)) / 1000
KINDS = ("quality_report", "publish", "subscribe", "get_user_list", "mute_uplink", "channel_msg", "change_role")


class Pinger:
    """An honest client: asks for the list of users 20 times a second, notes how long the answer takes."""

    def __init__(self, bench):
        self.socket = bench.member("pinger", 21)
        self.times, self.stopped, self.why = [], False, None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        seq = 100
        try:
            while not self.stopped:
                seq += 1
                begun = time.monotonic()
                self.socket.say(cmd="get_user_list", seq=seq, data={})
                while self.socket.receive(30).get("seq") != seq:
                    pass
                self.times.append((begun, time.monotonic() - begun))
                time.sleep(0.05)
        except (wire.Closed, TimeoutError, OSError) as error:
            self.why = f"{type(error).__name__}: {error}"

    def worst(self, since):
        found = [spent for begun, spent in list(self.times) if begun >= since]
        return max(found) if found else 999.0

    def stop(self):
        self.stopped = True
        self.thread.join(35)


def large_offer(direction, kibibytes):
    """As large as the limits allow, every line of it one that is looked at."""
    lines = ["a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f"]
    filler = [f"a=rtpmap:{97 + i % 30} VP8/90000" for i in range(280)] + [f"a=fmtp:96 x={i}" for i in range(280)]
    if kibibytes > 20:
        width = kibibytes * 1024 // 1200
        filler = [f"a=ssrc:{i} cname:" + "x" * width for i in range(1, 561)]
    formats = " ".join(["96"] + [str(97 + i % 30) for i in range(100)])
    big = offers.section("video", 1, direction, formats, lines + filler)
    none = offers.section("video", 2, direction, formats, ["a=rtpmap:96 AV1/90000"] + filler)
    return offers.sdp(offers.section("audio", 0, direction), big, none)


def issue_offer(direction):
    """14 kB: one format a thousand times, hundreds of maps, and a second line without a codec. 35 s of the loop, once."""
    maps = ["a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f"] + ["a=rtpmap:96 H264/90000"] * 300
    first = offers.section("video", 1, direction, " ".join(["96"] * 120), maps)
    second = offers.section("video", 2, direction, " ".join(["96"] * 120), ["a=rtpmap:97 AV1/90000"] * 269)
    return offers.sdp(offers.section("audio", 0, direction), first, second)


def message(kind, dice, seq):
    """The dearest legal message of that kind."""
    if kind == "quality_report":
        return {"cmd": kind, "seq": seq, "data": {"msg_up_stream_info": [0] * 5000}}
    if kind == "publish":
        offer = dice.choice((offers.GOOD_UPLINK, large_offer("sendonly", 12), large_offer("sendonly", 90), issue_offer("sendonly")))
        return {"cmd": kind, "seq": seq, "data": {"type": "offer", "sdp": offer, "state": {"audio": True, "bigVideo": True},
                                                  "constraintConfig": {"videoCodec": "H264"}}}
    if kind == "subscribe":
        offer = dice.choice((offers.GOOD_DOWNLINK, large_offer("recvonly", 90)))
        return {"cmd": kind, "seq": seq, "data": {"type": "offer", "sdp": offer, "srcUserId": "anchor", "audio": True,
                                                  "bigVideo": True, "auxVideo": True}}
    if kind == "mute_uplink":
        return {"cmd": kind, "seq": seq, "data": {"audio": bool(seq % 2), "bigVideo": bool(seq % 2), "auxVideo": False}}
    if kind == "channel_msg":
        return {"cmd": kind, "seq": seq, "data": {"cmdId": 1, "msg": "AAAA" * 250, "streamSeq": seq}}
    if kind == "change_role":
        return {"cmd": kind, "seq": seq, "data": {"role": 20 + seq % 2, "privateMapKey": ""}}
    return {"cmd": kind, "seq": seq, "data": {}}


def attack(bench, kinds, seconds, sockets=4):
    """In a process of its own: as fast as it can, over several connections that are made again when they are ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    dice, seq, open_ = random.Random(7), 10, []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            while len(open_) < sockets:
                # Rooms of its own, but the first, which is everybody's.
                socket_ = bench.socket("mallory")
                room = run.ROOM if not open_ else 5000 + len(open_)
                socket_.say(cmd="join", seq=1, data={"roomId": str(room), "trtcRole": 20, "trtcScene": 2})
                open_.append(socket_)
            one = dice.choice(open_)
            seq += 1
            one.socket.settimeout(5)
            one.say(**message(dice.choice(kinds), dice, seq))
            with contextlib.suppress(BlockingIOError):
                one.socket.setblocking(False)
                while one.socket.recv(65536):
                    pass
        except (wire.Closed, OSError, RuntimeError):
            for socket_ in open_:
                socket_.close()
            open_ = []
    for socket_ in open_:
        socket_.close()


class Limits(run.Bench):
    def begin(self, *options):
        self.options = options
        if not super().begin("--max-rooms-per-user", "12", *options):
            return False
        self.pinger = Pinger(self)
        return True

    def attacked(self, text, kinds, seconds, **more):
        """Runs the attack; nobody else may notice."""
        began = time.monotonic()
        process = multiprocessing.get_context("fork").Process(target=attack, args=(self, kinds, seconds), kwargs=more)
        process.start()
        process.join(seconds + 30)
        process.kill()
        worst = self.pinger.worst(began)
        self.check(self.pinger.why is None and worst <= WORST_PING and self.healthy(),
                   f"{text}: the worst round trip of another client is {worst * 1000:.0f} ms {self.pinger.why or ''}")

    # ---- parts -------------------------------------------------------------------------------

    def offers_of_any_content(self):
        self.attacked("offers of 14 kB that name one format again and again", ("publish", "subscribe"), self.seconds)

    def reports(self):
        began, data = time.monotonic(), "[" + "0," * 124_999 + "0]"
        ended = 0
        while time.monotonic() - began < self.seconds:
            try:
                socket_ = self.member("mallory")
                socket_.text('{"cmd":"quality_report","seq":5,"data":' + data + "}")
                ended += socket_.ended(5) is not None
                socket_.close()
            except (wire.Closed, OSError, RuntimeError, TimeoutError):
                ended += 1
        worst = self.pinger.worst(began)
        self.check(ended > 0 and worst <= WORST_PING and self.healthy(),
                   f"reports of 250 kB: {ended} connections ended, the worst round trip of another client is {worst * 1000:.0f} ms")

    def every_kind(self):
        self.attacked("the dearest messages of each kind, over twelve connections", KINDS, self.seconds * 3, sockets=12)
        slowed = self.metric("trtc_sessions_slowed_total")
        self.check(slowed, f"the user had to wait {slowed} times")

    def leave_that_waits(self):
        """A user over its share says leave and is gone: nobody may have to wait for it."""
        before, socket_ = self.metric("trtc_users"), self.member("hasty")
        for seq in range(2, 40):
            socket_.say(cmd="publish", seq=seq, data={"type": "offer", "sdp": offers.GOOD_UPLINK, "state": {"audio": True, "bigVideo": True}})
        socket_.say(cmd="leave", seq=99, data={})
        socket_.close()
        self.eventually(lambda: self.metric("trtc_users") == before, "a leave that waits when its socket closes is heard", 5)

    def half_open(self):
        """One UserSig publishes in many rooms, and nobody answers the service's packets."""
        refused, answered, sockets = 0, 0, []
        for room in range(8):
            socket_ = self.socket("sleeper")
            socket_.say(cmd="join", seq=1, data={"roomId": str(6000 + room), "trtcRole": 20, "trtcScene": 2})
            socket_.wait_for(20)
            socket_.say(cmd="publish", seq=2, data={"type": "offer", "sdp": offers.GOOD_UPLINK,
                                                    "state": {"audio": True, "bigVideo": True}})
            answer = socket_.wait_for(4098)
            answered += answer["code"] == 0
            refused += "being connected" in answer.get("message", "")
            sockets.append(socket_)
        self.check(answered == 2 and refused == 6, f"publications that never complete: {answered} begun, {refused} refused")
        for socket_ in sockets:
            socket_.close()

    def rooms(self):
        sockets, code = [], None
        for room in range(13):
            socket_ = self.socket("traveller")
            socket_.say(cmd="join", seq=1, data={"roomId": str(7000 + room), "trtcRole": 21, "trtcScene": 2})
            answer = socket_.wait_for(20)
            code = answer["code"]
            sockets.append(socket_)
        self.check(code != 0 and "--max-rooms-per-user" in answer["message"], "the thirteenth room of one user is refused")
        for socket_ in sockets:
            socket_.say(cmd="leave", seq=2, data={})
            socket_.ended(3)
            socket_.close()

    def connections(self):
        open_ = []
        try:
            for _ in range(80):
                open_.append(wire.tcp(self.address))
            answer = b""
            with contextlib.suppress(OSError):
                open_[-1].settimeout(3)
                answer = open_[-1].recv(100)
            self.check(answer.startswith(b"HTTP/1.1 503 "), "the connections of one address have a limit, and the next one is told")
        finally:
            for one in open_:
                one.close()
        self.eventually(lambda: self.metric("trtc_connections") is not None and self.metric("trtc_connections") < 20,
                        "and when they are gone others come in")

    def names(self):
        signature = self.signature("mallory")
        packed = zlib.decompress(base64.b64decode(signature.replace("*", "+").replace("-", "/").replace("_", "=")))
        glued = base64.b64encode(zlib.compress(packed) + b"more").decode().replace("+", "*").replace("/", "-").replace("=", "_")
        for text, app, sig in (("an sdkAppId with letters behind it", f"{run.APP}abc", signature),
                               ("a UserSig with bytes behind its end", run.APP, glued)):
            socket_ = wire.WebSocket(self.address, wire.query(sdkAppId=app, userId="mallory", roomId=run.ROOM, userSig=sig))
            answer = socket_.receive()
            self.check(answer["cmd"] == 19 and answer["code"] != 0 and socket_.ended() is not None, f"{text}: refused")
            socket_.close()

    def handshakes(self):
        """A service with TLS of its own, and peers that do not finish their first sentence."""
        paths = [os.path.join(self.folder, name) for name in ("cert.pem", "key.pem")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                       check=True, capture_output=True)
        service = self.start("tls", "serve", "--listen", "127.0.0.1:0", "--secret-key-file", self.key, "--tls-cert", paths[0],
                             "--tls-key", paths[1], "--max-connections-per-address", "0")
        ready = service.wait("service-ready", 60)
        parts = urllib.parse.urlparse(ready["url"])
        address = (parts.hostname, parts.port)
        context = ssl.create_default_context(cafile=paths[0])
        context.check_hostname = False

        def newcomer():
            began = time.monotonic()
            with context.wrap_socket(wire.tcp(address)) as secure:
                secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = b""
                while part := secure.recv(4096):
                    answer += part
            return time.monotonic() - began if answer.endswith(b"ok\n") else None

        hello = self.client_hello()
        newcomer()
        before = service.figures()
        open_ = [wire.tcp(address) for _ in range(100)]
        for i in range(200):
            one = wire.tcp(address)
            one.sendall((hello[:3], hello[: len(hello) // 2], b"GET / HTTP/1.1\r\n")[i % 3])
            open_.append(one)
        spent = [newcomer() for _ in range(5)]
        during = service.figures()
        self.check(all(spent) and max(spent) < 0.5, f"300 peers that do not finish a TLS record: a newcomer's request takes {max(spent) * 1000:.0f} ms")
        self.check(during[0] - before[0] < 20 * 1024, f"they cost {(during[0] - before[0]) / 1024:.1f} MB")
        self.check(during[1] - before[1] <= 8, f"and {during[1] - before[1]} threads")
        # Whole greetings and then silence: some handshakes run, and end.
        whole = [wire.tcp(address) for _ in range(60)]
        for one in whole:
            one.sendall(hello)
        # Those whose handshake runs are answered; the others wait.
        answered = []
        self.eventually(lambda: answered.extend(select.select([one for one in whole if one not in answered], [], [], 0.1)[0])
                        or len(answered) >= 16, "handshakes run", 5)
        middle = service.figures()
        self.check(len(answered) == 16, f"of 60 peers that greet and fall silent {len(answered)} are answered at a time")
        self.check(middle[1] - before[1] <= 24, f"60 peers that greet and fall silent cost {middle[1] - before[1]} threads, {(middle[0] - before[0]) / 1024:.1f} MB")
        for one in open_ + whole:
            one.close()
        self.eventually(lambda: (newcomer() or 9) < 0.5, "afterwards newcomers come in as before")
        self.check(service.stop() == 0, "the service with TLS stops when asked")

    @staticmethod
    def client_hello():
        context = ssl.create_default_context()
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        secure = context.wrap_bio(into, out, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            secure.do_handshake()
        return out.read()

    def threads(self):
        """A service whose control group has few tasks refuses media before GLib ends it. Needs a control group of its own."""
        group = f"/sys/fs/cgroup/pids/trtc-hostile-{os.getpid()}"
        if not os.path.isdir("/sys/fs/cgroup/pids"):
            group = f"/sys/fs/cgroup/trtc-hostile-{os.getpid()}"
        try:
            os.mkdir(group)
            with open(os.path.join(group, "pids.max"), "w") as file:
                file.write("150")
        except OSError as error:
            print(f"skipped - few threads: no control group can be made here: {error}")
            with contextlib.suppress(OSError):
                os.rmdir(group)
            return
        try:
            service = self.start("few", "serve", "--listen", "127.0.0.1:0", "--secret-key-file", self.key)
            ready = service.wait("service-ready", 60)
            with open(os.path.join(group, "cgroup.procs"), "w") as file:
                file.write(str(service.process.pid))
            parts = urllib.parse.urlparse(ready["url"])
            here, self.address = self.address, (parts.hostname, parts.port)
            refused, sockets = [], []
            for i in range(40):
                socket_ = self.member(f"many{i}")
                socket_.say(cmd="publish", seq=2, data={"type": "offer", "sdp": offers.GOOD_UPLINK,
                                                        "state": {"audio": True, "bigVideo": True}})
                answer = socket_.wait_for(4098, 15)
                if answer["code"] != 0:
                    refused.append(answer["message"])
                sockets.append(socket_)
            self.check(refused and all("threads" in text and "150" in text for text in refused) and len(refused) < 40,
                       f"few threads: {len(refused)} of 40 publications refused, with the reason: {refused[:1]}")
            self.check(service.process.poll() is None and self.healthy(), "and the service lives")
            self.address = here
            for socket_ in sockets:
                socket_.close()
            service.stop()
        finally:
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    os.rmdir(group)
                    break
                time.sleep(0.1)

    def course(self):
        if not self.begin():
            return
        before = self.quiet()
        self.attack(self.offers_of_any_content, self.reports, self.every_kind, self.leave_that_waits, self.half_open, self.rooms,
                    self.connections, self.names, self.threads, self.handshakes)
        self.pinger.stop()
        self.pinger.socket.close()
        self.check(self.pinger.why is None, f"the bystander was served all the time {self.pinger.why or ''}")
        self.verdict(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cli", type=os.path.abspath)
    parser.add_argument("measure", nargs="?", default=os.environ.get("MEASURE"))
    parser.add_argument("--seconds", type=float, default=4, help="how long an attack lasts (4); the one with every kind three times as long")
    parser.add_argument("--only", default=[], action="append", metavar="NAME", help="only the attack of this name; repeatable")
    options = parser.parse_args()
    bench = Limits(options.cli, options.measure, None, options.only)
    bench.seconds = options.seconds
    sys.exit(bench.run())


if __name__ == "__main__":
    main()
