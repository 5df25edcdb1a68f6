# SPDX-License-Identifier: MIT
"""trtc-cli devices: what is there, against what the kernel's own tools say."""

import json
import re

from harness import check, equal
from rig import CAMERA, CAPTURE, CARD, PLAY, shell


def kernel_formats():
    """{(format, width, height): rates} of the camera, by v4l2-ctl."""
    found, fourcc, size = {}, None, None
    for line in shell("v4l2-ctl", "-d", CAMERA, "--list-formats-ext").splitlines():
        if match := re.search(r"\[\d+\]: '(.{4})'", line):
            fourcc = match[1]
        elif match := re.search(r"Size: Discrete (\d+)x(\d+)", line):
            size = fourcc.rstrip(), int(match[1]), int(match[2])
            found[size] = []
        elif match := re.search(r"\(([\d.]+) fps\)", line):
            found[size].append(float(match[1]))
    return found


def test_json(context):
    done = context.run("devices", "--json")
    equal(done.end(), 0, "exit code")
    listed = json.loads("\n".join(done.lines))
    equal([camera["path"] for camera in listed["cameras"]], [CAMERA], "cameras (other nodes of vivid are none)")
    camera = listed["cameras"][0]
    equal((camera["name"], camera["driver"], camera["usable"]), ("vivid", "vivid", True), "the camera")
    ours = {(form["format"].rstrip(), size["width"], size["height"]): size["rates"]
            for form in camera["formats"] for size in form["sizes"]}
    theirs = kernel_formats()
    check(len(theirs) >= 12, f"v4l2-ctl lists {theirs}")
    equal(sorted(ours), sorted(theirs), "formats and sizes")
    for size, rates in theirs.items():
        equal(sorted(ours[size]), sorted(rates), f"rates of {size}")
    for kind, device in (("microphones", CAPTURE), ("speakers", PLAY)):
        cards = [each for each in listed[kind] if each["card"] == CARD]
        check(device in [each["device"] for each in cards], f"{kind} without {device}: {listed[kind]}")
        check(all(each["usable"] and each["minRate"] <= 48000 <= each["maxRate"] for each in cards), f"{kind}: {cards}")


def test_text(context):
    done = context.run("devices")
    equal(done.end(), 0, "exit code")
    text = "\n".join(done.lines)
    for wanted in (CAMERA, "vivid", "YUYV", "640x480  25 15 12.5 10 5 4 2 1 fps", "3840x2160  2 1 fps", CAPTURE, PLAY):
        check(wanted in text, f"{wanted!r} is not in\n{text}")
