// SPDX-License-Identifier: MIT
#include "cli/options/option_table.h"

namespace trtc::cli {

namespace {

// name, kind, value, default, help, traits, what is meant without a value

constexpr OptionSpec kEvents = { "--events", Kind::Choice, "json|text|none", "",
				 "format of the events on stdout (default text on a terminal, else json)" };
constexpr OptionSpec kLogLevel = { "--log-level", Kind::Choice, "error|warn|info|debug|trace", "warn",
				   "least severe level that is logged" };
constexpr OptionSpec kLogFile = { "--log-file", Kind::File, "FILE", "", "write the log to FILE instead of stderr" };
constexpr OptionSpec kReport = { "--report", Kind::Directory, "DIR", "",
				 "write a folder with a full record of the run into DIR, without secrets" };
constexpr OptionSpec kSdkAppId = { "--sdk-app-id", Kind::Number, "N", "1400000001", "application id" };

constexpr OptionSpec kConfig = { "--config",
				 Kind::File,
				 "FILE",
				 "",
				 "configuration file (default trtc-cli/config.toml in $XDG_CONFIG_HOME or ~/.config)",
				 kNotInFile };

constexpr OptionSpec kDryRun = {
	"--dry-run", Kind::Flag, "", "", "print every option with its origin and what the command would do, then exit",
	kNotInFile
};

constexpr OptionSpec kJoin[] = {
	// Connection
	{ "--server", Kind::Url, "URL", "ws://127.0.0.1:8687", "URL of the room service, ws:// or wss://" },
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "user id to join with: 1 to 32 bytes of A-Z a-z 0-9 _ -" },
	{ "--user-sig", Kind::Text, "SIG", "",
	  "UserSig (credentials of the user); other local users can see it, so prefer --user-sig-file, "
	  "--secret-key-file or TRTC_USER_SIG",
	  kSecret },
	{ "--user-sig-file", Kind::File, "FILE", "", "read the UserSig from a file" },
	{ "--secret-key-file", Kind::File, "FILE", "",
	  "sign a UserSig, and a PrivateMapKey if none is given, with the secret key in this file (default for a "
	  "server on this machine: the key of serve)" },
	{ "--private-map-key", Kind::Text, "KEY", "",
	  "PrivateMapKey (permission for the room); other local users can see it, so prefer --private-map-key-file or "
	  "TRTC_PRIVATE_MAP_KEY",
	  kSecret },
	{ "--private-map-key-file", Kind::File, "FILE", "", "read the PrivateMapKey from a file" },
	{ "--ca-file", Kind::File, "FILE", "", "trust the certificates in FILE (PEM) instead of the system's" },
	{ "--insecure", Kind::Flag, "", "", "accept any server certificate" },
	{ "--proxy", Kind::Text, "URL", "", "proxy for signalling, http://HOST:PORT or socks5://HOST:PORT", kSecret },
	{ "--stun", Kind::Text, "URL", "", "STUN server, stun:HOST:PORT" },
	{ "--turn", Kind::Text, "URL", "",
	  "TURN server, turn:USER:PASSWORD@HOST:PORT?transport=udp; other local users can see it, so prefer TRTC_TURN",
	  kSecret },
	{ "--ice", Kind::Choice, "relay|all", "all", "relay: send and receive media only through the TURN server" },
	{ "--reconnect", Kind::Number, "N", "30",
	  "number of attempts to reconnect after the connection is lost; 0 disables reconnecting" },
	// Room
	{ "--room", Kind::Room, "ID", "", "room to join: a number from 1 to 4294967294" },
	{ "--string-room", Kind::Flag, "", "", "--room is a string room of 1 to 64 characters" },
	{ "--mode", Kind::Choice, "live|rtc", "live", "live: anchors and audience; rtc: every user is an anchor" },
	{ "--role", Kind::Choice, "anchor|audience", "anchor", "role to join with" },
	// Sources
	{ "--video", Kind::Source, "SOURCE", "none",
	  "video source: none, test[:PATTERN], file:PATH, v4l2[:CAMERA], screen[:DISPLAY] or pipeline:DESCRIPTION" },
	{ "--audio", Kind::Source, "SOURCE", "none",
	  "audio source: none, test[:PATTERN], file:PATH, alsa[:DEVICE] or pipeline:DESCRIPTION" },
	{ "--video-profile", Kind::Text, "PROFILE", "480p", "video profile: a name of the web SDK, or WxH@FPS,KBPSk" },
	{ "--video-codec", Kind::Choice, "h264|vp8", "h264", "codec for encoding video" },
	{ "--audio-profile", Kind::Text, "PROFILE", "standard",
	  "audio profile: standard, standard-stereo, high, high-stereo or KBPSk" },
	{ "--small-stream", Kind::Text, "PROFILE", "",
	  "also publish a small video, with this profile (160x120@15,100k if PROFILE is omitted)", kPlain,
	  "160x120@15,100k" },
	{ "--auxiliary", Kind::Source, "SOURCE", "none", "video source of the auxiliary stream, such as screen" },
	{ "--auxiliary-profile", Kind::Text, "PROFILE", "1080p",
	  "video profile of the auxiliary stream: a name of the web SDK's setScreenProfile, or WxH@FPS,KBPSk" },
	{ "--loop", Kind::Flag, "", "", "restart file sources at their end" },
	{ "--encode", Kind::Choice, "auto|always", "auto",
	  "auto: send a file without re-encoding if every receiver can decode it; always: encode it" },
	{ "--no-publish", Kind::Flag, "", "", "do not publish on joining; wait for the command publish" },
	// Receiving
	{ "--subscribe", Kind::User, "all|none|USER,...", "all", "users whose streams to receive" },
	{ "--latency", Kind::Number, "MS", "",
	  "receive buffer in milliseconds, 0 to 10000 (default 200 when recording, else 100)" },
	{ "--play", Kind::Text, "SINK", "",
	  "play subscribed users: auto (if SINK is omitted), or a comma-separated list of window, term, sound, "
	  "alsa[:DEVICE]",
	  kPlain, "auto" },
	{ "--audio-volume", Kind::Number, "SECONDS", "0",
	  "period of the event audio-volume, 1 to 3600; 0 disables it" },
	// Output
	{ "--record", Kind::Directory, "DIR", "", "record each subscribed user into a Matroska file in DIR" },
	{ "--record-name", Kind::Text, "TEMPLATE", "{room}-{user}-{type}-{time}",
	  "file name of the recordings; fields {room} {user} {type} {time} {n}" },
	kEvents,
	{ "--stats", Kind::Number, "SECONDS", "", "period of the event stats, 1 to 86400 (default off)" },
	kLogLevel,
	kLogFile,
	kReport,
	// Scripting
	{ "--exit-after", Kind::Duration, "DURATION", "", "leave this long after the start" },
	{ "--expect", Kind::Event, "EVENT[,key=value...][@DURATION]", "",
	  "fail unless this event occurs within DURATION of the start (default 30s); repeatable", kRepeatable },
	{ "--exit-when-expected", Kind::Flag, "", "", "leave when every expectation is met, or when one fails" },
	{ "--junit", Kind::File, "FILE", "", "write the results of the expectations to FILE as JUnit XML" },
	{ "--no-stdin", Kind::Flag, "", "", "do not read commands from stdin" },
	{ "--control", Kind::File, "PATH", "",
	  "unix socket for ctl, or none to disable it (default USER@ROOM.sock in $XDG_RUNTIME_DIR/trtc-cli or "
	  "/tmp/trtc-cli-UID)" },
	kConfig,
	kDryRun,
};

constexpr OptionGroup kJoinGroups[] = {
	{ "Connection", "--server" },	{ "Room", "--room" },	  { "Sources", "--video" },
	{ "Receiving", "--subscribe" }, { "Output", "--record" }, { "Scripting", "--exit-after" },
};

constexpr OptionSpec kServe[] = {
	// Address and encryption
	{ "--listen", Kind::Address, "HOST:PORT", "127.0.0.1:8687", "address to listen on; port 0 picks a free port" },
	{ "--tls-cert", Kind::File, "FILE", "", "certificate for wss and https (PEM, with its chain)" },
	{ "--tls-key", Kind::File, "FILE", "", "private key of the certificate (PEM, without a password)" },
	{ "--plain-text", Kind::Flag, "", "", "allow listening beyond this machine without encryption" },
	// Users and permissions
	{ "--sdk-app-id", Kind::Number, "N", "1400000001", "application id of the users that may join" },
	{ "--secret-key-file", Kind::File, "FILE", "",
	  "secret key that signs the UserSigs; created if missing (default $XDG_STATE_HOME/trtc-cli/serve.key)" },
	{ "--require-private-map-key", Kind::Flag, "", "",
	  "admit only users with a PrivateMapKey for the room; it sets what they may send and receive" },
	{ "--max-rooms", Kind::Number, "N", "1000", "maximum number of rooms" },
	{ "--max-users", Kind::Number, "N", "200", "maximum number of users in a room" },
	{ "--max-anchors", Kind::Number, "N", "50", "maximum number of publishing users in a room" },
	{ "--max-rooms-per-user", Kind::Number, "N", "64", "maximum number of rooms that one user is in at a time" },
	{ "--max-publications-per-user", Kind::Number, "N", "16",
	  "maximum number of rooms in which one user publishes at a time" },
	{ "--max-connections-per-address", Kind::Number, "N", "64",
	  "maximum number of connections from one client address; 0: no limit, as behind a reverse proxy" },
	// Media
	{ "--media-address", Kind::Text, "IP", "",
	  "IP address that clients use to reach media on this machine (default every address)" },
	{ "--media-ports", Kind::Text, "A-B", "",
	  "range of UDP ports for media, one port per connection (default any)" },
	// Commands, output and configuration
	{ "--no-stdin", Kind::Flag, "", "", "do not read commands from stdin" },
	{ "--control", Kind::File, "PATH", "",
	  "unix socket for ctl, or none to disable it (default serve-PORT.sock in $XDG_RUNTIME_DIR/trtc-cli or "
	  "/tmp/trtc-cli-UID)" },
	kEvents,
	kLogLevel,
	kLogFile,
	kReport,
	kConfig,
	kDryRun,
};

constexpr OptionGroup kServeGroups[] = {
	{ "Address and encryption", "--listen" },
	{ "Users and permissions", "--sdk-app-id" },
	{ "Media", "--media-address" },
	{ "Commands, output and configuration", "--no-stdin" },
};

constexpr OptionSpec kDoctor[] = {
	// Server and credentials
	{ "--server", Kind::Url, "URL", "ws://127.0.0.1:8687", "URL of the room service to check, ws:// or wss://" },
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "user id that the UserSig must be for" },
	{ "--user-sig", Kind::Text, "SIG", "",
	  "UserSig to check; other local users can see it, so prefer --user-sig-file or TRTC_USER_SIG", kSecret },
	{ "--user-sig-file", Kind::File, "FILE", "", "check the UserSig in this file" },
	{ "--secret-key-file", Kind::File, "FILE", "",
	  "secret key to verify the UserSig with, or to sign one for --user-id" },
	{ "--ca-file", Kind::File, "FILE", "", "trust the certificates in FILE (PEM) instead of the system's" },
	{ "--insecure", Kind::Flag, "", "", "accept any server certificate" },
	// Disk and port
	{ "--record", Kind::Directory, "DIR", "", "directory for recordings; its disk is checked" },
	{ "--listen", Kind::Address, "HOST:PORT", "127.0.0.1:8687",
	  "address that serve would listen on; the port is checked" },
	// Output and configuration
	{ "--json", Kind::Flag, "", "", "print one JSON object per line" },
	kConfig,
};

constexpr OptionGroup kDoctorGroups[] = {
	{ "Server and credentials", "--server" },
	{ "Disk and port", "--record" },
	{ "Output and configuration", "--json" },
};

constexpr OptionSpec kSign[] = {
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "user id to sign for" },
	{ "--secret-key-file", Kind::File, "FILE", "", "the application's secret key" },
	{ "--expire", Kind::Duration, "DURATION", "24h",
	  "how long the signature is valid, as 12h or 7d; a number without a unit is seconds" },
	{ "--private-map-key", Kind::Flag, "", "",
	  "make a PrivateMapKey (permission for one room) instead of a UserSig", kNotInFile | kNotInEnvironment },
	{ "--room", Kind::Room, "ID", "", "PrivateMapKey: the room" },
	{ "--string-room", Kind::Flag, "", "", "PrivateMapKey: --room is a string room" },
	{ "--privileges", Kind::Privileges, "NAME,...", "all",
	  "PrivateMapKey: create, enter, send-audio, receive-audio, send-video, receive-video, send-aux, receive-aux, "
	  "send, receive or all; or the sum of their bits, 1 to 255" },
	kConfig,
};

constexpr OptionSpec kVerify[] = {
	kSdkAppId,
	{ "--user-id", Kind::User, "ID", "", "user id that the signature must be for" },
	{ "--secret-key-file", Kind::File, "FILE", "", "the application's secret key" },
	{ "--private-map-key", Kind::Flag, "", "", "verify a PrivateMapKey instead of a UserSig",
	  kNotInFile | kNotInEnvironment },
	{ "--room", Kind::Room, "ID", "", "PrivateMapKey: the room" },
	{ "--string-room", Kind::Flag, "", "", "PrivateMapKey: --room is a string room" },
	kConfig,
};

constexpr OptionSpec kCtl[] = {
	{ "--control", Kind::File, "PATH|USER@ROOM", "",
	  "control socket to connect to, or the agent (default the only one in $XDG_RUNTIME_DIR/trtc-cli or "
	  "/tmp/trtc-cli-UID)" },
	{ "--wait", Kind::Duration, "DURATION", "2s",
	  "how long to wait for the socket of an agent that is starting; 0 disables waiting" },
	{ "--events", Kind::Choice, "json|text|none", "",
	  "format of the answers on stdout (default text on a terminal, else json)" },
	kConfig,
};

constexpr std::string_view kSignatureHelp = "SIG is the signature itself, or - to read it from stdin.";

constexpr OptionSpec kDevices[] = {
	{ "--json", Kind::Flag, "", "", "print one JSON object instead of text" },
	kConfig,
};

constexpr CommandSpec kCommandSpecs[] = {
	{ "join", "join a room as anchor or audience: publish, subscribe, record, play", "", kJoin, {}, kJoinGroups },
	{ "serve", "run a room service on this machine", "", kServe, {}, kServeGroups },
	{ "devices", "list cameras, microphones, speakers and screens with their formats", "", kDevices },
	{ "doctor",
	  "check this machine and the connection to a room service, and say how to fix each problem",
	  "",
	  kDoctor,
	  {},
	  kDoctorGroups },
	{ "ctl", "send a command to a running agent or service and print its answer", "COMMAND...", kCtl,
	  "COMMAND is one of the stdin commands of join or serve. Without it, ctl reads one command per line from "
	  "stdin." },
	{ "completion",
	  "print the completion script of a shell",
	  "bash|zsh|fish",
	  {},
	  "Source the printed script, or install it in the shell's completion directory; the package installs it "
	  "there." },
	{ "usersig sign", "make a UserSig or a PrivateMapKey and print it", "", kSign },
	{ "usersig show",
	  "print the contents of a UserSig or PrivateMapKey without verifying the signature",
	  "SIG",
	  {},
	  kSignatureHelp },
	{ "usersig verify", "verify a UserSig or PrivateMapKey", "SIG", kVerify, kSignatureHelp },
	{ "help",
	  "print the help of the program or of a command",
	  "COMMAND...",
	  {},
	  "COMMAND is the name of a command, such as join or usersig sign." },
	{ "version", "print the version", "", {} },
};

} // namespace

std::span<const CommandSpec> commandSpecs() noexcept { return kCommandSpecs; }

} // namespace trtc::cli
