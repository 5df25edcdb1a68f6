// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/network.h>
#include <trtc/trace.h>
#include <trtc/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trtc {

/// A media source: `none`, `test`, `file:PATH`, `v4l2[:CAMERA]`, `alsa[:DEVICE]`, `screen[:DISPLAY]` or
/// `pipeline:DESCRIPTION`.
struct SourceSpec {
	enum class Kind { None, Test, File, V4l2, Alsa, Screen, Pipeline };
	Kind kind = Kind::None;
	/// file: the path; v4l2: a device node or the camera's name; alsa: a PCM name or the card's name; screen: the X
	/// display; pipeline: a gst-launch chain. Empty: the first camera, ALSA's default, $DISPLAY.
	std::string argument;
	/// Throws Exception(InvalidParameter) with the text and the allowed forms.
	static SourceSpec parse(std::string_view text);
	/// The same; also throws if the source cannot deliver @p kind, such as a camera for audio.
	static SourceSpec parse(std::string_view text, MediaKind kind);
	/// The text form that parse() accepts: "v4l2:/dev/video0".
	std::string str() const;
	bool operator==(const SourceSpec &) const = default;
};

/// Width and height in pixels (16..4096, even), frames a second (1..60), kbit/s (32..50000).
struct VideoProfile {
	int width = 640, height = 480, fps = 15, kbps = 500;
	/// The SDK's names (`480p`, `480p_2` …) or `WxH@FPS,KBPSk`. Throws Exception(InvalidParameter).
	static VideoProfile parse(std::string_view text);
	/// The same, with the names of the SDK's setScreenProfile() (`1080p`, `1080p_2` …).
	static VideoProfile parseScreen(std::string_view text);
	bool operator==(const VideoProfile &) const = default;
};

/// Profile of a small video by the SDK's rule: about as many pixels as @p wish, with the aspect ratio of @p big. A @p wish
/// above 640x480 counts as 320x240. No value exceeds that of @p big. Pure.
VideoProfile smallVideoProfile(const VideoProfile &big, VideoProfile wish) noexcept;

/// Always 48000 Hz. Channels 1..2, kbit/s 6..510 (RFC 6716).
struct AudioProfile {
	int sampleRate = 48000, channels = 1, kbps = 40;
	/// The SDK's names: standard, standard-stereo, high, high-stereo; or `KBPSk`. Throws Exception(InvalidParameter).
	static AudioProfile parse(std::string_view text);
	bool operator==(const AudioProfile &) const = default;
};

/// Template of a recording's file name, without directory and extension: text with the fields `{room}`, `{user}`, `{type}`,
/// `{time}` (UTC, `20240501T120000Z`) and `{n}`.
class RecordName {
public:
	/// `{room}-{user}-{type}-{time}`
	RecordName() = default;
	/// Throws Exception(InvalidParameter): empty, an unknown field, a slash, or too long when expanded.
	static RecordName parse(std::string_view text);
	struct Values {
		std::string room, user, type, time;
	};
	/// @p number: number of the attempt to find a free name, from 1. Without a field `{n}`, the second and later attempts
	/// append it.
	std::string expand(const Values &values, unsigned number) const;
	bool operator==(const RecordName &) const = default;

private:
	std::string text_ = "{room}-{user}-{type}-{time}";
};

/// Auto: a film goes out as it is where every receiver can take it, else it is encoded. Always: it is encoded.
enum class FilmEncoding { Auto, Always };

/// createStream() and the profile setters of the SDK in one struct.
struct LocalStreamConfig {
	SourceSpec video, audio;
	SourceSpec auxiliary; ///< video of the auxiliary stream (the screen), with or without a main stream
	bool loop = false;    ///< restart file sources at their end
	FilmEncoding encode = FilmEncoding::Auto;
	VideoProfile videoProfile;
	/// File sources keep within videoProfile, or auxiliaryProfile. False: a film keeps its own size and rate, up to
	/// 1920x1080.
	bool videoProfileAsked = false, auxiliaryProfileAsked = false;
	/// Profile of a small video beside the main video, as enableSmallStream() and setSmallStreamProfile() of the SDK
	/// (default 160x120@15,100k), see smallVideoProfile(). Empty: no small video.
	std::optional<VideoProfile> smallProfile;
	VideoProfile auxiliaryProfile { 1920, 1080, 5, 1600 }; ///< the SDK's default for screens
	AudioProfile audioProfile;
	VideoCodec videoCodec = VideoCodec::H264; ///< codec for encoding
	Trace *trace = nullptr;			  ///< borrowed for the life of the stream
};

/// One track as a LocalStream would make it.
struct TrackPlan {
	StreamType streamType = StreamType::Main;
	MediaKind kind = MediaKind::Video;
	bool small = false;   ///< the small video, made from the frames of the big video
	std::string source;   ///< as SourceSpec::parse() accepts it
	std::string codec;    ///< of the sent track: "h264", "vp8", "opus"
	bool encoded = true;  ///< false: sent without re-encoding
	std::string reason;   ///< why a film is encoded; empty for other sources
	std::string pipeline; ///< gst-launch syntax, from the source to the encoder
};

/// createClient() of the SDK.
struct ClientConfig {
	std::string server = "ws://127.0.0.1:8687"; ///< ws:// or wss://, no query
	std::uint32_t sdkAppId = 0;		    ///< not 0
	UserId userId;
	std::string userSig; ///< TLSSigAPIv2 text; never logged
	Mode mode = Mode::Live;
	bool autoSubscribe = true; ///< subscribe to every added stream
	std::string caFile;	   ///< PEM; empty: the system's
	bool insecure = false;	   ///< accept any TLS certificate
	NetworkConfig network;
	std::chrono::milliseconds connectTimeout { 10'000 }; ///< SDK's "overall connect"
	std::chrono::milliseconds joinTimeout { 5'000 };     ///< SDK's "join result"
	std::chrono::milliseconds mediaTimeout { 10'000 };   ///< SDK's limit for a connected peer connection
	std::chrono::milliseconds latency { 100 };	     ///< receive buffer
	Trace *trace = nullptr;				     ///< borrowed for the life of the client
	/// Number of attempts to reconnect and, after the service has ended the session, to rejoin the room, counted together.
	/// Delays: 0, 2, 2, 3, 3, 5, 5, 8, 8 and then every 13 s (the SDK's delays and number). 0: do not reconnect.
	int reconnectTries = 30;
};

struct JoinOptions {
	RoomId room;
	Role role = Role::Anchor;
	std::string privateMapKey; ///< permission for this room, if the service requires it; never logged
};

/// Which tracks of one user to receive. At least one must be set; use unsubscribe() for none.
struct SubscribeOptions {
	bool audio = true, video = true, auxiliary = true;
	/// Receive the small main video while it exists, else the big one. No effect without `video`.
	bool small = false;
	bool any() const noexcept { return audio || video || auxiliary; }
	bool operator==(const SubscribeOptions &) const = default;
};

} // namespace trtc
