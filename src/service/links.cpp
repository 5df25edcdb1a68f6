// SPDX-License-Identifier: MIT
#include "service/links.h"

#include "gst/object.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace trtc::service {

namespace {

/// Packets in order pass at once; behind a gap this is the time the missing one has to be sent again, several times where many
/// are lost.
constexpr std::chrono::milliseconds kLatency { 200 };

constexpr Slot kDownlinkSlots[] = { Slot::Audio, Slot::BigVideo, Slot::AuxVideo };

} // namespace

Uplink::Uplink(MainLoop &loop, std::string name, webrtc::IceConfig ice, Negotiated plan, LinkOutcome outcome,
	       Trace *trace)
	: loop_(loop), plan_(std::move(plan)), outcome_(std::move(outcome))
{
	makeFanouts();
	webrtc::PeerConnection::Config config;
	config.name = std::move(name);
	config.ice = std::move(ice);
	config.latency = kLatency;
	config.trace = trace;
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
	spdlog::warn("a track on m-line {} that was not negotiated is left alone", track->mLine());
}

void Uplink::onConnected()
{
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
	if (const auto roundTrip = media_->stats().roundTrip)
		stats.rttMs =
			std::max<std::int64_t>(1, std::chrono::round<std::chrono::milliseconds>(*roundTrip).count());
	return stats;
}

Downlink::Downlink(MainLoop &loop, std::string name, webrtc::IceConfig ice, Negotiated plan,
		   std::weak_ptr<Uplink> source, protocol::SubscribeWishes wishes, LinkOutcome outcome, Trace *trace)
	: loop_(loop), plan_(std::move(plan)), source_(std::move(source)), wishes_(wishes), outcome_(std::move(outcome))
{
	webrtc::PeerConnection::Config config;
	config.name = std::move(name);
	config.ice = std::move(ice);
	config.trace = trace;
	connection_ = webrtc::PeerConnection::create(loop_, std::move(config), *this);
	media_ = connection_.get();
	connection_->answer(plan_.offer, plan_.lines);
	hearKeyframeRequests();
}

Downlink::Downlink(MainLoop &loop, webrtc::PeerConnection &shared, Negotiated plan, std::weak_ptr<Uplink> source,
		   protocol::SubscribeWishes wishes)
	: loop_(loop), plan_(std::move(plan)), source_(std::move(source)), wishes_(wishes), media_(&shared)
{
	hearKeyframeRequests();
	connected_ = true;
	route();
}

void Downlink::hearKeyframeRequests()
{
	for (const auto slot : kDownlinkSlots) {
		const auto mLine = plan_.mLineOf[static_cast<std::size_t>(slot)];
		if (!mLine || slot == Slot::Audio)
			continue;
		if (auto sender = media_->sender(*mLine))
			sender->onKeyframeRequest([weak = source_, slot] {
				if (auto uplink = weak.lock())
					uplink->requestKeyframe(slot);
			});
	}
}

Downlink::~Downlink()
{
	if (auto uplink = source_.lock())
		for (const auto slot : kDownlinkSlots)
			if (const auto mLine = plan_.mLineOf[static_cast<std::size_t>(slot)])
				if (auto sender = media_->sender(*mLine))
					uplink->fanout(slot).remove(sender.get());
	if (connection_)
		connection_->close();
}

void Downlink::wish(const protocol::SubscribeWishes &wishes)
{
	wishes_ = wishes;
	if (connected_)
		route();
}

void Downlink::onConnected()
{
	connected_ = true;
	watch_.emplace(loop_, *connection_, outcome_.failed);
	watch_->start(true);
	route();
}

void Downlink::route()
{
	auto uplink = source_.lock();
	if (!uplink)
		return;
	for (const auto slot : kDownlinkSlots) {
		const auto mLine = plan_.mLineOf[static_cast<std::size_t>(slot)];
		const auto sender = mLine ? media_->sender(*mLine) : nullptr;
		if (!sender)
			continue;
		const bool wanted = slot == Slot::Audio	     ? wishes_.audio
				    : slot == Slot::BigVideo ? wishes_.bigVideo || wishes_.smallVideo
							     : wishes_.auxVideo;
		const auto &line = plan_.lines[*mLine];
		if (!wanted) {
			uplink->fanout(slot).pause(sender.get());
			continue;
		}
		const bool waits = uplink->fanout(slot).add(sender, line.ssrc, line.payloadType);
		if (waits && slot != Slot::Audio)
			uplink->requestKeyframe(slot);
	}
}

} // namespace trtc::service
