// SPDX-License-Identifier: MIT
#pragma once

#include "cli/control/control_path.h"

#include <trtc/main_loop.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace trtc::cli {

/// The agent's ear for `ctl`: takes lines from any number of connections and carries the answers back, in order for each
/// connection. Nobody on the other end can hold the agent up: a connection has a bounded number of waiting commands and of
/// bytes that it has not read yet, and only the agent's own user and root get one. Thread-bound.
class ControlSocket {
public:
	/// Carries one answer back, with its line feed. To be called once; may outlive the connection and the socket.
	using Answer = std::function<void(std::string_view text)>;
	/// @p tooLong: @p line is only its beginning. False: a blank line, there will be no answer.
	using Handler = std::function<bool(std::string_view line, bool tooLong, Answer answer)>;

	/// Connections at a time. For one more the one that has been idle the longest is closed; if none is idle, the new one is.
	static constexpr std::size_t kMaxConnections = 32;
	/// Commands of one connection that wait for their answer; more are not read.
	static constexpr std::size_t kMaxWaiting = 16;
	/// What one connection may leave unread, bytes, beside the system's buffers. Then it is closed.
	static constexpr std::size_t kMaxUnread = 256 * 1024;

	/// Throws as ControlAddress does.
	ControlSocket(MainLoop &loop, std::string path, Handler handler);
	~ControlSocket();
	const std::string &path() const noexcept;

private:
	struct Impl;
	std::shared_ptr<Impl> impl_; // shared only so that answers can see it gone
};

} // namespace trtc::cli
