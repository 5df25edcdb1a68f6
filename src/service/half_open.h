// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace trtc::service {

/// Media connections that are being made, counted by user: each costs threads and memory before the client has shown that it
/// can be reached. Thread-bound.
class HalfOpen {
public:
	/// Held by a connection until it is up or gone.
	using Place = std::shared_ptr<const int>;

	/// Null: @p user has @p most of them already.
	Place enter(const std::string &user, std::size_t most)
	{
		std::erase_if(places_, [](const auto &entry) { return entry.second.expired(); });
		auto &places = places_[user];
		auto place = places.lock();
		if (!place) {
			place = std::make_shared<const int>(0);
			places = place;
		} else if (static_cast<std::size_t>(places.use_count()) > most) { // `place` is one of them
			return nullptr;
		}
		return place;
	}

private:
	std::map<std::string, std::weak_ptr<const int>> places_;
};

} // namespace trtc::service
