# SPDX-License-Identifier: MIT
"""A camera's picture and a card's sound, from the kernel's driver to the recording of somebody else."""

import array
import wave

from harness import check, equal
from rig import CAMERA, CAPTURE, CARD, SMALL, long, shell


def check_picture(figures, width, height, fps, share=0.6):
    video = figures["video"]
    tracks = [(t["codec"], t["width"], t["height"], t["sizes"]) for t in figures["tracks"] if t["kind"] == "video"]
    equal(tracks, [("h264", width, height, 1)], "video tracks of the recording")
    seconds = video["durationMs"] / 1000
    check(seconds > 1.5, f"only {seconds} s of video")
    # The machine is slow: pictures may be late or left out, but not most of them, and there are none too many.
    check(share * fps * seconds < video["frames"] < 1.15 * fps * seconds + 2, f"{video['frames']} pictures in {seconds} s")
    check(video["lumaMin"] > 40, f"darkest picture: {video['lumaMin']}")


def check_tone(figures, hz):
    audio = figures["audio"]
    check(audio["seconds"] > 1.5 and audio["nonSilentSeconds"] > 0.7 * audio["seconds"], f"sound: {audio}")
    check(audio["toneShare"] > 0.8, f"{audio['toneShare']} of the sound is at {hz} Hz")


def show(context, user, source, profile, seconds=3):
    """Some seconds of a camera on air, with all that the agent logs; figures of the recording."""
    agent = context.on_air(user, "--video", source, "--video-profile", profile, "--log-level", "info")
    context.let_it_run(seconds)
    path = context.leave(agent)
    equal(agent.find("source-lost"), [], "devices lost")
    return agent, context.measure(path)


def said(agent, text):
    check(any(text in line for line in agent.errors), f"{agent.name} does not say {text!r}")


def test_camera_and_tone(context):
    context.tone(1000)
    agent = context.on_air("both", "--video", f"v4l2:{CAMERA}", "--audio", f"alsa:{CAPTURE}", *SMALL)
    context.let_it_run(4)
    path = context.leave(agent)
    figures = context.measure(path, "--tone", "1000")
    check_picture(figures, 320, 180, 5)
    check_tone(figures, 1000)
    elsewhere = context.measure(path, "--tone", "1500")["audio"]["toneShare"]
    check(elsewhere < 0.1, f"{elsewhere} of the sound is at 1500 Hz")
    equal(agent.find("source-lost"), [], "devices lost")


@long
def test_camera_by_name(context):
    check_picture(show(context, "named", "v4l2:vivid", "320x180@5,100k")[1], 320, 180, 5)


@long
def test_first_camera(context):
    check_picture(show(context, "first", "v4l2", "320x180@5,100k")[1], 320, 180, 5)


# Every size that vivid's webcam offers, at a rate that the emulated machine can encode.

def size(context, width, height, fps, seconds=3, share=0.6):
    agent, figures = show(context, f"size{width}x{height}", f"v4l2:{CAMERA}", f"{width}x{height}@{fps},500k", seconds)
    said(agent, f"(vivid): {width}x{height} at {fps} fps, YUYV")
    check_picture(figures, width, height, fps, share)


def test_size_640x480(context):
    size(context, 640, 480, 5)


@long
def test_size_320x180(context):
    size(context, 320, 180, 10)


@long
def test_size_640x360(context):
    size(context, 640, 360, 5)


@long
def test_size_1280x720(context):
    size(context, 1280, 720, 2, 5)


@long
def test_size_1920x1080(context):
    size(context, 1920, 1080, 1, 8, 0.4)


@long
def test_size_3840x2160(context):
    size(context, 3840, 2160, 1, 12, 0.2)


@long
def test_size_of_a_scaler(context):
    """Another input of the camera offers a range of sizes instead of a list."""
    shell("v4l2-ctl", "-d", CAMERA, "-i", "3")
    context.cleanup(lambda: shell("v4l2-ctl", "-d", CAMERA, "-i", "0"))
    agent, figures = show(context, "hdmi", f"v4l2:{CAMERA}", "400x304@5,100k")
    said(agent, "(vivid): 400x304 at")
    check_picture(figures, 400, 304, 5)


@long
def test_nearest_size(context):
    """Nothing reaches the profile: the camera's nearest mode, a warning, and the size that was asked for."""
    agent, figures = show(context, "nearest", f"v4l2:{CAMERA}", "352x288@60,100k")
    said(agent, "the camera does not support 352x288 at 60 frames a second; the nearest mode is")
    tracks = [(t["width"], t["height"]) for t in figures["tracks"] if t["kind"] == "video"]
    equal(tracks, [(352, 288)], "video tracks of the recording")
    check(figures["video"]["frames"] > 10 and figures["video"]["lumaMin"] > 30, f"picture: {figures['video']}")


# One card for many.

@long
def test_two_agents_on_one_card(context):
    """By the card's name they share it: both hear the same tone."""
    context.tone(800, CAPTURE)
    agents = [context.on_air(user, "--audio", f"alsa:{CARD}") for user in ("left", "right")]
    context.let_it_run(4)
    for agent in agents:
        equal(agent.find("source-lost"), [], f"devices lost by {agent.name}")
        check_tone(context.measure(context.leave(agent), "--tone", "800"), 800)


@long
def test_two_players_on_one_card(context):
    """Through dmix both are heard; the card itself would be in use for the second."""
    caller = context.on_air("caller", "--audio", "test")
    service = context.studio.room()[0]
    mixer = f"alsa:plug:'dmix:CARD={CARD},DEV=0'"
    players = [context.agent(service, user, "--role", "audience", "--play", mixer) for user in ("first", "second")]
    for player in players:
        player.wait("play-started", userId="caller")
    heard = context.directory / "heard.wav"
    shell("arecord", "-q", "-D", f"plug{CAPTURE}", "-f", "S16_LE", "-r", "48000", "-c", "2", "-d", "4", heard)
    with wave.open(str(heard)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    check(max(samples) > 1000, f"loudest of {len(samples)} samples: {max(samples, default=0)}")
    for player in players:
        equal(player.find("error"), [], f"errors of {player.name}")
        equal(player.find("play-stopped"), [], f"ends of {player.name}")
        player.send("leave\n")
        equal(player.end(), 0, f"exit code of {player.name}")
    context.leave(caller)
