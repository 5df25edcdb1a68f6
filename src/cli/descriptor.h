// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace trtc::cli {

/// Owns a file descriptor and closes it. Move-only. Reentrant.
class Descriptor {
public:
	Descriptor() noexcept = default;
	explicit Descriptor(int fd) noexcept : fd_(fd) {}
	Descriptor(Descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	Descriptor &operator=(Descriptor &&other) noexcept
	{
		if (this != &other) {
			reset();
			fd_ = std::exchange(other.fd_, -1);
		}
		return *this;
	}
	~Descriptor() { reset(); }
	/// Negative: none.
	int get() const noexcept { return fd_; }
	explicit operator bool() const noexcept { return fd_ >= 0; }
	void reset() noexcept
	{
		if (fd_ >= 0)
			::close(std::exchange(fd_, -1));
	}

private:
	int fd_ = -1;
};

/// Up to one byte more than @p maxBytes, so that the caller sees that there is more. Empty: an error, see errno.
std::optional<std::string> readAll(int fd, std::size_t maxBytes);

} // namespace trtc::cli
