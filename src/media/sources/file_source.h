// SPDX-License-Identifier: MIT
#pragma once

#include "media/source.h"

namespace trtc::media {

/// What a media file holds, as far as we use it.
struct FileStreams {
	bool audio = false, video = false;
	bool audioPassed = false; ///< Opus with one or two channels: goes out as it is
	bool videoPassed = false; ///< H.264, and H.264 is asked for: goes out as it is
};

/// Looks into the file; blocks up to 5 s. Throws Exception: DeviceNotFound (no such file, not readable),
/// InitializeFailed (empty, nothing GStreamer can demux, the asked kind is not in it).
FileStreams inspectFile(const std::string &path, bool wantAudio, bool wantVideo, VideoCodec codec);

/// What follows the demuxer, up to the encoder or the parser. Throws Exception(NotSupported).
std::string fileVideoChain(const LocalStreamConfig &config, const FileStreams &streams);
std::string fileAudioChain(const LocalStreamConfig &config, const FileStreams &streams);

/// One file, audio and video on one timeline. Looks into it; blocks up to 5 s. Throws Exception: DeviceNotFound (no such
/// file, not readable), InitializeFailed (empty, nothing GStreamer can demux, the asked kind is not in it).
SourcePlan prepareFile(const SourceRequest &request);

} // namespace trtc::media
