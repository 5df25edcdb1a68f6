# SPDX-License-Identifier: MIT
"""The camera or the sound card goes while it is on air, and comes back."""

from harness import check, equal
from rig import CAMERA, CAPTURE, SMALL, long, plug_in, unload, unplug


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


@long
def test_camera_replaced_by_hand(context):
    agent = context.on_air("replacer", "--video", f"v4l2:{CAMERA}", *SMALL)
    context.let_it_run(1)
    unplug("vivid")
    agent.wait("source-lost")
    answer = agent.command(f"replace video v4l2:{CAMERA}")
    equal((answer["ok"], answer["name"]), (False, "DEVICE_NOT_FOUND"), "a camera that is not there")
    answer = agent.command("replace video test")
    check(answer["ok"], f"replace: {answer}")
    context.let_it_run(3)
    plug_in()
    answer = agent.command("replace video v4l2:vivid")
    check(answer["ok"], f"back to the camera: {answer}")
    context.let_it_run(3)
    equal(agent.find("device-auto-recovered"), [], "recovered by itself")
    figures = context.measure(context.leave(agent))
    video = figures["video"]
    check(5 < video["framesWithCode"] < video["frames"] - 15, f"the test picture between two of the camera: {video}")


@long
def test_microphone(context):
    tone = context.tone(1000)
    agent = context.on_air("deaf", "--audio", f"alsa:{CAPTURE}")
    context.let_it_run(3)
    unplug("snd-aloop")
    lost = agent.wait("source-lost")
    equal((lost["kind"], lost["source"]), ("audio", f"alsa:{CAPTURE}"), "what is lost")
    tone.kill()
    unload("snd-aloop")
    context.let_it_run(2)
    plug_in()
    context.tone(600)
    equal(agent.wait("device-auto-recovered")["kind"], "audio", "what is back")
    context.let_it_run(4)
    path = context.leave(agent)
    for hz in (1000, 600):
        share = context.measure(path, "--tone", str(hz))["audio"]["toneShare"]
        check(share > 0.15, f"{share} of the sound is at {hz} Hz")
    audio = context.measure(path)["audio"]
    check(audio["seconds"] - audio["nonSilentSeconds"] > 2, f"silence between: {audio}")
    check(audio["maxGapMs"] < 1500, f"silence was sent, not nothing: {audio}")
