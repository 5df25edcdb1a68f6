# SPDX-License-Identifier: MIT
"""Films as people have them, made of the test picture by ffmpeg, and their way through a room."""

import atexit
import json
import pathlib
import subprocess
import tempfile
import threading

from harness import WATCHDOG, check, equal

FPS, SECONDS = 25, 4
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1"]
PASSING = [*X264, "-bf", "0", "-g", "25", "-profile:v", "main"]
AAC = ["-c:a", "aac", "-b:a", "96k"]
OPUS = ["-c:a", "libopus", "-b:a", "64k"]

# name: (arguments of ffmpeg for the picture and the sound, ending of the file)
FILMS = {
    "passing": ([*PASSING, *OPUS], "mkv"),
    "b-frames": ([*X264, *AAC], "mp4"),
    "rare-keyframes": ([*X264, "-bf", "0", "-g", "250", *AAC], "mp4"),
    "hevc": (["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:pools=1", "-tag:v", "hvc1", *AAC],
             "mp4"),
    "ten-bits": ([*X264, "-pix_fmt", "yuv420p10le", *AAC], "mp4"),
    "turned": (["-vf", "transpose=cclock", *PASSING, *AAC], "mp4"),
    "uneven": (["-vf", "select='not(mod(n,25))+gt(mod(n,7),3)'", "-vsync", "vfr", *X264, *AAC], "mp4"),
    "cinema": (["-vf", "setpts=N*1001/24000/TB", "-r", "24000/1001", *X264, *AAC], "mp4"),
    "31-fps": ([*X264, *AAC], "mkv"),
    "surround": ([*PASSING, "-ac", "6", *AAC], "mp4"),
    "interlaced": ([*X264, "-flags", "+ildct+ilme", "-x264opts", "tff=1", *AAC], "mp4"),
    "wide-pixels": (["-vf", "scale=160:240,setsar=2", *PASSING, *AAC], "mp4"),
    "odd-size": (["-vf", "select='not(mod(n,5))',scale=2627:1628,setsar=1", "-vsync", "vfr", "-pix_fmt", "yuv444p", *X264,
                  "-preset", "ultrafast", *AAC], "mkv"),
}
# Of the others it is FPS.
RATES = {"cinema": 24, "31-fps": 31}
# Made of another film, without encoding: (the other one, arguments in front of it, arguments behind it)
COPIES = {
    # A phone that was held upright: the picture lies on its side, and a tag says so (ffmpeg counts against the clock).
    "upright": ("turned", [], ["-metadata:s:v", "rotate=270"]),
    # Begins in the middle of a group of pictures, by an edit list.
    "cut": ("b-frames", ["-ss", "0.6"], []),
}


def numbers(name, seconds=SECONDS):
    """The numbers of the frames that a film shows."""
    every = range(RATES.get(name, FPS) * seconds)
    chosen = {"uneven": lambda n: n % 25 == 0 or n % 7 > 3, "odd-size": lambda n: n % 5 == 0, "cut": lambda n: n >= 15}
    return [n for n in every if chosen.get(name, lambda n: True)(n)]


class Films:
    """Each film is made when a test wants it, once a run."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="trtc-cli-films-")
        self._lock = threading.Lock()
        atexit.register(self._folder.cleanup)

    def tool(self, context, name):
        return str(pathlib.Path(context.binary).parents[2] / "tests/tools" / name)

    def _run(self, *command):
        made = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False,
                              stdin=subprocess.DEVNULL)
        equal(made.returncode, 0, f"{command}: {made.stderr[-600:]}")

    def _ffmpeg(self, *arguments):
        self._run("ffmpeg", "-v", "error", "-y", *arguments)

    def _master(self, context, fps, seconds):
        return self._once(f"master-{fps}-{seconds}.mkv", lambda path: self._run(
            self.tool(context, "make-pattern"), "clip", path, "size=320x240", f"fps={fps}", f"seconds={seconds}",
            "kbps=3000"))

    def get(self, context, name, seconds=SECONDS):
        """The path of the film of that name."""
        if name in COPIES:
            other, before, behind = COPIES[name]
            source = self.get(context, other, seconds)
            return self._once(f"{name}-{seconds}{source.suffix}", lambda path: self._ffmpeg(
                *before, "-i", source, "-c", "copy", *behind, path))
        arguments, ending = FILMS[name]
        master = self._master(context, RATES.get(name, FPS), SECONDS)
        # A shorter one has its flash and beep in the middle, away from its ends.
        part = ["-ss", "0.48", "-t", str(seconds)] if seconds < SECONDS else []
        return self._once(f"{name}-{seconds}.{ending}", lambda path: self._ffmpeg(*part, "-i", master, *arguments, path))

    def _once(self, name, make):
        path = pathlib.Path(self._folder.name) / name
        with self._lock:
            if not path.exists():
                make(path)
        return path


films = Films()


def measure(context, path):
    """What the far end has recorded, decoded."""
    done = subprocess.run([films.tool(context, "measure"), str(path), "--json"], capture_output=True, text=True, timeout=60,
                          check=False)
    equal(done.returncode, 0, f"measure {path}: {done.stderr}")
    # GStreamer goes on without a word when a picture lacks another one; ffmpeg's decoder tells.
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v", "-f", "null", "-"], timeout=60,
                             capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    equal([line for line in decoded.stderr.splitlines() if "h264 @" in line], [], f"what ffmpeg says of {path}")
    return json.loads(done.stdout)


def plan(context, path, *options):
    """The tracks of the plan by their kind."""
    program = context.run("join", "--user-id", "ann", "--room", "1", "--user-sig", "x", "--video", f"file:{path}",
                          "--audio", f"file:{path}", "--dry-run", "--events", "json", *options)
    equal(program.end(), 0, f"exit code of the plan: {program.complaints()}")
    return {track["kind"]: track for track in program.find("plan")[0]["sources"]}


def show(context, path, *options, seconds=SECONDS, leave_after=None):
    """The film from its beginning to its end in a room; what a viewer recorded, and the two agents."""
    service = context.service()
    viewer = context.agent(service, "viewer", "--role", "audience", "--record", "seen", "--stats", "1")
    anchor = context.agent(service, "anchor", "--video", f"file:{path}", "--audio", f"file:{path}", "--log-level", "info",
                           *options)
    anchor.wait("published")
    started = viewer.wait("recording-started", userId="anchor")
    if leave_after:
        leave_after(viewer)
    else:
        anchor.wait("source-ended", seconds=seconds + WATCHDOG)
    for program in (anchor, viewer):
        program.send("leave\n")
        equal(program.end(), 0, f"exit code of {program.name}")
    viewer.wait("recording-stopped", userId="anchor")
    check(not anchor.find("error"), f"errors: {anchor.find('error')}")
    return measure(context, context.directory / started["path"]), anchor
