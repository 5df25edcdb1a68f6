# SPDX-License-Identifier: MIT
"""Roles and permission: PrivateMapKeys where the service wants them, the limit of anchors, change of role."""

import time

from harness import TINY, WATCHDOG, check, equal, refused, wait_until

SEND_AUDIO, RECEIVE_AUDIO, SEND_VIDEO, RECEIVE_VIDEO, SEND_AUX, RECEIVE_AUX = 4, 8, 16, 32, 64, 128
SCREEN = ["--auxiliary", "test", "--auxiliary-profile", "160x120@5,50k"]


def strict(context, *arguments):
    service = context.service("--require-private-map-key", *arguments)
    service.context = context
    return service


def ticket(service, user, privileges=255, room="100", expire="1h", string=False, key=None):
    """A PrivateMapKey made by the binary; that it is what other makers' are is tested with their vectors."""
    return service.context.run("usersig", "sign", "--user-id", user, "--secret-key-file", str(key or service.key_file),
                               "--private-map-key", "--room", room, *(["--string-room"] if string else []),
                               "--privileges", str(privileges), "--expire", expire).lines[0]


def sig(service, user):
    return service.context.run("usersig", "sign", "--user-id", user, "--secret-key-file", str(service.key_file)).lines[0]


def agent(service, user, privileges=None, *arguments, key=None, **options):
    """An agent with a UserSig and, if it has any privileges, a ticket; not with the secret key, which makes tickets."""
    if privileges is not None:
        key = ticket(service, user, privileges)
    variables = {"TRTC_PRIVATE_MAP_KEY": key} if key else {}
    return service.context.agent(service, user, *arguments, proof=["--user-sig", sig(service, user)], variables=variables,
                                 **options)


def good(answer):
    check(answer["ok"], f"refused: {answer}")
    return answer


def bad(answer, part):
    check(not answer["ok"] and part in answer["message"], f"{answer} does not say {part!r}")


def test_who_may_enter(context):
    service = strict(context)
    refused(agent(service, "eve", joined=False), 3, "REFUSED", "requires a PrivateMapKey")
    refused(agent(service, "eve", 255 - 2, joined=False), 3, "REFUSED", "privilege 2")
    refused(agent(service, "eve", 255 - 1, joined=False), 3, "REFUSED", "privilege 1")
    refused(agent(service, "eve", key=ticket(service, "bob"), joined=False), 3, "REFUSED", "bob")
    refused(agent(service, "eve", key=ticket(service, "eve", room="101"), joined=False), 3, "REFUSED", "101")
    refused(agent(service, "eve", key=ticket(service, "eve", string=True), joined=False), 3, "REFUSED", "string room")
    other = context.key_file("another key", "other")
    refused(agent(service, "eve", key=ticket(service, "eve", key=other), joined=False), 3, "REFUSED", "signature is wrong")
    refused(agent(service, "eve", key=sig(service, "eve"), joined=False), 3, "REFUSED", "UserSig")
    refused(agent(service, "eve", key=ticket(service, "eve")[:-9], joined=False), 3, "REFUSED", "PrivateMapKey")
    refused(agent(service, "eve", key="x" * 5000, joined=False), 3, "REFUSED", "PrivateMapKey")
    first = agent(service, "ann", 255)
    # Now the room is there.
    second = agent(service, "eve", 2)
    # Whoever has the key needs no ticket.
    third = context.agent(service, "own")
    for each in (first, second, third):
        equal(each.find("error"), [], f"errors of {each.name}")
        each.send("leave\n")
        equal(each.end(), 0, "exit code")
    equal(service.command("rooms")["rooms"], [], "rooms")


def test_string_room(context):
    service = strict(context)
    key = ticket(service, "ann", room="two words", string=True)
    one = context.agent(service, "ann", "--string-room", room="two words", proof=["--user-sig", sig(service, "ann")],
                        variables={"TRTC_PRIVATE_MAP_KEY": key})
    one.send("leave\n")
    equal(one.end(), 0, "exit code")
    own = context.agent(service, "own", "--string-room", room="two words")
    own.send("leave\n")
    equal(own.end(), 0, "exit code")


def test_without_the_option_no_ticket_is_looked_at(context):
    service = context.service()
    service.context = context
    one = agent(service, "ann", None, *TINY, key="nonsense")
    one.wait("published")
    good(one.command("switch-role audience"))
    good(one.command("switch-role anchor"))


def test_what_may_be_sent(context):
    service = strict(context)
    viewer = agent(service, "viewer", 255, "--role", "audience")
    for lacks, has_audio, has_video, has_aux in ((SEND_AUDIO, False, True, True), (SEND_VIDEO, True, False, True),
                                                 (SEND_AUX, True, True, False)):
        user = f"anchor{lacks}"
        anchor = agent(service, user, 255 - lacks, *TINY, *SCREEN)
        anchor.wait("published", streamType="main")
        main = viewer.wait("stream-added", userId=user, streamType="main")
        equal((main["hasAudio"], main["hasVideo"]), (has_audio, has_video), f"main stream without privilege {lacks}")
        if has_video:
            viewer.wait("first-frame", userId=user, streamType="main", kind="video")
        if has_audio:
            viewer.wait("first-frame", userId=user, streamType="main", kind="audio")
        if has_aux:
            viewer.wait("first-frame", userId=user, streamType="auxiliary", kind="video")
        else:
            equal(viewer.find("stream-added", userId=user, streamType="auxiliary"), [], "auxiliary stream")
        listed = next(each for each in good(service.command("users 100"))["users"] if each["userId"] == user)
        equal((listed["audio"], listed["video"], listed["auxVideo"]), (has_audio, has_video, has_aux), "what is listed")
        check(any("does not permit sending" in line for line in anchor.errors), "the anchor's log tells nothing")
        anchor.send("leave\n")
        equal(anchor.end(), 0, "exit code")
        # What may not be sent has never arrived.
        kinds = {(e["streamType"], e["kind"]) for e in viewer.find("first-frame", userId=user)}
        equal(kinds, {k for k, may in {("main", "audio"): has_audio, ("main", "video"): has_video,
                                       ("auxiliary", "video"): has_aux}.items() if may}, "what has arrived")
    refused(agent(service, "mute", 2, *TINY), 3, "REFUSED", "privilege 4")


def test_what_may_be_received(context):
    service = strict(context)
    anchor = agent(service, "onair", 255, *TINY, *SCREEN)
    anchor.wait("published", streamType="auxiliary")
    everything = {("main", "audio"), ("main", "video"), ("auxiliary", "video")}
    for lacks, missing in ((RECEIVE_AUDIO, ("main", "audio")), (RECEIVE_VIDEO, ("main", "video")),
                           (RECEIVE_AUX, ("auxiliary", "video"))):
        viewer = agent(service, f"viewer{lacks}", 255 - lacks, "--role", "audience")
        for stream, kind in sorted(everything - {missing}):
            viewer.wait("first-frame", streamType=stream, kind=kind)
        # Two seconds of the others are enough for the missing one to have come.
        viewer.command("stats")
        good(viewer.command("subscribe onair"))
        viewer.send("leave\n")
        equal(viewer.end(), 0, "exit code")
        equal({(e["streamType"], e["kind"]) for e in viewer.find("first-frame")}, everything - {missing}, "what has arrived")
    deaf = agent(service, "deaf", 2, "--role", "audience", "--subscribe", "none")
    deaf.wait("stream-added", streamType="main")
    bad(deaf.command("subscribe onair"), "privilege 8")
    check(deaf.alive(), "a refused subscription ends the agent")


def test_a_ticket_that_runs_out(context):
    service = strict(context)
    late = agent(service, "late", 255, *TINY)
    late.wait("published")
    # Short, but longer than starting takes.
    seconds = 4 * max(1, int(WATCHDOG / 8))
    key = ticket(service, "ann", expire=f"{seconds}s")
    ends = time.monotonic() + seconds
    ann = agent(service, "ann", None, *TINY, key=key)
    ann.wait("published")
    ann.wait("first-frame", userId="late", kind="video")
    late.wait("first-frame", userId="ann", kind="video")
    wait_until(lambda: time.monotonic() > ends + 1, "the end of the ticket", seconds + 5)
    # What runs goes on, on both sides, and is not new when it is muted and unmuted.
    good(ann.command("mute video"))
    good(ann.command("unmute video"))
    late.wait("unmute-video", userId="ann")
    before = late.command("stats")
    frames = lambda answer: next(v["framesReceived"] for v in answer["remoteVideo"] if v["userId"] == "ann")
    wait_until(lambda: frames(late.command("stats")) > frames(before) + 5, "the flow of pictures")
    # What is new is refused, on the stage and off it.
    good(ann.command("unsubscribe late"))
    bad(ann.command("subscribe late"), "has expired")
    good(ann.command("switch-role audience"))
    late.wait("peer-leave", userId="ann", reason="role-change")
    bad(ann.command("switch-role anchor"), "has expired")
    # A new one opens it again.
    fresh = ticket(service, "ann")
    answer = good(ann.command(f"update-private-map-key {fresh}"))
    equal(answer["command"], "update-private-map-key <redacted>", "the echo")
    good(ann.command("switch-role anchor"))
    good(ann.command("publish"))
    late.wait("first-frame", count=2, userId="ann", kind="video")
    good(ann.command("subscribe late"))
    # A bad one is told, and what one has stays.
    good(ann.command("update-private-map-key nonsense"))
    bad(ann.command("switch-role anchor"), "PrivateMapKey")
    equal(service.command("users 100")["users"][0]["audio"], True, "ann is on air")
    for line in ann.lines + ann.errors:
        check(fresh not in line and key not in line, f"a ticket is shown: {line}")


def test_options(context):
    service = strict(context)
    key = ticket(service, "ann")
    proof = ["--user-sig", sig(service, "ann")]
    path = context.directory / "ticket"
    path.write_text(key + "\n")
    path.chmod(0o600)
    one = context.agent(service, "ann", "--private-map-key-file", str(path), proof=proof, room="100")
    one.send("leave\n")
    equal(one.end(), 0, "exit code")
    two = context.agent(service, "ann", "--private-map-key", key, "--log-level", "trace", proof=proof, room="100")
    two.send("leave\n")
    equal(two.end(), 0, "exit code")
    check(not any(key in line for line in two.lines + two.errors), "the ticket is in the log")
    plan = context.agent(service, "ann", "--private-map-key", key, "--dry-run", proof=proof, joined=False)
    equal(plan.end(), 0, "exit code")
    options = {each["option"]: each["value"] for each in plan.find("plan")[0]["options"]}
    equal(options["--private-map-key"], "<redacted>", "the ticket in the plan")
    for arguments, part in ((["--private-map-key", key, "--private-map-key-file", str(path)], "exclude"),
                            (["--private-map-key", ""], "--private-map-key is empty"),
                            (["--private-map-key-file", "missing"], "missing")):
        refused(context.agent(service, "ann", *arguments, proof=proof, joined=False), 2, "INVALID_PARAMETER", part)
    report = context.agent(service, "ann", "--report", "report", variables={"TRTC_PRIVATE_MAP_KEY": key}, proof=proof)
    newer = ticket(service, "ann", expire="2h")
    good(report.command(f"update-private-map-key {newer}"))
    good(report.command("switch-role audience"))
    report.send("leave\n")
    equal(report.end(), 0, "exit code")
    texts = [p.read_bytes() for p in (context.directory / "report").rglob("*") if p.is_file()]
    check(texts and not any(secret.encode() in text for text in texts for secret in (key, newer)), "a ticket is in the report")
    # The flag of usersig has its name, and nothing to do with it.
    made = context.run("usersig", "sign", "--user-id", "x", "--secret-key-file", str(service.key_file),
                       variables={"TRTC_PRIVATE_MAP_KEY": key})
    equal((made.process.returncode, made.complaints()), (0, []), "usersig with a ticket in the environment")


def test_role_to_and_fro_while_on_air(context):
    service = context.service()
    watcher = context.agent(service, "watcher", "--role", "audience")
    other = context.agent(service, "other", *TINY)
    other.wait("published")
    ann = context.agent(service, "ann", *TINY)
    ann.wait("published")
    ann.wait("first-frame", userId="other", kind="video")
    for turn in (1, 2):
        watcher.wait("first-frame", count=turn, userId="ann", kind="video")
        good(ann.command("switch-role audience"))
        for each in (watcher, other):
            equal(each.wait("peer-leave", count=turn, userId="ann")["reason"], "role-change", f"what {each.name} heard")
            each.wait("stream-removed", count=turn, userId="ann")
        listed = {each["userId"]: each for each in good(service.command("users 100"))["users"]}
        equal((listed["ann"]["role"], listed["ann"]["audio"], listed["ann"]["video"]), ("audience", False, False), "ann")
        bad(ann.command("publish"), "audience")
        # What ann watches goes on.
        frames = lambda: sum(v["framesReceived"] for v in ann.command("stats")["remoteVideo"])
        before = frames()
        wait_until(lambda: frames() > before + 5, "pictures of other at ann")
        equal(ann.find("stream-unsubscribed"), [], "subscriptions that ended")
        good(ann.command("switch-role anchor"))
        other.wait("peer-join", count=turn, userId="ann")
        good(ann.command("publish"))
    equal(len(ann.find("role-switched")), 4, "switches")


def test_no_roles_in_a_call(context):
    service = context.service()
    refused(context.agent(service, "eve", "--mode", "rtc", "--role", "audience", joined=False), 2, "INVALID_PARAMETER", "rtc")
    ann = context.agent(service, "ann", "--mode", "rtc")
    bad(ann.command("switch-role audience"), "rtc")
    check(ann.alive(), "a refused switch ends the agent")


def test_limit_of_anchors(context):
    service = context.service("--max-anchors", "2")
    one = context.agent(service, "one", *TINY)
    one.wait("published")
    two = context.agent(service, "two", *TINY)
    two.wait("published")
    third = context.agent(service, "three", *TINY, joined=False)
    refused(third, 3, "REFUSED", "2 anchors publish in this room")
    three = context.agent(service, "three", "--no-publish", *TINY)
    good(one.command("mute audio"))
    good(one.command("mute video"))
    bad(three.command("publish"), "its limit")
    good(one.command("unpublish"))
    good(three.command("publish"))
    bad(one.command("publish"), "its limit")
    good(two.command("switch-role audience"))
    good(one.command("publish"))
    # Leaving and being removed make place, too.
    good(service.command("kick three@100"))
    good(two.command("switch-role anchor"))
    good(two.command("publish"))
    for agent_ in (one, two):
        equal(agent_.find("error"), [], f"errors of {agent_.name}")
