// SPDX-License-Identifier: MIT
#include "service/links.h"

#include "gst/object.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace trtc::service {

namespace {

constexpr Slot kSlotsDown[] = { Slot::Audio, Slot::BigVideo, Slot::AuxVideo };

} // namespace

Uplink::Uplink(MainLoop &loop, std::string name, webrtc::IceConfig ice, Negotiated plan, LinkOutcome outcome,
	       Trace *trace, std::shared_ptr<webrtc::PacketFaults> faults)
	: loop_(loop), plan_(std::move(plan)), outcome_(std::move(outcome))
{
	makeFanouts();
	webrtc::PeerConnection::Config config;
	config.name = std::move(name);
	config.ice = std::move(ice);
	config.latency = kUplinkLatency;
	config.trace = trace;
	config.faults = std::move(faults);
	connection_ = webrtc::PeerConnection::create(loop_, std::move(config), *this);
	media_ = connection_.get();
	connection_->answer(plan_.offer, plan_.lines);
}

Uplink::Uplink(MainLoop &loop, webrtc::PeerConnection &shared, Negotiated plan)
	: loop_(loop), plan_(std::move(plan)), media_(&shared)
{
	makeFanouts();
}

Uplink::~Uplink()
{
	if (connection_)
		connection_->close();
}

void Uplink::makeFanouts()
{
	for (std::size_t i = 0; i < kSlots; ++i) {
		fanouts_[i] = std::make_shared<Fanout>(static_cast<Slot>(i) == Slot::Audio ? "OPUS" : plan_.videoCodec);
		fanouts_[i]->enable(false);
	}
}

void Uplink::onTrack(const std::shared_ptr<webrtc::Track> &track)
{
	for (std::size_t i = 0; i < kSlots; ++i) {
		if (plan_.mLineOf[i] != track->mLine())
			continue;
		keyframes_[i] =
			std::make_unique<KeyframeAsker>(loop_, fanouts_[i], [track] { track->requestKeyframe(); });
		// The fan-out is all that the streaming thread knows.
		track->attach("", [fanout = fanouts_[i]](GstSample *sample) {
			if (auto *buffer = gst_sample_get_buffer(sample))
				fanout->packet(buffer);
		});
		// Who subscribed before the first packet came is waiting.
		if (track->kind() == MediaKind::Video)
			requestKeyframe(static_cast<Slot>(i));
		return;
	}
	spdlog::warn("a track on m-line {} that was not negotiated is ignored", track->mLine());
}

void Uplink::onConnected()
{
	place_.reset();
	watch_.emplace(loop_, *connection_, outcome_.failed);
	watch_->start(false);
}

void Uplink::requestKeyframe(Slot slot)
{
	if (const auto &asker = keyframes_[static_cast<std::size_t>(slot)])
		asker->want();
}

void Uplink::flow(const UplinkFlow &flow)
{
	const bool on[kSlots] = { flow.audio, flow.bigVideo, flow.smallVideo, flow.auxVideo };
	for (std::size_t i = 0; i < kSlots; ++i) {
		on_[i] = on[i];
		fanouts_[i]->enable(on[i]);
		if (on[i] && static_cast<Slot>(i) != Slot::Audio)
			requestKeyframe(static_cast<Slot>(i));
	}
}

protocol::UplinkStats Uplink::takeStats()
{
	protocol::UplinkStats now;
	for (std::size_t i = 0; i < kSlots; ++i) {
		if (!plan_.mLineOf[i])
			continue;
		const auto stats = media_->receiveStats(*plan_.mLineOf[i]);
		const bool audio = static_cast<Slot>(i) == Slot::Audio;
		(audio ? now.expectAudPkg : now.expectVidPkg) += static_cast<std::int64_t>(stats.expected);
		(audio ? now.recvAudPkg : now.recvVidPkg) += static_cast<std::int64_t>(stats.received);
	}
	const auto before = std::exchange(told_, now);
	protocol::UplinkStats stats { now.expectAudPkg - before.expectAudPkg, now.expectVidPkg - before.expectVidPkg,
				      now.recvAudPkg - before.recvAudPkg, now.recvVidPkg - before.recvVidPkg, 0 };
	// Under a millisecond is one: 0 says that it is not known.
	if (const auto roundTrip = this->stats().roundTrip)
		stats.rttMs =
			std::max<std::int64_t>(1, std::chrono::round<std::chrono::milliseconds>(*roundTrip).count());
	return stats;
}

Downlink::Downlink(MainLoop &loop, std::string name, webrtc::IceConfig ice, Negotiated plan,
		   std::weak_ptr<Uplink> source, protocol::SubscribeWishes wishes, LinkOutcome outcome, Trace *trace,
		   std::shared_ptr<webrtc::PacketFaults> faults)
	: loop_(loop), plan_(std::move(plan)), source_(std::move(source)), wishes_(wishes),
	  outcome_(std::move(outcome)), faults_(std::move(faults))
{
	webrtc::PeerConnection::Config config;
	config.name = std::move(name);
	config.ice = std::move(ice);
	config.trace = trace;
	config.faults = faults_;
	connection_ = webrtc::PeerConnection::create(loop_, std::move(config), *this);
	media_ = connection_.get();
	connection_->answer(plan_.offer, plan_.lines);
	hearKeyframeRequests();
}

Downlink::Downlink(MainLoop &loop, webrtc::PeerConnection &shared, Negotiated plan, std::weak_ptr<Uplink> source,
		   protocol::SubscribeWishes wishes, std::shared_ptr<webrtc::PacketFaults> faults)
	: loop_(loop), plan_(std::move(plan)), source_(std::move(source)), wishes_(wishes), faults_(std::move(faults)),
	  media_(&shared)
{
	hearKeyframeRequests();
	connected_ = true;
	route();
}

void Downlink::hearKeyframeRequests()
{
	for (const auto slot : kSlotsDown) {
		const auto mLine = plan_.mLineOf[static_cast<std::size_t>(slot)];
		if (!mLine || slot == Slot::Audio)
			continue;
		if (auto sender = media_->sender(*mLine))
			sender->onKeyframeRequest([weak = source_, slot, video = video_] {
				if (auto uplink = weak.lock())
					uplink->requestKeyframe(slot == Slot::BigVideo ? *video : slot);
			});
	}
}

Downlink::~Downlink()
{
	if (auto uplink = source_.lock())
		for (std::size_t i = 0; i < kSlots; ++i)
			for (const auto &line : lines_)
				uplink->fanout(static_cast<Slot>(i)).remove(line.get());
	if (connection_)
		connection_->close();
}

void Downlink::wish(const protocol::SubscribeWishes &wishes)
{
	wishes_ = wishes;
	if (connected_)
		route();
}

void Downlink::sourceChanged()
{
	const auto uplink = source_.lock();
	if (!connected_ || !uplink)
		return;
	const auto before = *video_;
	chooseVideo(*uplink);
	if (*video_ != before)
		route();
}

void Downlink::onConnected()
{
	connected_ = true;
	place_.reset();
	watch_.emplace(loop_, *connection_, outcome_.failed);
	watch_->start(true);
	route();
}

/// Small video when it is wished for and there; while both are muted it stays as it is.
void Downlink::chooseVideo(const Uplink &uplink)
{
	const bool big = uplink.carries(Slot::BigVideo), small = uplink.carries(Slot::SmallVideo);
	if (!wishes_.smallVideo)
		*video_ = Slot::BigVideo;
	else if (big || small)
		*video_ = small ? Slot::SmallVideo : Slot::BigVideo;
}

/// Null without that m-line.
RtpRewriter *Downlink::lineOf(Slot slot, Uplink &uplink)
{
	auto &line = lines_[static_cast<std::size_t>(slot)];
	const auto mLine = plan_.mLineOf[static_cast<std::size_t>(slot)];
	const auto sender = mLine ? media_->sender(*mLine) : nullptr;
	if (!line && sender) {
		const auto &planned = plan_.lines[*mLine];
		line = std::make_shared<RtpRewriter>(sender, planned.ssrc, planned.payloadType,
						     uplink.fanout(slot).clockRate(), faults_);
		uplink.fanout(slot).add(line);
		if (slot == Slot::BigVideo)
			uplink.fanout(Slot::SmallVideo).add(line);
	}
	return line.get();
}

void Downlink::route()
{
	const auto uplink = source_.lock();
	if (!uplink)
		return;
	chooseVideo(*uplink);
	for (const auto slot : kSlotsDown) {
		auto *line = lineOf(slot, *uplink);
		if (!line)
			continue;
		const bool wanted = slot == Slot::Audio	     ? wishes_.audio
				    : slot == Slot::BigVideo ? wishes_.bigVideo || wishes_.smallVideo
							     : wishes_.auxVideo;
		const auto from = slot == Slot::BigVideo ? *video_ : slot;
		auto &fanout = uplink->fanout(from);
		line->select(wanted ? fanout.source() : nullptr);
		// As long as somebody waits the publisher is asked again: see KeyframeAsker.
		if (wanted && fanout.begin(*line) && slot != Slot::Audio)
			uplink->requestKeyframe(from);
	}
}

} // namespace trtc::service
