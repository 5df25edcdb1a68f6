# SPDX-License-Identifier: MIT
"""Small video, and tracks that come and go while an agent is on air."""

from harness import WATCHDOG, check, equal, refused, wait_until

SMALL = ["--video", "test", "--video-profile", "320x240@15,300k", "--small-stream", "80x60@10,50k"]
LONG = 4 * WATCHDOG


def leave(*agents):
    for agent in agents:
        agent.send("leave\n")
        equal(agent.end(), 0, "exit code")


def width(viewer):
    video = viewer.command("stats")["remoteVideo"]
    return video[0].get("frameWidth") if video else None


def test_small_video(context):
    """Published, subscribed, back to the big one; each size is seen on the one stream."""
    service = context.service()
    anchor = context.agent(service, "onair", *SMALL)
    anchor.wait("published")
    viewer = context.agent(service, "viewer", "--role", "audience")
    check(viewer.wait("stream-added", userId="onair")["hasSmallVideo"], "no small video in stream-added")
    viewer.wait("first-frame", LONG, userId="onair", width=320)
    check(viewer.command("subscribe onair small")["ok"], "subscribe small")
    wait_until(lambda: width(viewer) == 80, "the small video", LONG)
    small = [v for v in anchor.command("stats")["localVideo"] if v["small"]]
    equal([(v["streamType"], v["frameWidth"], v["frameHeight"]) for v in small], [("main", 80, 60)], "own figures")
    check(viewer.command("subscribe onair video")["ok"], "subscribe video")
    wait_until(lambda: width(viewer) == 320, "the big video", LONG)
    equal(len(viewer.find("stream-added")), 1, "stream-added")
    equal(viewer.find("error"), [], "errors")
    leave(viewer, anchor)


def test_small_stream_without_a_value(context):
    program = context.run("join", "--user-id", "a", "--room", "5", "--user-sig", "s", "--dry-run", "--video", "test",
                          "--video-profile", "720p", "--small-stream")
    equal(program.end(), 0, "exit code")
    sources = program.find("plan")[0]["sources"]
    equal([source["small"] for source in sources], [False, True], "sources")
    check("width=184,height=104" in sources[1]["pipeline"], sources[1]["pipeline"])


def test_bad_small_streams(context):
    for value in ("small", "160x120", "160x120@0,100k", "15x15@15,100k", "160x120@15,100"):
        refused(context.run("join", "--user-id", "a", "--room", "5", "--user-sig", "s", f"--small-stream={value}"), 2,
                "INVALID_PARAMETER", "--small-stream")


def test_tracks_come_and_go(context):
    """replace adds, removes and replaces; the others are told as by the SDK."""
    service = context.service()
    anchor = context.agent(service, "onair", "--audio", "test", "--video-profile", "160x120@10,100k",
                           "--auxiliary-profile", "320x240@5,100k")
    anchor.wait("published", audio=True, video=False)
    viewer = context.agent(service, "viewer", "--role", "audience")
    viewer.wait("first-frame", LONG, userId="onair", kind="audio")

    def done(line):
        answer = anchor.command(line, LONG)
        check(answer["ok"], f"{line}: {answer}")

    done("replace video test")
    anchor.wait("published", audio=True, video=True)
    viewer.wait("stream-updated", userId="onair", hasAudio=True, hasVideo=True)
    viewer.wait("unmute-video", userId="onair")
    viewer.wait("first-frame", LONG, userId="onair", kind="video")
    done("replace audio none")
    viewer.wait("stream-updated", userId="onair", hasAudio=False, hasVideo=True)
    viewer.wait("mute-audio", userId="onair")
    answer = anchor.command("replace video none")
    equal((answer["ok"], answer["name"]), (False, "INVALID_OPERATION"), "removal of the last track")
    check("unpublish" in answer["message"], f"no way out in {answer['message']!r}")
    done("replace aux test")
    viewer.wait("stream-added", userId="onair", streamType="auxiliary")
    viewer.wait("first-frame", LONG, userId="onair", streamType="auxiliary")
    done("replace aux test:ball")
    done("replace video none")
    anchor.wait("unpublished", streamType="main")
    viewer.wait("stream-removed", userId="onair", streamType="main")
    done("replace audio test")
    viewer.wait("stream-added", userId="onair", streamType="main", count=2)
    done("replace aux none")
    viewer.wait("stream-removed", userId="onair", streamType="auxiliary")
    equal(viewer.find("peer-leave"), [], "peer-leave")
    answer = anchor.command("replace video file:/nosuch")
    equal((answer["ok"], answer["name"]), (False, "DEVICE_NOT_FOUND"), "a file that is not there")
    leave(viewer, anchor)


def test_the_first_source_of_an_agent(context):
    service = context.service()
    agent = context.agent(service, "ann", "--video-profile", "160x120@10,100k")
    check(not agent.command("publish")["ok"], "published nothing")
    answer = agent.command("replace video file:/nosuch")
    equal((answer["ok"], answer["name"]), (False, "DEVICE_NOT_FOUND"), "a file that is not there")
    check(agent.command("replace video test", LONG)["ok"], "replace")
    check(agent.command("publish", LONG)["ok"], "publish")
    agent.wait("published", video=True, audio=False)
    leave(agent)


def test_one_auxiliary_stream_in_a_room(context):
    service = context.service()
    aux = ["--auxiliary", "test", "--auxiliary-profile", "320x240@5,100k"]
    first = context.agent(service, "first", *aux)
    first.wait("published", streamType="auxiliary")
    second = context.agent(service, "second", *aux, "--no-publish")
    second.wait("stream-added", userId="first", streamType="auxiliary")
    answer = second.command("publish", LONG)
    equal((answer["ok"], answer["name"]), (False, "INVALID_OPERATION"), "a second auxiliary stream")
    check("auxiliary" in answer["message"], answer["message"])
    check(first.command("unpublish", LONG)["ok"], "unpublish")
    second.wait("stream-removed", userId="first")
    check(second.command("publish", LONG)["ok"], "publish")
    leave(second, first)
