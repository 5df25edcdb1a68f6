// SPDX-License-Identifier: MIT
#include "cli/options/option_table.h"

namespace trtc::cli {

namespace {

// name, kind, value, default, help, traits, what is meant without a value

constexpr OptionSpec kEvents = { "--events", Kind::Choice, "json|text|none", "",
				 "form of the events on stdout (default text on a terminal, else json)" };
constexpr OptionSpec kLogLevel = { "--log-level", Kind::Choice, "error|warn|info|debug|trace", "warn",
				   "how much the log tells" };
constexpr OptionSpec kLogFile = { "--log-file", Kind::File, "FILE", "", "write the log there instead of stderr" };
constexpr OptionSpec kReport = { "--report", Kind::Directory, "DIR", "",
				 "leave a folder there with everything that happened, without secrets" };
constexpr OptionSpec kSdkAppId = { "--sdk-app-id", Kind::Number, "N", "1400000001", "application" };

constexpr OptionSpec kConfig = { "--config",
				 Kind::File,
				 "FILE",
				 "",
				 "configuration file (default trtc-cli/config.toml in $XDG_CONFIG_HOME or ~/.config)",
				 kNotInFile };

constexpr OptionSpec kDryRun = {
	"--dry-run", Kind::Flag, "", "", "print every option, where it comes from and what would be done, and end",
	kNotInFile
};

constexpr OptionSpec kJoin[] = {
	{ "--server", Kind::Url, "URL", "ws://127.0.0.1:8687", "room service, ws:// or wss://" },
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "who enters: 1 to 32 bytes of A-Z a-z 0-9 _ -" },
	{ "--user-sig", Kind::Text, "SIG", "", "proof of identity; rather use one of the next two, or TRTC_USER_SIG",
	  kSecret },
	{ "--user-sig-file", Kind::File, "FILE", "", "read the UserSig from a file" },
	{ "--secret-key-file", Kind::File, "FILE", "",
	  "sign a UserSig, and a PrivateMapKey if none is given, with the secret key in this file" },
	{ "--private-map-key", Kind::Text, "KEY", "",
	  "ticket for the room; rather use the next one, or TRTC_PRIVATE_MAP_KEY", kSecret },
	{ "--private-map-key-file", Kind::File, "FILE", "", "read the PrivateMapKey from a file" },
	{ "--room", Kind::Room, "ID", "", "room to enter: 1 to 4294967294" },
	{ "--string-room", Kind::Flag, "", "", "the room is a text of 1 to 64 characters" },
	{ "--mode", Kind::Choice, "live|rtc", "live", "live: anchors and audience; rtc: everybody is an anchor" },
	{ "--role", Kind::Choice, "anchor|audience", "anchor", "role to enter with" },
	{ "--video", Kind::Source, "SOURCE", "none",
	  "none, test[:PATTERN], file:PATH, v4l2[:CAMERA], screen[:DISPLAY] or pipeline:DESCRIPTION" },
	{ "--audio", Kind::Source, "SOURCE", "none",
	  "none, test[:PATTERN], file:PATH, alsa[:DEVICE] or pipeline:DESCRIPTION" },
	{ "--auxiliary", Kind::Source, "SOURCE", "none", "picture of the auxiliary stream, as the screen" },
	{ "--auxiliary-profile", Kind::Text, "PROFILE", "1080p",
	  "name as in the web SDK's setScreenProfile, or WxH@FPS,KBPSk" },
	{ "--loop", Kind::Flag, "", "", "file sources start again at their end" },
	{ "--video-profile", Kind::Text, "PROFILE", "480p", "name as in the web SDK, or WxH@FPS,KBPSk" },
	{ "--small-stream", Kind::Text, "PROFILE", "",
	  "also publish a small video: 160x120@15,100k when nothing is named, or WxH@FPS,KBPSk", kPlain,
	  "160x120@15,100k" },
	{ "--audio-profile", Kind::Text, "PROFILE", "standard",
	  "standard, standard-stereo, high, high-stereo or KBPSk" },
	{ "--video-codec", Kind::Choice, "h264|vp8", "h264", "codec of what is encoded" },
	{ "--no-publish", Kind::Flag, "", "", "an anchor waits for the command publish" },
	{ "--subscribe", Kind::User, "all|none|USER,...", "all", "whose streams to receive" },
	{ "--record", Kind::Directory, "DIR", "",
	  "record every subscribed user into a Matroska file in this directory" },
	{ "--record-name", Kind::Text, "TEMPLATE", "{room}-{user}-{type}-{time}",
	  "name of the recordings; fields {room} {user} {type} {time} {n}" },
	{ "--play", Kind::Text, "SINK", "",
	  "show and play: auto when nothing is named, or window, term, sound, alsa[:DEVICE] with commas between",
	  kPlain, "auto" },
	{ "--audio-volume", Kind::Number, "SECONDS", "0",
	  "tell how loud everybody is with this period, 1 to 3600; 0: never" },
	{ "--ca-file", Kind::File, "FILE", "", "trust these certificates (PEM) instead of the system's" },
	{ "--insecure", Kind::Flag, "", "", "accept any certificate of the server" },
	{ "--stun", Kind::Text, "URL", "", "STUN server, stun:HOST:PORT" },
	{ "--turn", Kind::Text, "URL", "",
	  "TURN server, turn:USER:PASSWORD@HOST:PORT?transport=udp; rather use TRTC_TURN", kSecret },
	{ "--ice", Kind::Choice, "relay|all", "all", "relay: media goes through the TURN server or not at all" },
	{ "--proxy", Kind::Text, "URL", "", "proxy for signalling, http://HOST:PORT or socks5://HOST:PORT", kSecret },
	{ "--reconnect", Kind::Number, "N", "30",
	  "tries to enter the room again when the connection is lost; 0: none" },
	{ "--latency", Kind::Number, "MS", "", "receive buffer, 0 to 10000 (default 200 when recording, else 100)" },
	{ "--stats", Kind::Number, "SECONDS", "", "an event stats at this period, 1 to 86400" },
	kEvents,
	{ "--exit-after", Kind::Duration, "DURATION", "", "leave after this time" },
	{ "--expect", Kind::Event, "EVENT[,key=value...][@DURATION]", "",
	  "this event must come within DURATION of the start (default 30s); may be repeated", kRepeatable },
	{ "--exit-when-expected", Kind::Flag, "", "", "leave as soon as every expectation is met, or one has failed" },
	{ "--junit", Kind::File, "FILE", "", "write what became of the expectations there, as JUnit XML" },
	{ "--no-stdin", Kind::Flag, "", "", "take no commands from stdin" },
	{ "--control", Kind::File, "PATH", "",
	  "take commands on this unix socket, or none (default USER@ROOM.sock in $XDG_RUNTIME_DIR/trtc-cli "
	  "or /tmp/trtc-cli-UID)" },
	kLogLevel,
	kLogFile,
	kReport,
	kConfig,
	kDryRun,
};

constexpr OptionSpec kServe[] = {
	{ "--listen", Kind::Address, "HOST:PORT", "127.0.0.1:8687", "address; port 0 picks a free one" },
	{ "--sdk-app-id", Kind::Number, "N", "1400000001", "application whose users may enter" },
	{ "--secret-key-file", Kind::File, "FILE", "",
	  "key that signs their UserSigs; made if missing (default in the state directory)" },
	{ "--max-rooms", Kind::Number, "N", "1000", "rooms at a time" },
	{ "--max-users", Kind::Number, "N", "200", "users in a room" },
	{ "--max-anchors", Kind::Number, "N", "50", "publishing users in a room" },
	{ "--require-private-map-key", Kind::Flag, "", "",
	  "let in only who has a PrivateMapKey for the room; it says who may send and receive what" },
	{ "--tls-cert", Kind::File, "FILE", "", "certificate for wss and https (PEM, with its chain)" },
	{ "--tls-key", Kind::File, "FILE", "", "its key (PEM)" },
	{ "--media-address", Kind::Text, "IP", "", "address at which clients reach the media of this machine" },
	{ "--media-ports", Kind::Text, "A-B", "", "UDP ports for media, one a connection" },
	{ "--plain-text", Kind::Flag, "", "", "allow an address beyond this machine without encryption" },
	{ "--no-stdin", Kind::Flag, "", "", "take no commands from stdin" },
	{ "--control", Kind::File, "PATH", "",
	  "take commands on this unix socket, or none (default serve-PORT.sock in "
	  "$XDG_RUNTIME_DIR/trtc-cli or /tmp/trtc-cli-UID)" },
	kEvents,
	kLogLevel,
	kLogFile,
	kReport,
	kConfig,
	kDryRun,
};

constexpr OptionSpec kDoctor[] = {
	{ "--server", Kind::Url, "URL", "ws://127.0.0.1:8687", "room service to try, ws:// or wss://" },
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "whom the UserSig has to be for" },
	{ "--user-sig", Kind::Text, "SIG", "", "UserSig to check; rather use the next one, or TRTC_USER_SIG", kSecret },
	{ "--user-sig-file", Kind::File, "FILE", "", "check the UserSig in this file" },
	{ "--secret-key-file", Kind::File, "FILE", "", "check with, or sign with, the secret key in this file" },
	{ "--record", Kind::Directory, "DIR", "", "try this disk for recordings" },
	{ "--listen", Kind::Address, "HOST:PORT", "127.0.0.1:8687", "where a service is to listen" },
	{ "--ca-file", Kind::File, "FILE", "", "trust these certificates (PEM) instead of the system's" },
	{ "--insecure", Kind::Flag, "", "", "accept any certificate of the server" },
	{ "--json", Kind::Flag, "", "", "one JSON object a line" },
	kConfig,
};

constexpr OptionSpec kSign[] = {
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "whom it is for" },
	{ "--secret-key-file", Kind::File, "FILE", "", "the application's secret key" },
	{ "--expire", Kind::Duration, "DURATION", "24h", "how long it is valid" },
	{ "--private-map-key", Kind::Flag, "", "",
	  "make a PrivateMapKey, the ticket for one room, instead of a UserSig", kNotInFile | kNotInEnvironment },
	{ "--room", Kind::Room, "ID", "", "PrivateMapKey: the room" },
	{ "--string-room", Kind::Flag, "", "", "PrivateMapKey: the room is a text" },
	{ "--privileges", Kind::Number, "N", "255", "PrivateMapKey: sum of the rights, 1 to 255, all" },
	kConfig,
};

constexpr OptionSpec kVerify[] = {
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "whom it has to be for" },
	{ "--secret-key-file", Kind::File, "FILE", "", "the application's secret key" },
	{ "--private-map-key", Kind::Flag, "", "", "check a PrivateMapKey instead of a UserSig",
	  kNotInFile | kNotInEnvironment },
	{ "--room", Kind::Room, "ID", "", "PrivateMapKey: the room" },
	{ "--string-room", Kind::Flag, "", "", "PrivateMapKey: the room is a text" },
	kConfig,
};

constexpr OptionSpec kCtl[] = {
	{ "--control", Kind::File, "PATH|USER@ROOM", "",
	  "the socket to speak to, or the agent (default the only one in $XDG_RUNTIME_DIR/trtc-cli or "
	  "/tmp/trtc-cli-UID)" },
	{ "--wait", Kind::Duration, "DURATION", "2s", "wait so long for the socket of an agent that is starting" },
	{ "--events", Kind::Choice, "json|text|none", "",
	  "form of the answers on stdout (default text on a terminal, else json)" },
	kConfig,
};

constexpr std::string_view kSignatureHelp = "SIG is the text itself, or - to read it from stdin.";

constexpr OptionSpec kDevices[] = {
	{ "--json", Kind::Flag, "", "", "one JSON object instead of a text" },
	kConfig,
};

constexpr CommandSpec kCommandSpecs[] = {
	{ "join", "enter a room as anchor or audience: publish, subscribe, record", "", kJoin },
	{ "serve", "run a room service on this machine", "", kServe },
	{ "devices", "list cameras, microphones, speakers and screens with what they give", "", kDevices },
	{ "doctor", "check this machine and the way to a room service, and say how to mend what is missing", "",
	  kDoctor },
	{ "ctl", "send a command to a running agent or service and print its answer", "COMMAND...", kCtl,
	  "COMMAND is one of the commands on stdin of join or serve; without one the lines of stdin are the "
	  "commands." },
	{ "completion",
	  "print the completion script of a shell",
	  "bash|zsh|fish",
	  {},
	  "Name the shell. Source what is printed, or install it where the shell looks; the package has done so." },
	{ "usersig sign", "make a UserSig or a PrivateMapKey and print it", "", kSign },
	{ "usersig show",
	  "print what a UserSig or PrivateMapKey says; needs no key, proves nothing",
	  "SIG",
	  {},
	  kSignatureHelp },
	{ "usersig verify", "check a UserSig or PrivateMapKey", "SIG", kVerify, kSignatureHelp },
};

} // namespace

std::span<const CommandSpec> commandSpecs() noexcept { return kCommandSpecs; }

} // namespace trtc::cli
