// SPDX-License-Identifier: MIT
#include "cli/options/credentials.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace trtc::cli {

namespace {

constexpr std::array<std::string_view, 3> kCredentials { "--user-sig", "--user-sig-file", "--secret-key-file" };

[[noreturn]] void refuse(std::string message) { throw Exception(ErrorCode::InvalidParameter, std::move(message)); }

/// Of a URL that options.cpp has checked.
bool isOnThisMachine(std::string_view url)
{
	auto host = url.substr(url.find("://") + 3);
	host = host.substr(0, host.find('/'));
	if (host.starts_with('['))
		return host.starts_with("[::1]");
	host = host.substr(0, host.find(':'));
	const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
	return host == "localhost" || (numeric && host.starts_with("127."));
}

void useServeKey(const std::string &serveKeyFile, JoinConfig &config)
{
	static constexpr std::string_view kOptions = "--secret-key-file, --user-sig-file or --user-sig";
	if (serveKeyFile.empty() || !isOnThisMachine(config.client.server))
		refuse(fmt::format("credentials are missing: give {}", kOptions));
	if (::access(serveKeyFile.c_str(), R_OK) != 0) {
		const bool missing = errno == ENOENT || errno == ENOTDIR;
		refuse(missing ? fmt::format(
					 "credentials are missing, and there is no key of a service on this machine "
					 "({}): start trtc-cli serve first, or give {}",
					 serveKeyFile, kOptions)
			       : fmt::format("credentials are missing, and the key of the service on this machine, {}, "
					     "cannot be read: {}; give {}",
					     serveKeyFile, std::strerror(errno), kOptions));
	}
	config.secretKeyFile = serveKeyFile;
	config.serveKey = true;
}

} // namespace

void readCredentials(const OptionValues &values, const std::string &serveKeyFile, JoinConfig &config)
{
	std::array<std::string *, 3> targets { &config.client.userSig, &config.userSigFile, &config.secretKeyFile };
	auto strongest = Layer::FileTop;
	for (const auto option : kCredentials)
		strongest = std::max(strongest, values.said(option).layer);
	std::vector<std::string_view> given;
	for (std::size_t i = 0; i < kCredentials.size(); ++i) {
		auto said = values.said(kCredentials[i]);
		if (said.layer < strongest || said.texts.empty())
			continue;
		if (said.texts.front().empty())
			refuse(fmt::format("{} is empty: give a UserSig or a file name", kCredentials[i]));
		*targets[i] = std::move(said.texts.front());
		given.push_back(kCredentials[i]);
	}
	if (given.empty())
		useServeKey(serveKeyFile, config);
	if (given.size() > 1)
		refuse(fmt::format("{} exclude each other: give one of them", fmt::join(given, " and ")));
}

void readTicket(const OptionValues &values, JoinConfig &config)
{
	const auto text = values.said("--private-map-key"), file = values.said("--private-map-key-file");
	const auto strongest = std::max(text.layer, file.layer);
	const auto counts = [&](const auto &said) { return said.layer == strongest && !said.texts.empty(); };
	if (counts(text) && counts(file))
		refuse("--private-map-key and --private-map-key-file exclude each other: give one of them");
	if (counts(text))
		config.join.privateMapKey = text.texts.front();
	if (counts(file))
		config.privateMapKeyFile = file.texts.front();
	if ((counts(text) && config.join.privateMapKey.empty()) || (counts(file) && config.privateMapKeyFile.empty()))
		refuse(fmt::format("{} is empty: give a PrivateMapKey or a file name, or leave it out",
				   counts(text) ? "--private-map-key" : "--private-map-key-file"));
}

void tellCredentials(JoinConfig &config)
{
	const auto used = !config.client.userSig.empty() ? kCredentials[0]
			  : !config.userSigFile.empty()	 ? kCredentials[1]
							 : kCredentials[2];
	for (auto &option : config.options) {
		const bool isCredential =
			std::find(kCredentials.begin(), kCredentials.end(), option.option) != kCredentials.end();
		if (isCredential && option.option == used && config.serveKey) {
			option.value = config.secretKeyFile;
			option.from = "default: the key of serve on this machine";
		}
		if (!isCredential || option.option == used || option.value.empty())
			continue;
		option.value.clear();
		option.from += fmt::format(", hidden by {}", used);
	}
	config.report.options = config.options;
}

} // namespace trtc::cli
