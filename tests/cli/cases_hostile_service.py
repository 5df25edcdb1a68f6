# SPDX-License-Identifier: MIT
"""A room service that wants to harm the agent: it speaks the protocol, and too much of it."""

import base64
import contextlib
import hashlib
import itertools
import json
import os
import signal
import threading
import time

from harness import WATCHDOG, Listener, Program, check, equal, read_head, wait_until

MOST_DESCRIPTORS = 200
AUDIO_AND_VIDEO = 1 | 8


class Service:
    """Lets one agent in, then does what `attack` does: attack(say) with say(message) until the agent is gone."""

    def __init__(self, context, attack):
        self.attack, self.said = attack, 0
        self.asked = []  # commands of the agent
        self.url = Listener(context, self._serve).url

    def _serve(self, connection):
        head = read_head(connection)
        key = next(line.split(":", 1)[1].strip() for line in head.split("\r\n")
                   if line.lower().startswith("sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        self._connection = connection
        self.say(cmd=19, code=0, message="", tinyId="77", data={"clientIp": "127.0.0.1", "signalInnerIp": "", "svrTime": 1})
        stream = connection.makefile("rb")
        while True:
            first, second = stream.read(2)
            length = second & 127
            if length > 125:
                length = int.from_bytes(stream.read(2 if length == 126 else 8), "big")
            mask = stream.read(4)
            body = bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(length)))
            if first & 15 != 1:
                continue
            command = json.loads(body)
            self.asked.append(command["cmd"])
            if command["cmd"] == "join":
                self.say(cmd=20, code=0, message="", seq=command["seq"],
                         data={"relayOuterIp": "", "relayInnerIp": "", "relayPort": 0, "publishers": []})
                threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            self.attack(self.say)

    def say(self, **message):
        body = json.dumps(message).encode()
        size = bytes([len(body)]) if len(body) < 126 else b"\x7e" + len(body).to_bytes(2, "big")
        self._connection.sendall(b"\x81" + size + body)
        self.said += 1


def lists():
    """One publisher at a time, of five."""
    for index in itertools.cycle(range(5)):
        yield {"cmd": 23, "code": 0, "data": {"userList": [
            {"userId": f"user{index}", "srcTinyId": str(100 + index), "flag": AUDIO_AND_VIDEO}]}}


def flood(say):
    for message in lists():
        say(**message)


def steadily(say):
    """As many as an agent puts up with; the last one stays."""
    for message in itertools.islice(lists(), 1500):
        say(**message)
        threading.Event().wait(1 / 300)  # each time, so that a pause of this program is not made up for by a burst


def noise(service, first, block):
    """An attack by frames that are no messages."""
    def attack(_say):
        threading.Event().wait(0.3)
        service[0]._connection.sendall(first)
        while True:
            service[0]._connection.sendall(block * 4000)
    return attack


class Watch:
    """The most descriptors that a process has had."""

    def __init__(self, process):
        self.most, self._process = 0, process
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while self._process.poll() is None:
                self.most = max(self.most, len(os.listdir(f"/proc/{self._process.pid}/fd")))
                threading.Event().wait(0.02)


def agent_at(context, service):
    agent = Program(context, "victim", ["join", "--server", service.url, "--user-id", "victim", "--room", "1", "--user-sig", "x",
                                        "--role", "audience", "--record", "out", "--events", "json"])
    watch = Watch(agent.process)
    agent.wait("joined")
    return agent, watch


def test_lists_that_alternate_as_fast_as_they_come(context):
    service = Service(context, flood)
    agent, watch = agent_at(context, service)
    equal(agent.end(20), 7, "exit code")
    print(f"    {watch.most} descriptors at most, {service.said} lists")
    check(watch.most < MOST_DESCRIPTORS, f"{watch.most} descriptors")
    errors = agent.find("error")
    equal([(error["name"], error["recoverable"]) for error in errors], [("CONNECTION_LOST", False)], "errors")
    check("500 messages" in errors[0]["message"], errors[0]["message"])
    equal((agent.events[-1]["event"], agent.events[-1]["exitCode"]), ("summary", 7), "last event")


def test_lists_that_alternate_for_a_while(context):
    service = Service(context, steadily)
    agent, watch = agent_at(context, service)
    wait_until(lambda: service.said >= 1502, "1500 lists", 20)
    during = service.asked.count("subscribe")
    check(agent.alive(), "the agent has ended")
    check(agent.command("users")["ok"], "it does not answer")
    agent.wait("stream-added", userId="user4", count=300)
    wait_until(lambda: service.asked.count("subscribe") > during, "the subscription of the user that stays")
    began = time.monotonic()
    agent.signal(signal.SIGINT)
    equal(agent.end(WATCHDOG), 0, "exit code")
    took = time.monotonic() - began
    print(f"    {watch.most} descriptors at most, {during} subscriptions for {service.said} lists, SIGINT took {took:.1f} s")
    check(took < 5, f"SIGINT took {took:.1f} s")
    check(watch.most < MOST_DESCRIPTORS, f"{watch.most} descriptors")
    check(during < 200, f"{during} subscriptions")


def test_frames_that_are_no_messages_without_end(context):
    for first, block in ((b"", b"\x89\x00"), (b"", b"\x8a\x00"), (b"\x01\x00", b"\x00\x00")):
        service = []
        service.append(Service(context, noise(service, first, block)))
        agent = Program(context, "victim", ["join", "--server", service[0].url, "--user-id", "victim", "--room", "1",
                                            "--user-sig", "x", "--reconnect", "0", "--events", "json"])
        agent.wait("joined")
        equal(agent.end(15), 7, f"exit code after {block!r}")
        error = agent.find("error")[-1]
        check("came without a message" in error["message"], error["message"])
        summary = agent.events[-1]
        check(summary["maxRssKiB"] < 300_000, f"{summary['maxRssKiB']} KiB")


def test_sigint_while_frames_that_are_no_messages_come(context):
    service = []
    service.append(Service(context, noise(service, b"", b"\x89\x00")))
    agent, _ = agent_at(context, service[0])
    threading.Event().wait(1)  # into the flood; there is no event that tells
    began = time.monotonic()
    agent.signal(signal.SIGINT)
    equal(agent.end(15), 0, "exit code")
    check(time.monotonic() - began < 5, f"SIGINT took {time.monotonic() - began:.1f} s")
