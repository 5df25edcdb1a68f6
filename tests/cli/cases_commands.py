# SPDX-License-Identifier: MIT
"""Commands on stdin."""

import re
import signal
import subprocess

from harness import SOON, Room, TINY, check, equal

ARITY = {
    "exit": (0, 0),
    "help": (0, 0),
    "leave": (0, 0),
    "message": (1, 1),
    "mute": (1, 1),
    "play": (1, 1),
    "publish": (0, 0),
    "quit": (0, 0),
    "record start": (0, 1),
    "record stop": (0, 0),
    "replace": (2, 2),
    "snapshot": (2, 2),
    "snapshot --every": (3, 3),
    "snapshot --stop": (0, 0),
    "stats": (0, 0),
    "stop": (1, 1),
    "streams": (0, 0),
    "subscribe": (1, 5),
    "switch-role": (1, 1),
    "unmute": (1, 1),
    "unpublish": (0, 0),
    "unsubscribe": (1, 1),
    "update-private-map-key": (1, 1),
    "users": (0, 0),
}


def test_too_few_and_too_many_arguments(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience")
    listed = {re.match("[a-z-]+(?: [a-z-]+(?= |$))?", row["usage"])[0] for row in agent.command("help")["commands"]}
    equal(listed, set(ARITY), "commands of help")
    for name, (least, most) in ARITY.items():
        # The last argument of these is the rest of the line.
        for count in ({least - 1} if name in ("message", "record start", "replace", "snapshot", "snapshot --every") else {most + 1, least - 1}) - {-1}:
            answer = agent.command(" ".join([name] + ["audio"] * count))
            equal((answer["ok"], answer["name"]), (False, "INVALID_PARAMETER"), f"{name} with {count} arguments")
            check(f"got {count}" in answer["message"], answer["message"])
    equal(agent.find("error"), [], "errors")
    equal(agent.complaints(), [], "lines on stderr")
    room.untouched()
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    room.leave()


def test_a_line_of_one_mebibyte(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience")
    agent.send("@a users\n" + "x" * 1048576 + "\n@b users\n")
    agent.wait("command-result", id="b")
    answers = agent.find("command-result")
    equal([a.get("id") for a in answers], ["a", None, "b"], "answers")
    equal([a["ok"] for a in answers], [True, False, True], "answers")
    check("too long" in answers[1]["message"], answers[1]["message"])
    check(len(answers[1]["command"]) <= 200, "the answer repeats the whole line")
    room.untouched()
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    room.leave()


def test_bytes_that_are_no_text(context):
    service = context.service()
    agent = context.agent(service, "ann")
    agent.send(b"\xff\xfe\x00 \x1b[2J\n\n   \n@z users\n")
    agent.wait("command-result", id="z")
    equal([a["ok"] for a in agent.find("command-result")], [False, True], "answers")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")


def test_answers_come_in_order_and_once(context):
    service = context.service()
    agent = context.agent(service, "ann", *TINY, "--no-publish")
    lines = ["users", "publish", "muet audio", "mute audio", "streams", "unmute audio", "unpublish", "subscribe nobody", "help"]
    agent.send("".join(f"@{i} {line}\n" for i, line in enumerate(lines)) + "leave\nusers\n")
    equal(agent.end(20), 0, "exit code")
    answers = agent.find("command-result")
    equal([a.get("id") for a in answers], [str(i) for i in range(len(lines))] + [None, None], "ids")
    equal([a["command"] for a in answers], lines + ["leave", "users"], "commands")
    equal([a["ok"] for a in answers], [True, True, False, True, True, True, True, False, True, True, False], "ok")
    check("did you mean mute?" in answers[2]["message"], answers[2]["message"])
    equal(answers[7]["name"], "REMOTE_STREAM_NOT_EXIST", "subscribe to nobody")
    equal(agent.events[-1]["event"], "summary", "last event")


def test_users_and_streams(context):
    room = Room(context)
    users = room.bystander.command("users")["users"]
    equal(users, [{"userId": "onair", "role": "anchor"}], "users")
    streams = room.bystander.command("streams")["streams"]
    equal([(s["userId"], s["streamType"], s["hasAudio"], s["hasVideo"], s["subscribed"]) for s in streams],
          [("onair", "main", True, True, True)], "streams")
    room.leave()


def test_subscribe_by_hand(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY)
    anchor.wait("published")
    viewer = context.agent(service, "viewer", "--role", "audience", "--subscribe", "none", "--record", "out")
    viewer.wait("stream-added", userId="onair")
    equal(viewer.find("stream-subscribed"), [], "subscriptions")
    check(viewer.command("subscribe onair")["ok"], "subscribe failed")
    viewer.wait("first-frame", userId="onair", kind="video")
    viewer.wait("recording-started", userId="onair")
    check(viewer.command("unsubscribe onair")["ok"], "unsubscribe failed")
    viewer.wait("recording-stopped", userId="onair")
    viewer.wait("stream-unsubscribed", userId="onair")
    viewer.send("leave\n")
    equal(viewer.end(), 0, "exit code")
    anchor.send("leave\n")
    equal(anchor.end(), 0, "exit code of the anchor")


def test_mute_is_seen_by_others(context):
    room = Room(context)
    for line, event in (("mute video", "mute-video"), ("unmute video", "unmute-video"), ("mute audio", "mute-audio"),
                        ("unmute audio", "unmute-audio")):
        check(room.anchor.command(line)["ok"], f"{line} failed")
        room.bystander.wait(event, userId="onair")
    room.leave()


def test_nothing_to_publish_or_mute(context):
    service = context.service()
    agent = context.agent(service, "ann")
    for line in ("publish", "mute audio", "unmute video"):
        answer = agent.command(line)
        equal((answer["ok"], answer["name"]), (False, "INVALID_OPERATION"), line)
        check("--" in answer["message"], f"no way out in {answer['message']!r}")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")


def test_end_of_stdin_is_no_command(context):
    service = context.service()
    agent = context.agent(service, "ann")
    agent.send("@last users")
    agent.process.stdin.close()
    agent.wait("command-result", id="last")
    other = context.agent(service, "bob", "--exit-after", SOON)
    equal(other.end(), 0, "exit code of another agent")
    check(agent.alive(), "the agent ended with its stdin")
    agent.signal(signal.SIGTERM)
    equal(agent.end(), 0, "exit code")


def test_commands_from_a_file(context):
    service = context.service()
    script = context.directory / "script"
    script.write_text("@1 users\nleave\n")
    with script.open("rb") as stdin:
        agent = context.agent(service, "ann", joined=False, stdin=stdin)
    equal(agent.end(), 0, "exit code")
    equal([a["command"] for a in agent.find("command-result")], ["users", "leave"], "answers")
    with script.open("rb") as stdin:
        deaf = context.agent(service, "ann", "--no-stdin", "--exit-after", SOON, joined=False, stdin=stdin)
    equal(deaf.end(), 0, "exit code")
    equal(deaf.find("command-result"), [], "answers with --no-stdin")
    check(deaf.find("joined"), "not joined")


def test_closed_stdin(context):
    service = context.service()
    agent = context.agent(service, "ann", "--exit-after", SOON, stdin=subprocess.DEVNULL)
    equal(agent.end(), 0, "exit code")
