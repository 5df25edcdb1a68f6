// SPDX-License-Identifier: MIT
#include <trtc/client.h>

#include "client/session.h"
#include "gst/init.h"

#include <utility>

namespace trtc {

void initializeLibrary() { gst::initialize(); }

struct Client::Impl {
	std::shared_ptr<client::Session> session; // shared only so that posted tasks can see it gone
};

Client::Client(MainLoop &loop, ClientConfig config)
	: impl_(std::make_unique<Impl>(
		  Impl { std::make_shared<client::Session>(loop, std::move(config), client::Factories::real()) }))
{
}

Client::~Client() { impl_->session->shutDown(); }

void Client::on(EventHandler handler) { impl_->session->on(std::move(handler)); }

void Client::join(const JoinOptions &options, Done done) { impl_->session->join(options, std::move(done)); }

void Client::leave(Done done) { impl_->session->leave(std::move(done)); }

void Client::publish(LocalStream &stream, Done done) { impl_->session->publish(stream, std::move(done)); }

void Client::unpublish(Done done) { impl_->session->unpublish(std::move(done)); }

void Client::subscribe(const UserId &user, const SubscribeOptions &options, Done done)
{
	impl_->session->subscribe(user, options, std::move(done));
}

void Client::unsubscribe(const UserId &user, Done done) { impl_->session->unsubscribe(user, std::move(done)); }

Status Client::setRemoteVideoStreamType(const UserId &user, VideoStreamType type)
{
	return impl_->session->setRemoteVideoStreamType(user, type);
}

void Client::switchRole(Role role, Done done) { impl_->session->switchRole(role, std::move(done)); }

void Client::updatePrivateMapKey(std::string privateMapKey)
{
	impl_->session->updatePrivateMapKey(std::move(privateMapKey));
}

void Client::muteChanged() { impl_->session->muteChanged(); }

void Client::stopRecordings() { impl_->session->stopRecordings(); }

void Client::sendSEIMessage(std::vector<std::uint8_t> data, int seiPayloadType, Done done)
{
	impl_->session->sendSEIMessage(std::move(data), seiPayloadType, std::move(done));
}

void Client::enableAudioVolumeEvaluation(std::chrono::milliseconds interval)
{
	impl_->session->enableAudioVolumeEvaluation(interval);
}
void Client::stats(std::function<void(const Stats &)> done) { impl_->session->stats(std::move(done)); }

Traffic Client::traffic() const { return impl_->session->traffic(); }

ConnectionState Client::connectionState() const noexcept { return impl_->session->connectionState(); }

bool Client::joined() const noexcept { return impl_->session->joined(); }

bool Client::published() const noexcept { return impl_->session->published(); }

Role Client::role() const noexcept { return impl_->session->role(); }

const UserId &Client::userId() const noexcept { return impl_->session->userId(); }

std::vector<Client::RemoteUser> Client::users() const { return impl_->session->users(); }

std::vector<RemoteStream *> Client::streams() const { return impl_->session->streams(); }

bool Client::subscribing(const UserId &user) const { return impl_->session->subscribing(user); }

RemoteStream *Client::stream(const UserId &user, StreamType type) const { return impl_->session->stream(user, type); }

} // namespace trtc
