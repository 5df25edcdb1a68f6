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

/// What is captured: `none`, `test`, `file:PATH`, `v4l2[:CAMERA]`, `alsa[:DEVICE]`, `screen[:DISPLAY]` or
/// `pipeline:DESCRIPTION`.
struct SourceSpec {
	enum class Kind { None, Test, File, V4l2, Alsa, Screen, Pipeline };
	Kind kind = Kind::None;
	/// file: the path; v4l2: a device node or the camera's name; alsa: a PCM name or the card's name; screen: the X
	/// display; pipeline: a gst-launch chain. Empty: the first camera, ALSA's default, $DISPLAY.
	std::string argument;
	/// Throws Exception(InvalidParameter) naming the text and what is allowed.
	static SourceSpec parse(std::string_view text);
	/// The same, and the source has to give @p kind: no camera for sound.
	static SourceSpec parse(std::string_view text, MediaKind kind);
	/// What parse() takes: "v4l2:/dev/video0".
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

/// The size and rate a small video gets beside a big one, by the SDK's rule: about as many pixels as @p wish has, in the
/// shape of @p big; more than 640x480 count as 320x240. Never more of anything than the big one. Pure.
VideoProfile smallVideoProfile(const VideoProfile &big, VideoProfile wish) noexcept;

/// Always 48000 Hz. Channels 1..2, kbit/s 6..510 (RFC 6716).
struct AudioProfile {
	int sampleRate = 48000, channels = 1, kbps = 40;
	/// The SDK's names: standard, standard-stereo, high, high-stereo; or `KBPSk`. Throws Exception(InvalidParameter).
	static AudioProfile parse(std::string_view text);
	bool operator==(const AudioProfile &) const = default;
};

/// What a recording is called, without directory and extension: a text with the fields `{room}`, `{user}`, `{type}`,
/// `{time}` (UTC, `20240501T120000Z`) and `{n}`.
class RecordName {
public:
	/// `{room}-{user}-{type}-{time}`
	RecordName() = default;
	/// Throws Exception(InvalidParameter): empty, an unknown field, a slash, too long once it is filled in.
	static RecordName parse(std::string_view text);
	struct Values {
		std::string room, user, type, time;
	};
	/// @p number: 1 and up, the n-th try to find a name that is free. Without a field `{n}` it follows the second and
	/// later names.
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
	SourceSpec auxiliary; ///< picture of the auxiliary stream (the screen), beside the main one or alone
	bool loop = false;    ///< file sources start again at their end
	FilmEncoding encode = FilmEncoding::Auto;
	VideoProfile videoProfile;
	/// File sources keep within videoProfile, or auxiliaryProfile. False: a film keeps its own size and rate, up to
	/// 1920x1080.
	bool videoProfileAsked = false, auxiliaryProfileAsked = false;
	/// A second, smaller picture of the main video for those who want no more, as enableSmallStream() of the SDK makes
	/// it: what setSmallStreamProfile() takes (its default 160x120@15,100k), see smallVideoProfile(). Empty: none.
	std::optional<VideoProfile> smallProfile;
	VideoProfile auxiliaryProfile { 1920, 1080, 5, 1600 }; ///< the SDK's default for screens
	AudioProfile audioProfile;
	VideoCodec videoCodec = VideoCodec::H264; ///< what a file in another codec is encoded to
	Trace *trace = nullptr;			  ///< borrowed for the life of the stream
};

/// One track as a LocalStream would make it.
struct TrackPlan {
	StreamType streamType = StreamType::Main;
	MediaKind kind = MediaKind::Video;
	bool small = false;   ///< the small video, made of the big one's pictures
	std::string source;   ///< as SourceSpec::parse() takes it
	std::string codec;    ///< what goes out: "h264", "vp8", "opus"
	bool encoded = true;  ///< false: goes out as it is
	std::string reason;   ///< why a film is encoded; empty for other sources
	std::string pipeline; ///< as gst-launch would have it, from the source to the encoder
};

/// createClient() of the SDK.
struct ClientConfig {
	std::string server = "ws://127.0.0.1:8687"; ///< ws:// or wss://, no query
	std::uint32_t sdkAppId = 0;		    ///< not 0
	UserId userId;
	std::string userSig; ///< TLSSigAPIv2 text; never logged
	Mode mode = Mode::Live;
	bool autoSubscribe = true; ///< subscribe to everything that is added
	std::string caFile;	   ///< PEM; empty: the system's
	bool insecure = false;	   ///< accept any TLS certificate
	NetworkConfig network;
	std::chrono::milliseconds connectTimeout { 10'000 }; ///< SDK's "overall connect"
	std::chrono::milliseconds joinTimeout { 5'000 };     ///< SDK's "join result"
	std::chrono::milliseconds mediaTimeout { 10'000 };   ///< SDK's limit for a connected peer connection
	std::chrono::milliseconds latency { 100 };	     ///< receive buffer
	Trace *trace = nullptr;				     ///< borrowed for the life of the client
	/// Tries to bring a lost connection back, and when the service has forgotten us to enter the room again; they count
	/// together. One after 0, 2, 2, 3, 3, 5, 5, 8, 8 and then each 13 s (the SDK's times and number). 0: none.
	int reconnectTries = 30;
};

struct JoinOptions {
	RoomId room;
	Role role = Role::Anchor;
	std::string privateMapKey; ///< ticket for this room, where the service wants one; never logged
};

/// What of one user is wanted. Nothing at all is refused (use unsubscribe).
struct SubscribeOptions {
	bool audio = true, video = true, auxiliary = true;
	/// Of the main video the small one, as long as there is one, else the big one. Nothing without `video`.
	bool small = false;
	bool any() const noexcept { return audio || video || auxiliary; }
	bool operator==(const SubscribeOptions &) const = default;
};

} // namespace trtc
