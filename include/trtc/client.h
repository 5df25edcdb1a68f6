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

/// Initializes GStreamer and checks that the required plug-ins are installed.
/// Throws Exception(NotSupported) naming the missing Debian package. Call once, first in main.
void initializeLibrary();

/// One agent: the SDK's Client in C++. Thread-bound to its loop, which must outlive it.
/// Every `done` callback runs exactly once, asynchronously, on the loop, also after an error. It may call any method.
/// A second call of a method fails with InvalidOperation while the first one is running.
class Client {
public:
	using Done = std::function<void(Status)>;
	using EventHandler = std::function<void(const Event &)>;

	/// Throws Exception(InvalidParameter): sdkAppId 0, empty userSig, server URL not ws:// or wss://.
	Client(MainLoop &loop, ClientConfig config);
	/// Closes everything at once without notifying the room; call leave() first.
	~Client();
	Client(const Client &) = delete;
	Client &operator=(const Client &) = delete;

	/// Set the handler before join(): StreamAdded and PeerJoin can arrive before join() is done.
	void on(EventHandler handler);

	/// Errors: ConnectFailed, SignalChannelSetupFailed, JoinRoomFailed, ApiCallTimeout, InvalidOperation.
	void join(const JoinOptions &options, Done done);
	/// Stops publishing, closes recordings and notifies the service. The event Left follows. Never fails once joined.
	void leave(Done done);
	/// Requires a join as anchor and an initialized @p stream. Errors: InvalidOperation, Refused, MediaFailed, ApiCallTimeout.
	void publish(LocalStream &stream, Done done);
	void unpublish(Done done);
	/// A further call changes the selection. Errors: RemoteStreamNotExist, NotSupportedH264, MediaFailed, ApiCallTimeout.
	void subscribe(const UserId &user, const SubscribeOptions &options, Done done);
	void unsubscribe(const UserId &user, Done done);
	/// Selects the big or the small main video of a user until the subscription ends, as setRemoteVideoStreamType() of
	/// the SDK. The small video starts with the next list of the service (every two seconds) that contains one. When it
	/// ends, the big video is received again. Errors: RemoteStreamNotExist, InvalidOperation (not subscribed).
	Status setRemoteVideoStreamType(const UserId &user, VideoStreamType type);
	/// Live mode only. A switch to audience closes the uplink first. Errors: InvalidOperation, SwitchRoleFailed.
	void switchRole(Role role, Done done);
	/// Sets the PrivateMapKey for the next switchRole() and for rejoining the room, as in the SDK. switchRole() with the
	/// current role sends the key and changes nothing else. Outside a room join() takes its own key. Throws
	/// Exception(InvalidParameter) if the key is empty.
	void updatePrivateMapKey(std::string privateMapKey);
	/// Sends the mute state of the published stream to the room; call it after LocalStream::mute*().
	void muteChanged();
	/// Sends @p data, 1..1000 bytes, with the next frame of the main video, which must be published H.264. The message is
	/// lost if that frame is lost. @p seiPayloadType: 243 (the SDK's value) or 5. `done` means that the message is queued.
	/// Errors: InvalidParameter (size, type), NotSupported (VP8), InvalidOperation (no main video, muted, more than
	/// 30 messages or 8000 bytes a second). May be called while another call is running.
	void sendSEIMessage(std::vector<std::uint8_t> data, int seiPayloadType, Done done);

	/// Stops the recording of every stream, including streams that are reconnecting.
	void stopRecordings();

	/// Emits AudioVolume every @p interval (at least 16 ms): first for the local user if it publishes audio, then for
	/// each user whose audio is received. 0 disables it. May be called at any time.
	void enableAudioVolumeEvaluation(std::chrono::milliseconds interval);
	/// Calls @p done once, asynchronously, on the loop, with the current statistics; empty outside a room. Not called
	/// after the client is destroyed.
	void stats(std::function<void(const Stats &)> done);
	/// Cheap; updated once a second while in a room.
	Traffic traffic() const;

	ConnectionState connectionState() const noexcept;
	bool joined() const noexcept;
	bool published() const noexcept;
	Role role() const noexcept;
	const UserId &userId() const noexcept;

	/// A remote user. In live rooms only anchors are known.
	struct RemoteUser {
		UserId userId;
		Role role;
	};
	std::vector<RemoteUser> users() const;
	/// Borrowed; valid until StreamRemoved.
	std::vector<RemoteStream *> streams() const;
	RemoteStream *stream(const UserId &user, StreamType type) const;
	/// True while a subscription to @p user is starting. StreamSubscribed or Failed ends it.
	bool subscribing(const UserId &user) const;

private:
	struct Impl;
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc
