// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/config.h>
#include <trtc/error.h>
#include <trtc/events.h>
#include <trtc/local_stream.h>
#include <trtc/main_loop.h>
#include <trtc/remote_stream.h>
#include <trtc/stats.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace trtc {

/// Makes GStreamer ready and checks that the plug-ins this library needs are there.
/// Throws Exception(NotSupported) naming the missing Debian package. Call once, first in main.
void initializeLibrary();

/// One agent: the SDK's Client in C++. Thread-bound to its loop, which must outlive it.
/// Every `done` runs exactly once, later, on the loop, also after an error; it may call any method.
/// A second call of the same verb while one is running fails with InvalidOperation.
class Client {
public:
	using Done = std::function<void(Status)>;
	using EventHandler = std::function<void(const Event &)>;

	/// Throws Exception(InvalidParameter): sdkAppId 0, empty userSig, server URL not ws:// or wss://.
	Client(MainLoop &loop, ClientConfig config);
	/// Closes everything at once, without telling the room; call leave() first.
	~Client();
	Client(const Client &) = delete;
	Client &operator=(const Client &) = delete;

	/// Set before join(): StreamAdded and PeerJoin can come before join is done.
	void on(EventHandler handler);

	/// Errors: ConnectFailed, SignalChannelSetupFailed, JoinRoomFailed, ApiCallTimeout, InvalidOperation.
	void join(const JoinOptions &options, Done done);
	/// Stops publishing, closes recordings, says goodbye. Left follows. Never fails once joined.
	void leave(Done done);
	/// Joined as anchor, @p stream initialized. Errors: InvalidOperation, Refused, MediaFailed, ApiCallTimeout.
	void publish(LocalStream &stream, Done done);
	void unpublish(Done done);
	/// Errors: RemoteStreamNotExist, NotSupportedH264, MediaFailed, ApiCallTimeout. May be called again to change the choice.
	void subscribe(const UserId &user, const SubscribeOptions &options, Done done);
	void unsubscribe(const UserId &user, Done done);
	/// As setRemoteVideoStreamType() of the SDK: a wish about the main video of a user, for as long as the subscription
	/// lives. It takes effect with the next list of the service (every two seconds) that shows a small video, and
	/// falls back to the big one when that is gone. Errors: RemoteStreamNotExist, InvalidOperation (not subscribed).
	Status setRemoteVideoStreamType(const UserId &user, VideoStreamType type);
	/// Live mode only. To audience: the uplink is closed first. Errors: InvalidOperation, SwitchRoleFailed.
	void switchRole(Role role, Done done);
	/// The ticket for the next switchRole() and for entering the room again, as in the SDK. switchRole() with the role one
	/// has hands it in without a change. Outside of a room join() brings its own. Throws Exception(InvalidParameter) when
	/// it is empty.
	void updatePrivateMapKey(std::string privateMapKey);
	/// Tells the room the mute state of the published stream after LocalStream::mute*().
	void muteChanged();
	/// Sends @p data, 1..1000 bytes, inside the main video: it arrives with a frame, and what is lost is not sent again. Always
	/// on; needs published H.264. @p seiPayloadType: 243 as the SDK has it, or 5. `done` means that it waits for the next
	/// frame. Errors: InvalidParameter (size, type), NotSupported (VP8), InvalidOperation (no main video, muted, more than
	/// 30 messages or 8000 bytes a second). May be called while another one is running.
	void sendSEIMessage(std::vector<std::uint8_t> data, int seiPayloadType, Done done);

	/// Ends the recording of every stream, also of those that are away while the room or they themselves are on the way back.
	void stopRecordings();

	/// Tells AudioVolume for everybody who is heard, ourselves first when we publish audio, every @p interval (16 ms and
	/// up); 0 ends it. May be called at any time.
	void enableAudioVolumeEvaluation(std::chrono::milliseconds interval);
	/// Figures of this moment, once, later, on the loop; empty outside a room. Not after the client is gone.
	void stats(std::function<void(const Stats &)> done);
	/// Cheap; renewed once a second while in a room.
	Traffic traffic() const;

	ConnectionState connectionState() const noexcept;
	bool joined() const noexcept;
	bool published() const noexcept;
	Role role() const noexcept;
	const UserId &userId() const noexcept;

	/// Remote users that are known; in live rooms anchors only.
	struct RemoteUser {
		UserId userId;
		Role role;
	};
	std::vector<RemoteUser> users() const;
	/// Borrowed; valid until StreamRemoved.
	std::vector<RemoteStream *> streams() const;
	RemoteStream *stream(const UserId &user, StreamType type) const;
	/// A subscription to @p user, by itself or by subscribe(), is on its way; its end is told by StreamSubscribed or Failed.
	bool subscribing(const UserId &user) const;

private:
	struct Impl;
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc
