# SPDX-License-Identifier: MIT
"""Films as people have them: what goes out as it is, what is encoded and why, and what a viewer sees and hears of them."""

import re

from film_support import FPS, SECONDS, films, numbers, plan, show
from harness import WATCHDOG, check, equal, refused


def seen(figures, name, limit=60):
    """Every frame of the film from the viewer's first one to the end, once and in order, and the sound in step."""
    video = figures["video"]
    film = numbers(name)
    first, last = video["firstFrame"], video["lastFrame"]
    equal((video["duplicates"], video["backwards"]), (0, 0), "frames twice, and out of order")
    equal(video["framesWithCode"], video["frames"], "frames that can be read")
    equal(video["frames"], sum(first <= n <= last for n in film), f"frames from {first} to {last} of {name}")
    check(last >= film[-3], f"last frame is {last} of {film[-1]}")
    check(video["frames"] >= len(film) / 5, f"{video['frames']} of {len(film)} frames")
    in_step(figures, limit)


def in_step(figures, limit=60):
    """The first pair is passed over: a viewer gets the pictures since the last keyframe at once, and the first sender reports
    bring both tracks together."""
    offsets = figures["avOffsetMs"]
    check(offsets["pairs"] > 0, f"no flash with its beep: {figures}")
    settled = sorted(offsets["each"][1:] or offsets["each"])
    check(abs(settled[len(settled) // 2]) <= limit, f"offset of the sound: {offsets}")


def rate(figures, wanted):
    """By the middle one of the steps from picture to picture, in whole milliseconds; the first pictures come all at once."""
    step = figures["video"]["medianGapMs"]
    check(abs(step - 1000 / wanted) <= 1, f"a picture every {step} ms, not every {1000 / wanted:.1f}")


def size(figures):
    track = next(track for track in figures["tracks"] if track["kind"] == "video")
    return track["width"], track["height"]


def check_film(context, name, reason, wanted_size=(320, 240), options=(), limit=60):
    """@reason is a pattern; "": it goes out as it is."""
    path = films.get(context, name)
    track = plan(context, path, *options)["video"]
    equal(track["encoded"], reason != "", f"encoded, because \"{track['reason']}\"")
    check(re.fullmatch(reason, track["reason"].replace(path.name, "FILM")), f"the reason is \"{track['reason']}\"")
    figures, anchor = show(context, path, *options)
    seen(figures, name, limit)
    equal(size(figures), wanted_size, "size at the viewer")
    told = f"picture of {path} " + (f"is encoded: {track['reason']}" if reason else "goes out as it is")
    check(any(told in line for line in anchor.errors), "the log does not say so")
    return figures


def test_passing(context):
    figures = check_film(context, "passing", "")
    equal(plan(context, films.get(context, "passing"))["audio"]["encoded"], False, "the sound is encoded")
    check(figures["audio"]["nonSilentSeconds"] > 1, "sound")


def test_b_frames(context):
    check_film(context, "b-frames", rf"FILM has B-frames \([2-8]\d of {FPS * SECONDS} pictures are out of order\)")


def test_rare_keyframes(context):
    check_film(context, "rare-keyframes", r"FILM has keyframes up to 4\.0 s apart, and a viewer may wait for one")


def test_hevc(context):
    check_film(context, "hevc", r"FILM holds H\.265, and H\.264 is sent")


def test_ten_bits(context):
    check_film(context, "ten-bits", "FILM has 10 bits a sample")


def test_upright(context):
    check_film(context, "upright", r"FILM has to be turned \(its orientation is rotate-90\)")


def test_cinema(context):
    figures = check_film(context, "cinema", r"FILM has B-frames \(\d+ of \d+ pictures are out of order\)")
    rate(figures, 24000 / 1001)


def test_31_fps(context):
    figures = check_film(context, "31-fps", r"FILM has B-frames \(\d+ of \d+ pictures are out of order\)")
    rate(figures, 31)


def test_uneven(context):
    """Each picture keeps its own time."""
    check_film(context, "uneven", r"FILM has B-frames \(\d+ of \d+ pictures are out of order\)")


def test_surround(context):
    path = films.get(context, "surround")
    equal(plan(context, path)["audio"]["encoded"], True, "the sound is encoded")
    figures = check_film(context, "surround", "")
    check(figures["audio"]["peak"] > 0.05, f"of six channels a beep of {figures['audio']['peak']} is left")


def test_interlaced(context):
    check_film(context, "interlaced", "FILM is interlaced")


def test_wide_pixels(context):
    check_film(context, "wide-pixels", r"FILM has pixels that are not square \(2:1\)")


def test_odd_size(context):
    check_film(context, "odd-size", "FILM has 4:4:4 colours", (1742, 1080), limit=200)  # five pictures a second, so one of them


def test_cut(context):
    """An edit list that begins in the middle of a group of pictures: what it hides stays hidden."""
    check_film(context, "cut", r"FILM has B-frames \(\d+ of \d+ pictures are out of order\)")


def test_always(context):
    check_film(context, "passing", "--encode always", options=["--encode", "always"])
    tracks = plan(context, films.get(context, "passing"), "--encode", "always")
    equal((tracks["audio"]["encoded"], tracks["audio"]["reason"]), (True, "--encode always"), "the sound")


def test_profile(context):
    """A profile that was asked for holds for films; the film keeps its shape."""
    path = films.get(context, "passing")
    equal(plan(context, path, "--video-profile", "320x240@25,5000k")["video"]["encoded"], False, "within the profile")
    track = plan(context, path, "--video-profile", "160x160@25,5000k")["video"]
    equal(track["reason"], f"{path.name} has 320x240 pixels, and the video profile 160x160", "the reason")
    figures, _ = show(context, path, "--video-profile", "160x160@25,5000k")
    seen(figures, "passing")
    equal(size(figures), (160, 120), "size at the viewer")


def test_encode_values(context):
    refused(context.run("join", "--user-id", "a", "--room", "1", "--user-sig", "x", "--encode", "never"), 2,
            "INVALID_PARAMETER", '--encode "never" is not allowed: use auto, always')


def test_decoder_missing(context):
    path = films.get(context, "hevc")
    ranks = "avdec_h265:NONE,libde265dec:NONE,vah265dec:NONE,vaapih265dec:NONE,v4l2slh265dec:NONE"
    refused(context.run("join", "--user-id", "a", "--room", "1", "--user-sig", "x", "--video", f"file:{path}", "--dry-run",
                        "--events", "json", variables={"GST_PLUGIN_FEATURE_RANK": ranks}), 5, "INITIALIZE_FAILED",
            "there is no decoder for H.265: type apt-get install gstreamer1.0-libav")


def latecomers(context, name):
    """Of three who come in the middle of a film: how long after the first sound the first picture comes, milliseconds.
    Sound needs no keyframe, so it tells when the connection was there."""
    service = context.service()
    path = films.get(context, name)
    anchor = context.agent(service, "anchor", "--video", f"file:{path}", "--audio", f"file:{path}", "--loop")
    anchor.wait("published")
    waits = []
    for number in range(4):
        viewer = context.agent(service, f"viewer{number}", "--role", "audience")
        picture, sound = (viewer.wait("first-frame", kind=kind)["sinceSubscribeMs"] for kind in ("video", "audio"))
        waits.append(picture - sound)
    return waits[1:]


def test_latecomers_of_a_passed_film(context):
    waits = latecomers(context, "passing")
    check(max(waits) <= 1000, f"viewers waited {waits} ms")


def test_latecomers_of_a_film_with_rare_keyframes(context):
    waits = latecomers(context, "rare-keyframes")
    check(max(waits) <= 1000, f"viewers waited {waits} ms")


def loop_in_step(context, name):
    """Twenty rounds of one second: sound and picture stay in step, and no round begins with a hole."""
    path = films.get(context, name, seconds=1)

    def twenty_rounds(viewer):
        viewer.wait("stats", seconds=21 + WATCHDOG, count=21)

    figures, _ = show(context, path, "--loop", leave_after=twenty_rounds)
    offsets = figures["avOffsetMs"]["each"]
    # In the first seconds the receiver does not yet know both clocks.
    settled = offsets[4:]
    check(len(settled) >= 10, f"rounds with flash and beep: {figures['avOffsetMs']}")
    check(max(settled) - min(settled) <= 20, f"sound and picture move against each other: {offsets}")
    check(max(abs(offset) for offset in settled[-5:]) <= 20, f"sound and picture are not in step: {offsets}")
    # The last picture of a round and the first one of the next are as far apart as any others.
    check(figures["video"]["maxGapMs"] < 250, f"longest gap {figures['video']['maxGapMs']} ms")
    return figures


def test_loop_encoded(context):
    loop_in_step(context, "b-frames")


def test_loop_passed(context):
    loop_in_step(context, "passing")
