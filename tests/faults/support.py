# SPDX-License-Identifier: MIT
"""A service and agents, each in a place of its own."""

import harness


class Stage:
    """A service, an anchor on air, a viewer; each at its place: self.network.places["service"], "anchor", "viewer"."""

    def __init__(self, context, network, *publishing):
        self.context, self.network = context, network
        self.service = start_service(context, network.place("service"))
        self.anchor = context.agent(self.service, "anchor", "--subscribe", "none",
                                    *(publishing or harness.TINY), prefix=network.place("anchor").prefix)
        self.anchor.wait("published")

    def viewer(self, *arguments, name="viewer"):
        return self.context.agent(self.service, name, "--role", "audience", *arguments,
                                  prefix=self.network.place(name).prefix)


def start_service(context, place, *arguments):
    key = context.directory / "key"
    program = harness.Program(context, "serve", ["serve", "--listen", f"{place.address}:0", "--plain-text", "--secret-key-file",
                                                 str(key), "--events", "json", *arguments], prefix=place.prefix)
    program.url, program.key_file = program.wait("service-ready")["url"], key
    return program
