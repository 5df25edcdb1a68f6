# SPDX-License-Identifier: MIT
"""Packets are lost on the way up, on the way down, or on both; NACK and RTX bring them back (RFC 4585, RFC 4588)."""

import pathlib
import threading

import support
from harness import check, equal

RATE = 15  # frames a second
SECONDS = 5.0  # of loss
SOURCES = ["--video", "test", "--audio", "test", "--video-profile", f"320x240@{RATE},300k"]


def record(context, network, percent, at, codec="h264"):
    """What was recorded while that share of the packets was lost at those places: (frames, packets of sound), and what should be.
    Loss begins when the recording has; it is over before the recording ends, so that its edges are whole."""
    stage = support.Stage(context, network, *SOURCES, "--video-codec", codec)
    viewer = stage.viewer("--record", str(context.directory / "rec"))
    viewer.wait("first-frame", kind="video", userId="anchor")
    for place in at:
        network.places[place].lose(percent)
    threading.Event().wait(SECONDS)  # the length of what is measured
    lost = sum(network.places[place].dropped() for place in at)
    for place in at:
        network.places[place].heal()
    viewer.send("leave\n")
    stopped = viewer.wait("recording-stopped", userId="anchor")
    equal(viewer.end(), 0, "exit code of the viewer")
    equal(stage.anchor.find("error") + viewer.find("error"), [], "errors")
    check(pathlib.Path(context.directory / stopped["path"]).stat().st_size == stopped["bytes"], "size of the recording")
    seconds = stopped["durationMs"] / 1000
    return stopped["videoFrames"] / (seconds * RATE), stopped["audioPackets"] / (seconds * 50), lost


def compare(got, video, audio, at_least):
    pictures, sound, lost = got
    check(lost >= at_least, f"only {lost} packets were dropped: this proves nothing")
    said = f"of the pictures {pictures:.1%}, of the sound {sound:.1%} were recorded; {lost} packets dropped"
    check(pictures >= video, said)
    check(sound >= audio, said)


def test_nothing_is_lost_without_loss(context, network):
    pictures, sound, _ = record(context, network, 0, [])
    check(pictures >= 0.97 and sound >= 0.97, f"{pictures:.1%} of the pictures, {sound:.1%} of the sound")


def test_five_percent_on_the_way_up(context, network):
    compare(record(context, network, 5, ["anchor"]), 0.95, 0.97, 8)


def test_five_percent_on_both_ways(context, network):
    compare(record(context, network, 5, ["anchor", "viewer"]), 0.95, 0.97, 16)


def test_five_percent_on_the_way_down_in_vp8(context, network):
    compare(record(context, network, 5, ["viewer"], "vp8"), 0.95, 0.97, 8)


def test_twenty_percent_on_both_ways(context, network):
    # Without repair not one picture of three packets in four arrives, and each loss freezes the picture up to the next keyframe.
    compare(record(context, network, 20, ["anchor", "viewer"]), 0.4, 0.9, 80)
