# SPDX-License-Identifier: MIT
"""Coming back: the service killed and started again, a program that was stopped for a while."""

import signal
import time

from harness import TINY, WATCHDOG, Program, Room, check, equal, wait_until

# The try that finds the service again begins at most 2 s after it is there, and everything is built anew then.
RESTART = 4 * WATCHDOG
STOPPED = 8 # seconds


def start_again(context, service):
    """A service with the same key at the same place."""
    again = Program(context, "serve again", ["serve", "--listen", service.url.removeprefix("ws://"), "--secret-key-file",
                                             str(service.key_file), "--events", "json"])
    again.wait("service-ready")
    return again


def states(agent):
    return [(event["prevState"], event["state"]) for event in agent.find("connection-state-changed")]


def test_the_service_is_stopped_and_started_again(context):
    """In an orderly way: what still answers says nothing about the agents, so they go on trying."""
    service = context.service()
    agent = context.agent(service, "ann", *TINY)
    agent.wait("published")
    service.signal(signal.SIGTERM)
    equal(service.end(), 0, "exit code of the service")
    agent.wait("connection-state-changed", prevState="CONNECTED", state="RECONNECTING")
    again = start_again(context, service)
    agent.wait("connection-state-changed", seconds=RESTART, prevState="RECONNECTING", state="CONNECTED")
    agent.wait("published", count=2)
    agent.send("leave\n")
    equal(agent.end(), 0, "exit code of the agent")
    again.signal(signal.SIGTERM)
    equal(again.end(), 0, "exit code of the service")


def test_the_service_is_killed_and_started_again(context):
    service = context.service()
    ann = context.agent(service, "ann", *TINY)
    ann.wait("published")
    bob = context.agent(service, "bob", *TINY, "--record", "recordings")
    bob.wait("published")
    for viewer, user in ((ann, "bob"), (bob, "ann")):
        viewer.wait("first-frame", kind="video", userId=user)
    bob.command("subscribe ann audio") # a wish of its own, to be restored
    service.signal(signal.SIGKILL)
    service.end()
    for agent in (ann, bob):
        agent.wait("connection-state-changed", prevState="CONNECTED", state="RECONNECTING")
    again = start_again(context, service)
    for agent, other in ((ann, "bob"), (bob, "ann")):
        agent.wait("connection-state-changed", seconds=RESTART, prevState="RECONNECTING", state="CONNECTED")
        agent.wait("published", count=2)
        agent.wait("stream-added", count=2, userId=other)
        agent.wait("stream-subscribed", count=2, userId=other)
    # Media of the new connections: what each of them wanted.
    ann.wait("first-frame", count=2, kind="video", userId="bob")
    bob.wait("first-frame", count=2, kind="audio", userId="ann")
    equal(len(bob.find("first-frame", kind="video", userId="ann")), 1, "pictures of ann at bob, who wants her sound alone")
    for agent in (ann, bob):
        equal(states(agent)[1:], [("CONNECTING", "CONNECTED"), ("CONNECTED", "RECONNECTING"), ("RECONNECTING", "CONNECTED")],
              f"states of {agent.name}")
        errors = agent.find("error")
        check(errors and all(error["recoverable"] for error in errors), f"errors of {agent.name}: {errors}")
        equal(agent.find("left"), [], f"ends of {agent.name}")
        agent.send("leave\n")
        equal(agent.end(), 0, f"exit code of {agent.name}")
    again.signal(signal.SIGTERM)
    equal(again.end(), 0, "exit code of the service")


def test_no_tries(context):
    service = context.service()
    ann = context.agent(service, "ann", "--reconnect", "0", "--no-stdin")
    service.signal(signal.SIGKILL)
    equal(ann.end(), 7, "exit code")
    equal(ann.find("connection-state-changed", state="RECONNECTING"), [], "tries")


def stop_for_a_while(program, what):
    program.signal(signal.SIGSTOP)
    end = time.monotonic() + STOPPED
    wait_until(lambda: time.monotonic() >= end, what, STOPPED + 5)
    program.signal(signal.SIGCONT)


def lives_on(room):
    """The picture moves again, and what one says the other hears."""
    size = room.path.stat().st_size
    wait_until(lambda: room.path.stat().st_size > size + 20_000, "growth of the recording after the stop")
    room.anchor.command("mute audio")
    room.bystander.wait("mute-audio", userId="onair")


def test_a_publisher_is_stopped_for_eight_seconds(context):
    room = Room(context)
    stop_for_a_while(room.anchor, "the publisher's stop")
    lives_on(room)
    # Whatever its links did, it was never out of the room.
    for agent in (room.anchor, room.bystander):
        check(agent.alive(), f"{agent.name} has ended")
        equal(agent.find("left"), [], f"ends of {agent.name}")
    equal(room.bystander.find("peer-leave"), [], "leaves told to the bystander")


def test_a_viewer_is_stopped_for_eight_seconds(context):
    room = Room(context)
    stop_for_a_while(room.bystander, "the viewer's stop")
    lives_on(room)
    equal(room.bystander.find("left"), [], "ends of the viewer")
    equal(room.anchor.find("error"), [], "errors of the publisher")
