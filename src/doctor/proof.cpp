// SPDX-License-Identifier: MIT
#include "doctor/doctor.h"

#include "doctor/text.h"
#include "usersig/usersig.h"

#include <fmt/format.h>

#include <ctime>

namespace trtc::doctor {

namespace {

/// A shorter rest may end in the middle of what somebody is about to do.
constexpr std::int64_t kShortProofRest = 3600;

std::int64_t now() { return static_cast<std::int64_t>(std::time(nullptr)); }

/// How a new one is made, with what is known.
std::string signCommand(const Settings &settings, const Facts &facts)
{
	const auto user = !settings.userId.empty() ? settings.userId : facts.proof.userId;
	return fmt::format("trtc-cli usersig sign --sdk-app-id {} --user-id {} --secret-key-file {}{}",
			   settings.sdkAppId, user.empty() ? "USER" : shellText(user),
			   settings.secretKeyFile.empty() ? "KEYFILE" : shellText(settings.secretKeyFile),
			   settings.userSigFile.empty() ? "" : " >" + shellText(settings.userSigFile));
}

} // namespace

void lookAtProof(MainLoop &, const Settings &settings, Facts &facts)
{
	auto &proof = facts.proof;
	proof.keyUsable = !settings.secretKey.empty();
	if (settings.userSig.empty())
		return;
	const auto claims = usersig::show(settings.userSig);
	if (!claims) {
		proof.problem = claims.error().message;
		return;
	}
	proof.claimsRead = true;
	proof.userId = claims.value().userId;
	proof.sdkAppId = claims.value().sdkAppId;
	proof.signedAt = claims.value().time;
	proof.expiresAt = claims.value().expiresAt();
	proof.ticket = claims.value().userBuf.has_value();
	// What it says was read; whether the key made it is another question, and the only one left for the key.
	if (proof.keyUsable && !proof.ticket)
		if (const auto checked = usersig::verifyUserSig(settings.userSig, proof.userId, proof.sdkAppId,
								settings.secretKey, proof.signedAt);
		    !checked)
			proof.problem = fmt::format("it was not signed with the key in {}: {}", settings.secretKeyFile,
						    checked.error().message);
}

void judgeProof(const Settings &settings, const Facts &facts, Findings &findings)
{
	const auto &proof = facts.proof;
	const auto again = signCommand(settings, facts);
	const auto clock = facts.clock.now ? facts.clock.now : now();
	if (!settings.proofProblem.empty()) {
		const auto &file = settings.secretKeyFile.empty() ? settings.userSigFile : settings.secretKeyFile;
		findings.fail("usersig", settings.proofProblem, fmt::format("ls -l {}", shellText(file)));
		return;
	}
	if (!proof.problem.empty()) {
		findings.fail("usersig", proof.problem, again);
		return;
	}
	if (!proof.claimsRead) {
		if (proof.keyUsable)
			findings.ok("usersig", fmt::format("{} signs for {}", settings.secretKeyFile,
							   settings.userId.empty() ? "any user" : settings.userId));
		return; // else nothing was given: nothing is said
	}
	if (proof.ticket)
		findings.fail("usersig", "this is a PrivateMapKey, not a UserSig", again);
	else if (!settings.userId.empty() && proof.userId != settings.userId)
		findings.fail("usersig",
			      fmt::format("the UserSig is for user {}, not for {}", proof.userId, settings.userId),
			      again);
	else if (proof.sdkAppId != settings.sdkAppId)
		findings.fail(
			"usersig",
			fmt::format("the UserSig is for application {}, not for {}", proof.sdkAppId, settings.sdkAppId),
			again);
	else if (proof.expiresAt <= clock)
		findings.fail("usersig",
			      fmt::format("the UserSig expired on {} ({} ago)", dateText(proof.expiresAt),
					  spanText(clock - proof.expiresAt)),
			      again);
	else if (proof.signedAt > clock + usersig::kClockSkew)
		findings.fail(
			"usersig",
			fmt::format("the UserSig was signed in the future, on {} ({} from now): one of the two clocks "
				    "is wrong, and a service refuses it",
				    dateText(proof.signedAt), spanText(proof.signedAt - clock)),
			findings.asRoot("timedatectl set-ntp true"));
	else if (proof.expiresAt - clock < kShortProofRest)
		findings.warn("usersig",
			      fmt::format("the UserSig of user {} expires in {}", proof.userId,
					  spanText(proof.expiresAt - clock)),
			      again);
	else
		findings.ok("usersig", fmt::format("the UserSig is valid for user {} for {}", proof.userId,
						   spanText(proof.expiresAt - clock)));
}

} // namespace trtc::doctor
