// SPDX-License-Identifier: MIT
#include <trtc/main_loop.h>

#include "glib/main_context.h"

#include <glib-unix.h>

#include <deque>
#include <exception>
#include <mutex>

namespace trtc {

namespace {

/// A GSource that only wakes the loop: g_main_context_invoke could run a task inline, this never does.
struct WakeSource {
	GSource base;
	MainLoop::Impl *owner;
};

} // namespace

struct MainLoop::Impl {
	GMainContext *context = nullptr;
	GMainLoop *loop = nullptr;
	GSource *wake = nullptr;
	std::mutex mutex; // guards queue only
	std::deque<Task> queue;
	std::exception_ptr failure;
	std::function<void(const std::string &)> onFailure;

	void drain();
	void guarded(const Task &task) noexcept;
};

namespace {

gboolean wakeDispatch(GSource *source, GSourceFunc, gpointer) noexcept
{
	reinterpret_cast<WakeSource *>(source)->owner->drain();
	return G_SOURCE_CONTINUE;
}

GSourceFuncs kWakeFuncs = { nullptr, nullptr, wakeDispatch, nullptr, nullptr, nullptr };

/// User data of a timer, signal or descriptor source; freed by the source.
struct Callback {
	MainLoop::Impl *owner;
	std::function<bool()> run; // false: stop
};

gboolean runCallback(gpointer data) noexcept
{
	auto &callback = *static_cast<Callback *>(data);
	bool again = false;
	// A copy: the callback may cancel its own source, which frees the original.
	auto run = callback.run;
	callback.owner->guarded([&] { again = run(); });
	return again ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

gboolean runFdCallback(gint, GIOCondition, gpointer data) noexcept { return runCallback(data); }

void freeCallback(gpointer data) noexcept { delete static_cast<Callback *>(data); }

SourceHandle attach(MainLoop::Impl &owner, GSource *source)
{
	g_source_attach(source, owner.context);
	return SourceHandle([source] {
		g_source_destroy(source);
		g_source_unref(source);
	});
}

SourceHandle attachPlain(MainLoop::Impl &owner, GSource *source, std::function<bool()> run)
{
	g_source_set_callback(source, runCallback, new Callback { &owner, std::move(run) }, freeCallback);
	return attach(owner, source);
}

} // namespace

void MainLoop::Impl::guarded(const Task &task) noexcept
{
	try {
		task();
	} catch (const std::exception &thrown) {
		if (onFailure)
			return onFailure(thrown.what());
		if (!failure)
			failure = std::current_exception();
		g_main_loop_quit(loop);
	} catch (...) {
		if (!failure)
			failure = std::current_exception();
		g_main_loop_quit(loop);
	}
}

void MainLoop::Impl::drain()
{
	std::deque<Task> ready;
	{
		std::lock_guard lock(mutex);
		g_source_set_ready_time(wake, -1);
		ready.swap(queue);
	}
	for (auto &task : ready)
		guarded(task);
}

MainLoop::MainLoop() : impl_(std::make_unique<Impl>())
{
	impl_->context = g_main_context_new();
	g_main_context_push_thread_default(impl_->context);
	impl_->loop = g_main_loop_new(impl_->context, FALSE);
	impl_->wake = g_source_new(&kWakeFuncs, sizeof(WakeSource));
	reinterpret_cast<WakeSource *>(impl_->wake)->owner = impl_.get();
	g_source_attach(impl_->wake, impl_->context);
}

MainLoop::~MainLoop()
{
	// Late posts of dying objects are dropped here, with whatever they own; a destructor among them may
	// post again, so until nothing is left.
	for (;;) {
		std::deque<Task> rest;
		{
			std::lock_guard lock(impl_->mutex);
			rest.swap(impl_->queue);
		}
		if (rest.empty())
			break;
	}
	g_source_destroy(impl_->wake);
	g_source_unref(impl_->wake);
	g_main_loop_unref(impl_->loop);
	g_main_context_pop_thread_default(impl_->context);
	g_main_context_unref(impl_->context);
}

void MainLoop::run()
{
	g_main_loop_run(impl_->loop);
	if (auto failure = std::exchange(impl_->failure, nullptr))
		std::rethrow_exception(failure);
}

void MainLoop::onTaskFailure(std::function<void(const std::string &)> handler)
{
	impl_->onFailure = std::move(handler);
}

void MainLoop::quit() { g_main_loop_quit(impl_->loop); }

bool MainLoop::iterate()
{
	const bool dispatched = g_main_context_iteration(impl_->context, FALSE);
	if (auto failure = std::exchange(impl_->failure, nullptr))
		std::rethrow_exception(failure);
	return dispatched;
}

void MainLoop::post(Task task)
{
	std::lock_guard lock(impl_->mutex);
	impl_->queue.push_back(std::move(task));
	g_source_set_ready_time(impl_->wake, 0);
}

SourceHandle MainLoop::after(std::chrono::milliseconds delay, Task task)
{
	return attachPlain(*impl_, g_timeout_source_new(static_cast<guint>(delay.count())), [task = std::move(task)] {
		task();
		return false;
	});
}

SourceHandle MainLoop::every(std::chrono::milliseconds period, Task task)
{
	return attachPlain(*impl_, g_timeout_source_new(static_cast<guint>(period.count())), [task = std::move(task)] {
		task();
		return true;
	});
}

SourceHandle MainLoop::onSignal(int number, Task task)
{
	return attachPlain(*impl_, g_unix_signal_source_new(number), [task = std::move(task)] {
		task();
		return true;
	});
}

namespace glib {

GMainContext *context(MainLoop &loop) noexcept { return loop.impl().context; }

namespace {

SourceHandle watch(MainLoop &loop, int fd, GIOCondition condition, std::function<bool()> ready)
{
	auto *source = g_unix_fd_source_new(fd, static_cast<GIOCondition>(condition | G_IO_HUP | G_IO_ERR));
	// An fd source's callback has a signature of its own; GLib casts it back.
	g_source_set_callback(source, reinterpret_cast<GSourceFunc>(reinterpret_cast<void (*)()>(runFdCallback)),
			      new Callback { &loop.impl(), std::move(ready) }, freeCallback);
	return attach(loop.impl(), source);
}

} // namespace

SourceHandle watchReadable(MainLoop &loop, int fd, std::function<bool()> ready)
{
	return watch(loop, fd, G_IO_IN, std::move(ready));
}

SourceHandle watchWritable(MainLoop &loop, int fd, std::function<bool()> ready)
{
	return watch(loop, fd, G_IO_OUT, std::move(ready));
}

} // namespace glib
} // namespace trtc
