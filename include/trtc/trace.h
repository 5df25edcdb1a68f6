// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace trtc {

/// Hears what a client or a service says and does on the inside, for a report about a failure. Everything is as it went over
/// the wire, with keys and signatures in it: whoever writes it down has to black them out. Called on the loop; must not throw
/// and must not call back. Whoever has no listener pays nothing.
struct Trace {
	enum class Direction { In, Out };
	/// An offer or answer of one peer connection; @p link: "up", "down:alice". @p type: "offer", "answer".
	virtual void sdp(std::string_view link, Direction direction, std::string_view type, std::string_view text) = 0;
	/// An ICE candidate of ours, or one that did not come inside a description.
	virtual void candidate(std::string_view link, Direction direction, std::string_view text) = 0;
	/// One signalling message; @p channel: the server, or the session at the service.
	virtual void message(std::string_view channel, Direction direction, std::string_view text) = 0;
	/// A pipeline came to a @p moment ("connected", "failure", "end"). @p graph gives it in graphviz's language, at
	/// the cost of some milliseconds, during the call only.
	virtual void pipeline(std::string_view name, std::string_view moment,
			      const std::function<std::string()> &graph) = 0;

protected:
	~Trace() = default;
};

} // namespace trtc
