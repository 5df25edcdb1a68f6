// SPDX-License-Identifier: MIT
#include "media/sources/alsa_source.h"

#include "media/devices/sound_card.h"
#include "media/devices/watch.h"
#include "media/live_source.h"

#include <fmt/format.h>

namespace trtc::media {

namespace {

class MicrophoneDevice final : public LiveDevice {
public:
	explicit MicrophoneDevice(std::string wanted) : wanted_(std::move(wanted)) {}

	std::string open() override
	{
		pcm_ = findMicrophone(wanted_).pcm;
		return "alsasrc name=device provide-clock=false slave-method=resample";
	}

	void attach(GstBin *bin) override
	{
		// Not in the chain's text: a PCM's name may hold anything.
		const auto source = gst::ElementPtr::adopt(gst_bin_get_by_name(bin, "device"));
		g_object_set(source.get(), "device", pcm_.c_str(), nullptr);
	}

	std::string name() const override
	{
		return fmt::format("microphone {}", wanted_.empty() ? "default" : wanted_);
	}

	SourceHandle watch(MainLoop &loop, std::function<void()> changed) override
	{
		return watchFolders(loop, { "/dev/snd" }, std::move(changed));
	}

private:
	std::string wanted_, pcm_;
};

} // namespace

SourcePlan prepareAlsa(const SourceRequest &request)
{
	return prepareLive(request, std::make_shared<MicrophoneDevice>(request.spec.argument));
}

SourceText describeAlsa(const SourceRequest &request)
{
	return describeLive(request, fmt::format("alsasrc device=\"{}\"",
						 request.spec.argument.empty() ? "default" : request.spec.argument));
}

} // namespace trtc::media
