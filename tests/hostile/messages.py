# SPDX-License-Identifier: MIT
"""Messages whose fields are of wrong types and sizes."""
import wire


def wrong_types(bench):
    constraint = {"videoCodec": "H264", "videoWidth": 1, "audioFs": 48000}
    state = {"audio": True, "bigVideo": True, "smallVideo": False, "auxVideo": False}
    wishes = {"audio": True, "bigVideo": True, "auxVideo": True, "smallVideo": False}
    commands = {
        "join": {"roomId": "1", "useStringRoomId": False, "privateMapKey": "", "trtcRole": 20, "trtcScene": 2, "version": "",
                 "ua": "", "autoSubscribe": True, "terminalType": 1, "netType": 0},
        "publish": {"type": "offer", "sdp": "v=0", "screen": False, "state": state, "constraintConfig": constraint},
        "publish_change": {"action": "add", "trackId": "", "kind": "audio", "type": "offer", "sdp": "v=0", "state": state},
        "publish_state_change": {"state": state, "constraintConfig": constraint},
        "unpublish": {},
        "update_constraint_config": constraint,
        "mute_uplink": {"audio": True, "bigVideo": True, "auxVideo": False},
        "subscribe": {"type": "offer", "sdp": "v=0", "srcUserId": "anchor", "srcTinyId": "100000001001", **wishes},
        "subscribe_change": {"srcTinyId": "100000001001", **wishes},
        "unsubscribe": {"srcTinyId": "100000001001", "srcUserId": "anchor"},
        "change_role": {"role": 20, "privateMapKey": ""},
        "get_user_list": {}, "quality_report": {"msg_up_stream_info": {}}, "start_publishing": {"streamId": ""},
        "connect_other_room": {"roomId": "1"},
    }
    values = (None, True, -1, 0.5, 1e300, 2 ** 63, 10 ** 40, "", "x" * 5000, "\u0000", [], [[]], {}, {"a": 1})
    messages = []
    for cmd, data in commands.items():
        messages += [{"cmd": cmd, "seq": 2, "data": value} for value in values]
        for field, old in data.items():
            messages += [{"cmd": cmd, "seq": 2, "data": {**data, field: value}} for value in values]
            if isinstance(old, dict):
                messages += [{"cmd": cmd, "seq": 2, "data": {**data, field: {**old, inner: value}}}
                             for inner in old for value in values]
    messages += [{"cmd": "get_user_list", "seq": value, "data": {}, "userId": value, "tinyId": value} for value in values]
    messages += [{"cmd": value, "seq": 3, "data": {}} for value in values]
    socket_, sent, sockets = None, 0, 0
    for message in messages:
        try:
            if sent % 100 == 0 and socket_:
                socket_.close() # before the limit of messages does it
                socket_ = None
            if not socket_:
                socket_, sockets = bench.member(), sockets + 1
            sent += 1
            socket_.say(**message)
            socket_.say(cmd="get_user_list", seq=9999, data={})
            while socket_.receive().get("seq") != 9999:
                pass
        except (wire.Closed, OSError):
            socket_ = None
    if socket_:
        socket_.close()
    bench.check(bench.healthy(), f"{sent} messages with fields of wrong types, over {sockets} connections: survived")


def numbers(bench):
    for text in ("9223372036854775807", "9223372036854775808", "-1", "1e400", "1e19", "0.5", "-0"):
        socket_ = bench.member()
        code = None
        try:
            socket_.text('{"cmd":"get_user_list","seq":%s,"data":{}}' % text)
            socket_.wait_for(4137, 3)
        except wire.Closed as end:
            code = end.code
        except TimeoutError:
            code = "no answer"
        socket_.close()
        bench.check(code != "no answer" and bench.healthy(), f"seq {text}: {'answered' if code is None else 'dropped'}")
