// SPDX-License-Identifier: MIT
#pragma once

#include "client/factories.h"
#include "client/link.h"
#include "client/local_stream_impl.h"
#include "client/quality_meter.h"
#include "client/recording.h"
#include "client/remote_stream.h"
#include "client/steady_sender.h"
#include "client/traffic_meter.h"
#include "media/sei_sender.h"
#include "signalling/driver.h"

#include <trtc/client.h>

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trtc::client {

/// What Client forwards to: the state machine of one agent in one room. It knows no wire format and no
/// media element. Events and `done`s go through one queue and are delivered from the loop, never inside
/// a verb, so that the user may call anything from a handler. Thread-bound.
class Session final : public std::enable_shared_from_this<Session>,
		      private signalling::Driver::Listener,
		      private Link::Owner,
		      private RemoteStreamImpl::Owner,
		      private LocalStream::Impl::User {
public:
	using Done = Client::Done;

	/// Make it with std::make_shared. Throws Exception(InvalidParameter) as Client says.
	Session(MainLoop &loop, ClientConfig config, Factories factories);
	~Session();
	Session(const Session &) = delete;
	Session &operator=(const Session &) = delete;

	// As in Client.
	void on(Client::EventHandler handler);
	void join(const JoinOptions &options, Done done);
	void leave(Done done);
	void publish(LocalStream &stream, Done done);
	void unpublish(Done done);
	void subscribe(const UserId &user, const SubscribeOptions &options, Done done);
	void unsubscribe(const UserId &user, Done done);
	Status setRemoteVideoStreamType(const UserId &user, VideoStreamType type);
	void switchRole(Role role, Done done);
	void updatePrivateMapKey(std::string privateMapKey);
	void muteChanged();
	void stopRecordings();
	void sendSEIMessage(std::vector<std::uint8_t> data, int payloadType, Done done);
	void enableAudioVolumeEvaluation(std::chrono::milliseconds interval);
	void stats(std::function<void(const Stats &)> done);
	Traffic traffic() const;
	ConnectionState connectionState() const noexcept { return connection_; }
	bool joined() const noexcept { return state_ == State::Joined; }
	bool published() const noexcept
	{
		return uplink_.phase == Uplink::Phase::Up || uplink_.phase == Uplink::Phase::Relinking;
	}
	Role role() const noexcept { return role_; }
	const UserId &userId() const noexcept { return config_.userId; }
	std::vector<Client::RemoteUser> users() const;
	std::vector<RemoteStream *> streams() const;
	RemoteStream *stream(const UserId &user, StreamType type) const;
	bool subscribing(const UserId &user) const;
	/// The owner goes: everything is closed at once, nothing is told any more. Idempotent.
	void shutDown();

private:
	enum class State { Idle, Joining, Joined, Reconnecting, Leaving };
	/// A link that was up and is being built anew.
	struct Relink {
		int tries = 0;
		Error last;				     ///< why it is not up
		std::chrono::steady_clock::time_point since; ///< the last sign of the other end
		SourceHandle timer;			     ///< end of the try; none: waiting for the signalling
	};
	struct Uplink {
		enum class Phase { None, Starting, Up, Relinking, Stopping };
		Phase phase = Phase::None;
		LocalStream::Impl *stream = nullptr; // on loan
		std::shared_ptr<Link> link;
		Link::Sending sending;
		Link::Sending before; // what the caller knows of, while a change of tracks is on its way
		Done changeDone;      // set: it is
		std::shared_ptr<SteadySender> audio, video, small, auxiliary; // what is sent, across links
		std::optional<Relink> relink;
		bool clearing = false;		       // relinking: the service ends the old publication
		std::shared_ptr<media::SenderTap> tap; // of the audio
		std::unique_ptr<media::Meter> meter;
		std::vector<std::shared_ptr<media::SeiSender>> messages; // one a main video that goes out
		Done done;						 // of publish or unpublish
	};
	/// subscribe() or unsubscribe(); those of one user run one after the other.
	struct Operation {
		bool subscribe;
		SubscribeOptions options;
		Done done;
		bool automatic = false;
	};
	struct Remote {
		enum class Phase { Idle, Starting, Up, Changing, Relinking, Stopping };
		Phase phase = Phase::Idle;
		std::optional<Relink> relink; // also while a change that was running ends
		std::shared_ptr<RemoteStreamImpl> main, auxiliary;
		std::optional<bool> audible, visible; // published and not muted; empty: not told yet
		SubscribeOptions wishes;
		bool unwanted = false; // the user unsubscribed by hand
		RemoteStreamImpl::TimePoint asked;
		std::optional<signalling::UplinkReport::Delay> delay; // if the service tells it
		std::shared_ptr<Link> link;
		std::deque<Operation> operations; // the front one is running unless the phase rests
		bool running = false;
	};

	// listeners
	void onSignalling(const signalling::Event &event) override;
	Stats figures() override { return collect(); }
	void onLinkOffer(Link &link, const std::string &sdp) override;
	void onLinkConnected(Link &link) override;
	void onLinkFailed(Link &link, const Error &error) override;
	void onLinkFrame(Link &link, const signalling::TrackMap &track, const media::EncodedFrame &frame) override;
	void onLinkTrackFailed(Link &link, const signalling::TrackMap &track, const Error &error) override;
	void onStreamEvent(Event event) override;
	void onKeyframeWanted(const RemoteStreamImpl &stream) override;
	std::shared_ptr<Recording> takeKeptRecording(const StreamInfo &stream) override;
	void onCaptureFailed(const Error &error) override;
	void onCaptureEnded(const std::string &source) override;
	void onSourceEvent(Event event) override { emit(std::move(event)); }
	const char *trackObstacle(std::optional<StreamType> added) const override;
	void onTracksChanged(bool mutes, Done done) override;
	void onStreamGone() override;

	// session.cpp: the queue, joining and leaving
	void emit(Event event);
	void announce(std::shared_ptr<RemoteStreamImpl> stream);
	void withdraw(std::shared_ptr<RemoteStreamImpl> stream);
	void complete(Done done, Status status);
	void enqueue(std::function<void()> task);
	void drain();
	void setConnection(ConnectionState state);
	void joinDone(const Status &status);
	/// Ends everything in the room; recordings first. @p reason: of the recordings; @p error: for what is pending.
	void tearDown(const std::string &reason, const Error &error);
	void roomOver(const std::string &reason);
	void retireDriver();
	void retire(std::shared_ptr<Link> &link);
	std::string localAddress() const;
	/// Null if it cannot be made; then @p error says why.
	std::shared_ptr<Link> makeLink(const signalling::NeedOffer &need, Error &error);
	void needOffer(const signalling::NeedOffer &need);
	void linkFailed(const signalling::LinkId &id, const Error &error, bool tellService);

	// session_reconnect.cpp: coming back to the room
	/// What is brought back once we are in the room again.
	struct Comeback {
		int tries = 0;
		Error last; ///< why we are not there
		LocalStream::Impl *stream = nullptr;
		/// Subscriptions by hand: what was wished, or nothing.
		std::map<UserId, std::optional<SubscribeOptions>> wishes;
		SourceHandle pause;
	};
	/// Users that are subscribed without being asked for; TRTC's own limit of anchors in a room is 50.
	static constexpr std::ptrdiff_t kMostAutomatic = 100;
	/// Of automatic subscriptions: connections at once, then a second, and how many may be on their way out meanwhile.
	static constexpr int kLinkBurst = 100, kLinksPerSecond = 10, kMostRetiredLinks = 4;
	static constexpr std::chrono::milliseconds kLinkTurnPeriod { 50 };
	bool takeLinkTurn();
	void awaitLinkTurn();
	bool tooMany(const UserId &user) const;
	bool mayComeBack(const signalling::Lost &lost) const noexcept;
	void beginReconnect(const signalling::Lost &lost);
	void tryAgain();
	void triedAgain(const Status &status);
	void giveUp(const Error &error);
	/// Why a verb that needs the room is refused.
	const char *absence() const noexcept;
	void giveStreamBack() noexcept;
	/// The wishes of @p user from before the loss; the automatic subscription gives way to them. Call in onPublication().
	bool restoreWishes(const UserId &user, Remote &remote);

	// session_relink.cpp: links that come back on their own
	/// Looks after the links that are up; ends by itself when there is none.
	void watchLinks();
	void lookAtLinks();
	/// Media that is not muted ought to come from there.
	static bool due(const Remote &remote) noexcept;
	/// The signalling is there again: tries that waited for it begin.
	void relinkWaiting();
	Relink beginRelink(const Link *link, const UserId &user, const Error &error);
	void relinkUplink(const Error &error);
	void tryUplink();
	void uplinkCleared();
	void uplinkBack();
	void relinkDownlink(const UserId &user, const Error &error);
	void tryDownlink(const UserId &user);
	void downlinkBack(const UserId &user);
	void giveUpDownlink(const UserId &user);

	// session_keep.cpp: recordings that go on
	using StreamKey = std::pair<UserId, StreamType>;
	using KeptRecordings = std::map<StreamKey, std::shared_ptr<Recording>>;
	/// Of every stream; the room is being entered again.
	KeptRecordings giveRecordings();
	/// Keeps the recording of a stream that has not ended but broken off.
	void keepIfBroken(const Remote &remote, RemoteStreamImpl &stream);
	void keepRecording(StreamKey key, std::shared_ptr<Recording> recording);
	/// Of @p user, or all of them.
	void stopKept(const std::string &reason, const UserId *user = nullptr);

	// session_uplink.cpp: publishing and the role
	void publish(LocalStream::Impl &stream, Done done);
	void sendPublish();
	void startUplink(const signalling::NeedOffer &need);
	void uplinkConnected();
	void uplinkFailed(const Error &error, bool tellService);
	/// Stops the capture, gives the stream back, closes the link. Tells Unpublished if it was up.
	void dropUplink();
	void unpublishDone();
	void sendTracks();
	void publishChanged(const Status &status);
	/// The SDK's rule: one auxiliary stream in a room. Somebody else has it.
	bool auxiliaryTaken() const;
	void roleDone(const Status &status);

	// session_sei.cpp: messages in the picture
	static constexpr std::size_t kMaxMessageBytes = 1000; // the SDK's
	std::shared_ptr<webrtc::Sender> withMessages(std::shared_ptr<webrtc::Sender> sender);
	void tellMessages(const signalling::TrackMap &track, const media::EncodedFrame &frame);

	// session_volume.cpp: how loud everybody is
	void tellVolumes();
	/// The tap of what is published gets a meter, or loses it.
	void measureUplink();

	// session_remote.cpp: the others
	using Remotes = std::map<UserId, Remote>;
	void onPublication(const signalling::RemotePublication &publication);
	std::shared_ptr<RemoteStreamImpl> addStream(Remote &remote, const StreamInfo &info);
	void removeStream(std::shared_ptr<RemoteStreamImpl> &stream, const std::string &reason);
	void tellMutes(const UserId &user, Remote &remote, const signalling::RemotePublication &publication);
	void closeRemote(const UserId &user, const std::string &reason, const Error &error);
	void nextOperation(const UserId &user);
	void finishOperation(const UserId &user, const Status &status);
	void startDownlink(const UserId &user, const signalling::NeedOffer &need);
	void downlinkConnected(const UserId &user);
	void downlinkFailed(const UserId &user, const Error &error, bool tellService);
	void subscribeChanged(const signalling::SubscribeChangeDone &done);
	void unsubscribed(const signalling::UnsubscribeDone &done);
	void applyWishes(Remote &remote, const std::string &reason);
	void applyWish(const std::shared_ptr<RemoteStreamImpl> &stream, bool wanted, const std::string &reason,
		       RemoteStreamImpl::TimePoint asked);

	// session_quality.cpp: how good the network is
	void startQuality();
	void tellQuality();

	// session_stats.cpp: figures
	void startMeter();
	static void addTotals(Totals &totals, const Link &link);
	Totals totals() const;
	Stats collect() const;
	void collectUplink(Stats &stats) const;
	void collectRemote(Stats &stats, const UserId &user, const Remote &remote) const;

	MainLoop &loop_;
	ClientConfig config_;
	Factories factories_;
	Client::EventHandler handler_;
	std::deque<std::function<void()>> queue_;
	bool draining_ = false, shutDown_ = false;

	State state_ = State::Idle;
	ConnectionState connection_ = ConnectionState::Disconnected;
	JoinOptions options_;
	Role role_ = Role::Anchor;
	std::unique_ptr<signalling::Driver> driver_;
	std::list<std::unique_ptr<signalling::Driver>> retired_; // saying goodbye
	Done joinDone_, leaveDone_, roleDone_;
	std::optional<Role> switching_;
	bool ticketToShow_ = false; // updatePrivateMapKey() since the service saw the last one
	Uplink uplink_;
	std::map<UserId, Role> users_;
	Remotes remotes_;
	Comeback comeback_;
	struct Back {
		std::chrono::steady_clock::time_point at {}; ///< when the room was last entered again
		int tries = 0;
	} back_;
	KeptRecordings kept_;
	SourceHandle watchTimer_; // while a link is up
	media::SeiBudget messageBudget_;
	SourceHandle volumeTimer_;				   // set: volumes are told
	std::vector<std::shared_ptr<RemoteStreamImpl>> announced_; // as far as the caller knows
	Totals retiredTotals_;					   // of links that are closed
	int retiredLinks_ = 0;					   // closed, and still there
	double linkTurns_ = kLinkBurst;				   // as of linkTurnsAt_
	std::chrono::steady_clock::time_point linkTurnsAt_ = std::chrono::steady_clock::now();
	SourceHandle linkTurnTimer_; // while an automatic subscription waits
	TrafficMeter meter_;
	SourceHandle meterTimer_; // while in a room
	QualityMeter quality_;
	SourceHandle qualityTimer_; // while in a room, and on the way back to it
};

} // namespace trtc::client
