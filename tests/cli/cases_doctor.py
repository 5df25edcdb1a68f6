# SPDX-License-Identifier: MIT
"""trtc-cli doctor in real situations; and that every line that is not in order says what to type."""

import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

from harness import Listener, check, equal, free_port, make_sig, serve_http, serve_nothing

LINE = re.compile(r"(ok  |warn|FAIL) ([^:]+): (.*?)(?: — run: (.+))?$")
# What one can find at the beginning of a command to type; a typo in it would help nobody.
PROGRAMS = {"apt-get", "certbot", "chown", "curl", "dmesg", "du", "env", "export", "fuser", "getent", "install", "iostat", "ip",
            "chmod", "ls", "nft", "openssl", "timedatectl", "trtc-cli", "unset", "usermod"}


def doctor(context, *arguments, **options):
    """Runs it as JSON, and checks what holds for every run. Returns the findings by name."""
    variables = {"XDG_RUNTIME_DIR": str(context.directory)} | options.pop("variables", {})
    seconds = options.pop("seconds", 60)
    program = context.run("doctor", "--json", "--listen", f"127.0.0.1:{free_port()}", *arguments, seconds=seconds,
                          variables=variables, **options)
    *findings, summary = program.events
    equal(summary["event"], "summary", "last line")
    counts = {verdict: sum(f["verdict"] == verdict for f in findings) for verdict in ("ok", "warn", "fail")}
    equal({k: summary[k] for k in counts}, counts, "numbers in the summary")
    equal(summary["exitCode"], 1 if counts["fail"] else 0, "exit code in the summary")
    equal(program.process.returncode, summary["exitCode"], f"exit code; {[f for f in findings if f['verdict'] == 'fail']}")
    for finding in findings:
        equal(finding["event"], "check", "event")
        check(finding["what"], f"nothing is said: {finding}")
        equal("type" in finding, finding["verdict"] != "ok", f"a command to type: {finding}")
        if "type" in finding:
            check(finding["type"].removeprefix("sudo ").split()[0] in PROGRAMS, f"no such program: {finding['type']}")
    return {f["name"]: f for f in findings}


def verdict(findings, name, wanted, part=""):
    check(name in findings, f"no {name} in {list(findings)}")
    equal(findings[name]["verdict"], wanted, f"{findings[name]}")
    check(part in findings[name]["what"] + findings[name].get("type", ""), f"{findings[name]} does not say {part!r}")


def test_all_is_well(context):
    service = context.service()
    found = doctor(context, "--server", service.url, "--user-id", "ann", "--secret-key-file", str(service.key_file),
                   "--record", str(context.directory / "new" / "rec"))
    for name in ("gstreamer", "plugins for every room", "udp", "network", "server", "room service", "usersig", "clock",
                 "record directory", "state folder", "control socket", "encode and decode Opus", "encode VP8 with vp8enc",
                 "decode VP8 with vp8dec"):
        verdict(found, name, "ok")
    verdict(found, "plugins for every room", "ok", "nice 0.1")
    verdict(found, "room service", "ok", "accepts the UserSig")
    check("same as the server's" in found["clock"]["what"], found["clock"])
    check(not (context.directory / "new").exists(), "the record directory was made")
    equal([p for p in context.directory.rglob("*") if p.name.startswith(".trtc")], [], "files left behind")
    # it looked into nobody's room, and nobody was disturbed
    agent = context.agent(service, "ann", "--exit-after", "5m")
    doctor(context, "--server", service.url, "--user-id", "ann", "--secret-key-file", str(service.key_file))
    check(agent.command("users")["ok"], "the agent of the same name was disturbed")
    equal(agent.find("error"), [], "errors of the agent")


def test_no_warning_in_the_log_of_the_service(context):
    """A check is not somebody who is kept out; wrong credentials are."""
    service = context.service()
    found = doctor(context, "--server", service.url)
    verdict(found, "room service", "ok", "speaks the TRTC protocol")
    found = doctor(context, "--server", service.url, "--user-id", "ann", "--secret-key-file", str(service.key_file))
    verdict(found, "room service", "ok", "accepts the UserSig")
    equal(service.errors, [], "lines in the log of the service")
    other = context.key_file("another-key", "other")
    found = doctor(context, "--server", service.url, "--user-id", "ann", "--secret-key-file", str(other))
    verdict(found, "room service", "fail", "refuses the UserSig")
    service.signal(signal.SIGTERM)
    equal(service.end(), 0, "exit code of the service")
    check(len(service.errors) == 1 and "warning" in service.errors[0] and "refused" in service.errors[0],
          f"lines in the log of the service: {service.errors}")
    # Doctor enters no room.
    equal([e["event"] for e in service.events], ["service-ready"], "events of the service")


def test_text_for_people(context):
    service = context.service()
    program = context.run("doctor", "--server", service.url, "--listen", f"127.0.0.1:{free_port()}", seconds=60,
                          variables={"XDG_RUNTIME_DIR": str(context.directory)})
    equal(program.process.returncode, 0, f"exit code of {program.lines}")
    *lines, last = program.lines
    for line in lines:
        found = LINE.fullmatch(line)
        check(found, f"not of the form: {line!r}")
        equal(found[4] is not None, found[1] != "ok  ", f"a command to type: {line!r}")
        check("\x1b" not in line, "colours in a pipe")
    check(re.fullmatch(r"\d+ ok, \d+ warnings, 0 failures", last), last)
    equal(program.errors, [], "lines on stderr")


def terminal(context, variables):
    """stdout on a terminal of its own."""
    master, slave = os.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRTC_") and k != "NO_COLOR"}
    process = subprocess.Popen([context.binary, "doctor", "--listen", f"127.0.0.1:{free_port()}"], stdin=subprocess.DEVNULL,
                               stdout=slave, stderr=slave, cwd=context.directory,
                               env=environment | {"HOME": str(context.directory), "TERM": "xterm"} | variables)
    os.close(slave)
    out = b""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:
            break
        if not block:
            break
        out += block
    os.close(master)
    process.wait(60)
    return out.decode("utf-8", "replace")


def test_colours_on_a_terminal_only(context):
    colored = terminal(context, {})
    check("\x1b[32mok" in colored, "no colours on a terminal")
    check("checking encoders and decoders" in colored, "no progress on a terminal")
    plain = terminal(context, {"NO_COLOR": "1"})
    check("\x1b[32m" not in plain, "colours in spite of NO_COLOR")
    check("\x1b[32m" not in terminal(context, {"TERM": "dumb"}), "colours on a dumb terminal")


def test_no_service(context):
    url = f"ws://127.0.0.1:{free_port()}"
    verdict(doctor(context, "--server", url), "server", "fail", "refused")
    verdict(doctor(context, variables={"TRTC_SERVER": url}), "server", "fail", "refused")


def test_other_servers(context):
    found = doctor(context, "--server", Listener(context, serve_http).url)
    verdict(found, "server", "ok")
    verdict(found, "room service", "fail", "404")
    found = doctor(context, "--server", Listener(context, serve_nothing).url)
    verdict(found, "room service", "fail", "does not speak HTTP")
    found = doctor(context, "--server", Listener(context, serve_nothing).url.replace("ws:", "wss:"))
    verdict(found, "tls", "fail", "wss")
    found = doctor(context, "--server", "ws://no-such-host.invalid:1")
    verdict(found, "server", "fail", "getent hosts no-such-host.invalid")


def test_user_sig(context):
    service = context.service()
    key = ["--secret-key-file", str(service.key_file)]
    sig_file = context.key_file(make_sig("ann", service.key, expire=3590), "sig")
    good = doctor(context, "--server", service.url, "--user-id", "ann", "--user-sig-file", str(sig_file), *key)
    verdict(good, "usersig", "warn", "59 min")
    verdict(good, "room service", "ok", "accepts the UserSig")
    now = int(time.time())
    cases = [
        (make_sig("ann", service.key, signed_at=now - 7200), "expired on"),
        (make_sig("bob", service.key), "for user bob, not for ann"),
        (make_sig("ann", service.key, app=7), "for application 7"),
        ("garbage", "usersig sign"),
        (make_sig("ann", "another-key"), "was not signed with the key"),
    ]
    for sig, part in cases:
        found = doctor(context, "--server", service.url, "--user-id", "ann", *key, variables={"TRTC_USER_SIG": sig})
        verdict(found, "usersig", "fail", part)
        check(sig not in str(found) or sig == "garbage", "the UserSig is shown")
    # without the key nobody but the service can tell
    found = doctor(context, "--server", service.url, "--user-id", "ann", "--user-sig", make_sig("ann", "another", expire=90000))
    verdict(found, "usersig", "ok")
    verdict(found, "room service", "fail", "refuses the UserSig")
    verdict(doctor(context, "--user-sig-file", "no-such-file"), "usersig", "fail", "ls -l no-such-file")


def certificate(context, name, days="30", alternative="IP:127.0.0.1,DNS:localhost"):
    key, pem = context.directory / f"{name}.key", context.directory / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", days,
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}", "-keyout", key, "-out", pem],
                   check=True, capture_output=True)
    return key, pem


def tls_server(context, key, pem, serve=serve_http):
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(pem, key)

    def serve_tls(connection):
        with secure.wrap_socket(connection, server_side=True) as inner:
            serve(inner)

    return Listener(context, serve_tls).url.replace("ws:", "wss:")


def test_tls(context):
    key, pem = certificate(context, "self-signed")
    url = tls_server(context, key, pem)
    found = doctor(context, "--server", url)
    verdict(found, "tls", "fail", "openssl s_client -connect 127.0.0.1:")
    check("room service" not in found, "something was said to a server that is not trusted")
    verdict(doctor(context, "--server", url, "--insecure"), "tls", "warn", "ignored because of --insecure")
    found = doctor(context, "--server", url, "--ca-file", str(pem))
    verdict(found, "tls", "ok", "127.0.0.1")
    verdict(found, "room service", "fail", "404")
    # what it says to type does it
    command = doctor(context, "--server", url)["tls"]["type"]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True, cwd=context.directory)
    verdict(doctor(context, "--server", url, "--ca-file", "server.pem"), "tls", "ok")
    # and an agent takes the same file, relative or not
    for path in ("server.pem", str(pem)):
        agent = context.run("join", "--server", url, "--ca-file", path, "--user-id", "ann", "--room", "1", "--user-sig", "x", seconds=40)
        check("404" in agent.complaints()[0], f"{agent.complaints()} is about something else than the answer")
    verdict(doctor(context, "--server", url, "--ca-file", "none.pem"), "tls", "fail", "none.pem")


def test_tls_of_another_name_and_near_its_end(context):
    key, pem = certificate(context, "other.example", days="3", alternative="DNS:other.example")
    found = doctor(context, "--server", tls_server(context, key, pem), "--ca-file", str(pem))
    verdict(found, "tls", "fail", "for other.example, not for 127.0.0.1")
    key, pem = certificate(context, "short", days="3")
    verdict(doctor(context, "--server", tls_server(context, key, pem), "--ca-file", str(pem)), "tls", "warn", "expires in")


def test_plug_ins_that_are_missing(context):
    plugins = pathlib.Path(subprocess.run(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"], check=True,
                                          capture_output=True, text=True).stdout.strip())
    folder = context.directory / "plugins"
    folder.mkdir()
    for file in plugins.glob("*.so"):
        if file.name not in ("libgstx264.so", "libgstopenh264.so", "libgstnice.so"):
            (folder / file.name).symlink_to(file)
    found = doctor(context, variables={"GST_PLUGIN_SYSTEM_PATH": str(folder), "GST_REGISTRY": str(context.directory / "registry")},
                   seconds=120)
    verdict(found, "plugin nice", "fail", "apt-get install gstreamer1.0-nice")
    verdict(found, "plugin x264", "warn", "apt-get install gstreamer1.0-plugins-ugly")
    verdict(found, "plugin openh264", "warn", "apt-get install gstreamer1.0-plugins-bad")
    verdict(found, "encode H.264 with x264enc", "warn", "apt-get install gstreamer1.0-plugins-ugly")
    check("nice" not in found["plugins for every room"]["what"], found["plugins for every room"])
    # and one that is broken is found by trying
    (folder / "libgstvpx.so").unlink()
    (folder / "libgstvpx.so").write_bytes(b"no library")
    found = doctor(context, variables={"GST_PLUGIN_SYSTEM_PATH": str(folder), "GST_REGISTRY": str(context.directory / "registry2")},
                   seconds=120)
    verdict(found, "encode VP8 with vp8enc", "warn", "apt-get install gstreamer1.0-plugins-good")


def test_record_directory(context):
    (context.directory / "file").write_text("x")
    for path in ("file", "file/below"):
        verdict(doctor(context, "--record", path), "record directory", "fail", "install -d")
    verdict(doctor(context, "--record", str(context.directory)), "record directory", "ok", "at 0.2 MB/s each")
    (context.directory / "rec").mkdir()
    for there in ("rec", "./rec/", "rec/../rec"):
        found = doctor(context, "--record", there)
        verdict(found, "record directory", "ok", f"{there}: ")
        check("will be created" not in found["record directory"]["what"], found["record directory"])
    for place in ("/proc", "/proc/none", "/sys"):
        verdict(doctor(context, "--record", place), "record directory", "fail",
                "is a file system of the kernel and cannot hold recordings")


def test_port(context):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = context.run("doctor", "--json", "--listen", f"127.0.0.1:{port}", seconds=60)
    taken = next(e for e in found.events if e.get("name") == f"port {port}")
    equal(taken["verdict"], "warn", "verdict")
    check(f"(pid {os.getpid()})" in taken["what"], taken)
    equal(taken["type"], "trtc-cli serve --listen 127.0.0.1:0", "what to type")
    service = context.service()
    address = service.url.removeprefix("ws://")
    found = context.run("doctor", "--json", "--listen", address, seconds=60)
    ours = next(e for e in found.events if e.get("name") == f"port {address.split(':')[1]}")
    equal(ours["verdict"], "ok", f"{ours}")
    check("room service" in ours["what"] and f"(pid {service.process.pid})" in ours["what"], ours)


def test_folders(context):
    found = doctor(context, variables={"XDG_STATE_HOME": "/proc/none", "XDG_RUNTIME_DIR": ""})
    verdict(found, "state folder", "warn", "install -d")
    verdict(found, "control socket", "ok", f"/tmp/trtc-cli-{os.geteuid()}")
    long = context.directory / ("x" * 90)
    long.mkdir()
    verdict(doctor(context, variables={"XDG_RUNTIME_DIR": str(long)}), "control socket", "warn", "too long")


def test_advice_about_the_control_socket_works(context):
    """The suggested command runs in a shell; then the same check succeeds."""
    (context.directory / "bin").mkdir()
    (context.directory / "bin/trtc-cli").symlink_to(context.binary)
    long, open_one, foreign = (context.directory / name for name in ("x" * 90, "open", "foreign"))
    long.mkdir()
    (open_one / "trtc-cli").mkdir(parents=True)
    (open_one / "trtc-cli").chmod(0o755)
    (foreign / "trtc-cli").mkdir(parents=True, mode=0o700)
    cases = [(long, "too long"), (open_one, "accessible to other users (mode 0755)"), (context.directory / "none", "does not exist")]
    if os.geteuid() == 0:
        os.chown(foreign, 65534, 65534)
        cases.append((foreign, "belongs to another user"))
    for directory, words in cases:
        variables = {"XDG_RUNTIME_DIR": str(directory)}
        found = doctor(context, variables=variables)
        verdict(found, "control socket", "warn", words)
        advice = found["control socket"]["type"]
        environment = {**os.environ, **variables, "PATH": f"{context.directory}/bin:{os.environ['PATH']}",
                       "HOME": str(context.directory)}
        again = subprocess.run(["sh", "-c", f"{advice}\ntrtc-cli doctor --json --listen 127.0.0.1:{free_port()}"],
                               env=environment, capture_output=True, text=True, timeout=120, cwd=context.directory)
        lines = [json.loads(line) for line in again.stdout.splitlines()]
        after = next((line for line in lines if line.get("name") == "control socket"), None)
        check(after, f"{advice!r}: {again.stderr}")
        equal(after["verdict"], "ok", f"after {advice!r}: {after}")


def test_configuration_file(context):
    found = doctor(context)
    verdict(found, "configuration file", "ok", "config.toml does not exist, so the defaults are used")
    (context.directory / "mine.toml").write_text("log-level = \"info\"\n")
    equal(doctor(context, "--config", "mine.toml")["configuration file"]["what"], "mine.toml", "what is said of --config")
    missing = context.run("doctor", "--config", "no.toml")
    equal(missing.process.returncode, 2, "exit code for a file that does not exist")
    check("configuration file no.toml cannot be read: No such file" in missing.complaints()[0], missing.complaints())


def test_usage(context):
    for arguments, part in ((["--server", "http://x"], "--server"), (["--listen", "x"], "HOST:PORT"), (["--sdk-app-id", "x"], "--sdk-app-id"),
                            (["--user-sig", "a", "--user-sig-file", "b"], "exclude"), (["--jsno"], "did you mean --json?")):
        program = context.run("doctor", *arguments)
        equal(program.process.returncode, 2, f"exit code of {arguments}")
        check(part in program.complaints()[0], f"{program.complaints()} does not say {part!r}")
