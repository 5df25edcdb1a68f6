// SPDX-License-Identifier: MIT
#include "protocol/codec.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// What a service may send the agent. What is understood must survive being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	using namespace trtc::protocol;
	const auto message = parseServerMessage({ reinterpret_cast<const char *>(data), size });
	if (!message) {
		if (message.error().message.empty())
			std::abort(); // a refusal says why
		return 0;
	}
	const auto once = encode(message.value());
	const auto again = parseServerMessage(once);
	if (!again || encode(again.value()) != once)
		std::abort();
	return 0;
}
