// SPDX-License-Identifier: MIT
// Against GStreamer's own rtpsession, as webrtcbin uses it.
#include "webrtc/clock_rates.h"

#include "gst/object.h"
#include "support/rtp_source.h"
#include "webrtc/remote_report.h"

#include <doctest/doctest.h>

#include <optional>

using namespace trtc;
using namespace trtc::webrtc;

namespace {

/// The sending side of a session.
struct Session {
	Session()
	{
		gst_init(nullptr, nullptr);
		in.emplace();
		pipeline = gst::ElementPtr::sink(gst_pipeline_new(nullptr));
		rtpbin = gst_element_factory_make("rtpbin", nullptr);
		gst_bin_add(GST_BIN(pipeline.get()), rtpbin);
		const auto sink = gst::PadPtr::adopt(gst_element_request_pad_simple(rtpbin, "send_rtp_sink_0"));
		REQUIRE(in->link(sink.get()));
		gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
		in->start();
	}
	~Session() { gst_element_set_state(pipeline.get(), GST_STATE_NULL); }

	/// What the session knows after a packet of that stream.
	int rateOf(std::uint32_t ssrc) const
	{
		in->push(ssrc); // nobody is linked behind the session
		GObject *raw = nullptr;
		g_signal_emit_by_name(rtpSession(rtpbin).get(), "get-source-by-ssrc", ssrc, &raw);
		const auto source = glib::ObjectPtr<GObject>::adopt(raw);
		REQUIRE(source);
		GstStructure *stats = nullptr;
		g_object_get(source.get(), "stats", &stats, nullptr);
		int rate = 0;
		gst_structure_get_int(stats, "clock-rate", &rate);
		gst_structure_free(stats);
		return rate;
	}

	gst::ElementPtr pipeline;
	GstElement *rtpbin = nullptr; // the pipeline's
	std::optional<test::RtpSource> in;
};

} // namespace

TEST_CASE("clock rates: the session knows that of a stream with its first packet")
{
	Session session;
	const auto idle = gst::ElementPtr::sink(gst_element_factory_make("rtpbin", nullptr));
	CHECK(!ClockRates::attach(idle.get())); // sends nothing
	const auto rates = ClockRates::attach(session.rtpbin);
	REQUIRE(rates);
	const auto local =
		sdp::parse("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
			   "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:11 cname:x\r\n"
			   "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=ssrc:12 cname:x\r\n"
			   "a=ssrc:13 cname:x\r\n");
	REQUIRE(local);
	rates->add(local.value());
	rates->add(14, 90000);
	CHECK(session.rateOf(11) == 48000);
	CHECK(session.rateOf(12) == 90000);
	CHECK(session.rateOf(13) == 90000);
	CHECK(session.rateOf(14) == 90000);
	CHECK(session.rateOf(15) == -1); // nobody has said
}
