# SPDX-License-Identifier: MIT
"""What the black-box tests of the binary are made of. Standard library only; loopback only; no fixed port."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import zlib

# Sanitizers and slow machines may set the factor.
WATCHDOG = 8.0 * float(os.environ.get("TEST_TIME_FACTOR", "1"))
SOON = f"{WATCHDOG / 8:.0f}s"  # long enough to join: 1s, more under a sanitizer
APP = 1400000001
TINY = ["--video", "test", "--audio", "test", "--video-profile", "160x120@10,100k"]


class Failure(AssertionError):
    """A test is red; the message says why."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def equal(got, wanted, what):
    check(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def wait_until(condition, what, seconds=WATCHDOG):
    """Polls a condition that no event tells, such as the size of a file."""
    deadline = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < deadline, f"{what} did not happen within {seconds} s")
        threading.Event().wait(0.02)


def make_sig(user, key, app=APP, signed_at=None, expire=3600):
    """A UserSig made without the program under test."""
    signed_at = int(time.time()) if signed_at is None else signed_at
    text = f"TLS.identifier:{user}\nTLS.sdkappid:{app}\nTLS.time:{signed_at}\nTLS.expire:{expire}\n"
    sig = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
    claims = {"TLS.ver": "2.0", "TLS.identifier": user, "TLS.sdkappid": app, "TLS.expire": expire,
              "TLS.time": signed_at, "TLS.sig": sig}
    packed = base64.b64encode(zlib.compress(json.dumps(claims).encode())).decode()
    return packed.translate(str.maketrans("+/=", "*-_"))


class Program:
    """One run of the binary, with its output taken in by threads."""

    def __init__(self, context, name, arguments, stdin=subprocess.PIPE, variables=None, prefix=()):
        self.name, self.arguments = name, arguments
        self.lines, self.errors, self.events = [], [], []
        self._condition = threading.Condition()
        self._ended = False
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TRTC_")}
        environment.update(HOME=str(context.directory), XDG_STATE_HOME=str(context.directory / "state"),
                           XDG_CONFIG_HOME=str(context.directory / "config"),
                           XDG_RUNTIME_DIR=str(context.directory / "run"),
                           G_DEBUG="fatal-criticals", TZ="UTC")
        environment.update(variables or {})
        self.process = subprocess.Popen([*prefix, context.binary, *arguments], stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment, cwd=context.directory)
        self._readers = [threading.Thread(target=self._read_events, daemon=True),
                         threading.Thread(target=self._read_errors, daemon=True)]
        for reader in self._readers:
            reader.start()
        context.programs.append(self)

    def _read_events(self):
        for raw in self.process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self._condition:
                self.lines.append(line)
                with contextlib.suppress(ValueError):
                    self.events.append(json.loads(line))
                self._condition.notify_all()
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def _read_errors(self):
        for raw in self.process.stderr:
            self.errors.append(raw.decode("utf-8", "replace").rstrip("\n"))

    def find(self, event, **fields):
        with self._condition:
            return [e for e in self.events
                    if e.get("event") == event and all(e.get(k) == v for k, v in fields.items())]

    def wait(self, event, seconds=WATCHDOG, count=1, **fields):
        """The count-th event of that name with these fields, now or when it comes."""
        deadline = time.monotonic() + seconds
        while True:
            with self._condition:
                found = self.find(event, **fields)
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    raise Failure(f"{self.name}: no {event} {fields} "
                                  + ("before its end" if self._ended else f"within {seconds} s"))
                self._condition.wait(left)

    def send(self, text):
        self.process.stdin.write(text.encode() if isinstance(text, str) else text)
        self.process.stdin.flush()

    def command(self, line, seconds=WATCHDOG):
        """Sends one command and returns its answer."""
        ident = f"t{len(self.events)}-{time.monotonic_ns()}"
        self.send(f"@{ident} {line}\n")
        return self.wait("command-result", seconds, id=ident)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, seconds=WATCHDOG):
        """Waits for the end and returns the exit code."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {seconds} s") from None
        for reader in self._readers:
            reader.join(WATCHDOG)
        return code

    def alive(self):
        return self.process.poll() is None

    def complaints(self):
        """The program's own lines on stderr, without the log."""
        return [line for line in self.errors if line.startswith("trtc-cli: ")]

    def kill(self):
        if self.alive():
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(2)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()

    def log(self):
        out = [f"--- {self.name}: {' '.join(self.arguments)} (exit {self.process.poll()})"]
        return "\n".join(out + [f"  out {x[:600]}" for x in self.lines] + [f"  err {x[:600]}" for x in self.errors])


class Context:
    """What one test has: the binary, a directory of its own, everything it started."""

    def __init__(self, binary, directory):
        self.binary, self.directory = str(binary), pathlib.Path(directory)
        self.programs, self._cleanups = [], []
        (self.directory / "run").mkdir(mode=0o700)

    def run(self, *arguments, seconds=WATCHDOG, stdin=None, **options):
        """Runs to the end. stdin: bytes, or nothing."""
        program = Program(self, arguments[0] if arguments else "trtc-cli", list(arguments),
                          stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, **options)
        if stdin is not None:
            program.process.stdin.write(stdin)
            program.process.stdin.close()
        program.end(seconds)
        return program

    def key_file(self, text="a-key", name="key"):
        path = self.directory / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def service(self, *arguments):
        key = self.directory / "key"
        program = Program(self, "serve", ["serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(key),
                                          "--events", "json", *arguments])
        ready = program.wait("service-ready")
        program.url, program.key_file, program.key = ready["url"], key, key.read_text().strip()
        return program

    def join_arguments(self, service, user, room="100", proof=None):
        proof = proof or ["--secret-key-file", str(service.key_file)]
        return ["join", "--server", service.url, "--user-id", user, "--room", str(room), "--events", "json", *proof]

    def agent(self, service, user, *arguments, room="100", joined=True, proof=None, **options):
        program = Program(self, user, [*self.join_arguments(service, user, room, proof), *arguments], **options)
        if joined:
            program.wait("joined")
        return program

    def cleanup(self, function):
        self._cleanups.append(function)

    def close(self):
        for program in self.programs:
            program.kill()
        for function in reversed(self._cleanups):
            function()


class Room:
    """A service, an anchor on air, and a bystander that records it; they must not notice what a test does."""

    def __init__(self, context, room="100"):
        self.context, self.room = context, room
        self.service = context.service()
        self.anchor = context.agent(self.service, "onair", *TINY, room=room)
        self.anchor.wait("published")
        self.bystander = context.agent(self.service, "watcher", "--role", "audience", "--record", "watched", room=room)
        for kind in ("video", "audio"):
            self.bystander.wait("first-frame", kind=kind, userId="onair")
        self.path = context.directory / self.bystander.wait("recording-started", userId="onair")["path"]

    def untouched(self):
        """The service and both agents live, nobody saw an error, and the recording grows."""
        for program in (self.service, self.anchor, self.bystander):
            check(program.alive(), f"{program.name} has ended")
            equal(program.find("error"), [], f"errors of {program.name}")
            equal(program.complaints(), [], f"complaints of {program.name}")
        equal(self.bystander.find("stream-removed"), [], "streams lost by the bystander")
        equal(self.bystander.find("recording-stopped"), [], "recordings ended at the bystander")
        before = self.path.stat().st_size
        wait_until(lambda: self.path.stat().st_size > before, "growth of the bystander's recording")

    def leave(self):
        """All end well, the recording is not empty."""
        for program in (self.bystander, self.anchor):
            program.send("leave\n")
            equal(program.end(), 0, f"exit code of {program.name}")
        stopped = self.bystander.wait("recording-stopped", userId="onair")
        check(stopped["videoFrames"] > 0 and stopped["audioPackets"] > 0, f"recording is empty: {stopped}")
        equal(self.path.stat().st_size, stopped["bytes"], "size of the recording")
        self.service.signal(signal.SIGTERM)
        equal(self.service.end(), 0, "exit code of the service")


def refused(program, code, names, part=None):
    """The three forms of one error: exit code, one line on stderr, the event; and the summary is last."""
    equal(program.end(30), code, f"exit code of {program.arguments}")
    lines = program.complaints()
    equal(len(lines), 1, f"lines on stderr: {lines}")
    errors = program.find("error")
    equal(len(errors), 1, f"error events: {errors}")
    names = [names] if isinstance(names, str) else names
    check(errors[0]["name"] in names, f"error is {errors[0]}, wanted one of {names}")
    equal(lines[0], "trtc-cli: " + errors[0]["message"], "line on stderr")
    equal(errors[0]["recoverable"], False, "recoverable")
    if part:
        check(part in lines[0], f"{lines[0]!r} does not say {part!r}")
    if program.arguments[0] == "join":
        equal(program.events[-1]["event"], "summary", "last event")
        equal(program.events[-1]["exitCode"], code, "exit code in the summary")


class Listener:
    """A TCP server on a free port that is no room service: serve(connection) runs for each connection."""

    def __init__(self, context, serve):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = "ws://127.0.0.1:%d" % self._socket.getsockname()[1]
        self._serve, self._open = serve, []
        context.cleanup(self.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with contextlib.suppress(OSError, ValueError):
            self._serve(connection)

    def close(self):
        for each in [self._socket, *self._open]:
            with contextlib.suppress(OSError):
                each.close()


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(4096)
        if not block:
            raise OSError("closed")
        data += block
    return data.decode("latin-1")


def serve_nothing(connection):
    while connection.recv(4096):
        pass


def serve_http(connection):
    read_head(connection)
    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
    connection.close()


def serve_echo(connection):
    """A WebSocket server that says back what it hears."""
    head = read_head(connection)
    key = next(line.split(":", 1)[1].strip() for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key:"))
    accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    stream = connection.makefile("rb")
    while True:
        first, second = stream.read(2)
        length = second & 127
        if length > 125:
            length = int.from_bytes(stream.read(2 if length == 126 else 8), "big")
        mask = stream.read(4) if second & 128 else bytes(4)
        body = bytes(b ^ mask[i % 4] for i, b in enumerate(stream.read(length)))
        size = bytes([len(body)]) if len(body) < 126 else b"\x7e" + len(body).to_bytes(2, "big")
        connection.sendall(bytes([0x8A if first & 15 == 9 else first]) + size + body)


def free_port():
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
