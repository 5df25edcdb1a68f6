#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes seeds of real sessions: seeds.py NAME REPORT, where REPORT is the folder that `trtc-cli serve --report` has
left. Writes corpus/room/NAME, and each kind of message once into corpus/client_message and corpus/server_message."""
import datetime
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    name, report = sys.argv[1], pathlib.Path(sys.argv[2])
    script, players, last = [], {}, None
    for line in (report / "messages.jsonl").read_text().splitlines():
        entry = json.loads(line)
        message, channel = entry["message"], entry["channel"]
        if not isinstance(message, dict):
            continue
        moment = datetime.datetime.fromisoformat(entry["time"].replace("Z", "+00:00"))
        player = players.get(channel)
        if player is None:
            player = players[channel] = chr(ord("a") + len(players) % 16)
            script.append(f"{player}{'r' if message['cmd'] == 514 else 'o'} {channel.split()[2]}")
        if last and (moment - last).total_seconds() > 0.9:
            script.append(f"{player}t {int((moment - last).total_seconds() * 1000)}")
            last = moment
        last = last or moment
        folder = "client_message" if entry["direction"] == "in" else "server_message"
        path = HERE / "corpus" / folder / f"{name}-{message['cmd']}".replace("/", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(message, separators=(",", ":")))
        if entry["direction"] == "in":
            if "sdp" in message.get("data", {}):
                message["data"]["sdp"] = "offer"  # the rules do not read it
            script.append(f"{player}m {json.dumps(message, separators=(',', ':'))}")
        elif message["cmd"] in (4098, 4102, 4128):
            script.append(f"{player}{'+' if message['code'] == 0 else '-'}")
    path = HERE / "corpus/room" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(script) + "\n")


main()
