// SPDX-License-Identifier: MIT
#include "protocol/codec.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// An id may be left out of a message, but not be empty; we always write one.
void name(std::string &userId)
{
	if (userId.empty())
		userId = "nobody";
}

} // namespace

/// What a client may send the service. What is understood must survive being written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	using namespace trtc::protocol;
	auto message = parseClientMessage({ reinterpret_cast<const char *>(data), size });
	if (!message) {
		if (message.error().message.empty())
			std::abort(); // a refusal says why
		return 0;
	}
	if (std::holds_alternative<Other>(message.value().command))
		return 0; // its data is dropped on purpose
	name(message.value().userId);
	if (auto *subscribe = std::get_if<Subscribe>(&message.value().command))
		name(subscribe->srcUserId);
	if (auto *unsubscribe = std::get_if<Unsubscribe>(&message.value().command))
		name(unsubscribe->srcUserId);
	const auto once = encode(message.value());
	const auto again = parseClientMessage(once);
	if (!again || encode(again.value()) != once)
		std::abort();
	return 0;
}
