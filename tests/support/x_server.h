// SPDX-License-Identifier: MIT
#pragma once

#include <glib.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace trtc::test {

/// Xvfb of its own, on a display that it picks or on a given one.
class XServer {
public:
	static bool installed()
	{
		gchar *path = g_find_program_in_path("Xvfb");
		const bool found = path != nullptr;
		g_free(path);
		return found;
	}
	/// @p size: "400x200". Blocks until it answers.
	explicit XServer(const std::string &size, const std::string &display = {})
	{
		std::string screen = size + "x24", name = display;
		const char *arguments[] = { "Xvfb",	 "-displayfd", "1",   "-screen",  "0",	   screen.c_str(),
					    "-nolisten", "tcp",	       "-ac", "-noreset", nullptr, nullptr };
		if (!name.empty())
			arguments[10] = name.c_str();
		int out = -1;
		if (!g_spawn_async_with_pipes(nullptr, const_cast<char **>(arguments), nullptr,
					      static_cast<GSpawnFlags>(G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
								       G_SPAWN_STDERR_TO_DEV_NULL),
					      nullptr, nullptr, &pid_, nullptr, &out, nullptr, nullptr))
			throw std::runtime_error("Xvfb does not start");
		std::string number;
		for (char c = 0; ::read(out, &c, 1) == 1 && c != '\n';)
			number += c;
		::close(out);
		if (number.empty())
			throw std::runtime_error("Xvfb names no display");
		display_ = ":" + number;
	}
	~XServer() { kill(); }
	XServer(const XServer &) = delete;
	XServer &operator=(const XServer &) = delete;
	void kill()
	{
		if (pid_ <= 0)
			return;
		::kill(pid_, SIGKILL);
		::waitpid(pid_, nullptr, 0);
		pid_ = 0;
		// It cannot tidy up any more.
		::unlink(("/tmp/.X" + display_.substr(1) + "-lock").c_str());
		::unlink(("/tmp/.X11-unix/X" + display_.substr(1)).c_str());
	}
	const std::string &display() const noexcept { return display_; }

private:
	GPid pid_ = 0;
	std::string display_;
};

} // namespace trtc::test
