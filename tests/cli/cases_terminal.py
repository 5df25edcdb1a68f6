# SPDX-License-Identifier: MIT
"""The agent on a terminal: prompt, completion, history, status line, and the terminal afterwards."""

import json
import re
import signal
import stat

import harness
from harness import TINY, WATCHDOG, check, equal, wait_until
from terminal import Terminal, is_status


def start(context, service, *arguments, user="alice", terminal=None, events="text", joined=True, **more):
    """alice on a terminal, in the room when this returns."""
    terminal = terminal or Terminal(context, **more)
    line = context.join_arguments(service, user)
    line[line.index("--events") + 1] = events
    terminal.start([*line, *arguments])
    if joined:
        terminal.wait_prompt("")
        terminal.wait_for(lambda rows: rows[-1].startswith("connected"), "the room")
    return terminal


def statuses(rows):
    return [row for row in rows if is_status(row)]


def leave(terminal):
    terminal.keys("C-c")
    terminal.ended(0)
    equal(statuses(terminal.rows()), [], "status lines after the end")


def test_completes_and_remembers(context):
    service = context.service()
    context.agent(service, "bob", *TINY).wait("published")
    terminal = start(context, service, *TINY)
    terminal.type("mu")
    terminal.keys("Tab")
    terminal.wait_prompt("mute ")
    terminal.type("a")
    terminal.keys("Tab")
    terminal.wait_prompt("mute audio ")
    terminal.keys("Enter")
    terminal.wait_text('mute audio: done')
    check("> mute audio" in terminal.rows(), "what was typed is not to be seen any more")
    # Several: first what is common, then all of them.
    terminal.type("un")
    terminal.keys("Tab", "Tab")
    terminal.wait_text("unmute  unpublish  unsubscribe")
    terminal.wait_prompt("un")
    terminal.type("s")
    terminal.keys("Tab", "Tab")
    terminal.wait_prompt("unsubscribe bob ")
    terminal.keys("C-u", "Up")
    terminal.wait_prompt("mute audio")
    terminal.keys("C-u")
    leave(terminal)
    history = context.directory / "state" / "trtc-cli" / "history"
    equal(history.read_text().splitlines(), ["mute audio "], "history")
    equal(stat.S_IMODE(history.stat().st_mode), 0o600, "mode of the history")
    start(context, service, *TINY, terminal=terminal)
    terminal.keys("Up")
    terminal.wait_prompt("mute audio")
    terminal.keys("C-u")
    leave(terminal)


def test_typed_text_survives_events(context):
    service = context.service()
    terminal = start(context, service)
    terminal.type("subscribe somebod")
    terminal.keys("Left", "Left")
    terminal.wait_prompt("subscribe somebod")
    for i in range(3):
        other = context.agent(service, f"guest{i}", *TINY)
        terminal.wait_text(f"guest{i} joined as anchor")
        other.send("leave\n")
        other.end()
        terminal.wait_text(f"guest{i} left")
    terminal.wait_prompt("subscribe somebod")
    rows = terminal.rows()
    equal(sum("somebod" in row for row in rows), 1, f"prompts in {rows}")
    equal(len(statuses(rows)), 1, f"status lines in {rows}")
    equal(terminal.cursor(), (len("> subscribe somebod") - 2, len(rows) - 2), "cursor")
    terminal.type("X")
    terminal.wait_prompt("subscribe somebXod")
    terminal.keys("C-u")
    leave(terminal)


def test_burst_loses_nothing(context):
    service = context.service()
    terminal = start(context, service, "--log-level", "debug")
    terminal.paste("".join(f"@{i} users\n" for i in range(20)))
    terminal.wait_text("@19 users: no users")
    terminal.wait_prompt("")
    rows = terminal.rows(history=True)
    equal([row for row in rows if re.fullmatch(r"> @\d+ users", row)], [f"> @{i} users" for i in range(20)], "typed lines")
    results = [re.fullmatch(r" +\d+\.\d{3}s  @(\d+) users: no users", row) for row in rows]
    equal([int(r[1]) for r in results if r], list(range(20)), "results")
    equal(len(statuses(rows)), 1, "status lines")
    leave(terminal)


def test_log_and_complaints_stand_above(context):
    service = context.service()
    terminal = start(context, service, "--log-level", "trace")
    terminal.type("half a comm")
    other = context.agent(service, "guest", *TINY)
    other.wait("published")
    terminal.wait_text("first picture of guest after")
    terminal.wait_prompt("half a comm")
    rows = terminal.rows(history=True)
    equal(sum("half a comm" in row for row in rows), 1, "prompts")
    equal(len(statuses(rows)), 1, f"status lines in {rows}")
    check(sum(bool(re.match(r"\d{4}-\d\d-\d\dT.* (debug|trace|info|warning) ", row)) for row in rows) > 3, f"no log in {rows}")
    service.kill()
    terminal.wait_text("connection to the service lost, reconnecting")
    terminal.wait_for(lambda rows: rows[-1].startswith("reconnecting"), "its status")
    terminal.wait_prompt("half a comm")
    terminal.keys("C-c")
    terminal.wait_for(lambda rows: rows[-1] == "$", "the end")
    rows = terminal.rows(history=True)
    equal(statuses(rows), [], "status lines after the end")
    check(not any("half a comm" in row for row in rows), "the prompt is still there")


def test_resize(context):
    service = context.service()
    terminal = start(context, service, "--record", "files")
    terminal.type("subscribe")
    terminal.wait_prompt("subscribe")
    for columns, rows in ((44, 12), (30, 6), (160, 30), (80, 24)):
        terminal.resize(columns, rows)
        terminal.wait_prompt("subscribe")
        terminal.wait_for(lambda seen, width=columns: len(seen[-1]) < width and (width < 60 or "alice" in seen[-1]),
                          f"a status line for {columns} columns")
        seen = terminal.rows(history=True)
        equal(len(statuses(seen)), 1, f"status lines at {columns} columns: {seen}")
        equal(sum("> subscribe" in row for row in seen), 1, f"prompts at {columns} columns: {seen}")
    terminal.keys("C-u")
    leave(terminal)


def test_status_line_knows_the_recording(context):
    service = context.service()
    context.agent(service, "bob", *TINY).wait("published")
    terminal = start(context, service, "--record", "files", "--role", "audience")
    terminal.wait_for(lambda rows: re.search(r"room 100 \| audience \| alice \| 1 other \| down [1-9]\d*k \| loss 0.0% \| .*REC 0:0[1-9] [1-9]\d* kB$", rows[-1]),
                      "time and size of the recording")
    leave(terminal)


def test_colours_can_be_switched_off(context):
    service = context.service()
    terminal = start(context, service)
    terminal.shell("nonsense")
    terminal.wait_text('nonsense failed: unknown command "nonsense"')
    styles = terminal.styles()
    check("\x1b[31m" in styles and "\x1b[32m" in styles, "no colours")
    leave(terminal)
    plain = Terminal(other(context), variables={"NO_COLOR": "1"})
    start(plain.context, service, terminal=plain)
    plain.shell("nonsense")
    plain.wait_text('nonsense failed: unknown command "nonsense"')
    check("\x1b" not in plain.styles(), f"styles in spite of NO_COLOR: {plain.styles()!r}")
    leave(plain)


def other(context):
    """A second terminal of one test."""
    directory = context.directory / "second"
    directory.mkdir()
    second = harness.Context(context.binary, directory)
    context.cleanup(second.close)
    return second


def test_dumb_terminal_gets_plain_lines(context):
    service = context.service()
    terminal = Terminal(context, variables={"TERM": "screen"})
    line = context.join_arguments(service, "alice")
    line[line.index("--events") + 1] = "text"
    terminal.start(line, before="TERM=dumb")
    terminal.wait_text("joined")
    terminal.shell("users")
    terminal.wait_text("  users: no users")
    rows = terminal.rows()
    equal(statuses(rows), [], "status lines")
    check(not any(row.startswith(">") for row in rows), f"a prompt in {rows}")
    check("\x1b" not in terminal.styles(), "styles")
    terminal.keys("C-c")
    terminal.ended(0)


def test_json_events_on_a_terminal(context):
    service = context.service()
    terminal = start(context, service, events="json", columns=300)
    terminal.type("typing")
    context.agent(service, "bob")
    terminal.wait_text('"event":"peer-join"')
    terminal.wait_prompt("typing")
    events = [json.loads(row) for row in terminal.rows() if row.startswith("{")]
    check({"joined", "peer-join"} <= {e["event"] for e in events}, f"events: {events}")
    terminal.keys("C-u")
    leave(terminal)


def test_events_in_a_pipe_and_status_on_the_terminal(context):
    service = context.service()
    terminal = Terminal(context)
    line = context.join_arguments(service, "alice")
    terminal.start([*line], after=">events.json")
    terminal.wait_prompt("")
    terminal.type("users")
    terminal.keys("Enter")
    path = context.directory / "events.json"
    wait_until(lambda: '"command":"users","ok":true' in path.read_text(), "the answer in the file")
    check(not any("{" in row for row in terminal.rows()), "events on the terminal")
    terminal.keys("C-c")
    terminal.ended(0)
    lines = path.read_text().splitlines()
    equal(json.loads(lines[-1])["event"], "summary", "last line of the file")
    check(all(json.loads(line) for line in lines), "something else in the file")


def test_no_stdin_has_a_status_line_and_no_prompt(context):
    service = context.service()
    terminal = start(context, service, "--no-stdin", joined=False)
    terminal.wait_for(lambda rows: rows and rows[-1].startswith("connected | room 100"), "a status line")
    check(not any(row.startswith(">") for row in terminal.rows()), f"a prompt in {terminal.rows()}")
    terminal.keys("C-c")
    terminal.ended(0)


def test_side_job_of_a_script_draws_nothing(context):
    service = context.service()
    terminal = Terminal(context)
    line = context.join_arguments(service, "alice")
    line[line.index("--events") + 1] = "text"
    terminal.prepare([*line, "--exit-when-expected", "--expect", "peer-join"])
    (context.directory / "script").write_text("./go &\nwait $!\necho rc=$? of the script\n")
    sent = terminal.record()
    terminal.shell("sh script")
    terminal.wait_text("joined")
    context.agent(service, "bob")
    terminal.wait_text("rc=0 of the script")
    wait_until(lambda: b"of the script" in sent.read_bytes(), "the bytes")
    check(b"\x1b[32mjoined" in sent.read_bytes(), "no colours")
    check(b"\x1b[J" not in sent.read_bytes() and b"| room" not in sent.read_bytes(), f"drawn: {sent.read_bytes()}")


def test_ctrl_d_says_how_to_leave(context):
    service = context.service()
    terminal = start(context, service)
    terminal.keys("C-d")
    terminal.wait_text("type leave")
    terminal.wait_prompt("")
    terminal.shell("leave")
    terminal.ended(0)
    check(any("left the room" in row for row in terminal.rows()), f"no leave in {terminal.rows()}")


def test_what_flows_is_not_waited_for(context):
    """A subscription that changes brings no first frame anew."""
    service = context.service()
    context.agent(service, "bob", *TINY).wait("published")
    terminal = start(context, service, "--role", "audience", "--stats", "1")
    terminal.wait_text("first picture of bob after")
    terminal.type("subscribe bob audio")
    terminal.keys("Enter")
    terminal.wait_text('subscribe bob audio: done')
    told = [row for row in terminal.rows(history=True) if "s  stats: up " in row]

    def later(rows):
        check("waiting" not in rows[-1], f"status line {rows[-1]}")
        return len([row for row in terminal.rows(history=True) if "s  stats: up " in row]) >= len(told) + 3

    terminal.wait_for(later, "three seconds more")
    leave(terminal)


def test_progress_of_a_slow_join(context):
    listener = harness.Listener(context, harness.serve_nothing)
    host = listener.url.removeprefix("ws://")
    terminal = Terminal(context)
    terminal.start(["join", "--server", listener.url, "--user-id", "alice", "--room", "1", "--events", "text",
                    "--secret-key-file", str(context.key_file())])
    terminal.wait_for(lambda rows: re.match(rf"connecting to {re.escape(host)}, [1-9] s \| room 1", rows[-1]), "progress")
    terminal.keys("C-c")
    terminal.wait_for(lambda rows: rows[-1] == "$", "the end")
    equal(statuses(terminal.rows()), [], "status lines after the end")


def test_second_ctrl_c_ends_at_once(context):
    service = context.service()
    terminal = start(context, service)
    service.signal(signal.SIGSTOP)
    try:
        terminal.keys("C-c")
        terminal.wait_for(lambda rows: rows[-1].startswith("leaving"), "leaving")
        terminal.keys("C-c")
        terminal.ended(130)
    finally:
        service.signal(signal.SIGCONT)
    equal(statuses(terminal.rows()), [], "status lines after the end")


def test_stop_and_go_on(context):
    service = context.service()
    terminal = start(context, service)
    terminal.type("half")
    terminal.wait_prompt("half")
    terminal.keys("C-z")
    terminal.wait_for(lambda rows: rows[-1] == "$" and any("Stopped" in row for row in rows), "the shell")
    equal(statuses(terminal.rows()), [], "status lines while stopped")
    terminal.shell("stty -a >stopped; echo written")
    terminal.wait_for(lambda rows: "written" in rows, "stty")
    terminal.unchanged("stopped")
    # In the background it prints, but the last row is the shell's.
    terminal.shell("bg")
    context.agent(service, "bob")
    terminal.wait_text("bob joined as anchor")
    terminal.shell("echo still mine")
    terminal.wait_for(lambda rows: "still mine" in rows, "the shell's own words")
    equal(statuses(terminal.rows()), [], "status lines while in the background")
    terminal.shell("fg")
    terminal.wait_prompt("half")
    terminal.keys("C-u")
    leave(terminal)


def test_crash_gives_the_terminal_back(context):
    service = context.service()
    for number in (signal.SIGABRT, signal.SIGQUIT):
        terminal = Terminal(other(context)) if number == signal.SIGQUIT else Terminal(context)
        start(terminal.context, service, terminal=terminal, user=f"user{int(number)}")
        terminal.type("half")
        terminal.wait_prompt("half")
        if number == signal.SIGQUIT:
            terminal.keys("C-\\")
        else:
            terminal.keys("C-u")
            terminal.wait_prompt("")
            context.directory.joinpath("pid").write_text("")
            terminal.keys("C-z")
            terminal.wait_for(lambda rows: rows[-1] == "$", "the shell")
            terminal.shell("kill -ABRT %1; fg")
        terminal.ended(128 + number)
        equal(statuses(terminal.rows()), [], "status lines after the crash")


def test_two_terminals_see_each_other(context):
    service = context.service()
    first = start(context, service, *TINY)
    second = Terminal(other(context))
    start(second.context, service, *TINY, user="bob", terminal=second)
    first.type("subscribe b")
    first.keys("Tab")
    first.wait_prompt("subscribe bob ", WATCHDOG)
    first.keys("C-u")
    second.type("unsubscribe a")
    second.keys("Tab")
    second.wait_prompt("unsubscribe alice ")
    second.keys("C-u")
    leave(second)
    first.wait_text("bob left")
    leave(first)
