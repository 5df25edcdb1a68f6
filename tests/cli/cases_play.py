# SPDX-License-Identifier: MIT
"""What an agent shows and plays: windows under Xvfb, sound through ALSA, pictures in tmux; snapshots and volumes."""

import re

from harness import TINY, WATCHDOG, check, equal, wait_until
from play_support import SoundCard, Tmux, Xvfb, cells, is_recent, luma_of, picture_file, read_pattern

ANCHOR = ["--video", "test", "--audio", "test", "--video-profile", "320x240@15,300k", "--subscribe", "none"]
# A picture has a long way: join, ICE, DTLS, a keyframe, decoding; and the machine may be busy.
LONG = 4 * WATCHDOG


def room(context, *users):
    """A service and one anchor a user; VP8 and H.264 in turn."""
    service = context.service()
    anchors = []
    for number, user in enumerate(users):
        anchors.append(context.agent(service, user, *ANCHOR, "--video-codec", ("h264", "vp8")[number % 2]))
        anchors[-1].wait("published")
    return service, anchors


def leave(viewer):
    viewer.send("leave\n")
    equal(viewer.end(), 0, "exit code")


def test_windows(context):
    """One window a user, titled; closing one leaves the other alone; stop and play."""
    screen = Xvfb(context)
    service, _ = room(context, "alice", "bob")
    viewer = context.agent(service, "viewer", "--role", "audience", "--play", "window", variables=screen.variables)
    windows = {user: screen.window(user) for user in ("alice", "bob")}
    equal(sorted(title.split(" : ")[0] for title in screen.windows()), ["alice main, room 100", "bob main, room 100"],
          "titles")
    # Without a window manager they lie on each other.
    screen.run("xdotool", "windowmove", windows["bob"], "400", "300")
    seen = {}

    def shows(user):
        gray = screen.luma(windows[user], 320, 240)
        code = gray and read_pattern(gray, 320, 240)
        seen.setdefault(user, []).append(code)
        return is_recent(code)

    for user in windows:
        wait_until(lambda u=user: shows(u), f"test picture in the window of {user}", LONG)
    screen.close_window(windows["alice"])
    viewer.wait("play-stopped", userId="alice", reason="window-closed")
    wait_until(lambda: not any(t.startswith("alice") for t in screen.windows()), "end of the window")
    shows("bob")
    before = seen["bob"][-1]
    wait_until(lambda: shows("bob") and seen["bob"][-1] != before, "new pictures in the other window", LONG)
    equal(viewer.find("play-stopped", userId="bob"), [], "ends of the other")
    equal(viewer.find("error"), [], "errors")
    # By command it comes again, and goes.
    check(viewer.command("play alice")["ok"], "play")
    windows["alice"] = screen.window("alice")
    screen.run("xdotool", "windowmove", windows["bob"], "400", "300")
    wait_until(lambda: shows("alice"), "test picture in the new window", LONG)
    check(viewer.command("stop bob")["ok"], "stop")
    viewer.wait("play-stopped", userId="bob", reason="stopped")
    wait_until(lambda: not any(t.startswith("bob") for t in screen.windows()), "end of the window")
    for line, part in (("play nobody", "nobody"), ("stop nobody", "nobody")):
        answer = viewer.command(line)
        equal((answer["ok"], answer["name"]), (False, "REMOTE_STREAM_NOT_EXIST"), line)
        check(part in answer["message"], answer["message"])
    leave(viewer)


def test_sound(context):
    """The tones of the test source arrive at the card, as loud as they were sent."""
    card = SoundCard(context)
    service, _ = room(context, "alice")
    viewer = context.agent(service, "viewer", "--role", "audience", "--play", f"alsa:{card.NAME}",
                           variables=card.variables)
    started = viewer.wait("play-started", LONG, userId="alice")
    equal(started["sinks"], "sound", "sinks")
    # A beep has a tenth of a second, ten pieces, at half the full scale.
    wait_until(lambda: sum(0.4 < level < 0.6 for level in card.levels(1000)) >= 20, "two beeps", LONG)
    # The quiet tone is always there; the voice mode of the codec may take half of it.
    wait_until(lambda: any(0.004 < tone < 0.016 and beep < 0.005 for tone, beep in
                           zip(card.levels(220, 0.1), card.levels(1000, 0.1))), "the tone between them", LONG)
    check(max(card.levels(1000)) < 0.6, "the beep is louder than it was sent")
    equal(viewer.find("error"), [], "errors")
    leave(viewer)


def test_nothing_to_play_on(context):
    """Without screen, terminal and card it is said, once each, and the agent goes on."""
    service, _ = room(context, "alice")
    bare = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "ALSA_CONFIG_PATH": "/dev/null"}
    viewer = context.agent(service, "viewer", "--role", "audience", "--play", variables=bare)
    viewer.wait("first-frame", LONG, kind="video")
    errors = viewer.find("error")
    equal([(e["name"], e["recoverable"]) for e in errors], [("DEVICE_NOT_FOUND", True)] * 2, "errors")
    check("neither DISPLAY nor WAYLAND_DISPLAY is set, and no terminal" in errors[0]["message"], errors[0]["message"])
    check("no sound card" in errors[1]["message"], errors[1]["message"])
    answer = viewer.command("play alice")
    equal((answer["ok"], answer["name"]), (False, "DEVICE_NOT_FOUND"), "play")
    leave(viewer)
    for sink, part in (("window", "DISPLAY"), ("term", "terminal"), ("alsa:nowhere", '"nowhere"')):
        other = context.agent(service, "viewer", "--role", "audience", "--play", sink, variables=bare)
        equal(len(other.find("error")), 1, "errors")
        check(part in other.find("error")[0]["message"], other.find("error")[0]["message"])
        leave(other)


def terminal(context, service, columns, rows, *arguments, **variables):
    return Tmux(context, [context.binary, *context.join_arguments(service, "viewer")[:-4], "--secret-key-file",
                          service.key_file, "--role", "audience", "--play", "term", "--events", "text", *arguments],
                columns, rows, {"HOME": context.directory, "XDG_STATE_HOME": context.directory, **variables})


def ends_well(pane):
    pane.send("leave")
    wait_until(lambda: pane.exit_code() is not None, "the end", LONG)
    equal(pane.exit_code(), 0, f"exit code of a program that said {pane.text()!r}")


def pictures_in(pane, columns, height, places):
    """The codes of the pictures at these places: left and upper pixel, width, height."""
    luma = luma_of(cells(pane.escapes()), columns, height)
    if len(luma) < columns * 2 * height:
        return [None] * len(places)
    return [read_pattern(luma, width, high, left, top, columns) for left, top, width, high in places]


def test_terminal_picture(context):
    """One user, 24 bits; lines and status below; a resize draws anew."""
    service, _ = room(context, "alice")
    pane = terminal(context, service, 120, 40, TERM="tmux-256color", COLORTERM="truecolor")
    place = [(21, 0, 77, 58)]
    wait_until(lambda: is_recent(pictures_in(pane, 120, 30, place)[0]), "the picture", LONG)
    text = pane.text().split("\n")
    check(text[29].startswith("alice"), f"caption: {text[29]!r}")
    check(any("playing alice: " in line for line in text[30:]), "events below the picture")
    wait_until(lambda: "█" in pane.text().split("\n")[29], "the volume bar", LONG)
    check(re.search(r"38;2;\d+;\d+;\d+", pane.escapes()), "24 bits")
    # Smaller: 24 rows leave 18, 17 of them for a picture of 45x34.
    pane.resize(80, 24)
    wait_until(lambda: pane.text().split("\n")[17].startswith("alice"), "the caption after the resize", LONG)
    wait_until(lambda: len({*luma_of(cells(pane.escapes()), 80, 17)}) > 10, "a picture after the resize", LONG)
    pane.resize(120, 40)
    wait_until(lambda: is_recent(pictures_in(pane, 120, 30, place)[0]), "the picture in the old size", LONG)
    pane.send("stop alice")
    wait_until(lambda: "█" not in pane.text() and "▀" not in pane.text(), "end of the picture", LONG)
    ends_well(pane)


def test_terminal_two_users(context):
    """256 colours, a tile each; one leaves and the other gets the room."""
    service, anchors = room(context, "alice", "bob")
    pane = terminal(context, service, 160, 50, TERM="tmux-256color")
    places = [(0, 6, 79, 59), (80, 6, 79, 59)]
    wait_until(lambda: all(map(is_recent, pictures_in(pane, 160, 38, places))), "both pictures", LONG)
    escapes = pane.escapes()
    check(re.search(r"[34]8;5;\d+", escapes), "256 colours")
    check(not re.search(r"[34]8[;:]2", escapes), "24 bits were not asked for")
    caption = pane.text().split("\n")[37]
    check({caption[:5], caption[80:85].strip()} == {"alice", "bob"} or caption.startswith("bob"), f"captions: {caption!r}")
    check("alice" in caption and "bob" in caption, f"captions: {caption!r}")
    leave(anchors[1])
    # Alone: 38 rows, the picture 74 pixels high and 99 wide.
    wait_until(lambda: is_recent(pictures_in(pane, 160, 38, [(30, 0, 99, 74)])[0]), "one large picture", LONG)
    check(anchors[0].command("mute video")["ok"], "mute")
    wait_until(lambda: "video muted" in pane.text(), "the note of a muted video", LONG)
    ends_well(pane)


def test_terminal_on_stderr(context):
    """Events into a file: the picture goes to the terminal on stderr."""
    service, _ = room(context, "alice")
    arguments = " ".join(map(str, [*context.join_arguments(service, "viewer")[:-4], "--secret-key-file",
                                   service.key_file, "--role", "audience", "--play", "term", "--events", "json"]))
    pane = Tmux(context, ["sh", "-c", f"{context.binary} {arguments} > events.txt"], 120, 40,
                {"HOME": context.directory, "TERM": "tmux-256color"})
    wait_until(lambda: is_recent(pictures_in(pane, 120, 30, [(21, 0, 77, 58)])[0]), "the picture", LONG)
    events = (context.directory / "events.txt").read_text()
    check('"play-started"' in events and "\x1b" not in events, events)


def test_snapshot(context):
    service, anchors = room(context, "alice", "bob")
    viewer = context.agent(service, "viewer", "--role", "audience")
    for user, name in (("alice", "a.png"), ("bob", "b.jpg")):
        viewer.wait("first-frame", LONG, kind="video", userId=user)
        answer = viewer.command(f"snapshot {user} {name}", LONG)
        check(answer["ok"], answer)
        saved = viewer.wait("snapshot-saved", userId=user)
        equal((saved["path"], saved["width"], saved["height"]), (name, 320, 240), "event")
        gray, width, height = picture_file(context.directory / name)
        check(is_recent(read_pattern(gray, width, height)), "the picture of just now")
    for line, name, part in (("snapshot alice a.bmp", "INVALID_PARAMETER", ".png, .jpg or .jpeg"),
                             ("snapshot nobody a.png", "REMOTE_STREAM_NOT_EXIST", '"nobody"'),
                             ("snapshot alice no/a.png", "OUTPUT_FAILED", "no/a.png"),
                             ("snapshot alice", "INVALID_PARAMETER", "USER FILE")):
        answer = viewer.command(line)
        equal((answer["ok"], answer["name"]), (False, name), line)
        check(part in answer["message"], answer["message"])
    check(anchors[0].command("mute video")["ok"], "mute")
    viewer.wait("mute-video", userId="alice")
    answer = viewer.command("snapshot alice muted.png")
    equal((answer["ok"], "is muted" in answer["message"]), (False, True), "a muted video")
    check(viewer.command("unsubscribe bob")["ok"], "unsubscribe")
    answer = viewer.command("snapshot bob gone.png")
    equal((answer["ok"], "not subscribed" in answer["message"]), (False, True), "a stream that does not come")
    leave(viewer)
    left_over = [p.name for p in context.directory.iterdir() if "png" in p.name or "jp" in p.name]
    equal(sorted(left_over), ["a.png", "b.jpg"], "files")


def test_audio_volume(context):
    """Everybody's volume each second, our own first; a muted one is silent."""
    service, anchors = room(context, "alice")
    viewer = context.agent(service, "viewer", *TINY, "--audio-volume", "1")
    viewer.wait("published")
    viewer.wait("first-frame", LONG, kind="audio", userId="alice")
    for user in ("viewer", "alice"):
        wait_until(lambda u=user: any(80 <= e["volume"] <= 90 for e in viewer.find("audio-volume", userId=u)),
                   f"the beep of {user}", LONG)
    names = [e["userId"] for e in viewer.find("audio-volume")]
    check(any(names[i:i + 2] == ["viewer", "alice"] for i in range(len(names))), f"order: {names}")
    check(anchors[0].command("mute audio")["ok"], "mute")
    wait_until(lambda: viewer.find("audio-volume", userId="alice")[-1]["volume"] == 0, "silence", LONG)
    leave(viewer)
