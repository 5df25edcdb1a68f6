# SPDX-License-Identifier: MIT
"""A camera's picture and a card's sound, from the kernel's driver to the recording of somebody else."""

from harness import check, equal
from rig import CAMERA, CAPTURE, SMALL, long


def check_picture(figures, width, height, fps):
    video = figures["video"]
    tracks = [(t["codec"], t["width"], t["height"], t["sizes"]) for t in figures["tracks"] if t["kind"] == "video"]
    equal(tracks, [("h264", width, height, 1)], "video tracks of the recording")
    seconds = video["durationMs"] / 1000
    check(seconds > 1.5, f"only {seconds} s of video")
    # The machine is slow: pictures may be late or left out, but not most of them, and there are none too many.
    check(0.6 * fps * seconds < video["frames"] < 1.15 * fps * seconds + 2, f"{video['frames']} pictures in {seconds} s")
    check(video["lumaMin"] > 40, f"darkest picture: {video['lumaMin']}")


def check_tone(figures, hz):
    audio = figures["audio"]
    check(audio["seconds"] > 1.5 and audio["nonSilentSeconds"] > 0.7 * audio["seconds"], f"sound: {audio}")
    check(audio["toneShare"] > 0.8, f"{audio['toneShare']} of the sound is at {hz} Hz")


def show(context, user, source, profile=SMALL, seconds=3):
    agent = context.on_air(user, "--video", source, *profile)
    context.let_it_run(seconds)
    return context.measure(context.leave(agent))


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
    check_picture(show(context, "named", "v4l2:vivid"), 320, 180, 5)


@long
def test_first_camera(context):
    check_picture(show(context, "first", "v4l2"), 320, 180, 5)


def test_size_640x480(context):
    check_picture(show(context, "vga", "v4l2", ["--video-profile", "640x480@5,300k"]), 640, 480, 5)
