// SPDX-License-Identifier: MIT
// The five steps in one program: create a client, enter as audience, see and record every stream,
// switch to anchor and publish picture and sound, leave.
// five_steps SERVER SDK_APP_ID USER ROOM SECONDS DIRECTORY, with the UserSig in TRTC_USER_SIG.
#include <trtc/client.h>

#include <cstdio>
#include <cstdlib>

using namespace trtc;

int main(int argc, char **argv)
try {
	const char *userSig = std::getenv("TRTC_USER_SIG");
	if (argc != 7 || !userSig)
		return std::fprintf(stderr,
				    "usage: TRTC_USER_SIG=... %s SERVER SDK_APP_ID USER ROOM SECONDS DIRECTORY\n",
				    argv[0]),
		       2;
	const std::string directory = argv[6];
	const std::chrono::seconds onAir { std::atoi(argv[5]) };
	initializeLibrary();
	MainLoop loop;
	int exitCode = 0;
	SourceHandle timer;

	ClientConfig config; // 1. a client
	config.server = argv[1];
	config.sdkAppId = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
	config.userId = UserId(argv[3]);
	config.userSig = userSig;
	LocalStreamConfig sources;
	sources.video = sources.audio = SourceSpec::parse("test");
	LocalStream stream(loop, sources); // dies after the client it is lent to
	stream.initialize();
	Client client(loop, config);

	const auto orFail = [&](std::function<void()> next) {
		return [&exitCode, &loop, next](const Status &status) {
			if (status)
				return next();
			std::fprintf(stderr, "%s: %s\n", errorName(status.error().code),
				     status.error().message.c_str());
			exitCode = 1;
			loop.quit();
		};
	};
	client.on([&](const Event &event) { // 3. every stream is subscribed by itself; record it
		if (const auto *added = std::get_if<StreamAdded>(&event)) {
			std::printf("%s publishes\n", added->userId.str().c_str());
			if (auto *remote = client.stream(added->userId, added->streamType))
				remote->startRecording(directory);
		} else if (const auto *stopped = std::get_if<RecordingStopped>(&event)) {
			std::printf("%s: %.1f s\n", stopped->path.c_str(),
				    static_cast<double>(stopped->duration.count()) / 1000);
		} else if (const auto *left = std::get_if<Left>(&event)) {
			std::printf("left: %s\n", left->reason.c_str());
			loop.quit();
		}
	});
	const auto leave = [&] { client.leave(orFail([] {})); }; // 5. leave
	const auto publish = [&] {
		client.publish(stream, orFail([&] { timer = loop.after(onAir, leave); }));
	}; // 4. on air
	const auto watch = [&] {
		timer = loop.after(onAir, [&] { client.switchRole(Role::Anchor, orFail(publish)); });
	};
	client.join({ RoomId::parseNumber(argv[4]), Role::Audience, {} }, orFail(watch)); // 2. enter as audience
	loop.run();
	return exitCode;
} catch (const Exception &exception) {
	std::fprintf(stderr, "%s: %s\n", errorName(exception.error().code), exception.what());
	return 1;
}
