# SPDX-License-Identifier: MIT
"""Screens, sound cards and terminals for the tests of what an agent shows and plays. Each is started by the test that
needs it and goes with it."""

import array
import ctypes
import ctypes.util
import math
import os
import re
import shlex
import subprocess
import threading
import time

from harness import WATCHDOG, check, equal, wait_until

LIFETIME = 600  # seconds a terminal is there for at most
MARKS = [1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0]


def read_pattern(luma, width, height, left=0, top=0, stride=None):
    """Frame number and wall clock of a picture of the test source; None when it is none."""
    stride = stride or width

    def block(column, row):
        x = left + (2 * column + 1) * width // 40
        y = top + (2 * row + 1) * height // 30
        return luma[y * stride + x]

    marks = [block(column, 1) for column in range(1, 19)]
    bright = [v for v, m in zip(marks, MARKS) if m]
    dark = [v for v, m in zip(marks, MARKS) if not m]
    if min(bright) - max(dark) < 30:
        return None
    middle = (min(bright) + max(dark)) / 2
    bits = [int(block(column, row) > middle) for row in range(2, 8) for column in range(2, 18)]
    crc = 0xffff
    for bit in bits[:-16]:
        high = crc >> 15
        crc = crc << 1 & 0xffff
        if high != bit:
            crc ^= 0x1021
    number = lambda part: int("".join(map(str, part)), 2)
    return (number(bits[:32]), number(bits[32:80])) if crc == number(bits[80:]) else None


def is_recent(code):
    """A picture that was made in the last seconds cannot be left over or made up."""
    return code is not None and abs(time.time() * 1000 - code[1]) < 1000 * WATCHDOG


def picture_file(path):
    """Luma, width and height of a PNG or JPEG."""
    size = subprocess.run(["identify", "-format", "%w %h", str(path)], check=True, capture_output=True).stdout
    width, height = map(int, size.split())
    gray = subprocess.run(["convert", str(path), "-depth", "8", "gray:-"], check=True, capture_output=True).stdout
    equal(len(gray), width * height, "pixels")
    return gray, width, height


class Xvfb:
    """An X server without a screen."""

    def __init__(self, context):
        reader, writer = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1400x1100x24", "-nolisten",
                                         "tcp"], pass_fds=[writer], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as stream:
            self.display = ":" + stream.readline().strip()
        context.cleanup(self.close)
        check(self.display != ":", "Xvfb did not start")
        self.variables = {"DISPLAY": self.display, "WAYLAND_DISPLAY": ""}

    def close(self):
        self.process.terminate()
        self.process.wait()

    def run(self, *command):
        return subprocess.run(command, env={**os.environ, **self.variables}, capture_output=True, check=False).stdout

    def windows(self):
        """Titles to window ids."""
        tree = self.run("xwininfo", "-root", "-tree").decode()
        found = re.findall(r'^ +(0x[0-9a-f]+) "(.*?)": ', tree, re.M)
        return {title: ident for ident, title in found if ", room " in title}

    def window(self, user):
        """The id of a user's window, when it is there."""
        wait_until(lambda: any(title.startswith(user + " ") for title in self.windows()), f"window of {user}")
        return next(ident for title, ident in self.windows().items() if title.startswith(user + " "))

    def luma(self, window, width, height):
        """The pixels of a window that lies open."""
        gray = self.run("import", "-silent", "-window", window, "-depth", "8", "gray:-")
        return gray if len(gray) == width * height else None

    def close_window(self, window):
        """What a window manager does when somebody clicks on the cross."""
        x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        x11.XInternAtom.restype = ctypes.c_ulong
        x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
        x11.XCloseDisplay.argtypes = [ctypes.c_void_p]

        class ClientMessage(ctypes.Structure):
            _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
                        ("display", ctypes.c_void_p), ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong),
                        ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("pad", ctypes.c_long * 12)]

        display = x11.XOpenDisplay(self.display.encode())
        event = ClientMessage(33, 0, 1, display, int(window, 16), x11.XInternAtom(display, b"WM_PROTOCOLS", 0), 32)
        event.data[0] = x11.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
        x11.XSendEvent(display, int(window, 16), 0, 0, ctypes.byref(event))
        x11.XCloseDisplay(display)


class SoundCard:
    """An ALSA device whose sound arrives here: stereo, 48000 Hz. It is no faster than a card, but on a busy machine it
    stalls as no card does: then sound is skipped, and the time between two tones says nothing."""

    NAME = "loudspeaker"

    def __init__(self, context):
        fifo = context.directory / "loudspeaker.pcm"
        os.mkfifo(fifo)
        config = context.directory / "asoundrc"
        config.write_text(f'pcm.{self.NAME} {{ type plug slave {{ pcm tap format S16_LE rate 48000 channels 2 }} }}\n'
                          f'pcm.tap {{ type file slave.pcm nowhere file "{fifo}" format raw }}\n'
                          'pcm.nowhere { type null }\n')
        self.variables = {"ALSA_CONFIG_PATH": str(config)}
        self.samples = array.array("h")  # left
        self._levels = {}
        self._stop = threading.Event()
        self._fd = os.open(fifo, os.O_RDWR)  # so that nobody waits for anybody
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        context.cleanup(self.close)

    def _listen(self):
        due = time.monotonic()
        while not self._stop.is_set():
            data = os.read(self._fd, 7680)
            self.samples.extend(array.array("h", data)[::2])
            # Never faster than a card, also after a pause.
            due = max(due, time.monotonic()) + len(data) / 192000
            self._stop.wait(due - time.monotonic())

    def close(self):
        self._stop.set()
        os.write(self._fd, bytes(4))
        self._thread.join(WATCHDOG)
        os.close(self._fd)

    def levels(self, hertz, seconds=0.01):
        """Amplitude of one tone, 0 to 1, in every whole piece of that length (Goertzel); only the new ones are computed."""
        known, count = self._levels.setdefault((hertz, seconds), []), int(seconds * 48000)
        factor = 2 * math.cos(2 * math.pi * hertz / 48000)
        while (begin := len(known) * count) + count <= len(self.samples):
            one = two = 0.0
            for sample in self.samples[begin:begin + count]:
                one, two = sample + factor * one - two, one
            power = max(0.0, one * one + two * two - factor * one * two)
            known.append(2 * math.sqrt(power) / count / 32768)
        return known


class Tmux:
    """A terminal of a given size with one program in it."""

    def __init__(self, context, command, columns, rows, variables):
        self.context = context
        self.socket = context.directory / "tmux"
        names = ["env", "-u", "COLORTERM", "-u", "NO_COLOR", "-u", "DISPLAY", "-u", "WAYLAND_DISPLAY"]
        line = " ".join(shlex.quote(str(word)) for word in
                        [*names, *(f"{k}={v}" for k, v in variables.items()), *command])
        # tmux itself now and then forgets how a program ended.
        self.code = context.directory / "exit-code"
        line += f"; echo $? > {self.code}.new; mv {self.code}.new {self.code}; exec sleep {LIFETIME}"
        self.run("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "-c", context.directory, line)
        context.cleanup(lambda: subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True,
                                               check=False))

    def run(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *map(str, arguments)], capture_output=True,
                              check=False).stdout.decode("utf-8", "replace")

    def resize(self, columns, rows):
        self.run("resize-window", "-x", columns, "-y", rows)

    def send(self, text):
        self.run("send-keys", text, "Enter")

    def escapes(self):
        return self.run("capture-pane", "-e", "-p")

    def text(self):
        return self.run("capture-pane", "-p")

    def exit_code(self):
        """None while the program runs."""
        return int(self.code.read_text()) if self.code.exists() else None


def colour_of(numbers):
    """An SGR colour as r, g, b."""
    if numbers[0] == 2:
        return tuple(numbers[1:4])
    index = numbers[1]
    if index >= 232:
        return (8 + 10 * (index - 232),) * 3
    levels = [0, 95, 135, 175, 215, 255]
    index -= 16
    return levels[index // 36], levels[index // 6 % 6], levels[index % 6]


def cells(escapes):
    """Rows of (glyph, foreground, background) of what tmux captured."""
    rows, front, back = [], (255, 255, 255), (0, 0, 0)
    for line in escapes.rstrip("\n").split("\n"):
        row = []
        for part in re.finditer(r"\x1b\[([\d;:]*)m|\x1b[^m]*m|(.)", line):
            if part[2] is not None:
                row.append((part[2], front, back))
                continue
            numbers = [int(n or 0) for n in re.split("[;:]", part[1] or "0")]
            while numbers:
                what = numbers.pop(0)
                if what in (38, 48):
                    colour = colour_of(numbers)
                    del numbers[:4 if numbers[0] == 2 else 2]
                    front, back = (colour, back) if what == 38 else (front, colour)
                elif what == 0:
                    front, back = (255, 255, 255), (0, 0, 0)
                elif what == 39:
                    front = (255, 255, 255)
                elif what == 49:
                    back = (0, 0, 0)
        rows.append(row)
    return rows


def luma_of(rows, columns, height):
    """The pixels of the upper rows: two a cell, as bytes."""
    gray = lambda c: (299 * c[0] + 587 * c[1] + 114 * c[2]) // 1000
    out = bytearray()
    for row in rows[:height]:
        halves = [], []
        for glyph, front, back in row[:columns]:
            upper, lower = {"▀": (front, back), "▄": (back, front), "█": (front, front)}.get(glyph, (back, back))
            halves[0].append(gray(upper))
            halves[1].append(gray(lower))
        for half in halves:
            out += bytes(half) + bytes(columns - len(half))
    return bytes(out)
