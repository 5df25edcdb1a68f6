# SPDX-License-Identifier: MIT
"""What a service tells of its rooms: as JSON, as text, and to a reader that is asleep."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess

from harness import TINY, Program, check, equal, wait_until

ROOM_EVENTS = ("room-created", "room-empty", "user-joined", "user-left", "role-changed", "stream-published", "stream-unpublished")


def told(service):
    """The room events, as names with what tells them apart."""
    rows = []
    for event in service.events:
        if event["event"] in ROOM_EVENTS:
            what = event.get("reason") or event.get("role") or event.get("codec")
            rows.append((event["event"], event["userId"], *([what] if what else [])))
    return rows


def leave(agent):
    agent.send("leave\n")
    equal(agent.end(), 0, f"exit code of {agent.name}")


def test_a_room_from_its_beginning_to_its_end(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY, "--video-codec", "vp8")
    anchor.wait("published")
    viewer = context.agent(service, "viewer", "--role", "audience")
    equal(service.wait("user-joined", userId="viewer")["role"], "audience", "role of the viewer")
    check(viewer.command("switch-role anchor")["ok"], "no change of role")
    service.wait("role-changed", userId="viewer")
    check(anchor.command("unpublish")["ok"], "cannot unpublish")
    service.wait("stream-unpublished")
    check(anchor.command("publish")["ok"], "cannot publish again")
    service.wait("stream-published", count=2)
    leave(anchor)
    leave(viewer)
    service.wait("room-empty")
    equal(told(service),
          [("room-created", "onair"), ("user-joined", "onair", "anchor"), ("stream-published", "onair", "vp8"),
           ("user-joined", "viewer", "audience"), ("role-changed", "viewer", "anchor"),
           ("stream-unpublished", "onair", "unpublished"), ("stream-published", "onair", "vp8"),
           ("stream-unpublished", "onair", "left"), ("user-left", "onair", "left"),
           ("user-left", "viewer", "left"), ("room-empty", "viewer", "left")], "events")
    for event in service.events:
        if event["event"] in ROOM_EVENTS:
            equal((event["roomId"], event["address"]), (100, "127.0.0.1"), f"room and address of {event}")
    published = service.find("stream-published")[0]
    equal((published["streamType"], published["audio"], published["video"]), ("main", True, True), "stream")
    equal((service.find("role-changed")[0]["prevRole"], service.find("user-joined")[0]["mode"]), ("audience", "live"),
          "role and mode")
    # A room with a name that looks like a number is another one, and its name is a text.
    caller = context.agent(service, "caller", "--string-room", "--mode", "rtc")
    joined = service.wait("user-joined", userId="caller")
    equal((joined["roomId"], joined["mode"]), ("100", "rtc"), "string room")
    leave(caller)
    service.wait("room-empty", roomId="100")


def test_reasons(context):
    service = context.service()
    context.agent(service, "stays")
    for user, command, reason in (("ann", "kick ann@100", "kicked"), ("bob", "ban bob@100", "banned")):
        agent = context.agent(service, user)
        check(service.command(command)["ok"], f"{command} failed")
        equal(agent.end(), 10, f"exit code of {user}")
        equal(service.wait("user-left", userId=user)["reason"], reason, f"reason of {user}")
    first = context.agent(service, "cat")
    second = context.agent(service, "cat")
    equal(first.end(), 10, "exit code of the first one")
    equal(service.wait("user-left", userId="cat")["reason"], "replaced", "reason of the first one")
    second.kill()
    # The client is gone without a word: it may come back, so nothing is told yet.
    check(service.command("users 100")["ok"], "no answer")
    equal(len(service.find("user-left", userId="cat")), 1, "ends of a user that may come back")
    check(service.command("disband 100")["ok"], "cannot disband")
    for user in ("cat", "stays"):
        service.wait("user-left", userId=user, reason="room-disband")
    equal(service.wait("room-empty")["reason"], "room-disband", "reason of the empty room")
    context.agent(service, "dan")
    check(service.command("stop")["ok"], "cannot stop")
    equal(service.end(), 0, "exit code of the service")
    equal(service.wait("user-left", userId="dan")["reason"], "service-stopped", "reason at the end")
    equal(service.wait("room-empty", count=2)["reason"], "service-stopped", "reason of the room at the end")


def test_a_lost_connection_after_thirty_seconds(context):
    service = context.service()
    agent = context.agent(service, "ann", *TINY)
    service.wait("stream-published")
    agent.kill()
    left = service.wait("user-left", seconds=45, userId="ann")
    equal(left["reason"], "connection-lost", "reason")
    joined = service.find("user-joined")[0]
    check(29_000 <= left["elapsedMs"] - joined["elapsedMs"] <= 45_000, f"left {left}, joined {joined}")
    # Usually ICE notices first that the client is gone.
    check(service.find("stream-unpublished")[0]["reason"] in ("media-failed", "connection-lost"), "reason of the stream")
    service.wait("room-empty")


def test_as_text(context):
    key = context.key_file()
    service = Program(context, "text", ["serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(key), "--events", "text"])
    wait_until(lambda: service.lines, "the first line")
    ready = re.fullmatch(r" +\d+\.\d{3}s  service ready at (ws://127\.0\.0\.1:\d+): sdkAppId 1400000001, secret key in (.+)",
                         service.lines[0])
    check(ready, f"the first line is {service.lines[0]!r}")
    equal(ready[2], str(key), "key file")
    service.url, service.key_file = ready[1], key
    agent = context.agent(service, "ann", *TINY)
    agent.wait("published")
    service.send("users 100\nrooms\nhelp\n")
    wait_until(lambda: any("list the users of a room" in line for line in service.lines), "the help")
    leave(agent)
    wait_until(lambda: any(line.endswith("room 100 is empty") for line in service.lines), "the empty room")
    sentences = [re.sub(r"^ +\d+\.\d{3}s  ", "", line) for line in service.lines[1:]]
    start = sentences.index("users 100: 1 user")
    equal(sentences[:start], ["room 100 created by ann", "ann joined room 100 as anchor from 127.0.0.1",
                              "ann is on air in room 100: H.264, Opus"], "sentences")
    equal([re.split(r"  +", line.strip()) for line in sentences[start + 1:start + 3]],
          [["user", "role", "mode", "address", "connection", "sends"],
           ["ann", "anchor", "live", "127.0.0.1", "open", "audio, video"]], "table of users")
    equal([re.split(r"  +", line.strip()) for line in sentences[start + 3:start + 6]],
          [["rooms: 1 room"], ["room", "users", "anchors", "on air"], ["100", "1", "1", "1"]], "table of rooms")
    equal(sentences[-3:], ["ann is off air in room 100: left", "ann left room 100", "room 100 is empty"], "sentences at the end")


def test_a_sleeping_reader_does_not_stop_the_rooms(context):
    """Nobody reads stdout, which is a pipe of one page: the rooms go on, and what was missed is counted."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    key = context.key_file()
    control = context.directory / "control.sock"
    process = subprocess.Popen([context.binary, "serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(key), "--events",
                                "json", "--control", str(control), "--no-stdin"], stdin=subprocess.DEVNULL, stdout=writer,
                               stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(context.directory)})
    os.close(writer)
    context.cleanup(lambda: (process.kill(), process.wait(), os.close(reader)))
    data = b""
    while not data.endswith(b"\n"):
        data += os.read(reader, 4096)
    service = type("Service", (), {"url": json.loads(data)["url"], "key_file": key})
    agent = context.agent(service, "ann", *TINY)
    agent.wait("published")
    viewer = context.agent(service, "viewer", "--role", "audience")
    viewer.wait("first-frame", userId="ann", kind="video")
    # Each answer is an event, too; far more of them than a pipe and the queue hold.
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(str(control))
        answers = line.makefile("rb")
        sent = 0
        while sent < 30_000:
            line.sendall(b"users 100\n" * 100)
            for _ in range(100):
                check(json.loads(answers.readline())["ok"], "a refused command")
            sent += 100
    check(agent.command("mute audio")["ok"], "the room does not answer")
    leave(viewer)
    leave(agent)
    process.send_signal(signal.SIGTERM)
    with os.fdopen(os.dup(reader), "rb") as stream:
        events = [json.loads(line) for line in stream]
    equal(process.wait(10), 0, "exit code of the service")
    lost = sum(event["count"] for event in events if event["event"] == "events-lost")
    check(lost > 0, "nothing was lost: the test does not fill the queue")
    names = [event["event"] for event in events]
    equal(names[:3], ["room-created", "user-joined", "stream-published"], "the first events")
    # Ready and three events of ann, one of the viewer; sent answers; at the end two of the viewer's and three of ann's.
    equal(len([name for name in names if name != "events-lost"]) + lost, 4 + sent + 1 + 3, "events told and lost")


def test_a_reader_that_goes_away_does_not_end_the_service(context):
    key = context.key_file()
    reader, writer = os.pipe()
    process = subprocess.Popen([context.binary, "serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(key),
                                "--events", "json", "--control", "none", "--no-stdin"], stdin=subprocess.DEVNULL,
                               stdout=writer, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(context.directory)})
    context.cleanup(lambda: (process.kill(), process.wait()))
    os.close(writer)
    data = b""
    while not data.endswith(b"\n"):
        data += os.read(reader, 4096)
    os.close(reader)
    deaf = type("Service", (), {"url": json.loads(data)["url"], "key_file": key})
    for user in ("ann", "bob"):
        leave(context.agent(deaf, user))
    equal(process.poll(), None, "exit code of the service")
    process.send_signal(signal.SIGTERM)
    equal(process.wait(10), 0, "exit code of the service at its end")
