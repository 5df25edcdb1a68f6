# SPDX-License-Identifier: MIT
"""serve and usersig."""

import json
import pathlib
import re
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request

from harness import TINY, WATCHDOG, Program, check, equal, make_sig, refused


def test_key_is_made_on_first_use(context):
    first = Program(context, "serve", ["serve", "--listen", "127.0.0.1:0", "--events", "json"])
    ready = first.wait("service-ready")
    path = context.directory / "state" / "trtc-cli" / "serve.key"
    equal(ready["secretKeyFile"], str(path), "key file")
    equal(ready["sdkAppId"], 1400000001, "application")
    check(re.fullmatch(r"ws://127\.0\.0\.1:\d+", ready["url"]), f"url {ready['url']}")
    equal(stat.S_IMODE(path.stat().st_mode), 0o600, "mode of the key")
    for directory in (path.parent, path.parent.parent):
        equal(stat.S_IMODE(directory.stat().st_mode), 0o700, f"mode of {directory}")
    key = path.read_text()
    check(re.fullmatch(r"[0-9a-f]{64}\n", key), "key is not 64 hexadecimal digits")
    equal(list(path.parent.iterdir()), [path], "files beside the key")
    second = Program(context, "serve", ["serve", "--listen", "127.0.0.1:0", "--events", "json"])
    second.wait("service-ready")
    equal(path.read_text(), key, "key at the second start")
    for service in (first, second):
        service.signal(signal.SIGTERM)
        equal(service.end(), 0, "exit code")


def test_two_services_that_start_at_once_share_one_key(context):
    services = [Program(context, f"serve {i}", ["serve", "--listen", "127.0.0.1:0", "--events", "json"]) for i in range(4)]
    for service in services:
        service.wait("service-ready")
    equal(len(list((context.directory / "state" / "trtc-cli").iterdir())), 1, "files in the state directory")
    for service in services:
        service.signal(signal.SIGINT)
        equal(service.end(), 0, "exit code")


def test_key_files_that_will_not_do(context):
    serve = ["serve", "--listen", "127.0.0.1:0", "--events", "json"]
    (context.directory / "file").write_text("x")
    refused(context.run(*serve, "--secret-key-file", str(context.key_file("", "empty"))), 2, "INVALID_PARAMETER", "is empty")
    refused(context.run(*serve, "--secret-key-file", str(context.key_file("a\nb", "two"))), 2, "INVALID_PARAMETER", "one line")
    refused(context.run(*serve, "--secret-key-file", "file/below"), 2, "INVALID_PARAMETER", "--secret-key-file")
    refused(context.run(*serve, variables={"XDG_STATE_HOME": "/proc/none"}), 2, "INVALID_PARAMETER", "--secret-key-file")


def test_a_key_that_others_can_read(context):
    key = context.key_file()
    key.chmod(0o644)
    sign = context.run("usersig", "sign", "--user-id", "ann", "--secret-key-file", str(key))
    equal(sign.process.returncode, 0, "exit code")
    check("chmod 600" in sign.complaints()[0], f"no warning in {sign.errors}")


def test_busy_port(context):
    service = context.service()
    address = service.url.removeprefix("ws://")
    busy = context.run("serve", "--listen", address, "--secret-key-file", str(service.key_file), "--events", "json")
    refused(busy, 2, "CONNECT_FAILED", address.split(":")[1])
    check(service.alive(), "the first service has ended")


def test_addresses(context):
    for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:80"):
        refused(context.run("serve", "--listen", address, "--events", "json"), 2, "INVALID_PARAMETER", "--plain-text")
    refused(context.run("serve", "--listen", "nonsense", "--events", "json"), 2, "INVALID_PARAMETER", "HOST:PORT")


def test_what_pages_post(context):
    """The SDK's log and events, when the service is its loggerProxy; from a page of another origin."""
    service = context.service()
    base = service.url.replace("ws://", "http://")
    post = urllib.request.Request(f"{base}/v5/AVQualityReportSvc/C2S?random=1&sdkappid=1400000001&cmdtype=jssdk_new_endreport",
                                  data=b'{"str_sdk_version":"4.15.22"}', headers={"Content-Type": "text/plain", "Origin": "http://localhost:1"})
    with urllib.request.urlopen(post, timeout=WATCHDOG) as answer:
        equal((answer.status, answer.read(), answer.headers["Access-Control-Allow-Origin"]), (200, b"ok", "*"), "answer")
    ask = urllib.request.Request(f"{base}/api/v1/config", data=b"x", headers={"Origin": "http://localhost:1"})
    with urllib.request.urlopen(ask, timeout=WATCHDOG) as answer:
        equal((answer.headers["Access-Control-Allow-Origin"], answer.headers["Content-Type"]), ("*", "application/json"), "headers")
        said = json.load(answer)
        equal((said["code"], said["data"]["domains"]), (0, [base.removeprefix("http://")]), "where to go")
    try:
        urllib.request.urlopen(urllib.request.Request(f"{base}/v5/elsewhere", data=b"x"), timeout=WATCHDOG)
        check(False, "anything can be posted")
    except urllib.error.HTTPError as error:
        equal(error.code, 404, "another path")
    service.signal(signal.SIGTERM)
    equal(service.end(), 0, "exit code")


def test_file_descriptors_for_one_connection(context):
    """What there are descriptors for goes on; more is refused, and nobody is disturbed."""
    key = context.directory / "key"
    service = Program(context, "serve", ["serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(key), "--events", "json"],
                      prefix=["prlimit", "--nofile=270:270"])
    service.url, service.key_file = service.wait("service-ready")["url"], key
    anchor = context.agent(service, "onair", *TINY)
    anchor.wait("published")
    other = context.agent(service, "other", *TINY)
    error = other.wait("error")
    check("file descriptors" in error["message"] and "LimitNOFILE" in error["message"], f"error {error}")
    viewer = context.agent(service, "viewer", "--role", "audience")
    check("file descriptors" in viewer.wait("error")["message"], "a viewer is told, too")
    check(anchor.command("mute video")["ok"], "the first one goes on")
    equal(anchor.find("error"), [], "errors of the first one")
    service.signal(signal.SIGTERM)
    equal(service.end(), 0, "exit code")


def test_limits(context):
    service = context.service("--max-rooms", "1", "--max-users", "2")
    one = context.agent(service, "one", room="1")
    two = context.agent(service, "two", room="1")
    refused(context.agent(service, "three", room="1", joined=False), 3, "JOIN_ROOM_FAILED")
    refused(context.agent(service, "four", room="2", joined=False), 3, "JOIN_ROOM_FAILED")
    for agent in (one, two):
        equal(agent.find("error"), [], "errors of those inside")
        agent.send("leave\n")
        equal(agent.end(), 0, "exit code")


def test_usersig(context):
    key = context.key_file("my-key")
    who = ["--user-id", "ann", "--secret-key-file", str(key)]
    sig = context.run("usersig", "sign", *who).lines[0]
    equal(context.run("usersig", "verify", sig, *who).process.returncode, 0, "verify")
    equal(context.run("usersig", "verify", "-", *who, stdin=sig.encode() + b"\n").process.returncode, 0, "verify from stdin")
    shown = context.run("usersig", "show", sig).events[0]
    equal((shown["TLS.identifier"], shown["TLS.sdkappid"], shown["TLS.expire"]), ("ann", 1400000001, 86400), "claims")
    # made elsewhere, verified here
    equal(context.run("usersig", "verify", make_sig("ann", "my-key"), *who).process.returncode, 0, "verify of a foreign one")
    bad = [
        (make_sig("ann", "my-key", signed_at=1600000000), who, "expired"),
        (make_sig("ann", "your-key"), who, ""),
        (make_sig("bob", "my-key"), who, "bob"),
        (make_sig("ann", "my-key", app=7), who, "7"),
        ("garbage", who, ""),
        (sig[:-8], who, ""),
    ]
    for text, arguments, part in bad:
        refusal = context.run("usersig", "verify", text, *arguments)
        equal((refusal.process.returncode, refusal.lines, len(refusal.complaints())), (3, [], 1), f"verify of {text}")
        check(part in refusal.complaints()[0], f"{refusal.complaints()[0]!r} does not say {part!r}")
    equal(context.run("usersig", "show", "garbage").process.returncode, 3, "show of garbage")
    equal(context.run("usersig", "sign", "--user-id", "ann", "--secret-key-file", "none").process.returncode, 2, "missing key")


def test_private_map_key(context):
    who = ["--user-id", "ann", "--secret-key-file", str(context.key_file())]
    for room in (["--room", "8888"], ["--room", "live-room_7", "--string-room"]):
        ticket = context.run("usersig", "sign", *who, "--private-map-key", *room, "--privileges", "42").lines[0]
        permit = context.run("usersig", "show", ticket).events[0]["permit"]
        equal((permit["room"], permit["stringRoom"], permit["privileges"]), (room[1], len(room) == 3, 42), "permit")
        equal(context.run("usersig", "verify", ticket, *who, "--private-map-key", *room).process.returncode, 0, "verify")
        other = context.run("usersig", "verify", ticket, *who, "--private-map-key", "--room", "9")
        equal((other.process.returncode, len(other.complaints())), (3, 1), "verify for another room")


def test_a_machine_with_no_interface_but_loopback(context):
    """The five steps again, service and agents in a network namespace of their own."""
    alone = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
        return  # not allowed here
    inner = f"ip link set lo up && exec {sys.executable} {pathlib.Path(__file__).with_name('run.py')} {context.binary} --only join.the_five"
    done = subprocess.run([*alone, "sh", "-c", inner], capture_output=True, text=True, timeout=WATCHDOG * 5)
    equal(done.returncode, 0, f"exit code; it said:\n{done.stdout}{done.stderr}")
    check("1 of 1 tests are green" in done.stdout, f"it said: {done.stdout}")
