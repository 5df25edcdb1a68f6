// SPDX-License-Identifier: MIT
#include "webrtc/repair_streams.h"

#include <string>
#include <utility>

namespace trtc::webrtc {

namespace {

using SharedRepair = std::shared_ptr<RepairStreams>;

void release(gpointer data, GClosure *) noexcept { delete static_cast<SharedRepair *>(data); }

/// Of the first packet that passes; 0: there is none.
std::uint32_t ssrcOf(GstPadProbeInfo *info)
{
	auto *buffer = GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST
			       ? gst_buffer_list_get(GST_PAD_PROBE_INFO_BUFFER_LIST(info), 0)
			       : GST_PAD_PROBE_INFO_BUFFER(info);
	std::uint8_t bytes[4] {};
	gst_buffer_extract(buffer, 8, bytes, sizeof(bytes)); // RFC 3550 5.1
	return GST_READ_UINT32_BE(bytes);
}

/// rtprtxsend 1.22 keeps the last packets of every SSRC it has ever seen. It lets go of one that collides with another's.
void drop(GstElement *sender, std::uint32_t ssrc)
{
	const auto pad = gst::PadPtr::adopt(gst_element_get_static_pad(sender, "src"));
	gst_pad_send_event(pad.get(), gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM,
							   gst_structure_new("GstRTPCollision", "ssrc", G_TYPE_UINT,
									     ssrc, nullptr)));
}

} // namespace

SharedRepair RepairStreams::attach(GstElement *webrtc, GstElement *rtpbin)
{
	SharedRepair streams(new RepairStreams);
	// Whichever thread makes the element; it has run before no packet.
	g_signal_connect_data(webrtc, "deep-element-added",
			      G_CALLBACK(+[](GstBin *, GstBin *, GstElement *element, gpointer data) noexcept {
				      (*static_cast<SharedRepair *>(data))->added(element);
			      }),
			      new SharedRepair(streams), release, GConnectFlags {});
	// Streaming thread, with the first packet of a stream. webrtcbin asks for what its description knows.
	g_signal_connect_data(
		rtpbin, "new-jitterbuffer",
		G_CALLBACK(+[](GstElement *, GstElement *buffer, guint, guint ssrc, gpointer data) noexcept {
			auto &self = **static_cast<SharedRepair *>(data);
			const std::lock_guard lock(self.mutex_);
			if (self.asked_.contains(ssrc))
				g_object_set(buffer, "do-retransmission", TRUE, nullptr);
		}),
		new SharedRepair(streams), release, G_CONNECT_AFTER);
	return streams;
}

void RepairStreams::added(GstElement *element)
{
	const bool receives = gst::isElement(element, "rtprtxreceive");
	if (!receives && !gst::isElement(element, "rtprtxsend"))
		return;
	const std::lock_guard lock(mutex_);
	auto &elements = receives ? receivers_ : senders_;
	elements.push_back(gst::ElementPtr::share(element));
	if (receives)
		return tell(receivers_, received_);
	// webrtcbin 1.22 sets the map anew whenever one of its sink pads gets its first caps, to what its descriptions say. The
	// sender looks into it when the first packet of a stream comes, so it is told right before that. Another
	// pad's first caps may come in between: some microseconds, for which nothing can be locked.
	const auto pad = gst::PadPtr::adopt(gst_element_get_static_pad(element, "sink"));
	gst_pad_add_probe(
		pad.get(), static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
		[](GstPad *, GstPadProbeInfo *info, gpointer data) noexcept {
			if (const auto self = static_cast<std::weak_ptr<RepairStreams> *>(data)->lock())
				self->passing(ssrcOf(info));
			return GST_PAD_PROBE_OK;
		},
		new std::weak_ptr(weak_from_this()),
		[](gpointer data) noexcept { delete static_cast<std::weak_ptr<RepairStreams> *>(data); });
}

void RepairStreams::passing(std::uint32_t ssrc)
{
	const std::lock_guard lock(mutex_);
	for (auto &[line, stream] : sent_)
		if (stream.ssrc == ssrc && !std::exchange(stream.begun, true))
			tellSenders();
}

void RepairStreams::received(std::uint32_t ssrc, std::uint32_t repair)
{
	const std::lock_guard lock(mutex_);
	received_[ssrc] = repair;
	tell(receivers_, received_);
}

void RepairStreams::ask(std::uint32_t ssrc)
{
	const std::lock_guard lock(mutex_);
	asked_.insert(ssrc);
}

std::optional<std::uint32_t> RepairStreams::forget(std::uint32_t ssrc)
{
	const std::lock_guard lock(mutex_);
	asked_.erase(ssrc);
	const auto pair = received_.extract(ssrc);
	return pair ? std::optional(pair.mapped()) : std::nullopt;
}

void RepairStreams::sent(std::size_t mLine, std::uint32_t ssrc, std::uint32_t repair)
{
	const std::lock_guard lock(mutex_);
	if (const auto before = sent_.find(mLine); before != sent_.end() && before->second.ssrc != ssrc)
		for (const auto &sender : senders_)
			drop(sender.get(), before->second.ssrc);
	sent_[mLine] = { ssrc, repair, false };
}

void RepairStreams::tellSenders()
{
	Pairs pairs;
	for (const auto &[line, stream] : sent_)
		if (stream.repair)
			pairs[stream.ssrc] = stream.repair;
	tell(senders_, pairs);
}

void RepairStreams::tell(const std::vector<gst::ElementPtr> &elements, const Pairs &pairs)
{
	auto *map = gst_structure_new_empty("application/x-rtp-ssrc-map");
	for (const auto &[ssrc, repair] : pairs)
		gst_structure_set(map, std::to_string(ssrc).c_str(), G_TYPE_UINT, guint { repair }, nullptr);
	for (const auto &element : elements)
		g_object_set(element.get(), "ssrc-map", map, nullptr);
	gst_structure_free(map);
}

} // namespace trtc::webrtc
