# SPDX-License-Identifier: MIT
"""Every command of docs/tasks.md does what the page says."""

import os
import pathlib
import re
import shutil

from harness import Program, TINY, check, equal, wait_until

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/tasks.md"
TASK = re.compile(r"^### (\d+)\. ([^\n]+)\n```sh\n([^\n]+)\n```\n<!-- ([^\n]+) -->$", re.M)


class Task:
    """The hidden line is: word value; word value; ..."""

    def __init__(self, match):
        self.number, self.title, self.command = int(match[1]), match[2], match[3]
        self.exits, self.stdout, self.files, self.needs, self.agent, self.device = [], [], [], None, False, False
        for part in match[4].rstrip(";").split("; "):
            word, _, value = part.partition(" ")
            if word == "exit":
                self.exits = [int(each) for each in value.split()]
            elif word in ("stdout", "file"):
                (self.stdout if word == "stdout" else self.files).append(value)
            elif word == "needs":
                self.needs = value
            elif word in ("agent", "device"):
                setattr(self, word, True)
            else:
                check(False, f"task {self.number}: {part!r} is nothing the test knows")
        check(self.exits, f"task {self.number}: no exit code")

    def line(self, url):
        """With what stands under "How this page is tested" put in place, and nothing else."""
        line = self.command.replace("wss://rooms.example.org", url)
        line = re.sub(r"\b(1h|10m)\b", "3s", line).replace("sleep 60", "sleep 1")
        return re.sub(r"\b(v4l2|alsa|screen)\b", "test", line) if self.device else line


def tasks():
    text = PAGE.read_text()
    found = [Task(match) for match in TASK.finditer(text)]
    equal([task.number for task in found], list(range(1, 21)), "numbers of the tasks that could be read")
    equal(text.count("\n### "), 20, "tasks on the page")
    return found


def known(context, word):
    return any(re.match(rf"  {word}\b", line) for command in ([], ["join"]) for line in context.run(*command, "--help").lines)


class Stage:
    """A service, alice on air in room 8888, and the environment that the page asks for."""

    def __init__(self, context):
        self.context = context
        self.service = context.service()
        (context.directory / "bin").mkdir()
        (context.directory / "bin/trtc-cli").symlink_to(context.binary)
        shutil.copy(self.service.key_file, context.directory / "rooms.key")
        self.alice = context.agent(self.service, "alice", *TINY, "--control", "none", room="8888")
        self.alice.wait("published")
        self.variables = {"PATH": f"{context.directory / 'bin'}:{os.environ['PATH']}", "TRTC_SERVER": self.service.url,
                          "TRTC_SECRET_KEY_FILE": str(context.directory / "rooms.key"), "TRTC_VIDEO_PROFILE": "160x120@10,100k"}

    def run(self, task):
        where = self.context.directory
        shutil.rmtree(where / "films", ignore_errors=True)
        agent = None
        if task.agent:
            agent = self.context.agent(self.service, "steered", "--role", "audience", room="8888")
            agent.wait("first-frame", userId="alice", kind="video")
        shell = type("Where", (), {"binary": "/bin/bash", "directory": where, "programs": self.context.programs})
        done = Program(shell, f"task {task.number}", ["-c", task.line(self.service.url)], stdin=None, variables=self.variables)
        check(done.end(60) in task.exits, f"task {task.number}: exit code {done.process.returncode}, not {task.exits}")
        for pattern in task.stdout:
            check(any(re.search(pattern, line) for line in done.lines), f"task {task.number}: no {pattern!r} on stdout")
        for pattern in task.files:
            files = list(where.glob(pattern))
            check(files and all(file.stat().st_size > 0 for file in files), f"task {task.number}: no file {pattern}")
        equal(done.complaints(), [], f"task {task.number}: complaints")
        if agent:
            agent.send("leave\n")
            equal(agent.end(), 0, f"task {task.number}: exit code of the agent")

    def end(self):
        equal(self.alice.find("error"), [], "errors of alice")
        self.alice.send("leave\n")
        equal(self.alice.end(), 0, "exit code of alice")


def run_tasks(context, first, last):
    stage = Stage(context)
    if first <= 9 <= last:
        # A film to put on air: two seconds of alice.
        taker = context.agent(stage.service, "taker", "--role", "audience", "--record", "takes", room="8888")
        taker.wait("first-frame", kind="video")
        taker.wait("first-frame", kind="audio")
        path = context.directory / taker.find("recording-started")[0]["path"]
        wait_until(lambda: path.stat().st_size > 15000, "two seconds of film")
        taker.send("leave\n")
        equal(taker.end(), 0, "exit code of taker")
        path.rename(context.directory / "film.mkv")
    for task in tasks()[first - 1:last]:
        # What an issue brings later stands on the page when the program knows it.
        if task.needs is None or known(context, task.needs):
            stage.run(task)
    stage.end()


def test_watch_and_record(context):
    run_tasks(context, 1, 6)


def test_go_on_air(context):
    run_tasks(context, 7, 11)


def test_steer(context):
    run_tasks(context, 12, 16)


def test_find_out_and_serve(context):
    run_tasks(context, 17, 20)
