// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/main_loop.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace trtc::glib {

/// Text for a descriptor whose reader may be slow or asleep: it is written when the descriptor takes it, so the caller never waits.
/// The descriptor is not made non-blocking, for that flag would belong to other programs, too: a pipe or a terminal is opened once
/// more, and that one is. Each text is one write where the kernel takes it whole. put() and failure() may be called on any thread.
class Outbox : public std::enable_shared_from_this<Outbox> {
public:
	static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;
	/// What becomes of text past the limit.
	enum class Full {
		Drop, ///< it is dropped and counted
		Fail, ///< nothing is written any more; failure() is ENOBUFS
	};
	struct Config {
		std::size_t maxBytes = kMaxBytes;
		Full full = Full::Drop;
		/// When the reader has taken nothing for so long failure() becomes ETIMEDOUT; 0: never.
		std::chrono::milliseconds patience { 0 };
		/// Called on the loop when there is room again after text was dropped, with the count of dropped texts.
		std::function<void(std::int64_t)> lost = {};
	};

	/// @p fd is borrowed.
	static std::shared_ptr<Outbox> create(int fd, Config config);
	Outbox(int fd, Config config); ///< for create()
	~Outbox();
	Outbox(const Outbox &) = delete;
	Outbox &operator=(const Outbox &) = delete;

	/// From now on what waits is written by @p loop; dropping the handle ends that. On the loop's thread.
	[[nodiscard]] SourceHandle attach(MainLoop &loop);
	/// A whole text; at once, if the descriptor takes it.
	void put(std::string text);
	/// Writes what the descriptor takes within @p limit. True: nothing waits any more, and nothing has failed.
	bool finish(std::chrono::milliseconds limit);
	/// Text waits for the reader.
	bool waiting() const;
	/// Why the descriptor cannot be written any more: an errno value, or 0.
	int failure() const;

private:
	using Clock = std::chrono::steady_clock;
	enum class Way { Reopened, Socket, Careful, Plain };

	// With the lock held.
	void flush();
	void fail(int error);
	// On the loop, without it.
	void watch();
	bool onReady();
	void onPatience();

	const int fd_;
	const Config config_;
	int own_ = -1; // our own opening of the descriptor
	Way way_ = Way::Careful;
	mutable std::mutex mutex_; // guards all below but the handles, which are the loop's
	std::deque<std::string> texts_;
	std::size_t written_ = 0; // of the first text
	std::size_t bytes_ = 0;	  // of all texts
	std::int64_t lost_ = 0;
	int failure_ = 0;
	Clock::time_point progress_; // when the reader took something, or text began to wait
	MainLoop *loop_ = nullptr;
	bool watched_ = false; // asked for or there
	SourceHandle watch_, patience_;
};

} // namespace trtc::glib
