# SPDX-License-Identifier: MIT
"""What an administrator does to rooms and users: commands on the service's stdin and on its control socket."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import stat
import subprocess
import termios
import threading

from harness import TINY, WATCHDOG, Program, check, equal, refused, wait_until


def good(answer):
    check(answer["ok"], f"refused: {answer}")
    return answer


def bad(answer, part):
    check(not answer["ok"] and part in answer["message"], f"{answer} does not say {part!r}")
    return answer


def banned(agent, reason):
    """The agent is removed: event, error, exit code."""
    equal(agent.wait("client-banned")["reason"], reason, "reason")
    equal(agent.end(), 10, "exit code")
    equal(agent.find("error")[0]["name"], "CLIENT_BANNED", "error")
    equal(agent.wait("summary")["exitCode"], 10, "exit code in the summary")


def test_kick(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY)
    anchor.wait("published")
    viewer = context.agent(service, "viewer", "--role", "audience", "--record", "out")
    viewer.wait("first-frame", userId="onair", kind="video")
    bad(service.command("kick nobody@100"), "nobody is not in room 100")
    bad(service.command("kick onair@101"), "not in room 101")
    good(service.command("kick onair@100"))
    equal(service.wait("user-kicked")["roomId"], 100, "room of the event")
    banned(anchor, "kick")
    equal(viewer.wait("peer-leave", userId="onair")["reason"], "kicked", "what the viewer heard")
    viewer.wait("stream-removed", userId="onair")
    stopped = viewer.wait("recording-stopped", userId="onair")
    check(stopped["videoFrames"] > 0, f"the recording is empty: {stopped}")
    # Who is kicked may come back.
    again = context.agent(service, "onair", *TINY)
    again.wait("published")
    viewer.wait("first-frame", count=2, userId="onair", kind="video")
    good(service.command("kick viewer@100"))
    banned(viewer, "kick")
    equal(len(viewer.wait("summary")["recordings"]), 2, "recordings in the summary")
    equal(again.find("peer-leave", userId="viewer"), [], "an audience leaves without a word")
    again.send("leave\n")
    equal(again.end(), 0, "exit code")


def test_ban_and_unban(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY)
    viewer = context.agent(service, "viewer", "--role", "audience")
    equal(good(service.command("ban viewer@100"))["wasPresent"], True, "presence")
    equal(service.wait("user-banned")["userId"], "viewer", "event")
    banned(viewer, "banned")
    refusal = context.agent(service, "viewer", "--role", "audience", joined=False)
    refused(refusal, 3, "REFUSED", "banned from this room")
    # Only from this room, and only this user.
    other = context.agent(service, "viewer", "--role", "audience", room="101")
    equal(good(service.command("ban ghost@100"))["wasPresent"], False, "presence of one who is not there")
    refused(context.agent(service, "ghost", "--role", "audience", joined=False), 3, "REFUSED", "banned")
    equal([(b["userId"], b["roomId"]) for b in good(service.command("bans"))["bans"]],
          [("ghost", 100), ("viewer", 100)], "bans")
    good(service.command("unban viewer@100"))
    equal(service.wait("user-unbanned")["userId"], "viewer", "event")
    bad(service.command("unban viewer@100"), "not banned")
    back = context.agent(service, "viewer", "--role", "audience")
    for agent in (anchor, other, back):
        check(agent.alive(), f"{agent.name} has ended")
        agent.send("leave\n")
        equal(agent.end(), 0, "exit code")


def test_disband(context):
    service = context.service()
    one = context.agent(service, "one", *TINY)
    two = context.agent(service, "two", *TINY, "--record", "out")
    two.wait("first-frame", userId="one", kind="video")
    neighbour = context.agent(service, "one", room="101")
    bad(service.command("disband 102"), "room 102 does not exist")
    equal(good(service.command("disband 100"))["userCount"], 2, "users")
    equal(service.wait("room-disbanded")["roomId"], 100, "event")
    for agent in (one, two):
        banned(agent, "room-disband")
        equal(agent.find("peer-leave"), [], "what everybody hears of the others")
    check(two.wait("recording-stopped")["videoFrames"] > 0, "the recording is empty")
    # The room may be made again, and the neighbour has heard nothing.
    context.agent(service, "one")
    check(neighbour.alive() and not neighbour.find("error"), "the neighbour was disturbed")


def test_rooms_and_users(context):
    service = context.service()
    equal(good(service.command("rooms"))["rooms"], [], "rooms of an empty service")
    anchor = context.agent(service, "onair", *TINY, room="123")
    anchor.wait("published")
    context.agent(service, "viewer", "--role", "audience", room="123")
    context.agent(service, "caller", "--string-room", "--mode", "rtc", room="123")
    context.agent(service, "caller", "--string-room", room="two words")
    listed = {each["room"]: each for each in good(service.command("rooms"))["rooms"]}
    equal(sorted(listed), ['"123"', '"two words"', "123"], "rooms")
    equal((listed["123"]["roomId"], listed["123"]["userCount"], listed["123"]["anchorCount"],
           listed["123"]["publisherCount"]), (123, 2, 1, 1), "number room")
    equal((listed['"123"']["roomId"], listed['"123"']["userCount"]), ("123", 1), "string room")
    users = {each["userId"]: each for each in good(service.command("users 123"))["users"]}
    equal((users["onair"]["role"], users["onair"]["audio"], users["onair"]["video"], users["onair"]["auxVideo"]),
          ("anchor", True, True, False), "the anchor")
    equal((users["viewer"]["role"], users["viewer"]["audio"]), ("audience", False), "the audience")
    anchor.command("mute audio")
    users = {each["userId"]: each for each in good(service.command("users 123"))["users"]}
    equal((users["onair"]["audioMuted"], users["onair"]["videoMuted"]), (True, False), "mutes")
    equal(good(service.command('users "123"'))["users"][0]["mode"], "rtc", "mode")
    good(service.command('kick caller@"123"'))
    equal(service.wait("user-kicked")["roomId"], "123", "a string room in an event is a text")
    good(service.command('kick caller@two words'))
    good(service.command("kick viewer@123"))
    bad(service.command("users 9"), "room 9 does not exist")


def test_bad_commands(context):
    service = context.service()
    for line, part in [("kick", "kick takes 1 argument (USER@ROOM)"), ("kick alice", "USER@ROOM"),
                       ("kick al!ce@1", "al!ce"), ("kick alice@0", "0"), ("kick alice@4294967295", "4294967295"),
                       ("ban alice@", "room"), ("disband a/b", "a/b"), ("kik alice@1", "did you mean kick"),
                       ("users", "users takes 1"), ("rooms now", "rooms takes no arguments"), ("kick " + "x" * 70000, "too long"),
                       ('disband "', "room"), ("@only", "missing after the id")]:
        if line.startswith("@"):
            service.send(line + "\n")
            bad(service.wait("command-result", id="only"), part)
        else:
            bad(service.command(line), part)
    usages = [each["usage"] for each in good(service.command("help"))["commands"]]
    check("kick USER@ROOM" in usages and "disband ROOM" in usages, f"help lists {usages}")
    service.send(b"@\n\n  \n\xff\xfe\x00\x1b[2J\n")
    bad(service.wait("command-result", ok=False, count=14), "missing after the id")
    bad(service.wait("command-result", ok=False, count=15), "unknown command")
    equal(good(service.command("rooms"))["rooms"], [], "rooms")


def test_stop(context):
    service = context.service()
    agent = context.agent(service, "ann", "--reconnect", "0")
    good(service.command("stop"))
    equal(service.end(), 0, "exit code")
    equal(agent.end(), 7, "exit code of the agent")


def test_the_control_socket(context):
    service = context.service()
    port = service.url.rsplit(":", 1)[1]
    path = context.directory / "run/trtc-cli" / f"serve-{port}.sock"
    wait_until(path.exists, "the socket")
    equal(stat.S_IMODE(path.stat().st_mode), 0o600, "mode")
    equal(stat.S_IMODE(path.parent.stat().st_mode), 0o700, "mode of the directory")
    agent = context.agent(service, "alice", "--role", "audience")
    # Nobody is named: what only a service understands goes to it, the rest to the agent.
    answer = context.run("ctl", "users", "100").events[0]
    equal(answer["users"][0]["userId"], "alice", "users of the room")
    check("users" in context.run("ctl", "users").events[0], "the agent's users")
    equal(len(context.run("ctl", "rooms").events[0]["rooms"]), 1, "rooms")
    kicked = context.run("ctl", "--control", str(path), "kick", "alice@100")
    equal((kicked.process.returncode, kicked.events[0]["ok"]), (0, True), "kick by ctl")
    equal(service.wait("command-result", command="kick alice@100")["ok"], True, "the answer on stdout")
    banned(agent, "kick")
    missing = context.run("ctl", "@7", "kick", "alice@100")
    equal(missing.events[0]["id"], "7", "id")
    check(missing.process.returncode != 0, "a refused command has exit code 0")
    # With no agent left, everything goes to the service.
    lines = context.run("ctl", stdin=b"rooms\nbans\nnonsense\n").events
    equal([each["ok"] for each in lines], [True, True, False], "answers to lines on stdin")
    equal(context.run("ctl", "stop").process.returncode, 0, "stop by ctl")
    equal(service.end(), 0, "exit code")
    check(not path.exists(), "the socket is still there")


def test_control_that_is_asked_for(context):
    place = context.directory / "here.sock"
    service = context.service("--control", str(place))
    equal(len(context.run("ctl", "--control", str(place), "help").events), 1, "answers")
    second = context.run("serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(service.key_file), "--events", "json",
                         "--control", str(place))
    refused(second, 2, "INVALID_PARAMETER", str(place))
    equal(second.find("service-ready"), [], "a service that did not start")
    none = context.service("--control", "none")
    equal(len(list((context.directory / "run").rglob("*.sock"))), 0, "sockets of a service that wants none")
    good(none.command("stop"))
    equal(none.end(), 0, "exit code")
    nowhere = context.run("serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(service.key_file), "--events", "json",
                          "--control", "missing/dir.sock")
    refused(nowhere, 2, "INVALID_PARAMETER", "missing/dir.sock")


def test_many_lines_at_once(context):
    service = context.service()
    port = service.url.rsplit(":", 1)[1]
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.settimeout(WATCHDOG)
    one.connect(str(context.directory / "run/trtc-cli" / f"serve-{port}.sock"))
    one.sendall(b"".join(b"@%d rooms\n" % i for i in range(500)) + b"@last kick a@b")
    one.shutdown(socket.SHUT_WR)
    with one.makefile("r") as stream:
        answers = [json.loads(line) for line in stream]
    equal([a["id"] for a in answers], [*map(str, range(500)), "last"], "answers in order")
    service.send("".join(f"@s{i} bans\n" for i in range(2000)))
    service.wait("command-result", id="s1999")
    equal(len(service.find("command-result", ok=True)), 2500, "answers on stdout")


def test_no_stdin_and_its_end(context):
    key = context.key_file()
    arguments = ["serve", "--listen", "127.0.0.1:0", "--secret-key-file", str(key), "--events", "json"]
    # As under systemd, as with a pipe that ends, as started with its stdin closed, and as told to look away.
    null = Program(context, "null", arguments, stdin=subprocess.DEVNULL)
    ended = Program(context, "ended", arguments)
    ended.send("@1 rooms\n@2 bans")
    ended.process.stdin.close()
    closed = Program(context, "closed", arguments, prefix=["sh", "-c", 'exec "$@" <&-', "sh"])
    deaf = Program(context, "deaf", [*arguments, "--no-stdin"])
    deaf.send("stop\nrooms\n")
    for service in (null, ended, closed, deaf):
        service.url = service.wait("service-ready")["url"]
        service.key_file = key
    equal(ended.wait("command-result", id="2")["ok"], True, "the last line without a line feed")
    for service in (null, ended, closed, deaf):
        agent = context.agent(service, "ann", "--role", "audience")
        agent.send("leave\n")
        equal(agent.end(), 0, "exit code of the agent")
        check(service.alive(), f"{service.name} has ended")
        service.signal(signal.SIGTERM)
        equal(service.end(), 0, f"exit code of {service.name}")
    equal(deaf.find("command-result"), [], "answers of one that takes no commands")


def test_in_the_background_of_a_terminal(context):
    """Started with & from an interactive shell: what is typed belongs to the shell, and reading it would stop the service."""
    leader, follower = pty.openpty()
    context.cleanup(lambda: os.close(leader))
    key = context.key_file()
    # The shell has job control, so the service gets a process group of its own that is not in front.
    script = f'set -m; "{context.binary}" serve --listen 127.0.0.1:0 --secret-key-file {key} --events json <&0 >out 2>err & echo $! >pid; read line; echo "heard $line" >heard; read line'
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(context.directory / "run"), "HOME": str(context.directory)}
    shell = subprocess.Popen(["bash", "-c", script], stdin=follower, stdout=follower, stderr=follower, cwd=context.directory,
                             env=environment, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(follower)

    def end():
        os.kill(int((context.directory / "pid").read_text()), signal.SIGKILL)
        shell.kill()
        shell.wait()

    context.cleanup(end)
    out = context.directory / "out"
    wait_until(lambda: out.exists() and "service-ready" in out.read_text(), "the start")
    os.write(leader, b"stop\n")
    wait_until(lambda: (context.directory / "heard").exists(), "the shell's read")
    equal((context.directory / "heard").read_text(), "heard stop\n", "what the shell heard")
    pid = (context.directory / "pid").read_text().strip()
    state = pathlib_read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0]
    check(state in "SR", f"the service is in state {state}")
    check("command-result" not in out.read_text(), "the service took the shell's line")


def test_at_a_prompt_from_the_background_to_the_front(context):
    """In an interactive shell: started with &, brought to the front, stopped, sent back, brought to the front again."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(context.directory / "run"), "HOME": str(context.directory),
                   "TERM": "xterm", "PS1": "shell "}
    shell = subprocess.Popen(["bash", "--norc", "--noediting", "-i"], stdin=follower, stdout=follower, stderr=follower,
                             cwd=context.directory, env=environment, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(follower)
    seen = bytearray()

    def read():
        with contextlib.suppress(OSError):
            while block := os.read(leader, 65536):
                seen.extend(block)

    threading.Thread(target=read, daemon=True).start()
    context.cleanup(lambda: (shell.kill(), shell.wait(), os.close(leader)))

    def typed(keys, answer, what):
        start = len(seen)
        os.write(leader, keys)
        wait_until(lambda: answer in seen[start:], f"{what}; the terminal shows {bytes(seen[start:])[-600:]!r}")

    typed(f"{context.binary} serve --listen 127.0.0.1:0 --secret-key-file {context.key_file()} &\n".encode(),
          b"service ready at ws://", "the start in the background")
    typed(b"echo one$((1+1))\n", b"one2", "the shell's answer")
    typed(b"fg\n", b"> ", "the prompt in front")
    typed(b"roo\t\r", b"rooms: no rooms", "a completed command")
    typed(b"kick nobody@1\r", b"not in room 1", "a refused command")
    typed(b"\x1a", b"Stopped", "the stop")
    typed(b"bg\n", b"serve", "the way to the background")
    typed(b"echo two$((1+1))\n", b"two2", "the shell's answer")
    typed(b"fg\n", b"> ", "the prompt again")
    typed(b"stop\r", b"shell ", "the end")
    typed(b"echo code$?\n", b"code0", "the exit code")


def pathlib_read(path):
    with open(path) as stream:
        return stream.read()
