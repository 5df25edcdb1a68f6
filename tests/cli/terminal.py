# SPDX-License-Identifier: MIT
"""A true terminal for the black-box tests: a window of a tmux server of the test's own."""

import os
import shlex
import subprocess

import harness


class Terminal:
    """One window with a shell in it. Everything is looked at as a person sees it: rows of text."""

    def __init__(self, context, columns=100, rows=24, variables=None):
        self.context = context
        self._socket = context.directory / "tmux"
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("TRTC_", "TMUX", "LC_", "NO_COLOR")) and k != "LANG"}
        environment.update(HOME=str(context.directory), XDG_STATE_HOME=str(context.directory / "state"),
                           G_DEBUG="fatal-criticals", TZ="UTC", TERM="xterm-256color", HISTFILE="")
        environment.update(variables or {})
        context.cleanup(self.close)
        (context.directory / "shell").write_text("PS1='$ '\n")
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c",
                   str(context.directory), "exec bash --noprofile --rcfile shell", environment=environment)
        self.wait_for(lambda rows: rows and rows[-1] == "$", "a shell")

    def _tmux(self, *arguments, environment=None):
        done = subprocess.run(["tmux", "-u", "-S", str(self._socket), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                              timeout=harness.WATCHDOG * 2, check=False)
        harness.check(done.returncode == 0, f"tmux {arguments}: {done.stdout.decode()}")
        return done.stdout.decode()

    def close(self):
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=harness.WATCHDOG, check=False)

    # what is done

    def keys(self, *keys):
        """Keys by tmux's names ("Tab", "C-c"); other words are typed."""
        self._tmux("send-keys", *keys)

    def type(self, text):
        self._tmux("send-keys", "-l", text)

    def paste(self, text):
        """All at once, as from a clipboard."""
        path = self.context.directory / "clipboard"
        path.write_text(text)
        self._tmux("load-buffer", str(path))
        self._tmux("paste-buffer", "-r")

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def shell(self, line):
        self.type(line)
        self.keys("Enter")

    def prepare(self, arguments, before="", after=""):
        """Makes ./go, which runs the binary: a command line that fits into one row."""
        script = self.context.directory / "go"
        script.write_text(f"#!/bin/sh\n{before} exec {shlex.quote(self.context.binary)} "
                          f"{' '.join(shlex.quote(str(a)) for a in arguments)} {after}\n")
        script.chmod(0o755)

    def start(self, arguments, before="", after=""):
        """Runs the binary in the foreground."""
        self.prepare(arguments, before, after)
        self.shell("stty -a >before; ulimit -c 0; clear")
        self.wait_for(lambda rows: rows == ["$"], "an empty window")
        self.shell("./go")

    def ended(self, code, seconds=harness.WATCHDOG):
        """The program has ended with this code, and the terminal is as it was before."""
        self.wait_for(lambda rows: rows and rows[-1] == "$", "the shell again", seconds)
        self.shell("echo rc=$?; stty -a >after; echo done")
        self.wait_for(lambda rows: "done" in rows, "the end of stty")
        rows = self.rows()
        harness.check(f"rc={code}" in rows, f"wanted exit code {code}: {rows[-8:]}")
        self.unchanged()

    def unchanged(self, now="after"):
        before, after = ((self.context.directory / name).read_text() for name in ("before", now))
        # The number of rows is the window's.
        harness.equal(after.splitlines()[1:], before.splitlines()[1:], "line discipline")

    def record(self):
        """From now on every byte that goes to the window goes to the returned file, too."""
        path = self.context.directory / "bytes"
        path.touch()
        self._tmux("pipe-pane", f"cat >>{shlex.quote(str(path))}")
        return path

    # what is seen

    def rows(self, history=False):
        """Without blanks at the ends of rows and without empty rows at the end."""
        text = self._tmux("capture-pane", "-p", *(["-S", "-"] if history else []))
        rows = [row.rstrip() for row in text.split("\n")]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def styles(self):
        return self._tmux("capture-pane", "-p", "-e")

    def cursor(self):
        x, y = self._tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(x), int(y)

    def wait_for(self, seen, what, seconds=harness.WATCHDOG, history=False):
        """Until the rows are as wanted; they are part of the complaint."""
        rows = []

        def look():
            nonlocal rows
            rows = self.rows(history)
            return seen(rows)

        try:
            harness.wait_until(look, what, seconds)
        except harness.Failure as failure:
            raise harness.Failure(f"{failure}; the terminal shows:\n" + "\n".join("  |" + row for row in rows)) from None

    def wait_text(self, text, seconds=harness.WATCHDOG):
        """Also when it has scrolled away."""
        self.wait_for(lambda rows: any(text in row for row in rows), f"text {text!r}", seconds, history=True)

    def wait_prompt(self, typed, seconds=harness.WATCHDOG):
        """The row above the status line is the prompt with this text."""
        wanted = f"> {typed}".rstrip()
        self.wait_for(lambda rows: len(rows) > 1 and rows[-2] == wanted and is_status(rows[-1]),
                      f"the prompt with {typed!r}", seconds)


def is_status(row):
    return " | room " in row or row.startswith(("connected |", "connecting", "reconnecting |"))
