// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
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

/// The event loop that owns all state. Every object of this library is bound to the thread that runs the
/// loop and must be destroyed before it. Create the loop first, destroy it last.
class MainLoop {
public:
	using Task = std::function<void()>;

	/// Creates a GLib context and makes it the thread's default until destruction.
	MainLoop();
	~MainLoop();
	MainLoop(const MainLoop &) = delete;
	MainLoop &operator=(const MainLoop &) = delete;

	/// Runs until quit(). Rethrows an exception of a task after the loop has stopped, unless onTaskFailure() is set.
	void run();
	/// From now on an exception of a task ends that task only, and @p handler is called with what it says.
	void onTaskFailure(std::function<void(const std::string &what)> handler);
	/// Thread-safe.
	void quit();
	/// Runs one iteration without blocking. True if an event was dispatched.
	bool iterate();
	/// Queues a task; it never runs inside post(). Tasks run in order. Thread-safe.
	void post(Task task);
	/// Runs a task once, at the earliest after @p delay (0 or more; millisecond resolution).
	[[nodiscard]] SourceHandle after(std::chrono::milliseconds delay, Task task);
	/// Runs a task repeatedly with this @p period (1 ms or more).
	[[nodiscard]] SourceHandle every(std::chrono::milliseconds period, Task task);
	/// Runs a task on the loop for each POSIX signal @p number (SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2).
	[[nodiscard]] SourceHandle onSignal(int number, Task task);

	struct Impl;
	/// For the library's own C wrappers.
	Impl &impl() noexcept { return *impl_; }

private:
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc
