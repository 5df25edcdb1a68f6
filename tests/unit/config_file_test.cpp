// SPDX-License-Identifier: MIT
#include "cli/options/config_file.h"
#include "cli/options/options.h"
#include "support/temp_dir.h"

#include <trtc/error.h>

#include <doctest/doctest.h>

#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace trtc;
using namespace trtc::cli;

namespace {

const CommandSpec &command(std::string_view name)
{
	for (const auto &each : commandSpecs())
		if (each.name == name)
			return each;
	FAIL("no command ", name);
	throw 0;
}

Settings parse(const std::string &text, std::string_view name = "join")
{
	bool secret = false;
	return parseConfig(text, "c.toml", command(name), secret);
}

std::string refusal(const std::string &text, std::string_view name = "join")
{
	try {
		parse(text, name);
	} catch (const Exception &error) {
		CHECK((error.error().code == ErrorCode::InvalidParameter));
		return error.error().message;
	}
	return "accepted";
}

std::vector<std::string> one(const std::string &text) { return { text }; }

/// A folder with a configuration file, and what a process there would see.
struct Place {
	test::TempDir directory;
	std::map<std::string, std::string> variables;
	std::vector<std::string> warnings;

	std::filesystem::path path() const { return directory.str(); }
	std::string write(const std::string &text, mode_t mode = 0600, const std::string &name = "c.toml")
	{
		const auto path = directory / name;
		std::ofstream(path) << text;
		::chmod(path.c_str(), mode);
		return path;
	}
	CommandLineResult run(const std::string &line)
	{
		Surroundings surroundings;
		surroundings.variable = [this](const char *name) -> const char * {
			const auto found = variables.find(name);
			return found == variables.end() ? nullptr : found->second.c_str();
		};
		for (const auto &each : variables)
			if (each.first.starts_with("TRTC_"))
				surroundings.variables.push_back(each.first);
		surroundings.warn = [this](const std::string &text) { warnings.push_back(text); };
		std::istringstream stream(line);
		std::vector<std::string> words;
		for (std::string word; stream >> word;)
			words.push_back(word);
		return parseCommandLine(words, surroundings);
	}
	JoinConfig join(const std::string &more) { return std::get<JoinConfig>(run("join " + more)); }
	std::string refusal(const std::string &line)
	{
		try {
			run(line);
		} catch (const Exception &error) {
			return error.error().message;
		}
		return "accepted";
	}
};

std::string from(const JoinConfig &config, std::string_view option)
{
	for (const auto &each : config.options)
		if (each.option == option)
			return each.from;
	return "nowhere";
}

} // namespace

TEST_CASE("keys are options without dashes, each kind with a type of its own")
{
	const auto settings = parse("server = 'ws://h:1'\nroom = 8888\nloop = true\nlatency = 50\n"
				    "exit-after = \"10s\"\nexpect = ['joined', 'left@5s']\n");
	CHECK(settings.at("--server").texts == one("ws://h:1"));
	CHECK(settings.at("--server").place == "c.toml:1");
	CHECK(settings.at("--server").top);
	CHECK(settings.at("--room").texts == one("8888"));
	CHECK(settings.at("--loop").texts == one("true"));
	CHECK(settings.at("--latency").texts == one("50"));
	CHECK(settings.at("--exit-after").texts == one("10s"));
	CHECK(settings.at("--expect").texts == std::vector<std::string> { "joined", "left@5s" });
	CHECK(parse("room = 'lobby'").at("--room").texts == one("lobby"));
	CHECK(parse("expect = 'joined'").at("--expect").texts == one("joined"));
	CHECK(parse("").empty());
	CHECK(parse("# nothing\n").empty());
}

TEST_CASE("a table is for one command and wins over the top; words of a command are tables in tables")
{
	const std::string text = "sdk-app-id = 1\n[join]\nsdk-app-id = 2\n[usersig]\nsdk-app-id = 3\nuser-id = 'u'\n"
				 "[usersig.sign]\nsdk-app-id = 4\n";
	CHECK(parse(text, "join").at("--sdk-app-id").texts == one("2"));
	CHECK_FALSE(parse(text, "join").at("--sdk-app-id").top);
	CHECK(parse(text, "serve").at("--sdk-app-id").texts == one("1"));
	CHECK(parse(text, "usersig verify").at("--sdk-app-id").texts == one("3"));
	CHECK(parse(text, "usersig verify").at("--user-id").texts == one("u"));
	CHECK(parse(text, "usersig sign").at("--sdk-app-id").texts == one("4"));
	CHECK(parse(text, "join").count("--user-id") == 0);
	// the order in the file does not count
	CHECK(parse("join.sdk-app-id = 2\nsdk-app-id = 1").at("--sdk-app-id").texts == one("2"));
	// of no use for the command, but no error
	CHECK(parse("listen = '127.0.0.1:1'").empty());
}

TEST_CASE("\"\" is as if nothing was said, and hides what is weaker")
{
	CHECK(parse("record = ''").at("--record").texts.empty());
	CHECK(parse("latency = ''").at("--latency").texts.empty());
	CHECK(parse("expect = []").at("--expect").texts.empty());
	CHECK(parse("record = 'd'\n[join]\nrecord = ''").at("--record").texts.empty());
}

TEST_CASE("what is wrong is told with its place, and what is wanted there")
{
	const struct {
		std::string text, part;
	} cases[] = {
		{ "roon = 5", "c.toml:1:1: unknown key \"roon\" (did you mean room?)" },
		{ "\n  [jion]\nroom = 5", "c.toml:2:4: unknown key \"jion\" (did you mean join?)" },
		{ "[serve]\nlistem = 'x'", "c.toml:2:1: unknown key \"listem\" (did you mean listen?)" },
		{ "[join]\nlisten = 'x'", "c.toml:2:1: unknown key \"listen\": join has no option" },
		{ "[usersig.sing]\nroom = 5", "(did you mean sign?)" },
		{ "join = 5", "unknown key \"join\"" },
		{ "[room]\na = 5", "c.toml:1:1: room is a table: it must be an integer or a string" },
		{ "config = 'x'", "unknown key \"config\"" },
		{ "dry-run = true", "unknown key \"dry-run\"" },
		{ "--room = 5", "unknown key \"--room\" (did you mean room?)" },
		{ "user-id = 5", "c.toml:1:11: user-id is an integer: it must be a string (\"ID\")" },
		{ "loop = 'yes'", "c.toml:1:8: loop is a string: it must be true or false" },
		{ "loop = 1", "loop is an integer: it must be true or false" },
		{ "latency = 1.5", "latency is a float: it must be an integer" },
		{ "latency = '50'", "latency is a string: it must be an integer" },
		{ "role = 'boss'", "role is \"boss\": it must be one of the strings \"anchor\", \"audience\"" },
		{ "role = true", "role is a boolean: it must be one of the strings" },
		{ "exit-after = 10:00:00", "exit-after is a date or time" },
		{ "expect = ['joined', 5]", "c.toml:1:21: expect is an integer: it must be an array of strings" },
		{ "server = ['ws://h']", "server is an array: it must be a string" },
		{ "[[join]]\nroom = 5", "unknown key \"join\"" },
		{ "room = 5\nroom = 6", "c.toml:2:" },
		{ "room = ", "c.toml:1:" },
		{ "user-id = \"a", "c.toml:1:" },
		{ std::string(1, '\0'), "c.toml:1:1" },
		{ "\xff\xfe", "c.toml:1:" },
	};
	for (const auto &row : cases) {
		CAPTURE(row.text);
		CHECK(refusal(row.text).find(row.part) != std::string::npos);
	}
	// the whole file is checked, whatever the command
	CHECK(refusal("[join]\nrole = 'boss'", "serve").find("role is \"boss\"") != std::string::npos);
}

TEST_CASE("a byte that is not UTF-8 is refused, with its place")
{
	const std::string wanted = "c.toml:2:9: the byte 0xf6 is not UTF-8 text: save the file as UTF-8";
	CHECK(refusal("[join]\nroom = 4\xf6\xf6\n") == wanted);
	// toml++ alone would go on with undefined behaviour.
	CHECK(refusal("[join]\naancho\xdd\xc5\xd9= 4\n").find("c.toml:2:7: the byte 0xdd") == 0);
	CHECK(refusal(std::string("[join]\nroom = 4\0\n", 17)).find("c.toml:2:9: the byte 0x00") == 0);
	CHECK(refusal("\xef\xb9\xbfn = 1\n").find("c.toml:1:1: a character that is not ASCII") == 0);
	CHECK(refusal("[join]\nroom = 4 \xc2\xa0\n").find("c.toml:2:10: a character that is not ASCII") == 0);
	CHECK(refusal("server = \"\"\"x\\\n  \xef\xbb\xaf\"\"\"").find("c.toml:2:3: a character that is not ASCII") ==
	      0);
	CHECK(refusal("server = \"\"\"x\\\n  y\xef\xbb\xaf\"\"\"") == "accepted");
	CHECK(refusal("\xef\xbb\xbf[join]\nroom = 4 # \xc3\xa4\n") == "accepted");
	CHECK(refusal("[join]\nuser-id = \"\xe4\xba\xba\"\n").find("UTF-8") == std::string::npos);
}

TEST_CASE("hostile files end in an error, not in a full stack")
{
	const auto times = [](int n, const std::string &text) {
		std::string out;
		for (int i = 0; i < n; ++i)
			out += text;
		return out;
	};
	CHECK(refusal(times(60'000, "a.") + "a = 1").find("more than 256 dots") != std::string::npos);
	CHECK(refusal("[" + times(60'000, "a.") + "a]").find("more than 256 dots") != std::string::npos);
	CHECK(refusal(times(60'000, "\"a\".") + "a = 1").find("more than 256 dots") != std::string::npos);
	CHECK(refusal("a = '" + std::string("x'\n") + times(60'000, "a.") + "a = 1").find("dots") != std::string::npos);
	CHECK(refusal("a = " + times(100'000, "[")).starts_with("c.toml:1:"));
	CHECK(refusal("a = " + times(60'000, "{a=")).starts_with("c.toml:1:"));
	for (const auto *header :
	     { "[=]", "[[=]]", "[#", "[.", "[\n", "[[[", "[[\n[", "[\x7f]", "[\xff", "[{}]", "[,]" }) {
		CAPTURE(header);
		CHECK(refusal(header).starts_with("c.toml:1:"));
	}
	CHECK(refusal(times(200'000, "[")).starts_with("c.toml:1:"));
	// dots in texts and comments are no keys
	CHECK(parse("server = '" + times(300, ".") + "'").size() == 1);
	CHECK(parse("server = \"\\\"" + times(300, ".") + "\"").size() == 1);
	CHECK(parse("server = \"\"\"\n\"" + times(300, ".") + "\"\"\"").size() == 1);
	CHECK(parse("#" + times(300, ".") + "\n").empty());
}

TEST_CASE("files that are no configuration")
{
	Place place;
	const auto path = [&](const char *name) { return place.directory / name; };
	const auto config = [&](const std::string &file) { return place.refusal("serve --config " + file); };
	CHECK(config(path("missing")).find("missing cannot be read: No such file or directory") != std::string::npos);
	CHECK(config(place.directory.str()).find("is not a regular file") != std::string::npos);
	REQUIRE(::mkfifo(path("pipe").c_str(), 0600) == 0);
	CHECK(config(path("pipe")).find("is not a regular file") != std::string::npos);
	CHECK(config("/dev/zero").find("is not a regular file") != std::string::npos);
	CHECK(config(place.write(std::string(kMaxConfigBytes + 1, '#'))).find("larger than 256 KiB") !=
	      std::string::npos);
	CHECK(config(place.write(std::string(kMaxConfigBytes, '#'))) == "accepted");
	CHECK(config("/dev/null") == "accepted");
	CHECK(place.refusal("serve --config=").find("--config") != std::string::npos);
}

TEST_CASE("command line, environment, table, top, default: the stronger wins")
{
	Place place;
	const auto file = place.write("user-sig = 's'\nuser-id = 'top'\nroom = 1\nrole = 'audience'\n");
	CHECK(place.join("--config " + file).client.userId == UserId("top"));
	CHECK(from(place.join("--config " + file), "--user-id") == file + ":2");
	CHECK((place.join("--config " + file).join.role == Role::Audience));
	place.write("user-sig = 's'\nuser-id = 'top'\nroom = 1\n[join]\nuser-id = 'table'\n");
	CHECK(place.join("--config " + file).client.userId == UserId("table"));
	CHECK(from(place.join("--config " + file), "--user-id") == file + ":5");
	place.variables["TRTC_USER_ID"] = "variable";
	CHECK(place.join("--config " + file).client.userId == UserId("variable"));
	CHECK(from(place.join("--config " + file), "--user-id") == "TRTC_USER_ID");
	CHECK(place.join("--config " + file + " --user-id line").client.userId == UserId("line"));
	CHECK(from(place.join("--config " + file + " --user-id line"), "--user-id") == "command line");
	CHECK(from(place.join("--config " + file), "--mode") == "default");
	// an empty variable says nothing
	place.variables["TRTC_USER_ID"] = "";
	CHECK(place.join("--config " + file).client.userId == UserId("table"));
	// the file itself may be named by a variable
	place.variables["TRTC_CONFIG"] = file;
	CHECK(place.join("").client.userId == UserId("table"));
	// "" takes away what is weaker: there is no proof left
	place.write("user-sig = 's'\nuser-id = 'top'\nroom = 1\n[join]\nuser-sig = ''\n");
	CHECK(place.refusal("join").find("credentials are missing") != std::string::npos);
}

TEST_CASE("a proof hides the other proofs of who is weaker")
{
	Place place;
	place.variables["TRTC_CONFIG"] = place.write("user-id = 'a'\nroom = 1\nuser-sig-file = 'f'\n[join]\n"
						     "secret-key-file = 'k'\n");
	CHECK(place.join("").secretKeyFile == "k");
	CHECK(place.join("").userSigFile.empty());
	CHECK(place.join("--user-sig x").client.userSig == "x");
	CHECK(place.join("--user-sig x").secretKeyFile.empty());
	place.variables["TRTC_USER_SIG_FILE"] = "g";
	CHECK(place.join("").userSigFile == "g");
	CHECK(place.join("").secretKeyFile.empty());
	// and the plan says so
	for (const auto &option : place.join("").options) {
		if (option.option == "--user-sig-file")
			CHECK(option.value + " " + option.from == "g TRTC_USER_SIG_FILE");
		if (option.option == "--secret-key-file") {
			CHECK(option.value.empty());
			CHECK(option.from.ends_with(":5, hidden by --user-sig-file"));
		}
	}
}

TEST_CASE("the default file may be missing; a bad value in it is told with its place")
{
	Place place;
	CHECK(place.refusal("serve") == "accepted");
	place.variables["XDG_CONFIG_HOME"] = place.directory.str();
	CHECK(place.refusal("serve") == "accepted");
	std::filesystem::create_directories(place.path() / "trtc-cli");
	const auto file = place.write("max-rooms = 0\n", 0600, "trtc-cli/config.toml");
	CHECK(place.refusal("serve").find("(from " + file + ":1)") != std::string::npos);
	CHECK(place.refusal("serve --max-rooms 5") == "accepted");
	place.variables = { { "HOME", place.directory.str() } };
	CHECK(place.refusal("serve") == "accepted");
	std::filesystem::create_directories(place.path() / ".config");
	std::filesystem::rename(place.path() / "trtc-cli", place.path() / ".config/trtc-cli");
	CHECK(place.refusal("serve").find("--max-rooms") != std::string::npos);
	// a relative XDG_CONFIG_HOME counts as none, says the specification
	place.variables["XDG_CONFIG_HOME"] = "relative";
	CHECK(place.refusal("serve").find("--max-rooms") != std::string::npos);
	place.variables["TRTC_MAX_ROOMS"] = "x";
	CHECK(place.refusal("serve").find("(from TRTC_MAX_ROOMS)") != std::string::npos);
	CHECK(place.refusal("serve --max-rooms x").find("(from") == std::string::npos);
}

TEST_CASE("warnings: a secret that others may read, a variable that is no option")
{
	Place place;
	const std::string text = "user-id = 'a'\nroom = 1\nuser-sig = 's'\n";
	place.join("--config " + place.write(text, 0600));
	CHECK(place.warnings.empty());
	place.join("--config " + place.write(text, 0640));
	REQUIRE(place.warnings.size() == 1);
	CHECK(place.warnings[0].find("run chmod 600 on it") != std::string::npos);
	place.warnings.clear();
	place.run("serve --config " + place.write("max-rooms = 5\n", 0644));
	CHECK(place.warnings.empty());
	place.variables = {
		{ "TRTC_ROMM", "5" }, { "TRTC_REPORT", "d" }, { "TRTC_TEST_LOG", "1" }, { "TRTC_EXPIRE", "1h" }
	};
	place.run("serve");
	REQUIRE(place.warnings.size() == 1);
	CHECK(place.warnings[0] ==
	      "warning: environment variable TRTC_ROMM does not match any option (did you mean TRTC_ROOM?)");
}

TEST_CASE("the sample says what counts without it")
{
	std::string loud;
	std::istringstream lines(sampleConfig());
	int keys = 0;
	for (std::string line; std::getline(lines, line);) {
		const bool key = line.size() > 1 && line[0] == '#' && line[1] != ' ';
		keys += key ? 1 : 0;
		loud += (key ? line.substr(1) : line) + '\n';
	}
	int options = 0;
	for (const auto &each : commandSpecs())
		for (const auto &option : each.options)
			options += option.has(kNotInFile) ? 0 : 1;
	CHECK(keys == options);
	for (const auto &each : commandSpecs()) {
		CAPTURE(each.name);
		for (const auto &entry : parse(loud, each.name)) {
			const auto &option = entry.first;
			const auto &setting = entry.second;
			CAPTURE(option);
			const auto *spec = each.find(option);
			REQUIRE(spec);
			const auto wanted = spec->isFlag()	      ? one("false")
					    : spec->byDefault.empty() ? std::vector<std::string> {}
								      : one(std::string(spec->byDefault));
			CHECK(setting.texts == wanted);
		}
	}
}

TEST_CASE("a ~ in a path of the file is the home directory, and only one's own")
{
	const std::string home = g_get_home_dir();
	const auto of = [](const std::string &text, const char *option, std::string_view name = "join") {
		return parse(text, name).at(option).texts;
	};
	CHECK(of("secret-key-file = \"~/keys/a\"", "--secret-key-file") == one(home + "/keys/a"));
	CHECK(of("record = \"~\"", "--record") == one(home));
	CHECK(of("record = \"~/a ~ b\"", "--record") == one(home + "/a ~ b"));
	CHECK(of("record = \"./~\"", "--record") == one("./~"));
	CHECK(of("tls-cert = \"~/c.pem\"", "--tls-cert", "serve") == one(home + "/c.pem"));
	// No path.
	CHECK(of("user-sig = \"~/x\"", "--user-sig") == one("~/x"));
	CHECK(refusal("record = \"~bob/films\"")
		      .find("c.toml:1:10: record is \"~bob/films\": ~ is supported only for your "
			    "own home directory: write the full path") != std::string::npos);
}
