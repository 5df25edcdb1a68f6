// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace trtc {

/// Cancels its timer or watch when destroyed. Move-only. Thread-bound to its loop.
class SourceHandle {
public:
	SourceHandle() noexcept = default;
	/// @p cancel runs once, at destruction or reset().
	explicit SourceHandle(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
	SourceHandle(SourceHandle &&other) noexcept : cancel_(std::move(other.cancel_)) { other.cancel_ = nullptr; }
	SourceHandle &operator=(SourceHandle &&other) noexcept
	{
		if (this != &other) {
			reset();
			cancel_ = std::move(other.cancel_);
			other.cancel_ = nullptr;
		}
		return *this;
	}
	~SourceHandle() { reset(); }
	void reset()
	{
		if (auto cancel = std::exchange(cancel_, nullptr))
			cancel();
	}
	explicit operator bool() const noexcept { return cancel_ != nullptr; }

private:
	std::function<void()> cancel_;
};

/// The one loop that owns all state. Every object of this library is bound to the thread that
/// runs it and must die before it. Make it first, destroy it last.
class MainLoop {
public:
	using Task = std::function<void()>;

	/// Makes a context of its own and makes it the thread's default until destruction.
	MainLoop();
	~MainLoop();
	MainLoop(const MainLoop &) = delete;
	MainLoop &operator=(const MainLoop &) = delete;

	/// Runs until quit(). Throws what a task threw, after the loop has stopped.
	void run();
	/// Thread-safe.
	void quit();
	/// Runs one round without blocking; true if anything was dispatched.
	bool iterate();
	/// Always deferred, never inline; order is kept. Thread-safe.
	void post(Task task);
	/// Once, not before @p delay has passed (0 and up; millisecond resolution).
	[[nodiscard]] SourceHandle after(std::chrono::milliseconds delay, Task task);
	/// Again and again at @p period (1 ms and up).
	[[nodiscard]] SourceHandle every(std::chrono::milliseconds period, Task task);
	/// A POSIX signal (SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2), delivered on the loop.
	[[nodiscard]] SourceHandle onSignal(int number, Task task);

	struct Impl;
	/// For the library's own C wrappers.
	Impl &impl() noexcept { return *impl_; }

private:
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc
