// SPDX-License-Identifier: MIT
#pragma once

#include "cli/agent/expectation.h"
#include "cli/events/event_printer.h"
#include "cli/options/option_layers.h"
#include "doctor/facts.h"

#include <trtc/config.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The command line: what a user can say, taken apart and checked, before anything is opened or sent.
namespace trtc::cli {

struct LogConfig {
	std::string level = "warn", file;
};

/// What `--report` leaves behind.
struct ReportConfig {
	std::string directory; ///< "": nothing
	bool always =
		false; ///< asked for by option or file; by the variable it is kept only when the exit code is not 0
	std::vector<SettledOption> options;
	std::vector<std::string> secrets; ///< UserSig and PrivateMapKey as far as an option holds them
};

/// What `--play` asks for.
struct PlayConfig {
	bool automatic = false; ///< a window, else the terminal; and the sound card: whatever there is
	bool window = false, terminal = false, sound = false;
	std::string soundDevice; ///< ALSA; "": its default
	/// `auto`, or a list of `window`, `term`, `sound`, `alsa[:DEVICE]` with commas between. Throws
	/// Exception(InvalidParameter) naming what is allowed.
	static PlayConfig parse(std::string_view text);
	bool operator==(const PlayConfig &) const = default;
};

struct JoinConfig {
	ClientConfig client; ///< userSig is filled from `--user-sig` only
	JoinOptions join;
	LocalStreamConfig local;
	std::string userSigFile, secretKeyFile; ///< exactly one of these and client.userSig is set
	bool serveKey = false; ///< secretKeyFile was not named: it is the one that `serve` keeps on this machine
	std::string privateMapKeyFile; ///< "": join.privateMapKey, or with secretKeyFile one of our own
	bool publishOnJoin = true;
	enum class Subscribe { All, None, Listed } subscribe = Subscribe::All;
	std::vector<UserId> subscribeUsers; ///< Listed only
	std::string recordDirectory;	    ///< "": no recording
	std::optional<PlayConfig> play;
	std::chrono::milliseconds audioVolume { 0 }; ///< 0: not told
	RecordName recordName;
	EventFormat events = EventFormat::Json;
	std::optional<std::chrono::milliseconds> exitAfter;
	std::optional<std::chrono::seconds> statsPeriod; ///< empty: no `stats` events
	std::vector<Expectation> expectations;
	bool exitWhenExpected = false;
	std::string junitFile; ///< "": no report
	bool readStdin = true;
	std::string control;	  ///< path of the control socket; "": none
	bool controlAsked = true; ///< by the user: then the agent does not start without it
	LogConfig log;
	ReportConfig report;
	bool dryRun = false;
	std::string configFile; ///< the one that was read; "": none
	std::vector<SettledOption> options;
	bool hasSources() const noexcept
	{
		return local.video.kind != SourceSpec::Kind::None || local.audio.kind != SourceSpec::Kind::None ||
		       local.auxiliary.kind != SourceSpec::Kind::None;
	}
};

struct ServeConfig {
	std::string host = "127.0.0.1";
	std::uint16_t port = 8687;
	std::uint32_t sdkAppId = 1400000001;
	std::string secretKeyFile;	    ///< "": the default place
	std::string tlsCertificate, tlsKey; ///< both or none
	std::string mediaAddress;
	std::uint16_t minMediaPort = 0, maxMediaPort = 0;
	std::size_t maxRooms = 1000, maxUsers = 200, maxAnchors = 50;
	std::size_t maxRoomsPerUser = 64, maxPublicationsPerUser = 16;
	std::size_t maxConnectionsPerAddress = 64; ///< 0: no limit
	bool requirePrivateMapKey = false;
	bool readStdin = true;
	std::string control;	      ///< path of the control socket; "": none, or the default one unless controlAsked
	bool controlAsked = false;    ///< by the user: then the service does not start without it
	std::string runtimeDirectory; ///< $XDG_RUNTIME_DIR, or ""
	EventFormat events = EventFormat::Json;
	LogConfig log;
	ReportConfig report;
	bool dryRun = false;
	std::string configFile; ///< the one that was read; "": none
	std::vector<SettledOption> options;
};

struct UserSigConfig {
	enum class Verb { Sign, Show, Verify } verb = Verb::Sign;
	std::string signature; ///< show, verify; "-": stdin
	std::uint32_t sdkAppId = 1400000001;
	std::string userId; ///< any text: a UserSig made for another product may break TRTC's rule
	std::string secretKeyFile;
	std::chrono::seconds expire { 24 * 3600 };
	std::optional<RoomId> room; ///< set: a PrivateMapKey
	std::uint32_t privileges = 255;
};

struct DoctorConfig {
	doctor::Settings settings; ///< without what is in the files
	bool json = false;
};

struct CtlConfig {
	std::string control;		      ///< path, or USER@ROOM of an agent; "": the only one
	std::chrono::milliseconds wait { 0 }; ///< for the socket to appear
	std::string runtimeDirectory;	      ///< $XDG_RUNTIME_DIR, or ""
	std::vector<std::string> words;	      ///< the command; none: commands from stdin
	EventFormat events = EventFormat::Json;
};

struct DevicesConfig {
	bool json = false;
};

/// Something to print on stdout before ending well.
struct PrintAndExit {
	std::string text;
};

using CommandLineResult =
	std::variant<JoinConfig, ServeConfig, UserSigConfig, DoctorConfig, CtlConfig, DevicesConfig, PrintAndExit>;

/// @p arguments: without the program's name. Throws Exception(InvalidParameter) naming the option, the reason and the way out.
CommandLineResult parseCommandLine(const std::vector<std::string> &arguments, const Surroundings &surroundings);

/// The report that was asked for, although parseCommandLine() failed; nothing when the command line could not be taken apart
/// at all. Never throws.
ReportConfig reportConfigOf(const std::vector<std::string> &arguments, const Surroundings &surroundings);

/// How to report that parseCommandLine() failed: what `--events` says as far as it can be read; None for
/// commands without events. @p join: the command is `join`, which ends with a summary.
EventFormat eventFormatOf(const std::vector<std::string> &arguments, const Surroundings &surroundings, bool &join);

} // namespace trtc::cli
