// SPDX-License-Identifier: MIT
#include "cli/control/control_socket.h"

#include "cli/control/line_reader.h"
#include "glib/main_context.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// How long a connection may refuse to read what waits for it.
constexpr auto kUnreadLimit = 10s;
/// How long nobody is accepted when the process has no descriptor left.
constexpr auto kExhaustedPause = 1s;
constexpr std::size_t kReadBytes = 4096;

bool mayConnect(int fd)
{
	ucred peer {};
	socklen_t size = sizeof(peer);
	return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == ::geteuid() || peer.uid == 0);
}

} // namespace

struct ControlSocket::Impl : std::enable_shared_from_this<Impl> {
	struct Connection {
		explicit Connection(Descriptor descriptor, LineReader::Handler handler)
			: fd(std::move(descriptor)), lines(std::move(handler))
		{
		}
		Descriptor fd;
		LineReader lines;
		std::string taken;  // read, but not yet cut into lines
		std::string unread; // what the other end has not taken yet
		std::size_t waiting = 0;
		std::chrono::steady_clock::time_point lastUse = std::chrono::steady_clock::now();
		bool ended = false; // the other end says nothing more
		SourceHandle readable, writable, deadline;
	};

	Impl(MainLoop &loop_, std::string path, Handler handler_)
		: loop(loop_), handler(std::move(handler_)), address(std::move(path))
	{
		::fcntl(address.fd(), F_SETFL, O_NONBLOCK);
	}

	void listen()
	{
		pause.reset();
		acceptable = glib::watchReadable(loop, address.fd(), [this] { return accept(); });
	}

	bool accept()
	{
		Descriptor fd(::accept4(address.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
		if (!fd) {
			if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
				return true;
			spdlog::warn("control socket: cannot accept connections for now: {}", std::strerror(errno));
			pause = loop.after(kExhaustedPause, [this] { listen(); });
			return false;
		}
		if (!mayConnect(fd.get())) {
			spdlog::warn("control socket: refused a connection of another user");
			return true;
		}
		if (connections.size() >= kMaxConnections && !dropIdle()) {
			spdlog::warn("control socket: refused a connection: {} are open, which is the limit",
				     connections.size());
			return true;
		}
		const auto id = ++lastId;
		connections.emplace(id, std::make_unique<Connection>(std::move(fd),
								     [this, id](std::string_view line, bool tooLong) {
									     onLine(id, line, tooLong);
								     }));
		watch(id);
		return true;
	}

	/// Connections that are held open and ask for nothing do not lock others out. False: none is like that.
	bool dropIdle()
	{
		auto oldest = connections.end();
		for (auto each = connections.begin(); each != connections.end(); ++each) {
			const auto &[id, one] = *each;
			if (one->waiting == 0 && one->unread.empty() && one->taken.empty() &&
			    (oldest == connections.end() || one->lastUse < oldest->second->lastUse))
				oldest = each;
		}
		if (oldest == connections.end())
			return false;
		drop(oldest->first, "was idle, and another one came at the limit");
		return true;
	}

	Connection *find(std::uint64_t id)
	{
		const auto found = connections.find(id);
		return found == connections.end() ? nullptr : found->second.get();
	}

	void watch(std::uint64_t id)
	{
		auto &connection = *connections.at(id);
		connection.readable = glib::watchReadable(loop, connection.fd.get(), [this, id] { return read(id); });
	}

	bool read(std::uint64_t id)
	{
		auto *connection = find(id);
		if (!connection)
			return false;
		char buffer[kReadBytes];
		const auto got = ::recv(connection->fd.get(), buffer, sizeof(buffer), 0);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			return true;
		if (got < 0) {
			connections.erase(id);
			return false;
		}
		connection->lastUse = std::chrono::steady_clock::now();
		connection->ended = got == 0;
		connection->taken.append(buffer, static_cast<std::size_t>(got));
		return take(id);
	}

	/// Hands over lines for as long as the connection may have more commands waiting. True: read on.
	bool take(std::uint64_t id)
	{
		auto &connection = *connections.at(id);
		while (connection.waiting < kMaxWaiting && !connection.taken.empty()) {
			const auto feed = connection.taken.find('\n');
			const auto part = connection.taken.substr(0, feed == std::string::npos ? feed : feed + 1);
			connection.taken.erase(0, part.size());
			connection.lines.feed(part);
		}
		if (connection.ended && connection.taken.empty())
			connection.lines.end();
		closeIfDone(id);
		return find(id) && !connection.ended && connection.waiting < kMaxWaiting;
	}

	void onLine(std::uint64_t id, std::string_view line, bool tooLong)
	{
		auto &connection = *connections.at(id);
		if (handler(line, tooLong, [weak = weak_from_this(), id](std::string_view text) {
			    if (const auto self = weak.lock())
				    self->answer(id, text);
		    }))
			++connection.waiting;
	}

	void answer(std::uint64_t id, std::string_view text)
	{
		auto *connection = find(id);
		if (!connection)
			return;
		connection->lastUse = std::chrono::steady_clock::now();
		const bool full = connection->waiting >= kMaxWaiting;
		--connection->waiting;
		if (!write(id, text))
			return;
		if (full)
			loop.post([weak = weak_from_this(), id] {
				const auto self = weak.lock();
				if (self && self->find(id) && self->take(id))
					self->watch(id);
			});
		closeIfDone(id);
	}

	/// False: the connection is gone.
	bool write(std::uint64_t id, std::string_view text)
	{
		auto &connection = *connections.at(id);
		connection.unread += text;
		while (!connection.unread.empty()) {
			const auto sent = ::send(connection.fd.get(), connection.unread.data(),
						 connection.unread.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
			if (sent >= 0) {
				connection.unread.erase(0, static_cast<std::size_t>(sent));
				connection.deadline.reset();
				continue;
			}
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN || connection.unread.size() > kMaxUnread) {
				drop(id, "does not read its answers");
				return false;
			}
			break;
		}
		if (connection.unread.empty()) {
			connection.writable.reset();
			return true;
		}
		if (!connection.deadline)
			connection.deadline =
				loop.after(kUnreadLimit, [this, id] { drop(id, "does not read its answers"); });
		if (!connection.writable)
			connection.writable = glib::watchWritable(loop, connection.fd.get(), [this, id] {
				if (!find(id) || !write(id, {}))
					return false;
				closeIfDone(id);
				return find(id) != nullptr;
			});
		return true;
	}

	void drop(std::uint64_t id, const char *why)
	{
		spdlog::info("control socket: a connection was closed: it {}", why);
		connections.erase(id);
	}

	void closeIfDone(std::uint64_t id)
	{
		if (const auto *connection = find(id); connection && connection->ended && connection->taken.empty() &&
						       connection->waiting == 0 && connection->unread.empty())
			connections.erase(id);
	}

	MainLoop &loop;
	Handler handler;
	ControlAddress address;
	SourceHandle acceptable, pause;
	std::uint64_t lastId = 0;
	std::map<std::uint64_t, std::unique_ptr<Connection>> connections;
};

ControlSocket::ControlSocket(MainLoop &loop, std::string path, Handler handler)
	: impl_(std::make_shared<Impl>(loop, std::move(path), std::move(handler)))
{
	impl_->listen();
}

ControlSocket::~ControlSocket() = default;

const std::string &ControlSocket::path() const noexcept { return impl_->address.path(); }

} // namespace trtc::cli
