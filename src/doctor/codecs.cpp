// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include "gst/object.h"

#include <gst/gst.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace trtc::doctor {

namespace {

using namespace std::chrono_literals;

/// For one trial. The slowest takes some 50 ms; the first one loads its library.
constexpr auto kLimit = 5s;

constexpr std::string_view kPicture = "videotestsrc ! video/x-raw,format=I420,width=160,height=120,"
				      "framerate=10/1 ! ";

// A presence in the registry proves little: a library may be missing or refuse to work. So one picture is encoded, decoded
// where it says so, and has to come out.
constexpr CodecTrial kTrials[] = {
	{ "encode H.264 with x264enc", "x264enc tune=zerolatency threads=1 ! h264parse", "gstreamer1.0-plugins-ugly",
	  "h264 encoder", "--video with --video-codec h264" },
	{ "encode H.264 with openh264enc", "openh264enc ! h264parse", "gstreamer1.0-plugins-bad", "h264 encoder",
	  "--video with --video-codec h264" },
	{ "encode VP8 with vp8enc", "vp8enc deadline=1 threads=1", "gstreamer1.0-plugins-good", "",
	  "--video-codec vp8" },
	{ "decode H.264 with avdec_h264", "H264ENC ! h264parse ! avdec_h264", "gstreamer1.0-libav", "h264 decoder",
	  "playing H.264" },
	{ "decode H.264 with openh264dec", "H264ENC ! h264parse ! openh264dec", "gstreamer1.0-plugins-bad",
	  "h264 decoder", "playing H.264" },
	{ "decode VP8 with vp8dec", "vp8enc deadline=1 threads=1 ! vp8dec", "gstreamer1.0-plugins-good", "",
	  "playing VP8" },
	{ "encode and decode Opus", "audiotestsrc ! audio/x-raw,rate=48000,channels=1 ! opusenc ! opusdec",
	  "gstreamer1.0-plugins-base", "", "--audio" },
};

bool exists(const std::string &element)
{
	return static_cast<bool>(gst::ObjectPtr<GstElementFactory>::adopt(gst_element_factory_find(element.c_str())));
}

/// A decoder is tried with whatever encoder is there.
std::string expanded(std::string_view description)
{
	static constexpr std::string_view kAny = "H264ENC";
	std::string text(description);
	if (text.starts_with(kAny))
		text.replace(0, kAny.size(), exists("x264enc") ? "x264enc tune=zerolatency threads=1" : "openh264enc");
	return text;
}

std::string whole(const std::string &description)
{
	const bool audio = description.starts_with("audio");
	return fmt::format("{}{} ! fakesink name=out sync=false", audio ? "" : kPicture, description);
}

/// Whether the elements of the chain are in the registry.
bool present(std::string_view description)
{
	for (std::size_t start = 0; start < description.size();) {
		const auto end = std::min(description.find(" ! ", start), description.size());
		const auto part = description.substr(start, end - start);
		const std::string element(part.substr(0, part.find(' ')));
		start = end + 3;
		if (element.find('/') != std::string::npos)
			continue; // caps
		if (!exists(element))
			return false;
	}
	return true;
}

/// The first buffer at the end of the chain is all that is wanted. No end of stream: one of the encoders complains on
/// stderr when it is emptied.
GstPadProbeReturn arrived(GstPad *pad, GstPadProbeInfo *, gpointer) noexcept
{
	auto element = gst::ElementPtr::adopt(gst_pad_get_parent_element(pad));
	if (element)
		gst_element_post_message(
			element.get(),
			gst_message_new_application(GST_OBJECT(element.get()), gst_structure_new_empty("arrived")));
	return GST_PAD_PROBE_REMOVE;
}

/// "": something came out.
std::string attempt(const std::string &description)
{
	glib::ErrorSlot error;
	auto pipeline = gst::ElementPtr::sink(
		gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, error.out()));
	if (!pipeline)
		return error.message();
	auto sink = gst::ElementPtr::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
	auto pad = gst::PadPtr::adopt(gst_element_get_static_pad(sink.get(), "sink"));
	gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, arrived, nullptr, nullptr);
	auto bus = gst::ObjectPtr<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
	// An early failure is on the bus as well, with its reason.
	gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
	const auto limit = static_cast<GstClockTime>(std::chrono::nanoseconds(kLimit).count());
	auto message = gst::MiniPtr<GstMessage>::adopt(gst_bus_timed_pop_filtered(
		bus.get(), limit, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_APPLICATION)));
	std::string problem;
	if (!message) {
		problem = fmt::format("no output within {} s", kLimit.count());
	} else if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR) {
		GError *why = nullptr;
		gst_message_parse_error(message.get(), &why, nullptr);
		problem = why ? why->message : "an error without a message";
		g_clear_error(&why);
	}
	gst_element_set_state(pipeline.get(), GST_STATE_NULL);
	return problem;
}

} // namespace

std::span<const CodecTrial> codecTrials() noexcept { return kTrials; }

void lookAtCodecs(MainLoop &, const Settings &, Facts &facts)
{
	if (!facts.gstreamerError.empty())
		return;
	for (std::size_t i = 0; i < std::size(kTrials); ++i) {
		CodecFact fact;
		fact.trial = i;
		const auto description = expanded(kTrials[i].description);
		fact.present = present(description);
		if (fact.present) {
			const auto start = std::chrono::steady_clock::now();
			fact.error = attempt(whole(description));
			fact.took = std::chrono::duration_cast<std::chrono::milliseconds>(
				std::chrono::steady_clock::now() - start);
		}
		facts.codecs.push_back(std::move(fact));
	}
}

void judgeCodecs(const Settings &, const Facts &facts, Findings &findings)
{
	std::map<std::string_view, int> working;
	for (const auto &fact : facts.codecs)
		if (fact.present && fact.error.empty())
			++working[kTrials[fact.trial].group];
	std::map<std::string_view, bool> told;
	for (const auto &fact : facts.codecs) {
		const auto &trial = kTrials[fact.trial];
		const bool another = !trial.group.empty() && working[trial.group] > 0;
		const std::string name(trial.name);
		if (fact.present && fact.error.empty())
			findings.ok(name, fmt::format("works ({} ms)", fact.took.count()));
		else if (fact.present)
			// Broken is worse than missing, even where another one jumps in: the first that is there is taken.
			findings.warn(name, fmt::format("is installed but does not work: {}", fact.error),
				      findings.asRoot(fmt::format("apt-get install --reinstall {}", trial.package)));
		else if (!another && (trial.group.empty() || !std::exchange(told[trial.group], true)))
			findings.warn(name, fmt::format("not available, needed for {}", trial.purpose),
				      findings.asRoot(fmt::format("apt-get install {}", trial.package)));
	}
}

} // namespace trtc::doctor
