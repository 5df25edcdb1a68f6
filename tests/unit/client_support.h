// SPDX-License-Identifier: MIT
#pragma once

#include "client/session.h"
#include "support/loop_fixture.h"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// A session whose driver, peer connections, receivers and recorders are puppets.
namespace trtc::test {

struct FakeDriver final : signalling::Driver {
	explicit FakeDriver(signalling::Driver::Listener &owner) : listener(owner) {}
	void start(const ClientConfig &, const JoinOptions &) override { started = true; }
	void send(const signalling::Command &command) override { commands.push_back(command); }
	void stop(std::function<void()> done) override
	{
		++stops;
		if (done)
			stopDone.push_back(std::move(done));
	}
	void tell(const signalling::Event &event) { listener.onSignalling(event); }
	template <class T>
	std::vector<T> all() const
	{
		std::vector<T> out;
		for (const auto &command : commands) {
			if (const auto *one = std::get_if<T>(&command))
				out.push_back(*one);
		}
		return out;
	}

	signalling::Driver::Listener &listener;
	std::vector<signalling::Command> commands;
	std::vector<std::function<void()>> stopDone;
	bool started = false;
	int stops = 0;
};

struct FakeSender final : webrtc::Sender {
	explicit FakeSender(std::size_t line) : line_(line) {}
	void push(GstBuffer *buffer) override
	{
		++pushed;
		gst_buffer_unref(buffer);
	}
	void onKeyframeRequest(std::function<void()> handler) override { keyframe = std::move(handler); }
	std::size_t mLine() const noexcept override { return line_; }
	int pushed = 0;
	std::function<void()> keyframe;

private:
	std::size_t line_;
};

struct FakeTrack final : webrtc::Track {
	FakeTrack(std::size_t line, MediaKind kind) : line_(line), kind_(kind) {}
	std::size_t mLine() const noexcept override { return line_; }
	MediaKind kind() const noexcept override { return kind_; }
	const std::string &encodingName() const noexcept override { return name_; }
	void attach(const std::string &, SampleSink) override {}
	void requestKeyframe() override { ++keyframes; }
	int keyframes = 0;

private:
	std::size_t line_;
	MediaKind kind_;
	std::string name_ = "H264";
};

struct FakePeer final : webrtc::PeerConnection {
	FakePeer(Config peerConfig, Listener &owner) : config(std::move(peerConfig)), listener(owner) {}
	void offer(const std::vector<webrtc::OfferLine> &offered) override
	{
		lines = offered;
		for (std::size_t i = 0; i < lines.size(); ++i) {
			if (lines[i].send)
				senders[i] = std::make_shared<FakeSender>(i);
		}
	}
	void setAnswer(const std::string &sdp) override { answerSdp = sdp; }
	void answer(const std::string &, const std::vector<webrtc::AnswerLine> &) override {}
	void answerMore(const std::string &, const std::vector<webrtc::AnswerLine> &) override {}
	void retune(std::size_t, const webrtc::AnswerLine &) override {}
	void expectSsrc(std::uint32_t, std::size_t, std::uint32_t) override {}
	void forgetSsrc(std::uint32_t) override {}
	std::shared_ptr<webrtc::Sender> sender(std::size_t mLine) const override
	{
		const auto found = senders.find(mLine);
		return found == senders.end() ? nullptr : found->second;
	}
	bool connected() const noexcept override { return false; }
	void close() override { *closed = true; }
	ReceiveStats receiveStats(std::size_t) const override { return {}; }
	Stats stats() const override { return told; }
	std::uint64_t arrivals() const override { return arrived; }

	Config config;
	Listener &listener;
	std::vector<webrtc::OfferLine> lines;
	std::map<std::size_t, std::shared_ptr<FakeSender>> senders;
	std::string answerSdp;
	Stats told;
	std::uint64_t arrived = 0;
	std::shared_ptr<bool> closed = std::make_shared<bool>(false);
};

struct FakeReceiver final : media::Receiver {
	std::shared_ptr<int> here = std::make_shared<int>();
};

struct FakeRecorder final : media::Recorder {
	FakeRecorder(Config recorderConfig, Listener &owner, std::vector<std::string> &stops)
		: config(std::move(recorderConfig)), listener(owner), stops_(stops)
	{
	}
	void write(const media::EncodedFrame &) override
	{
		if (broken)
			throw std::length_error("basic_string::_M_create");
		if (frames++ == 0)
			listener.onRecordingStarted(
				{ config.userId, config.streamType, config.directory + "/file.mkv" });
	}
	void stop(const std::string &reason) override
	{
		stops_.push_back(reason);
		if (frames > 0)
			listener.onRecordingStopped({ config.userId,
						      config.streamType,
						      config.directory + "/file.mkv",
						      {},
						      0,
						      0,
						      0,
						      reason });
		frames = 0;
	}
	void interrupt(std::chrono::milliseconds already) override { interrupted.push_back(already); }
	void resume() override { ++resumed; }
	Config config;
	Listener &listener;
	int frames = 0, resumed = 0;
	bool broken = false; // throws what no part of ours throws
	std::vector<std::chrono::milliseconds> interrupted;

private:
	std::vector<std::string> &stops_;
};

struct FakePlayer final : media::Player {
	explicit FakePlayer(Listener &owner) : listener(owner) {}
	void write(const media::EncodedFrame &) override
	{
		if (broken)
			throw std::length_error("vector::reserve");
	}
	Listener &listener;
	bool broken = false;
};

struct FakeSnapshot final : media::SnapshotTaker {
	explicit FakeSnapshot(Done handler) : done(std::move(handler)) {}
	void write(const media::EncodedFrame &) override {}
	Done done;
};

struct FakeCapture final : media::Capture {
	bool hasAudio() const noexcept override { return audio; }
	bool hasVideo() const noexcept override { return video; }
	VideoCodec videoCodec() const noexcept override { return VideoCodec::H264; }
	void start(std::shared_ptr<webrtc::Sender> a, std::shared_ptr<webrtc::Sender> v,
		   std::shared_ptr<webrtc::Sender> s) override
	{
		if (failure)
			throw Exception(*failure);
		running = true;
		audioSender = std::move(a);
		videoSender = std::move(v);
		smallSender = std::move(s);
	}
	void stop() override { running = false; }
	void setMuted(MediaKind kind, bool muted) override
	{
		(kind == MediaKind::Audio ? audioMuted : videoMuted) = muted;
	}
	void requestKeyframe() override { ++keyframes; }
	void requestSmallKeyframe() override { ++smallKeyframes; }
	VideoFigures videoFigures() const override { return figures; }
	VideoFigures smallFigures() const override { return { 7, 160, 120 }; }
	void add(MediaKind kind, const SourceSpec &spec, std::function<void(Status)> done) override
	{
		added.push_back(spec);
		if (addFailure)
			return done(*addFailure);
		(kind == MediaKind::Audio ? audio : video) = true;
		done(Unit {});
	}
	void remove(MediaKind kind) override { (kind == MediaKind::Audio ? audio : video) = false; }

	VideoFigures figures;
	void replace(MediaKind, const SourceSpec &spec, std::function<void(Status)> done) override
	{
		replaced.push_back(spec);
		done(Unit {});
	}

	std::vector<SourceSpec> replaced, added;
	std::optional<Error> addFailure;
	bool audio = true, video = true, running = false, audioMuted = false, videoMuted = false;
	int keyframes = 0, smallKeyframes = 0;
	std::optional<Error> failure;
	std::shared_ptr<webrtc::Sender> audioSender, videoSender, smallSender;
};

/// What became of one verb.
struct Outcome {
	int calls = 0;
	std::optional<Status> status;
	bool ok() const { return calls == 1 && status->has_value(); }
	bool failed(ErrorCode code) const { return calls == 1 && !status->has_value() && status->error().code == code; }
};

struct SessionFixture : LoopFixture {
	SessionFixture()
	{
		config.server = "ws://127.0.0.1:8687";
		config.sdkAppId = 1400000001;
		config.userId = UserId("me");
		config.userSig = "sig";
		config.reconnectTries = 0;
		options.room = RoomId::number(8888);
		factories.driver = [this](MainLoop &, const std::string &, signalling::Driver::Listener &listener) {
			auto made = std::make_unique<FakeDriver>(listener);
			driver = made.get();
			return made;
		};
		factories.peerConnection = [this](MainLoop &, webrtc::PeerConnection::Config peerConfig,
						  webrtc::PeerConnection::Listener &listener) {
			if (peerFailure)
				throw Exception(*peerFailure);
			auto made = std::make_unique<FakePeer>(std::move(peerConfig), listener);
			peers[made->config.name] = made.get();
			closed[made->config.name] = made->closed;
			return made;
		};
		factories.receiver = [this](MainLoop &, std::shared_ptr<webrtc::Track> track,
					    media::Receiver::FrameHandler handler) -> std::unique_ptr<media::Receiver> {
			if (receiverFailure)
				throw Exception(*receiverFailure);
			frames[track->mLine()] = std::move(handler);
			auto made = std::make_unique<FakeReceiver>();
			receivers[track->mLine()] = made->here;
			return made;
		};
		factories.recorder = [this](MainLoop &, media::Recorder::Config recorderConfig,
					    media::Recorder::Listener &listener) {
			auto made = std::make_unique<FakeRecorder>(std::move(recorderConfig), listener, recorderStops);
			recorder = made.get();
			return made;
		};
		factories.player = [this](MainLoop &, media::Player::Config, media::Player::Listener &listener) {
			auto made = std::make_unique<FakePlayer>(listener);
			player = made.get();
			return made;
		};
		factories.snapshot = [this](MainLoop &, const std::string &, media::SnapshotTaker::Done done) {
			auto made = std::make_unique<FakeSnapshot>(std::move(done));
			snapshot = made.get();
			return made;
		};
		factories.localAddress = [this](const std::string &host) {
			askedHost = host;
			return host;
		};
	}
	~SessionFixture()
	{
		if (session)
			session->shutDown();
	}
	void make()
	{
		session = std::make_shared<client::Session>(loop, config, factories);
		session->on([this](const Event &event) {
			events.push_back(event);
			if (hook)
				hook(event);
		});
		stream.impl().capture.reset(capture = new FakeCapture);
	}
	/// Counts the calls of a done; the fixture owns the count.
	client::Session::Done into(Outcome &outcome)
	{
		return [&outcome](const Status &status) {
			++outcome.calls;
			outcome.status = status;
		};
	}
	void enter(Role role = Role::Anchor)
	{
		make();
		options.role = role;
		session->join(options, into(joined));
		driver->tell(signalling::JoinDone { Unit {} });
		drain();
		REQUIRE(joined.ok());
	}
	/// As the driver does for StartPublish.
	void needUplink()
	{
		const UserId me("me");
		driver->tell(signalling::NeedOffer { "up",
						     true,
						     { { 0, me, StreamType::Main, MediaKind::Audio },
						       { 1, me, StreamType::Main, MediaKind::Video },
						       { 2, me, StreamType::Main, MediaKind::Video, true },
						       { 3, me, StreamType::Auxiliary, MediaKind::Video } } });
	}
	void publish()
	{
		session->publish(stream, into(published));
		needUplink();
		connect("up");
		drain();
		REQUIRE(published.ok());
	}
	void needDownlink(const UserId &user)
	{
		driver->tell(signalling::NeedOffer { "down:" + user.str(),
						     false,
						     { { 0, user, StreamType::Main, MediaKind::Audio },
						       { 1, user, StreamType::Main, MediaKind::Video },
						       { 2, user, StreamType::Auxiliary, MediaKind::Video } } });
	}
	void connect(const std::string &link)
	{
		auto &peer = *peers.at(link);
		peer.listener.onLocalDescription("v=0 offer");
		driver->tell(signalling::RemoteAnswer { link, "v=0 answer" });
		CHECK(peer.answerSdp == "v=0 answer");
		peer.listener.onConnected();
	}
	void publication(const UserId &user, bool audio, bool video, bool aux = false, bool audioMuted = false,
			 bool videoMuted = false)
	{
		driver->tell(signalling::RemotePublication { user, audio, video, false, aux, audioMuted, videoMuted });
	}
	/// Somebody publishes, and is subscribed without being asked for.
	void watch(const UserId &user, bool aux = false)
	{
		publication(user, true, true, aux);
		needDownlink(user);
		connect("down:" + user.str());
		for (const auto &track : tracks(user))
			peers.at("down:" + user.str())->listener.onTrack(track);
		drain();
	}
	std::vector<std::shared_ptr<FakeTrack>> &tracks(const UserId &user)
	{
		auto &made = tracks_[user];
		if (made.empty())
			made = { std::make_shared<FakeTrack>(0, MediaKind::Audio),
				 std::make_shared<FakeTrack>(1, MediaKind::Video),
				 std::make_shared<FakeTrack>(2, MediaKind::Video) };
		return made;
	}
	void frame(std::size_t mLine, int width = 640)
	{
		media::EncodedFrame one;
		one.kind = mLine == 0 ? MediaKind::Audio : MediaKind::Video;
		one.codec = mLine == 0 ? media::Codec::Opus : media::Codec::H264;
		one.width = mLine == 0 ? 0 : width;
		one.height = mLine == 0 ? 0 : 480;
		frames.at(mLine)(one);
		drain();
	}
	template <class T>
	std::vector<T> all() const
	{
		std::vector<T> out;
		for (const auto &event : events) {
			if (const auto *one = std::get_if<T>(&event))
				out.push_back(*one);
		}
		return out;
	}
	template <class T>
	std::size_t count() const
	{
		return all<T>().size();
	}
	/// Where the first of that kind is in `events`; npos when there is none.
	template <class T>
	std::size_t at() const
	{
		for (std::size_t i = 0; i < events.size(); ++i) {
			if (std::holds_alternative<T>(events[i]))
				return i;
		}
		return std::string::npos;
	}
	void finishStops()
	{
		auto dones = std::exchange(driver->stopDone, {});
		for (auto &done : dones)
			done();
		drain();
	}

	ClientConfig config;
	JoinOptions options;
	client::Factories factories;
	LocalStream stream { loop, {} };
	FakeCapture *capture = nullptr;
	FakeDriver *driver = nullptr;
	std::map<std::string, FakePeer *> peers;		     // by link, the newest
	std::map<std::string, std::shared_ptr<bool>> closed;	     // by link
	std::map<std::size_t, media::Receiver::FrameHandler> frames; // by m-line, the newest
	std::map<std::size_t, std::weak_ptr<int>> receivers;	     // by m-line: expired when it is gone
	FakeRecorder *recorder = nullptr;
	FakePlayer *player = nullptr;
	FakeSnapshot *snapshot = nullptr;
	std::vector<std::string> recorderStops;
	std::optional<Error> peerFailure, receiverFailure;
	std::string askedHost;
	std::vector<Event> events;
	std::function<void(const Event &)> hook;
	Outcome joined, left, published, unpublished, subscribed, unsubscribed, switched;
	std::shared_ptr<client::Session> session;

private:
	std::map<UserId, std::vector<std::shared_ptr<FakeTrack>>> tracks_;
};

} // namespace trtc::test
