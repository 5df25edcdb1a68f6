// SPDX-License-Identifier: MIT
#pragma once

#include "net/server_probe.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What is known of this machine and of the service: plain data, so that what is said about it can be tested without a
/// machine that has the illness.
namespace trtc::doctor {

/// What the user gave.
struct Settings {
	std::string server = "ws://127.0.0.1:8687";
	bool serverNamed = false; ///< else nothing but loopback is looked at
	std::string caFile;
	bool insecure = false;
	std::uint32_t sdkAppId = 1400000001;
	std::string userId; ///< "": not given
	std::string userSig, userSigFile;
	std::string secretKey, secretKeyFile;
	std::string proofProblem; ///< why a file of the two could not be read
	std::string recordDirectory;
	std::string configFile;		      ///< "": the default one, if it exists
	std::string listenHost = "127.0.0.1"; ///< where `serve` would listen
	std::uint16_t listenPort = 8687;
	std::function<const char *(const char *)> variable; ///< of the environment
};

struct PluginFact {
	std::size_t need = 0; ///< index in pluginNeeds()
	bool found = false;
	std::string version; ///< the plug-in's own; libnice's counts from 0.1
};

struct CodecFact {
	std::size_t trial = 0; ///< index in codecTrials()
	bool present = false;  ///< its elements are there, so it was tried
	std::string error;     ///< why nothing came out
	std::chrono::milliseconds took { 0 };
};

struct DeviceFact {
	enum class Kind { Camera, Sound };
	Kind kind = Kind::Camera;
	std::string path;
	std::string name;  ///< as the driver says
	std::string group; ///< who may open it
	int error = 0;	   ///< errno of opening it
};

/// A folder or socket place of the user.
struct PlaceFact {
	std::string name, path;
	std::string problem; ///< "": fine
	std::string command; ///< against the problem
	bool forRoot = false;
};

struct SocketFacts {
	std::string udpError; ///< "": a datagram went through loopback
	bool ipv6 = false;
	std::vector<std::string> addresses; ///< "eth0 10.0.0.2", without loopback
};

struct PortFact {
	bool free = true;
	int error = 0;	      ///< errno of binding
	std::string owner;    ///< name of the process that listens there, if it may be known
	std::int64_t pid = 0; ///< 0: not known
	bool ourService = false;
};

struct ClockFacts {
	std::int64_t now = 0; ///< Unix seconds
	bool known = false;   ///< whether the kernel tells the next
	bool synchronised = false;
};

struct DiskFacts {
	std::string asked; ///< the directory; "": none
	std::string tried; ///< it, or the nearest existing parent, as an absolute path
	std::string error; ///< "": the file could be written
	std::uint64_t freeBytes = 0, writtenBytes = 0;
	double seconds = 0;
	bool exists = false;	///< the asked directory exists
	bool elsewhere = false; ///< no command makes it writable
};

struct ServerFacts {
	net::ServerProbe probe;
	bool upgraded = false; ///< a WebSocket was opened
	std::string upgradeError;
	bool answered = false;	///< it said something a room service says
	int code = 0;		///< of that
	std::string message;	///< of that, or what it said instead
	bool withProof = false; ///< our UserSig went with it
};

struct ProofFacts {
	bool claimsRead = false;
	std::string userId;
	std::uint32_t sdkAppId = 0;
	std::int64_t signedAt = 0, expiresAt = 0; ///< Unix seconds
	bool ticket = false;			  ///< it is a PrivateMapKey
	std::string problem;			  ///< why it cannot be read, or that the key did not make it
	bool keyUsable = false;			  ///< the agent can sign for itself
};

struct Facts {
	bool root = false;
	std::string user; ///< who runs this, for `usermod`
	std::string gstreamerVersion, gstreamerError;
	bool gstreamerOld = false;
	std::vector<PluginFact> plugins;
	std::vector<CodecFact> codecs;
	std::vector<DeviceFact> devices;
	std::string display; ///< DISPLAY or WAYLAND_DISPLAY
	std::vector<PlaceFact> places;
	SocketFacts sockets;
	PortFact port;
	ClockFacts clock;
	DiskFacts disk;
	ServerFacts server;
	ProofFacts proof;
};

} // namespace trtc::doctor
