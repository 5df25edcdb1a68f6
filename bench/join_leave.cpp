// SPDX-License-Identifier: MIT
// One agent that enters a room, goes on air, sees the other one's first frame, records it and leaves, again and again,
// with nothing but the public headers.
// join_leave SERVER SDK_APP_ID USER ROOM CYCLES EVERY DIRECTORY, with the UserSig in TRTC_USER_SIG.
// After every EVERY cycles it prints their number and waits for a line on stdin, so that it can be looked at.
#include <trtc/client.h>

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>

using namespace trtc;
using namespace std::chrono_literals;

namespace {

constexpr auto kLimit = 20s;	// one cycle
constexpr auto kSettle = 500ms; // what ends on other threads has ended

struct Bench {
	MainLoop loop;
	ClientConfig config;
	JoinOptions room { {}, Role::Anchor, {} };
	std::string directory;
	int cycles = 0, every = 0, done = 0, exitCode = 0;
	std::optional<LocalStream> stream;
	std::optional<Client> client;
	SourceHandle watchdog, timer;
	bool published = false, seen = false, recorded = false;

	void fail(const char *what, const std::string &why)
	{
		std::fprintf(stderr, "cycle %d: %s: %s\n", done + 1, what, why.c_str());
		exitCode = 1;
		loop.quit();
	}
	Client::Done orFail(const char *what, std::function<void()> next)
	{
		return [=, this](const Status &status) { status ? next() : fail(what, status.error().message); };
	}
	void start()
	{
		published = seen = recorded = false;
		watchdog = loop.after(kLimit, [this] { fail("watchdog", "this cycle takes too long"); });
		LocalStreamConfig sources;
		sources.video = sources.audio = SourceSpec::parse("test");
		sources.videoProfile = VideoProfile::parse("160x120@15,100k");
		stream.emplace(loop, sources);
		stream->initialize();
		client.emplace(loop, config);
		client->on([this](const Event &event) { take(event); });
		client->join(room, orFail("join", [this] {
				     client->publish(*stream, orFail("publish", [this] {
					     published = true;
					     leaveWhenDone();
				     }));
			     }));
	}
	void take(const Event &event)
	{
		if (const auto *added = std::get_if<StreamAdded>(&event)) {
			if (auto *remote = client->stream(added->userId, added->streamType))
				remote->startRecording(directory);
		} else if (const auto *frame = std::get_if<FirstFrame>(&event)) {
			seen = seen || frame->kind == MediaKind::Video;
			leaveWhenDone();
		} else if (std::holds_alternative<RecordingStopped>(event)) {
			recorded = true;
		} else if (const auto *failed = std::get_if<Failed>(&event)) {
			fail("error", failed->error.message);
		}
	}
	void leaveWhenDone()
	{
		if (published && seen)
			client->leave(orFail("leave", [this] { loop.post([this] { next(); }); }));
	}
	void next()
	{
		if (!recorded)
			return fail("recording", "recording-stopped did not come");
		watchdog.reset();
		client.reset(); // before the stream that it was lent
		stream.reset();
		++done;
		if (done % every == 0)
			timer = loop.after(kSettle, [this] { report(); });
		else
			start();
	}
	void report()
	{
		std::cout << done << std::endl;
		std::string line;
		if (!std::getline(std::cin, line) || done >= cycles)
			return loop.quit();
		start();
	}
};

} // namespace

int main(int argc, char **argv)
try {
	const char *userSig = std::getenv("TRTC_USER_SIG");
	if (argc != 8 || !userSig) {
		std::fprintf(stderr, "usage: TRTC_USER_SIG=... %s SERVER SDK_APP_ID USER ROOM CYCLES EVERY DIRECTORY\n",
			     argv[0]);
		return 2;
	}
	::mallopt(M_ARENA_MAX, 2); // as trtc-cli does, see src/cli/main.cpp
	initializeLibrary();
	Bench bench;
	bench.config.server = argv[1];
	bench.config.sdkAppId = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
	bench.config.userId = UserId(argv[3]);
	bench.config.userSig = userSig;
	bench.room.room = RoomId::parseNumber(argv[4]);
	bench.cycles = std::atoi(argv[5]);
	bench.every = std::max(1, std::atoi(argv[6]));
	bench.directory = argv[7];
	bench.start();
	bench.loop.run();
	return bench.exitCode;
} catch (const Exception &exception) {
	std::fprintf(stderr, "%s: %s\n", errorName(exception.error().code), exception.what());
	return 1;
}
