# SPDX-License-Identifier: MIT
"""Completion, asked of the shells themselves. Each of them must be there: scripts/test installs them."""

import os
import pty
import re
import select
import shutil
import subprocess

from harness import WATCHDOG, check, equal

# A line, and all that may follow (or be in) its last word. Files: "dir" is a directory, "secret" a file.
LINES = [
    ("trtc-cli jo", {"join"}),
    ("trtc-cli join --ro", {"--role", "--room"}),
    ("trtc-cli join --role ", {"anchor", "audience"}),
    ("trtc-cli join --role au", {"audience"}),
    ("trtc-cli join --string-room --mode ", {"live", "rtc"}),
    ("trtc-cli join --video fi", {"file:"}),
    ("trtc-cli join --subscribe a", {"all"}),
    ("trtc-cli join --expect recording-", {"recording-resumed", "recording-started", "recording-stopped"}),
    ("trtc-cli join --record d", {"dir"}),
    ("trtc-cli join --user-sig-file s", {"secret"}),
    ("trtc-cli join --room 5 --user-sig-file secret --record d", {"dir"}),
    ("trtc-cli serve --events t", {"text"}),
    ("trtc-cli usersig ", {"sign", "show", "verify"}),
    ("trtc-cli usersig sign --pri", {"--private-map-key", "--privileges"}),
    ("trtc-cli completion z", {"zsh"}),
    ("trtc-cli help dev", {"devices"}),
    ("trtc-cli usersig sign --privileges receive-v", {"receive-video"}),
    ("trtc-cli ctl qu", {"quit"}),
    ("trtc-cli ctl sw", {"switch-role"}),
    ("trtc-cli ctl switch-role ", {"anchor", "audience"}),
    ("trtc-cli ctl --control socket mute ", {"audio", "video"}),
    ("trtc-cli ctl record st", {"start", "stop"}),
    ("trtc-cli ctl record start d", {"dir"}),
    ("trtc-cli ctl subscribe ann vi", {"video"}),
    ("trtc-cli ctl --ev", {"--events"}),
]


def prepare(context):
    (context.directory / "dir").mkdir()
    (context.directory / "secret").touch()


def script(context, shell):
    done = context.run("completion", shell)
    equal(done.process.returncode, 0, "exit code")
    path = context.directory / f"completion.{shell}"
    path.write_text("\n".join(done.lines) + "\n")
    return path


def ask(context, command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=WATCHDOG, cwd=context.directory,
                          env={"PATH": os.environ["PATH"], "HOME": str(context.directory), "LC_ALL": "C.UTF-8"}, **more)
    equal(done.stderr, "", f"errors of {command[0]}")
    return [line for line in done.stdout.splitlines() if line]


BASH = """
compopt() { :; }  # works under a real completion only
source completion.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_trtc_cli
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(context, line):
    # As readline cuts it: = and : are words of their own.
    words = [word for part in line.split(" ") for word in (re.findall(r"[=:]|[^=:]+", part) or [""])]
    return ask(context, ["bash", "--norc", "-c", BASH, "bash", *words])


def fish(context, line):
    return [answer.split("\t")[0] for answer in ask(context, ["fish", "--no-config", "-c", f"source completion.fish; complete -C '{line}'"])]


def all_of(context, ask_shell):
    """What is offered behind a command is what its help lists."""
    commands = [line.split("  ")[1] for line in context.run("--help").lines if re.match(r"  [a-z]", line)]
    check(len(commands) > 4, f"commands are {commands}")
    for command in commands:
        listed = {m[1] for m in (re.match(r"  (?:-[hV], )?(--[a-z-]+)", line) for line in context.run(*command.split(), "--help").lines) if m}
        offered = {word for word in ask_shell(context, f"trtc-cli {command} --") if word.startswith("--")}
        equal(offered, listed, f"options of {command}")
    offered = {word for word in ask_shell(context, "trtc-cli ") if not word.startswith("-")}
    equal(offered, {command.split()[0] for command in commands}, "commands")
    helps = [line for command in ("join", "serve") for line in context.run(command, "--help").lines]
    verbs = {m[1] for m in (re.match(r"  ([a-z][a-z-]*)", line) for line in helps) if m}
    offered = {word for word in ask_shell(context, "trtc-cli ctl ") if not word.startswith("--")}
    equal(offered, verbs, "commands for ctl")


def test_bash(context):
    check(shutil.which("bash"), "bash is not installed")
    prepare(context)
    script(context, "bash")
    for line, wanted in LINES:
        equal(set(bash(context, line)), wanted, f"completion of {line!r}")
    equal(bash(context, "trtc-cli join --role=au"), ["audience"], "completion behind =")
    equal(bash(context, "trtc-cli join --video file:s"), ["secret"], "completion behind file:")
    equal(bash(context, "trtc-cli join --room "), [], "completion of what only the user knows")
    all_of(context, bash)


def test_fish(context):
    check(shutil.which("fish"), "fish is not installed")
    prepare(context)
    script(context, "fish")
    for line, wanted in LINES:
        equal({word.rstrip("/") for word in fish(context, line)}, wanted, f"completion of {line!r}")
    equal(fish(context, "trtc-cli join --role=au"), ["--role=audience"], "completion behind =")
    equal(fish(context, "trtc-cli join --room "), [], "completion of what only the user knows")
    all_of(context, fish)


ZSHRC = """
fpath=($PWD $fpath)
autoload -Uz compinit
compinit -u -d dump
setopt no_auto_list no_list_beep no_beep
# One candidate: it is put into the line. Several: what they have in common.
tell() { zle complete-word; print -r -- "$BUFFER" >&$ANSWERS; BUFFER= }
zle -N tell
bindkey '^I' tell
"""


def test_zsh(context):
    check(shutil.which("zsh"), "zsh is not installed")
    prepare(context)
    script(context, "zsh").rename(context.directory / "_trtc-cli")
    (context.directory / ".zshenv").write_text("setopt no_global_rcs\n")
    (context.directory / ".zshrc").write_text(ZSHRC)
    reader, writer = os.pipe()
    master, slave = pty.openpty()
    shell = subprocess.Popen(["zsh", "-i"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True, pass_fds=[writer],
                             cwd=context.directory, env={"PATH": os.environ["PATH"], "HOME": str(context.directory),
                                                         "ZDOTDIR": str(context.directory), "TERM": "dumb", "LC_ALL": "C.UTF-8",
                                                         "ANSWERS": str(writer)})
    context.cleanup(lambda: (shell.kill(), shell.wait(), os.close(master), os.close(reader)))
    os.close(slave)
    os.close(writer)
    screen = b""

    def answer(line):
        nonlocal screen
        os.write(master, line.encode() + b"\t")
        while True:
            ready, _, _ = select.select([reader, master], [], [], WATCHDOG)
            check(ready, f"zsh says nothing to {line!r}; its screen: {screen.decode(errors='replace')}")
            if master in ready:
                screen += os.read(master, 4096)
            if reader in ready:
                return os.read(reader, 4096).decode().rstrip("\n")

    for line, wanted in LINES:
        front, last = line.rsplit(" ", 1)
        common = os.path.commonprefix(sorted(wanted))
        got = answer(line).rsplit(" ", 1) if len(wanted) != 1 else answer(line).rstrip(" /=").rsplit(" ", 1)
        equal(got, [front, common or last], f"completion of {line!r}")
    equal(answer("trtc-cli join --video file:se").rstrip(), "trtc-cli join --video file:secret", "completion behind file:")
    equal(answer("trtc-cli join --role=au").rstrip(), "trtc-cli join --role=audience", "completion behind =")


def test_unknown_shell(context):
    for arguments, part in ((["completion", "tcsh"], "bash, zsh or fish"), (["completion"], "bash|zsh|fish is missing")):
        done = context.run(*arguments)
        equal(done.process.returncode, 2, "exit code")
        check(part in done.complaints()[0], done.complaints()[0])
