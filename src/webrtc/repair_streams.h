// SPDX-License-Identifier: MIT
#pragma once

#include "gst/object.h"

#include <gst/gst.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace trtc::webrtc {

/// Which stream sends again what another one has lost (RFC 4588). webrtcbin knows it from descriptions only, and not all of it: a
/// receiver would guess from the first packet that comes again, and a connection that is shared has descriptions without SSRCs.
/// Thread-safe.
class RepairStreams : public std::enable_shared_from_this<RepairStreams> {
public:
	/// For everything that @p webrtc, whose RTP part is @p rtpbin, will have. Call before the first transceiver is made.
	static std::shared_ptr<RepairStreams> attach(GstElement *webrtc, GstElement *rtpbin);
	RepairStreams(const RepairStreams &) = delete;
	RepairStreams &operator=(const RepairStreams &) = delete;

	/// Before the first packet of @p ssrc comes.
	void received(std::uint32_t ssrc, std::uint32_t repair);
	/// Lost packets of @p ssrc, of which no description speaks, are asked for. Likewise.
	void ask(std::uint32_t ssrc);
	/// What repairs it, if that is known.
	std::optional<std::uint32_t> forget(std::uint32_t ssrc);
	/// From now on @p mLine sends @p ssrc, and with @p repair what is lost of it; what was kept of the stream before is dropped.
	/// 0: with an SSRC of webrtcbin's choice. Before the first packet is pushed.
	void sent(std::size_t mLine, std::uint32_t ssrc, std::uint32_t repair);

private:
	using Pairs = std::map<std::uint32_t, std::uint32_t>;
	struct Sent {
		std::uint32_t ssrc, repair;
		bool begun; ///< its first packet has come to the sender
	};

	RepairStreams() = default;
	void added(GstElement *element);
	void passing(std::uint32_t ssrc);
	void tellSenders();
	void tell(const std::vector<gst::ElementPtr> &elements, const Pairs &pairs);

	std::mutex mutex_;
	Pairs received_;
	std::set<std::uint32_t> asked_;
	std::map<std::size_t, Sent> sent_;		   // by m-line
	std::vector<gst::ElementPtr> receivers_, senders_; // rtprtxreceive, rtprtxsend
};

} // namespace trtc::webrtc
