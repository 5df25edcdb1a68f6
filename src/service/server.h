// SPDX-License-Identifier: MIT
#pragma once

#include "service/room_service.h"

#include <trtc/error.h>
#include <trtc/main_loop.h>
#include <trtc/trace.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trtc::service {

struct ServerConfig {
	std::string host = "127.0.0.1";
	std::uint16_t port = 8687; ///< 0 picks one
	std::uint32_t sdkAppId = 1400000001;
	std::string tlsCertificate, tlsKey;		  ///< PEM files; both empty: plain text
	std::string mediaAddress;			  ///< see MediaAddresses; empty: all of ours
	std::uint16_t minMediaPort = 0, maxMediaPort = 0; ///< 0: any
	std::string secretKey;				  ///< text bytes of the TLSSigAPIv2 key
	bool requirePrivateMapKey = false;		  ///< then it says who may do what; else none is looked at
	Limits limits;
	std::size_t maxConnections = 4096;
	std::size_t maxConnectionsPerAddress = 64;	///< 0: no limit
	std::chrono::milliseconds idleLimit { 10'000 }; ///< a connection that says nothing that long is dropped
	Trace *trace = nullptr;				///< borrowed for the life of the server
};

/// The room service: sockets, UserSig, limits, peer connections, forwarding, over the rules of RoomService. Thread-bound.
class Server {
public:
	/// Listens at once. Throws Exception: ConnectFailed when the address cannot be had, InvalidParameter for the TLS files.
	Server(MainLoop &loop, ServerConfig config);
	~Server();
	/// "ws://127.0.0.1:PORT"
	std::string url() const;
	std::uint16_t port() const;

	// Administration, as in RoomService, for the application that is served.
	bool kick(const RoomId &room, const UserId &user);
	bool ban(const RoomId &room, const UserId &user);
	bool unban(const RoomId &room, const UserId &user);
	std::size_t disband(const RoomId &room);
	std::vector<RoomInfo> rooms() const;
	std::optional<std::vector<MemberInfo>> members(const RoomId &room) const;
	std::vector<BanInfo> bans() const;

	/// Called for everything that happens in the rooms of the application that is served. At most one handler.
	void onRoomEvent(std::function<void(const RoomEvent &)> handler);

	/// Tells everybody (close code 4002) and stops. @p done runs once, within a second.
	void stop(std::function<void()> done);

private:
	struct Impl;
	std::unique_ptr<Impl> impl_;
};

} // namespace trtc::service
