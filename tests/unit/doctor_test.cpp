// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"
#include "doctor/text.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace trtc;
using namespace trtc::doctor;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;

/// A machine and a service without any illness.
Facts healthy()
{
	Facts facts;
	facts.root = true;
	facts.user = "ann";
	facts.gstreamerVersion = "1.22.0";
	for (std::size_t i = 0; i < pluginNeeds().size(); ++i)
		facts.plugins.push_back({ i, true, "1.22.0" });
	for (std::size_t i = 0; i < codecTrials().size(); ++i)
		facts.codecs.push_back({ i, true, "", std::chrono::milliseconds(5) });
	facts.devices = { { DeviceFact::Kind::Camera, "/dev/video0", "Cam", "video", 0 },
			  { DeviceFact::Kind::Sound, "/dev/snd/controlC0", "Card", "audio", 0 } };
	facts.places = { { "state folder", "/home/ann/.local/state/trtc-cli", "", "" } };
	facts.sockets.ipv6 = true;
	facts.sockets.addresses = { "eth0 192.0.2.2" };
	facts.clock = { kNow, true, true };
	facts.disk = { "rec", "rec", "", 50'000'000'000, 64'000'000, 0.5 };
	auto &probe = facts.server.probe;
	probe.reached = net::ServerProbe::Step::Done;
	probe.host = "room.example";
	probe.port = 443;
	probe.tls = true;
	probe.addresses = { "192.0.2.9" };
	probe.tlsProtocol = "TLS 1.3";
	probe.chain = { { "CN=room.example", "CN=CA", kNow - 1000, kNow + 90 * 86400, { "room.example" } } };
	probe.httpStatus = 200;
	probe.healthz = "ok\n";
	probe.date = probe.dateSeen = kNow;
	facts.server.upgraded = facts.server.answered = facts.server.withProof = true;
	facts.proof = { true, "ann", 1400000001, kNow - 100, kNow + 86400, false, "", true };
	return facts;
}

Settings settings()
{
	Settings given;
	given.server = "wss://room.example";
	given.serverNamed = true;
	given.userId = "ann";
	given.userSig = "sig";
	given.secretKeyFile = "key";
	given.recordDirectory = "rec";
	return given;
}

std::vector<Finding> judge(const Check &check, const Facts &facts, const Settings &given = settings())
{
	Findings findings(facts.root);
	check.judge(given, facts, findings);
	return findings.all();
}

const Check &checkOf(std::string_view name)
{
	for (const auto &check : checks())
		if (check.name == name)
			return check;
	throw std::logic_error("no such check");
}

/// The first finding that is not in order.
Finding worst(std::string_view check, const Facts &facts, const Settings &given = settings())
{
	for (const auto &finding : judge(checkOf(check), facts, given))
		if (finding.verdict != Verdict::Ok)
			return finding;
	return {};
}

struct Illness {
	const char *check;
	Verdict verdict;
	const char *what, *command;
	std::function<void(Facts &, Settings &)> spoil;
};

const std::vector<Illness> &illnesses()
{
	using Step = net::ServerProbe::Step;
	static const auto lacks = [](Facts &facts, std::string_view plugin) {
		for (auto &fact : facts.plugins)
			if (pluginNeeds()[fact.need].plugin == plugin)
				fact.found = false;
	};
	static const auto codec = [](Facts &facts, std::string_view name, bool present) {
		for (auto &fact : facts.codecs)
			if (codecTrials()[fact.trial].name.find(name) != std::string_view::npos) {
				fact.present = present;
				fact.error = present ? "no license" : "";
			}
	};
	static const std::vector<Illness> all {
		{ "gstreamer", Verdict::Fail, "1.22 is needed", "apt-get install",
		  [](Facts &f, Settings &) { f.gstreamerOld = true; } },
		{ "gstreamer", Verdict::Fail, "does not start", "apt-get install",
		  [](Facts &f, Settings &) { f.gstreamerError = "no"; } },
		{ "plugins", Verdict::Fail, "every room needs it", "apt-get install gstreamer1.0-nice",
		  [](Facts &f, Settings &) { lacks(f, "nice"); } },
		{ "plugins", Verdict::Warn, "--video v4l2", "apt-get install gstreamer1.0-plugins-good",
		  [](Facts &f, Settings &) { lacks(f, "video4linux2"); } },
		{ "plugins", Verdict::Warn, "h264", "sudo apt-get install gstreamer1.0-plugins-ugly",
		  [](Facts &f, Settings &) {
			  f.root = false;
			  lacks(f, "x264");
			  lacks(f, "openh264");
		  } },
		{ "codecs", Verdict::Warn, "no license", "--reinstall gstreamer1.0-plugins-ugly",
		  [](Facts &f, Settings &) { codec(f, "x264enc", true); } },
		{ "codecs", Verdict::Warn, "not available", "apt-get install gstreamer1.0-plugins-good",
		  [](Facts &f, Settings &) { codec(f, "vp8enc", false); } },
		{ "devices", Verdict::Warn, "add the user to the group video", "usermod -aG video ann",
		  [](Facts &f, Settings &) { f.devices[0].error = EACCES; } },
		{ "devices", Verdict::Warn, "in use by another program", "fuser -v /dev/snd/controlC0",
		  [](Facts &f, Settings &) { f.devices[1].error = EBUSY; } },
		{ "devices", Verdict::Warn, "cannot be opened", "dmesg",
		  [](Facts &f, Settings &) { f.devices[0].error = EIO; } },
		{ "places", Verdict::Warn, "cannot be written", "install -d",
		  [](Facts &f, Settings &) {
			  f.places[0] = { "state folder", "/x", "/x cannot be written", "install -d /x" };
		  } },
		{ "sockets", Verdict::Fail, "filter", "nft list",
		  [](Facts &f, Settings &) { f.sockets.udpError = "a filter"; } },
		{ "sockets", Verdict::Warn, "only the loopback interface", "ip link",
		  [](Facts &f, Settings &) { f.sockets.addresses.clear(); } },
		{ "port", Verdict::Warn, "in use by nginx (pid 7)", "trtc-cli serve --listen 127.0.0.1:0",
		  [](Facts &f, Settings &) {
			  f.port = { false, EADDRINUSE, "nginx", 7, false };
		  } },
		{ "port", Verdict::Warn, "below 1024", "trtc-cli serve --listen",
		  [](Facts &f, Settings &) {
			  f.port = { false, EACCES, "", 0, false };
		  } },
		{ "disk", Verdict::Fail, "cannot be written: No space", "install -d -o ann rec",
		  [](Facts &f, Settings &) { f.disk.error = "No space left on device"; } },
		{ "disk", Verdict::Fail, "file system of the kernel", "trtc-cli doctor --record \"$HOME/recordings\"",
		  [](Facts &f, Settings &) {
			  f.disk.error = "/proc is a file system of the kernel";
			  f.disk.elsewhere = true;
		  } },
		{ "disk", Verdict::Warn, "little free space", "du ",
		  [](Facts &f, Settings &) { f.disk.freeBytes = 1'000'000; } },
		{ "disk", Verdict::Warn, "is slow", "iostat", [](Facts &f, Settings &) { f.disk.seconds = 100; } },
		{ "usersig", Verdict::Fail, "the UserSig expired on",
		  "trtc-cli usersig sign --sdk-app-id 1400000001 --user-id ann",
		  [](Facts &f, Settings &) { f.proof.expiresAt = kNow - 1; } },
		{ "usersig", Verdict::Warn, "expires in 59 min", "usersig sign",
		  [](Facts &f, Settings &) { f.proof.expiresAt = kNow + 3599; } },
		{ "usersig", Verdict::Fail, "for user bob, not for ann", "usersig sign",
		  [](Facts &f, Settings &) { f.proof.userId = "bob"; } },
		{ "usersig", Verdict::Fail, "for application 7", "usersig sign",
		  [](Facts &f, Settings &) { f.proof.sdkAppId = 7; } },
		{ "usersig", Verdict::Fail, "PrivateMapKey", "usersig sign",
		  [](Facts &f, Settings &) { f.proof.ticket = true; } },
		{ "usersig", Verdict::Fail, "signed in the future", "timedatectl",
		  [](Facts &f, Settings &) { f.proof.signedAt = kNow + 1000; } },
		{ "usersig", Verdict::Fail, "no such file", "ls -l key",
		  [](Facts &, Settings &s) { s.proofProblem = "no such file"; } },
		{ "server", Verdict::Fail, "cannot be resolved", "getent hosts room.example",
		  [](Facts &f, Settings &) { f.server.probe.reached = Step::Resolve; } },
		{ "server", Verdict::Fail, "no answer from", "curl",
		  [](Facts &f, Settings &) { f.server.probe.reached = Step::Connect; } },
		{ "server", Verdict::Warn, "no room service is running", "trtc-cli serve",
		  [](Facts &f, Settings &s) {
			  f.server.probe.reached = Step::Connect;
			  s.serverNamed = false;
		  } },
		{ "server", Verdict::Fail, "not a valid room service URL", "--server ws://HOST:PORT",
		  [](Facts &f, Settings &) { f.server.probe.reached = Step::Url; } },
		{ "server", Verdict::Fail, "proxy", "env",
		  [](Facts &f, Settings &) { f.server.probe.reached = Step::Proxy; } },
		{ "server", Verdict::Fail, "TLS with", "--server ws://room.example:443",
		  [](Facts &f, Settings &) { f.server.probe.reached = Step::Tls; } },
		{ "server", Verdict::Fail, "does not speak HTTP", "openssl s_client -connect room.example:443",
		  [](Facts &f, Settings &) { f.server.probe.reached = Step::Http; } },
		{ "server", Verdict::Fail, "does not trust", "openssl s_client -connect room.example:443",
		  [](Facts &f, Settings &) { f.server.probe.tlsFaults.unknownAuthority = true; } },
		{ "server", Verdict::Warn, "ignored because of --insecure", "openssl s_client",
		  [](Facts &f, Settings &s) {
			  f.server.probe.tlsFaults.unknownAuthority = true;
			  s.insecure = true;
		  } },
		{ "server", Verdict::Fail, "is for other.example, not for room.example", "wss://other.example:443",
		  [](Facts &f, Settings &) {
			  f.server.probe.tlsFaults.otherName = true;
			  f.server.probe.chain[0].names = { "other.example" };
		  } },
		{ "server", Verdict::Fail, "expired", "certbot renew",
		  [](Facts &f, Settings &) {
			  f.server.probe.tlsFaults.expired = true;
			  f.server.probe.chain[0].notAfter = kNow - 86400;
		  } },
		{ "server", Verdict::Fail, "check the clock", "timedatectl",
		  [](Facts &f, Settings &) { f.server.probe.tlsFaults.notYetValid = true; } },
		{ "server", Verdict::Warn, "expires in 3 days", "certbot renew",
		  [](Facts &f, Settings &) { f.server.probe.chain[0].notAfter = kNow + 3 * 86400; } },
		{ "server", Verdict::Fail, "HTTP 404", "curl",
		  [](Facts &f, Settings &) {
			  f.server.upgraded = false;
			  f.server.upgradeError = "HTTP 404";
		  } },
		{ "server", Verdict::Fail, "is not a TRTC room service", "curl",
		  [](Facts &f, Settings &) { f.server.answered = false; } },
		{ "server", Verdict::Fail, "refuses the UserSig (-100018): wrong", "usersig sign",
		  [](Facts &f, Settings &) {
			  f.server.code = -100018;
			  f.server.message = "wrong";
		  } },
		{ "clock", Verdict::Fail, "which is wrong", "timedatectl set-ntp true",
		  [](Facts &f, Settings &) { f.clock.now = 86400; } },
		{ "clock", Verdict::Fail, "100 s ahead of the server's", "timedatectl set-ntp true",
		  [](Facts &f, Settings &) { f.server.probe.date = kNow - 100; } },
		{ "clock", Verdict::Warn, "10 s behind the server's", "timedatectl set-ntp true",
		  [](Facts &f, Settings &) { f.server.probe.date = kNow + 10; } },
		{ "clock", Verdict::Warn, "not synchronised", "timedatectl set-ntp true",
		  [](Facts &f, Settings &) { f.clock.synchronised = false; } },
	};
	return all;
}

} // namespace

TEST_CASE("nothing is wrong with a healthy machine, and every check says so")
{
	const auto facts = healthy();
	for (const auto &check : checks()) {
		CAPTURE(check.name);
		const auto findings = judge(check, facts);
		CHECK_FALSE(findings.empty());
		for (const auto &finding : findings) {
			CAPTURE(finding.what);
			CHECK((finding.verdict == Verdict::Ok));
			CHECK(finding.command.empty());
			CHECK_FALSE(finding.what.empty());
		}
	}
}

TEST_CASE("every illness is told with the command against it")
{
	std::set<std::string_view> seen;
	for (const auto &illness : illnesses()) {
		CAPTURE(illness.check);
		CAPTURE(illness.what);
		auto facts = healthy();
		auto given = settings();
		illness.spoil(facts, given);
		const auto finding = worst(illness.check, facts, given);
		CHECK((finding.verdict == illness.verdict));
		CHECK(finding.what.find(illness.what) != std::string::npos);
		CHECK(finding.command.find(illness.command) != std::string::npos);
		// One line to type: no prose, no line feed.
		CHECK(finding.command.find('\n') == std::string::npos);
		CHECK(finding.command.find("  ") == std::string::npos);
		seen.insert(illness.check);
	}
	// A new check comes with an illness here.
	for (const auto &check : checks())
		CHECK(seen.count(check.name) == 1);
}

TEST_CASE("every plug-in that is missing names its package")
{
	for (std::size_t i = 0; i < pluginNeeds().size(); ++i) {
		auto facts = healthy();
		facts.plugins[i].found = false;
		const auto &need = pluginNeeds()[i];
		CAPTURE(need.plugin);
		const auto finding = worst("plugins", facts);
		if (!need.instead.empty()) {
			CHECK(finding.name.empty()); // another one does as well
			continue;
		}
		CHECK(finding.name == "plugin " + std::string(need.plugin));
		CHECK((finding.verdict == (need.purpose.empty() ? Verdict::Fail : Verdict::Warn)));
		CHECK(finding.command == "apt-get install " + std::string(need.package));
	}
}

TEST_CASE("a finding without a way out is a defect")
{
	Findings findings;
	CHECK_THROWS_AS(findings.fail("x", "broken", ""), std::logic_error);
	CHECK_THROWS_AS(findings.warn("x", "odd", ""), std::logic_error);
	findings.ok("x", "fine");
	CHECK(findings.all().size() == 1);
}

TEST_CASE("what was not asked for is not told")
{
	Settings nothing;
	const Facts facts;
	CHECK(judge(checkOf("disk"), facts, nothing).empty());
	CHECK(judge(checkOf("usersig"), facts, nothing).empty());
	// a room service that already has the port is what one wants
	auto taken = healthy();
	taken.port = { false, EADDRINUSE, "trtc-cli", 7, true };
	CHECK((judge(checkOf("port"), taken).at(0).verdict == Verdict::Ok));
}

TEST_CASE("words for times and shells")
{
	CHECK(spanText(59) == "59 s");
	CHECK(spanText(3599) == "59 min");
	CHECK(spanText(3 * 3600 + 120) == "3 h 2 min");
	CHECK(spanText(10 * 86400) == "10 days");
	CHECK(dateText(0) == "1970-01-01 00:00:00 UTC");
	CHECK(shellText("/a/b-c.d") == "/a/b-c.d");
	CHECK(shellText("a b") == "'a b'");
	CHECK(shellText("it's") == "'it'\\''s'");
	CHECK(shellText("") == "''");
}
