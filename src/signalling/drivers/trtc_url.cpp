// SPDX-License-Identifier: MIT
#include "signalling/drivers/trtc_url.h"

#include <fmt/format.h>

namespace trtc::signalling {

std::string percentEncoded(std::string_view text)
{
	static constexpr std::string_view kPlain = "-_.!~*'()";
	std::string out;
	for (const char c : text) {
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				   kPlain.find(c) != std::string_view::npos;
		out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
	}
	return out;
}

std::string trtcUrl(const ClientConfig &config, const JoinOptions &options)
{
	// A browser puts the root where a URL has no path; so the service expects it.
	const auto authority = config.server.find("://") + 3;
	const bool hasPath = config.server.find('/', authority) != std::string::npos;
	return fmt::format("{}{}?sdkAppId={}&userId={}&userSig={}&roomId={}&enc264=1&dec264=1&encVp8=1&decVp8=1",
			   config.server, hasPath ? "" : "/", config.sdkAppId, percentEncoded(config.userId.str()),
			   percentEncoded(config.userSig), percentEncoded(options.room.str()));
}

} // namespace trtc::signalling
