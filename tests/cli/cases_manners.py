# SPDX-License-Identifier: MIT
"""What a person at a terminal meets: help, version, one line for one mistake, and what works without being asked for."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

from harness import Program, WATCHDOG, check, equal


def on_terminal(context, *arguments, columns=80, **variables):
    """Runs the binary on a terminal of its own. Returns its exit code and what the terminal got, as lines."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TRTC_", "LC_", "COLUMNS")) and k != "LANG"}
    environment.update(HOME=str(context.directory), XDG_STATE_HOME=str(context.directory / "state"),
                       XDG_CONFIG_HOME=str(context.directory / "config"), XDG_RUNTIME_DIR=str(context.directory / "run"),
                       TERM="xterm-256color", **variables)
    process = subprocess.Popen([context.binary, *arguments], stdin=slave, stdout=slave, stderr=slave, env=environment,
                               cwd=context.directory, start_new_session=True)
    os.close(slave)
    context.cleanup(lambda: (process.kill(), process.wait()))
    deadline, text = time.monotonic() + WATCHDOG, b""
    while True:
        check(time.monotonic() < deadline, f"{arguments} did not end; so far: {text!r}")
        try:
            block = os.read(master, 65536)
        except OSError:  # the last one has closed the terminal
            block = b""
        if not block:
            break
        text += block
    os.close(master)
    return process.wait(WATCHDOG), text.decode("utf-8", "replace").replace("\r\n", "\n").splitlines()


def shown(context, *arguments):
    done = context.run(*arguments)
    equal((done.process.returncode, done.complaints()), (0, []), f"end of {arguments}")
    return done.lines


def test_help_and_version_in_every_form(context):
    everything, join, sign, group = (shown(context, *command, "--help") for command in
                                     ([], ["join"], ["usersig", "sign"], ["usersig"]))
    check(len(everything) > 20 and everything != join, "the help")
    for arguments, wanted in (
            ([], everything), (["-h"], everything), (["help"], everything),
            (["join", "-h"], join), (["help", "join"], join), (["-h", "join"], join), (["join", "--record", "-h"], join),
            (["join", "--vidio", "x", "-h"], join),
            (["help", "usersig", "sign"], sign), (["usersig", "help", "sign"], sign), (["usersig", "sign", "-h"], sign),
            (["usersig"], group), (["usersig", "-h"], group), (["help", "usersig"], group)):
        equal(shown(context, *arguments), wanted, f"output of {arguments}")
    version = shown(context, "--version")
    check(re.fullmatch(r"trtc-cli \d+\.\d+\.\d+", version[0]), f"version is {version}")
    for arguments in (["-V"], ["version"], ["join", "-V"], ["usersig", "-V"], ["usersig", "sign", "--version"]):
        equal(shown(context, *arguments), version, f"output of {arguments}")
    for arguments, part in ((["help", "jion"], "did you mean join?"), (["jion"], "did you mean join?"),
                            (["--loud"], 'unknown option "--loud"'), (["ctl", "--contrl", "x"], "did you mean --control?"),
                            (["serve", "--user-id", "x"], 'unknown option "--user-id"')):
        done = context.run(*arguments, "--events=none") if arguments[0] == "serve" else context.run(*arguments)
        equal((done.process.returncode, len(done.complaints()), done.lines), (2, 1, []), f"end of {arguments}")
        check(part in done.complaints()[0], done.complaints()[0])


def test_help_of_join_has_groups_and_the_width_of_the_terminal(context):
    titles = ["Connection:", "Room:", "Sources:", "Receiving:", "Output:", "Scripting:"]
    for columns in (70, 80, 150):
        code, lines = on_terminal(context, "join", "--help", columns=columns)
        equal(code, 0, "exit code")
        equal([line for line in lines if line in titles], titles, f"groups in {columns} columns")
        longest = max(map(len, lines))
        check(columns - 20 < longest <= columns, f"the longest of the lines for {columns} columns has {longest}")
        starts = {re.match(r"  --[a-z-]+(?: \S+)? {2,}", line).end() for line in lines if re.match(r"  --[a-z-]+(?: \S+)? {2,}\S", line)}
        equal(len(starts), 1, f"places where descriptions begin: {starts}")
    equal(max(map(len, shown(context, "join", "--help"))) <= 80, True, "width without a terminal")
    code, lines = on_terminal(context, "join", "--help", columns=150, COLUMNS="70")
    check(50 < max(map(len, lines)) <= 70, "COLUMNS does not count")


def test_a_reader_of_the_help_that_goes_away(context):
    for arguments in (["--help"], ["join", "--help"], ["help", "join"], ["version"], ["completion", "bash"]):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([context.binary, *arguments], stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
                              timeout=WATCHDOG, check=False)
        os.close(writer)
        equal((done.returncode, done.stderr), (0, b""), f"end of {arguments}")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([context.binary, "join", "--help"], stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                              timeout=WATCHDOG, check=False)
    equal(done.returncode, 9, "exit code on a full disk")
    equal(done.stderr, b"trtc-cli: stdout cannot be written: No space left on device\n", "error on a full disk")


def test_one_mistake_is_one_line_on_a_terminal(context):
    who = ["--user-id", "ann", "--room", "1"]
    for arguments, part in ((["join", *who, "--vidio", "x"], "did you mean --video?"),
                            (["join", *who, "--vidio", "x", "--events", "json"], "did you mean --video?"),
                            (["join", *who, "--secret-key-file", "no-such-file"], "no-such-file cannot be read"),
                            (["serve", "--listen", "x"], "--listen"),
                            (["serve", "--config", "none.toml"], "none.toml cannot be read"),
                            (["usersig", "sign"], "--user-id is missing"), (["jion"], "did you mean join?")):
        code, lines = on_terminal(context, *arguments)
        equal((code, len(lines)), (2, 1), f"end of {arguments}: {lines}")
        check(lines[0].startswith("trtc-cli: ") and part in lines[0], lines[0])
    # a report has everything all the same
    code, lines = on_terminal(context, "join", *who, "--vidio", "x", "--report", "report")
    equal(code, 2, "exit code")
    code, lines = on_terminal(context, "join", *who, "--role", "boss", "--report", "report")
    equal((code, len(lines)), (2, 2), f"end with --report: {lines}")
    events = [json.loads(line) for line in (context.directory / lines[1].split()[-1] / "events.jsonl").read_text().splitlines()]
    equal([event["event"] for event in events], ["error", "summary"], "events in the report")


def test_text_of_a_user_on_a_terminal(context):
    for locale, wanted in (({"LANG": "C.UTF-8"}, "jürgen 你好"), ({}, "jürgen 你好"), ({"LANG": "C.UTF-8", "LC_ALL": "C"}, "j?rgen ??"),
                           ({"LANG": "de_DE.ISO-8859-1"}, "j?rgen ??")):
        code, lines = on_terminal(context, "join", "--room", "1", "--user-id", "jürgen 你好", **locale)
        equal((code, len(lines)), (2, 1), f"end in {locale}: {lines}")
        check(f'user id "{wanted}" is not allowed' in lines[0], f"in {locale}: {lines[0]}")
    code, lines = on_terminal(context, "join", "--room", "1", "--user-id", "\x1b[31mred\u009b1m\u202e")
    equal((code, len(lines)), (2, 1), f"end: {lines}")
    check('user id "?[31mred?1m?" is not allowed' in lines[0], f"control characters: {lines[0]!r}")
    # a file is UTF-8 in every locale
    done = context.run("join", "--room", "1", "--user-id", "jürgen", variables={"LC_ALL": "C"})
    check('"jürgen"' in done.complaints()[0] and '"jürgen"' in done.find("error")[0]["message"], done.complaints()[0])


def test_the_key_of_the_service_on_this_machine(context):
    service = Program(context, "serve", ["serve", "--listen", "127.0.0.1:0", "--events", "json"])
    ready = service.wait("service-ready")
    key = ready["secretKeyFile"]
    join = ["join", "--server", ready["url"], "--user-id", "ann", "--room", "1", "--events", "json"]
    agent = Program(context, "ann", join)
    agent.wait("joined")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    equal(agent.complaints(), [f"trtc-cli: signing in with the key of the service on this machine, {key}"], "lines on stderr")
    equal(agent.find("error"), [], "errors")
    plan = context.run(*join, "--dry-run")
    equal((plan.process.returncode, plan.complaints()), (0, []), "end of the dry run")
    options = {each["option"]: each for each in plan.find("plan")[0]["options"]}
    equal((options["--secret-key-file"]["value"], options["--secret-key-file"]["from"]),
          (key, "default: the key of serve on this machine"), "origin of the key")
    # credentials that are given count alone
    bad = context.run(*join, "--user-sig", "x")
    equal(bad.process.returncode, 3, "exit code with a bad UserSig")
    check("the key of the service" not in bad.complaints()[0], bad.complaints()[0])
    service.signal(signal.SIGTERM)
    equal(service.end(), 0, "exit code of the service")


def test_quit_and_exit(context):
    service = context.service()
    for index, word in enumerate(("quit", "exit")):
        agent = context.agent(service, f"ann{index}")
        check(any(row["usage"] == word for row in agent.command("help")["commands"]), f"help does not list {word}")
        check(agent.command(word)["ok"], f"{word} failed")
        equal(agent.end(), 0, f"exit code after {word}")
        equal(agent.find("left")[0]["reason"], "leave", "reason")
        agent = context.agent(service, f"bob{index}", "--control", "socket")
        equal(context.run("ctl", "--control", "socket", word).process.returncode, 0, f"exit code of ctl {word}")
        equal(agent.end(), 0, f"exit code after ctl {word}")
        other = context.service("--control", "other")
        equal(context.run("ctl", "--control", "other", word).process.returncode, 0, f"exit code of ctl {word}")
        equal(other.end(), 0, f"exit code of the service after {word}")


def test_usersig_in_usual_words(context):
    who = ["--user-id", "ann", "--secret-key-file", str(context.key_file())]

    def claims(*options):
        sig = shown(context, "usersig", "sign", *who, *options)[0]
        return sig, json.loads(shown(context, "usersig", "show", sig)[0])

    for expire in ("7d", "168h", "604800"):
        equal(claims("--expire", expire)[1]["TLS.expire"], 604800, f"seconds of {expire}")
    room = ["--private-map-key", "--room", "8888"]
    for names, number, told in (("enter,receive", 170, "enter,receive-audio,receive-video,receive-aux"),
                                ("42", 42, "enter,receive-audio,receive-video"),
                                ("all", 255, "create,enter,send-audio,receive-audio,send-video,receive-video,send-aux,receive-aux")):
        sig, said = claims(*room, "--privileges", names)
        equal((said["permit"]["privileges"], said["permit"]["privilegeNames"]), (number, told), f"rights of {names}")
    check(shown(context, "usersig", "verify", sig, *who, *room)[0].endswith(f"privileges 255 ({told})"), "verify")
    done = context.run("usersig", "sign", *who, *room, "--privileges", "enter,kick")
    equal((done.process.returncode, len(done.complaints())), (2, 1), "end with an unknown right")
    check('"kick" is unknown; use create, enter' in done.complaints()[0], done.complaints()[0])
