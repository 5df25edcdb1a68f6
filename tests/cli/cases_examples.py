# SPDX-License-Identifier: MIT
"""The scripts of examples/, as somebody would run them, and the unit of the recorder."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import xml.etree.ElementTree

from harness import Program, Room, TINY, WATCHDOG, check, equal, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ["co-anchor", "film-on-air", "monitor", "recorder", "smoke-test"]
UNIT = ROOT / "config/trtc-cli-recorder@.service"


def variables(context, service, **more):
    """The binary under its name in the path, and what the scripts take from the environment."""
    folder = context.directory / "bin"
    if not folder.exists():
        folder.mkdir()
        (folder / "trtc-cli").symlink_to(context.binary)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "TRTC_SERVER": service.url, "TRTC_SECRET_KEY_FILE": str(service.key_file),
            "TRTC_EVENTS": "json", **more}


class Script(Program):
    """One of examples/, which prints what its agent prints."""

    def __init__(self, context, service, name, *arguments, **more):
        whole = type("Where", (), {"binary": str(ROOT / "examples" / name), "directory": context.directory,
                                   "programs": context.programs})
        super().__init__(whole, name, list(arguments), stdin=subprocess.DEVNULL, variables=variables(context, service, **more))


class Manager:
    """systemd's end of sd_notify(3)."""

    def __init__(self, context):
        self.path = str(context.directory / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self.told = []
        self._news = threading.Condition()
        context.cleanup(self._socket.close)
        # Always reading, as systemd is: sd_notify() waits while ten messages lie there unread.
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                message = self._socket.recv(4096).decode()
            except OSError:
                return
            with self._news:
                self.told.append(message.split("\n"))
                self._news.notify_all()

    def wait(self, line, count=1):
        """Until that line has come so often; what is new since the start counts."""
        with self._news:
            check(self._news.wait_for(lambda: sum(line in each for each in self.told) >= count, WATCHDOG),
                  f"no {line} from the agent; it told {self.told}")


def test_every_script_is_clean_and_says_what_it_is(context):
    found = sorted(p.name for p in (ROOT / "examples").iterdir() if os.access(p, os.X_OK) and p.is_file())
    equal(found, SCRIPTS, "scripts in examples/")
    for name in SCRIPTS:
        text = (ROOT / "examples" / name).read_text()
        for part in ("#!/bin/sh\n# SPDX-License-Identifier: MIT\n", f"#   usage: {name} ", "TRTC_SERVER"):
            check(part in text, f"{name}: no {part!r}")
        done = subprocess.run([ROOT / "examples" / name], capture_output=True, text=True, timeout=WATCHDOG)
        equal((done.returncode, done.stderr.split(" ")[:2]), (2, ["usage:", name]), f"{name} without arguments")
    check(shutil.which("shellcheck"), "shellcheck is not installed")
    done = subprocess.run(["shellcheck", *(ROOT / "examples" / name for name in SCRIPTS)], capture_output=True, text=True, timeout=60)
    equal(done.stdout + done.stderr, "", "words of shellcheck")


def test_smoke_test(context):
    service = context.service()
    bad = Script(context, service, "smoke-test", "100", "bad.xml", WITHIN="1s")
    equal(bad.end(), 8, "exit code with an empty room")
    anchor = context.agent(service, "onair", *TINY)
    anchor.wait("published")
    good = Script(context, service, "smoke-test", "100", WITHIN="8s")
    equal(good.end(), 0, "exit code with an anchor")
    for name, failures in (("bad.xml", "2"), ("smoke-test.xml", "0")):
        suite = xml.etree.ElementTree.parse(context.directory / name).getroot()[0]
        equal((suite.get("tests"), suite.get("failures"), suite.get("errors")), ("2", failures, "0"), f"counts in {name}")
    anchor.send("leave\n")
    equal(anchor.end(), 0, "exit code of the anchor")


def test_recorder(context):
    """And systemd sees it start, live and stop."""
    room = Room(context)
    manager = Manager(context)
    recorder = Script(context, room.service, "recorder", "100", "films", NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="200000")
    manager.wait("READY=1")
    manager.wait("STATUS=in room 100 as recorder-100")
    recorder.wait("recording-started", userId="onair")
    manager.wait(f"STATUS=recording {recorder.find('recording-started')[0]['path']}")
    # Every half of the limit, for as long as the loop turns.
    manager.wait("WATCHDOG=1", 5)
    recorder.wait("first-frame", userId="onair", kind="video")
    equal([line for lines in manager.told for line in lines].count("READY=1"), 1, "READY=1")
    recorder.signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    equal(recorder.end(), 0, "exit code")
    stopped = recorder.wait("recording-stopped", userId="onair")
    check(re.fullmatch(r"films/\d{8}T\d{6}Z-onair-main\.mkv", stopped["path"]), f"path is {stopped['path']}")
    equal((context.directory / stopped["path"]).stat().st_size, stopped["bytes"], "size of the file")
    room.untouched()
    room.leave()


def test_ready_comes_with_the_room_and_not_before(context):
    service = context.service()
    manager = Manager(context)
    own = {"NOTIFY_SOCKET": manager.path}
    refused = context.agent(service, "ann", joined=False, proof=["--user-sig", "garbage"], variables=own)
    equal(refused.end(), 3, "exit code")
    agent = context.agent(service, "ann", variables=own)
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    manager.wait("READY=1")
    manager.wait("STOPPING=1")
    check("READY=1" not in [line for lines in manager.told[:1] for line in lines], f"ready too early: {manager.told}")
    # The service tells, too.
    other = Program(context, "serve", ["serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(service.key_file)], variables=own)
    url = other.wait("service-ready")["url"]
    manager.wait(f"STATUS=room service at {url}")
    manager.wait("READY=1", 2)
    other.signal(signal.SIGTERM)
    manager.wait("STOPPING=1", len([1 for lines in manager.told if "STOPPING=1" in lines]) + 1)
    equal(other.end(), 0, "exit code of the service")


SERVICE_UNIT = ROOT / "config/trtc-cli-serve.service"


def test_units_are_hardened(context):
    """The exposure that systemd itself computes; 10 is a unit without any protection."""
    for unit, name in ((UNIT, "trtc-cli-recorder@8888.service"), (SERVICE_UNIT, "trtc-cli-serve.service")):
        file = context.directory / unit.name
        file.write_text(unit.read_text().replace("@bindir@", "/usr/bin"))
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(file)], capture_output=True, text=True,
                              timeout=60)
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
        check(found, f"no figure: {done.stdout}{done.stderr}")
        check(float(found.group(1)) < 2.0, f"exposure of {name}: {found.group(1)}")


def test_unit_of_the_service(context):
    """systemd-analyze finds no fault with it, and its own command serves a room under systemd's conditions."""
    installed = context.directory / "trtc-cli-serve.service"
    (context.directory / "bin").mkdir()
    (context.directory / "bin/trtc-cli").symlink_to(context.binary)
    installed.write_text(SERVICE_UNIT.read_text().replace("@bindir@", str(context.directory / "bin")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(installed)], capture_output=True, text=True,
                          timeout=60)
    equal((done.returncode, done.stderr), (0, ""), "words of systemd-analyze")
    manager = Manager(context)
    keys = unit_keys(SERVICE_UNIT)
    places = {name: context.directory / name for name in ("unit-state", "unit-run", "unit-cache")}
    for place in places.values():
        place.mkdir(mode=0o700)
    command = shlex.split(keys["ExecStart"][0])[1:]
    service = Program(context, "serve", command, stdin=subprocess.DEVNULL,
                      variables={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "30000000", "TRTC_LISTEN": "127.0.0.1:0",
                                 "XDG_STATE_HOME": str(places["unit-state"]), "XDG_RUNTIME_DIR": str(places["unit-run"]),
                                 "XDG_CACHE_HOME": str(places["unit-cache"])})
    manager.wait("READY=1")
    key = pathlib.Path(service.wait("service-ready")["secretKeyFile"])
    equal(key, places["unit-state"] / "trtc-cli/serve.key", "where the key is kept")
    service.signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    equal(service.end(), 0, "exit code")


def unit_keys(unit=UNIT):
    keys = {}
    for line in unit.read_text().splitlines():
        if line and line[0] not in "#[":
            key, value = line.split("=", 1)
            keys.setdefault(key, []).append(value)
    return keys


def test_unit_of_the_recorder(context):
    """systemd-analyze finds no fault with it, and its own command records under systemd's conditions."""
    check(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    text = UNIT.read_text()
    installed = context.directory / "trtc-cli-recorder@.service"
    (context.directory / "bin").mkdir()
    (context.directory / "bin/trtc-cli").symlink_to(context.binary)
    installed.write_text(text.replace("@bindir@", str(context.directory / "bin")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"{installed.parent}/trtc-cli-recorder@8888.service"],
                          capture_output=True, text=True, timeout=60)
    equal((done.returncode, done.stderr), (0, ""), "words of systemd-analyze")

    room = Room(context)
    manager = Manager(context)
    keys = unit_keys()
    equal(keys["Type"], ["notify"], "type")
    places = {name: context.directory / name.lower() for name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "RUNTIME_DIRECTORY")}
    for place in places.values():
        place.mkdir()
    shutil.copy(room.service.key_file, places["CREDENTIALS_DIRECTORY"] / "secret-key")
    command = keys["ExecStart"][0].replace("%i", "100")
    for name, place in places.items():
        command = command.replace("${%s}" % name, str(place))
    check("%" not in command and "$" not in command, f"not filled in: {command}")
    user = next(v for v in keys["Environment"] if v.startswith("TRTC_USER_ID=")).split("=")[1].replace("%i", "100")
    agent = Program(context, "unit", shlex.split(command)[1:], stdin=subprocess.DEVNULL,
                    variables={"TRTC_SERVER": room.service.url, "TRTC_USER_ID": user, "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "30000000"})
    manager.wait("READY=1")
    path = pathlib.Path(agent.wait("recording-started", userId="onair")["path"])
    equal(path.parent, places["STATE_DIRECTORY"], "folder of the recording")
    done = context.run("ctl", "--control", str(places["RUNTIME_DIRECTORY"] / "control.sock"), "record", "stop")
    equal((done.process.returncode, len(done.events[0]["recordings"])), (0, 1), "record stop over the unit's socket")
    agent.signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    equal(agent.end(), 0, "exit code")
    room.untouched()
    room.leave()


def test_film_on_air(context):
    service = context.service()
    viewer = context.agent(service, "viewer", "--role", "audience", "--record", "out")
    make_film(context, "film.mkv")
    film = Script(context, service, "film-on-air", "100", "film.mkv", "5s")
    viewer.wait("first-frame", kind="video")
    viewer.wait("first-frame", kind="audio")
    equal(film.end(30), 0, "exit code")
    equal(film.find("source-ended"), [], "ends of the film")
    stopped = viewer.wait("recording-stopped")
    check(stopped["durationMs"] > 1500, f"the film of a second ran only once: {stopped}")
    mute = Script(context, service, "film-on-air", "100", "film.mkv", "3s", SOUND="none")
    equal(mute.wait("published")["audio"], False, "sound of a film without sound")
    equal(mute.end(30), 0, "exit code without sound")
    viewer.send("leave\n")
    equal(viewer.end(), 0, "exit code of the viewer")


def make_film(context, name):
    """A second of film, recorded from the test picture."""
    service = context.service()
    anchor = context.agent(service, "maker", *TINY, room="1")
    anchor.wait("published")
    recorder = context.agent(service, "taker", "--role", "audience", "--record", "takes", room="1")
    recorder.wait("first-frame", kind="video")
    recorder.wait("first-frame", kind="audio")
    path = context.directory / recorder.find("recording-started")[0]["path"]
    wait_until(lambda: path.stat().st_size > 10000, "a second of film")
    for each in (recorder, anchor):
        each.send("leave\n")
        equal(each.end(), 0, f"exit code of {each.name}")
    path.rename(context.directory / name)


def test_co_anchor(context):
    service = context.service()
    viewer = context.agent(service, "viewer", "--role", "audience")
    script = Script(context, service, "co-anchor", "100", AFTER="1", FOR="3", TRTC_VIDEO_PROFILE="160x120@10,100k")
    equal(script.wait("joined")["role"], "audience", "role at first")
    script.wait("role-switched", role="anchor")
    user = script.find("joined")[0]["userId"]
    viewer.wait("first-frame", userId=user, kind="video")
    script.wait("role-switched", role="audience")
    viewer.wait("stream-removed", userId=user)
    equal(script.end(20), 0, "exit code")
    equal([(a["command"], a["ok"]) for a in script.find("command-result")],
          [("switch-role anchor", True), ("publish", True), ("unpublish", True), ("switch-role audience", True), ("leave", True)], "answers")
    viewer.send("leave\n")
    equal(viewer.end(), 0, "exit code of the viewer")


def test_monitor(context):
    room = Room(context)
    second = context.agent(room.service, "second", *TINY, "--auxiliary", "test", "--auxiliary-profile", "160x120@5,100k")
    second.wait("published")
    script = Script(context, room.service, "monitor", "100", "pictures", EVERY="1s")
    for user in ("onair", "second"):
        script.wait("snapshot-saved", userId=user, count=2, seconds=30)
    wait_until(lambda: len(list((context.directory / "pictures").iterdir())) == 3, "a picture of each stream")
    script.signal(signal.SIGTERM)
    equal(script.end(30), 0, "exit code")
    pictures = sorted((context.directory / "pictures").iterdir())
    equal([picture.name for picture in pictures], ["onair-main.jpg", "second-auxiliary.jpg", "second-main.jpg"], "pictures")
    for picture in pictures:
        equal(picture.read_bytes()[:3], b"\xff\xd8\xff", "head of a picture")
    one = Script(context, room.service, "monitor", "100", "one", "onair", EVERY="1s")
    one.wait("snapshot-saved", userId="onair", count=2, seconds=30)
    one.signal(signal.SIGINT)
    equal(one.end(30), 0, "exit code")
    equal([picture.name for picture in (context.directory / "one").iterdir()], ["onair-main.jpg"], "pictures of one user")
    room.untouched()
    second.send("leave\n")
    equal(second.end(), 0, "exit code of second")
    room.leave()


def test_agent_in_the_background(context):
    """The block of the README, pasted into a script: the server and the key come from the environment."""
    text = (ROOT / "README.md").read_text()
    block = re.search(r"^## Scripts$.*?^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    check(block, "README.md has no section Scripts with a block of shell")
    check("ctl" in block[1] and "&\n" in block[1], f"no agent in the background: {block[1]}")
    service = context.service("--control", "none")
    ann = context.agent(service, "ann", *TINY, "--control", "none", room="8888")
    ann.wait("published")
    (context.directory / "pasted").write_text(block[1])
    done = Program(type("Where", (), {"binary": "/bin/sh", "directory": context.directory, "programs": context.programs}),
                   "README", ["-e", "pasted"], stdin=subprocess.DEVNULL, variables=variables(context, service))
    equal(done.end(60), 0, f"exit code; {done.errors}")
    equal(done.errors, [], "lines on stderr")
    check(all(event["ok"] for event in done.find("command-result")), f"answers: {done.lines}")
    check(len(done.find("command-result")) >= 3, f"answers: {done.lines}")
    equal((context.directory / "ann.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n", "head of the picture")
    check('"event":"summary"' in (context.directory / "events.json").read_text(), "the agent has not ended")
    ann.send("leave\n")
    equal(ann.end(), 0, "exit code of ann")
