# SPDX-License-Identifier: MIT
"""--report: what is in it, what must not be in it, and that it costs nobody anything."""

import base64
import json
import re
import shutil
import signal
import stat
import subprocess
import time
import zlib

from harness import TINY, check, equal, free_port, make_sig, refused, wait_until

NOTICE = "trtc-cli: report of this run: "


def report_of(program, context, directory="reports"):
    """The one report in it, after the checks that hold for every one."""
    found = list((context.directory / directory).iterdir())
    equal(len(found), 1, f"reports in {directory}: {found}")
    root = found[0]
    check(re.fullmatch(r"trtc-cli-report-\d{8}T\d{6}Z-%d" % program.process.pid, root.name), root.name)
    equal([x for x in program.errors if x.startswith(NOTICE)], [NOTICE + str(root.relative_to(context.directory))], "notice")
    for path in [root, *root.rglob("*")]:
        equal(stat.S_IMODE(path.stat().st_mode), 0o700 if path.is_dir() else 0o600, f"mode of {path}")
    for name in ("events.jsonl", "options.txt", "environment.txt", "versions.txt", "summary.txt"):
        check((root / name).exists(), f"no {name} in {list(root.iterdir())}")
    return root


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def pieces(secret, size=10):
    return {secret[i:i + size] for i in range(len(secret) - size + 1)}


def no_secret(root, *secrets):
    """Neither a secret nor a piece of it, in none of the forms one can write it in."""
    forbidden = set()
    for secret in secrets:
        forbidden |= pieces(secret)
        forbidden |= pieces(secret.encode().hex())
        for before in range(3):
            packed = base64.b64encode(b"\0" * before + secret.encode()).decode()
            forbidden |= pieces(packed[4 if before else 0:-4])
            forbidden |= pieces(packed[4 if before else 0:-4].translate(str.maketrans("+/", "-_")))
    for path in root.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_text(errors="replace")
        hit = next((piece for piece in forbidden if piece in text), None)
        check(hit is None, f"{path}: a piece of a secret: {hit}")
        for pattern in (r"ice-pwd:(?!<redacted>)", r"srtp-key[:=] *(?:\(buffer\))?[0-9a-f]", r"PRIVATE KEY-----(?!<redacted>)",
                        r'"(?:userSig|privateMapKey)": ?"(?!<redacted>)', r"userSig=(?!<redacted>)"):
            hit = re.search(pattern, text)
            check(hit is None, f"{path}: {text[max(0, hit.start() - 20):hit.end() + 60] if hit else ''}")


def inner_signature(sig):
    packed = base64.b64decode(sig.translate(str.maketrans("*-_", "+/=")))
    return json.loads(zlib.decompress(packed))["TLS.sig"]


def graph_is_whole(path):
    text = path.read_text()
    check(text.startswith("digraph pipeline {") and text.rstrip().endswith("}"), f"{path} is no whole graph")
    if shutil.which("dot"):
        equal(subprocess.run(["dot", "-Tcanon", "-o", "/dev/null", path], capture_output=True, timeout=60).returncode, 0, f"dot {path}")


def test_a_good_run(context):
    service = context.service("--report", "service-report", "--log-level", "error")
    anchor = context.agent(service, "onair", *TINY, "--report", "anchor-report")
    anchor.wait("published")
    sig = make_sig("viewer", service.key)
    viewer = context.agent(service, "viewer", "--role", "audience", "--record", "out", "--report", "reports",
                           proof=["--user-sig-file", str(context.key_file(sig, "sig"))])
    viewer.wait("first-frame", kind="video")
    for agent in (viewer, anchor):
        agent.send("leave\n")
        equal(agent.end(), 0, f"exit code of {agent.name}")
    service.signal(signal.SIGTERM)
    equal(service.end(), 0, "exit code of the service")

    root = report_of(viewer, context)
    equal(lines(root / "events.jsonl"), viewer.events, "events")
    summary = (root / "summary.txt").read_text()
    check("exit code 0\nreason leave\n" in summary, summary)
    options = (root / "options.txt").read_text()
    for part in ("--record = out (command line)", "--role = audience (command line)", "--mode = live (default)"):
        check(part in options, f"{part!r} is not in {options}")
    versions = (root / "versions.txt").read_text()
    for part in ("trtc-cli ", "gstreamer 1.", "plugin nice 0.1", "libsoup 3.", "glib 2.", "kernel Linux", "distribution ", "processors "):
        check(part in versions, f"{part!r} is not in {versions}")
    check(" debug down:onair" in (root / "log.txt").read_text(), "no debug lines in the log")
    equal([x for x in viewer.errors if not x.startswith(NOTICE)], [], "the log on stderr is as it was asked for")
    names = sorted(p.name for p in (root / "sdp").iterdir())
    equal(names, ["0001-down-onair-out-offer.sdp", "0002-down-onair-in-answer.sdp"], "descriptions")
    check((root / "sdp" / names[0]).read_text().startswith("v=0"), "not an SDP")
    check("a=ice-ufrag:" in (root / "sdp" / names[0]).read_text(), "the ufrag is needed to read a trace")
    candidates = lines(root / "candidates.jsonl")
    for direction in ("in", "out"):
        check(any(c["direction"] == direction and "127.0.0.1" in c.get("candidate", "") for c in candidates), f"{direction}: {candidates}")
    messages = lines(root / "messages.jsonl")
    equal((messages[0]["direction"], messages[0]["message"]["cmd"]), ("out", "join"), "first message")
    check(any(m["direction"] == "in" and m["message"].get("cmd") == 20 for m in messages), "no join result")
    graphs = sorted(p.name for p in (root / "graphs").iterdir())
    equal(graphs, ["0001-down-onair-connected.dot", "0002-down-onair-end.dot"], "graphs")
    for name in graphs:
        graph_is_whole(root / "graphs" / name)

    anchor_root = report_of(anchor, context, "anchor-report")
    moments = " ".join(p.name for p in (anchor_root / "graphs").iterdir())
    for part in ("up-connected", "up-end", "test-source-end"):
        check(part in moments, f"no {part} in {moments}")
    service_root = report_of(service, context, "service-report")
    equal(lines(service_root / "events.jsonl"), service.events, "events of the service")
    channels = {m["channel"] for m in lines(service_root / "messages.jsonl")}
    equal({c.split()[-1] for c in channels}, {"onair", "viewer"}, "channels of the service")
    equal(len(list((service_root / "sdp").iterdir())), 4, "descriptions of the service")
    for each in (root, anchor_root, service_root):
        no_secret(each, service.key, sig, inner_signature(sig))


def test_a_join_that_fails(context):
    url = f"ws://127.0.0.1:{free_port()}"
    sig = make_sig("ann", "k" * 20 + "-secret")
    join = ["join", "--server", url, "--user-id", "ann", "--room", "1"]
    agent = context.run(*join, "--user-sig", sig, "--report", "reports", seconds=40)
    equal(agent.process.returncode, 4, "exit code")
    root = report_of(agent, context)
    check("exit code 4\nreason CONNECT_FAILED" in (root / "summary.txt").read_text(), "summary")
    equal(lines(root / "events.jsonl")[-1]["event"], "summary", "last event")
    check("--user-sig = <redacted> (command line)" in (root / "options.txt").read_text(), "options")
    no_secret(root, sig)
    # the same in the environment, with a report only because it failed; and the events go nowhere
    agent = context.run(*join, "--events", "none", seconds=40, variables={"TRTC_USER_SIG": sig, "TRTC_REPORT": "second"})
    equal((agent.process.returncode, agent.lines), (4, []), "result")
    root = report_of(agent, context, "second")
    equal([e["event"] for e in lines(root / "events.jsonl")][-2:], ["error", "summary"], "events")
    check("TRTC_USER_SIG=<redacted>" in (root / "environment.txt").read_text(), "environment")
    no_secret(root, sig)


def test_refused_and_expired(context):
    service = context.service()
    sig = make_sig("ann", service.key, signed_at=int(time.time()) - 7200)
    agent = context.agent(service, "ann", "--report", "reports", proof=["--user-sig", sig], joined=False)
    equal(agent.end(30), 3, "exit code")
    root = report_of(agent, context)
    check(any(m["message"].get("code") for m in lines(root / "messages.jsonl") if m["direction"] == "in"), "the refusal is not there")
    no_secret(root, sig, inner_signature(sig))


def test_media_that_fails(context):
    """A film that is none: nothing was sent, and the report says why."""
    service = context.service()
    (context.directory / "text.mp4").write_text("no film\n" * 500)
    agent = context.agent(service, "ann", "--video", "file:text.mp4", "--report", "reports", joined=False)
    equal(agent.end(30), 5, "exit code")
    check("exit code 5" in (report_of(agent, context) / "summary.txt").read_text(), "summary")


def test_sigterm(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY, "--report", "reports")
    anchor.wait("published")
    root = next((context.directory / "reports").iterdir())
    wait_until(lambda: (root / "stats.json").exists(), "the first figures")
    anchor.signal(signal.SIGTERM)
    equal(anchor.end(), 0, "exit code after SIGTERM")
    root = report_of(anchor, context)
    check(any("up-end" in p.name for p in (root / "graphs").iterdir()), "no graph of the end")
    for path in (root / "graphs").iterdir():
        graph_is_whole(path)
    equal(json.loads((root / "stats.json").read_text())["event"], "stats", "last stats")
    equal(anchor.find("stats"), [], "stats that nobody asked for")


def test_usage_errors_after_parsing(context):
    join = ["join", "--server", "ws://127.0.0.1:1", "--user-id", "ann", "--report", "reports", "--events", "json"]
    agent = context.run(*join, "--room", "0", "--user-sig", "not-to-be-seen-by-anybody")
    equal(agent.process.returncode, 2, "exit code")
    root = report_of(agent, context)
    equal([e["event"] for e in lines(root / "events.jsonl")], ["error", "summary"], "events")
    no_secret(root, "not-to-be-seen-by-anybody")
    shutil.rmtree(context.directory / "reports")
    agent = context.run(*join, "--room", "1", "--secret-key-file", "none")
    equal(agent.process.returncode, 2, "exit code")
    report_of(agent, context)
    # what could not be taken apart leaves nothing
    equal(context.run("join", "--report", "other", "--nonsense").process.returncode, 2, "exit code")
    check(not (context.directory / "other").exists(), "a report of nothing")


def test_where_no_report_can_be_made(context):
    service = context.service()
    (context.directory / "file").write_text("x")
    for directory in ("/proc/none", "file/below", "file"):
        agent = context.agent(service, "ann", "--report", directory, joined=False)
        refused(agent, 9, "OUTPUT_FAILED", directory)
        equal(agent.find("connection-state-changed"), [], "connections made")
    # nobody asked for it on the command line: a warning, and on it goes
    agent = context.agent(service, "ann", "--exit-after", "1ms", joined=False, variables={"TRTC_REPORT": "/proc/none"})
    check(agent.end(30) in (0, 4), "exit code")
    check(any("warning: report directory /proc/none" in x for x in agent.errors), agent.errors)
    equal(context.run("join", "--report", "", "--user-id", "ann", "--room", "1", "--user-sig", "x").process.returncode, 2, "empty")


def test_no_report_of_success_from_the_environment(context):
    service = context.service()
    agent = context.agent(service, "ann", variables={"TRTC_REPORT": "reports"})
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    equal(list((context.directory / "reports").iterdir()), [], "reports")
    equal(agent.errors, [], "lines on stderr")


def test_what_a_crash_leaves(context):
    service = context.service()
    agent = context.agent(service, "onair", *TINY, "--report", "reports")
    agent.wait("published")
    agent.signal(signal.SIGKILL)
    agent.end()
    root = next((context.directory / "reports").iterdir())
    equal([e["event"] for e in lines(root / "events.jsonl")], [e["event"] for e in agent.events], "events")
    for name in ("log.txt", "messages.jsonl", "options.txt", "versions.txt", "candidates.jsonl"):
        check((root / name).stat().st_size > 0, f"{name} is empty")
    check(any("up-connected" in p.name for p in (root / "graphs").iterdir()), "no graph")
    no_secret(root, service.key)


def test_a_disk_that_goes_away(context):
    service = context.service()
    agent = context.agent(service, "ann", "--report", "reports")
    shutil.rmtree(context.directory / "reports")
    agent.send("users\nleave\n")
    equal(agent.end(), 0, "exit code")
    equal([x for x in agent.errors if "warning: the report" in x and "is not complete" in x] != [], True, f"complaint in {agent.errors}")


def test_folders_of_a_report_are_private_whatever_the_umask_is(context):
    service = context.service()
    agent = context.agent(service, "ann", "--role", "audience", "--report", "new/deep/reports",
                          prefix=("sh", "-c", 'umask 0; exec "$@"', "sh"))
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    report_of(agent, context, "new/deep/reports")
    for name in ("new", "new/deep", "new/deep/reports"):
        equal(stat.S_IMODE((context.directory / name).stat().st_mode), 0o700, f"mode of {name}")
