# SPDX-License-Identifier: MIT
"""README.md and the other pages name only options, commands and files that exist. tests/browser runs README's page."""

import pathlib
import re
import shlex

from harness import check, equal

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", *(f"docs/{name}.md" for name in ("packaging", "release", "tasks"))]
# Options of programs that are not ours, on these pages.
FOREIGN = {"--no-save", "--network", "--health-cmd", "--bind", "--lint", "--clean-system", "--suite", "--output", "--deb", "--annotate", "--message", "--release",
           "--formats", "--changelog", "--newversion", "--distribution", "--long", "--preserve-status"}
COMMANDS = ("join", "serve", "ctl", "devices", "doctor", "usersig sign", "usersig verify")


def shell_lines(page):
    """The lines of its shell blocks, continued ones as one."""
    block = None
    for line in re.sub(r"\\\n\s*", "", (ROOT / page).read_text()).splitlines():
        fence = re.match(r"\s*```(\w*)$", line)
        if fence:
            block = None if block is not None else fence.group(1)
        elif block == "sh":
            yield line.strip()


def test_links(context):
    for page in PAGES:
        text = (ROOT / page).read_text()
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target:
                check((ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}, which is not there")
        for path in re.findall(r"`((?:scripts|packaging|bench|examples|config|docs)/[\w./*-]+)`", text):
            check(list(ROOT.glob(path.rstrip("/"))), f"{page} names {path}, which is not there")


def test_options(context):
    known = set(FOREIGN)
    for command in COMMANDS:
        helped = context.run(*command.split(), "--help")
        equal(helped.end(), 0, f"exit code of {command} --help")
        known |= set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(helped.lines)))
    for page in PAGES:
        told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / page).read_text()))
        check(told <= known, f"{page} names {sorted(told - known)}, which no command has")


def test_commands(context):
    """The program takes every line of README that joins or serves."""
    key = context.directory / "serve.key"
    key.write_text("k" * 64)
    key.chmod(0o600)
    tried = 0
    for line in shell_lines("README.md"):
        words = shlex.split(line, comments=True)
        if words[:1] != ["trtc-cli"] or words[1] not in ("join", "serve"):
            continue
        words = words[1:words.index(">events.json")] if ">events.json" in words else words[1:]
        # There is no film here; a camera and a screen are not needed for a plan.
        words = [re.sub(r"^file:.*", "test", word) for word in words if word != "--dry-run"]
        run = context.run(*words, "--dry-run", *(["--secret-key-file", str(key)] if words[0] == "join" else []))
        equal(run.end(), 0, f"exit code of {line}: {run.errors}")
        check("none" in words or run.events[0]["event"] == "plan", f"{line} has no plan")
        tried += 1
    check(tried >= 10, f"only {tried} lines of README.md could be read")
