// SPDX-License-Identifier: MIT
#include "cli/options/option_table.h"
#include "cli/options/options.h"

#include <trtc/error.h>

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::cli;
using namespace std::chrono_literals;

namespace {

using Variables = std::map<std::string, std::string>;

std::vector<std::string> words(const std::string &line)
{
	std::istringstream stream(line);
	std::vector<std::string> out;
	for (std::string word; stream >> word;)
		out.push_back(word);
	return out;
}

CommandLineResult parse(const std::string &line, const Variables &variables = {}, bool terminal = false)
{
	const Surroundings surroundings { [&](const char *name) -> const char * {
						 const auto found = variables.find(name);
						 return found == variables.end() ? nullptr : found->second.c_str();
					 },
					  terminal };
	return parseCommandLine(words(line), surroundings);
}

const std::string kJoin = "join --user-id ann --room 5 --user-sig sig ";

JoinConfig join(const std::string &more, const Variables &variables = {}, bool terminal = false)
{
	return std::get<JoinConfig>(parse(kJoin + more, variables, terminal));
}

std::string refusal(const std::string &line, const Variables &variables = {})
{
	try {
		parse(line, variables);
	} catch (const Exception &error) {
		CHECK(error.error().code == ErrorCode::InvalidParameter);
		return error.error().message;
	}
	return "accepted";
}

} // namespace

TEST_CASE("join: the defaults of the contract")
{
	const auto config = join("");
	CHECK(config.client.server == "ws://127.0.0.1:8687");
	CHECK(config.client.sdkAppId == 1400000001);
	CHECK(config.client.userId == UserId("ann"));
	CHECK(config.client.userSig == "sig");
	CHECK((config.client.mode == Mode::Live)); // toString() of these would confuse doctest
	CHECK(config.client.autoSubscribe);
	CHECK(config.client.latency == 100ms);
	CHECK(config.join.room == RoomId::number(5));
	CHECK((config.join.role == Role::Anchor)); // toString() of these would confuse doctest
	CHECK_FALSE(config.hasSources());
	CHECK(config.publishOnJoin);
	CHECK(config.readStdin);
	CHECK(config.events == EventFormat::Json);
	CHECK(config.log.level == "warn");
	CHECK_FALSE(config.exitAfter);
	CHECK(join("", {}, true).events == EventFormat::Text);
}

TEST_CASE("join: every option arrives")
{
	const auto config = join(
		"--server wss://room.example/ws --sdk-app-id 7 --mode live --role audience --video test --audio "
		"file:a.mp4 "
		"--loop --encode always --video-profile 320x240@10,200k --audio-profile high --video-codec vp8 "
		"--no-publish "
		"--subscribe bob,eve --record out --ca-file c.pem --insecure --events text --exit-after 10s "
		"--expect joined --expect left@5s --exit-when-expected --no-stdin --log-level debug --log-file l.txt");
	CHECK(config.client.server == "wss://room.example/ws");
	CHECK(config.client.sdkAppId == 7);
	CHECK((config.join.role == Role::Audience)); // toString() of these would confuse doctest
	CHECK(config.local.video.kind == SourceSpec::Kind::Test);
	CHECK(config.local.audio.argument == "a.mp4");
	CHECK(config.local.loop);
	CHECK((config.local.encode == FilmEncoding::Always));
	CHECK(config.local.videoProfile == VideoProfile { 320, 240, 10, 200 });
	CHECK(config.local.videoProfileAsked);
	CHECK_FALSE(config.local.auxiliaryProfileAsked);
	CHECK(config.local.audioProfile == AudioProfile::parse("high"));
	CHECK((config.local.videoCodec == VideoCodec::Vp8)); // toString() of these would confuse doctest
	CHECK_FALSE(config.publishOnJoin);
	CHECK(config.subscribe == JoinConfig::Subscribe::Listed);
	CHECK_FALSE(config.client.autoSubscribe);
	CHECK(config.subscribeUsers == std::vector<UserId> { UserId("bob"), UserId("eve") });
	CHECK(config.recordDirectory == "out");
	CHECK(config.client.latency == 200ms);
	CHECK(config.client.caFile == "c.pem");
	CHECK(config.client.insecure);
	CHECK(config.events == EventFormat::Text);
	CHECK(config.exitAfter == 10s);
	CHECK(config.expectations.size() == 2);
	CHECK(config.exitWhenExpected);
	CHECK_FALSE(config.readStdin);
	CHECK(config.log.level == "debug");
	CHECK(config.log.file == "l.txt");
	CHECK(join("--record out --latency 50").client.latency == 50ms);
	const auto network =
		join("--stun stun:s --turn turn:u:p@t?transport=tcp --ice relay --proxy http://x:1").client.network;
	CHECK(network.stun == StunServer { "s", 3478 });
	CHECK(network.turn == TurnServer { "u", "p", "t", 3478, true });
	CHECK(network.relayOnly);
	CHECK(network.proxy == ProxyServer { ProxyServer::Kind::Http, "", "", "x", 1 });
	CHECK(join("").client.network == NetworkConfig {});
	CHECK(join("--stats 5").statsPeriod == 5s);
	CHECK_FALSE(join("").statsPeriod);
	CHECK(std::get<JoinConfig>(parse("join --user-id a --user-sig s --string-room --room 5")).join.room ==
	      RoomId::string("5"));
}

TEST_CASE("join: where to play")
{
	const auto play = [](const std::string &text) {
		const auto config = join(text).play;
		REQUIRE(config.has_value());
		return *config;
	};
	PlayConfig automatic, terminal, sound, card, all;
	automatic.automatic = true;
	terminal.terminal = true;
	sound.sound = true;
	card.sound = true;
	card.soundDevice = "hw:1,0";
	all = card;
	all.window = all.terminal = true;
	CHECK_FALSE(join("").play);
	CHECK(join("").audioVolume == 0ms);
	CHECK(join("--audio-volume 2").audioVolume == 2s);
	CHECK(play("--play") == automatic);
	CHECK(play("--play --no-stdin") == automatic);
	CHECK(play("--play auto") == automatic);
	CHECK(play("--play term") == terminal);
	CHECK(play("--play=term") == terminal);
	CHECK(play("--play sound") == sound);
	CHECK(play("--play alsa") == sound);
	CHECK(play("--play alsa:hw:1,0") == card);
	CHECK(play("--play window,alsa:hw:1,0,term") == all);
	for (const auto *wrong : { "windows", "auto,term", "term,", "alsa:", ",", "window,0", "term,auto" }) {
		CAPTURE(wrong);
		const auto message = refusal(std::string("join --user-id a --room 5 --user-sig s --play ") + wrong);
		CHECK(message.find("--play \"" + std::string(wrong) + "\" is not allowed") != std::string::npos);
		CHECK(message.find("window, term, sound, alsa[:DEVICE]") != std::string::npos);
	}
	CHECK(refusal("join --user-id a --room 5 --user-sig s --play windw").find("did you mean window?") !=
	      std::string::npos);
	CHECK(refusal("join --user-id a --room 5 --user-sig s --audio-volume 3601").find("--audio-volume") !=
	      std::string::npos);
}

TEST_CASE("join: what is wrong is refused by name")
{
	struct Row {
		const char *line, *part;
	};
	const Row rows[] = {
		{ "join --room 5 --user-sig s", "--user-id is missing" },
		{ "join --user-id ann --user-sig s", "--room is missing" },
		{ "join --user-id ann --room 5", "credentials are missing" },
		{ "join --user-id ann --room 5 --user-sig s --secret-key-file k",
		  "--user-sig and --secret-key-file exclude each other" },
		{ "join --user-id an.n --room 5 --user-sig s", "user id \"an.n\" is not allowed" },
		{ "join --user-id aaaaaaaaaabbbbbbbbbbccccccccccddd --room 5 --user-sig s",
		  "is too long: it has 33 characters, the limit is 32" },
		{ "join --user-id ann --room 0 --user-sig s", "room 0 is out of range" },
		{ "join --user-id ann --room -1 --user-sig s", "room \"-1\" is out of range" },
		{ "join --user-id ann --room 4294967295 --user-sig s", "room 4294967295 is out of range" },
		{ "join --user-id ann --room lobby --user-sig s", "room \"lobby\" is not a number" },
		{ "join --user-id ann --string-room --room a/b --user-sig s", "string room \"a/b\" is not allowed" },
	};
	for (const auto &row : rows) {
		CAPTURE(row.line);
		CHECK(refusal(row.line).find(row.part) != std::string::npos);
	}
	const Row more[] = {
		{ "--server http://x", "--server \"http://x\" is not allowed" },
		{ "--server 127.0.0.1:80", "use ws://HOST:PORT" },
		{ "--server ws://", "needs a host" },
		{ "--server ws://h?x=1", "takes no query" },
		{ "--sdk-app-id 0", "--sdk-app-id \"0\"" },
		{ "--sdk-app-id 4294967296", "--sdk-app-id" },
		{ "--sdk-app-id x", "--sdk-app-id" },
		{ "--mode vod", "use live, rtc" },
		{ "--role host", "use anchor, audience" },
		{ "--mode rtc --role audience", "not possible with --mode rtc" },
		{ "--video cam", "--video: " },
		{ "--audio file:", "--audio: source \"file:\" is incomplete" },
		{ "--video-profile 9p", "--video-profile: " },
		{ "--auxiliary nothing", "--auxiliary: " },
		{ "--auxiliary-profile 180p", "--auxiliary-profile: " },
		{ "--audio-profile loud", "--audio-profile: " },
		{ "--video-codec av1", "use h264, vp8" },
		{ "--subscribe bob,,eve", "--subscribe: user id \"\"" },
		{ "--latency -1", "--latency" },
		{ "--latency 10001", "--latency" },
		{ "--reconnect -1", "--reconnect" },
		{ "--reconnect forever", "--reconnect" },
		{ "--events xml", "use json, text, none" },
		{ "--exit-after 5", "--exit-after: duration \"5\"" },
		{ "--exit-after 1001h", "over 1000h" },
		{ "--expect joined@1001h", "over 1000h" },
		{ "--expect nothing", "does not exist" },
		{ "--exit-when-expected", "needs an expectation" },
		{ "--junit report.xml", "--junit reports on expectations: add --expect" },
		{ "--log-level loud", "use error, warn, info, debug, trace" },
		{ "--room 6", "--room is given 2 times" },
		{ "--vidio test", "did you mean --video?" },
		{ "--record", "--record needs a value" },
		{ "--record --events none", "--record needs a value, but \"--events\" follows: use --record DIR" },
		{ "--user x", "did you mean --user-id, --user-sig or --user-sig-file?" },
		{ "--publish", "an anchor with --video or --audio publishes when it joins" },
		{ "--video film.mp4", "--video: source \"film.mp4\" is unknown: did you mean file:film.mp4?" },
		{ "--video /tmp", "did you mean file:/tmp?" },
		{ "--video /dev/video2", "did you mean v4l2:/dev/video2?" },
		{ "--video rtsp://h/film.mp4", "is unknown: use none, test" },
		{ "--record-name {title}", "--record-name: recording name \"{title}\" is not allowed" },
		{ "surplus", "unknown argument \"surplus\"" },
		{ "--loop=maybe", "--loop is a flag: give it alone, or as =true or =false" },
		// contract, but not of this release
	};
	for (const auto &row : more) {
		CAPTURE(row.line);
		CHECK(refusal(kJoin + row.line).find(row.part) != std::string::npos);
	}
}

TEST_CASE("the control socket and who asks there")
{
	const Variables runtime { { "XDG_RUNTIME_DIR", "/run/user/7" } };
	const auto shared = "/tmp/trtc-cli-" + std::to_string(::geteuid());
	CHECK(join("").control == shared + "/ann@5.sock");
	CHECK_FALSE(join("").controlAsked);
	CHECK(join("", runtime).control == "/run/user/7/trtc-cli/ann@5.sock");
	CHECK_FALSE(join("", runtime).controlAsked);
	CHECK(join("", { { "XDG_RUNTIME_DIR", "relative" } }).control == shared + "/ann@5.sock");
	CHECK(join("--control none", runtime).control.empty());
	CHECK(join("--control here", runtime).control == "here");
	CHECK(join("--control here", runtime).controlAsked);
	CHECK(join("", { { "XDG_RUNTIME_DIR", "/r" }, { "TRTC_CONTROL", "there" } }).control == "there");
	CHECK(join("--exit-after 2d").exitAfter == 48h);
	CHECK(refusal(kJoin + "--control " + std::string(108, 'x')).find("has 108 bytes, the limit is 107") !=
	      std::string::npos);

	const auto ctl = [&](const std::string &line, const Variables &variables = {}) {
		return std::get<CtlConfig>(parse("ctl " + line, variables));
	};
	CHECK(ctl("users", runtime).runtimeDirectory == "/run/user/7");
	CHECK(ctl("users", runtime).control.empty());
	CHECK(ctl("--control a users").control == "a");
	CHECK(ctl("users").wait == std::chrono::seconds(2));
	CHECK(ctl("--wait 10s users").wait == std::chrono::seconds(10));
	CHECK(ctl("--wait 0s users").wait == std::chrono::seconds(0));
	CHECK(refusal("ctl --wait soon users").find("--wait") != std::string::npos);
	CHECK(ctl("--control=a --events text mute audio").words == std::vector<std::string> { "mute", "audio" });
	CHECK((ctl("--events text mute audio").events == EventFormat::Text));
	CHECK(ctl("").words.empty());
	// Behind the first word of the command everything belongs to it.
	CHECK(ctl("message --control x -- --help").words ==
	      std::vector<std::string> { "message", "--control", "x", "--", "--help" });
	CHECK(refusal("ctl --contrl x users").find("did you mean --control?") != std::string::npos);
	CHECK(refusal("ctl --control none users").find("names no agent") != std::string::npos);
	CHECK(refusal("ctl --control").find("--control needs a value") != std::string::npos);
}

TEST_CASE("the environment gives what the command line does not")
{
	const Variables variables { { "TRTC_USER_ID", "eve" }, { "TRTC_ROOM", "9" },	 { "TRTC_USER_SIG", "other" },
				    { "TRTC_LOOP", "true" },   { "TRTC_NO_STDIN", "1" }, { "TRTC_LOG_LEVEL", "" } };
	const auto config = std::get<JoinConfig>(parse("join", variables));
	CHECK(config.client.userId == UserId("eve"));
	CHECK(config.join.room == RoomId::number(9));
	CHECK(config.client.userSig == "other");
	CHECK(config.local.loop);
	CHECK_FALSE(config.readStdin);
	CHECK(config.log.level == "warn");
	CHECK(join("", variables).client.userId == UserId("ann"));
	// a proof on the command line hides another one in the environment
	const auto key = std::get<JoinConfig>(parse("join --secret-key-file k", variables));
	CHECK(key.secretKeyFile == "k");
	CHECK(key.client.userSig.empty());
	CHECK_FALSE(join("--loop=false", variables).local.loop);
	CHECK(refusal(kJoin, { { "TRTC_LOOP", "perhaps" } }).find("TRTC_LOOP is \"perhaps\"") != std::string::npos);
}

TEST_CASE("without credentials an agent uses the key of the service on this machine")
{
	const auto key =
		std::filesystem::temp_directory_path() / ("trtc-cli-options-test." + std::to_string(::getpid()));
	std::ofstream(key) << "key\n";
	const auto with = [&](const std::string &more, const std::string &path) {
		const Surroundings surroundings {
			[](const char *) -> const char * { return nullptr; }, false, {}, {}, 80, path
		};
		return parseCommandLine(words("join --user-id ann --room 5 " + more), surroundings);
	};
	const auto why = [&](const std::string &more, const std::string &path) {
		try {
			with(more, path);
		} catch (const Exception &error) {
			return error.error().message;
		}
		return std::string("accepted");
	};
	for (const std::string server :
	     { "", "--server ws://127.0.0.1:9", "--server ws://localhost/a", "--server ws://[::1]:80" }) {
		CAPTURE(server);
		const auto config = std::get<JoinConfig>(with(server, key));
		CHECK(config.serveKey);
		CHECK(config.secretKeyFile == key);
		const auto shown = std::find_if(config.options.begin(), config.options.end(),
						[](const auto &each) { return each.option == "--secret-key-file"; });
		REQUIRE(shown != config.options.end());
		CHECK(shown->value == key);
		CHECK(shown->from == "default: the key of serve on this machine");
	}
	CHECK_FALSE(std::get<JoinConfig>(with("--user-sig s", key)).serveKey);
	CHECK(std::get<JoinConfig>(with("--user-sig s", key)).secretKeyFile.empty());
	for (const std::string server : { "ws://127.example.org", "wss://localhost.example.org", "ws://192.0.2.1" })
		CHECK(why("--server " + server, key).starts_with("credentials are missing: give --secret-key-file"));
	std::filesystem::remove(key);
	CHECK(why("", key).find("(" + key.string() + "): start trtc-cli serve first, or give --secret-key-file") !=
	      std::string::npos);
}

TEST_CASE("serve")
{
	const auto plain = std::get<ServeConfig>(parse("serve"));
	CHECK(plain.host == "127.0.0.1");
	CHECK(plain.port == 8687);
	CHECK(plain.sdkAppId == 1400000001);
	CHECK(plain.maxRooms == 1000);
	CHECK(plain.maxUsers == 200);
	CHECK(plain.maxAnchors == 50);
	CHECK(std::get<ServeConfig>(parse("serve --listen [::1]:0")).host == "::1");
	CHECK(std::get<ServeConfig>(parse("serve --listen 0.0.0.0:80 --plain-text")).port == 80);
	CHECK(refusal("serve --listen 0.0.0.0:80").find("add --plain-text") != std::string::npos);
	CHECK(refusal("serve --listen 8687").find("use HOST:PORT") != std::string::npos);
	CHECK(refusal("serve --listen ::1:80").find("use HOST:PORT") != std::string::npos);
	CHECK(refusal("serve --listen 127.0.0.1:65536").find("port \"65536\"") != std::string::npos);
	CHECK(refusal("serve --max-rooms 0").find("--max-rooms") != std::string::npos);
	CHECK(plain.maxRoomsPerUser == 64);
	CHECK(plain.maxPublicationsPerUser == 16);
	CHECK(plain.maxConnectionsPerAddress == 64);
	const auto limited = std::get<ServeConfig>(
		parse("serve --max-rooms-per-user 2 --max-publications-per-user 3 --max-connections-per-address 0"));
	CHECK(limited.maxRoomsPerUser == 2);
	CHECK(limited.maxPublicationsPerUser == 3);
	CHECK(limited.maxConnectionsPerAddress == 0);
	CHECK(refusal("serve --max-rooms-per-user 0").find("--max-rooms-per-user") != std::string::npos);
	CHECK(refusal("serve --max-connections-per-address x").find("--max-connections-per-address") !=
	      std::string::npos);
	CHECK(plain.tlsCertificate.empty());
	CHECK(plain.minMediaPort == 0);
	const auto secure = std::get<ServeConfig>(parse("serve --listen 0.0.0.0:80 --tls-cert c --tls-key k "
							"--media-address 192.0.2.1 --media-ports 40000-40009"));
	CHECK(secure.tlsCertificate == "c");
	CHECK(secure.tlsKey == "k");
	CHECK(secure.mediaAddress == "192.0.2.1");
	CHECK(secure.minMediaPort == 40000);
	CHECK(secure.maxMediaPort == 40009);
	CHECK(refusal("serve --tls-cert x").find("--tls-key is missing") != std::string::npos);
	CHECK(refusal("serve --media-ports 5000").find("FIRST-LAST") != std::string::npos);
	CHECK(refusal("serve --media-ports 5001-5000").find("above") != std::string::npos);
	CHECK(refusal("serve --media-ports 1-5000").find("first port") != std::string::npos);
}

TEST_CASE("usersig")
{
	const auto sign = std::get<UserSigConfig>(parse("usersig sign --user-id ann --secret-key-file k"));
	CHECK(sign.verb == UserSigConfig::Verb::Sign);
	CHECK(sign.expire == 24h);
	CHECK_FALSE(sign.room);
	const auto ticket =
		std::get<UserSigConfig>(parse("usersig sign --user-id ann --secret-key-file k --private-map-key --room "
					      "lobby --string-room --privileges 42 --expire 5m"));
	CHECK(ticket.room == RoomId::string("lobby"));
	CHECK(ticket.privileges == 42);
	CHECK(ticket.expire == 5min);
	const std::string sign5 = "usersig sign --user-id ann --secret-key-file k ";
	CHECK(std::get<UserSigConfig>(parse(sign5 + "--expire 7d")).expire == 7 * 24h);
	CHECK(std::get<UserSigConfig>(parse(sign5 + "--expire 604800")).expire == 7 * 24h);
	CHECK(refusal(sign5 + "--expire 0").find("--expire: duration \"0s\"") != std::string::npos);
	const auto rights = [&](const std::string &text) {
		return std::get<UserSigConfig>(parse(sign5 + "--private-map-key --room 5 --privileges " + text))
			.privileges;
	};
	CHECK(rights("enter,receive") == 170);
	CHECK(rights("all") == 255);
	CHECK(std::get<UserSigConfig>(parse(sign5 + "--private-map-key --room 5")).privileges == 255);
	CHECK(std::get<UserSigConfig>(parse("usersig show -")).signature == "-");
	CHECK(std::get<UserSigConfig>(parse("usersig verify abc --user-id ann --secret-key-file k")).signature ==
	      "abc");
	CHECK(refusal("usersig sigm").find("did you mean sign?") != std::string::npos);
	CHECK(refusal("usersig show").find("SIG is missing") != std::string::npos);
	CHECK(refusal("usersig sign --user-id ann").find("--secret-key-file is missing") != std::string::npos);
	CHECK(refusal("usersig sign --user-id ann --secret-key-file k --expire 500ms").find("under a second") !=
	      std::string::npos);
	CHECK(refusal("usersig sign --user-id ann --secret-key-file k --room 5").find("add --private-map-key") !=
	      std::string::npos);
	CHECK(refusal("usersig sign --user-id ann --secret-key-file k --private-map-key").find("--room is missing") !=
	      std::string::npos);
	CHECK(refusal("usersig sign --user-id ann --secret-key-file k --private-map-key --room 5 --privileges 256")
		      .find("--privileges") != std::string::npos);
}

TEST_CASE("help and version everywhere, and no command is guessed")
{
	for (const auto &command : commandSpecs()) {
		CAPTURE(command.name);
		const auto help = std::get<PrintAndExit>(parse(std::string(command.name) + " --help")).text;
		for (const auto &option : command.options) {
			CAPTURE(option.name);
			CHECK(help.find("\n  " + std::string(option.name)) != std::string::npos);
		}
		// Its options are keys of the configuration file, which is read by a command that can name it.
		CHECK((command.options.empty() || command.find("--config")));
		CHECK(std::get<PrintAndExit>(parse(std::string(command.name) + " --version"))
			      .text.starts_with("trtc-cli "));
	}
	CHECK(std::get<PrintAndExit>(parse("--help")).text.find("\n  130 ") != std::string::npos);
	CHECK(std::get<PrintAndExit>(parse("usersig --help")).text.find("usersig verify") != std::string::npos);
	CHECK(std::get<PrintAndExit>(parse("")).text == std::get<PrintAndExit>(parse("--help")).text);
	CHECK(std::get<PrintAndExit>(parse("usersig")).text == std::get<PrintAndExit>(parse("usersig --help")).text);
	CHECK(refusal("jion").find("did you mean join?") != std::string::npos);
	CHECK(refusal("--loud").find("unknown option \"--loud\"") != std::string::npos);
	CHECK(refusal("ctll users").find("unknown command") != std::string::npos);
}

TEST_CASE("a command line that cannot be read is still reported in the form asked for")
{
	const auto format = [](const std::string &line, bool &isJoin) {
		return eventFormatOf(words(line), { [](const char *) -> const char * { return nullptr; }, false },
				     isJoin);
	};
	bool isJoin = false;
	CHECK(format("join --vidio --events text", isJoin) == EventFormat::Text);
	CHECK(isJoin);
	CHECK(format("join --events=none", isJoin) == EventFormat::None);
	CHECK(format("join --events xml", isJoin) == EventFormat::Json);
	CHECK(format("serve --listen x", isJoin) == EventFormat::Json);
	CHECK_FALSE(isJoin);
	CHECK(format("usersig sigm", isJoin) == EventFormat::None);
	CHECK(format("", isJoin) == EventFormat::None);
}
