// SPDX-License-Identifier: MIT
#include "client/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace trtc::client {

namespace {

const Error kLeft { ErrorCode::InvalidOperation, "the agent left the room before this was done" };

/// "127.0.0.1" of "ws://127.0.0.1:8687/path", "::1" of "ws://[::1]:8687".
std::string hostOf(const std::string &url)
{
	const auto scheme = url.find("://");
	auto host = url.substr(scheme == std::string::npos ? 0 : scheme + 3);
	host.erase(std::min(host.find_first_of("/?#"), host.size()));
	if (const auto at = host.rfind('@'); at != std::string::npos)
		host.erase(0, at + 1);
	if (!host.empty() && host.front() == '[')
		return host.substr(1, host.find(']') - 1);
	return host.substr(0, host.rfind(':'));
}

void check(const ClientConfig &config)
{
	const auto fail = [](std::string message) { throw Exception(ErrorCode::InvalidParameter, std::move(message)); };
	if (config.sdkAppId == 0)
		fail("sdkAppId is missing: it is a number that is not 0");
	if (config.userId.str().empty())
		fail("the user id is missing");
	if (config.network.relayOnly && !config.network.turn)
		fail("media through a relay requires a TURN server: name one");
	if (config.userSig.empty())
		fail("the UserSig is missing");
	if (!signalling::knownScheme(config.server))
		fail(fmt::format("server \"{}\" is not a room service's address: it starts with ws:// or wss://",
				 config.server.substr(0, config.server.find('?'))));
	if (config.server.find_first_of("?#") != std::string::npos)
		fail(fmt::format("server \"{}\" must have no query: the client adds it",
				 config.server.substr(0, config.server.find_first_of("?#"))));
}

} // namespace

Session::Session(MainLoop &loop, ClientConfig config, Factories factories)
	: loop_(loop), config_(std::move(config)), factories_(std::move(factories))
{
	check(config_);
}

Session::~Session() { shutDown(); }

void Session::shutDown()
{
	if (std::exchange(shutDown_, true))
		return;
	volumeTimer_.reset();
	linkTurnTimer_.reset();
	giveStreamBack();
	comeback_ = {};
	tearDown("leave", kLeft);
	handler_ = nullptr;
	queue_.clear();
	announced_.clear();
	meterTimer_.reset();
	qualityTimer_.reset();
	driver_.reset();
	retired_.clear();
	state_ = State::Idle;
}

void Session::on(Client::EventHandler handler) { handler_ = std::move(handler); }

// ---- the queue ----------------------------------------------------------------------------

void Session::enqueue(std::function<void()> task)
{
	if (shutDown_)
		return;
	queue_.push_back(std::move(task));
	if (std::exchange(draining_, true))
		return;
	loop_.post([weak = weak_from_this()] {
		if (const auto self = weak.lock())
			self->drain();
	});
}

void Session::drain()
{
	// A task that throws stops the loop; what is behind it is delivered with the next event.
	draining_ = false;
	while (!queue_.empty()) {
		const auto task = std::move(queue_.front());
		queue_.pop_front();
		task();
	}
}

void Session::emit(Event event)
{
	enqueue([this, event = std::move(event)] {
		// A copy: the handler may be replaced from inside.
		if (const auto handler = handler_)
			handler(event);
	});
}

/// What the caller can look up follows what it was told: from StreamAdded until the handler of StreamRemoved returns,
/// whatever has happened meanwhile.
void Session::announce(std::shared_ptr<RemoteStreamImpl> stream)
{
	enqueue([this, stream] { announced_.push_back(stream); });
	emit(StreamAdded { stream->info() });
}

void Session::withdraw(std::shared_ptr<RemoteStreamImpl> stream)
{
	emit(StreamRemoved { stream->info() });
	enqueue([this, stream] { std::erase(announced_, stream); });
}

void Session::complete(Done done, Status status)
{
	if (done)
		enqueue([done = std::move(done), status = std::move(status)] { done(status); });
}

void Session::setConnection(ConnectionState state)
{
	if (const auto previous = std::exchange(connection_, state); previous != state)
		emit(ConnectionStateChanged { previous, state });
}

// ---- joining and leaving ------------------------------------------------------------------

void Session::join(const JoinOptions &options, Done done)
{
	if (state_ != State::Idle)
		return complete(std::move(done),
				Error { ErrorCode::InvalidOperation,
					state_ == State::Joined		? "already in a room: leave first"
					: state_ == State::Joining	? "a join is running"
					: state_ == State::Reconnecting ? "the agent is rejoining the room"
									: "a leave is running" });
	if (options.room.str().empty())
		return complete(std::move(done), Error { ErrorCode::InvalidParameter, "the room is missing" });
	if (config_.mode == Mode::Rtc && options.role != Role::Anchor)
		return complete(std::move(done),
				Error { ErrorCode::InvalidParameter,
					"in rtc mode every user is an anchor: use live mode for an audience" });
	options_ = options;
	role_ = options.role;
	try {
		driver_ = factories_.driver(loop_, config_.server, *this);
	} catch (const Exception &exception) {
		return complete(std::move(done), exception.error());
	}
	state_ = State::Joining;
	joinDone_ = std::move(done);
	driver_->start(config_, options);
}

void Session::joinDone(const Status &status)
{
	if (state_ == State::Reconnecting)
		return triedAgain(status);
	if (state_ != State::Joining)
		return;
	auto done = std::exchange(joinDone_, nullptr);
	if (!status) {
		state_ = State::Idle;
		retireDriver();
		setConnection(ConnectionState::Disconnected);
		return complete(std::move(done), status);
	}
	state_ = State::Joined;
	ticketToShow_ = false;
	startMeter();
	startQuality();
	emit(Joined { options_.room, config_.userId, role_, config_.mode });
	complete(std::move(done), status);
}

void Session::leave(Done done)
{
	if (state_ == State::Idle || state_ == State::Leaving)
		return complete(std::move(done),
				Error { ErrorCode::InvalidOperation,
					state_ == State::Idle ? "not in a room" : "a leave is running" });
	giveStreamBack();
	leaveDone_ = std::move(done);
	state_ = State::Leaving;
	complete(std::exchange(joinDone_, nullptr), kLeft);
	tearDown("leave", kLeft);
	comeback_ = {};
	if (!driver_) { // between two tries to come back
		setConnection(ConnectionState::Disconnected);
		roomOver("leave");
		return complete(std::exchange(leaveDone_, nullptr), Unit {});
	}
	driver_->stop([weak = weak_from_this()] {
		const auto self = weak.lock();
		if (!self || self->shutDown_)
			return;
		self->setConnection(ConnectionState::Disconnected);
		self->roomOver("leave");
		self->complete(std::exchange(self->leaveDone_, nullptr), Unit {});
	});
}

void Session::tearDown(const std::string &reason, const Error &error)
{
	// Files first: whatever closing a connection does, they are whole.
	stopKept(reason);
	for (auto &[user, remote] : remotes_) {
		for (const auto &stream : { remote.main, remote.auxiliary }) {
			if (stream)
				stream->finish(reason);
		}
	}
	const auto phase = uplink_.phase;
	auto done = std::exchange(uplink_.done, nullptr);
	dropUplink();
	if (phase == Uplink::Phase::Stopping)
		complete(std::move(done), Unit {});
	else
		complete(std::move(done), error);
	switching_.reset();
	complete(std::exchange(roleDone_, nullptr), error);
	while (!remotes_.empty())
		closeRemote(UserId(remotes_.begin()->first), reason, error);
	users_.clear();
}

void Session::roomOver(const std::string &reason)
{
	state_ = State::Idle;
	meterTimer_.reset();
	stopKept(reason);
	qualityTimer_.reset();
	retireDriver();
	emit(Left { reason });
}

/// The driver may be the caller and may still have a goodbye to write.
void Session::retireDriver()
{
	if (!driver_)
		return;
	auto *driver = driver_.get();
	retired_.push_back(std::move(driver_));
	driver->stop([weak = weak_from_this(), driver] {
		const auto self = weak.lock();
		if (!self)
			return;
		self->loop_.post([weak, driver] {
			if (const auto owner = weak.lock())
				owner->retired_.remove_if([driver](const auto &one) { return one.get() == driver; });
		});
	});
}

// ---- what the driver says -----------------------------------------------------------------

void Session::onSignalling(const signalling::Event &event)
{
	std::visit(
		overloaded {
			[this](const signalling::StateChanged &changed) {
				// On the way back to the room there is one state for all tries.
				if (state_ == State::Reconnecting)
					return;
				setConnection(changed.state);
				if (changed.state == ConnectionState::Connected)
					relinkWaiting();
			},
			[this](const signalling::JoinDone &done) { joinDone(done.status); },
			[this](const signalling::NeedOffer &need) { needOffer(need); },
			[this](const signalling::RemoteAnswer &answer) {
				if (uplink_.link && uplink_.link->id() == answer.link)
					return uplink_.link->setAnswer(answer.sdp);
				for (auto &[user, remote] : remotes_) {
					if (remote.link && remote.link->id() == answer.link)
						return remote.link->setAnswer(answer.sdp);
				}
			},
			[this](const signalling::LinkFailed &failed) { linkFailed(failed.link, failed.error, false); },
			[this](const signalling::LinkClosed &closed) {
				linkFailed(closed.link,
					   { ErrorCode::MediaFailed,
					     fmt::format("the room service closed {}", closed.link) },
					   false);
			},
			[this](const signalling::PeerJoined &peer) {
				users_[peer.userId] = peer.role;
				emit(PeerJoin { peer.userId, peer.role });
			},
			[this](const signalling::PeerLeft &peer) {
				stopKept(peer.reason, &peer.userId);
				if (users_.erase(peer.userId))
					emit(PeerLeave { peer.userId, peer.reason });
			},
			[this](const signalling::RemotePublication &publication) { onPublication(publication); },
			[this](const signalling::UplinkReport &report) {
				quality_.uplinkReport(report.expected, report.received, report.roundTrip);
				for (const auto &delay : report.delays)
					if (const auto found = remotes_.find(delay.userId); found != remotes_.end())
						found->second.delay = delay;
			},
			[this](const signalling::RoleDone &done) { roleDone(done.status); },
			[this](const signalling::UnpublishDone &) { unpublishDone(); },
			[this](const signalling::PublishChangeDone &done) { publishChanged(done.status); },
			[this](const signalling::SubscribeChangeDone &done) { subscribeChanged(done); },
			[this](const signalling::UnsubscribeDone &done) { unsubscribed(done); },
			[this](const signalling::Banned &banned) {
				emit(ClientBanned { banned.reason });
				tearDown("banned", { ErrorCode::ClientBanned,
						     fmt::format("removed from the room: {}", banned.reason) });
				setConnection(ConnectionState::Disconnected);
				roomOver("banned");
			},
			[this](const signalling::Lost &lost) {
				if (mayComeBack(lost))
					return beginReconnect(lost);
				emit(Failed { lost.error, false });
				tearDown("connection-lost", lost.error);
				setConnection(ConnectionState::Disconnected);
				roomOver("connection-lost");
			},
		},
		event);
}

// ---- links --------------------------------------------------------------------------------

/// Somebody out there cannot be reached from 127.0.0.1, so one of them is enough for all addresses.
std::string Session::localAddress() const
{
	auto address = factories_.localAddress(hostOf(config_.server));
	const auto &network = config_.network;
	if ((network.stun && factories_.localAddress(network.stun->host) != address) ||
	    (network.turn && factories_.localAddress(network.turn->host) != address))
		address.clear();
	return address;
}

std::shared_ptr<Link> Session::makeLink(const signalling::NeedOffer &need, Error &error)
{
	webrtc::PeerConnection::Config config;
	config.ice.localAddress = localAddress();
	config.ice.stun = config_.network.stun;
	config.ice.turn = config_.network.turn;
	config.ice.relayOnly = config_.network.relayOnly;
	config.ice.proxy = config_.network.proxy;
	config.latency = config_.latency;
	config.connectTimeout = config_.mediaTimeout;
	config.trace = config_.trace;
	try {
		return std::make_shared<Link>(loop_, factories_, static_cast<Link::Owner &>(*this), std::move(config),
					      need.link, need.tracks);
	} catch (const Exception &exception) {
		error = exception.error();
		return nullptr;
	}
}

void Session::retire(std::shared_ptr<Link> &link)
{
	if (!link)
		return;
	addTotals(retiredTotals_, *link);
	link->close();
	// It may be the caller: it goes when the stack is clear. Until then it counts.
	++retiredLinks_;
	loop_.post([weak = weak_from_this(), link = std::exchange(link, nullptr)]() mutable {
		link.reset();
		if (const auto self = weak.lock())
			--self->retiredLinks_;
	});
}

void Session::needOffer(const signalling::NeedOffer &need)
{
	if (state_ != State::Joined)
		return;
	if (need.send)
		startUplink(need);
	else if (!need.tracks.empty())
		startDownlink(need.tracks.front().userId, need);
}

void Session::onLinkOffer(Link &link, const std::string &sdp) { driver_->send(signalling::Offer { link.id(), sdp }); }

void Session::onLinkConnected(Link &link)
{
	if (&link == uplink_.link.get())
		return uplinkConnected();
	for (const auto &[user, remote] : remotes_) {
		if (&link == remote.link.get())
			return downlinkConnected(UserId(user));
	}
}

void Session::onLinkFailed(Link &link, const Error &error) { linkFailed(link.id(), error, true); }

/// @p tellService: it does not know yet.
void Session::linkFailed(const signalling::LinkId &id, const Error &error, bool tellService)
{
	spdlog::info("link {} failed: {}", id, error.message);
	if (uplink_.link && uplink_.link->id() == id)
		return uplinkFailed(error, tellService);
	for (const auto &[user, remote] : remotes_) {
		if (remote.link && remote.link->id() == id)
			return downlinkFailed(UserId(user), error, tellService);
	}
	// Refused before there was a link. A name is all we have.
	if ((uplink_.phase == Uplink::Phase::Starting || uplink_.phase == Uplink::Phase::Relinking) && id == "up")
		return uplinkFailed(error, tellService);
	for (const auto &[user, remote] : remotes_) {
		if ((remote.phase == Remote::Phase::Starting || remote.phase == Remote::Phase::Relinking) &&
		    id == "down:" + user.str())
			return downlinkFailed(UserId(user), error, tellService);
	}
}

// ---- queries ------------------------------------------------------------------------------

std::vector<Client::RemoteUser> Session::users() const
{
	std::vector<Client::RemoteUser> out;
	for (const auto &[user, role] : users_)
		out.push_back({ user, role });
	return out;
}

std::vector<RemoteStream *> Session::streams() const
{
	std::vector<RemoteStream *> out;
	for (const auto &stream : announced_)
		out.push_back(stream.get());
	return out;
}

RemoteStream *Session::stream(const UserId &user, StreamType type) const
{
	for (const auto &stream : announced_) {
		if (stream->info().userId == user && stream->info().streamType == type)
			return stream.get();
	}
	return nullptr;
}

} // namespace trtc::client
