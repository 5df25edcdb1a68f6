// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include <pwd.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace trtc::doctor {

namespace {

constexpr Check kChecks[] = {
	{ "gstreamer", "GStreamer", &lookAtGStreamer, &judgeGStreamer },
	{ "plugins", "plug-ins", &lookAtPlugins, &judgePlugins },
	{ "codecs", "encoders and decoders", &lookAtCodecs, &judgeCodecs },
	{ "devices", "devices", &lookAtDevices, &judgeDevices },
	{ "places", "folders", &lookAtPlaces, &judgePlaces },
	{ "sockets", "sockets", &lookAtSockets, &judgeSockets },
	{ "port", "the port of the service", &lookAtPort, &judgePort },
	{ "disk", "the record directory", &lookAtDisk, &judgeDisk },
	{ "usersig", "the UserSig", &lookAtProof, &judgeProof },
	{ "server", "the room service", &lookAtServer, &judgeServer },
	// Last, for it compares with what the server said.
	{ "clock", "the clock", &lookAtClock, &judgeClock },
};

} // namespace

std::span<const Check> checks() noexcept { return kChecks; }

void Findings::add(std::string name, Verdict verdict, std::string what, std::string command)
{
	if (verdict != Verdict::Ok && command.empty())
		throw std::logic_error("no way out is told for " + name);
	all_.push_back({ std::move(name), verdict, std::move(what), std::move(command) });
}

void Findings::ok(std::string name, std::string what) { add(std::move(name), Verdict::Ok, std::move(what), {}); }

void Findings::warn(std::string name, std::string what, std::string command)
{
	add(std::move(name), Verdict::Warn, std::move(what), std::move(command));
}

void Findings::fail(std::string name, std::string what, std::string command)
{
	add(std::move(name), Verdict::Fail, std::move(what), std::move(command));
}

void examine(MainLoop &loop, const Settings &settings, const std::function<void(const Check &)> &begun,
	     const std::function<void(const Check &, const Finding &)> &found)
{
	Facts facts;
	facts.root = ::geteuid() == 0;
	if (const auto *entry = ::getpwuid(::geteuid()))
		facts.user = entry->pw_name;
	else
		facts.user = std::to_string(::geteuid());
	for (const auto &check : kChecks) {
		begun(check);
		check.look(loop, settings, facts);
		Findings findings(facts.root);
		check.judge(settings, facts, findings);
		for (const auto &finding : findings.all())
			found(check, finding);
	}
}

} // namespace trtc::doctor
