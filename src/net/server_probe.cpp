// SPDX-License-Identifier: MIT
#include "net/server_probe.h"

#include "glib/pointer.h"
#include "net/uri.h"

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <fmt/format.h>

#include <condition_variable>
#include <ctime>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

namespace trtc::net {

namespace {

using Step = ServerProbe::Step;

constexpr std::size_t kMaxAnswerBytes = 16 * 1024;

/// Cancels everything that was given its cancellable when the time is over. GIO's own timeouts are for one step each, and
/// looking up a name knows none.
class Deadline {
public:
	explicit Deadline(std::chrono::milliseconds limit)
		: cancellable_(glib::ObjectPtr<GCancellable>::adopt(g_cancellable_new())), thread_([this, limit] {
			  std::unique_lock lock(mutex_);
			  if (!over_.wait_for(lock, limit, [this] { return done_; }))
				  g_cancellable_cancel(cancellable_.get());
		  })
	{
	}
	~Deadline()
	{
		{
			std::lock_guard lock(mutex_);
			done_ = true;
		}
		over_.notify_one();
		thread_.join();
	}
	Deadline(const Deadline &) = delete;
	Deadline &operator=(const Deadline &) = delete;
	GCancellable *get() const noexcept { return cancellable_.get(); }

private:
	glib::ObjectPtr<GCancellable> cancellable_;
	std::mutex mutex_;
	std::condition_variable over_;
	bool done_ = false;
	std::thread thread_; // last: it uses the others
};

/// One probe on its way.
struct Walk {
	ServerProbe &probe;
	Deadline &deadline;
	std::chrono::milliseconds limit;

	/// False, so that a step can end with it.
	bool failed(Step step, std::string why)
	{
		probe.reached = step;
		probe.error = g_cancellable_is_cancelled(deadline.get())
				      ? fmt::format("no answer within {} ms", limit.count())
				      : std::move(why);
		return false;
	}
};

bool parseUrl(Walk &walk, const std::string &url)
{
	glib::ErrorSlot error;
	const UriPtr uri(g_uri_parse(url.c_str(), G_URI_FLAGS_NONE, error.out()));
	const std::string_view scheme = uri ? g_uri_get_scheme(uri.get()) : "";
	const auto *host = uri ? g_uri_get_host(uri.get()) : nullptr;
	if ((scheme != "ws" && scheme != "wss") || !host || !*host)
		return walk.failed(Step::Url, error ? error.message() : "not ws://HOST:PORT or wss://HOST:PORT");
	auto &probe = walk.probe;
	probe.tls = scheme == "wss";
	probe.host = host;
	const int port = g_uri_get_port(uri.get());
	probe.port = static_cast<std::uint16_t>(port > 0 ? port : probe.tls ? 443 : 80);
	return true;
}

/// The proxy that GIO would take, as the WebSocket does.
bool findProxy(Walk &walk)
{
	auto &probe = walk.probe;
	if (isLoopback(probe.host))
		return true;
	glib::ErrorSlot error;
	const bool v6 = probe.host.find(':') != std::string::npos;
	const auto uri = fmt::format("{}://{}{}{}:{}", probe.tls ? "https" : "http", v6 ? "[" : "", probe.host,
				     v6 ? "]" : "", probe.port);
	const std::unique_ptr<gchar *, void (*)(gchar **)> found(
		g_proxy_resolver_lookup(g_proxy_resolver_get_default(), uri.c_str(), walk.deadline.get(), error.out()),
		&g_strfreev);
	if (!found)
		return walk.failed(Step::Proxy, error.message());
	if (found.get()[0] && std::string_view(found.get()[0]) != "direct://") {
		// A password in it is nobody's business.
		const std::string text = found.get()[0];
		const auto scheme = text.find("://"), at = text.rfind('@');
		probe.proxy = at == std::string::npos || scheme == std::string::npos
				      ? text
				      : text.substr(0, scheme + 3) + text.substr(at + 1);
	}
	return true;
}

bool resolve(Walk &walk)
{
	auto &probe = walk.probe;
	if (!probe.proxy.empty())
		return true; // it looks the name up for us
	glib::ErrorSlot error;
	auto resolver = glib::ObjectPtr<GResolver>::adopt(g_resolver_get_default());
	auto *list = g_resolver_lookup_by_name(resolver.get(), probe.host.c_str(), walk.deadline.get(), error.out());
	if (!list)
		return walk.failed(Step::Resolve, error.message());
	for (auto *each = list; each; each = each->next) {
		const glib::CharPtr text(g_inet_address_to_string(G_INET_ADDRESS(each->data)));
		probe.addresses.emplace_back(text.get());
	}
	g_resolver_free_addresses(list);
	return true;
}

glib::ObjectPtr<GIOStream> connect(Walk &walk)
{
	auto &probe = walk.probe;
	auto client = glib::ObjectPtr<GSocketClient>::adopt(g_socket_client_new());
	if (isLoopback(probe.host))
		g_socket_client_set_enable_proxy(client.get(), FALSE);
	const auto start = std::chrono::steady_clock::now();
	glib::ErrorSlot error;
	auto *raw = g_socket_client_connect_to_host(client.get(), probe.host.c_str(), probe.port, walk.deadline.get(),
						    error.out());
	if (!raw) {
		walk.failed(Step::Connect, error.message());
		return {};
	}
	probe.connectTime =
		std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
	return glib::ObjectPtr<GIOStream>::adopt(G_IO_STREAM(raw));
}

std::int64_t unixSeconds(GDateTime *time)
{
	if (!time)
		return 0;
	const auto seconds = g_date_time_to_unix(time);
	g_date_time_unref(time);
	return seconds;
}

CertificateInfo describe(GTlsCertificate *certificate)
{
	CertificateInfo info;
	const auto text = [](char *raw) {
		const glib::CharPtr owned(raw);
		return std::string(owned ? owned.get() : "");
	};
	info.subject = text(g_tls_certificate_get_subject_name(certificate));
	info.issuer = text(g_tls_certificate_get_issuer_name(certificate));
	info.notBefore = unixSeconds(g_tls_certificate_get_not_valid_before(certificate));
	info.notAfter = unixSeconds(g_tls_certificate_get_not_valid_after(certificate));
	if (auto *names = g_tls_certificate_get_dns_names(certificate)) {
		for (guint i = 0; i < names->len; ++i) {
			gsize size = 0;
			const auto *data = g_bytes_get_data(static_cast<GBytes *>(g_ptr_array_index(names, i)), &size);
			info.names.emplace_back(static_cast<const char *>(data), size);
		}
		g_ptr_array_unref(names);
	}
	if (auto *addresses = g_tls_certificate_get_ip_addresses(certificate)) {
		for (guint i = 0; i < addresses->len; ++i)
			info.names.push_back(text(g_inet_address_to_string(
				static_cast<GInetAddress *>(g_ptr_array_index(addresses, i)))));
		g_ptr_array_unref(addresses);
	}
	return info;
}

gboolean noteCertificate(GTlsConnection *, GTlsCertificate *, GTlsCertificateFlags flags, gpointer data) noexcept
{
	auto &faults = *static_cast<ServerProbe::TlsFaults *>(data);
	faults.unknownAuthority = flags & G_TLS_CERTIFICATE_UNKNOWN_CA;
	faults.otherName = flags & G_TLS_CERTIFICATE_BAD_IDENTITY;
	faults.notYetValid = flags & G_TLS_CERTIFICATE_NOT_ACTIVATED;
	faults.expired = flags & G_TLS_CERTIFICATE_EXPIRED;
	faults.revoked = flags & G_TLS_CERTIFICATE_REVOKED;
	faults.weak = flags & G_TLS_CERTIFICATE_INSECURE;
	faults.other = flags & G_TLS_CERTIFICATE_GENERIC_ERROR;
	return TRUE; // nothing secret follows
}

const char *protocolName(GTlsProtocolVersion version)
{
	switch (version) {
	case G_TLS_PROTOCOL_VERSION_TLS_1_0:
		return "TLS 1.0";
	case G_TLS_PROTOCOL_VERSION_TLS_1_1:
		return "TLS 1.1";
	case G_TLS_PROTOCOL_VERSION_TLS_1_2:
		return "TLS 1.2";
	case G_TLS_PROTOCOL_VERSION_TLS_1_3:
		return "TLS 1.3";
	default:
		return "TLS";
	}
}

bool secure(Walk &walk, glib::ObjectPtr<GIOStream> &stream, const std::string &caFile)
{
	auto &probe = walk.probe;
	glib::ErrorSlot error;
	auto identity =
		glib::ObjectPtr<GSocketConnectable>::adopt(g_network_address_new(probe.host.c_str(), probe.port));
	auto *raw = g_tls_client_connection_new(stream.get(), identity.get(), error.out());
	if (!raw)
		return walk.failed(Step::Tls, error.message());
	auto tls = glib::ObjectPtr<GTlsConnection>::adopt(G_TLS_CONNECTION(raw));
	if (!caFile.empty()) {
		// Relative to the folder we are in; left so, GLib warns of it and trusts nobody.
		const glib::CharPtr path(g_canonicalize_filename(caFile.c_str(), nullptr));
		const auto database =
			glib::ObjectPtr<GTlsDatabase>::adopt(g_tls_file_database_new(path.get(), error.out()));
		if (!database)
			return walk.failed(Step::Tls,
					   fmt::format("CA file {} cannot be used: {}", caFile, error.message()));
		g_tls_connection_set_database(tls.get(), database.get());
	}
	const glib::SignalConnection accept(tls.get(), g_signal_connect(tls.get(), "accept-certificate",
									G_CALLBACK(noteCertificate), &probe.tlsFaults));
	if (!g_tls_connection_handshake(tls.get(), walk.deadline.get(), error.out()))
		return walk.failed(Step::Tls, error.message());
	probe.tlsProtocol = protocolName(g_tls_connection_get_protocol_version(tls.get()));
	for (auto *each = g_tls_connection_get_peer_certificate(tls.get()); each && probe.chain.size() < 10;
	     each = g_tls_certificate_get_issuer(each))
		probe.chain.push_back(describe(each));
	stream = glib::ObjectPtr<GIOStream>::share(G_IO_STREAM(tls.get()));
	return true;
}

std::optional<std::int64_t> parseDate(std::string_view head)
{
	static constexpr std::string_view kName = "\r\ndate:";
	std::string lower(head);
	for (char &c : lower)
		c = g_ascii_tolower(c);
	const auto at = lower.find(kName);
	if (at == std::string::npos)
		return {};
	std::string value(head.substr(at + kName.size()));
	value.erase(std::min(value.find('\r'), value.size()));
	value.erase(0, value.find_first_not_of(' '));
	std::tm time {};
	// RFC 9110 5.6.7, the form that everybody must send.
	const char *end = ::strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
	return end ? std::optional<std::int64_t>(::timegm(&time)) : std::nullopt;
}

bool askHealth(Walk &walk, GIOStream *stream)
{
	auto &probe = walk.probe;
	const bool v6 = probe.host.find(':') != std::string::npos;
	const auto request = fmt::format("GET /healthz HTTP/1.1\r\nHost: {}{}{}:{}\r\nConnection: close\r\n\r\n",
					 v6 ? "[" : "", probe.host, v6 ? "]" : "", probe.port);
	glib::ErrorSlot error;
	if (!g_output_stream_write_all(g_io_stream_get_output_stream(stream), request.data(), request.size(), nullptr,
				       walk.deadline.get(), error.out()))
		return walk.failed(Step::Http, error.message());
	std::string answer;
	char block[4096];
	while (answer.size() < kMaxAnswerBytes) {
		const auto got = g_input_stream_read(g_io_stream_get_input_stream(stream), block, sizeof(block),
						     walk.deadline.get(), error.out());
		if (got <= 0)
			break; // an answer that ends without a goodbye of TLS is an answer
		answer.append(block, static_cast<std::size_t>(got));
	}
	probe.dateSeen = static_cast<std::int64_t>(std::time(nullptr));
	const auto head = answer.find("\r\n\r\n");
	if (!answer.starts_with("HTTP/1.") || head == std::string::npos)
		return walk.failed(Step::Http, answer.empty() ? error ? error.message()
								      : "it closed the connection without an answer"
							      : "its answer is not HTTP");
	probe.httpStatus = std::atoi(answer.substr(9, 3).c_str());
	probe.date = parseDate(std::string_view(answer).substr(0, head + 2));
	probe.healthz = answer.substr(head + 4, 100);
	return true;
}

} // namespace

ServerProbe probeServer(const std::string &url, const std::string &caFile, std::chrono::milliseconds limit)
{
	ServerProbe probe;
	Deadline deadline(limit);
	Walk walk { probe, deadline, limit };
	if (!parseUrl(walk, url) || !findProxy(walk) || !resolve(walk))
		return probe;
	auto stream = connect(walk);
	if (!stream || (probe.tls && !secure(walk, stream, caFile)) || !askHealth(walk, stream.get()))
		return probe;
	probe.reached = Step::Done;
	return probe;
}

std::string libraryVersions()
{
	return fmt::format("glib {}.{}.{}\nlibsoup {}.{}.{}\n", glib_major_version, glib_minor_version,
			   glib_micro_version, soup_get_major_version(), soup_get_minor_version(),
			   soup_get_micro_version());
}

} // namespace trtc::net
