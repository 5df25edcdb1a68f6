// SPDX-License-Identifier: MIT
#include "net/tls_files.h"

#include "base/refuse.h"
#include "glib/pointer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <unistd.h>

namespace trtc::net {

namespace {

void checkReadable(const char *what, const char *option, const std::string &path)
{
	if (::access(path.c_str(), R_OK) != 0)
		refuse(fmt::format("TLS {} {} cannot be read: {}; name a PEM file with {}", what, path,
				   std::strerror(errno), option));
}

glib::ObjectPtr<GIOStream> streamOf(int descriptor)
{
	glib::ErrorSlot error;
	const auto socket = glib::ObjectPtr<GSocket>::adopt(g_socket_new_from_fd(descriptor, error.out()));
	if (!socket) {
		::close(descriptor);
		throw Exception(ErrorCode::Internal, fmt::format("a socket pair cannot be used: {}", error.message()));
	}
	g_socket_set_timeout(socket.get(), 5);
	return glib::ObjectPtr<GIOStream>::adopt(
		G_IO_STREAM(g_socket_connection_factory_create_connection(socket.get())));
}

/// Empty when both ends agree.
std::string tryHandshake(GTlsCertificate *certificate)
{
	int ends[2];
	if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		throw Exception(ErrorCode::Internal, fmt::format("no socket pair: {}", std::strerror(errno)));
	const auto ours = streamOf(ends[0]), theirs = streamOf(ends[1]);
	glib::ErrorSlot error;
	const auto server =
		glib::ObjectPtr<GIOStream>::adopt(g_tls_server_connection_new(ours.get(), certificate, error.out()));
	if (!server)
		return error.message();
	const auto client =
		glib::ObjectPtr<GIOStream>::adopt(g_tls_client_connection_new(theirs.get(), nullptr, error.out()));
	if (!client)
		return error.message();
	// Only whether the two fit each other is asked, not whom they belong to.
	g_signal_connect(client.get(), "accept-certificate",
			 G_CALLBACK(+[](GTlsConnection *, GTlsCertificate *, GTlsCertificateFlags,
					gpointer) noexcept -> gboolean { return TRUE; }),
			 nullptr);
	std::string answered;
	std::thread other([&] {
		glib::ErrorSlot failure;
		if (!g_tls_connection_handshake(G_TLS_CONNECTION(client.get()), nullptr, failure.out()))
			answered = failure.message();
		// Whoever waits for us is to know.
		if (!answered.empty())
			::shutdown(ends[1], SHUT_RDWR);
	});
	const bool fine = g_tls_connection_handshake(G_TLS_CONNECTION(server.get()), nullptr, error.out());
	if (!fine)
		::shutdown(ends[0], SHUT_RDWR);
	other.join();
	return fine ? answered : error.message();
}

void warnOfTime(const std::string &path, GTlsCertificate *certificate)
{
	struct Unref {
		void operator()(GDateTime *time) const noexcept { g_date_time_unref(time); }
	};
	using Time = std::unique_ptr<GDateTime, Unref>;
	const Time now(g_date_time_new_now_utc()), from(g_tls_certificate_get_not_valid_before(certificate)),
		until(g_tls_certificate_get_not_valid_after(certificate));
	const auto text = [](GDateTime *time) {
		return std::string(glib::CharPtr(g_date_time_format_iso8601(time)).get());
	};
	if (until && g_date_time_compare(now.get(), until.get()) > 0)
		spdlog::warn("TLS certificate {} expired at {}: clients will refuse it", path, text(until.get()));
	else if (from && g_date_time_compare(now.get(), from.get()) < 0)
		spdlog::warn("TLS certificate {} is valid from {} only: until then clients will refuse it", path,
			     text(from.get()));
}

} // namespace

glib::ObjectPtr<GTlsCertificate> loadCertificate(const TlsFiles &files)
{
	checkReadable("certificate", "--tls-cert", files.certificate);
	checkReadable("key", "--tls-key", files.key);
	glib::ErrorSlot error;
	auto certificate = glib::ObjectPtr<GTlsCertificate>::adopt(
		g_tls_certificate_new_from_files(files.certificate.c_str(), files.key.c_str(), error.out()));
	if (!certificate)
		refuse(fmt::format("TLS certificate {} with key {} cannot be used: {}; both must be PEM, and the key "
				   "must have no password",
				   files.certificate, files.key, error.message()));
	if (const auto why = tryHandshake(certificate.get()); !why.empty())
		refuse(fmt::format(
			"TLS key {} does not belong to the certificate {}: {}; name the key of the certificate",
			files.key, files.certificate, why));
	warnOfTime(files.certificate, certificate.get());
	return certificate;
}

} // namespace trtc::net
