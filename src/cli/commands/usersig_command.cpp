// SPDX-License-Identifier: MIT
#include "cli/commands/commands.h"

#include "cli/options/secret_file.h"
#include "cli/text.h"
#include "usersig/usersig.h"
#include "json/reader.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>

namespace trtc::cli {

namespace {

std::int64_t now() { return static_cast<std::int64_t>(std::time(nullptr)); }

std::string dateOf(std::int64_t unixSeconds)
{
	return rfc3339(std::chrono::system_clock::time_point(std::chrono::seconds(unixSeconds)));
}

ExitCode print(std::string text)
{
	text += '\n';
	if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
		return ExitCode::Ok;
	complain("stdout cannot be written");
	return ExitCode::Output;
}

usersig::RoomPermit permitOf(const UserSigConfig &config)
{
	usersig::RoomPermit permit;
	permit.userId = config.userId;
	permit.sdkAppId = config.sdkAppId;
	permit.room = *config.room;
	permit.privileges = config.privileges;
	return permit;
}

ExitCode runSign(const UserSigConfig &config)
{
	const auto key = readSecretFile(config.secretKeyFile, "secret key");
	const auto expire = std::int64_t { config.expire.count() };
	return print(config.room ? usersig::signPrivateMapKey(permitOf(config), key, expire, now())
				 : usersig::sign(config.userId, config.sdkAppId, key, expire, now()));
}

/// The claims under the wire's names, and what a ticket's user buffer means.
std::string describe(const usersig::Claims &claims)
{
	const auto plain = usersig::toJson(claims);
	if (!claims.userBuf)
		return plain;
	const auto document = json::parse(plain);
	if (!document)
		return plain;
	json::Writer writer;
	writer.beginObject();
	for (const auto &key : document.value().keys()) {
		const auto value = document.value().get(key);
		if (value.isString())
			writer.member(key, value.string(usersig::kMaxJsonBytes));
		else
			writer.member(key, value.integer());
	}
	writer.key("permit").beginObject();
	const auto permit = usersig::parseUserBuf(*claims.userBuf);
	if (permit) {
		const auto &room = permit.value().room;
		writer.member("userId", permit.value().userId);
		writer.member("sdkAppId", permit.value().sdkAppId);
		writer.member("room", room.str());
		writer.member("stringRoom", room.isString());
		writer.member("expiresAt", dateOf(permit.value().expiresAt));
		writer.member("privileges", permit.value().privileges);
		writer.member("privilegeNames", usersig::privilegeNames(permit.value().privileges));
	} else {
		writer.member("error", permit.error().message);
	}
	writer.endObject().endObject();
	return writer.take();
}

ExitCode refused(const Error &error)
{
	complain(error.message);
	return ExitCode::Refused;
}

ExitCode runVerify(const UserSigConfig &config, const std::string &signature)
{
	const auto key = readSecretFile(config.secretKeyFile, "secret key");
	if (config.room) {
		const auto permit = usersig::verifyPrivateMapKey(signature, config.userId, config.sdkAppId,
								 *config.room, key, now());
		if (!permit)
			return refused(permit.error());
		return print(fmt::format("valid for user {} in room {} until {}, privileges {} ({})",
					 printable(config.userId), printable(config.room->str()),
					 dateOf(permit.value().expiresAt), permit.value().privileges,
					 usersig::privilegeNames(permit.value().privileges)));
	}
	const auto claims = usersig::verifyUserSig(signature, config.userId, config.sdkAppId, key, now());
	if (!claims)
		return refused(claims.error());
	return print(fmt::format("valid for user {} until {}", printable(config.userId),
				 dateOf(claims.value().expiresAt())));
}

} // namespace

ExitCode runUserSig(const UserSigConfig &config)
{
	try {
		if (config.verb == UserSigConfig::Verb::Sign)
			return runSign(config);
		const auto signature = config.signature == "-" ? readStdinText(usersig::kMaxPackedBytes)
							       : std::string(trim(config.signature));
		if (config.verb == UserSigConfig::Verb::Verify)
			return runVerify(config, signature);
		const auto claims = usersig::show(signature);
		if (!claims)
			return refused(claims.error());
		return print(describe(claims.value()));
	} catch (const Exception &error) {
		complain(error.error().message);
		return exitCodeFor(error.error().code);
	}
}

} // namespace trtc::cli
