// SPDX-License-Identifier: MIT
#include "cli/options/options.h"

#include "base/refuse.h"
#include "cli/control/control_path.h"
#include "cli/options/completion.h"
#include "cli/options/credentials.h"
#include "cli/options/option_parser.h"
#include "cli/options/secret_file.h"
#include "cli/text.h"
#include "usersig/usersig.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kMaxTimer = 1000h;

/// Runs @p parse and puts the option's name in front of what it complains about.
template <class F>
auto named(std::string_view option, F parse)
{
	try {
		return parse();
	} catch (const Exception &error) {
		throw Exception(error.error().code, fmt::format("{}: {}", option, error.error().message));
	}
}

std::string required(const OptionValues &values, std::string_view option, std::string_view what)
{
	auto text = values.text(option);
	if (!text)
		refuse(fmt::format("{} is missing: {}, with {} or {}", option, what, option,
				   OptionValues::variableName(option)));
	return *std::move(text);
}

/// One word of a few. Returns its index.
template <std::size_t N>
std::size_t choice(const OptionValues &values, std::string_view option, const std::array<std::string_view, N> &words,
		   std::size_t fallback)
{
	const auto text = values.text(option);
	if (!text)
		return fallback;
	const auto found = std::find(words.begin(), words.end(), *text);
	if (found == words.end())
		refuse(fmt::format("{} \"{}\" is not allowed: use {}", option, printable(*text, 40),
				   fmt::join(words, ", ")));
	return static_cast<std::size_t>(found - words.begin());
}

std::optional<std::chrono::milliseconds> duration(const OptionValues &values, std::string_view option)
{
	const auto text = values.text(option);
	if (!text)
		return {};
	return named(option, [&] { return parseDuration(*text); });
}

std::uint32_t sdkAppId(const OptionValues &values)
{
	return static_cast<std::uint32_t>(parseWhole("--sdk-app-id", values.value("--sdk-app-id"), 1, 4294967295));
}

RoomId room(const OptionValues &values)
{
	auto text = required(values, "--room", "name the room");
	const bool isText = values.flag("--string-room");
	return named("--room", [&] { return isText ? RoomId::string(std::move(text)) : RoomId::parseNumber(text); });
}

LogConfig logConfig(const OptionValues &values)
{
	static constexpr std::array<std::string_view, 5> kLevels { "error", "warn", "info", "debug", "trace" };
	return { std::string(kLevels[choice(values, "--log-level", kLevels, 1)]), values.value("--log-file") };
}

ReportConfig reportConfig(const OptionValues &values)
{
	ReportConfig config;
	config.directory = values.value("--report");
	// The variable is for machines where reports are wanted of what went wrong only.
	config.always = values.said("--report").layer != Layer::Environment;
	if (values.onCommandLine("--report") && config.directory.empty())
		refuse("--report is empty: name a directory");
	for (const std::string_view option : { "--user-sig", "--private-map-key" })
		if (const auto *spec = values.command->find(option); spec && spec->has(kSecret))
			config.secrets.push_back(values.value(option));
	return config;
}

EventFormat eventFormat(const OptionValues &values, bool terminal)
{
	static constexpr std::array<std::string_view, 3> kFormats { "json", "text", "none" };
	static constexpr EventFormat kValues[] = { EventFormat::Json, EventFormat::Text, EventFormat::None };
	return kValues[choice(values, "--events", kFormats, terminal ? 1 : 0)];
}

std::string server(const OptionValues &values)
{
	auto url = values.value("--server");
	const auto scheme = url.find("://");
	const auto name = url.substr(0, scheme == std::string::npos ? 0 : scheme);
	if (name != "ws" && name != "wss")
		refuse(fmt::format("--server \"{}\" is not allowed: use ws://HOST:PORT or wss://HOST:PORT",
				   printable(url, 100)));
	const auto rest = url.substr(scheme + 3);
	if (rest.empty() || rest.find_first_of("/:?#") == 0 || rest.find_first_of("?# ") != std::string::npos)
		refuse(fmt::format("--server \"{}\" is not allowed: it needs a host and takes no query, for example "
				   "{}://127.0.0.1:8687",
				   printable(url, 100), name));
	return url;
}

void subscription(const OptionValues &values, JoinConfig &config)
{
	const auto text = values.value("--subscribe");
	if (text == "all")
		return;
	config.client.autoSubscribe = false;
	if (text == "none") {
		config.subscribe = JoinConfig::Subscribe::None;
		return;
	}
	config.subscribe = JoinConfig::Subscribe::Listed;
	for (auto &user : split(text, ','))
		config.subscribeUsers.push_back(named("--subscribe", [&] { return UserId(std::move(user)); }));
}

NetworkConfig network(const OptionValues &values)
{
	NetworkConfig config;
	if (const auto text = values.text("--stun"))
		config.stun = named("--stun", [&] { return StunServer::parse(*text); });
	if (const auto text = values.text("--turn"))
		config.turn = named("--turn", [&] { return TurnServer::parse(*text); });
	if (const auto text = values.text("--proxy"))
		config.proxy = named("--proxy", [&] { return ProxyServer::parse(*text); });
	config.relayOnly = choice<2>(values, "--ice", { "all", "relay" }, 0) == 1;
	if (config.relayOnly && !config.turn)
		refuse("--ice relay needs a TURN server: name one with --turn or TRTC_TURN");
	return config;
}

/// `--expect` in the environment holds one expectation.
void expectations(const OptionValues &values, JoinConfig &config)
{
	for (const auto &text : values.texts("--expect")) {
		config.expectations.push_back(named("--expect", [&] { return Expectation::parse(text); }));
		if (config.expectations.back().within > kMaxTimer)
			refuse(fmt::format("expectation \"{}\" is not allowed: its duration is over 1000h",
					   printable(text, 120)));
	}
	config.exitWhenExpected = values.flag("--exit-when-expected");
	if (config.exitWhenExpected && config.expectations.empty())
		refuse("--exit-when-expected needs an expectation: add --expect EVENT");
	config.junitFile = values.text("--junit").value_or("");
	if (config.junitFile.empty() && values.onCommandLine("--junit"))
		refuse("--junit is empty: name a file");
	if (!config.junitFile.empty() && config.expectations.empty())
		refuse("--junit reports on expectations: add --expect EVENT");
}

std::string runtimeDirectory(const Surroundings &surroundings)
{
	const char *directory = surroundings.variable("XDG_RUNTIME_DIR");
	// The base directory specification: a relative one counts as none.
	return directory && *directory == '/' ? directory : "";
}

std::string controlPath(const OptionValues &values)
{
	auto path = values.text("--control").value_or("");
	if (path.empty() && values.onCommandLine("--control"))
		refuse("--control is empty: name a socket, or none");
	if (path.size() > kMaxControlPath)
		refuse(fmt::format("--control \"{}\" has {} bytes, the limit is {}: name a shorter path",
				   printable(path, 120), path.size(), kMaxControlPath));
	return path;
}

void control(const OptionValues &values, const Surroundings &surroundings, JoinConfig &config)
{
	config.control = controlPath(values);
	config.controlAsked = !config.control.empty();
	if (config.control == "none")
		config.control.clear();
	else if (!config.controlAsked)
		config.control = defaultControlPath(runtimeDirectory(surroundings), config.client.userId.str(),
						    config.join.room.str());
}

CtlConfig ctlConfig(const OptionValues &values, const Surroundings &surroundings)
{
	CtlConfig config;
	config.events = eventFormat(values, surroundings.stdoutIsTerminal);
	config.control = controlPath(values);
	if (config.control == "none")
		refuse("--control none names no agent: name the agent's socket");
	config.runtimeDirectory = runtimeDirectory(surroundings);
	const auto wait = values.value("--wait");
	config.wait = wait == "0" || wait == "0s" ? 0ms : named("--wait", [&] { return parseDuration(wait); });
	if (config.wait > kMaxTimer)
		refuse("--wait is longer than 1000h: name a shorter time");
	config.words = values.words;
	for (const auto &word : config.words)
		if (word.find('\n') != std::string::npos)
			refuse("a command is one line: remove the line feed");
	return config;
}

JoinConfig joinConfig(const OptionValues &values, const Surroundings &surroundings)
{
	JoinConfig config;
	config.events = eventFormat(values, surroundings.stdoutIsTerminal);
	config.log = logConfig(values);
	config.client.server = server(values);
	config.client.sdkAppId = sdkAppId(values);
	auto user = required(values, "--user-id", "name the user to join as");
	config.client.userId = named("--user-id", [&] { return UserId(std::move(user)); });
	readCredentials(values, surroundings.serveKeyFile, config);
	config.join.room = room(values);
	readTicket(values, config);
	config.client.mode = choice<2>(values, "--mode", { "live", "rtc" }, 0) == 0 ? Mode::Live : Mode::Rtc;
	config.join.role =
		choice<2>(values, "--role", { "anchor", "audience" }, 0) == 0 ? Role::Anchor : Role::Audience;
	if (config.client.mode == Mode::Rtc && config.join.role == Role::Audience)
		refuse("--role audience is not possible with --mode rtc, where every user is an anchor: use --mode "
		       "live");

	config.local.video =
		named("--video", [&] { return SourceSpec::parse(values.value("--video"), MediaKind::Video); });
	config.local.audio =
		named("--audio", [&] { return SourceSpec::parse(values.value("--audio"), MediaKind::Audio); });
	config.local.auxiliary =
		named("--auxiliary", [&] { return SourceSpec::parse(values.value("--auxiliary"), MediaKind::Video); });
	config.local.auxiliaryProfile = named(
		"--auxiliary-profile", [&] { return VideoProfile::parseScreen(values.value("--auxiliary-profile")); });
	config.local.loop = values.flag("--loop");
	if (const auto text = values.text("--video-profile"))
		config.local.videoProfile = named("--video-profile", [&] { return VideoProfile::parse(*text); });
	const auto asked = [&](std::string_view option) { return values.said(option).layer != Layer::Default; };
	config.local.videoProfileAsked = asked("--video-profile");
	config.local.auxiliaryProfileAsked = asked("--auxiliary-profile");
	config.local.encode =
		choice<2>(values, "--encode", { "auto", "always" }, 0) == 0 ? FilmEncoding::Auto : FilmEncoding::Always;
	if (const auto text = values.text("--small-stream"))
		config.local.smallProfile = named("--small-stream", [&] { return VideoProfile::parse(*text); });
	if (const auto text = values.text("--audio-profile"))
		config.local.audioProfile = named("--audio-profile", [&] { return AudioProfile::parse(*text); });
	config.local.videoCodec =
		choice<2>(values, "--video-codec", { "h264", "vp8" }, 0) == 0 ? VideoCodec::H264 : VideoCodec::Vp8;
	config.publishOnJoin = !values.flag("--no-publish");

	subscription(values, config);
	config.recordDirectory = values.value("--record");
	if (values.onCommandLine("--record") && config.recordDirectory.empty())
		refuse("--record is empty: name a directory");
	if (const auto name = values.text("--record-name"))
		config.recordName = named("--record-name", [&] { return RecordName::parse(*name); });
	config.client.caFile = values.value("--ca-file");
	config.client.insecure = values.flag("--insecure");
	config.client.network = network(values);
	config.client.reconnectTries =
		static_cast<int>(parseWhole("--reconnect", values.value("--reconnect"), 0, 1'000'000));
	config.client.latency = std::chrono::milliseconds(parseWhole(
		"--latency", values.text("--latency").value_or(config.recordDirectory.empty() ? "100" : "200"), 0,
		10'000));
	if (const auto text = values.text("--play"))
		config.play = PlayConfig::parse(*text);
	config.audioVolume =
		std::chrono::seconds(parseWhole("--audio-volume", values.value("--audio-volume"), 0, 3600));
	config.exitAfter = duration(values, "--exit-after");
	if (config.exitAfter && *config.exitAfter > kMaxTimer)
		refuse("--exit-after is over 1000h: omit it to stay without a limit");
	if (const auto period = values.text("--stats"))
		config.statsPeriod = std::chrono::seconds(parseWhole("--stats", *period, 1, 86'400));
	expectations(values, config);
	config.readStdin = !values.flag("--no-stdin");
	config.dryRun = values.flag("--dry-run");
	config.report = reportConfig(values);
	control(values, surroundings, config);
	return config;
}

bool isLoopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

/// `A-B`, both included.
void media(const OptionValues &values, ServeConfig &config)
{
	config.mediaAddress = values.value("--media-address");
	const auto text = values.text("--media-ports");
	if (!text)
		return;
	const auto dash = text->find('-');
	if (dash == std::string::npos)
		refuse(fmt::format("--media-ports \"{}\" is not allowed: use FIRST-LAST, for example 40000-40999",
				   printable(*text, 40)));
	const auto port = [](const char *what, std::string_view digits) {
		return static_cast<std::uint16_t>(parseWhole(what, digits, 1024, 65535));
	};
	config.minMediaPort = port("--media-ports: first port", std::string_view(*text).substr(0, dash));
	config.maxMediaPort = port("--media-ports: last port", std::string_view(*text).substr(dash + 1));
	if (config.minMediaPort > config.maxMediaPort)
		refuse(fmt::format("--media-ports {}: the first port is above the last one", *text));
}

/// `--listen`. Returns host and port.
std::pair<std::string, std::uint16_t> listenAddress(const OptionValues &values)
{
	const auto listen = values.value("--listen");
	const auto colon = listen.rfind(':');
	auto host = listen.substr(0, colon);
	if (host.starts_with('[') && host.ends_with(']'))
		host = host.substr(1, host.size() - 2);
	else if (host.find(':') != std::string::npos)
		host.clear();
	if (colon == std::string::npos || host.empty())
		refuse(fmt::format(
			"--listen \"{}\" is not allowed: use HOST:PORT, for example 127.0.0.1:8687 or [::1]:8687",
			printable(listen, 60)));
	return { host, static_cast<std::uint16_t>(parseWhole("--listen: port", listen.substr(colon + 1), 0, 65535)) };
}

ServeConfig serveConfig(const OptionValues &values, const Surroundings &surroundings)
{
	ServeConfig config;
	config.events = eventFormat(values, surroundings.stdoutIsTerminal);
	config.log = logConfig(values);
	std::tie(config.host, config.port) = listenAddress(values);
	config.report = reportConfig(values);
	config.tlsCertificate = values.value("--tls-cert");
	config.tlsKey = values.value("--tls-key");
	if (config.tlsCertificate.empty() != config.tlsKey.empty())
		refuse(fmt::format("--tls-cert and --tls-key go together: {} is missing",
				   config.tlsKey.empty() ? "--tls-key" : "--tls-cert"));
	if (!isLoopback(config.host) && config.tlsCertificate.empty() && !values.flag("--plain-text"))
		refuse(fmt::format("--listen {}: beyond this machine everything would travel without encryption: "
				   "name --tls-cert and --tls-key, or add --plain-text if that is wanted",
				   printable(values.value("--listen"), 60)));
	media(values, config);
	config.sdkAppId = sdkAppId(values);
	config.secretKeyFile = values.value("--secret-key-file");
	config.maxRooms = parseWhole("--max-rooms", values.value("--max-rooms"), 1, 1'000'000);
	config.maxUsers = parseWhole("--max-users", values.value("--max-users"), 1, 100'000);
	config.maxAnchors = parseWhole("--max-anchors", values.value("--max-anchors"), 1, 100'000);
	config.maxRoomsPerUser = parseWhole("--max-rooms-per-user", values.value("--max-rooms-per-user"), 1, 1'000'000);
	config.maxPublicationsPerUser =
		parseWhole("--max-publications-per-user", values.value("--max-publications-per-user"), 1, 100'000);
	config.maxConnectionsPerAddress = parseWhole("--max-connections-per-address",
						     values.value("--max-connections-per-address"), 0, 1'000'000);
	config.requirePrivateMapKey = values.flag("--require-private-map-key");
	config.dryRun = values.flag("--dry-run");
	config.readStdin = !values.flag("--no-stdin");
	config.control = controlPath(values);
	config.controlAsked = !config.control.empty();
	if (config.control == "none")
		config.control.clear();
	config.runtimeDirectory = runtimeDirectory(surroundings);
	return config;
}

/// What `--dry-run` tells of the control socket.
std::string controlOf(const ServeConfig &config)
{
	if (config.controlAsked)
		return config.control.empty() ? "none" : config.control;
	return defaultServiceControlPath(config.runtimeDirectory,
					 config.port == 0 ? "PORT" : std::to_string(config.port));
}

/// Unlike for `join` there may be no proof at all, or a UserSig and the key that is said to have made it.
DoctorConfig doctorConfig(const OptionValues &values, const Surroundings &surroundings)
{
	DoctorConfig config;
	auto &settings = config.settings;
	settings.server = server(values);
	settings.serverNamed = values.text("--server").has_value();
	settings.sdkAppId = sdkAppId(values);
	if (const auto user = values.text("--user-id"))
		settings.userId = UserId(*user).str();
	settings.userSig = values.value("--user-sig");
	settings.userSigFile = values.value("--user-sig-file");
	if (!settings.userSig.empty() && !settings.userSigFile.empty())
		refuse("--user-sig and --user-sig-file exclude each other: give one of them");
	settings.secretKeyFile = values.value("--secret-key-file");
	settings.recordDirectory = values.value("--record");
	settings.caFile = values.value("--ca-file");
	settings.insecure = values.flag("--insecure");
	std::tie(settings.listenHost, settings.listenPort) = listenAddress(values);
	settings.variable = surroundings.variable;
	config.json = values.flag("--json");
	return config;
}

/// A duration, or as in Tencent's tools a number of seconds.
std::chrono::seconds expireTime(std::string text)
{
	if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos)
		text += 's';
	const auto expire = named("--expire", [&] { return parseDuration(text); });
	if (expire < 1s)
		refuse("--expire is under a second: use 1s or more");
	return std::chrono::duration_cast<std::chrono::seconds>(expire);
}

UserSigConfig userSigConfig(const CommandSpec &command, const OptionValues &values)
{
	using Verb = UserSigConfig::Verb;
	UserSigConfig config;
	config.verb = command.name == "usersig sign"   ? Verb::Sign
		      : command.name == "usersig show" ? Verb::Show
						       : Verb::Verify;
	config.signature = values.positional;
	if (config.verb == Verb::Show)
		return config;
	config.sdkAppId = sdkAppId(values);
	config.userId = required(values, "--user-id", "name the user of the signature");
	config.secretKeyFile = required(values, "--secret-key-file", "name the file with the secret key");
	if (config.verb == Verb::Sign)
		config.expire = expireTime(values.value("--expire"));
	const bool ticket = values.flag("--private-map-key");
	if (ticket)
		config.room = room(values);
	else if (values.onCommandLine("--room") || values.onCommandLine("--string-room") ||
		 values.onCommandLine("--privileges"))
		refuse("--room, --string-room and --privileges belong to a PrivateMapKey: add --private-map-key");
	if (ticket && config.verb == Verb::Sign)
		config.privileges =
			named("--privileges", [&] { return usersig::parsePrivileges(values.value("--privileges")); });
	return config;
}

} // namespace

CommandLineResult parseCommandLine(const std::vector<std::string> &arguments, const Surroundings &surroundings)
{
	OptionValues values(surroundings.variable);
	const auto parsed = parseWithTable(arguments, values, commandSpecs(), surroundings.columns);
	if (!parsed.command)
		return PrintAndExit { parsed.print };
	warnOfVariables(surroundings);
	const auto configFile = loadConfig(*parsed.command, surroundings, values);
	const auto settled = [&](auto config, std::map<std::string_view, std::string> computed) {
		computed.insert({ { "--config", configFile }, { "--events", formatName(config.events) } });
		config.configFile = configFile;
		config.options = settledOptions(values, computed);
		config.report.options = config.options;
		return config;
	};
	try {
		if (parsed.command->name == "join") {
			auto config = joinConfig(values, surroundings);
			const auto latency = std::to_string(config.client.latency.count());
			const auto control = config.control.empty() ? "none" : config.control;
			config = settled(std::move(config), { { "--latency", latency }, { "--control", control } });
			tellCredentials(config);
			return config;
		}
		if (parsed.command->name == "serve") {
			auto config = serveConfig(values, surroundings);
			const auto control = controlOf(config);
			return settled(std::move(config),
				       { { "--secret-key-file", defaultKeyPath() }, { "--control", control } });
		}
		if (parsed.command->name == "devices")
			return DevicesConfig { values.flag("--json") };
		if (parsed.command->name == "completion")
			return PrintAndExit { completionScript(values.positional) };
		if (parsed.command->name == "ctl")
			return ctlConfig(values, surroundings);
		if (parsed.command->name == "doctor") {
			auto config = doctorConfig(values, surroundings);
			config.settings.configFile = configFile;
			return config;
		}
		return userSigConfig(*parsed.command, values);
	} catch (const Exception &error) {
		throw Exception(withPlace(error.error(), values));
	}
}

ReportConfig reportConfigOf(const std::vector<std::string> &arguments, const Surroundings &surroundings)
{
	try {
		OptionValues values(surroundings.variable);
		const auto parsed = parseWithTable(arguments, values);
		if (!parsed.command || !parsed.command->find("--report"))
			return {};
		try {
			loadConfig(*parsed.command, surroundings, values);
		} catch (const Exception &) {
			// The file may be what is wrong.
		}
		auto config = reportConfig(values);
		config.options = settledOptions(values, {});
		return config;
	} catch (const Exception &) {
		return {}; // that is what is being told
	}
}

EventFormat eventFormatOf(const std::vector<std::string> &arguments, const Surroundings &surroundings, bool &join)
{
	join = !arguments.empty() && arguments[0] == "join";
	if (!join && (arguments.empty() || arguments[0] != "serve"))
		return EventFormat::None;
	OptionValues values(surroundings.variable);
	for (const std::string option : { "--events", "--config" })
		for (std::size_t i = 1; i < arguments.size(); ++i) {
			if (arguments[i] == option && i + 1 < arguments.size())
				values.given[option] = { arguments[i + 1] };
			else if (arguments[i].starts_with(option + '='))
				values.given[option] = { arguments[i].substr(option.size() + 1) };
		}
	try {
		Surroundings quiet = surroundings;
		quiet.warn = nullptr;
		const auto specs = commandSpecs();
		const auto command = std::find_if(specs.begin(), specs.end(),
						  [&](const auto &each) { return each.name == arguments[0]; });
		loadConfig(*command, quiet, values);
	} catch (const Exception &) {
		// The file may be what is wrong.
	}
	try {
		return eventFormat(values, surroundings.stdoutIsTerminal);
	} catch (const Exception &) {
		// --events itself is wrong.
		return surroundings.stdoutIsTerminal ? EventFormat::Text : EventFormat::Json;
	}
}

} // namespace trtc::cli
