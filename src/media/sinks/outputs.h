// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>
#include <trtc/play.h>

#include <memory>
#include <string>

/// Windows and sound cards of this machine. Thread-bound; opening one blocks for some milliseconds.
namespace trtc::media {

/// As WindowSystem::open().
Result<std::shared_ptr<WindowSystem>> openWindowSystem();

/// Opens the ALSA device @p device ("": ALSA's default) and closes it. Errors as above.
Status checkSoundSink(const std::string &device);

/// How much sound the card may hold; the pipelines' latency has to cover it.
inline constexpr int kSoundBufferMs = 80;

/// gst-launch text of the sound card's element. @p device is quoted.
std::string soundSink(const std::string &device);

} // namespace trtc::media
