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
	// toml++ 3.3 looks ahead of a malformed value, over quotes, with undefined behaviour for some characters beyond ASCII
	// (is_non_ascii_horizontal_whitespace). The cases that config_file.cpp can see are unit tests.
	for (const char c : text)
		if (static_cast<unsigned char>(c) >= 0x80)
			return 0;
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
