// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace trtc::cli {

/// Closes its descriptor.
class Descriptor {
public:
	explicit Descriptor(int fd) noexcept : fd_(fd) {}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	~Descriptor();
	int get() const noexcept { return fd_; }

private:
	int fd_;
};

/// Up to one byte more than @p maxBytes, so that the caller sees that there is more. Empty: an error, see errno.
std::optional<std::string> readAll(int fd, std::size_t maxBytes);

} // namespace trtc::cli
