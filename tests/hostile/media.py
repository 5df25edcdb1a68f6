# SPDX-License-Identifier: MIT
"""Hostile media: publishers that control each packet (tests/tools/hostile_peer.cpp), one on a connection of its own and one on
the single connection of SDK v5, and a viewer of both with a single connection, who sees an honest anchor too."""
import queue
import re
import subprocess
import threading
import time

import wire

ROOM = 4712
OPUS, H264 = 111, 102
AUDIO, VIDEO = 0x0a0a0a0a, 0x0b0b0b0b # the SSRCs that a peer announces
# Between packets of the honest anchor's sound, on any viewer's connection.
MOST_GAP_MS = 1500


class Peer:
    """One hostile-peer that runs."""

    def __init__(self, program, environment):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.offer = self.wait("offer").replace("|", "\r\n")

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put("ended")

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def wait(self, word, limit=30):
        deadline = time.monotonic() + limit
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"the peer did not say {word}") from None
            if line.split(" ")[0] == word:
                return line[len(word) + 1:]
            if line == "ended":
                raise RuntimeError("the peer ended")

    def connect(self, answer):
        self.say("answer " + answer.replace("\r", "").replace("\n", "|"))
        self.wait("connected")

    def do(self, command, limit=60):
        self.say(command)
        return int(self.wait("sent", limit))

    def stats(self):
        """SSRC: packets, longest gap in milliseconds, since the last look."""
        self.say("stats")
        return {int(one): (int(packets), int(gap)) for one, packets, gap in
                re.findall(r"(\d+)=(\d+)/(\d+)", self.wait("stats"))}

    def end(self):
        self.process.kill()
        self.process.wait()


def ability(offer):
    def value(name):
        return re.search(rf"a={name}:(\S+)", offer)[1]
    codec = {"payload": H264, "codec": "H264", "fmtp": "packetization-mode=1;profile-level-id=42e01f", "rate": 90000,
             "rtcpfb": [{"id": "nack", "params": ["pli"]}]}
    hash_, fingerprint = re.search(r"a=fingerprint:(\S+) (\S+)", offer).groups()
    return {"ice": {"ufrag": value("ice-ufrag"), "password": value("ice-pwd")},
            "dtls": {"hash": hash_, "fingerprint": fingerprint, "setup": "actpass"},
            "audio": {"codecs": [{"payload": OPUS, "codec": "opus", "rate": 48000, "channels": 2}]},
            "video": {"codecs": [codec], "decoders": [codec]}}


def answer_of(one, offer):
    """What the SDK makes of a service's ability: an answer to its own offer."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"] + re.findall(r"a=group:BUNDLE[^\r\n]*", offer)
    for kind, number, name in (("audio", OPUS, "OPUS/48000/2"), ("video", H264, "H264/90000")):
        mid = re.search(rf"m={kind} .*?a=mid:(\S+)", offer, re.S)[1]
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}", "c=IN IP4 0.0.0.0", f"a=ice-ufrag:{one['ice']['ufrag']}",
                  f"a=ice-pwd:{one['ice']['password']}", f"a=fingerprint:{one['dtls']['hash']} {one['dtls']['fingerprint']}",
                  f"a=setup:{one['dtls']['setup']}", f"a=mid:{mid}", "a=rtcp-mux", "a=recvonly", f"a=rtpmap:{number} {name}"]
        lines += [f"a=candidate:1 1 UDP {c['priority']} {c['ip']} {c['port']} typ host" for c in one["candidates"]]
    return "\r\n".join(lines) + "\r\n"


def publication(ssrcs):
    """Sound, and a picture."""
    return {**dict(zip(("audioSsrc", "bigVideoSsrc", "smallVideoSsrc", "auxVideoSsrc"), ssrcs)), "audioRtxSsrc": 0, "bigVideoRtxSsrc": 0,
            "smallVideoRtxSsrc": 0, "auxVideoRtxSsrc": 0, "state": {"audio": True, "bigVideo": True, "smallVideo": False, "auxVideo": False},
            "muteState": {"audio": False, "bigVideo": False, "auxVideo": False}}


class Stage:
    """Who takes part."""

    def __init__(self, bench):
        self.bench, self.peers, self.sockets = bench, [], []

    def peer(self):
        self.peers.append(Peer(self.bench.peer, self.bench.environment))
        return self.peers[-1]

    def socket(self, user, cmd, role, **more):
        socket = self.bench.socket(user)
        self.sockets.append(socket)
        socket.say(cmd=cmd, seq=1, data={"roomId": str(ROOM), "trtcRole": role, "trtcScene": 2, **more})
        answer = socket.wait_for(20)
        if answer["code"] != 0:
            raise RuntimeError(f"the join was refused: {answer}")
        return socket, answer

    def publisher(self, user):
        """With a connection for what it publishes."""
        peer = self.peer()
        socket, _ = self.socket(user, "join", 20)
        socket.say(cmd="publish", seq=2, data={"type": "offer", "sdp": peer.offer, "state": {"audio": True, "bigVideo": True},
                                               "constraintConfig": {"videoCodec": "H264"}})
        answer = socket.wait_for(4098)
        if answer["code"] != 0:
            raise RuntimeError(f"the publication was refused: {answer}")
        peer.connect(answer["data"]["sdp"])
        return peer, socket

    def single(self, user, role):
        """With one connection for everything."""
        peer = self.peer()
        socket, answer = self.socket(user, "join/v2", role, ability=ability(peer.offer))
        peer.connect(answer_of(answer["data"]["ability"], peer.offer))
        return peer, socket

    def publish(self, socket, wait=True):
        socket.say(cmd="publish/v2", seq=2, data=publication((AUDIO, VIDEO, 3, 4)))
        if wait and socket.wait_for(4146)["code"] != 0:
            raise RuntimeError("publish/v2 was refused")

    def subscribe(self, socket, user, seq, base):
        """Sound has the SSRC @base, the picture @base + 1."""
        socket.say(cmd="subscribe/v3", seq=seq, data={
            "srcUserId": user, "audio": True, "bigVideo": True, "auxVideo": False, "smallVideo": False,
            "ssrc": {"audioSsrc": base, "bigVideoSsrc": base + 1, "auxVideoSsrc": base + 2}})
        answer = socket.wait_for(4156)
        if answer["code"] != 0:
            raise RuntimeError(f"subscribe/v3 was refused: {answer}")

    def keep(self):
        """From now on answers the service's pings, and says something now and then; nothing else is read any more."""
        def read(socket):
            said = time.monotonic()
            try:
                while True:
                    try:
                        socket.receive(5)
                    except TimeoutError:
                        pass
                    if time.monotonic() - said > 5:
                        socket.say(cmd="get_user_list", seq=9, data={})
                        said = time.monotonic()
            except (wire.Closed, OSError, ValueError):
                pass
        for socket in self.sockets:
            threading.Thread(target=read, args=(socket,), daemon=True).start()

    def end(self):
        for peer in self.peers:
            peer.end()
        for socket in self.sockets:
            try:
                socket.say(cmd="leave", seq=10, data={})
            except wire.Closed:
                pass
            socket.close()


ATTACKS = (
    ("SSRCs that change on one line", "rotate 2", "unknown-ssrc"),
    ("every payload type there is", "types 2", "payload-type"),
    ("numbers that jump ahead and back", "numbers 2", None),
    ("lies in headers and payloads", "broken 2", None),
    ("reports of strangers, with lies", "rtcp 2", "unknown-ssrc"),
    ("30 000 SSRCs in 8 s", "ssrcs 30000 8", "unknown-ssrc"),
)


def dropped(bench, reason):
    return bench.metric(f'trtc_packets_dropped_total{{reason="{reason}"}}') or 0


def hostile_media(bench):
    stage, began = Stage(bench), time.monotonic()
    honest = bench.start("anchor2", "join", "--server", bench.url, "--secret-key-file", bench.key, "--user-id", "anchor2", "--room",
                         str(ROOM), "--no-stdin", "--video", "test", "--audio", "test", "--video-profile", "320x240@15,300k")
    witness = bench.start("witness", "join", "--server", bench.url, "--secret-key-file", bench.key, "--user-id", "witness", "--room",
                          str(ROOM), "--no-stdin", "--role", "audience")
    try:
        honest.wait("published", 60)
        witness.wait("first-frame", 60, kind="video")
        separate, _ = stage.publisher("mallory4")
        single, speaks = stage.single("mallory5", 20)
        stage.publish(speaks)
        viewer, hears = stage.single("viewer5", 21)
        for number, user in enumerate(("anchor2", "mallory4", "mallory5")):
            stage.subscribe(hears, user, 10 + number, 1000 + 10 * number)
        separate.do("media 2")
        single.do("media 2")
        seen = viewer.stats()
        bench.check(all(seen.get(ssrc, (0, 0))[0] > 10 for ssrc in (1000, 1001, 1010, 1011, 1020, 1021)),
                    f"a viewer with one connection gets all three publishers: {seen}")
        stage.keep()
        before = bench.service.figures()[0]
        counted = dropped(bench, "unknown-ssrc")
        for first in range(100_000, 104_000, 40):
            speaks.say(cmd="publish/v2", seq=3, data=publication(range(first, first + 4)))
        sent = single.do("from 100000 4000")
        more = dropped(bench, "unknown-ssrc") - counted
        bench.check(more > sent / 2, f"100 announcements, then {sent} packets of what was announced and more: {more:.0f} are counted")
        stage.publish(speaks, wait=False)
        for text, command, reason in ATTACKS:
            counted = reason and dropped(bench, reason)
            viewer.stats()
            for peer in (separate, single):
                peer.say(command)
            sent = sum(int(peer.wait("sent", 60)) for peer in (separate, single))
            seen = viewer.stats()
            sound = seen.get(1000, (0, 99999))
            good = sound[0] > 50 and sound[1] < MOST_GAP_MS and 1001 in seen
            bench.check(good and bench.healthy(), f"{text}, {sent} packets: who watches them gets {sound[0]} packets of the honest "
                                                  f"anchor's sound, {sound[1]} ms at most between two")
            if reason:
                more = dropped(bench, reason) - counted
                bench.check(more > sent / 2, f"and {more:.0f} packets are counted as {reason}")
        most = bench.service.figures()[0]
        bench.check(most < 1.5 * before, f"resident memory: {before} KiB before, {most} KiB after all of that")
        # What was announced still comes through.
        separate.do("media 2")
        single.do("media 2")
        seen = viewer.stats()
        bench.check(all(seen.get(ssrc, (0, 0))[0] > 10 for ssrc in (1000, 1001)),
                    f"the honest anchor's picture and sound still come: {seen}")
        bench.check(witness.process.poll() is None, "an agent that saw all of it lives")
    finally:
        stage.end()
        left = [witness.stop(), honest.stop()]
    bench.check(left == [0, 0], f"the agents of that room leave: {left}")
    bench.eventually(lambda: bench.service.figures()[0] < 1.5 * before,
                     f"resident memory is below 1.5 × {before} KiB when they are gone", 30)
    with open(bench.service.log_path) as log:
        told = [line for line in log if "packets of clients were dropped" in line]
    minutes = (time.monotonic() - began) / 60
    bench.check(len(told) <= minutes + 1, f"{len(told)} lines in the log about dropped packets, in {minutes:.1f} minutes")
    print(f"# resident: {before} KiB before, {most} KiB after the attacks, {bench.service.figures()[0]} KiB when they are gone")
