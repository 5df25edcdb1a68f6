# SPDX-License-Identifier: MIT
"""TLS, relay, proxy, addresses and ports."""

import re
import signal
import ssl
import subprocess
import time
import urllib.request

from harness import TINY, Program, check, equal, free_port, refused, wait_until
from network_tools import Certificates, Proxy, Turn

LOCAL = ["serve", "--listen", "127.0.0.1:0", "--events", "json"]


def leave(*agents):
    for agent in agents:
        agent.send("leave\n")
    for agent in agents:
        equal(agent.end(), 0, f"exit code of {agent.name}")


# ---- TLS ----------------------------------------------------------------------------------

def test_a_room_over_tls(context):
    certificates = Certificates(context)
    certificate, key = certificates.make("room")
    service = context.service("--tls-cert", certificate, "--tls-key", key)
    check(re.fullmatch(r"wss://127\.0\.0\.1:\d+", service.url), f"url {service.url}")
    ann = context.agent(service, "ann", *TINY, "--ca-file", certificates.ca)
    ann.wait("published")
    bob = context.agent(service, "bob", "--role", "audience", "--ca-file", certificates.ca)
    bob.wait("first-frame", kind="video")
    trusting = context.agent(service, "eve", "--role", "audience", "--insecure")
    trusting.wait("first-frame", kind="video")
    context_tls = ssl.create_default_context(cafile=certificates.ca)
    with urllib.request.urlopen(service.url.replace("wss", "https") + "/healthz", context=context_tls, timeout=5) as answer:
        equal(answer.read(), b"ok\n", "healthz over https")
    leave(bob, trusting, ann)


def test_certificates_that_are_refused(context):
    certificates = Certificates(context)
    cases = [
        (certificates.make("good"), [], "--ca-file"),
        (certificates.make("elsewhere", "DNS:elsewhere.example"), ["--ca-file", certificates.ca], "is for another host name"),
        (certificates.make("old", expired=True), ["--ca-file", certificates.ca], "has expired"),
    ]
    for (certificate, key), options, part in cases:
        service = context.service("--tls-cert", certificate, "--tls-key", key)
        agent = context.agent(service, "ann", "--no-stdin", *options, joined=False)
        refused(agent, 4, "CONNECT_FAILED", part)
        check("127.0.0.1:" in agent.complaints()[0], f"the service is not named: {agent.complaints()}")
        brave = context.agent(service, "bob", "--insecure")
        leave(brave)
        service.signal(signal.SIGTERM)
        equal(service.end(), 0, "exit code of the service")
    # Plain text towards TLS.
    certificate, key = certificates.make("plain")
    service = context.service("--tls-cert", certificate, "--tls-key", key)
    service.url = service.url.replace("wss", "ws")
    refused(context.agent(service, "ann", "--no-stdin", joined=False), 4, "CONNECT_FAILED", "wss")


def test_tls_files_that_will_not_do(context):
    certificates = Certificates(context)
    certificate, key = certificates.make("one")
    _, foreign = certificates.make("two")
    garbage = context.directory / "garbage.pem"
    garbage.write_text("no certificate\n")
    for options, part in [
        (["--tls-cert", certificate], "--tls-key is missing"),
        (["--tls-key", key], "--tls-cert is missing"),
        (["--tls-cert", certificate, "--tls-key", "nowhere.key"], "nowhere.key"),
        (["--tls-cert", "nowhere.pem", "--tls-key", key], "nowhere.pem"),
        (["--tls-cert", str(garbage), "--tls-key", key], "garbage.pem"),
        (["--tls-cert", certificate, "--tls-key", foreign], "does not belong to the certificate"),
    ]:
        refused(context.run(*LOCAL, *options), 2, "INVALID_PARAMETER", part)
    old, old_key = certificates.make("old", expired=True)
    service = context.service("--tls-cert", old, "--tls-key", old_key)
    wait_until(lambda: any("expired" in line and "old.pem" in line for line in service.errors), "a warning of the old certificate")


def test_beyond_this_machine_needs_tls(context):
    refused(context.run("serve", "--listen", "0.0.0.0:0", "--events", "json"), 2, "INVALID_PARAMETER", "--tls-cert")
    certificates = Certificates(context)
    certificate, key = certificates.make("room")
    service = Program(context, "serve", ["serve", "--listen", "0.0.0.0:0", "--events", "json", "--tls-cert", certificate,
                                         "--tls-key", key])
    check(service.wait("service-ready")["url"].startswith("wss://"), "no wss")


# ---- TURN ---------------------------------------------------------------------------------

def relayed(context, transport):
    turn = Turn(context)
    service = context.service()
    options = {"variables": {"TRTC_TURN": turn.url(transport), "TRTC_ICE": "relay"}}
    ann = context.agent(service, "ann", *TINY, "--log-level", "trace", **options)
    ann.wait("published")
    bob = context.agent(service, "bob", "--role", "audience", "--record", "relayed", **options)
    bob.wait("first-frame", kind="video")
    bob.wait("first-frame", kind="audio")
    path = context.directory / bob.wait("recording-started")["path"]
    wait_until(lambda: path.stat().st_size > 40_000, "growth of the recording")
    leave(bob, ann)
    stopped = bob.find("recording-stopped")[0]
    check(stopped["videoFrames"] > 10 and stopped["audioPackets"] > 50, f"recording {stopped}")
    equal(path.stat().st_size, stopped["bytes"], "size of the recording")
    usage = [line for line in turn.lines if "ALLOCATE processed, success" in line or "usage" in line]
    check(usage, "coturn has seen no allocation:\n" + "\n".join(turn.lines[-30:]))
    told = "\n".join(ann.errors + ann.lines + bob.errors + bob.lines)
    for secret in (turn.PASSWORD, turn.ESCAPED.split(":")[1]):
        check(secret not in told, "the password is in the output")


def test_media_through_turn_over_udp(context):
    relayed(context, "udp")


def test_nothing_goes_around_the_relay(context):
    turn = Turn(context)
    service = context.service()
    options = {"variables": {"TRTC_TURN": turn.url(), "TRTC_ICE": "relay"}}
    ann = context.agent(service, "ann", *TINY)
    ann.wait("published")
    bob = context.agent(service, "bob", "--role", "audience", **options)
    bob.wait("first-frame", kind="audio")

    def received():
        return bob.command("stats")["remoteAudio"][0]["packetsReceived"]
    start = received()
    wait_until(lambda: received() > start + 20, "sound through the relay")
    turn.close()
    last, since = received(), time.monotonic()

    def silent():
        nonlocal last, since
        now = received()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 1  # sound comes every 20 ms
    wait_until(silent, "silence without the relay")
    leave(bob, ann)


def test_media_through_turn_over_tcp(context):
    relayed(context, "tcp")


def test_turn_with_a_wrong_password(context):
    turn = Turn(context)
    service = context.service()
    ann = context.agent(service, "ann", *TINY, "--no-stdin", "--ice", "relay", "--turn", turn.url(credentials="alice:wr%25ong"),
                        joined=False)
    refused(ann, 6, "MEDIA_FAILED", f"turn:127.0.0.1:{turn.port}")
    check("wr%ong" not in "\n".join(ann.errors + ann.lines), "the password is in the output")
    # Whoever may go another way does.
    bea = context.agent(service, "bea", *TINY, "--turn", turn.url(credentials="alice:wrong"))
    bea.wait("published")
    leave(bea)


def test_no_turn_server(context):
    service = context.service()
    url = f"turn:u:p@127.0.0.1:{free_port()}?transport=tcp"
    refused(context.agent(service, "ann", *TINY, "--no-stdin", "--ice", "relay", "--turn", url, joined=False), 6, "MEDIA_FAILED",
            "gave no relay address")


def test_addresses_of_helpers_that_will_not_do(context):
    join = ["join", "--user-id", "ann", "--room", "1", "--secret-key-file", str(context.key_file()), "--events", "json"]
    for option, value, part in [
        ("--turn", "turn:host", "user and password are missing"),
        ("--turn", "turn:s3cret@host", "before the @"),
        ("--turn", "turn:u:s3cret@host?transport=sctp", "transport=tcp"),
        ("--turn", "turn:u:s3cret@host:0", "port"),
        ("--turn", "turns:u:s3cret@host", "TLS"),
        ("--turn", "http://u:s3cret@host", "turn:"),
        ("--stun", "stun:", "host is missing"),
        ("--stun", "stun:host:65536", "port"),
        ("--stun", "turn:host", "stun:"),
        ("--proxy", "https://host:1", "socks5://"),
        ("--proxy", "http://host", "port is missing"),
        ("--proxy", "http://u:s3cret@ho st:3", "host"),
        ("--ice", "none", "relay"),
        ("--ice", "relay", "--turn"),
    ]:
        program = context.run(*join, option, value)
        refused(program, 2, "INVALID_PARAMETER", part)
        check(option in program.complaints()[0], program.complaints()[0])
        check("s3cret" not in "\n".join(program.errors + program.lines), f"the password of {value} is repeated")


# ---- proxy --------------------------------------------------------------------------------

def test_signalling_through_a_proxy(context):
    certificates = Certificates(context)
    certificate, key = certificates.make("room")
    service = context.service("--tls-cert", certificate, "--tls-key", key)
    proxy = Proxy(context, [service.url.rsplit(":", 1)[1]], credentials="us:er")
    ann = context.agent(service, "ann", *TINY, "--ca-file", certificates.ca, "--proxy", proxy.url("us:er"))
    ann.wait("published")
    check(any("CONNECT 127.0.0.1:" + service.url.rsplit(":", 1)[1] in line for line in proxy.lines),
          "the proxy was not asked:\n" + "\n".join(proxy.lines))
    leave(ann)
    wrong = context.agent(service, "bob", "--no-stdin", "--ca-file", certificates.ca, "--proxy", proxy.url("us:3rr0r"), joined=False)
    refused(wrong, 4, "CONNECT_FAILED", f"127.0.0.1:{proxy.port}")
    check("3rr0r" not in "\n".join(wrong.errors + wrong.lines), "the password is in the output")


def test_plain_signalling_through_a_proxy(context):
    service = context.service()
    port = service.url.rsplit(":", 1)[1]
    proxy = Proxy(context, [port])
    ann = context.agent(service, "ann", "--role", "audience", "--proxy", proxy.url())
    check(any(f"CONNECT 127.0.0.1:{port}" in line for line in proxy.lines), "the proxy was not asked:\n" + "\n".join(proxy.lines))
    leave(ann)


def test_proxies_that_refuse(context):
    certificates = Certificates(context)
    certificate, key = certificates.make("room")
    service = context.service("--tls-cert", certificate, "--tls-key", key)
    proxy = Proxy(context, [])
    ann = context.agent(service, "ann", "--no-stdin", "--ca-file", certificates.ca, "--proxy", proxy.url(), joined=False)
    refused(ann, 4, "CONNECT_FAILED", f"the proxy http://127.0.0.1:{proxy.port}")
    for scheme in ("http", "socks5"):
        nobody = f"{scheme}://127.0.0.1:{free_port()}"
        bob = context.agent(service, "bob", "--no-stdin", "--ca-file", certificates.ca, "--proxy", nobody, joined=False)
        refused(bob, 4, "CONNECT_FAILED", nobody)


# ---- addresses and ports of the service ---------------------------------------------------

def test_media_ports(context):
    port = free_port()
    service = context.service("--media-ports", f"{port}-{port}")
    ann = context.agent(service, "ann", *TINY, "--log-level", "trace")
    ann.wait("published")
    used = subprocess.run(["ss", "-lunH", f"sport = :{port}"], capture_output=True, text=True, timeout=10).stdout
    check(f"127.0.0.1:{port}" in used, f"port {port} is not in use: {used}")
    # One port, one connection: the next one fails, and only that one.
    bob = context.agent(service, "bob", "--role", "audience", "--no-stdin", "--expect", "error@20s", "--exit-when-expected")
    equal(bob.end(), 6, "exit code of who found no port")
    error = bob.find("error")[0]
    equal(error["name"], "MEDIA_FAILED", "error")
    check("--media-ports" in error["message"], error["message"])
    check(ann.alive() and not ann.find("error"), "the publisher noticed")
    leave(ann)
    for value, part in [("5000", "FIRST-LAST"), ("5000-4000", "above"), ("80-90", "first port"), ("5000-x", "last port")]:
        refused(context.run(*LOCAL, "--media-ports", value), 2, "INVALID_PARAMETER", part)


def test_media_addresses_that_will_not_do(context):
    for value in ("example.org", "0.0.0.0", "224.0.0.1", "1.2.3"):
        refused(context.run(*LOCAL, "--media-address", value), 2, "INVALID_PARAMETER", value)


# ---- figures ------------------------------------------------------------------------------

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"\})? (\S+)')


def scrape(service):
    """Every sample of /metrics as {(name, label value): number}; strict about the text format 0.0.4."""
    with urllib.request.urlopen(service.url.replace("ws", "http", 1) + "/metrics", timeout=5) as answer:
        equal(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8", "content type")
        text = answer.read().decode()
    check(text.endswith("\n"), "the last line does not end")
    samples, helped, typed, family = {}, set(), {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
            check(family not in helped, f"{family} comes twice")
            helped.add(family)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            equal(name, family, "TYPE follows its HELP")
            check(kind in ("counter", "gauge"), line)
            check((kind == "counter") == name.endswith("_total"), f"{name} is a {kind}")
            typed[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            check(match, f"no sample: {line!r}")
            equal(match[1], family, "sample of the family")
            check(match[1] in typed, f"{match[1]} has no type")
            check((match[1], match[3]) not in samples, f"{line} comes twice")
            samples[(match[1], match[3])] = float(match[4])
    return samples


def test_metrics(context):
    service = context.service()
    first = scrape(service)
    for name in ("rooms", "users", "anchors", "publishers", "streams", "uplinks", "downlinks", "joins_total",
                 "media_received_bytes_total", "media_forwarded_bytes_total", "sessions_slowed_total", "failures_total"):
        equal(first[("trtc_" + name, None)], 0, name)
    for reason in ("user-sig", "limit", "permission", "malformed", "rate", "work", "connections-per-address"):
        equal(first[("trtc_refusals_total", reason)], 0, f"refusals for {reason}")
    for reason in ("unknown-ssrc", "payload-type", "malformed", "late", "encryption"):
        equal(first[("trtc_packets_dropped_total", reason)], 0, f"packets dropped for {reason}")
    check(abs(first[("process_start_time_seconds", None)] - time.time()) < 60, "start time of the process")
    check(first[("process_resident_memory_bytes", None)] > 1e6, "memory of the process")
    check(first[("process_open_fds", None)] > 3, "descriptors of the process")

    ann = context.agent(service, "ann", *TINY)
    ann.wait("published")
    bob = context.agent(service, "bob", "--role", "audience")
    bob.wait("first-frame", kind="video")
    other = context.agent(service, "eve", "--role", "audience", room="200")
    now = scrape(service)
    for name, value in (("rooms", 2), ("users", 3), ("anchors", 1), ("publishers", 1), ("streams", 1), ("uplinks", 1), ("downlinks", 1),
                        ("joins_total", 3)):
        equal(now[("trtc_" + name, None)], value, name)
    refused(context.agent(service, "mal", "--no-stdin", joined=False, proof=["--user-sig", "nonsense"]), 3,
            "SIGNAL_CHANNEL_SETUP_FAILED")
    equal(scrape(service)[("trtc_refusals_total", "user-sig")], 1, "refusals")

    # The agents count for themselves, at the other ends.
    bob.command("unsubscribe ann")
    received = bob.command("stats")
    equal(received["remoteVideo"], [], "stats of what is not subscribed")
    leave(bob, other)
    ann.command("unpublish")
    leave(ann)
    wait_until(lambda: scrape(service)[("trtc_users", None)] == 0, "an empty service")
    end = scrape(service)
    sent, got = ann.find("summary")[0]["bytesSent"], bob.find("summary")[0]["bytesReceived"]
    taken, passed = end[("trtc_media_received_bytes_total", None)], end[("trtc_media_forwarded_bytes_total", None)]
    check(0.9 * sent <= taken <= sent, f"{sent} bytes were sent, {taken} were received")
    check(passed * 0.8 <= got <= passed, f"{passed} bytes were forwarded, {got} arrived")
    check(end[("process_cpu_seconds_total", None)] > first[("process_cpu_seconds_total", None)], "CPU seconds")
    for name, value in end.items():
        check(not name[0].endswith("_total") or value >= first[name], f"{name} has shrunk")


def test_healthz(context):
    service = context.service()
    with urllib.request.urlopen(service.url.replace("ws", "http", 1) + "/healthz", timeout=5) as answer:
        equal((answer.status, answer.read()), (200, b"ok\n"), "healthz")


def test_stats_event_and_command(context):
    service = context.service()
    refused(context.run("join", "--user-id", "a", "--room", "1", "--secret-key-file", str(service.key_file), "--events", "json",
                        "--stats", "0"), 2, "INVALID_PARAMETER", "--stats")
    ann = context.agent(service, "ann", *TINY, "--stats", "1")
    ann.wait("published")
    bob = context.agent(service, "bob", "--role", "audience", "--record", "out")
    bob.wait("first-frame", kind="video")
    # A rate is there a second later, a round trip with the first report.
    wait_until(lambda: any("rtt" in e and e["upKbps"] > 0 for e in ann.find("stats")), "a stats event with everything")
    event = ann.find("stats")[-1]
    equal([(v["userId"], v["streamType"], v["frameWidth"], v["frameHeight"]) for v in event["localVideo"]],
          [("ann", "main", 160, 120)], "local video")
    equal([a["userId"] for a in event["localAudio"]], ["ann"], "local audio")
    equal((event["remoteAudio"], event["remoteVideo"]), ([], []), "remote figures of who is alone")
    check(event["localVideo"][0]["framesSent"] <= event["localVideo"][0]["framesEncoded"] + 1, f"frames of {event}")
    check("bytesSent" in event["localAudio"][0] and event["localAudio"][0]["packetsSent"] > 20, f"audio of {event}")
    answer = bob.command("stats")
    check(answer["ok"] and "rtt" not in answer, f"answer {answer}")
    equal([(v["userId"], v["streamType"], v["packetsLost"], v["frameWidth"]) for v in answer["remoteVideo"]],
          [("ann", "main", 0, 160)], "remote video")
    equal([(a["userId"], a["packetsLost"]) for a in answer["remoteAudio"]], [("ann", 0)], "remote audio")
    equal(bob.find("stats"), [], "stats events nobody asked for")
    # Long enough for the file's own tables to count little.
    path = context.directory / bob.wait("recording-started")["path"]
    wait_until(lambda: path.stat().st_size > 25_000, "growth of the recording")
    leave(bob, ann)
    summary, stopped = bob.find("summary")[0], bob.find("recording-stopped")[0]
    check(0.5 * stopped["bytes"] < summary["bytesReceived"] <= stopped["bytes"] * 1.1, f"{summary} {stopped}")
    equal(summary["bytesSent"], 0, "bytes sent by an audience")
    for field in ("cpuSeconds", "maxRssKiB"):
        check(summary[field] > 0, f"{field} in {summary}")
