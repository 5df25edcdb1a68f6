// SPDX-License-Identifier: MIT
#include "signalling/driver.h"
#include "signalling/drivers/trtc.h"

#include <fmt/format.h>

#include <string_view>

namespace trtc::signalling {

namespace {

using Factory = std::unique_ptr<Driver> (*)(MainLoop &loop, Driver::Listener &listener);

struct Scheme {
	std::string_view name;
	Factory make;
};

constexpr Scheme kSchemes[] = {
	{ "ws", &makeTrtcDriver },
	{ "wss", &makeTrtcDriver },
};

const Scheme *find(std::string_view url) noexcept
{
	const auto end = url.find("://");
	if (end == std::string_view::npos || end + 3 == url.size())
		return nullptr;
	for (const auto &scheme : kSchemes) {
		if (scheme.name == url.substr(0, end))
			return &scheme;
	}
	return nullptr;
}

} // namespace

std::unique_ptr<Driver> makeDriver(MainLoop &loop, const std::string &serverUrl, Driver::Listener &listener)
{
	if (const auto *scheme = find(serverUrl))
		return scheme->make(loop, listener);
	std::string known;
	for (const auto &scheme : kSchemes)
		known += fmt::format("{}{}://", known.empty() ? "" : ", ", scheme.name);
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("server \"{}\" is not the URL of a room service: it must start with one of {}",
				    serverUrl.substr(0, serverUrl.find('?')), known));
}

bool knownScheme(const std::string &serverUrl) noexcept { return find(serverUrl) != nullptr; }

} // namespace trtc::signalling
