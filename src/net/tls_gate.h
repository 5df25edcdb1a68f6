// SPDX-License-Identifier: MIT
#pragma once

#include "glib/pointer.h"

#include <trtc/main_loop.h>

#include <gio/gio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace trtc::net {

/// Makes TLS streams of accepted connections. A handshake occupies a thread of GIO and some memory, so it begins only when the
/// client's first record has come in whole, and only some run at a time; the others wait for their turn, in order. A client that
/// says nothing, or half a record, costs its socket. Thread-bound.
class TlsGate {
public:
	struct Limits {
		/// Handshakes at a time: each has a thread until it ends.
		std::size_t handshakes = 64;
		/// Of them, of one address.
		std::size_t handshakesPerAddress = 16;
		/// Longer than this no handshake takes: three round trips of a satellite link.
		std::chrono::milliseconds handshakeTime { 5'000 };
	};
	/// The stream, or null when there was no handshake. Called once, not inside enter().
	using Done = std::function<void(glib::ObjectPtr<GIOStream>)>;

	TlsGate(MainLoop &loop, glib::ObjectPtr<GTlsCertificate> certificate, Limits limits);
	~TlsGate();
	/// @p connection should be shut down from outside when it takes too long: its peer then is told to have gone.
	void enter(glib::ObjectPtr<GSocketConnection> connection, std::string address, Done done);

private:
	struct Entry {
		std::uint64_t id = 0;
		glib::ObjectPtr<GSocketConnection> connection;
		std::string address;
		Done done;
		SourceHandle readable, deadline;
		bool counted = false; // its handshake runs
	};
	/// What a handshake that is running knows of us. Freed by its callback.
	struct Running {
		std::weak_ptr<TlsGate *> gate;
		std::uint64_t id;
	};
	static void handshakeEnded(GObject *source, GAsyncResult *result, gpointer data) noexcept;
	void look(std::uint64_t id);
	void begin();
	void end(std::uint64_t id, glib::ObjectPtr<GIOStream> stream);

	MainLoop &loop_;
	glib::ObjectPtr<GTlsCertificate> certificate_;
	Limits limits_;
	std::map<std::uint64_t, std::unique_ptr<Entry>> entries_;
	std::deque<std::uint64_t> ready_; ///< their first record is there
	std::map<std::string, std::size_t> byAddress_;
	std::size_t running_ = 0;
	std::uint64_t lastId_ = 0;
	std::shared_ptr<TlsGate *> self_ = std::make_shared<TlsGate *>(this);
};

} // namespace trtc::net
