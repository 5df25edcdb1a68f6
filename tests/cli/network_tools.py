# SPDX-License-Identifier: MIT
"""Certificates, a TURN server and a proxy for the tests: openssl, coturn and tinyproxy of Debian, on loopback."""

import pathlib
import shutil
import socket
import subprocess
import threading

from harness import Failure, check, free_port, wait_until


def need(*programs):
    """The package lists install them; a machine without them has to say so, not to look green."""
    for program in programs:
        check(shutil.which(program), f"{program} is missing: scripts/test installs it")


class Certificates:
    """An authority of its own and what it signs. All paths are strings."""

    def __init__(self, context):
        need("openssl")
        self._directory = context.directory / "tls"
        self._directory.mkdir()
        self._serial = 0
        self.ca, self._ca_key = self._path("ca.pem"), self._path("ca.key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                      "-subj", "/CN=test authority", "-keyout", self._ca_key, "-out", self.ca)

    def _path(self, name):
        return str(self._directory / name)

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self._directory, capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"openssl {arguments}: {done.stderr}")

    def make(self, name, alternative="IP:127.0.0.1,DNS:localhost", expired=False):
        """Certificate and key for that name."""
        self._serial += 1
        certificate, key, request = self._path(name + ".pem"), self._path(name + ".key"), self._path(name + ".csr")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", key, "-out", request)
        config = pathlib.Path(self._path(name + ".cnf"))
        config.write_text(f"[ca]\ndefault_ca=a\n[a]\nnew_certs_dir=.\ndatabase={name}.db\nserial={name}.srl\ndefault_md=sha256\n"
                          f"policy=p\nrand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\nsubjectAltName={alternative}\n")
        pathlib.Path(self._path(name + ".db")).write_text("")
        dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"] if expired else ["-days", "2"]
        self._openssl("ca", "-batch", "-config", str(config), "-extensions", "e", "-cert", self.ca, "-keyfile", self._ca_key,
                      "-in", request, "-out", certificate, "-notext", *dates)
        return certificate, key


class Helper:
    """A server that another package brings, with its output kept."""

    def __init__(self, context, name, arguments, ready):
        self.lines = []
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=context.directory,
                                        text=True, errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        context.cleanup(self.close)

        def started():
            if self.process.poll() is not None:
                raise Failure(f"{name} has ended: " + "\n".join(self.lines))
            return ready()
        wait_until(started, f"start of {name}")

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(2)
        self.process.stdout.close()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Turn(Helper):
    """coturn with one user. The password has what an URL must escape."""

    PASSWORD, ESCAPED = "p@ss/w?rd", "alice:p%40ss%2Fw%3Frd"

    def __init__(self, context):
        need("turnserver")
        self.port = free_port()
        super().__init__(context, "coturn", [
            "turnserver", "-n", "--user", "alice:" + self.PASSWORD, "--listening-ip", "127.0.0.1", "--listening-port", str(self.port),
            "--relay-ip", "127.0.0.1", "--lt-cred-mech", "--realm", "test", "--allow-loopback-peers", "--no-cli", "--no-tls",
            "--no-dtls", "--verbose", "--pidfile", str(context.directory / "turn.pid"), "--log-file", "stdout",
            "--simple-log"], lambda: listens(self.port))

    def url(self, transport="udp", credentials=None):
        return f"turn:{credentials or self.ESCAPED}@127.0.0.1:{self.port}?transport={transport}"


class Proxy(Helper):
    """tinyproxy that allows CONNECT to the ports given, or to none."""

    def __init__(self, context, ports, credentials=None):
        need("tinyproxy")
        self.port = free_port()
        config = context.directory / f"tinyproxy-{self.port}.conf"
        lines = [f"Port {self.port}", "Listen 127.0.0.1", "Allow 127.0.0.1", "LogLevel Connect", "MaxClients 20"]
        lines += [f"ConnectPort {port}" for port in ports] or ["ConnectPort 9"]
        if credentials:
            lines.append("BasicAuth " + credentials.replace(":", " "))
        config.write_text("\n".join(lines) + "\n")
        super().__init__(context, "tinyproxy", ["tinyproxy", "-d", "-c", str(config)], lambda: listens(self.port))

    def url(self, credentials=None):
        return f"http://{credentials + '@' if credentials else ''}127.0.0.1:{self.port}"
