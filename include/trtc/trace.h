// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace trtc {

/// Listener for the internals of a client or a service, for a report about a failure. The texts are unchanged and contain
/// keys and signatures: a listener must redact them before it writes them. Called on the loop; must not throw and must not
/// call back. Without a listener there is no cost.
struct Trace {
	enum class Direction { In, Out };
	/// An offer or answer of one peer connection; @p link: "up", "down:alice". @p type: "offer", "answer".
	virtual void sdp(std::string_view link, Direction direction, std::string_view type, std::string_view text) = 0;
	/// A local ICE candidate, or a remote one that was not part of a description.
	virtual void candidate(std::string_view link, Direction direction, std::string_view text) = 0;
	/// One signalling message. @p channel: the server, or the session at the service.
	virtual void message(std::string_view channel, Direction direction, std::string_view text) = 0;
	/// A pipeline reached a @p moment ("connected", "failure", "end"). @p graph returns it as a Graphviz graph; it takes some
	/// milliseconds and may be called only during this call.
	virtual void pipeline(std::string_view name, std::string_view moment,
			      const std::function<std::string()> &graph) = 0;

protected:
	~Trace() = default;
};

} // namespace trtc
