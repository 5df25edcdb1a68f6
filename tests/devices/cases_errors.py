# SPDX-License-Identifier: MIT
"""Devices that are not there, that another program has, or that one may not open: one line that says so, exit code 5."""

import os
import pathlib

from harness import refused
from rig import CAMERA, CAPTURE, Helper

# root is asked for permission, too, without this capability.
UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]


def without(context, kind, source, user, **options):
    service, _ = context.studio.room()
    return context.agent(service, user, f"--{kind}", source, joined=False, **options)


def test_missing(context):
    camera = without(context, "video", "v4l2:/dev/video77", "cameraman")
    name = without(context, "video", "v4l2:No Such Camera", "namer")
    sound = without(context, "audio", "alsa:hw:CARD=Nothing,DEV=0", "soundman")
    refused(camera, 5, "DEVICE_NOT_FOUND", "/dev/video77")
    refused(name, 5, "DEVICE_NOT_FOUND", "No Such Camera")
    refused(sound, 5, "DEVICE_NOT_FOUND", "Nothing")


def test_busy(context):
    holder = Helper(context, "v4l2-ctl", "-d", CAMERA, "--stream-mmap", "--verbose")
    recorder = Helper(context, "arecord", "-v", "-D", CAPTURE, "-f", "S16_LE", "-r", "48000", "-c", "2", "/dev/null")
    holder.said("cap dqbuf")
    recorder.said("Recording")
    camera = without(context, "video", f"v4l2:{CAMERA}", "cameraman")
    sound = without(context, "audio", f"alsa:{CAPTURE}", "soundman")
    refused(camera, 5, "INITIALIZE_FAILED", CAMERA)
    refused(sound, 5, "INITIALIZE_FAILED", CAPTURE)


def test_no_permission(context):
    nodes = [pathlib.Path(CAMERA), *pathlib.Path("/dev/snd").glob("pcm*c")]
    for node in nodes:
        before = node.stat().st_mode
        context.cleanup(lambda node=node, before=before: os.chmod(node, before))
        os.chmod(node, 0)
    camera = without(context, "video", f"v4l2:{CAMERA}", "cameraman", prefix=UNPRIVILEGED)
    sound = without(context, "audio", f"alsa:{CAPTURE}", "soundman", prefix=UNPRIVILEGED)
    refused(camera, 5, "INITIALIZE_FAILED", CAMERA)
    refused(sound, 5, "INITIALIZE_FAILED", CAPTURE)
