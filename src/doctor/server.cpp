// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include "doctor/text.h"
#include "glib/pointer.h"
#include "net/web_socket.h"
#include "protocol/codec.h"
#include "usersig/usersig.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace trtc::doctor {

namespace {

using namespace std::chrono_literals;
using Step = net::ServerProbe::Step;

/// For the way there, and for the WebSocket with its first words.
constexpr auto kProbeLimit = 5s;
constexpr auto kUpgradeLimit = 5s;
/// A certificate that ends sooner is about to be somebody's bad morning.
constexpr std::int64_t kShortCertificateRest = 14 * 86400;

std::string escaped(const std::string &text)
{
	const glib::CharPtr out(g_uri_escape_string(text.c_str(), nullptr, FALSE));
	return out.get();
}

/// Opens the channel as the agent does, and listens to the first word; the room is never entered.
class Visit final : private net::WebSocket::Listener {
public:
	Visit(MainLoop &loop, ServerFacts &facts) : loop_(loop), facts_(facts) {}

	void run(const std::string &url, const net::WebSocketClient::Options &options)
	{
		const auto limit = loop_.after(kUpgradeLimit, [this] {
			if (facts_.upgraded)
				facts_.message = "it opened a WebSocket and said nothing";
			else
				facts_.upgradeError = "no WebSocket in time";
			loop_.quit();
		});
		const auto connecting = net::WebSocketClient::connect(
			loop_, url, options, [this](Result<std::unique_ptr<net::WebSocket>> result) {
				if (!result) {
					facts_.upgradeError = result.error().message;
					return loop_.quit();
				}
				facts_.upgraded = true;
				socket_ = std::move(result.value());
				socket_->setListener(this);
			});
		loop_.run();
		socket_.reset();
	}

private:
	void onText(std::string_view text) override
	{
		if (facts_.answered)
			return;
		const auto message = protocol::parseServerMessage(text);
		if (message && message.value().event == protocol::Event::ChannelSetup) {
			facts_.answered = true;
			facts_.code = message.value().code;
			facts_.message = message.value().message;
		} else {
			facts_.message = message ? "it began with another message than the TRTC protocol does"
						 : message.error().message;
		}
		loop_.quit();
	}
	void onClosed(unsigned short code, const std::string &reason) override
	{
		if (!facts_.answered && facts_.message.empty())
			facts_.message = fmt::format("the server closed the WebSocket with code {} {}", code, reason);
		loop_.quit();
	}

	MainLoop &loop_;
	ServerFacts &facts_;
	std::unique_ptr<net::WebSocket> socket_;
};

/// The UserSig to go with; "" when there is none to trust or nobody to sign for.
std::string signature(const Settings &settings, const Facts &facts)
{
	if (!settings.userSig.empty())
		return facts.proof.claimsRead ? settings.userSig : "";
	if (settings.secretKey.empty() || settings.userId.empty())
		return {};
	try {
		return usersig::sign(settings.userId, settings.sdkAppId, settings.secretKey, 300,
				     static_cast<std::int64_t>(std::time(nullptr)));
	} catch (const Exception &) {
		return {}; // the service says what is wrong with none
	}
}

std::string placeOf(const net::ServerProbe &probe)
{
	const bool v6 = probe.host.find(':') != std::string::npos;
	return fmt::format("{}{}{}:{}", v6 ? "[" : "", probe.host, v6 ? "]" : "", probe.port);
}

void judgeTls(const Settings &settings, const Facts &facts, Findings &findings)
{
	const auto &probe = facts.server.probe;
	const auto &faults = probe.tlsFaults;
	const auto place = placeOf(probe);
	const auto now = facts.clock.now ? facts.clock.now : static_cast<std::int64_t>(std::time(nullptr));
	const auto leaf = probe.chain.empty() ? net::CertificateInfo {} : probe.chain.front();
	const auto show = fmt::format("openssl s_client -connect {} -showcerts </dev/null", place);
	std::string names;
	for (const auto &name : leaf.names)
		names += (names.empty() ? "" : ", ") + name;
	// Every fault is told: mending one would only show the next.
	const auto tell = [&](std::string what, std::string command) {
		if (settings.insecure)
			findings.warn("tls", fmt::format("{} (ignored because of --insecure)", what),
				      std::move(command));
		else
			findings.fail("tls", std::move(what), std::move(command));
	};
	if (faults.unknownAuthority)
		tell(fmt::format("the certificate is signed by {}, which this machine does not trust; download it, "
				 "check it, "
				 "and pass it with --ca-file",
				 leaf.issuer.empty() ? "an unknown authority" : leaf.issuer),
		     fmt::format("{} | openssl x509 >server.pem", show));
	if (faults.otherName)
		tell(fmt::format("the certificate is for {}, not for {}; use a name in the certificate",
				 names.empty() ? leaf.subject : names, probe.host),
		     fmt::format("trtc-cli doctor --server wss://{}:{}",
				 leaf.names.empty() ? "NAME" : leaf.names.front(), probe.port));
	if (faults.expired)
		tell(fmt::format("the certificate expired on {} ({} ago); renew it on the server",
				 dateText(leaf.notAfter), spanText(now - leaf.notAfter)),
		     "certbot renew");
	if (faults.notYetValid)
		tell(fmt::format("the certificate is not valid before {}; check the clock of this machine",
				 dateText(leaf.notBefore)),
		     "timedatectl");
	if (faults.revoked)
		tell("the certificate was revoked; install a new one on the server", show);
	if (faults.weak)
		tell("the certificate uses an insecure algorithm; install a new one on the server", show);
	if (faults.other)
		tell("the certificate is not acceptable", show);
	if (faults.any())
		return;
	const auto what = fmt::format("{}, certificate of {} by {}, {} in the chain", probe.tlsProtocol,
				      names.empty() ? leaf.subject : names, leaf.issuer, probe.chain.size());
	if (leaf.notAfter != 0 && leaf.notAfter - now < kShortCertificateRest)
		findings.warn("tls", fmt::format("{}; it expires in {}", what, spanText(leaf.notAfter - now)),
			      "certbot renew");
	else
		findings.ok("tls", leaf.notAfter == 0
					   ? what
					   : fmt::format("{}, valid for {}", what, spanText(leaf.notAfter - now)));
}

void judgeChannel(const Settings &settings, const Facts &facts, Findings &findings)
{
	const auto &server = facts.server;
	const auto again =
		fmt::format("curl -sS {}://{}/healthz", server.probe.tls ? "https" : "http", placeOf(server.probe));
	if (!server.upgraded) {
		// A certificate that is not trusted was told already, with the same command.
		findings.fail("room service", server.upgradeError, again);
		return;
	}
	if (!server.answered) {
		findings.fail("room service",
			      fmt::format("{} is not a TRTC room service: {}", placeOf(server.probe), server.message),
			      again);
		return;
	}
	const auto health = server.probe.healthz == "ok\n" ? ", /healthz answers ok" : "";
	if (!server.withProof)
		findings.ok(
			"room service",
			fmt::format("the server speaks the TRTC protocol{}; name --user-id and credentials to check "
				    "whether it accepts them",
				    health));
	else if (server.code == protocol::code::kOk)
		findings.ok("room service", fmt::format("the server accepts the UserSig{}", health));
	else
		findings.fail(
			"room service",
			fmt::format("the server refuses the UserSig ({}): {}", server.code, server.message),
			fmt::format("trtc-cli usersig sign --sdk-app-id {} --user-id {} --secret-key-file {}",
				    settings.sdkAppId, settings.userId.empty() ? "USER" : shellText(settings.userId),
				    settings.secretKeyFile.empty() ? "KEYFILE" : shellText(settings.secretKeyFile)));
}

} // namespace

void lookAtServer(MainLoop &loop, const Settings &settings, Facts &facts)
{
	auto &server = facts.server;
	server.probe = net::probeServer(settings.server, settings.caFile, kProbeLimit);
	if (server.probe.reached != Step::Done)
		return;
	if (server.probe.tlsFaults.any() && !settings.insecure)
		return; // nothing of ours goes there
	auto url = settings.server;
	if (url.find('/', url.find("://") + 3) == std::string::npos)
		url += '/';
	const auto proof = signature(settings, facts);
	const auto user = !settings.userId.empty() ? settings.userId : facts.proof.userId;
	server.withProof = !proof.empty();
	if (server.withProof)
		url += fmt::format("?sdkAppId={}&userId={}&userSig={}", settings.sdkAppId, escaped(user),
				   escaped(proof));
	net::WebSocketClient::Options options;
	options.timeout = kUpgradeLimit;
	options.caFile = settings.caFile;
	options.insecure = settings.insecure;
	Visit(loop, server).run(url, options);
}

void judgeServer(const Settings &settings, const Facts &facts, Findings &findings)
{
	const auto &probe = facts.server.probe;
	const auto place = placeOf(probe);
	switch (probe.reached) {
	case Step::Url:
		findings.fail("server",
			      fmt::format("{} is not a valid room service URL: {}", settings.server, probe.error),
			      "trtc-cli doctor --server ws://HOST:PORT");
		return;
	case Step::Proxy:
		findings.fail("server", fmt::format("the proxy cannot be determined: {}", probe.error),
			      "env | grep -i proxy");
		return;
	case Step::Resolve:
		findings.fail("server", fmt::format("the host name {} cannot be resolved: {}", probe.host, probe.error),
			      fmt::format("getent hosts {}", shellText(probe.host)));
		return;
	case Step::Connect: {
		const auto what = probe.proxy.empty()
					  ? fmt::format("{}: {}", place, probe.error)
					  : fmt::format("{} through {}: {}", place, probe.proxy, probe.error);
		if (settings.serverNamed)
			findings.fail("server", fmt::format("no answer from {}", what),
				      fmt::format("curl -sS --max-time 10 {}://{}/healthz",
						  probe.tls ? "https" : "http", place));
		else
			findings.warn("server", fmt::format("no room service is running on this machine ({})", what),
				      "trtc-cli serve");
		return;
	}
	default:
		break;
	}
	std::string addresses;
	for (const auto &address : probe.addresses)
		addresses += (addresses.empty() ? "" : ", ") + address;
	findings.ok("server", fmt::format("{} answers in {} ms ({})", place, probe.connectTime.count(),
					  probe.proxy.empty() ? addresses : "through " + probe.proxy));
	if (probe.reached == Step::Tls) {
		findings.fail(
			"tls",
			fmt::format("TLS with {} failed: {}; check that the server uses TLS (wss)", place, probe.error),
			fmt::format("trtc-cli doctor --server ws://{}", place));
		return;
	}
	if (probe.tls)
		judgeTls(settings, facts, findings);
	if (probe.tlsFaults.any() && !settings.insecure)
		return;
	if (probe.reached == Step::Http) {
		findings.fail("room service", fmt::format("{} does not speak HTTP: {}", place, probe.error),
			      probe.tls ? fmt::format("openssl s_client -connect {}", place)
					: fmt::format("trtc-cli doctor --server wss://{}", place));
		return;
	}
	judgeChannel(settings, facts, findings);
}

} // namespace trtc::doctor
