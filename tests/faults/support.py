# SPDX-License-Identifier: MIT
"""A service and agents, each in a place of its own."""

import json
import subprocess

import harness

PATIENCE = 3 * harness.WATCHDOG  # for what takes several round trips on a network that loses packets


class Stage:
    """A service, an anchor on air, a viewer; each at its place: self.network.places["service"], "anchor", "viewer"."""

    def __init__(self, context, network, *publishing):
        self.context, self.network = context, network
        self.service = start_service(context, network.place("service"))
        self.anchor = context.agent(self.service, "anchor", "--subscribe", "none",
                                    *(publishing or harness.TINY), prefix=network.place("anchor").prefix)
        self.anchor.wait("published", PATIENCE)

    def viewer(self, *arguments, name="viewer"):
        return self.context.agent(self.service, name, "--role", "audience", *arguments,
                                  prefix=self.network.place(name).prefix)


def start_service(context, place, *arguments):
    key = context.directory / "key"
    program = harness.Program(context, "serve", ["serve", "--listen", f"{place.address}:0", "--plain-text", "--secret-key-file",
                                                 str(key), "--events", "json", *arguments], prefix=place.prefix)
    program.url, program.key_file = program.wait("service-ready")["url"], key
    return program


def measure(context, path):
    """What tests/tools/measure says of a recording."""
    done = subprocess.run([context.measure, context.directory / path, "--json"], capture_output=True, text=True, timeout=60)
    harness.equal(done.returncode, 0, f"exit code of measure: {done.stderr}")
    return json.loads(done.stdout)
