// SPDX-License-Identifier: MIT
// Against GStreamer's own rtprtxsend, which webrtcbin uses.
#include "webrtc/repair_streams.h"

#include "gst/object.h"
#include "support/rtp_source.h"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

using namespace trtc;
using namespace trtc::webrtc;
using namespace std::chrono_literals;

namespace {

/// A sender of repairs between a pad that pushes and one that collects.
struct Sender {
	Sender()
	{
		gst_init(nullptr, nullptr);
		pipeline = gst::ElementPtr::sink(gst_pipeline_new(nullptr));
		auto *rtpbin = gst_element_factory_make("rtpbin", nullptr);
		gst_bin_add(GST_BIN(pipeline.get()), rtpbin);
		streams = RepairStreams::attach(pipeline.get(), rtpbin);
		rtx = gst_element_factory_make("rtprtxsend", nullptr);
		auto *types = gst_structure_new("application/x-rtp-pt-map", "96", G_TYPE_UINT, 97U, nullptr);
		g_object_set(rtx, "payload-type-map", types, nullptr);
		gst_structure_free(types);
		gst_bin_add(GST_BIN(pipeline.get()), rtx);
		out = gst::PadPtr::sink(gst_pad_new("out", GST_PAD_SINK));
		gst_pad_set_chain_function_full(out.get(), collect, this, nullptr);
		gst_pad_set_active(out.get(), TRUE);
		in.emplace();
		REQUIRE(in->link(gst::PadPtr::adopt(gst_element_get_static_pad(rtx, "sink")).get()));
		REQUIRE(gst_pad_link(gst::PadPtr::adopt(gst_element_get_static_pad(rtx, "src")).get(), out.get()) ==
			GST_PAD_LINK_OK);
		gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
		in->start();
	}
	~Sender() { gst_element_set_state(pipeline.get(), GST_STATE_NULL); }

	static GstFlowReturn collect(GstPad *pad, GstObject *, GstBuffer *buffer) noexcept
	{
		auto &self = *static_cast<Sender *>(pad->chaindata);
		std::uint8_t bytes[12] {};
		gst_buffer_extract(buffer, 0, bytes, sizeof(bytes));
		gst_buffer_unref(buffer);
		const std::lock_guard lock(self.mutex);
		if ((bytes[1] & 0x7f) == 97)
			self.repaired = GST_READ_UINT32_BE(bytes + 8);
		self.came.notify_all();
		return GST_FLOW_OK;
	}
	void push(std::uint32_t ssrc, std::uint16_t number) const { REQUIRE(in->push(ssrc, number) == GST_FLOW_OK); }
	/// The SSRC with which the packet is sent again; nullopt: it is not known any more.
	std::optional<std::uint32_t> ask(std::uint32_t ssrc, guint number)
	{
		guint before = 0, after = 0;
		g_object_get(rtx, "num-rtx-requests", &before, nullptr);
		repaired.reset();
		gst_pad_push_event(
			out.get(),
			gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM,
					     gst_structure_new("GstRTPRetransmissionRequest", "seqnum", G_TYPE_UINT,
							       number, "ssrc", G_TYPE_UINT, ssrc, nullptr)));
		g_object_get(rtx, "num-rtx-requests", &after, nullptr);
		if (before == after)
			return {};
		std::unique_lock lock(mutex);
		came.wait_for(lock, 5s, [this] { return repaired.has_value(); });
		return repaired;
	}

	gst::ElementPtr pipeline;
	std::shared_ptr<RepairStreams> streams;
	GstElement *rtx = nullptr; // the pipeline's
	std::optional<test::RtpSource> in;
	gst::PadPtr out;
	std::mutex mutex;
	std::condition_variable came;
	std::optional<std::uint32_t> repaired;
};

} // namespace

TEST_CASE("repair streams: what is lost is sent again with the SSRC that was said, whatever webrtcbin sets meanwhile")
{
	Sender sender;
	sender.streams->sent(5, 11, 13);
	sender.streams->sent(6, 21, 23);
	auto *map = gst_structure_new("application/x-rtp-ssrc-map", "4294967295", G_TYPE_UINT, 99U, nullptr);
	g_object_set(sender.rtx, "ssrc-map", map, nullptr);
	sender.push(11, 1);
	CHECK(sender.ask(11, 1) == 13U);
	g_object_set(sender.rtx, "ssrc-map", map, nullptr);
	gst_structure_free(map);
	sender.push(21, 1);
	CHECK(sender.ask(21, 1) == 23U);
	CHECK(sender.ask(11, 1) == 13U);
}

TEST_CASE("repair streams: what a line sent before is forgotten")
{
	Sender sender;
	for (std::uint32_t ssrc = 100; ssrc < 110; ++ssrc) {
		sender.streams->sent(5, ssrc, ssrc + 100);
		sender.push(ssrc, 1);
		CHECK(sender.ask(ssrc, 1) == ssrc + 100);
		CHECK(!sender.ask(ssrc - 1, 1));
	}
}
