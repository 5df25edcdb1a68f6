# SPDX-License-Identifier: MIT
"""A publisher in the room whose pictures no file can hold: the others in the room must not notice."""

import re
import subprocess

import film_support as films
from film_support import films as library
from harness import Room, check, equal

SPS, PPS = 7, 8


def inflated(context, kind, extra):
    """A film that goes out as it is, with that many more bytes behind the parameter sets of one kind."""
    source = library.get(context, "passing")
    plain, patched, film = (context.directory / name for name in ("plain.h264", "patched.h264", "hostile.mkv"))

    def ffmpeg(*arguments):
        done = subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], capture_output=True, text=True, timeout=60, check=False)
        equal(done.returncode, 0, f"ffmpeg {arguments}: {done.stderr}")
    ffmpeg("-i", str(source), "-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", str(plain))
    units = re.split(b"\0\0\0?\1", plain.read_bytes())[1:]
    found = [unit[0] & 31 for unit in units].count(kind)
    check(found > 0, f"no unit of type {kind} in {source}")
    patched.write_bytes(b"".join(b"\0\0\0\1" + unit + (b"\x55" * extra if unit[0] & 31 == kind else b"") for unit in units))
    ffmpeg("-r", str(films.FPS), "-i", str(patched), "-c", "copy", str(film))
    return film


def attack(context, kind, extra):
    room = Room(context)
    film = inflated(context, kind, extra)
    shown = context.run("join", "--user-id", "ann", "--room", "1", "--user-sig", "x", "--video", f"file:{film}", "--audio", "test",
                        "--dry-run", "--events", "json")
    track = next(each for each in shown.find("plan")[0]["sources"] if each["kind"] == "video")
    equal(track["encoded"], False, f"encoded, because {track['reason']}: the attack tests nothing")
    mallory = context.agent(room.service, "mallory", "--video", f"file:{film}", "--audio", "test", "--loop")
    mallory.wait("published")
    return room, mallory


def harmless(context, room):
    """The bystander still records the honest anchor; told of the other stream, it goes on."""
    error = room.bystander.wait("error", seconds=20)
    equal((error["name"], error["recoverable"]), ("MEDIA_FAILED", True), "error")
    check("mallory" in error["message"], error["message"])
    stopped = room.bystander.wait("recording-stopped", userId="mallory")
    equal(stopped["reason"], "failed", "reason")
    check(room.bystander.command("users")["ok"], "the bystander does not answer")
    equal(room.bystander.find("recording-stopped", userId="onair"), [], "recordings of the honest anchor that ended")
    for program in (room.bystander, room.anchor):
        program.send("leave\n")
    equal(room.bystander.end(), 6, "exit code of the bystander") # a script must see that a stream is missing
    equal(room.anchor.end(), 0, "exit code of the anchor")
    honest = films.measure(context, room.path)
    equal(honest["video"]["missing"], 0, "missing frames of the honest anchor")
    check(honest["video"]["frames"] > 20, f"{honest['video']['frames']} frames of the honest anchor")
    # What came before is a file like any other.
    path = context.directory / stopped["path"]
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-"], capture_output=True, text=True,
                          timeout=60, check=False)
    equal((done.returncode, done.stderr), (0, ""), f"what ffmpeg says of {path}")


def test_an_sps_with_5000_more_bytes(context):
    room, mallory = attack(context, SPS, 5000)
    harmless(context, room)
    check(mallory.alive(), "the publisher has ended")


def test_an_sps_that_16_bits_cannot_count(context):
    room, mallory = attack(context, SPS, 60000)
    harmless(context, room)
    check(mallory.alive(), "the publisher has ended")


def test_a_pps_with_5000_more_bytes(context):
    room, mallory = attack(context, PPS, 5000)
    harmless(context, room)
    check(mallory.alive(), "the publisher has ended")
