// SPDX-License-Identifier: MIT
// Drives src/usersig with the options of `trtc-cli usersig`, for the interoperability test.
#include "usersig/usersig.h"
#include "json/writer.h"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

using namespace trtc;

namespace {

std::string readKey(const std::string &path)
{
	std::ifstream file(path);
	std::string key { std::istreambuf_iterator<char>(file), {} };
	while (!key.empty() && (key.back() == '\n' || key.back() == '\r'))
		key.pop_back();
	return key;
}

int run(int argc, char **argv)
{
	std::string verb, text;
	std::map<std::string, std::string> options;
	for (int i = 1; i < argc; ++i) {
		const std::string word = argv[i];
		if (word == "usersig")
			continue;
		if (word == "--private-map-key" || word == "--string-room")
			options[word] = "yes";
		else if (word.rfind("--", 0) == 0 && i + 1 < argc)
			options[word] = argv[++i];
		else
			(verb.empty() ? verb : text) = word;
	}
	if (text == "-")
		std::getline(std::cin, text);
	const auto now = static_cast<std::int64_t>(std::time(nullptr));
	const auto appId =
		static_cast<std::uint32_t>(std::stoul(options.count("--sdk-app-id") ? options["--sdk-app-id"] : "0"));
	const auto user = options["--user-id"];
	const auto room = [&] {
		return options.count("--string-room") ? RoomId::string(options["--room"])
						      : RoomId::parseNumber(options["--room"]);
	};
	if (verb == "show") {
		const auto claims = usersig::show(text);
		if (!claims)
			throw Exception(claims.error());
		std::puts(usersig::toJson(claims.value()).c_str());
		return 0;
	}
	const auto key = readKey(options["--secret-key-file"]);
	if (verb == "sign") {
		const auto expire =
			options.count("--expire") ? std::stoll(options["--expire"]) : 86400; // "600s" reads as 600
		const auto bits =
			options.count("--privileges") ? std::stoul(options["--privileges"]) : usersig::privilege::kAll;
		const auto packed = options.count("--private-map-key")
					    ? usersig::signPrivateMapKey(
						      { user, appId, room(), 0, static_cast<std::uint32_t>(bits) }, key,
						      expire, now)
					    : usersig::sign(user, appId, key, expire, now);
		std::puts(packed.c_str());
		return 0;
	}
	if (verb != "verify") {
		std::fputs("use sign, show or verify\n", stderr);
		return 2;
	}
	if (options.count("--private-map-key")) {
		const auto permit = usersig::verifyPrivateMapKey(text, user, appId, room(), key, now);
		if (!permit)
			throw Exception(permit.error());
	} else if (const auto claims = usersig::verify(text, user, appId, key, now); !claims) {
		throw Exception(claims.error());
	}
	std::puts("ok");
	return 0;
}

} // namespace

int main(int argc, char **argv)
{
	try {
		return run(argc, argv);
	} catch (const Exception &error) {
		std::fprintf(stderr, "%s\n", error.what());
		return error.error().code == ErrorCode::InvalidParameter ? 2 : 3;
	}
}
