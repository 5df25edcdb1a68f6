# SPDX-License-Identifier: MIT
"""The control socket of an agent, and `ctl` that speaks to it."""

import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import time

from harness import Program, TINY, WATCHDOG, Room, check, equal, refused, wait_until


def connect(path):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(WATCHDOG)
    one.connect(str(path))
    return one


def lines_of(one):
    """Every answer until the agent closes."""
    with one.makefile("r") as stream:
        return [json.loads(line) for line in stream]


def path_of(context, user="ann", room="100"):
    return context.directory / "run/trtc-cli" / f"{user}@{room}.sock"


def test_a_command_from_another_process(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience")
    path = path_of(context)
    equal(stat.S_IMODE(path.stat().st_mode), 0o600, "mode of the socket")
    equal(stat.S_IMODE(path.parent.stat().st_mode), 0o700, "mode of the directory")
    done = context.run("ctl", "--control", str(path), "users")
    equal(done.process.returncode, 0, "exit code")
    equal(len(done.events), 1, "lines on stdout")
    equal(done.events[0]["users"], [{"userId": "onair", "role": "anchor"}], "users")
    # The same event is on the agent's stdout, once.
    equal(len(agent.find("command-result")), 1, "answers on the agent's stdout")
    equal({k: v for k, v in agent.find("command-result")[0].items() if k not in ("time", "elapsedMs")},
          {k: v for k, v in done.events[0].items() if k not in ("time", "elapsedMs")}, "answer")
    check(context.run("ctl", "--control", str(path), "@7", "switch-role", "anchor").events[0]["id"] == "7", "no id")
    agent.wait("role-switched", role="anchor")
    # An answer that says no brings the exit code of its error.
    for words, code in ((["mute"], 2), (["fly"], 2), (["subscribe", "nobody"], 6)):
        done = context.run("ctl", "--control", str(path), *words)
        equal(done.process.returncode, code, f"exit code of {words}")
        equal(done.events[0]["ok"], False, "ok")
        equal(done.complaints(), [], "lines on stderr")
    room.untouched()
    done = context.run("ctl", "--control", str(path), "leave")
    equal((done.process.returncode, done.events[0]["ok"]), (0, True), "result of leave")
    equal(agent.end(), 0, "exit code of the agent")
    check(not path.exists(), "the socket is still there")
    room.leave()


def test_forms_of_the_answer(context):
    service = context.service()
    agent = context.agent(service, "ann", *TINY)
    agent.wait("published")
    text = context.run("ctl", "--events", "text", "help")
    check(text.lines[0].endswith("s  help:"), f"text is {text.lines[0]!r}")
    table = [re.fullmatch(r" {14}(\S.*?)  +(\S.*)", line) for line in text.lines[1:]]
    check(all(table), f"no table of commands: {text.lines}")
    equal({row[1]: row[2] for row in table}["leave"], "leave the room, close every recording and exit", "help of leave")
    equal(len({row.start(2) for row in table}), 1, "columns in which the explanations begin")
    several = context.run("ctl", "--events", "text", stdin=b"@9 users\nmute audio\nfly\n")
    equal([re.sub(r"^ +[0-9.]+s  ", "", line) for line in several.lines],
          ["@9 users: no users", "mute audio: done",
           "fly failed: unknown command \"fly\"; help lists the commands (INVALID_PARAMETER)"], "answers as text")
    equal(context.run("ctl", "--events", "none", "users").lines, [], "output of --events none")
    # Several from stdin: the first failure counts, all are asked.
    several = context.run("ctl", stdin=b"users\n\n  \nfly\nmute audio\n@x streams")
    equal(several.process.returncode, 2, "exit code")
    equal([e["command"] for e in several.events], ["users", "fly", "mute audio", "streams"], "commands")
    equal(several.events[-1]["id"], "x", "id")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code of the agent")


def test_finding_the_socket(context):
    nobody = context.run("ctl", "users")
    equal(nobody.process.returncode, 4, "exit code without an agent")
    check("no agent is running" in nobody.complaints()[0], nobody.complaints()[0])
    service = context.service()
    agents = [context.agent(service, "ann", "--role", "audience")]
    equal(context.run("ctl", "users").process.returncode, 0, "exit code with one agent")
    agents.append(context.agent(service, "bob", "--role", "audience"))
    both = context.run("ctl", "users")
    equal(both.process.returncode, 2, "exit code with two agents")
    for user in ("ann", "bob"):
        check(str(path_of(context, user)) in both.complaints()[0], both.complaints()[0])
    # A killed agent leaves its file; it counts as none.
    agents[1].signal(signal.SIGKILL)
    agents[1].end()
    check(path_of(context, "bob").exists(), "no file left, nothing tested")
    equal(context.run("ctl", "users").process.returncode, 0, "exit code with one agent and a dead one")
    dead = context.run("ctl", "--control", str(path_of(context, "bob")), "users")
    equal(dead.process.returncode, 4, "exit code for a dead agent")
    check("no agent listens" in dead.complaints()[0], dead.complaints()[0])
    # It is taken over, and removed at the end.
    bob = context.agent(service, "bob", "--role", "audience")
    equal(context.run("ctl", "--control", str(path_of(context, "bob")), "leave").process.returncode, 0, "exit code")
    equal(bob.end(), 0, "exit code of the second bob")
    equal([p.name for p in path_of(context).parent.iterdir() if "@" in p.name], ["ann@100.sock"], "files left")
    by_variable = context.run("ctl", "leave", variables={"TRTC_CONTROL": str(path_of(context)), "XDG_RUNTIME_DIR": ""})
    equal(by_variable.process.returncode, 0, "exit code with TRTC_CONTROL")
    equal(agents[0].end(), 0, "exit code of the agent")


def test_usage_of_ctl(context):
    for arguments, part in ((["--contrl", "x", "users"], "did you mean --control?"), (["--control", "none", "users"], "none"),
                            (["--control", "x" * 108, "users"], "107"), (["--control", "", "users"], "empty"),
                            (["two\nlines"], "line feed"), ([""], "the command is empty"), ([" ", ""], "the command is empty")):
        done = context.run("ctl", *arguments)
        equal(done.process.returncode, 2, f"exit code of {arguments}")
        check(part in done.complaints()[0], done.complaints()[0])
    # Behind the command everything belongs to it.
    service = context.service()
    agent = context.agent(service, "ann")
    done = context.run("ctl", "help", "--control", "x")
    equal(done.events[0]["command"], "help --control x", "command")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code of the agent")


def test_where_the_socket_goes(context):
    service = context.service()
    agent = context.agent(service, "ann", "--control", "none")
    check(not path_of(context).exists(), "a socket in spite of none")
    # A path of one's own, as long as it can be.
    own = "x" * 107
    other = context.agent(service, "bob", "--control", own)
    equal(context.run("ctl", "--control", own, "users").process.returncode, 0, "exit code")
    # Taken by one that lives: for a path that was asked for the end, else a warning.
    refused(context.agent(service, "carol", "--control", own, joined=False), 2, "INVALID_PARAMETER", "running agent")
    equal(context.run("ctl", "--control", own, "users").process.returncode, 0, "exit code after the attempt")
    first = context.agent(service, "dave", room="5")
    second = context.agent(service, "dave", "--insecure", room="5")
    first.wait("client-banned")
    equal(first.end(), 10, "exit code of the first dave")
    wait_until(lambda: any("running agent" in line for line in second.errors), "a warning about the socket")
    check(second.command("users")["ok"], "the second dave does not answer")
    # Files that are no socket are left alone.
    plain = context.directory / "plain"
    plain.write_text("precious")
    refused(context.agent(service, "erin", "--control", str(plain), joined=False), 2, "INVALID_PARAMETER", "is not a socket")
    equal(plain.read_text(), "precious", "content of the file")
    refused(context.agent(service, "erin", "--control", "no/such/place", joined=False), 2, "INVALID_PARAMETER", "no/such/place")
    refused(context.agent(service, "erin", "--control", "y" * 108, joined=False), 2, "INVALID_PARAMETER", "107")
    # A directory that others can write is no place.
    open_directory = context.directory / "open"
    (open_directory / "trtc-cli").mkdir(parents=True)
    (open_directory / "trtc-cli").chmod(0o777)
    agent.send("leave\n")
    warned = context.agent(service, "frank", variables={"XDG_RUNTIME_DIR": str(open_directory)})
    wait_until(lambda: any("is accessible to other users (mode 0777): run chmod 700" in line for line in warned.errors),
               "a warning about the directory")
    asked = context.run("ctl", "--control", "frank@100", "users", variables={"XDG_RUNTIME_DIR": str(open_directory)})
    equal(asked.process.returncode, 2, "exit code of ctl for such a directory")
    check("chmod 700" in asked.complaints()[0], asked.complaints()[0])
    equal(list((open_directory / "trtc-cli").iterdir()), [], "files there")
    for each in (other, second, warned):
        each.send("leave\n")
        equal(each.end(), 0, f"exit code of {each.name}")
    check(not (context.directory / own).exists(), "the socket is still there")
    equal(sorted(p.name for p in context.directory.iterdir() if p.name[1:].isdigit()), [], "drafts left")


def lines_of_open(connection):
    """Lines of a connection that stays open, as they come."""
    stream = connection.makefile("rb")
    while line := stream.readline():
        yield json.loads(line)


def test_many_connections(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience")
    path = path_of(context)
    idle = [connect(path) for _ in range(31)]
    # The last place serves.
    last = connect(path)
    last.sendall(b"".join(b"@%d users\n" % i for i in range(100)))
    last.shutdown(socket.SHUT_WR)
    equal([a["id"] for a in lines_of(last)], [str(i) for i in range(100)], "ids of the answers")
    # All places are taken by connections that ask for nothing: they lock nobody out, the oldest of them goes.
    again = connect(path)
    idle[0].sendall(b"@first users\n")
    equal(next(iter(lines_of_open(idle[0])))["id"], "first", "answer to the oldest connection")
    for _ in range(130):
        def one_more():
            try:
                idle.append(connect(path))
            except BlockingIOError:  # faster than they are taken
                return False
            return True
        wait_until(one_more, "one more connection")
    equal(context.run("ctl", "--control", str(path), "users").process.returncode, 0, "exit code of ctl")
    equal(idle[1].recv(1), b"", "what the idle one hears")
    # One that was used a moment ago outlives those that are idle longer, up to its turn.
    idle[-1].sendall(b"@last users\n")
    equal(next(iter(lines_of_open(idle[-1])))["id"], "last", "answer to the newest connection")
    for each in (*idle, again):
        each.close()
    room.untouched()
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    room.leave()


def test_a_connection_that_does_not_read(context):
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience", "--log-level", "info")
    path = path_of(context)
    rude = connect(path)
    # Long answers, never read: the agent closes. Whoever asks cannot send more than what is taken in.
    rude.settimeout(WATCHDOG)
    try:
        for _ in range(100000):
            rude.sendall(b"help\n" * 20)
        check(False, "100000 blocks were taken in")
    except (BrokenPipeError, ConnectionResetError):
        pass
    wait_until(lambda: any("does not read" in line for line in agent.errors), "a line in the log")
    equal(context.run("ctl", "--control", str(path), "users").process.returncode, 0, "exit code of another")
    check(agent.command("users")["ok"], "stdin is not answered")
    room.untouched()
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")
    room.leave()


def test_bytes_on_the_control_socket(context):
    service = context.service()
    agent = context.agent(service, "ann", "--role", "audience")
    path = path_of(context)
    one = connect(path)
    one.sendall(b"\n\n   \n\xff\x00\x1b[2J\n@a " + b"x" * 200000 + b"\n@b users\n@c us")
    one.shutdown(socket.SHUT_WR)
    answers = lines_of(one)
    equal([a.get("id") for a in answers], [None, "a", "b", "c"], "answers")
    equal([a["ok"] for a in answers], [False, False, True, False], "answers")
    check("too long" in answers[1]["message"], answers[1]["message"])
    # Gone before its answer comes.
    for _ in range(20):
        gone = connect(path)
        gone.sendall(b"users\n" * 50)
        gone.close()
    equal(context.run("ctl", "users").process.returncode, 0, "exit code after all this")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code")


def test_leaving_answers_everybody(context):
    service = context.service()
    agent = context.agent(service, "ann", "--role", "audience")
    one, other = connect(path_of(context)), connect(path_of(context))
    one.sendall(b"users\nleave\nusers\n")
    answers = lines_of(one)
    equal([(a["command"], a["ok"]) for a in answers], [("users", True), ("leave", True), ("users", False)], "answers")
    check("leaving" in answers[2]["message"], answers[2]["message"])
    equal(lines_of(other), [], "what somebody else heard")
    equal(agent.end(), 0, "exit code")
    equal(len(agent.find("command-result")), 3, "answers on stdout")


def test_second_interrupt_removes_the_socket(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY)
    anchor.wait("published")
    agent = context.agent(service, "ann", "--role", "audience", "--record", "out")
    agent.wait("first-frame", userId="onair", kind="video")
    one = connect(path_of(context))
    # a service that takes no goodbye makes leaving slow
    service.signal(signal.SIGSTOP)
    agent.signal(signal.SIGINT)
    agent.wait("recording-stopped")
    agent.signal(signal.SIGINT)
    equal(agent.end(), 130, "exit code")
    equal(lines_of(one), [], "answers")
    check(not path_of(context).exists(), "the socket is still there")


def test_another_user_is_turned_away(context):
    if os.geteuid() != 0:
        return  # only root can be somebody else
    service = context.service()
    agent = context.agent(service, "ann", "--control", str(context.directory / "ctl.sock"))
    (context.directory / "ctl.sock").chmod(0o777)
    context.directory.chmod(0o755)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgid(65534)
            os.setuid(65534)
            one = connect(context.directory / "ctl.sock")
            code = 0 if one.recv(1) == b"" else 1
        finally:
            os._exit(code)
    equal(os.waitpid(pid, 0)[1], 0, "exit code of the stranger")
    wait_until(lambda: any("another user" in line for line in agent.errors), "a line in the log")
    equal(context.run("ctl", "--control", "ctl.sock", "leave").process.returncode, 0, "exit code")
    equal(agent.end(), 0, "exit code of the agent")


def shared_directory():
    return pathlib.Path(f"/tmp/trtc-cli-{os.geteuid()}")


def test_without_a_runtime_directory(context):
    """Containers, cron, sudo: the sockets are in /tmp, in a directory that other users cannot enter."""
    service = context.service("--no-stdin")
    user = f"u{os.getpid()}"  # other runs may use the same place
    agent = context.agent(service, user, variables={"XDG_RUNTIME_DIR": ""})
    path = shared_directory() / f"{user}@100.sock"
    equal(stat.S_IMODE(path.stat().st_mode), 0o600, "mode of the socket")
    equal(stat.S_IMODE(path.parent.stat().st_mode), 0o700, "mode of the directory")
    for control in (str(path), f"{user}@100"):
        done = context.run("ctl", "--control", control, "users", variables={"XDG_RUNTIME_DIR": ""})
        equal((done.process.returncode, done.events[0]["ok"]), (0, True), f"answer at {control}")
    done = context.run("ctl", "--control", f"{user}@100", "leave", variables={"XDG_RUNTIME_DIR": ""})
    equal(done.process.returncode, 0, "exit code of leave")
    equal(agent.end(), 0, "exit code of the agent")
    check(not path.exists(), "the socket is still there")


def test_a_control_directory_of_another_user(context):
    """An existing file is refused unless it is a directory of this user without access for others."""
    service = context.service("--control", "none")
    cases = [("symbolic link", lambda place: place.symlink_to(context.directory / "elsewhere")),
             ("is not a directory", lambda place: place.write_text("x")),
             ("is accessible to other users (mode 0755)", lambda place: place.mkdir(mode=0o755))]
    if os.geteuid() == 0:
        cases.append(("belongs to another user (uid 65534)",
                      lambda place: (place.mkdir(mode=0o700), os.chown(place, 65534, 65534))))
    (context.directory / "elsewhere").mkdir(mode=0o700)
    for number, (words, make) in enumerate(cases):
        runtime = context.directory / f"runtime{number}"
        runtime.mkdir(mode=0o700)
        make(runtime / "trtc-cli")
        variables = {"XDG_RUNTIME_DIR": str(runtime)}
        agent = context.agent(service, f"u{number}", variables=variables)
        wait_until(lambda: any(words in line for line in agent.errors), f"a warning that says {words!r}")
        equal(list((context.directory / "elsewhere").iterdir()), [], "files behind the link")
        asked = context.run("ctl", "users", variables=variables)
        equal(asked.process.returncode, 2, f"exit code of ctl where the directory {words}")
        check(words in asked.complaints()[0] and "--control" in asked.complaints()[0], asked.complaints()[0])
        agent.send("leave\n")
        equal(agent.end(), 0, "exit code of the agent")


def test_ctl_waits_for_the_socket(context):
    service = context.service("--control", "none")
    asked = Program(context, "ctl", ["ctl", "--wait", "60s", "--control", "ann@100", "users"], stdin=subprocess.DEVNULL)
    path = Program(context, "ctl", ["ctl", "--wait", "60s", "--control", str(path_of(context)), "users"], stdin=subprocess.DEVNULL)
    any_agent = Program(context, "ctl", ["ctl", "--wait", "60s", "users"], stdin=subprocess.DEVNULL)
    # No wait is asked for.
    none = context.run("ctl", "--wait", "0s", "--control", "ann@100", "users")
    equal(none.process.returncode, 4, "exit code without an agent")
    check(none.complaints()[0].startswith("trtc-cli: agent ann@100 is not running: no agents in "), none.complaints()[0])
    # The default is two seconds.
    begun = time.monotonic()
    default = context.run("ctl", "--control", str(path_of(context)), "users")
    equal(default.process.returncode, 4, "exit code without an agent")
    check(time.monotonic() - begun >= 2, "ctl has not waited")
    agent = context.agent(service, "ann", "--role", "audience")
    for each in (asked, path, any_agent):
        equal(each.end(), 0, "exit code of one that waited")
        equal(each.events[0]["ok"], True, "answer")
    other = context.run("ctl", "--wait", "0s", "--control", "bob@100", "users")
    check("running agents: ann@100 in" in other.complaints()[0], other.complaints()[0])
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code of the agent")


def test_commands_wait_for_a_stream_on_its_way(context):
    """A script asks as soon as there is a socket, when nothing is subscribed yet."""
    room = Room(context)
    agent = context.agent(room.service, "ann", "--role", "audience", joined=False)
    done = context.run("ctl", "--wait", "60s", "--control", "ann@100", "snapshot", "onair", "shot.png", seconds=30)
    equal((done.process.returncode, done.events[0]["ok"]), (0, True), "answer of snapshot")
    equal((context.directory / "shot.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n", "head of the picture")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code of the agent")
    agent = context.agent(room.service, "bob", "--role", "audience", "--subscribe", "none", joined=False)
    done = context.run("ctl", "--wait", "60s", "--control", "bob@100", "subscribe", "onair", seconds=30)
    equal((done.process.returncode, done.events[0]["ok"]), (0, True), "answer of subscribe")
    # What is not on its way is refused, with its reason, and soon.
    for words, code in ((["snapshot", "nobody", "x.png"], 6), (["subscribe", "nobody"], 6)):
        done = context.run("ctl", "--control", "bob@100", *words, seconds=30)
        equal(done.process.returncode, code, f"exit code of {words}")
    check(agent.command("unsubscribe onair")["ok"], "unsubscribe failed")
    refused_one = agent.command("snapshot onair x.png")
    equal((refused_one["ok"], refused_one["name"]), (False, "INVALID_OPERATION"), "snapshot without a subscription")
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code of the agent")
    room.untouched()
    room.leave()
