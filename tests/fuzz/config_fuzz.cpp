// SPDX-License-Identifier: MIT
#include "cli/options/config_file.h"
#include "cli/options/options.h"

#include <trtc/error.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// The configuration file, for every command.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	using namespace trtc::cli;
	const std::string_view text(reinterpret_cast<const char *>(data), size);
	for (const auto &command : commandSpecs()) {
		bool secret = false;
		try {
			for (const auto &[name, setting] : parseConfig(text, "c.toml", command, secret))
				if (!name.starts_with("--") || !setting.place.starts_with("c.toml:"))
					std::abort();
		} catch (const trtc::Exception &error) {
			// It says where.
			if (error.error().code != trtc::ErrorCode::InvalidParameter ||
			    error.error().message.find("c.toml") == std::string::npos)
				std::abort();
			break; // all of it is checked for each command
		}
	}
	return 0;
}
