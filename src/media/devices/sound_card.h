// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/devices.h>

#include <string>

/// ALSA through libasound. Loop thread only: libasound's configuration is one for the process.
namespace trtc::media {

struct Microphone {
	std::string pcm;   ///< what alsasrc opens
	std::string node;  ///< its device node if one is known, "/dev/snd/pcmC0D0c"; else ""
	bool card = false; ///< named by its card, so that it has a node that comes and goes
};

/// The PCM that @p wanted means: a card's id or name is its first capture device, shared through dsnoop; everything
/// else is ALSA's own name; "": "default". Opens it and closes it again.
/// Throws Exception: DeviceNotFound (nothing of that name, with a list of what is there), InitializeFailed (in use, and by
/// whom; no permission).
Microphone findMicrophone(const std::string &wanted);

} // namespace trtc::media
