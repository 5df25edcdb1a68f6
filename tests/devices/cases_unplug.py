# SPDX-License-Identifier: MIT
"""The camera or the sound card goes while it is on air, and comes back."""

from harness import check, equal
from rig import CAMERA, SMALL, plug_in, unload, unplug


def test_camera(context):
    agent = context.on_air("puller", "--video", f"v4l2:{CAMERA}", *SMALL)
    context.let_it_run(2)
    unplug("vivid")
    lost = agent.wait("source-lost")
    equal((lost["kind"], lost["source"]), ("video", f"v4l2:{CAMERA}"), "what is lost")
    unload("vivid")
    context.let_it_run(2)
    equal(agent.find("device-auto-recovered"), [], "recovered without a camera")
    plug_in()
    equal(agent.wait("device-auto-recovered")["source"], f"v4l2:{CAMERA}", "what is back")
    context.let_it_run(3)
    equal(agent.find("unpublished"), [], "the track stays published")
    figures = context.measure(context.leave(agent))
    dark = [span for span in figures["video"]["darkMs"] if span["to"] - span["from"] > 1000]
    equal(len(dark), 1, f"long dark spans {figures['video']['darkMs']}")
    check(dark[0]["from"] > 1000, f"a picture before {dark}")
    check(dark[0]["to"] < figures["video"]["durationMs"] - 1500, f"a picture again after {dark}: {figures['video']}")
