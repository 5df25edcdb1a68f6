// SPDX-License-Identifier: MIT
// Against GStreamer's own srtpenc and srtpdec, which webrtcbin uses.
#include "webrtc/packet_gates.h"

#include "gst/object.h"
#include "support/rtp_source.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

using namespace trtc;
using namespace trtc::webrtc;

namespace {

gst::CapsPtr withKey(const std::array<std::uint8_t, 30> &key)
{
	auto buffer = gst::BufferPtr::adopt(gst_buffer_new_memdup(key.data(), key.size()));
	return gst::CapsPtr::adopt(gst_caps_new_simple(
		"application/x-srtp", "srtp-key", GST_TYPE_BUFFER, buffer.get(), "srtp-cipher", G_TYPE_STRING,
		"aes-128-icm", "srtp-auth", G_TYPE_STRING, "hmac-sha1-80", "srtcp-cipher", G_TYPE_STRING, "aes-128-icm",
		"srtcp-auth", G_TYPE_STRING, "hmac-sha1-80", nullptr));
}

/// A pad that pushes, srtpenc, srtpdec, a pad that collects.
struct Way {
	/// @p late: the encoder has its pad before it is in the pipeline, as in webrtcbin.
	explicit Way(bool late = false)
	{
		gst_init(nullptr, nullptr);
		auto &in = source.emplace();
		pipeline = gst::ElementPtr::sink(gst_pipeline_new(nullptr));
		guardPackets(pipeline.get(), admission, faults);
		admission->line(0, { 96 }, {});
		encoder = gst_element_factory_make("srtpenc", nullptr);
		decoder = gst_element_factory_make("srtpdec", nullptr);
		key.fill(7);
		auto buffer = gst::BufferPtr::adopt(gst_buffer_new_memdup(key.data(), key.size()));
		g_object_set(encoder, "key", buffer.get(), nullptr);
		g_signal_connect(decoder, "request-key",
				 G_CALLBACK(+[](GstElement *, guint ssrc, gpointer data) noexcept {
					 auto &self = *static_cast<Way *>(data);
					 self.decrypted.insert(ssrc);
					 return withKey(self.key).release();
				 }),
				 this);
		gst::PadPtr sink;
		if (late)
			sink = gst::PadPtr::adopt(gst_element_request_pad_simple(encoder, "rtp_sink_0"));
		gst_bin_add_many(GST_BIN(pipeline.get()), encoder, decoder, nullptr);
		if (!late)
			sink = gst::PadPtr::adopt(gst_element_request_pad_simple(encoder, "rtp_sink_0"));
		auto protectedOut = gst::PadPtr::adopt(gst_element_get_static_pad(encoder, "rtp_src_0"));
		auto encrypted = gst::PadPtr::adopt(gst_element_get_static_pad(decoder, "rtp_sink"));
		auto plain = gst::PadPtr::adopt(gst_element_get_static_pad(decoder, "rtp_src"));
		out = gst::PadPtr::sink(gst_pad_new("out", GST_PAD_SINK));
		gst_pad_set_chain_function_full(out.get(), collect, this, nullptr);
		gst_pad_set_active(out.get(), TRUE);
		REQUIRE(in.link(sink.get()));
		REQUIRE(gst_pad_link(protectedOut.get(), encrypted.get()) == GST_PAD_LINK_OK);
		REQUIRE(gst_pad_link(plain.get(), out.get()) == GST_PAD_LINK_OK);
		gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
		in.start();
	}
	~Way() { gst_element_set_state(pipeline.get(), GST_STATE_NULL); }

	static GstFlowReturn collect(GstPad *pad, GstObject *, GstBuffer *buffer) noexcept
	{
		std::uint8_t number[2] {};
		gst_buffer_extract(buffer, 2, number, sizeof(number));
		gst_buffer_unref(buffer);
		static_cast<Way *>(pad->chaindata)->numbers.push_back(GST_READ_UINT16_BE(number));
		return GST_FLOW_OK;
	}

	std::shared_ptr<PacketFaults> faults = std::make_shared<PacketFaults>();
	std::shared_ptr<Admission> admission = std::make_shared<Admission>(faults);
	std::array<std::uint8_t, 30> key {};
	gst::ElementPtr pipeline;
	GstElement *encoder = nullptr, *decoder = nullptr;
	std::optional<test::RtpSource> source; // needs GStreamer
	gst::PadPtr out;
	std::vector<std::uint16_t> numbers;
	std::set<std::uint32_t> decrypted;
};

} // namespace

TEST_CASE("gates: a packet that SRTP refuses to send is counted, and the next one goes")
{
	for (const bool late : { false, true }) {
		Way way(late);
		for (const std::uint16_t number :
		     { std::uint16_t { 1000 }, std::uint16_t { 1000 }, std::uint16_t { 2000 }, std::uint16_t { 1001 },
		       std::uint16_t { 2001 } })
			CHECK(way.source->push(1, number) == GST_FLOW_OK);
		CHECK(way.numbers == std::vector<std::uint16_t> { 1000, 2000, 2001 });
		CHECK(way.faults->encryptionFailed == 2);
		auto bus = glib::ObjectPtr<GstBus>::adopt(gst_element_get_bus(way.pipeline.get()));
		int errors = 0;
		while (auto *message = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR)) {
			CHECK(isPacketError(message));
			++errors;
			gst_message_unref(message);
		}
		CHECK(errors == 2);
	}
}

TEST_CASE("gates: an error of something else is none of a packet")
{
	Way way;
	GST_ELEMENT_ERROR(way.decoder, LIBRARY, FAILED, (nullptr), ("on purpose"));
	GST_ELEMENT_ERROR(way.encoder, LIBRARY, INIT, (nullptr), ("on purpose"));
	auto bus = glib::ObjectPtr<GstBus>::adopt(gst_element_get_bus(way.pipeline.get()));
	for (int i = 0; i < 2; ++i) {
		auto *message = gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR);
		REQUIRE(message);
		CHECK_FALSE(isPacketError(message));
		gst_message_unref(message);
	}
}

TEST_CASE("gates: for SSRCs that are not let in nothing is made, not even to decrypt them")
{
	Way way;
	way.admission->line(0, { 96 }, {}, true);
	way.admission->announce(1, 0, false);
	std::uint16_t number = 0;
	for (std::uint32_t ssrc = 1; ssrc <= 3000; ++ssrc)
		CHECK(way.source->push(ssrc % 2 ? 1 : ssrc, ++number) == GST_FLOW_OK);
	CHECK(way.numbers.size() == 1500);
	CHECK(way.decrypted == std::set<std::uint32_t> { 1 });
	CHECK(way.faults->unknownStream == 1500);
	// One that is forgotten leaves nothing behind: it would have to be asked for again.
	way.admission->forget(1);
	CHECK(way.source->push(1, ++number) == GST_FLOW_OK);
	way.admission->announce(1, 0, false);
	way.decrypted.clear();
	CHECK(way.source->push(1, ++number) == GST_FLOW_OK);
	CHECK(way.decrypted == std::set<std::uint32_t> { 1 });
	CHECK(way.numbers.size() == 1501);
}
