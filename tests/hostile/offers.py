# SPDX-License-Identifier: MIT
"""Descriptions of media that are wrong, and right ones with nobody behind them."""
import wire

FINGERPRINT = "a=fingerprint:sha-256 " + ":".join(["AB"] * 32)


def section(kind, mid, direction, formats="111", lines=("a=rtpmap:111 opus/48000/2",)):
    return [f"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}", "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd",
            "a=ice-pwd:abcdefghijklmnopqrstuvwx", FINGERPRINT, "a=setup:actpass", f"a=mid:{mid}", f"a={direction}",
            "a=rtcp-mux", *lines]


def sdp(*sections):
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0",
             "a=group:BUNDLE " + " ".join(str(i) for i in range(len(sections)))]
    for one in sections:
        lines += one
    return "\r\n".join(lines) + "\r\n"


def video(mid, direction):
    return section("video", mid, direction, "102", ("a=rtpmap:102 H264/90000",
                                                    "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f"))


GOOD_UPLINK = sdp(section("audio", 0, "sendonly"), video(1, "sendonly"))
GOOD_DOWNLINK = sdp(section("audio", 0, "recvonly"), video(1, "recvonly"), video(2, "recvonly"))
DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx", FINGERPRINT, "a=setup:actpass", "a=mid:2", "a=sctp-port:5000"]

BAD_SDPS = {
    "that is garbage": "garbage \u2620",
    "that is empty lines": "\r\n" * 1000,
    "with 200 m-lines": sdp(*(video(i, "sendonly") for i in range(200))),
    "with 5000 lines": sdp(section("audio", 0, "sendonly", lines=["a=x:y"] * 5000)),
    "with one line of 100 kB": sdp(section("audio", 0, "sendonly", lines=["a=" + "x" * 100_000])),
    "with m=application": sdp(section("audio", 0, "sendonly"), video(1, "sendonly"), DATA),
    "with a rejected m-line": sdp(section("audio", 0, "sendonly"), video(1, "sendonly")).replace("m=video 9", "m=video 0"),
    "without a codec": sdp(section("audio", 0, "sendonly", "8", ("a=rtpmap:8 PCMA/8000",))),
}


def descriptions(bench):
    for text, offer in BAD_SDPS.items():
        for cmd, reply in (("publish", 4098), ("subscribe", 4102)):
            if cmd == "subscribe":
                offer = offer.replace("sendonly", "recvonly")
            socket_ = bench.member()
            data = {"type": "offer", "sdp": offer, "state": {"audio": True, "bigVideo": True}, "srcUserId": "anchor",
                    "audio": True, "bigVideo": True}
            try:
                socket_.say(cmd=cmd, seq=2, data=data)
                answer = socket_.wait_for(reply)
                result = "refused" if answer["code"] != 0 else "accepted"
                socket_.say(cmd="get_user_list", seq=3, data={})
                socket_.wait_for(4137)
            except wire.Closed as end:
                result = f"dropped with {end.code}"
            except TimeoutError:
                result = "without an answer"
            socket_.close()
            bench.check(result == "refused" and bench.healthy(), f"{cmd} with an offer {text}: {result}")


def connections_that_never_come(bench):
    """Offers in order, but nobody behind them: each makes a peer connection in the service."""
    sockets = [bench.member(f"ghost{i}") for i in range(15)]
    answers = 0
    for socket_ in sockets:
        socket_.say(cmd="publish", seq=2, data={"type": "offer", "sdp": GOOD_UPLINK, "state": {"audio": True, "bigVideo": True}})
        socket_.say(cmd="subscribe", seq=3, data={"type": "offer", "sdp": GOOD_DOWNLINK, "srcUserId": "anchor", "audio": True,
                                                  "bigVideo": True, "auxVideo": True})
    for socket_ in sockets:
        try:
            answers += socket_.wait_for(4098, 15)["code"] == 0
        except (wire.Closed, TimeoutError):
            pass
    for i, socket_ in enumerate(sockets):
        socket_.reset() if i % 2 else socket_.close()
    bench.check(answers == len(sockets) and bench.healthy(), f"{answers} of {len(sockets)} ghosts got their answers and vanished")
