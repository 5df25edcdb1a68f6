# SPDX-License-Identifier: MIT
"""The configuration file, the environment, who wins, and --dry-run."""

import os

from harness import Program, check, equal, refused

BASE = "user-id = 'ann'\nroom = 1\nuser-sig = 'x'\n"


def write(context, text, name="c.toml", mode=0o600):
    path = context.directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def plan(context, *arguments, **options):
    """The event plan of a dry run, its options by name."""
    program = context.run("join", "--dry-run", *arguments, **options)
    equal(program.end(), 0, f"exit code: {program.errors}")
    equal([e["event"] for e in program.events], ["plan", "summary"], "events of a dry run")
    equal(program.events[1]["reason"], "dry-run", "reason")
    event = program.events[0]
    return event, {row["option"]: row for row in event["options"]}


def test_precedence(context):
    path = write(context, BASE + "[join]\nuser-id = 'bob'\n")
    variables = {"TRTC_USER_ID": "eve"}
    steps = [
        (write(context, BASE, "top.toml"), [], {}, "ann", f"{context.directory}/top.toml:1"),
        (path, [], {}, "bob", f"{path}:5"),
        (path, [], variables, "eve", "TRTC_USER_ID"),
        (path, ["--user-id", "joe"], variables, "joe", "command line"),
    ]
    for file, arguments, environment, value, place in steps:
        event, options = plan(context, "--config", file, *arguments, variables=environment)
        equal((options["--user-id"]["value"], options["--user-id"]["from"]), (value, place), "user id and who says it")
        equal(event["configFile"], file, "configFile")
        equal(options["--mode"], {"option": "--mode", "value": "live", "from": "default"}, "a default")


def test_default_file(context):
    path = write(context, BASE, "config/trtc-cli/config.toml")
    event, options = plan(context)
    equal(event["configFile"], path, "configFile")
    equal(options["--room"]["from"], f"{path}:2", "where the room comes from")
    event, _ = plan(context, "--user-id", "a", "--room", "1", "--user-sig", "x", "--config", "/dev/null")
    equal(event["configFile"], "/dev/null", "configFile")
    os.unlink(path)
    event, _ = plan(context, "--user-id", "a", "--room", "1", "--user-sig", "x")
    equal(event["configFile"], "", "configFile without a file")


def test_errors_of_the_file(context):
    cases = [
        ("roon = 5\n", "c.toml:1:1: unknown key \"roon\" (did you mean room?)"),
        ("[join]\nloop = 'yes'\n", "c.toml:2:8: loop is a string: it must be true or false"),
        ("[join]\nlatency = 70000\n" , "--latency \"70000\""),
        ("room = \n", "c.toml:1:"),
        ("a." * 60000 + "a = 1\n", "dots"),
    ]
    for text, part in cases:
        path = write(context, text)
        arguments = ["--user-id", "a", "--room", "1", "--user-sig", "x"] if "latency" in text else []
        refused(context.run("join", "--config", path, *arguments), 2, "INVALID_PARAMETER", part)
    os.mkfifo(context.directory / "pipe")
    for path in (context.directory / "pipe", context.directory, "/dev/zero", context.directory / "missing"):
        refused(context.run("join", "--config", str(path)), 2, "INVALID_PARAMETER", str(path))


def test_events_of_the_file_count_for_its_errors_too(context):
    path = write(context, BASE + "events = 'none'\nlatency = 70000\n")
    program = context.run("join", "--config", path)
    equal(program.end(), 2, "exit code")
    equal(program.lines, [], "stdout")


def test_warnings(context):
    loose = write(context, BASE, mode=0o644)
    program = context.run("join", "--dry-run", "--config", loose, variables={"TRTC_ROMM": "5", "TRTC_REPORT": "r"})
    equal(program.end(), 0, "exit code")
    equal(program.complaints(), [
        "trtc-cli: warning: environment variable TRTC_ROMM does not match any option (did you mean TRTC_ROOM?)",
        f"trtc-cli: warning: configuration file {loose} contains a secret and other users can read it: run chmod 600 on it",
    ], "warnings")


def test_dry_run_does_nothing(context):
    secret = "very-secret-text"
    event, options = plan(context, "--user-id", "a", "--room", "1", "--user-sig", secret, "--video", "test", "--audio",
                          "test", "--record", "records/deep", "--log-file", "log", "--server", "ws://127.0.0.1:1")
    equal(options["--user-sig"]["value"], "<redacted>", "the secret")
    check(secret not in str(event), "the plan tells the secret")
    equal([(s["kind"], s["source"], s["codec"], s["encoded"]) for s in event["sources"]],
          [("video", "test", "h264", True), ("audio", "test", "opus", True)], "sources")
    check("opusenc" in event["sources"][1]["pipeline"], "the pipeline has no encoder")
    check(event["recordings"][0]["path"].startswith("records/deep/"), "where recordings go")
    left = [p.name for p in context.directory.iterdir() if p.name not in ("run", ".cache")]
    equal(left, [], "files that a dry run leaves")


def test_dry_run_refuses_what_would_be_refused(context):
    base = ["--user-id", "a", "--room", "1", "--user-sig", "x", "--dry-run"]
    refused(context.run("join", *base, "--video", "file:nothing.mkv"), 5, "DEVICE_NOT_FOUND", "nothing.mkv")
    refused(context.run("join", *base, "--role", "boss"), 2, "INVALID_PARAMETER", "anchor, audience")
    refused(context.run("join", *base, "--ca-file", "missing.pem"), 2, "INVALID_PARAMETER", "missing.pem")
    refused(context.run("join", "--user-id", "a", "--room", "1", "--secret-key-file", "k", "--dry-run"), 2,
            "INVALID_PARAMETER", "secret key file k")
    write(context, "", "plain")
    refused(context.run("join", *base, "--record", "plain/records"), 9, "OUTPUT_FAILED", "plain")


def test_dry_run_text(context):
    program = context.run("join", "--user-id", "a", "--room", "1", "--user-sig", "x", "--dry-run", "--events", "text")
    equal(program.end(), 0, "exit code")
    equal(program.lines[0], "trtc-cli join, configuration file: none", "first line")
    rows = [line.split() for line in program.lines]
    check(["--room", "1", "command", "line"] in rows, "the room is not in the plan")
    check(["--user-sig", "<redacted>", "command", "line"] in rows, "the UserSig is not redacted")


def test_serve_dry_run(context):
    program = context.run("serve", "--dry-run", "--listen", "127.0.0.1:0")
    equal(program.end(), 0, "exit code")
    equal([e["event"] for e in program.events], ["plan"], "events")
    check(not (context.directory / "state").exists(), "a dry run has made a key")


def test_the_file_serves_a_real_run(context):
    path = write(context, "[serve]\nlisten = '127.0.0.1:0'\nmax-rooms = 3\n")
    service = Program(context, "serve", ["serve", "--config", path, "--events", "json"])
    check(service.wait("service-ready")["url"].startswith("ws://127.0.0.1:"), "url")


def test_a_key_that_others_can_read_is_warned_of_once(context):
    service = context.service()
    service.key_file.chmod(0o644)
    agent = context.agent(service, "ann")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    equal(agent.complaints(), [f"trtc-cli: warning: secret key file {service.key_file} can be read by other users: run chmod 600 on it"],
          "lines on stderr")


def test_a_tilde_in_a_path(context):
    service = context.service()
    (context.directory / "keys").mkdir()
    (context.directory / "keys/mine").write_text(service.key + "\n")
    (context.directory / "keys/mine").chmod(0o600)
    (context.directory / "c.toml").write_text('secret-key-file = "~/keys/mine"\n')
    agent = context.agent(service, "ann", proof=["--config", "c.toml"])
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    (context.directory / "c.toml").write_text('secret-key-file = "~root/mine"\n')
    other = context.agent(service, "ann", proof=["--config", "c.toml"], joined=False)
    equal(other.end(), 2, "exit code")
    check("~ is supported only for your own home directory: write the full path" in other.complaints()[0], other.complaints()[0])
