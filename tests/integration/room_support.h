// SPDX-License-Identifier: MIT
#pragma once

#include "service/server.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"
#include "support/tools.h"
#include "usersig/usersig.h"

#include <trtc/client.h>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// Real agents against the real service, in one process, on one loop, on 127.0.0.1.
namespace trtc::test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

inline constexpr std::uint32_t kApp = 1400000001;
inline constexpr const char *kKey = "a secret of the tests";

inline std::string userSig(const std::string &user) { return usersig::sign(user, kApp, kKey, 600, std::time(nullptr)); }

/// Small enough for many at once, large enough for its frame numbers to survive the codec.
inline LocalStreamConfig testPicture(bool audio = true, bool video = true)
{
	LocalStreamConfig config;
	config.video.kind = video ? SourceSpec::Kind::Test : SourceSpec::Kind::None;
	config.audio.kind = audio ? SourceSpec::Kind::Test : SourceSpec::Kind::None;
	config.videoProfile = { 320, 240, 15, 300 };
	return config;
}

/// One client with all it has told.
class Agent {
public:
	struct Told {
		Event event;
		Clock::time_point time;
	};

	Agent(MainLoop &loop, ClientConfig config) : client(std::make_unique<Client>(loop, std::move(config)))
	{
		client->on([this](const Event &event) {
			told.push_back({ event, Clock::now() });
			if (hook)
				hook(event);
		});
	}

	template <class T>
	std::vector<T> all() const
	{
		std::vector<T> found;
		for (const auto &one : told)
			if (const auto *event = std::get_if<T>(&one.event))
				found.push_back(*event);
		return found;
	}
	template <class T>
	std::size_t count() const
	{
		return all<T>().size();
	}
	template <class T>
	T last() const
	{
		const auto found = all<T>();
		REQUIRE(!found.empty());
		return found.back();
	}
	/// The first event of that type and that @p fits, from the @p from-th told on; null without one.
	template <class T>
	const Told *find(const std::function<bool(const T &)> &fits, std::size_t from = 0) const
	{
		for (auto i = from; i < told.size(); ++i)
			if (const auto *event = std::get_if<T>(&told[i].event); event && (!fits || fits(*event)))
				return &told[i];
		return nullptr;
	}
	/// Errors that were told, for "untouched".
	std::string failures() const
	{
		std::string text;
		for (const auto &failed : all<Failed>())
			text += fmt::format("{} {}\n", errorName(failed.error.code), failed.error.message);
		return text;
	}
	/// Records everything that is added, into one directory.
	void recordInto(const std::string &directory)
	{
		hook = [this, directory](const Event &event) {
			const auto *added = std::get_if<StreamAdded>(&event);
			// Null after a leave() that came first.
			if (auto *remote = added ? client->stream(added->userId, added->streamType) : nullptr)
				remote->startRecording(directory);
		};
	}

	std::vector<Told> told;
	std::function<void(const Event &)> hook;
	std::unique_ptr<LocalStream> stream; // lent to the client
	std::unique_ptr<Client> client;
};

class RoomFixture : public LoopFixture {
public:
	RoomFixture()
	{
		service::ServerConfig config;
		config.port = 0;
		config.secretKey = kKey;
		server = std::make_unique<service::Server>(loop, config);
	}
	~RoomFixture()
	{
		agents.clear();
		server.reset();
	}

	/// An agent that has not joined. @p url: another way to the service.
	Agent &agent(const std::string &user, const std::string &url = {})
	{
		ClientConfig config;
		config.server = url.empty() ? server->url() : url;
		config.sdkAppId = kApp;
		config.userId = UserId(user);
		config.userSig = userSig(user);
		config.reconnectTries = reconnectTries;
		return agents.emplace_back(loop, std::move(config));
	}
	/// Runs one verb to its end. Fails the test when its `done` does not come.
	Status run(const std::function<void(Client::Done)> &verb)
	{
		std::optional<Status> result;
		verb([&result, this](const Status &status) {
			result = status;
			doneAt = Clock::now();
		});
		REQUIRE(waitFor([&] { return result.has_value(); }));
		return *result;
	}
	Status join(Agent &agent, Role role = Role::Anchor, const RoomId &room = RoomId::number(100))
	{
		return run([&](auto done) { agent.client->join({ room, role, {} }, done); });
	}
	Status leave(Agent &agent)
	{
		return run([&](auto done) { agent.client->leave(done); });
	}
	Status publish(Agent &agent, const LocalStreamConfig &config = testPicture())
	{
		if (!agent.stream) {
			agent.stream = std::make_unique<LocalStream>(loop, config);
			agent.stream->initialize();
		}
		return run([&](auto done) { agent.client->publish(*agent.stream, done); });
	}
	Status unpublish(Agent &agent)
	{
		return run([&](auto done) { agent.client->unpublish(done); });
	}
	Status switchRole(Agent &agent, Role role)
	{
		return run([&](auto done) { agent.client->switchRole(role, done); });
	}
	/// An agent that is in the room already.
	Agent &joined(const std::string &user, Role role = Role::Anchor, const std::string &url = {})
	{
		auto &made = agent(user, url);
		const auto status = join(made, role);
		REQUIRE_MESSAGE(status, status.error().message);
		return made;
	}
	Agent &publishing(const std::string &user, const LocalStreamConfig &config = testPicture())
	{
		auto &made = joined(user);
		const auto status = publish(made, config);
		REQUIRE_MESSAGE(status, status.error().message);
		return made;
	}
	/// A viewer that records all it sees into recordings.
	Agent &recording(const std::string &user, Role role = Role::Audience, const std::string &url = {})
	{
		auto &made = agent(user, url);
		made.recordInto(recordings.str());
		const auto status = join(made, role);
		REQUIRE_MESSAGE(status, status.error().message);
		return made;
	}
	/// Waits until such an event has been told, from the @p from-th on.
	template <class T>
	bool tells(Agent &agent, const std::function<bool(const T &)> &fits = {}, std::size_t from = 0)
	{
		return waitFor([&] { return agent.find<T>(fits, from) != nullptr; });
	}
	template <class T>
	bool tellsTimes(Agent &agent, std::size_t times)
	{
		return waitFor([&] { return agent.count<T>() >= times; });
	}
	/// First sound and first picture of @p user have arrived.
	bool sees(Agent &viewer, const std::string &user, std::size_t from = 0)
	{
		const auto of = [&](MediaKind kind) {
			return viewer.find<FirstFrame>(
				[&](const FirstFrame &first) {
					return first.userId.str() == user && first.kind == kind;
				},
				from);
		};
		return waitFor([&] { return of(MediaKind::Audio) && of(MediaKind::Video); });
	}
	/// Lets the room live on: what is waited for is time itself, for a recording to have some length.
	void record(std::chrono::milliseconds length)
	{
		bool over = false;
		const auto timer = loop.after(length, [&over] { over = true; });
		REQUIRE(waitFor([&over] { return over; }, length + kWatchdog));
	}
	/// No sound is missing. Its times make one step while the receiver finds out how sound and picture belong together
	/// (the first sender report): some 60 ms, and as much as the machine was late with the first packets. So packets are
	/// counted, against the picture's 15 a second, and only a gap that the count would not see is one. A picture that was
	/// there before the subscriber comes all at once, from its keyframe on, and has no sound.
	static void checkSound(const Figures &figures)
	{
		CHECK(figures.number("audio.maxGapMs") < patient(400));
		CHECK(figures.number("audio.seconds") >=
		      std::min(figures.number("video.frames") / 15, figures.number("video.durationMs") / 1000) - 0.25);
	}
	/// A recording of test picture and sound in which nothing is missing.
	static void checkContinuous(const std::string &path, double atLeastMs)
	{
		const Figures figures(path);
		INFO(figures.report());
		REQUIRE(figures.hasVideo());
		REQUIRE(figures.hasAudio());
		CHECK(figures.number("video.durationMs") >= atLeastMs);
		CHECK(figures.number("video.missing") == 0);
		CHECK(figures.number("video.duplicates") == 0);
		CHECK(figures.number("video.backwards") == 0);
		CHECK(figures.number("video.framesWithCode") == figures.number("video.frames"));
		checkSound(figures);
	}
	/// Ends the recording of every stream of @p viewer and returns the paths.
	std::vector<std::string> recordedBy(Agent &viewer)
	{
		std::vector<std::string> paths;
		for (const auto &stopped : viewer.all<RecordingStopped>())
			paths.push_back(stopped.path);
		return paths;
	}

	TempDir recordings;
	int reconnectTries = 0; ///< of agents made from now on
	std::unique_ptr<service::Server> server;
	std::list<Agent> agents;
	Clock::time_point doneAt;
};

} // namespace trtc::test
