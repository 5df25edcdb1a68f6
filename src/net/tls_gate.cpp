// SPDX-License-Identifier: MIT
#include "net/tls_gate.h"

#include "glib/main_context.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace trtc::net {

namespace {

/// RFC 8446 5.1: type, version, length; then at most this many bytes.
constexpr std::size_t kRecordHeader = 5, kMaxRecord = 16384;
constexpr unsigned char kHandshakeRecord = 22;

enum class FirstRecord { Whole, Partial, None };

/// Looks at what has come, and has the kernel wake us only when the rest of the record is there.
FirstRecord lookAtFirstRecord(int fd)
{
	std::array<unsigned char, kRecordHeader + kMaxRecord> bytes;
	const auto got = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? FirstRecord::Partial : FirstRecord::None;
	const auto size = static_cast<std::size_t>(got);
	if (size == 0 || bytes[0] != kHandshakeRecord)
		return FirstRecord::None;
	std::size_t wanted = kRecordHeader;
	if (size >= kRecordHeader) {
		wanted += static_cast<std::size_t>(bytes[3] << 8 | bytes[4]);
		if (wanted > bytes.size())
			return FirstRecord::None;
	}
	const bool whole = size >= kRecordHeader && size >= wanted;
	const int wake = whole ? 1 : static_cast<int>(wanted);
	int before = 0;
	socklen_t length = sizeof before;
	::getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &before, &length);
	::setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &wake, sizeof wake);
	// Woken for these bytes and still without them: the peer has closed its side.
	if (!whole && before == wake)
		return FirstRecord::None;
	return whole ? FirstRecord::Whole : FirstRecord::Partial;
}

/// Nobody's certificate is asked for, so no list of authorities is needed: by default each connection loads the system's own
/// into credentials of its own: 3.7 MB, measured with 300 of them.
glib::ObjectPtr<GIOStream> serverStream(GSocketConnection *connection, GTlsCertificate *certificate)
{
	glib::ErrorSlot error;
	auto *made = g_initable_new(g_tls_backend_get_server_connection_type(g_tls_backend_get_default()), nullptr,
				    error.out(), "base-io-stream", connection, "certificate", certificate, "database",
				    nullptr, nullptr);
	return made ? glib::ObjectPtr<GIOStream>::adopt(G_IO_STREAM(made)) : glib::ObjectPtr<GIOStream> {};
}

} // namespace

TlsGate::TlsGate(MainLoop &loop, glib::ObjectPtr<GTlsCertificate> certificate, Limits limits)
	: loop_(loop), certificate_(std::move(certificate)), limits_(limits)
{
}

TlsGate::~TlsGate()
{
	for (const auto &[id, entry] : entries_)
		g_socket_shutdown(g_socket_connection_get_socket(entry->connection.get()), TRUE, TRUE, nullptr);
}

void TlsGate::enter(glib::ObjectPtr<GSocketConnection> connection, std::string address, Done done)
{
	auto entry = std::make_unique<Entry>();
	entry->id = ++lastId_;
	entry->connection = std::move(connection);
	entry->address = std::move(address);
	entry->done = std::move(done);
	const auto fd = g_socket_get_fd(g_socket_connection_get_socket(entry->connection.get()));
	entry->readable = glib::watchReadable(loop_, fd, [this, id = entry->id] {
		look(id);
		return true;
	});
	entries_[entry->id] = std::move(entry);
}

void TlsGate::look(std::uint64_t id)
{
	auto &entry = *entries_.at(id);
	switch (lookAtFirstRecord(g_socket_get_fd(g_socket_connection_get_socket(entry.connection.get())))) {
	case FirstRecord::Partial:
		return;
	case FirstRecord::None:
		return end(id, {});
	case FirstRecord::Whole:
		entry.readable.reset();
		ready_.push_back(id);
		return begin();
	}
}

void TlsGate::begin()
{
	// In order, except that one address does not hold up the others.
	for (std::size_t i = 0; i < ready_.size() && running_ < limits_.handshakes;) {
		auto &entry = *entries_.at(ready_[i]);
		if (const auto of = byAddress_.find(entry.address);
		    of != byAddress_.end() && of->second >= limits_.handshakesPerAddress) {
			++i;
			continue;
		}
		ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(i));
		++byAddress_[entry.address];
		++running_;
		entry.counted = true;
		const auto stream = serverStream(entry.connection.get(), certificate_.get());
		if (!stream) {
			loop_.post([self = std::weak_ptr(self_), id = entry.id] {
				if (const auto gate = self.lock())
					(*gate)->end(id, {});
			});
			continue;
		}
		auto *socket = g_socket_connection_get_socket(entry.connection.get());
		entry.deadline = loop_.after(limits_.handshakeTime,
					     [socket] { g_socket_shutdown(socket, TRUE, TRUE, nullptr); });
		g_tls_connection_handshake_async(G_TLS_CONNECTION(stream.get()), G_PRIORITY_DEFAULT, nullptr,
						 handshakeEnded, new Running { self_, entry.id });
	}
}

void TlsGate::handshakeEnded(GObject *source, GAsyncResult *result, gpointer data) noexcept
{
	const std::unique_ptr<Running> running(static_cast<Running *>(data));
	glib::ErrorSlot error;
	const bool fine = g_tls_connection_handshake_finish(G_TLS_CONNECTION(source), result, error.out());
	if (const auto gate = running->gate.lock())
		(*gate)->end(running->id, fine ? glib::ObjectPtr<GIOStream>::share(G_IO_STREAM(source))
					       : glib::ObjectPtr<GIOStream> {});
}

void TlsGate::end(std::uint64_t id, glib::ObjectPtr<GIOStream> stream)
{
	const auto found = entries_.find(id);
	if (found == entries_.end())
		return;
	const auto entry = std::move(found->second);
	entries_.erase(found);
	if (const auto of = byAddress_.find(entry->address); of != byAddress_.end() && entry->counted) {
		--running_;
		if (--of->second == 0)
			byAddress_.erase(of);
	}
	entry->deadline.reset();
	entry->readable.reset();
	entry->done(std::move(stream));
	begin();
}

} // namespace trtc::net
