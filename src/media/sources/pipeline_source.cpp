// SPDX-License-Identifier: MIT
#include "media/sources/pipeline_source.h"

#include "media/live_source.h"
#include "media/sources/open_ends.h"

#include <fmt/format.h>

#include <utility>

namespace trtc::media {

namespace {

constexpr GstClockTime kSameStart = GST_SECOND;

/// Two pipelines of one description, for picture and sound, start at the same time to stay synchronised.
GstClockTime sharedStart(const std::string &description, MediaKind kind, GstClockTime now)
{
	struct Start {
		std::string description;
		MediaKind kind = MediaKind::Video;
		GstClockTime time = 0;
	};
	static thread_local Start last;
	if (last.description == description && last.kind != kind && now <= last.time + kSameStart)
		return std::exchange(last, {}).time;
	last = { description, kind, now };
	return now;
}

class UserPipeline final : public LiveDevice {
public:
	UserPipeline(std::string description, MediaKind kind) : description_(std::move(description)), kind_(kind) {}

	std::string open() override
	{
		static_cast<void>(make());
		return description_;
	}

	void build(gst::Pipeline &pipeline, const std::string &, const std::string &tail) override
	{
		auto chain = make();
		auto *bin = chain.get();
		gst_bin_add(pipeline.bin(), bin);
		auto *end = pipeline.addChain(tail);
		linkOpenEnds(GST_BIN(bin), kind_, gst::PadPtr::adopt(gst_element_get_static_pad(end, "sink")));
	}

	std::string name() const override { return fmt::format("pipeline \"{}\"", description_); }
	bool recorded() const noexcept override { return true; }
	std::chrono::milliseconds patience() const noexcept override { return std::chrono::milliseconds(0); }
	GstClockTime begin(GstClockTime now) override { return sharedStart(description_, kind_, now); }

	std::string explain(GstMessage *message) override
	{
		glib::ErrorSlot error;
		gchar *text = nullptr;
		if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING)
			gst_message_parse_warning(message, error.out(), &text);
		else
			gst_message_parse_error(message, error.out(), &text);
		const glib::CharPtr owned(text);
		std::string words = error.message();
		while (words.ends_with('.'))
			words.pop_back();
		// The reason follows the last line break; a GStreamer source file and line number precede it.
		const std::string details = text ? text : "";
		const auto reason = details.substr(details.rfind('\n') + 1);
		if (!reason.empty() && details.find('\n') != std::string::npos)
			words += fmt::format(" ({})", reason);
		// The message of a bin that linkOpenEnds() made is about the whole chain.
		const auto *element = GST_MESSAGE_SRC(message);
		return element && G_OBJECT_TYPE(element) != GST_TYPE_BIN
			       ? fmt::format("{}: {}", GST_OBJECT_NAME(element), words)
			       : words;
	}

private:
	/// The user's elements, linked with each other. Throws Exception(InitializeFailed) for an invalid description or wrong
	/// open ends.
	gst::ElementPtr make() const
	{
		std::string problem;
		auto chain = parse(description_, problem);
		auto ends = chain ? openEnds(GST_BIN(chain.get()), kind_) : OpenEnds();
		if (!chain || (!ends.fitting && ends.other.empty() && !ends.later)) {
			// Caps and request pads (tee) at the end need an element after them.
			std::string unused;
			if (auto longer = parse(description_ + " ! identity", unused)) {
				chain = std::move(longer);
				ends = openEnds(GST_BIN(chain.get()), kind_);
			}
		}
		if (!chain)
			throw Exception(
				ErrorCode::InitializeFailed,
				fmt::format("{}: {}; gst-launch-1.0 with the same text shows more", name(), problem));
		if (!ends.fitting && !ends.later)
			throw Exception(ErrorCode::InitializeFailed,
					ends.other.empty()
						? fmt::format("{} has no open end: remove the sink at its end, because "
							      "the agent takes the media there",
							      name())
						: fmt::format("{} ends in {}: it must end in {}", name(), ends.other,
							      rawMediaName(kind_)));
		return chain;
	}

	static gst::ElementPtr parse(const std::string &text, std::string &problem)
	{
		glib::ErrorSlot error;
		// Without ghost pads: they would take the place of links that wait for a pad of decodebin or a demuxer.
		auto chain = gst::ElementPtr::sink(gst_parse_bin_from_description_full(
			text.c_str(), FALSE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, error.out()));
		if (!chain)
			problem = error.message();
		return chain;
	}

	std::string description_;
	MediaKind kind_;
};

} // namespace

SourcePlan preparePipeline(const SourceRequest &request)
{
	return prepareLive(request,
			   std::make_shared<UserPipeline>(request.spec.argument,
							  request.video ? MediaKind::Video : MediaKind::Audio));
}

SourceText describePipeline(const SourceRequest &request) { return describeLive(request, request.spec.argument, true); }

} // namespace trtc::media
