// SPDX-License-Identifier: MIT
#include "net/tunnel_proxy.h"
#include "net/uri.h"
#include "net/web_socket_impl.h"

#include <fmt/format.h>

#include <tuple>

namespace trtc::net {

namespace {

Error invalid(std::string message) { return { ErrorCode::InvalidParameter, std::move(message) }; }

/// Host and port as messages name them; the query holds a signature and is never shown.
std::string placeOf(GUri *uri, bool tls)
{
	const int port = g_uri_get_port(uri);
	const std::string host = g_uri_get_host(uri);
	const bool v6 = host.find(':') != std::string::npos;
	return fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port > 0 ? port : tls ? 443 : 80);
}

/// One try to connect. Owned by its handle, its timer and libsoup's callback.
struct Attempt : std::enable_shared_from_this<Attempt> {
	explicit Attempt(MainLoop &owner) : loop(owner) {}

	void finish(Result<std::unique_ptr<WebSocket>> result)
	{
		timer.reset();
		if (auto callback = std::exchange(done, nullptr))
			callback(std::move(result));
	}
	void fail(std::string why) { finish(Error { ErrorCode::ConnectFailed, std::move(why) }); }
	void cancel()
	{
		done = nullptr;
		timer.reset();
		g_cancellable_cancel(cancellable.get());
	}

	MainLoop &loop;
	std::string place;
	bool tls = false;
	std::string proxy; ///< as messages name it; empty: none was asked for
	Keepalive keepalive;
	WebSocketClient::Done done;
	glib::ObjectPtr<SoupSession> session;
	glib::ObjectPtr<SoupMessage> message;
	glib::ObjectPtr<GCancellable> cancellable = glib::ObjectPtr<GCancellable>::adopt(g_cancellable_new());
	SourceHandle timer;
};

/// What is wrong with the proxy; empty: nothing, as far as the error tells.
std::string explainProxy(const Attempt &attempt, const GError *error)
{
	const auto &[place, proxy] = std::tie(attempt.place, attempt.proxy);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
		return fmt::format("the proxy {} cannot be reached: connection refused; check that it is running",
				   proxy);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH) ||
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED))
		return fmt::format("the proxy {} requires a user name and password: put them in --proxy", proxy);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED))
		return fmt::format("the proxy {} does not allow connections to {}", proxy, place);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED))
		return fmt::format("the proxy {} cannot reach {}: {}", proxy, place, error->message);
	if (error->domain == G_RESOLVER_ERROR)
		return fmt::format("the host name of the proxy {} cannot be resolved: {}", proxy, error->message);
	const auto status = static_cast<int>(soup_message_get_status(attempt.message.get()));
	if (status == SOUP_STATUS_PROXY_AUTHENTICATION_REQUIRED)
		return fmt::format("the proxy {} requires a user name and password: put them in --proxy", proxy);
	if (status != 0 && status != SOUP_STATUS_SWITCHING_PROTOCOLS)
		return fmt::format("the proxy {} cannot reach {}: HTTP {}; check that it allows this port", proxy,
				   place, status);
	return {};
}

/// All that is wrong, and what to do about the first of it.
std::string explainCertificate(const std::string &place, GTlsCertificateFlags flags, const GError *error)
{
	struct Fault {
		GTlsCertificateFlags flag;
		const char *reason, *wayOut;
	};
	static constexpr Fault kFaults[] = {
		{ G_TLS_CERTIFICATE_EXPIRED, "has expired",
		  "renew it on the server, or check the clock of this machine" },
		{ G_TLS_CERTIFICATE_NOT_ACTIVATED, "is not valid yet", "check the clock of this machine" },
		{ G_TLS_CERTIFICATE_REVOKED, "was revoked", "install a new one on the server" },
		{ G_TLS_CERTIFICATE_UNKNOWN_CA, "is signed by an unknown authority",
		  "name the certificate of the authority with --ca-file" },
		{ G_TLS_CERTIFICATE_BAD_IDENTITY, "is for another host name",
		  "use a name in the certificate in --server" },
	};
	std::string reasons;
	const char *wayOut = nullptr;
	for (const auto &fault : kFaults) {
		if (!(flags & fault.flag))
			continue;
		reasons += (reasons.empty() ? "" : ", and ") + std::string(fault.reason);
		wayOut = wayOut ? wayOut : fault.wayOut;
	}
	if (!wayOut)
		return fmt::format("the TLS certificate of {} is not trusted: {}; name the certificate of the "
				   "authority with --ca-file",
				   place, error->message);
	return fmt::format("the TLS certificate of {} {}: {}", place, reasons, wayOut);
}

std::string explain(const Attempt &attempt, const GError *error)
{
	const auto &place = attempt.place;
	if (!attempt.proxy.empty())
		if (auto text = explainProxy(attempt, error); !text.empty())
			return text;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
		return fmt::format(
			"no service listens on {}: connection refused; check that the room service is running", place);
	if (error->domain == G_RESOLVER_ERROR)
		return fmt::format("the host name of {} cannot be resolved: {}", place, error->message);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		return fmt::format("no answer from {}: timed out", place);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE) ||
	    g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE))
		return fmt::format("no route to {}: {}", place, error->message);
	if (g_error_matches(error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
		return explainCertificate(place, soup_message_get_tls_peer_certificate_errors(attempt.message.get()),
					  error);
	if (error->domain == G_TLS_ERROR)
		return fmt::format("TLS with {} failed: {}; check that the server uses TLS (wss)", place,
				   error->message);
	const auto status = static_cast<int>(soup_message_get_status(attempt.message.get()));
	if (status != 0 && status != SOUP_STATUS_SWITCHING_PROTOCOLS)
		return fmt::format("{} is not a room service: it answered HTTP {} instead of opening a WebSocket",
				   place, status);
	return fmt::format("the answer of {} is not the answer of a room service: {}{}", place, error->message,
			   attempt.tls ? "" : "; try wss:// if the server uses TLS");
}

void connected(GObject *source, GAsyncResult *result, gpointer data) noexcept
{
	const std::unique_ptr<std::shared_ptr<Attempt>> owner(static_cast<std::shared_ptr<Attempt> *>(data));
	const auto attempt = *owner;
	glib::ErrorSlot error;
	const auto connection = glib::ObjectPtr<SoupWebsocketConnection>::adopt(
		soup_session_websocket_connect_finish(SOUP_SESSION(source), result, error.out()));
	if (!attempt->done)
		return;
	// From the loop, where an exception of the callback is caught.
	if (!connection) {
		attempt->loop.post([attempt, why = explain(*attempt, error.get())] { attempt->fail(why); });
		return;
	}
	// Handed over here and now: a message may follow in this very round, and the owner must hear it.
	try {
		attempt->finish(WebSocket::Impl::make(attempt->loop, connection.get(), attempt->keepalive,
						      attempt->session.get()));
	} catch (...) {
		attempt->loop.post([failure = std::current_exception()] { std::rethrow_exception(failure); });
	}
}

gboolean acceptAnything(SoupMessage *, GTlsCertificate *, GTlsCertificateFlags, gpointer) noexcept { return TRUE; }

/// Sets the attempt up; an Error when the arguments are wrong.
std::optional<Error> prepare(Attempt &attempt, const std::string &url, const WebSocketClient::Options &options)
{
	glib::ErrorSlot error;
	const UriPtr uri(g_uri_parse(url.c_str(), static_cast<GUriFlags>(SOUP_HTTP_URI_FLAGS), error.out()));
	const std::string scheme = uri ? g_uri_get_scheme(uri.get()) : "";
	const auto *host = uri ? g_uri_get_host(uri.get()) : nullptr;
	if ((scheme != "ws" && scheme != "wss") || !host || !*host)
		return invalid(fmt::format(
			"server \"{}\" is not the URL of a room service: use ws://HOST:PORT or wss://HOST:PORT",
			url.substr(0, std::min<std::size_t>(url.find('?'), 200))));
	attempt.tls = scheme == "wss";
	attempt.place = placeOf(uri.get(), attempt.tls);
	attempt.session = glib::ObjectPtr<SoupSession>::adopt(soup_session_new());
	if (options.proxy) {
		attempt.proxy = options.proxy->place();
		auto proxy = options.proxy->url();
		if (options.proxy->kind == ProxyServer::Kind::Http) {
			registerTunnelProxy();
			proxy.replace(0, proxy.find(':'), kTunnelScheme);
		}
		const auto resolver =
			glib::ObjectPtr<GProxyResolver>::adopt(g_simple_proxy_resolver_new(proxy.c_str(), nullptr));
		g_object_set(attempt.session.get(), "proxy-resolver", resolver.get(), nullptr);
	} else if (isLoopback(host))
		g_object_set(attempt.session.get(), "proxy-resolver", nullptr, nullptr);
	if (!options.caFile.empty()) {
		// Relative to the folder we are in; left so, GLib warns of it and trusts nobody.
		const glib::CharPtr path(g_canonicalize_filename(options.caFile.c_str(), nullptr));
		const auto database =
			glib::ObjectPtr<GTlsDatabase>::adopt(g_tls_file_database_new(path.get(), error.out()));
		if (!database)
			return invalid(fmt::format("CA file {} cannot be used: {}", options.caFile, error.message()));
		g_object_set(attempt.session.get(), "tls-database", database.get(), nullptr);
	}
	attempt.message = glib::ObjectPtr<SoupMessage>::adopt(soup_message_new_from_uri("GET", uri.get()));
	soup_message_add_flags(attempt.message.get(), SOUP_MESSAGE_NO_REDIRECT);
	if (options.insecure)
		g_signal_connect(attempt.message.get(), "accept-certificate", G_CALLBACK(acceptAnything), nullptr);
	return std::nullopt;
}

} // namespace

SourceHandle WebSocketClient::connect(MainLoop &loop, const std::string &url, const Options &options, Done done)
{
	auto attempt = std::make_shared<Attempt>(loop);
	attempt->done = std::move(done);
	attempt->keepalive = options.keepalive;
	if (auto error = prepare(*attempt, url, options)) {
		loop.post([attempt, error = *std::move(error)] { attempt->finish(error); });
	} else {
		attempt->timer = loop.after(options.timeout, [weak = std::weak_ptr(attempt), limit = options.timeout,
							      secure = url.starts_with("wss")] {
			const auto self = weak.lock();
			if (!self)
				return;
			g_cancellable_cancel(self->cancellable.get());
			self->fail(fmt::format("no answer from {} within {} ms{}", self->place, limit.count(),
					       secure ? ": check that the server uses TLS (wss)" : ""));
		});
		soup_session_websocket_connect_async(attempt->session.get(), attempt->message.get(), nullptr, nullptr,
						     G_PRIORITY_DEFAULT, attempt->cancellable.get(), connected,
						     new std::shared_ptr<Attempt>(attempt));
	}
	return SourceHandle([attempt] { attempt->cancel(); });
}

} // namespace trtc::net
