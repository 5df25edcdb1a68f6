# SPDX-License-Identifier: MIT
"""The commands that start and stop recording, and the names of the files."""

import re

from harness import TINY, Room, check, equal, refused, wait_until


def test_record_by_command(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience")
    agent.wait("first-frame", userId="onair", kind="video")
    answer = agent.command("record start")
    equal((answer["ok"], answer["name"]), (False, "INVALID_PARAMETER"), "record start without a directory")
    check("record start DIR" in answer["message"], answer["message"])
    equal(agent.command("record stop")["recordings"], [], "files of nothing")
    answer = agent.command("record start out")
    equal((answer["ok"], answer["directory"]), (True, "out"), "record start")
    started = agent.find("recording-started")
    equal(answer["recordings"], [{"userId": "onair", "streamType": "main", "path": started[0]["path"]}], "files begun")
    first = context.directory / started[0]["path"]
    # Again changes nothing; elsewhere is refused.
    equal(agent.command("record start")["recordings"], answer["recordings"], "files begun, asked again")
    equal(agent.command("record start elsewhere")["name"], "INVALID_OPERATION", "another directory")
    # A stream that comes later is recorded, too.
    late = context.agent(room.service, "late", *TINY)
    late.wait("published")
    agent.wait("first-frame", userId="late", kind="video")
    wait_until(lambda: first.stat().st_size > 20000, "growth of the recording")
    stopped = agent.command("record stop")
    equal(len(agent.find("recording-stopped", reason="stopped")), 2, "recordings stopped")
    equal(sorted(r["userId"] for r in stopped["recordings"]), ["late", "onair"], "files closed")
    for file in stopped["recordings"]:
        equal((context.directory / file["path"]).stat().st_size, file["bytes"], f"size of {file['path']}")
        check(file["videoFrames"] > 0 and file["durationMs"] > 0, f"nothing in {file}")
    # It stays off for what comes later ...
    third = context.agent(room.service, "third", *TINY)
    third.wait("published")
    agent.wait("first-frame", userId="third", kind="video")
    equal(len(agent.find("recording-started")), 2, "recordings begun")
    # ... until it is asked for again, now into the same directory.
    again = agent.command("record start")
    equal(sorted(r["userId"] for r in again["recordings"]), ["late", "onair", "third"], "files begun again")
    paths = {r["path"] for r in again["recordings"]} | {r["path"] for r in stopped["recordings"]}
    equal(len(paths), 5, "different files")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    equal(len(agent.events[-1]["recordings"]), 5, "recordings in the summary")
    room.untouched()
    for other in (late, third):
        other.send("leave\n")
        equal(other.end(), 0, f"exit code of {other.name}")
    room.leave()


def test_stop_what_record_began(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience", "--record", "out")
    agent.wait("recording-started", userId="onair")
    equal(len(agent.command("record stop")["recordings"]), 1, "files closed")
    late = context.agent(room.service, "late", *TINY)
    late.wait("published")
    agent.wait("first-frame", userId="late", kind="video")
    equal(len(agent.find("recording-started")), 1, "recordings begun")
    equal(agent.command("record start")["directory"], "out", "directory of --record")
    late.send("leave\n")
    equal(late.end(), 0, "exit code of late")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    room.leave()


def test_record_start_where_nothing_can_be_written(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience")
    agent.wait("first-frame", userId="onair", kind="video")
    answer = agent.command("record start /proc/trtc-cli")
    equal((answer["ok"], answer["name"]), (False, "OUTPUT_FAILED"), "answer")
    check("/proc/trtc-cli" in answer["message"] and "record start DIR" in answer["message"], answer["message"])
    check(agent.command("record start here")["ok"], "record start somewhere else failed")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    room.leave()


def test_a_stream_without_frames_does_not_hold_the_answer_up(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY)
    anchor.wait("published")
    for kind in ("audio", "video"):
        check(anchor.command(f"mute {kind}")["ok"], f"mute {kind} failed")
    agent = context.agent(service, "ann", "--role", "audience")
    agent.wait("stream-subscribed", userId="onair")
    answer = agent.command("record start out")
    equal(answer["recordings"], [{"userId": "onair", "streamType": "main"}], "files begun")
    check(anchor.command("unmute video")["ok"], "unmute failed")
    path = agent.wait("recording-started", userId="onair")["path"]
    equal([r["path"] for r in agent.command("record stop")["recordings"]], [path], "files closed")
    for each in (agent, anchor):
        each.send("leave\n")
        equal(each.end(), 0, f"exit code of {each.name}")


# A limit on the size of a file stands in for a full disk: write() fails in the middle in the same way.
LITTLE_ROOM = ("prlimit", "--fsize=60000:60000")


def test_a_full_disk_ends_an_agent_that_only_records(context):
    room = Room(context)
    recorder = context.agent(room.service, "recorder", "--role", "audience", "--record", "out", prefix=LITTLE_ROOM)
    stopped = recorder.wait("recording-stopped", seconds=30)
    equal(stopped["reason"], "disk", "reason")
    equal(recorder.end(), 9, "exit code")
    error = recorder.find("error")[-1]
    equal((error["name"], error["recoverable"]), ("OUTPUT_FAILED", False), "error")
    check("so the agent leaves" in error["message"], error["message"])
    equal((recorder.events[-1]["event"], recorder.events[-1]["exitCode"]), ("summary", 9), "last event")
    room.untouched()
    room.leave()


def test_a_full_disk_does_not_end_an_agent_on_air(context):
    room = Room(context)
    ann = context.agent(room.service, "ann", *TINY, "--record", "out", prefix=LITTLE_ROOM)
    equal(ann.wait("recording-stopped", seconds=30)["reason"], "disk", "reason")
    equal(ann.wait("error")["recoverable"], True, "recoverable")
    check(ann.command("users")["ok"], "the agent does not answer")
    room.untouched()
    ann.send("leave\n")
    equal(ann.end(), 9, "exit code")
    room.leave()


def test_one_full_disk_of_two_streams(context):
    """What still records is a reason to stay."""
    room = Room(context)
    quiet = context.agent(room.service, "quiet", "--audio", "test")
    quiet.wait("published")
    recorder = context.agent(room.service, "recorder", "--role", "audience", "--record", "out", prefix=LITTLE_ROOM)
    recorder.wait("recording-started", userId="quiet")
    check(quiet.command("mute audio")["ok"], "mute failed")  # its file grows no more
    equal(recorder.wait("recording-stopped", userId="onair", seconds=30)["reason"], "disk", "reason")
    equal(recorder.wait("error")["recoverable"], True, "recoverable")
    check(recorder.command("users")["ok"], "the agent does not answer")
    check(recorder.command("snapshot --every 1s --all shots")["ok"], "snapshot --every failed")
    recorder.wait("snapshot-saved", userId="onair", count=2)
    equal(recorder.command("record stop")["ok"], True, "record stop")
    recorder.send("leave\n")
    equal(recorder.end(), 9, "exit code")
    room.untouched()
    quiet.send("leave\n")
    equal(quiet.end(), 0, "exit code of quiet")
    room.leave()


def test_record_name(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience", "--record", "out", "--record-name", "{user} in {room} {n}")
    for n in (1, 2):
        started = agent.wait("recording-started", count=n)
        equal(started["path"], f"out/onair in 100 {n}.mkv", "path")
        check(agent.command("record stop")["ok"], "record stop failed")
        agent.send("record start\n")
    agent.wait("recording-started", count=3)
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    check(re.fullmatch(r"watched/100-onair-main-\d{8}T\d{6}Z\.mkv", str(room.path.relative_to(context.directory))), "default name")
    for name, part in (("a/b", "slash"), ("", "empty"), ("{title}", "{title}")):
        bad = context.agent(room.service, "bob", "--record", "out", "--record-name", name, joined=False)
        refused(bad, 2, "INVALID_PARAMETER", part)
    room.untouched()
    room.leave()
