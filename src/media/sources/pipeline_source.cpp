// SPDX-License-Identifier: MIT
#include "media/sources/pipeline_source.h"

#include "media/live_source.h"

#include <fmt/format.h>

namespace trtc::media {

namespace {

class UserPipeline final : public LiveDevice {
public:
	UserPipeline(std::string description, MediaKind kind) : description_(std::move(description)), kind_(kind) {}

	std::string open() override
	{
		// By itself first: what is wrong with it must not be told of what we put behind.
		// The identity is for those that end in caps.
		const auto text = description_ + " ! identity";
		glib::ErrorSlot error;
		const auto chain = gst::ElementPtr::sink(gst_parse_bin_from_description_full(
			text.c_str(), TRUE, nullptr, GST_PARSE_FLAG_FATAL_ERRORS, error.out()));
		if (!chain)
			throw Exception(ErrorCode::InitializeFailed, fmt::format("{}: {}", name(), error.message()));
		checkEnd(chain.get());
		return description_;
	}

	std::string name() const override { return fmt::format("pipeline \"{}\"", description_); }
	bool recorded() const noexcept override { return true; }
	std::chrono::milliseconds patience() const noexcept override { return std::chrono::milliseconds(0); }

private:
	/// Pads that come later (decodebin) show what they give when it runs.
	void checkEnd(GstElement *chain) const
	{
		const bool video = kind_ == MediaKind::Video;
		const auto wanted =
			gst::CapsPtr::adopt(gst_caps_from_string(video ? "video/x-raw(ANY)" : "audio/x-raw(ANY)"));
		const auto pad = gst::PadPtr::adopt(gst_element_get_static_pad(chain, "src"));
		const auto caps = pad ? gst::CapsPtr::adopt(gst_pad_query_caps(pad.get(), nullptr)) : gst::CapsPtr();
		if (!caps || gst_caps_is_any(caps.get()) || gst_caps_can_intersect(caps.get(), wanted.get()))
			return;
		const std::string given = gst_caps_is_empty(caps.get())
						  ? "nothing"
						  : gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
		throw Exception(ErrorCode::InitializeFailed,
				fmt::format("{} ends in {}: it must end in raw {}", name(), given,
					    video ? "video (video/x-raw)" : "audio (audio/x-raw)"));
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
