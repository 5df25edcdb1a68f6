// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>

namespace trtc::net {

/// Cuts a TCP connection on which much comes in without a message. libsoup reads for as long as there is something to read, so a
/// peer that sends control frames or empty fragments faster than they are read would keep the loop there for ever, and no timer
/// of the loop would notice. This one has a thread. Private to src/net.
class FloodGuard {
public:
	/// @p fd is borrowed for this call only. @p limit: bytes that may come between two messages.
	FloodGuard(int fd, std::size_t limit);
	~FloodGuard();
	FloodGuard(const FloodGuard &) = delete;
	FloodGuard &operator=(const FloodGuard &) = delete;
	/// A message of that size. Any thread.
	void heard(std::size_t bytes) noexcept { messages_ += bytes; }
	bool hasCut() const noexcept { return cut_; }

private:
	void run();

	const int fd_;
	const std::size_t limit_;
	std::atomic<std::uint64_t> messages_ { 0 };
	std::atomic<bool> cut_ { false };
	std::mutex mutex_; // guards ending_
	std::condition_variable wake_;
	bool ending_ = false;
	std::thread thread_;
};

} // namespace trtc::net
