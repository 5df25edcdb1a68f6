# SPDX-License-Identifier: MIT
"""Packets are lost on the way up, on the way down, or on both; NACK and RTX bring them back (RFC 4585, RFC 4588). What is lost
all the same is counted by the numbers that the test picture carries, and for sound by the gaps in the sequence."""

import threading

import support
from harness import check, equal, wait_until

SECONDS = 4.0  # of loss
SOURCES = ["--video", "test", "--audio", "test", "--video-profile", "320x240@15,300k"]


def record(context, network, percent, at, codec="h264", at_least=0):
    """Shares of the pictures and of the sound that are missing in a recording, and packets dropped, with that loss at those
    places. The loss begins after the recording and ends before it, so that the edges are whole."""
    stage = support.Stage(context, network, *SOURCES, "--video-codec", codec)
    viewer = stage.viewer("--record", str(context.directory / "rec"))
    viewer.wait("first-frame", support.PATIENCE, kind="video", userId="anchor")
    viewer.wait("first-frame", support.PATIENCE, kind="audio", userId="anchor")
    for place in at:
        network.places[place].lose(percent)
    threading.Event().wait(SECONDS)  # the length of what is measured; longer when chance has dropped too little to prove anything
    wait_until(lambda: sum(network.places[place].dropped() for place in at) >= at_least, "losses", support.PATIENCE)
    dropped = sum(network.places[place].dropped() for place in at)
    for place in at:
        network.places[place].heal()
    sound = viewer.command("stats", support.PATIENCE)["remoteAudio"][0]
    viewer.send("leave\n")
    stopped = viewer.wait("recording-stopped", support.PATIENCE, userId="anchor")
    equal(viewer.end(), 0, "exit code of the viewer")
    equal(stage.anchor.find("error") + viewer.find("error"), [], "errors")
    video = support.measure(context, stopped["path"])["video"]
    sent = video["lastFrame"] - video["firstFrame"] + 1
    check(sent > SECONDS * 10, f"only {sent} pictures between the first and the last one")
    return (video["missing"] / sent, sound["packetsLost"] / (sound["packetsLost"] + sound["packetsReceived"]), dropped)


def compare(got, pictures, sound):
    said = f"{got[0]:.1%} of the pictures and {got[1]:.1%} of the sound are missing; {got[2]} packets were dropped"
    check(got[0] <= pictures and got[1] <= sound, said)


def test_without_loss_nothing_is_missing(context, network):
    compare(record(context, network, 0, []), 0.02, 0.01)


def test_five_percent_on_the_way_up(context, network):
    # Without repair a third to a half of the pictures is missing: each loss stops the picture until the next keyframe. With it
    # one run in fifty loses four pictures, and a lost request for a keyframe makes a second of that: bench/loss tells how many.
    compare(record(context, network, 5, ["anchor"], at_least=8), 0.2, 0.02)


def test_five_percent_on_both_ways(context, network):
    compare(record(context, network, 5, ["anchor", "viewer"], at_least=16), 0.25, 0.02)


def test_five_percent_on_the_way_down_in_vp8(context, network):
    compare(record(context, network, 5, ["viewer"], "vp8", 8), 0.2, 0.02)


def test_twenty_percent_on_both_ways(context, network):
    # Without repair 36 % of the sound is missing. Pictures are lost where several in a row did not arrive, each time up to the
    # next keyframe; how often that happens is chance, so it is bench/loss that tells.
    compare(record(context, network, 20, ["anchor", "viewer"], at_least=60), 0.95, 0.18)


def test_the_first_packet_that_is_sent_again_counts(context, network):
    # rtpsession may keep back the first packet of a new SSRC, that of the packets sent again, until the second comes.
    stage = support.Stage(context, network, *SOURCES, "--video-codec", "h264")
    viewer = stage.viewer("--record", str(context.directory / "rec"))
    viewer.wait("first-frame", support.PATIENCE, kind="video", userId="anchor")
    # The second byte of RTP behind the header of UDP: payload type 102 and, sent again, 103, with and without the marker bit.
    # One picture's packet is lost, and whatever is sent again but the first.
    place = network.places["viewer"]
    place.lose(100, "in", having="@th,72,8 { 103, 231 } numgen inc mod 100000 != 0")
    place.lose(100, "in", having="@th,72,8 { 102, 230 } numgen inc mod 100000 == 0")
    threading.Event().wait(1.0)  # the length of what is looked at
    check(place.dropped() > 0, "nothing was lost")
    viewer.send("leave\n")
    stopped = viewer.wait("recording-stopped", support.PATIENCE, userId="anchor")
    equal(viewer.end(), 0, "exit code of the viewer")
    equal(support.measure(context, stopped["path"])["video"]["missing"], 0, "pictures missing")


def frozen(context, network, codec):
    """The longest gap of a recording, in ms, when pictures are lost and what asks for a keyframe then is lost, too."""
    stage = support.Stage(context, network, *SOURCES, "--video-codec", codec)
    viewer = stage.viewer("--record", str(context.directory / "rec"))
    viewer.wait("first-frame", support.PATIENCE, kind="video", userId="anchor")
    service, place = network.places["service"], network.places["viewer"]
    service.lose(100, "in", having=f"ip saddr {place.address}")
    place.cut(direction="in")
    threading.Event().wait(0.3)  # a few pictures
    place.heal()
    threading.Event().wait(0.5)  # the loss is noticed behind the latency of 100 ms; what that asks for is lost
    service.heal()
    threading.Event().wait(SECONDS)
    viewer.send("leave\n")
    stopped = viewer.wait("recording-stopped", support.PATIENCE, userId="anchor")
    equal(viewer.end(), 0, "exit code of the viewer")
    return support.measure(context, stopped["path"])["video"]["maxGapMs"]


def test_a_lost_request_for_a_keyframe_is_made_again(context, network):
    # Keyframes come every 4 s by themselves, counted from the first one. A request is made every half second, and passed on
    # every second.
    for codec in ("h264", "vp8"):
        gap = frozen(context, network, codec)
        check(500 < gap < 2500, f"{codec}: the longest gap is {gap} ms")
