# SPDX-License-Identifier: MIT
"""A WebSocket client that may break every rule, and programs whose events are read. Standard library only."""
import base64
import json
import os
import select
import socket
import struct
import subprocess
import threading
import time
import urllib.parse

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The other side is gone, with this close code (0: without a close frame)."""

    def __init__(self, code=0):
        super().__init__(f"closed with {code}")
        self.code = code


def tcp(address):
    return socket.create_connection(address, timeout=15)


def http(address, request, limit=65536):
    """Sends raw bytes, reads to the end."""
    with tcp(address) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while len(answer) < limit and (part := connection.recv(4096)):
                answer += part
        except (ConnectionError, TimeoutError):
            pass
        return answer


class WebSocket:
    """Every frame can be wrong on purpose."""

    def __init__(self, address, path, headers=()):
        self.buffer = b""
        self.socket = tcp(address)
        lines = [f"GET {path} HTTP/1.1", f"Host: {address[0]}:{address[1]}", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Version: 13", *headers]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more(time.monotonic() + 15)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.answer = head.decode("latin-1")
        if " 101 " not in self.answer.splitlines()[0]:
            raise Closed()

    def frame(self, opcode, payload, fin=True, mask=True, rsv=0, length=None):
        """@length: what the header says instead of the truth."""
        size = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        bit = 0x80 if mask else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 65536:
            head += struct.pack(">BH", bit | 126, size)
        else:
            head += struct.pack(">BQ", bit | 127, size)
        if mask:
            # A key of zeros keeps ten megabytes fast.
            head += bytes(4)
        try:
            self.socket.sendall(head + payload)
        except (ConnectionError, TimeoutError) as error:
            raise Closed() from error

    def text(self, text):
        self.frame(TEXT, text if isinstance(text, bytes) else text.encode())

    def say(self, **message):
        self.text(json.dumps(message))

    def _more(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.socket], [], [], left)[0]:
            raise TimeoutError("nothing came")
        try:
            part = self.socket.recv(65536)
        except ConnectionError as error:
            raise Closed() from error
        if not part:
            raise Closed()
        self.buffer += part

    def receive(self, limit=8):
        """The next JSON message. Closed when the other side ends it, TimeoutError when nothing comes."""
        deadline = time.monotonic() + limit
        while True:
            if len(self.buffer) >= 2:
                size, at = self.buffer[1] & 0x7f, 2
                if size == 126 and len(self.buffer) >= 4:
                    size, at = struct.unpack(">H", self.buffer[2:4])[0], 4
                elif size == 127 and len(self.buffer) >= 10:
                    size, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
                elif size >= 126:
                    at = None
                if at is not None and len(self.buffer) >= at + size:
                    opcode, payload = self.buffer[0] & 15, self.buffer[at:at + size]
                    self.buffer = self.buffer[at + size:]
                    if opcode == CLOSE:
                        raise Closed(struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005)
                    if opcode == PING:
                        self.frame(PONG, payload)
                    elif opcode == TEXT:
                        return json.loads(payload)
                    continue
            self._more(deadline)

    def wait_for(self, cmd, limit=8):
        deadline = time.monotonic() + limit
        while True:
            message = self.receive(max(0.01, deadline - time.monotonic()))
            if message.get("cmd") == cmd:
                return message

    def ended(self, limit=8):
        """The close code once it is over; None when it stays open for so long."""
        deadline = time.monotonic() + limit
        try:
            while True:
                self.receive(max(0.01, deadline - time.monotonic()))
        except Closed as end:
            return end.code
        except TimeoutError:
            return None

    def reset(self):
        """Cut without a goodbye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


class Program:
    """A trtc-cli that runs: its events as they come, its log in a file."""

    def __init__(self, name, arguments, folder, environment):
        self.name, self.events, self.condition = name, [], threading.Condition()
        self.log_path = os.path.join(folder, name + ".log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env=environment, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.condition:
                self.events.append(json.loads(line))
                self.condition.notify_all()
        with self.condition:
            self.events.append({"event": "<end>"})
            self.condition.notify_all()

    def wait(self, event, limit=20, **fields):
        """The first event that fits; None when there is none in time."""
        def found():
            return next((e for e in self.events
                         if e["event"] == event and all(e.get(k) == v for k, v in fields.items())), None)

        with self.condition:
            self.condition.wait_for(lambda: found() or self.events and self.events[-1]["event"] == "<end>", limit)
            return found()

    def all(self, event):
        with self.condition:
            return [e for e in self.events if e["event"] == event]

    def stop(self, limit=15):
        """Asks it to leave; the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.reader.join(5)
        return code

    def show(self):
        print(f"---- {self.name}: events")
        for event in self.events[-60:]:
            print(json.dumps(event))
        print(f"---- {self.name}: log")
        with open(self.log_path, errors="replace") as log:
            print("".join(log.readlines()[-150:]))

    def figures(self):
        """Resident KiB, threads, file descriptors."""
        status = {}
        with open(f"/proc/{self.process.pid}/status") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                status[key] = value.split()
        return int(status["VmRSS"][0]), int(status["Threads"][0]), len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def files(self):
        """What its descriptors are: "3 anon_inode:[eventfd]"."""
        folder, out = f"/proc/{self.process.pid}/fd", []
        for name in sorted(os.listdir(folder), key=int):
            try:
                out.append(f"{name} {os.readlink(os.path.join(folder, name))}")
            except OSError:
                pass
        return out


def query(path="/", **values):
    return path + "?" + urllib.parse.urlencode(values)
