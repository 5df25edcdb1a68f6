# SPDX-License-Identifier: MIT
"""Whatever a user gets wrong: one line on stderr, the error event, the exit code; nobody else notices."""

import json
import os
import signal
import time

from harness import (Listener, Program, Room, TINY, check, equal, free_port, make_sig, refused, serve_echo, serve_http,
                     serve_nothing, wait_until)

NO_ROOM = ["--server", "ws://127.0.0.1:1", "--user-sig", "x"]


def test_identity(context):
    room = Room(context)
    service = room.service
    other_key = context.key_file("another-key", "other-key")
    old = make_sig("late", service.key, signed_at=int(time.time()) - 7200, expire=3600)
    cases = [
        ("ann", ["--secret-key-file", str(other_key)], "wrong key"),
        ("late", ["--user-sig", old], "expired"),
        ("ann", ["--user-sig", make_sig("bob", service.key)], "of another user"),
        ("ann", ["--user-sig", make_sig("ann", service.key, app=1400000002)], "of another application"),
        ("ann", ["--user-sig", "not-a-signature"], "garbage"),
    ]
    for user, proof, what in cases:
        agent = context.agent(service, user, proof=proof, joined=False)
        refused(agent, 3, ["SIGNAL_CHANNEL_SETUP_FAILED", "JOIN_ROOM_FAILED"])
        equal(agent.find("joined"), [], f"joined with a UserSig {what}")
        room.untouched()
    # The clock of the signer may be a minute ahead, not an hour.
    ahead = make_sig("ann", service.key, signed_at=int(time.time()) + 3700)
    agent = context.agent(service, "ann", proof=["--user-sig", ahead], joined=False)
    refused(agent, 3, "SIGNAL_CHANNEL_SETUP_FAILED", "61 minutes after the time of this machine")
    verified = context.run("usersig", "verify", "--user-id", "ann", "--secret-key-file", str(service.key_file), ahead)
    equal(verified.process.returncode, 3, "exit code of usersig verify")
    check("the clock here or at the signer is wrong" in verified.complaints()[0], verified.complaints()[0])
    nearly = make_sig("soon", service.key, signed_at=int(time.time()) + 30)
    soon = context.agent(service, "soon", proof=["--user-sig", nearly])
    soon.send("leave\n")
    equal(soon.end(), 0, "exit code with a clock 30 s ahead")
    # the same proof made rightly is let in, so it was the proof that was refused
    good = context.agent(service, "ann", "--exit-after", "5m", proof=["--user-sig", make_sig("ann", service.key)])
    good.send("leave\n")
    equal(good.end(), 0, "exit code with a good UserSig")
    room.leave()


def test_room_and_user_names(context):
    cases = [
        (["--user-id", "ann", "--room", "0"], "room 0 is out of range"),
        (["--user-id", "ann", "--room", "-3"], "is out of range"),
        (["--user-id", "ann", "--room", "4294967295"], "is out of range"),
        (["--user-id", "ann", "--room", "99999999999999999999999"], "is out of range"),
        (["--user-id", "ann", "--room", "lobby"], "add --string-room"),
        (["--user-id", "ann", "--room", "12x"], "add --string-room"),
        (["--user-id", "ann", "--string-room", "--room", "a/b"], "string room"),
        (["--user-id", "ann", "--string-room", "--room", "x" * 65], "is too long: it has 65 characters, the limit is 64"),
        (["--user-id", "an n", "--room", "1"], "user id"),
        (["--user-id", "änn", "--room", "1"], 'user id "änn" is not allowed'),
        (["--user-id", "a" * 33, "--room", "1"], "is too long: it has 33 characters, the limit is 32"),
        (["--user-id", "", "--room", "1"], "user id"),
        (["--user-id", "ann", "--room", "1", "--role", "boss"], "anchor, audience"),
        (["--user-id", "ann", "--room", "1", "--vidio", "test"], "did you mean --video?"),
        (["--user", "ann", "--room", "1"], "did you mean --user-id"),
        (["--user-id", "ann", "--room", "1", "--publish"], "an anchor with --video or --audio publishes when it joins"),
        (["--user-id", "ann", "--room", "1", "--video", "my film.mp4"], 'did you mean file:my film.mp4?'),
        (["--user-id", "ann", "--room", "1", "--record", "--events", "json"], '--record needs a value, but "--events" follows'),
        (["--user-id", "ann", "--room", "1", "--play", "--x"], "--play has no value here and means auto"),
    ]
    for arguments, part in cases:
        refused(context.run("join", *NO_ROOM, *arguments), 2, "INVALID_PARAMETER", part)


def test_error_event_follows_the_event_format(context):
    bad = ["join", *NO_ROOM, "--user-id", "ann", "--room", "0"]
    text = context.run(*bad, "--events", "text")
    equal(text.process.returncode, 2, "exit code")
    equal([line.split("s  ", 1)[1] for line in text.lines if "s  " in line][:1],
          [f"error: {text.complaints()[0].removeprefix('trtc-cli: ')} (INVALID_PARAMETER 4096)"], "the error as a sentence")
    equal(text.events, [], "JSON in text mode")
    none = context.run(*bad, "--events", "none")
    equal((none.process.returncode, none.lines, len(none.complaints())), (2, [], 1), "result without events")


def test_proof_files(context):
    join = ["join", "--server", "ws://127.0.0.1:1", "--user-id", "ann", "--room", "1"]
    empty = context.key_file("", "empty")
    refused(context.run(*join, "--secret-key-file", "no-such-key"), 2, "INVALID_PARAMETER", "no-such-key cannot be read")
    refused(context.run(*join, "--secret-key-file", str(empty)), 2, "INVALID_PARAMETER", "is empty")
    refused(context.run(*join, "--user-sig-file", str(context.directory)), 2, "INVALID_PARAMETER", "cannot be read")
    refused(context.run(*join), 2, "INVALID_PARAMETER", "start trtc-cli serve first, or give --secret-key-file")
    join[2] = "ws://192.0.2.1"
    refused(context.run(*join), 2, "INVALID_PARAMETER", "credentials are missing: give --secret-key-file")
    join[2] = "ws://127.0.0.1:1"
    refused(context.run(*join, "--user-sig", "x", "--ca-file", "no.pem"), 2, "INVALID_PARAMETER", "no.pem cannot be read")
    os.mkfifo(context.directory / "pipe")
    for path in (context.directory / "pipe", context.directory):
        refused(context.run(*join, "--user-sig", "x", "--ca-file", str(path)), 2, "INVALID_PARAMETER", "not a regular file")


def test_no_server(context):
    url = f"ws://127.0.0.1:{free_port()}"
    agent = context.run("join", "--server", url, "--user-id", "ann", "--room", "1", "--user-sig", "x", seconds=40)
    refused(agent, 4, ["CONNECT_FAILED", "API_CALL_TIMEOUT"])


def other_server(context, serve):
    agent = context.run("join", "--server", Listener(context, serve).url, "--user-id", "ann", "--room", "1", "--user-sig", "x",
                        seconds=40)
    refused(agent, 4, ["CONNECT_FAILED", "API_CALL_TIMEOUT"])


def test_server_that_says_nothing(context):
    other_server(context, serve_nothing)


def test_server_that_speaks_http_only(context):
    other_server(context, serve_http)


def test_server_that_echoes(context):
    other_server(context, serve_echo)


def test_leaving_while_connecting(context):
    agent = Program(context, "ann", ["join", "--server", Listener(context, serve_nothing).url, "--user-id", "ann", "--room", "1",
                                     "--user-sig", "x", "--events", "json"])
    agent.wait("connection-state-changed", state="CONNECTING")
    agent.signal(signal.SIGTERM)
    equal(agent.end(), 0, "exit code")
    equal(agent.find("error"), [], "errors")


def test_service_killed_while_recording(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY, "--reconnect", "0")
    anchor.wait("published")
    viewer = context.agent(service, "viewer", "--role", "audience", "--record", "out", "--reconnect", "0")
    viewer.wait("first-frame", kind="video")
    path = context.directory / viewer.wait("recording-started")["path"]
    wait_until(lambda: path.stat().st_size > 0, "the first bytes of the recording")
    service.signal(signal.SIGKILL)
    for agent in (viewer, anchor):
        equal(agent.end(90), 7, f"exit code of {agent.name}")
        equal(len(agent.complaints()), 1, f"complaints of {agent.name}")
        equal([e["name"] for e in agent.find("error", recoverable=False)], ["CONNECTION_LOST"], "errors")
        equal(agent.events[-1]["event"], "summary", "last event")
    stopped = viewer.wait("recording-stopped")
    equal(path.stat().st_size, stopped["bytes"], "size of the file")
    check(stopped["videoFrames"] > 0, f"no frame in {stopped}")
    equal(path.read_bytes()[:4], b"\x1a\x45\xdf\xa3", "Matroska header")
    equal([r["path"] for r in viewer.events[-1]["recordings"]], [stopped["path"]], "recordings in the summary")


def test_file_sources(context):
    room = Room(context)
    (context.directory / "empty.mp4").touch()
    (context.directory / "text.mp4").write_text("this is no film\n" * 500)
    for option in ("--video", "--audio"):
        for name in ("missing.mp4", "empty.mp4", "text.mp4"):
            agent = context.agent(room.service, "ann", option, f"file:{name}", joined=False)
            refused(agent, 5, ["DEVICE_NOT_FOUND", "INITIALIZE_FAILED", "NOT_SUPPORTED"], name)
            equal(agent.find("connection-state-changed"), [], "connections made for a source that fails")
    room.untouched()
    equal(room.anchor.find("peer-join"), [], "peers seen by the anchor")
    room.leave()


def test_devices_that_are_not_there(context):
    cases = [
        (["--video", "v4l2:/dev/video-none"], 5, "DEVICE_NOT_FOUND", "/dev/video-none cannot be opened"),
        (["--video", "v4l2:No Such Camera"], 5, "DEVICE_NOT_FOUND", "no camera \"No Such Camera\" found"),
        (["--audio", "alsa:hw:NoSuchCard"], 5, "DEVICE_NOT_FOUND", "microphone \"hw:NoSuchCard\" cannot be opened"),
        (["--video", "screen"], 5, "DEVICE_NOT_FOUND", "DISPLAY is not set"),
        (["--video", "screen:nonsense"], 5, "DEVICE_NOT_FOUND", "is not a display name"),
        (["--video", "pipeline:nosuchelement"], 5, "INITIALIZE_FAILED", "no element"),
        (["--audio", "pipeline:videotestsrc"], 5, "INITIALIZE_FAILED", "it must end in raw audio"),
        (["--audio", "v4l2"], 2, "INVALID_PARAMETER", "gives no sound"),
        (["--video", "alsa"], 2, "INVALID_PARAMETER", "gives no picture"),
    ]
    for arguments, code, name, part in cases:
        agent = context.run("join", *NO_ROOM, "--user-id", "ann", "--room", "1", *arguments, variables={"DISPLAY": ""})
        refused(agent, code, name, part)
        equal(agent.find("connection-state-changed"), [], "connections made for a source that fails")
    listed = context.run("devices", "--json", variables={"DISPLAY": ""})
    equal(listed.process.returncode, 0, "exit code of devices")
    equal(sorted(json.loads(listed.lines[0])), ["cameras", "microphones", "screens", "speakers"], "kinds of devices")


def test_record_directory(context):
    room = Room(context)
    (context.directory / "plain-file").write_text("x")
    for directory in ("plain-file/below", "/proc/trtc-cli", "plain-file"):
        agent = context.agent(room.service, "ann", "--role", "audience", "--record", directory, joined=False)
        refused(agent, 9, "OUTPUT_FAILED", directory)
        equal(agent.find("connection-state-changed"), [], "connections made")
    room.untouched()
    room.leave()


def test_two_agents_with_one_user_id(context):
    room = Room(context)
    first = context.agent(room.service, "twin", "--role", "audience")
    second = context.agent(room.service, "twin", "--role", "audience")
    first.wait("client-banned", reason="kick")
    refused(first, 10, "CLIENT_BANNED", "another client")
    check(second.command("users")["ok"], "the second agent does not answer")
    equal(second.find("error"), [], "errors of the second agent")
    room.untouched()
    second.send("leave\n")
    equal(second.end(), 0, "exit code of the second agent")
    room.leave()


def test_publish_as_audience(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience", *TINY)
    answer = agent.command("publish")
    equal(answer["ok"], False, "ok")
    check(answer["name"] in ("INVALID_OPERATION", "REFUSED"), f"name is {answer['name']}")
    check(answer["message"], "no message")
    check(agent.alive(), "the agent has ended")
    room.untouched()
    # in the role that may, the same sources go on air
    check(agent.command("switch-role anchor")["ok"], "switch-role failed")
    check(agent.command("publish")["ok"], "publish as anchor failed")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    room.leave()
