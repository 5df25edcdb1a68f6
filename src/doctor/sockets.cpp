// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

namespace trtc::doctor {

namespace {

class Socket {
public:
	Socket(int family, int type) : fd_(::socket(family, type | SOCK_CLOEXEC, 0)) {}
	~Socket()
	{
		if (fd_ >= 0)
			::close(fd_);
	}
	Socket(const Socket &) = delete;
	Socket &operator=(const Socket &) = delete;
	int get() const noexcept { return fd_; }

private:
	int fd_;
};

/// One datagram through loopback: media takes no other way.
std::string udpProblem()
{
	const Socket receiver(AF_INET, SOCK_DGRAM), sender(AF_INET, SOCK_DGRAM);
	sockaddr_in address {};
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t size = sizeof(address);
	auto *raw = reinterpret_cast<sockaddr *>(&address);
	if (receiver.get() < 0 || sender.get() < 0)
		return fmt::format("no UDP socket can be created: {}", std::strerror(errno));
	if (::bind(receiver.get(), raw, size) != 0 || ::getsockname(receiver.get(), raw, &size) != 0)
		return fmt::format("no UDP port on 127.0.0.1 can be opened: {}", std::strerror(errno));
	if (::sendto(sender.get(), "trtc", 4, 0, raw, size) != 4)
		return fmt::format("no datagram can be sent to 127.0.0.1: {}", std::strerror(errno));
	pollfd poll { receiver.get(), POLLIN, 0 };
	char back[8];
	if (::poll(&poll, 1, 1000) != 1 || ::recv(receiver.get(), back, sizeof(back), MSG_DONTWAIT) != 4)
		return "a datagram to 127.0.0.1 does not arrive: a packet filter drops it";
	return {};
}

bool hasIpv6()
{
	const Socket probe(AF_INET6, SOCK_DGRAM);
	sockaddr_in6 address {};
	address.sin6_family = AF_INET6;
	address.sin6_addr = in6addr_loopback;
	return probe.get() >= 0 &&
	       ::bind(probe.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0;
}

std::vector<std::string> addresses()
{
	std::vector<std::string> found;
	ifaddrs *list = nullptr;
	if (::getifaddrs(&list) != 0)
		return found;
	for (const auto *each = list; each; each = each->ifa_next) {
		if (!each->ifa_addr || (each->ifa_flags & IFF_LOOPBACK) || !(each->ifa_flags & IFF_UP))
			continue;
		char text[INET6_ADDRSTRLEN] = "";
		if (each->ifa_addr->sa_family == AF_INET) {
			::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in *>(each->ifa_addr)->sin_addr, text,
				    sizeof(text));
		} else if (each->ifa_addr->sa_family == AF_INET6) {
			const auto &six = reinterpret_cast<const sockaddr_in6 *>(each->ifa_addr)->sin6_addr;
			if (!IN6_IS_ADDR_LINKLOCAL(&six))
				::inet_ntop(AF_INET6, &six, text, sizeof(text));
		}
		if (*text)
			found.push_back(fmt::format("{} {}", each->ifa_name, text));
	}
	::freeifaddrs(list);
	return found;
}

/// Inodes of the sockets that listen on a port, of any address.
std::set<std::string> listeners(std::uint16_t port)
{
	std::set<std::string> inodes;
	for (const char *table : { "/proc/net/tcp", "/proc/net/tcp6" }) {
		std::ifstream file(table);
		std::string line;
		std::getline(file, line);
		while (std::getline(file, line)) {
			// sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
			std::istringstream words(line);
			std::string slot, local, remote, state, queues, timer, again, uid, timeout, inode;
			words >> slot >> local >> remote >> state >> queues >> timer >> again >> uid >> timeout >>
				inode;
			const auto colon = local.rfind(':');
			if (state == "0A" && colon != std::string::npos &&
			    std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port)
				inodes.insert("socket:[" + inode + "]");
		}
	}
	return inodes;
}

/// Who has one of these sockets; other users' processes may not be looked at.
void findOwner(const std::set<std::string> &inodes, PortFact &fact)
{
	std::error_code error;
	for (const auto &process : std::filesystem::directory_iterator("/proc", error)) {
		const auto pid = process.path().filename().string();
		if (pid.find_first_not_of("0123456789") != std::string::npos)
			continue;
		std::error_code denied;
		for (auto it = std::filesystem::directory_iterator(process.path() / "fd", denied);
		     !denied && it != std::filesystem::directory_iterator(); it.increment(denied)) {
			std::error_code gone;
			const auto target = std::filesystem::read_symlink(it->path(), gone).string();
			if (gone || !inodes.count(target))
				continue;
			std::ifstream name(process.path() / "comm");
			std::getline(name, fact.owner);
			fact.pid = std::strtoll(pid.c_str(), nullptr, 10);
			return;
		}
	}
}

std::string place(const Settings &settings)
{
	const bool v6 = settings.listenHost.find(':') != std::string::npos;
	return fmt::format("{}{}{}:{}", v6 ? "[" : "", settings.listenHost, v6 ? "]" : "", settings.listenPort);
}

} // namespace

void lookAtSockets(MainLoop &, const Settings &, Facts &facts)
{
	facts.sockets.udpError = udpProblem();
	facts.sockets.ipv6 = hasIpv6();
	facts.sockets.addresses = addresses();
}

void judgeSockets(const Settings &settings, const Facts &facts, Findings &findings)
{
	const auto &sockets = facts.sockets;
	if (sockets.udpError.empty())
		findings.ok("udp", "a datagram goes through loopback");
	else
		findings.fail("udp", fmt::format("{}; check the packet filter", sockets.udpError),
			      findings.asRoot("nft list ruleset"));
	std::string list;
	for (const auto &address : sockets.addresses)
		list += (list.empty() ? "" : ", ") + address;
	const auto six = sockets.ipv6 ? "IPv6 is available" : "no IPv6, IPv4 is used";
	const bool far = settings.serverNamed && facts.server.probe.host != "127.0.0.1" &&
			 settings.server.find("//localhost") == std::string::npos &&
			 settings.server.find("//127.") == std::string::npos &&
			 settings.server.find("//[::1]") == std::string::npos;
	if (!list.empty())
		findings.ok("network", fmt::format("{}; {}", list, six));
	else if (far)
		findings.warn("network", "only the loopback interface is up: the server cannot be reached",
			      findings.asRoot("ip link"));
	else
		findings.ok(
			"network",
			fmt::format("only the loopback interface is up: only rooms on this machine can be reached; {}",
				    six));
}

void lookAtPort(MainLoop &, const Settings &settings, Facts &facts)
{
	auto &fact = facts.port;
	addrinfo hints {};
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
	addrinfo *raw = nullptr;
	const auto host = settings.listenHost == "localhost" ? std::string("127.0.0.1") : settings.listenHost;
	if (::getaddrinfo(host.c_str(), std::to_string(settings.listenPort).c_str(), &hints, &raw) != 0) {
		fact.free = false;
		fact.error = EADDRNOTAVAIL;
		return;
	}
	const std::unique_ptr<addrinfo, void (*)(addrinfo *)> address(raw, &::freeaddrinfo);
	const Socket socket(address->ai_family, SOCK_STREAM);
	const int yes = 1; // as the service does: connections of a former one do not count
	if (socket.get() < 0 || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    ::bind(socket.get(), address->ai_addr, address->ai_addrlen) != 0 || ::listen(socket.get(), 1) != 0) {
		fact.free = false;
		fact.error = errno;
	}
	if (fact.error != EADDRINUSE)
		return;
	findOwner(listeners(settings.listenPort), fact);
	const auto probe = net::probeServer(fmt::format("ws://{}", place(settings)), {}, std::chrono::seconds(2));
	fact.ourService = probe.httpStatus == 200 && probe.healthz == "ok\n";
}

void judgePort(const Settings &settings, const Facts &facts, Findings &findings)
{
	const auto &port = facts.port;
	const auto name = fmt::format("port {}", settings.listenPort);
	const auto owner =
		port.pid ? fmt::format("{} (pid {})", port.owner, port.pid) : std::string("a program of another user");
	const auto elsewhere = fmt::format("trtc-cli serve --listen {}",
					   settings.listenHost == "127.0.0.1" ? "127.0.0.1:0" : "127.0.0.1:8687");
	if (port.free)
		findings.ok(name, fmt::format("{} is free for trtc-cli serve", place(settings)));
	else if (port.ourService)
		findings.ok(name, fmt::format("a room service listens on {}: {}", place(settings), owner));
	else if (port.error == EADDRINUSE)
		findings.warn(
			name,
			fmt::format("{} is in use by {}; let the service pick another port", place(settings), owner),
			elsewhere);
	else if (port.error == EACCES)
		findings.warn(name,
			      fmt::format("{} is not allowed for user {}: ports below 1024 require root",
					  place(settings), facts.user),
			      elsewhere);
	else
		findings.warn(
			name,
			fmt::format("the service cannot listen on {}: {}", place(settings), std::strerror(port.error)),
			elsewhere);
}

} // namespace trtc::doctor
