# SPDX-License-Identifier: MIT
"""What agents tell of each other and of the network: messages in the picture, quality, round trips."""

from harness import TINY, WATCHDOG, Program, check, equal, wait_until

LONG = 4 * WATCHDOG


def test_messages(context):
    """`message` takes the rest of the line as it is; who watches gets it, once; what cannot be sent is refused with its reason."""
    service = context.service()
    alice = context.agent(service, "alice", *TINY, "--subscribe", "none")
    alice.wait("published")
    bob = context.agent(service, "bob", "--role", "audience")
    bob.wait("first-frame", LONG, userId="alice", kind="video")
    texts = ["hello", 'two  blanks, "quotes" and \\', "grüße 👋", "@no id", "x" * 1000]
    for text in texts:
        answer = alice.command(f"message {text}")
        check(answer["ok"], answer)
    bob.wait("message", LONG, text=texts[-1])
    got = bob.find("message")
    equal([event["text"] for event in got], texts, "texts")
    for event in got:
        equal((event["userId"], event["seiPayloadType"], event["isFromAuxiliary"]), ("alice", 243, False), "fields")
    equal(alice.find("message"), [], "messages of our own")
    for agent, line, name, part in (
            (alice, "message " + "x" * 1001, "INVALID_PARAMETER", "1 to 1000 bytes, this one has 1001"),
            (alice, "message", "INVALID_PARAMETER", "message takes 1 argument (TEXT), got 0"),
            (bob, "message hello", "INVALID_OPERATION", "publish")):
        answer = agent.command(line)
        equal((answer["ok"], answer["name"]), (False, name), line[:20])
        check(part in answer["message"], answer["message"])
    check(alice.command("mute video")["ok"], "mute")
    answer = alice.command("message unseen")
    check(not answer["ok"] and "unmute video" in answer["message"], answer)
    check(alice.command("unmute video")["ok"], "unmute")
    for number in range(40):
        alice.send(f"@n{number} message again {number}\n")
    wait_until(lambda: alice.find("command-result", id="n39"), "answer to the last of forty", LONG)
    answers = [alice.find("command-result", id=f"n{number}")[0] for number in range(40)]
    refused = [answer for answer in answers if not answer["ok"]]
    check(refused and all("messages a second" in answer["message"] for answer in refused), answers[-1])
    vp8 = context.agent(service, "vp8", *TINY, "--video-codec", "vp8", "--subscribe", "none")
    vp8.wait("published")
    answer = vp8.command("message hello")
    equal((answer["ok"], answer["name"]), (False, "NOT_SUPPORTED"), "VP8")
    check("--video-codec h264" in answer["message"], answer["message"])
    equal(bob.find("error") + alice.find("error"), [], "errors")


def test_quality(context):
    """`network-quality` every two seconds, with what the service and the agent have counted; `stats` has the round trips."""
    service = context.service()
    alice = context.agent(service, "alice", *TINY, "--subscribe", "none")
    alice.wait("published")
    bob = context.agent(service, "bob", "--role", "audience")
    up = lambda: [e for e in alice.find("network-quality") if e["uplink"] and "uplinkRtt" in e]
    down = lambda: [e for e in bob.find("network-quality") if e["downlink"] and "downlinkRtt" in e]
    wait_until(up, "figures of the uplink", LONG)
    wait_until(down, "figures of the downlink", LONG)
    # A packet that is late on a busy machine is a lost one.
    check(up()[0]["downlink"] == 0 and up()[0]["uplinkLoss"] <= 20, up()[0])
    check(down()[0]["uplink"] == 0 and down()[0]["downlinkLoss"] <= 20, down()[0])
    for event in alice.find("network-quality"):
        check(0 <= event["uplink"] <= 5 and 0 <= event["downlink"] <= 5, event)
    stats = bob.command("stats")
    equal([one["userId"] for one in stats["downlinksRTT"]], ["alice"], "downlinksRTT")
    check(stats["downlinksRTT"][0]["rtt"] >= 0 and "rtt" not in stats, stats)
    times = [event["elapsedMs"] for event in bob.find("network-quality")]
    check(all(1500 <= after - before for before, after in zip(times, times[1:])), times)


def test_quality_as_text(context):
    """For people it is told when a level changes; an expectation sees every one."""
    service = context.service()
    arguments = ["text" if one == "json" else one for one in context.join_arguments(service, "alone")]
    alone = Program(context, "alone", [*arguments, "--role", "audience", "--expect", "network-quality@20s",
                                       "--exit-when-expected"])
    equal(alone.end(LONG), 0, "exit code")
    check(any("expectation met" in line and "network-quality" in line for line in alone.lines), alone.lines)
    equal([line for line in alone.lines if "network" in line and "expectation" not in line], [], "lines of what has not changed")
