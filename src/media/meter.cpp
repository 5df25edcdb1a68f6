// SPDX-License-Identifier: MIT
#include "media/meter.h"

#include "media/decode.h"

#include <gst/app/gstappsrc.h>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace trtc::media {

namespace {

constexpr double kQuietest = -60; // dBFS
/// What may wait for the decoder: more than a second. A volume that comes later is of no use.
constexpr guint64 kMaxWaiting = 64;

GstPadProbeReturn measure(GstPad *, GstPadProbeInfo *info, gpointer data) noexcept
{
	GstMapInfo map;
	auto *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
	if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
		(*static_cast<std::shared_ptr<LoudnessMeter> *>(data))
			->add(reinterpret_cast<const std::int16_t *>(map.data), map.size / sizeof(std::int16_t));
		gst_buffer_unmap(buffer, &map);
	}
	return GST_PAD_PROBE_OK;
}

class OpusMeter final : public Meter {
public:
	OpusMeter()
		: loudness_(std::make_shared<LoudnessMeter>()),
		  pipeline_({ "meter", Codec::Opus, "fakesink name=sink sync=false async=false", {}, {} })
	{
		const auto sink = pipeline_.element("sink");
		const auto pad = gst::PadPtr::adopt(gst_element_get_static_pad(sink.get(), "sink"));
		gst_pad_add_probe(
			pad.get(), GST_PAD_PROBE_TYPE_BUFFER, measure, new std::shared_ptr<LoudnessMeter>(loudness_),
			[](gpointer data) noexcept { delete static_cast<std::shared_ptr<LoudnessMeter> *>(data); });
		pipeline_.onError([](GstMessage *message) {
			if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR)
				spdlog::warn("a volume meter stopped: {}", errorText(message));
		});
		pipeline_.start();
	}

	void write(const EncodedFrame &frame) override
	{
		if (frame.codec == Codec::Opus)
			pipeline_.push(frame);
	}
	int take() override { return loudness_->take(); }
	std::function<void(GstBuffer *)> input() override
	{
		return [source = gst::ElementPtr::share(pipeline_.source())](GstBuffer *buffer) {
			if (gst_app_src_get_current_level_buffers(GST_APP_SRC(source.get())) >= kMaxWaiting)
				return;
			// A shallow copy. A pipeline that has stopped refuses it.
			gst_app_src_push_buffer(GST_APP_SRC(source.get()), gst_buffer_copy(buffer));
		};
	}

private:
	std::shared_ptr<LoudnessMeter> loudness_;
	DecodePipeline pipeline_;
};

} // namespace

void LoudnessMeter::add(const std::int16_t *samples, std::size_t count) noexcept
{
	if (count == 0)
		return;
	double sum = 0;
	for (std::size_t i = 0; i < count; ++i)
		sum += static_cast<double>(samples[i]) * samples[i];
	const int volume = volumeOf(std::sqrt(sum / static_cast<double>(count)) / 32768);
	// Only one thread adds, so a lost race with take() loses nothing but one block.
	if (volume > loudest_)
		loudest_ = volume;
}

int volumeOf(double rms) noexcept
{
	if (!(rms > 0))
		return 0;
	const double decibels = 20 * std::log10(rms);
	return static_cast<int>(std::lround(std::clamp(100 * (1 - decibels / kQuietest), 0.0, 100.0)));
}

void SenderTap::listen(std::function<void(GstBuffer *)> listener)
{
	const std::lock_guard lock(mutex_);
	listener_ = std::move(listener);
}

void SenderTap::push(GstBuffer *buffer)
{
	{
		const std::lock_guard lock(mutex_);
		if (listener_)
			listener_(buffer);
	}
	sender_->push(buffer);
}

std::unique_ptr<Meter> Meter::create() { return std::make_unique<OpusMeter>(); }

} // namespace trtc::media
