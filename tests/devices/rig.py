# SPDX-License-Identifier: MIT
"""What the device tests are made of: the kernel's devices, other programs that use them, a room that records."""

import json
import math
import pathlib
import struct
import subprocess
import threading
import wave

import harness
from harness import WATCHDOG, check, wait_until

CAMERA = "/dev/video0"
CARD = "Loopback"
MODULES = {"vivid": [], "snd-aloop": ["pcm_substreams=1"]}
DRIVERS = pathlib.Path("/sys/bus/platform/drivers")
PLAY, CAPTURE = f"hw:CARD={CARD},DEV=0", f"hw:CARD={CARD},DEV=1"  # what is played into the one comes out of the other
SMALL = ["--video-profile", "320x180@5,100k"]


def long(function):
    """A test for long runs only."""
    function.long = True
    return function


# The devices

def shell(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=WATCHDOG, check=False, **options)
    check(done.returncode == 0, f"{' '.join(map(str, words))}: exit code {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def loaded(module):
    return pathlib.Path("/sys/module", module.replace("-", "_")).exists()


def plug_in():
    """Every device is there, whatever the test before left."""
    for module, options in MODULES.items():
        driver = DRIVERS / module.replace("-", "_")
        if loaded(module) and not any(driver.glob(f"{driver.name}.*")):
            unload(module)
        if not loaded(module):
            shell("modprobe", "-d", "/run/vm", module, *options)
    wait_until(pathlib.Path(CAMERA).exists, f"{CARD} and {CAMERA}")


def unplug(module):
    """Takes the hardware away under those who use it, as pulling a plug does."""
    driver = DRIVERS / module.replace("-", "_")
    for device in driver.glob(f"{driver.name}.*"):
        (driver / "unbind").write_text(device.name)


def unload(module):
    """Only works when nobody has the device open."""
    def done():
        return subprocess.run(["rmmod", module], capture_output=True, check=False).returncode == 0

    try:
        wait_until(done, f"unloading {module}", WATCHDOG / 4)
    except harness.Failure as failure:
        raise harness.Failure(f"{failure}; open device files: {holders()}") from None


def holders():
    """Who has device files open: "PROCESS FILE"."""
    found = []
    for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(link.readlink())
            if target.startswith(("/dev/video", "/dev/snd")):
                found.append(f"{(link.parents[1] / 'comm').read_text().strip()} {target}")
        except OSError:
            continue
    return found


# Other programs

class Helper:
    """A program that is not ours, with its output in a file."""

    def __init__(self, context, *words):
        self.words = [str(word) for word in words]
        self.path = context.directory / f"helper{len(context.helpers)}"
        with open(self.path, "wb") as output:
            self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        context.helpers.append(self)

    def said(self, text):
        wait_until(lambda: text in self.text() or not self.alive(), f"{text!r} of {self.words[0]}")
        check(text in self.text(), f"{self.words} has ended: {self.text()}")

    def text(self):
        return self.path.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.kill()
        self.process.wait()

    def log(self):
        return f"--- {' '.join(self.words)} (exit {self.process.poll()})\n{self.text()[-3000:]}"


def write_tone(path, hz, seconds=300, rate=48000):
    """A WAV file with a sine; hz must divide the rate."""
    period = rate // hz
    one = b"".join(struct.pack("<hh", value, value)
                   for value in (round(12000 * math.sin(2 * math.pi * i / period)) for i in range(period)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        second = one * (rate // period)
        for _ in range(seconds):
            file.writeframesraw(second)


class Studio:
    """A service and an audience that records everybody, once for all tests: starting them takes long here."""

    def __init__(self, binary, directory):
        self.context = harness.Context(pathlib.Path(binary).resolve(), directory)
        self._room = None

    def room(self):
        if self._room is None:
            service = self.context.service()
            watcher = self.context.agent(service, "watcher", "--role", "audience", "--record", "recorded")
            self._room = service, watcher
        for program in self._room:
            check(program.alive(), f"{program.name} has ended")
        return self._room

    def close(self):
        self.context.close()


class Bench(harness.Context):
    """What one test has; its agents meet in the studio's room."""

    def __init__(self, studio, directory):
        super().__init__(studio.context.binary, directory)
        self.studio, self.helpers = studio, []

    def on_air(self, user, *arguments, **options):
        """An agent that publishes, once the recording has begun."""
        service, watcher = self.studio.room()
        agent = self.agent(service, user, *arguments, **options)
        agent.wait("published")
        for kind in [kind for kind in ("audio", "video") if f"--{kind}" in arguments]:
            watcher.wait("first-frame", userId=user, kind=kind)
        return agent

    def leave(self, agent):
        """The agent leaves; figures of what was recorded of it."""
        watcher = self.studio.room()[1]
        agent.send("leave\n")
        harness.equal(agent.end(), 0, f"exit code of {agent.name}")
        path = watcher.wait("recording-stopped", userId=agent.name)["path"]
        return self.studio.context.directory / path

    def tone(self, hz, device=PLAY):
        path = self.directory / f"{hz}.wav"
        write_tone(path, hz)
        # Both ends must have the same format: through plug, which takes that of whoever was first.
        player = Helper(self, "aplay", "-v", "-D", f"plug{device}", path)
        player.said("Playing")
        return player

    def measure(self, path, *options):
        tool = pathlib.Path(self.binary).parents[2] / "tests/tools/measure"
        return json.loads(shell(tool, path, "--json", *options))

    def let_it_run(self, seconds):
        """Only to have that much in the recording."""
        threading.Event().wait(seconds)

    def close(self):
        super().close()
        for helper in self.helpers:
            helper.kill()

    def logs(self):
        everything = [*self.programs, *self.helpers, *self.studio.context.programs]
        kernel = subprocess.run(["dmesg"], capture_output=True, text=True, check=False).stdout.splitlines()[-20:]
        return "\n".join([each.log() for each in everything] + ["--- dmesg", *kernel])
