// SPDX-License-Identifier: MIT
#pragma once

#include "base/tries.h"
#include "net/web_socket.h"
#include "protocol/messages.h"
#include "signalling/driver.h"
#include "signalling/drivers/trtc_report.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::signalling {

/// The client side of the TRTC web protocol (docs/protocol.md). Links: "up", one for the own
/// publication with four m-lines, and "down:USER", one for each subscribed user with three.
/// The listener is never called inside start(), send() or stop(). Thread-bound.
class TrtcDriver final : public Driver, private net::WebSocket::Listener {
public:
	using Listener = Driver::Listener; // the socket has one as well

	/// What a service may send within a second; one that sends more has lost us.
	static constexpr std::size_t kMessagesPerSecond = 500, kBytesPerSecond = 4 * 1024 * 1024;
	/// The protocol's clocks; connecting and joining take theirs from ClientConfig.
	struct Limits {
		std::chrono::milliseconds userListPeriod { 10'000 };
		std::chrono::milliseconds userListAnswer { 2'000 };
		std::chrono::milliseconds userListRetry { 1'000 }; ///< pause before one of three more tries
		std::chrono::milliseconds reportPeriod { 2'000 };
		std::chrono::milliseconds publishAnswer { 10'000 }; ///< one more try, with a new offer
		std::chrono::milliseconds unpublishAnswer { 5'000 };
		std::chrono::milliseconds stateAnswer { 5'000 };      ///< publish_state_change
		std::chrono::milliseconds subscribeAnswer { 10'000 }; ///< one more try, with a new offer
		std::chrono::milliseconds changeAnswer { 10'000 };    ///< subscribe_change, unsubscribe
		std::chrono::milliseconds roleAnswer { 5'000 };	      ///< one more try
		std::chrono::milliseconds silence { 12'000 };	      ///< nothing heard that long: lost
		std::chrono::milliseconds goodbye { 1'000 };
		TryTimeouts tries = kTryTimeouts; ///< to bring a lost channel back
	};

	/// Borrows both, which must outlive it.
	TrtcDriver(MainLoop &loop, Listener &listener);
	TrtcDriver(MainLoop &loop, Listener &listener, Limits limits);
	~TrtcDriver() override;

	void start(const ClientConfig &config, const JoinOptions &options) override;
	void send(const Command &command) override;
	void stop(std::function<void()> done) override;

private:
	/// Null: no answer in time.
	using ReplyHandler = std::function<void(const protocol::ServerMessage *)>;
	struct Request {
		std::int64_t id;  // for its maker; never 0
		std::int64_t seq; // of its newest message, 0: waits for the channel
		protocol::Command command;
		protocol::Event reply;
		std::chrono::milliseconds limit; // from the newest message on
		bool byEvent;			 // the reply's seq need not be ours
		ReplyHandler handler;
		SourceHandle timer;
	};
	static constexpr const char *kUplink = "up";
	struct Uplink {
		PublishInfo info;
		bool retried = false, connected = false;
		std::int64_t request = 0; // of `publish`, 0: not sent yet
		bool listed = false;	  // seen in a published list
	};
	struct Downlink {
		std::string tinyId;
		SubscribeOptions wishes;
		bool retried = false;
		std::int64_t request = 0; // of `subscribe`, 0: not sent yet
		bool answered = false;
		bool small = false;    // the small video was asked for last
		bool choosing = false; // that is on its way
		int choices = 0;       // in a row that failed
	};
	struct User {
		std::string tinyId;
		Role role;
	};

	// net::WebSocket::Listener
	bool withinBudget(std::size_t bytes);
	void onText(std::string_view text) override;
	void onClosed(unsigned short code, const std::string &reason) override;

	// trtc.cpp: the channel
	void connect(const std::string &url, std::chrono::milliseconds limit, net::WebSocketClient::Done done);
	void opened(Result<std::unique_ptr<net::WebSocket>> result);
	void joinTimedOut();
	void dispatch(const protocol::ServerMessage &message);
	void onSetup(const protocol::ServerMessage &message);
	void onJoinResult(const protocol::ServerMessage &message);
	void onBanned(const std::string &reason);
	void channelUp();
	void channelLost(Error error, bool final = false);
	void joinFailed(Error error);
	void heard();
	/// Nothing follows @p event.
	void end(const Event &event);
	void emit(const Event &event);
	void later(Event event);
	void startClocks();
	void stopClocks();
	/// The message's seq; 0 and not sent while there is no channel.
	std::int64_t write(protocol::Command command);
	void say(Request &request);
	std::int64_t request(protocol::Command command, protocol::Event reply, std::chrono::milliseconds limit,
			     ReplyHandler handler, bool byEvent = false);
	void forget(std::int64_t request);
	void answered(const protocol::ServerMessage &message);
	void report();
	/// Something the next report tells.
	void note(int event, std::string_view userId = {});
	/// What is published begins or ends.
	void notePublication(const PublishInfo &info, bool begins);
	std::string notARoomService(const std::string &why) const;

	// trtc_resume.cpp: a channel that was lost comes back
	void beginResume(Error error);
	void nextTry();
	void tryFailed(Error error);
	void onResumeText(const protocol::ServerMessage &message);
	void resumed();
	std::string resumeUrl() const;

	// trtc_lists.cpp: who is there and what they publish
	void askForUsers(int triesLeft);
	void onPublishers(const std::vector<protocol::Publisher> &publishers);
	void onUsers(const std::vector<protocol::User> &users);
	void onPeerJoin(const protocol::PeerJoin &peer);
	void onPeerLeave(const std::string &userId, const char *reason);
	void onUplinkStats(const protocol::UplinkStats &stats);
	void userSeen(const UserId &user, const std::string &tinyId, Role role);
	void publicationGone(const UserId &user);

	// trtc_links.cpp: uplink, downlinks, role
	void run(const StartPublish &command);
	void run(const Offer &command);
	void run(const LinkConnected &command);
	void run(const ChangePublish &command);
	void run(const StopPublish &command);
	void run(const Mute &command);
	void run(const StartSubscribe &command);
	void run(const ChangeSubscribe &command);
	void run(const StopSubscribe &command);
	void run(const PreferSmall &command);
	void run(const SwitchRole &command);
	bool wantsSmall(const UserId &user, const SubscribeOptions &wishes) const;
	void chooseVideos();
	void needUplinkOffer();
	void needDownlinkOffer(const UserId &user);
	void offerUplink(const std::string &sdp);
	void offerDownlink(const UserId &user, const std::string &sdp);
	void uplinkAnswered(const protocol::ServerMessage *reply);
	void downlinkAnswered(const UserId &user, const protocol::ServerMessage *reply);
	void switchRole(Role role, int triesLeft);
	void sendMute();

	MainLoop &loop_;
	Listener &listener_;
	Limits limits_;
	ClientConfig config_;
	JoinOptions options_;
	std::string host_; // of the server, for messages

	// What the service sent since budgetSince_, within a second.
	std::chrono::steady_clock::time_point budgetSince_;
	std::size_t messagesInSecond_ = 0, bytesInSecond_ = 0;
	SourceHandle connecting_;
	std::unique_ptr<net::WebSocket> socket_;
	std::int64_t seq_ = 0, lastRequest_ = 0;
	std::string tinyId_;
	bool up_ = false, joined_ = false, ended_ = false, stopped_ = false;
	/// What the join result said; given back to the service with rc=1.
	struct {
		std::string innerIp, outerIp;
		int port = 0;
	} relay_;
	struct {
		bool running = false; // joined, and without a channel
		int tries = 0;
		Error loss, last; // why the channel was lost, and why it is not back
		SourceHandle timer;
		std::chrono::steady_clock::time_point done; // when it was back the last time
	} resume_;
	std::vector<std::function<void()>> stopDone_;
	SourceHandle joinTimer_, reportTimer_, userListTimer_, userListRetry_, silence_, goodbye_;
	std::list<Request> requests_;

	std::map<UserId, User> users_;
	std::map<UserId, protocol::Publisher> publishers_;
	std::optional<Uplink> uplink_;
	Mute mute_ { false, false };
	std::map<UserId, Downlink> downlinks_;
	TrtcReport report_;
	std::shared_ptr<int> alive_ = std::make_shared<int>(); // watched by posted tasks
};

/// For the registry.
std::unique_ptr<Driver> makeTrtcDriver(MainLoop &loop, Driver::Listener &listener);

} // namespace trtc::signalling
