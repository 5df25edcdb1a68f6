// SPDX-License-Identifier: MIT
#include "cli/options/options.h"

#include "cli/text.h"

#include <fmt/format.h>

#include <array>

namespace trtc::cli {

PlayConfig PlayConfig::parse(std::string_view text)
{
	static constexpr std::array<std::string_view, 5> kNames { "auto", "window", "term", "sound", "alsa" };
	PlayConfig config;
	const auto parts = split(text, ',');
	bool inDevice = false;
	for (const auto &part : parts) {
		const bool device = part.starts_with("alsa:");
		if (part == "auto" && parts.size() == 1)
			config.automatic = true;
		else if (part == "window")
			config.window = true;
		else if (part == "term")
			config.terminal = true;
		else if (part == "sound" || part == "alsa" || (device && part.size() > 5))
			config.sound = true;
		else if (inDevice && part != "auto")
			config.soundDevice += "," + part; // an ALSA name may have commas itself: alsa:hw:1,0
		else {
			const auto close = nearest(part, { kNames.begin(), kNames.end() });
			throw Exception(ErrorCode::InvalidParameter,
					fmt::format("--play \"{}\" is not allowed: {}use auto, or window, term, sound, "
						    "alsa[:DEVICE] with commas between",
						    printable(text, 80),
						    part == "auto"  ? "auto cannot be combined; "
						    : device	    ? "alsa: needs the name of a device; "
						    : close.empty() ? ""
								    : fmt::format("did you mean {}? ", close)));
		}
		if (device) {
			config.soundDevice = part.substr(5);
			inDevice = true;
		} else if (part == "window" || part == "term" || part == "sound" || part == "alsa") {
			inDevice = false;
		}
	}
	return config;
}

} // namespace trtc::cli
