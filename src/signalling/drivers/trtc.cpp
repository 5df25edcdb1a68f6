// SPDX-License-Identifier: MIT
#include "signalling/drivers/trtc.h"

#include "protocol/codec.h"
#include "signalling/drivers/trtc_errors.h"
#include "signalling/drivers/trtc_url.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace trtc::signalling {

namespace {

// What the SDK of this protocol version says it is; services may turn others away.
constexpr const char *kSdkVersion = "4.15.15.1522";
constexpr int kTerminalLinux = 13;
constexpr unsigned short kCloseNormal = 1000;
constexpr int kUserListRetries = 3;

/// "HOST:PORT" of a URL: what a message may show.
std::string hostOf(const std::string &url)
{
	const auto scheme = url.find("://");
	const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
	auto host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
	if (const auto at = host.rfind('@'); at != std::string::npos)
		host.erase(0, at + 1);
	return host;
}

std::int64_t unixMs()
{
	const auto now = std::chrono::system_clock::now().time_since_epoch();
	return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

} // namespace

std::unique_ptr<Driver> makeTrtcDriver(MainLoop &loop, Driver::Listener &listener)
{
	return std::make_unique<TrtcDriver>(loop, listener);
}

TrtcDriver::TrtcDriver(MainLoop &loop, Listener &listener) : TrtcDriver(loop, listener, Limits {}) {}

TrtcDriver::TrtcDriver(MainLoop &loop, Listener &listener, Limits limits)
	: loop_(loop), listener_(listener), limits_(limits)
{
}

TrtcDriver::~TrtcDriver() = default;

// ---- commands -----------------------------------------------------------------------------

void TrtcDriver::start(const ClientConfig &config, const JoinOptions &options)
{
	config_ = config;
	options_ = options;
	host_ = hostOf(config.server);
	note(report_event::kJoining);
	later(StateChanged { ConnectionState::Connecting });
	connect(trtcUrl(config, options), config.connectTimeout,
		[this](Result<std::unique_ptr<net::WebSocket>> result) { opened(std::move(result)); });
}

void TrtcDriver::send(const Command &command)
{
	if (ended_ || !joined_)
		return;
	std::visit([this](const auto &one) { run(one); }, command);
}

void TrtcDriver::stop(std::function<void()> done)
{
	ended_ = true;
	if (done)
		stopDone_.push_back(std::move(done));
	const auto finish = [this] {
		for (auto &each : std::exchange(stopDone_, {}))
			each();
	};
	const bool first = !std::exchange(stopped_, true);
	if (first) {
		resume_.running = false; // a socket that is halfway back can say goodbye, too
		stopClocks();
		requests_.clear();
		if (socket_ && socket_->isOpen()) {
			if (joined_) {
				note(report_event::kLeaving);
				report();
			}
			write(protocol::Leave {});
			socket_->close(kCloseNormal);
			goodbye_ = loop_.after(limits_.goodbye, [this, finish] {
				socket_.reset();
				finish();
			});
			return;
		}
		socket_.reset();
	}
	if (!socket_)
		loop_.post([weak = std::weak_ptr(alive_), finish] {
			if (!weak.expired())
				finish();
		});
}

// ---- the channel --------------------------------------------------------------------------

void TrtcDriver::connect(const std::string &url, std::chrono::milliseconds limit, net::WebSocketClient::Done done)
{
	net::WebSocketClient::Options net;
	net.timeout = limit;
	net.caFile = config_.caFile;
	net.insecure = config_.insecure;
	net.proxy = config_.network.proxy;
	connecting_ = net::WebSocketClient::connect(loop_, url, net, std::move(done));
}

void TrtcDriver::opened(Result<std::unique_ptr<net::WebSocket>> result)
{
	if (ended_)
		return;
	if (!result)
		return joinFailed(result.error());
	socket_ = std::move(result.value());
	socket_->setListener(this);
	joinTimer_ = loop_.after(config_.joinTimeout, [this] { joinTimedOut(); });
	protocol::Join join;
	join.roomId = options_.room.str();
	join.useStringRoomId = options_.room.isString();
	join.privateMapKey = options_.privateMapKey;
	join.role = options_.role;
	join.mode = config_.mode;
	join.version = kSdkVersion;
	join.ua = "trtc-cli";
	join.autoSubscribe = config_.autoSubscribe;
	join.terminalType = kTerminalLinux;
	write(join);
}

void TrtcDriver::joinTimedOut()
{
	if (up_)
		joinFailed({ ErrorCode::ApiCallTimeout,
			     fmt::format("{} did not answer in time to join the room", host_) });
	else
		joinFailed({ ErrorCode::ConnectFailed,
			     notARoomService("it opened a WebSocket but sent no message in time") });
}

/// False: the service floods us, and the channel is over.
bool TrtcDriver::withinBudget(std::size_t bytes)
{
	const auto now = std::chrono::steady_clock::now();
	if (now - budgetSince_ >= std::chrono::seconds(1)) {
		budgetSince_ = now;
		messagesInSecond_ = bytesInSecond_ = 0;
	}
	++messagesInSecond_;
	bytesInSecond_ += bytes;
	if (messagesInSecond_ <= kMessagesPerSecond && bytesInSecond_ <= kBytesPerSecond)
		return true;
	Error error { ErrorCode::ConnectionLost,
		      fmt::format(
			      "{} sent more than {} messages or {} MiB within a second: the connection was closed to "
			      "protect this agent",
			      host_, kMessagesPerSecond, kBytesPerSecond / (1024 * 1024)) };
	resume_.running = false;
	// Nothing more is read; a goodbye would wait behind the flood.
	if (socket_)
		socket_->abort();
	if (joined_)
		channelLost(std::move(error), true);
	else
		joinFailed(std::move(error));
	return false;
}

void TrtcDriver::onText(std::string_view text)
{
	if (ended_ || !withinBudget(text.size()))
		return;
	if (config_.trace)
		config_.trace->message(host_, Trace::Direction::In, text);
	const auto message = protocol::parseServerMessage(text);
	if (!message) {
		if (!up_)
			return joinFailed({ ErrorCode::ConnectFailed, notARoomService(message.error().message) });
		spdlog::warn("{}: message not understood: {}", host_, message.error().message);
		return;
	}
	if (resume_.running)
		return onResumeText(message.value());
	heard();
	dispatch(message.value());
}

void TrtcDriver::onClosed(unsigned short code, const std::string &reason)
{
	if (stopped_) {
		goodbye_.reset();
		// Posted: a listener may destroy us inside its done, and the socket is on the stack here.
		loop_.post([this, weak = std::weak_ptr(alive_)] {
			if (weak.expired())
				return;
			socket_.reset();
			for (auto &each : std::exchange(stopDone_, {}))
				each();
		});
		return;
	}
	if (ended_)
		return;
	const auto why = code == 0 ? std::string("without a word")
				   : fmt::format("with code {}{}{}", code, reason.empty() ? "" : ": ", reason);
	if (resume_.running)
		tryFailed({ ErrorCode::ConnectionLost, fmt::format("{} closed the connection {}", host_, why) });
	else if (joined_)
		channelLost({ ErrorCode::ConnectionLost, fmt::format("connection to {} lost: closed {}", host_, why) },
			    code == kCloseNormal);
	else if (up_)
		joinFailed({ ErrorCode::ConnectFailed,
			     fmt::format("{} closed the connection {} before the join was done", host_, why) });
	else
		joinFailed(
			{ ErrorCode::ConnectFailed, notARoomService(fmt::format("it closed the WebSocket {}", why)) });
}

void TrtcDriver::dispatch(const protocol::ServerMessage &message)
{
	const auto *payload = &message.payload;
	switch (message.event) {
	case protocol::Event::ChannelSetup:
		return onSetup(message);
	case protocol::Event::JoinResult:
		return onJoinResult(message);
	case protocol::Event::ClientBanned:
		if (const auto *banned = std::get_if<protocol::ClientBanned>(payload))
			onBanned(banned->reason);
		return;
	case protocol::Event::PublishedList:
		if (const auto *list = std::get_if<protocol::PublishedList>(payload))
			onPublishers(list->users);
		return;
	case protocol::Event::UplinkStats:
		if (const auto *stats = std::get_if<protocol::UplinkStats>(payload))
			onUplinkStats(*stats);
		return;
	case protocol::Event::PeerJoin:
		if (const auto *peer = std::get_if<protocol::PeerJoin>(payload))
			onPeerJoin(*peer);
		return;
	case protocol::Event::PeerLeave:
		if (const auto *peer = std::get_if<protocol::PeerLeave>(payload)) {
			static constexpr const char *kReasons[] = { "left", "timeout", "kicked", "role-change" };
			onPeerLeave(peer->userId, kReasons[peer->reason > 0 && peer->reason < 4 ? peer->reason : 0]);
		}
		return;
	default:
		return answered(message); // replies; what nobody waits for is noise
	}
}

void TrtcDriver::onSetup(const protocol::ServerMessage &message)
{
	if (message.code != protocol::code::kOk) {
		auto error = refused("let us in", message, ErrorCode::SignalChannelSetupFailed);
		error.code = ErrorCode::SignalChannelSetupFailed;
		return joined_ ? channelLost(std::move(error), true) : joinFailed(std::move(error));
	}
	if (const auto *setup = std::get_if<protocol::ChannelSetup>(&message.payload))
		tinyId_ = setup->tinyId;
	channelUp();
}

void TrtcDriver::onJoinResult(const protocol::ServerMessage &message)
{
	if (joined_)
		return;
	if (message.code != protocol::code::kOk) {
		auto error = refused("admit this user", message, ErrorCode::JoinRoomFailed);
		if (error.code != ErrorCode::Refused)
			error.code = ErrorCode::JoinRoomFailed;
		return joinFailed(std::move(error));
	}
	channelUp();
	if (ended_)
		return;
	joinTimer_.reset();
	joined_ = true;
	const auto *result = std::get_if<protocol::JoinResult>(&message.payload);
	if (result)
		relay_ = { result->relayInnerIp, result->relayOuterIp, result->relayPort };
	emit(JoinDone { Unit {} });
	if (ended_)
		return;
	startClocks();
	if (result)
		onPublishers(result->publishers);
}

void TrtcDriver::onBanned(const std::string &reason)
{
	// As in the SDK: this one is answered by joining again; there is nothing left that could be resumed.
	if (reason == "user_time_out" && joined_)
		return end(Lost {
			{ ErrorCode::ConnectionLost,
			  fmt::format("{} removed this client: it received nothing from it for too long", host_) },
			false,
			resume_.running ? resume_.tries : 0 });
	const auto name = reason == "room_disband" ? std::string("room-disband") : reason;
	if (!joined_)
		return joinFailed({ ErrorCode::ClientBanned,
				    fmt::format("{} removed this client while joining: {}", host_, name) });
	end(Banned { name });
}

void TrtcDriver::channelUp()
{
	if (std::exchange(up_, true))
		return;
	note(report_event::kSignallingConnected);
	emit(StateChanged { ConnectionState::Connected });
}

/// The one place where a joined channel breaks.
void TrtcDriver::channelLost(Error error, bool final)
{
	if (!final && config_.reconnectTries > 0)
		return beginResume(std::move(error));
	emit(StateChanged { ConnectionState::Disconnected });
	if (!ended_)
		end(Lost { std::move(error), final });
}

void TrtcDriver::joinFailed(Error error)
{
	emit(StateChanged { ConnectionState::Disconnected });
	if (!ended_)
		end(JoinDone { std::move(error) });
}

void TrtcDriver::heard()
{
	if (joined_ && !resume_.running)
		silence_ = loop_.after(limits_.silence, [this] {
			channelLost({ ErrorCode::ConnectionLost,
				      fmt::format("connection to {} lost: nothing received for {} ms", host_,
						  limits_.silence.count()) });
		});
}

// ---- plumbing -----------------------------------------------------------------------------

void TrtcDriver::end(const Event &event)
{
	ended_ = true;
	stopClocks();
	requests_.clear();
	listener_.onSignalling(event);
}

void TrtcDriver::emit(const Event &event)
{
	if (!ended_)
		listener_.onSignalling(event);
}

void TrtcDriver::later(Event event)
{
	loop_.post([this, weak = std::weak_ptr(alive_), event = std::move(event)] {
		if (!weak.expired())
			emit(event);
	});
}

/// What runs while we are in the room and have a channel.
void TrtcDriver::startClocks()
{
	heard();
	reportTimer_ = loop_.every(limits_.reportPeriod, [this] { report(); });
	userListTimer_ = loop_.every(limits_.userListPeriod, [this] { askForUsers(kUserListRetries); });
	askForUsers(kUserListRetries);
}

void TrtcDriver::stopClocks()
{
	connecting_.reset();
	joinTimer_.reset();
	reportTimer_.reset();
	userListTimer_.reset();
	userListRetry_.reset();
	silence_.reset();
	resume_.timer.reset();
}

std::int64_t TrtcDriver::write(protocol::Command command)
{
	if (resume_.running)
		return 0;
	protocol::ClientMessage message;
	message.seq = ++seq_;
	message.userId = config_.userId.str();
	message.tinyId = tinyId_;
	message.command = std::move(command);
	// A socket that is broken says so with onClosed.
	if (socket_) {
		const auto text = protocol::encode(message);
		if (config_.trace)
			config_.trace->message(host_, Trace::Direction::Out, text);
		socket_->send(text);
	}
	return seq_;
}

std::int64_t TrtcDriver::request(protocol::Command command, protocol::Event reply, std::chrono::milliseconds limit,
				 ReplyHandler handler, bool byEvent)
{
	const auto id = ++lastRequest_;
	requests_.push_back({ id, 0, std::move(command), reply, limit, byEvent, std::move(handler), {} });
	say(requests_.back());
	return id;
}

/// Without a channel it waits, and so does its time-out.
void TrtcDriver::say(Request &request)
{
	request.seq = write(request.command);
	if (!request.seq)
		return;
	request.timer = loop_.after(request.limit, [this, id = request.id] {
		const auto found = std::find_if(requests_.begin(), requests_.end(),
						[id](const Request &one) { return one.id == id; });
		if (found == requests_.end())
			return;
		auto late = std::move(found->handler);
		requests_.erase(found);
		late(nullptr);
	});
}

void TrtcDriver::forget(std::int64_t request)
{
	requests_.remove_if([request](const Request &one) { return one.id == request; });
}

void TrtcDriver::answered(const protocol::ServerMessage &message)
{
	// By event: a service may leave seq out. A smaller one belongs to a try we gave up.
	const auto found = std::find_if(requests_.begin(), requests_.end(), [&](const Request &one) {
		return one.reply == message.event &&
		       (one.seq == message.seq || (one.byEvent && (message.seq <= 0 || message.seq > one.seq)));
	});
	if (found != requests_.end()) {
		auto handler = std::move(found->handler);
		requests_.erase(found);
		handler(&message);
	}
	if (const auto *list = std::get_if<protocol::UserList>(&message.payload); list && !ended_)
		onUsers(list->users);
}

void TrtcDriver::report()
{
	write(report_.take(listener_.figures(), unixMs(), std::chrono::steady_clock::now(), [this](const UserId &user) {
		const auto found = publishers_.find(user);
		return found == publishers_.end() ? std::string() : found->second.tinyId;
	}));
}

void TrtcDriver::note(int event, std::string_view userId) { report_.note(event, unixMs(), userId); }

void TrtcDriver::notePublication(const PublishInfo &info, bool begins)
{
	if (info.video || info.auxiliary)
		note(begins ? report_event::kPublishVideo : report_event::kUnpublishVideo);
	if (info.audio)
		note(begins ? report_event::kPublishAudio : report_event::kUnpublishAudio);
}

std::string TrtcDriver::notARoomService(const std::string &why) const
{
	return fmt::format("{} is not a TRTC room service: {}", host_, why);
}

} // namespace trtc::signalling
