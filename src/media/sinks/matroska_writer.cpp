// SPDX-License-Identifier: MIT
#include "media/sinks/matroska_writer.h"

#include "media/sinks/h264.h"

#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trtc::media {

namespace {

// Element ids: RFC 8794 (EBML) and RFC 9559 (Matroska), section 5.1.
constexpr std::uint32_t kEbml = 0x1A45DFA3, kEbmlVersion = 0x4286, kEbmlReadVersion = 0x42F7, kEbmlMaxId = 0x42F2,
			kEbmlMaxSize = 0x42F3, kDocType = 0x4282, kDocTypeVersion = 0x4287,
			kDocTypeReadVersion = 0x4285;
constexpr std::uint32_t kSegment = 0x18538067, kSeekHead = 0x114D9B74, kSeek = 0x4DBB, kSeekId = 0x53AB,
			kSeekPosition = 0x53AC;
constexpr std::uint32_t kInfo = 0x1549A966, kTimestampScale = 0x2AD7B1, kMuxingApp = 0x4D80, kWritingApp = 0x5741,
			kDuration = 0x4489, kVoid = 0xEC;
constexpr std::uint32_t kTracks = 0x1654AE6B, kTrackEntry = 0xAE, kTrackNumber = 0xD7, kTrackUid = 0x73C5,
			kTrackType = 0x83, kFlagLacing = 0x9C, kCodecId = 0x86, kCodecPrivate = 0x63A2,
			kSeekPreRoll = 0x56BB, kVideo = 0xE0, kPixelWidth = 0xB0, kPixelHeight = 0xBA, kAudio = 0xE1,
			kSamplingFrequency = 0xB5, kChannels = 0x9F;
constexpr std::uint32_t kCluster = 0x1F43B675, kTimestamp = 0xE7, kSimpleBlock = 0xA3;
constexpr std::uint32_t kCues = 0x1C53BB6B, kCuePoint = 0xBB, kCueTime = 0xB3, kCueTrackPositions = 0xB7,
			kCueTrack = 0xF7, kCueClusterPosition = 0xF1;

constexpr std::size_t kSeekHeadSpace = 128, kTracksSpace = 4096;
/// A void element is nine bytes at least, and a large video track leaves room for the sound.
constexpr std::size_t kMaxTracks = kTracksSpace - 9, kMaxVideoEntry = kMaxTracks - 512;
/// RFC 8794 section 6.2: all ones mean "unknown"; a reader takes what is there.
constexpr std::string_view kUnknownSize = "\x01\xff\xff\xff\xff\xff\xff\xff";
/// A block's time is a signed 16 bit offset; a short cluster also bounds what a crash can blur.
constexpr std::uint64_t kMaxClusterMs = 5000;

std::string bigEndian(std::uint64_t value, unsigned bytes)
{
	std::string out;
	while (bytes--)
		out += static_cast<char>(value >> (8 * bytes) & 0xff);
	return out;
}

std::string id(std::uint32_t value)
{
	return bigEndian(value, value > 0xffffff ? 4 : value > 0xffff ? 3 : value > 0xff ? 2 : 1);
}

std::string size8(std::uint64_t value) { return bigEndian(value | std::uint64_t { 1 } << 56, 8); }

std::string size(std::uint64_t value)
{
	for (unsigned bytes = 1; bytes < 8; ++bytes)
		if (value < (std::uint64_t { 1 } << (7 * bytes)) - 1)
			return bigEndian(value | std::uint64_t { 1 } << (7 * bytes), bytes);
	return size8(value);
}

std::string element(std::uint32_t name, std::string_view data)
{
	return id(name) + size(data.size()) + std::string(data);
}

std::string number(std::uint32_t name, std::uint64_t value)
{
	unsigned bytes = 1;
	while (bytes < 8 && value >> (8 * bytes))
		++bytes;
	return element(name, bigEndian(value, bytes));
}

std::string real(std::uint32_t name, double value)
{
	return element(name, bigEndian(std::bit_cast<std::uint64_t>(value), 8));
}

/// @p elements, and a void element up to @p space bytes.
std::string filled(std::string elements, std::size_t space)
{
	if (elements.size() + 9 > space)
		throw Exception(
			ErrorCode::Internal,
			fmt::format("{} bytes of a recording's header exceed its space of {}", elements.size(), space));
	const auto rest = space - elements.size() - 9;
	return std::move(elements) + id(kVoid) + size8(rest) + std::string(rest, '\0');
}

/// RFC 7845 section 5.1. No pre-skip: a receiver of a stream that runs already has nothing to skip.
std::string opusHead(int channels)
{
	std::string head = "OpusHead";
	head += '\x01';
	head += static_cast<char>(channels);
	head += std::string("\0\0", 2);
	head += std::string("\x80\xbb\0\0", 4); // 48000, little endian
	head += std::string("\0\0\0", 3);
	return head;
}

std::string videoEntry(const EncodedFrame &frame, unsigned number_, const std::string &configuration)
{
	std::string entry = number(kTrackNumber, number_) + number(kTrackUid, number_) + number(kTrackType, 1) +
			    number(kFlagLacing, 0);
	entry += element(kCodecId, frame.codec == Codec::H264 ? "V_MPEG4/ISO/AVC" : "V_VP8");
	if (!configuration.empty())
		entry += element(kCodecPrivate, configuration);
	entry += element(kVideo, number(kPixelWidth, static_cast<std::uint64_t>(std::max(frame.width, 1))) +
					 number(kPixelHeight, static_cast<std::uint64_t>(std::max(frame.height, 1))));
	return element(kTrackEntry, entry);
}

std::string audioEntry(const EncodedFrame &frame, unsigned number_)
{
	const int channels = std::max(frame.channels, 1);
	std::string entry = number(kTrackNumber, number_) + number(kTrackUid, number_) + number(kTrackType, 2) +
			    number(kFlagLacing, 0);
	entry += element(kCodecId, "A_OPUS") + element(kCodecPrivate, opusHead(channels)) +
		 number(kSeekPreRoll, 80'000'000);
	entry += element(kAudio,
			 real(kSamplingFrequency, 48000) + number(kChannels, static_cast<std::uint64_t>(channels)));
	return element(kTrackEntry, entry);
}

/// How long one Opus packet plays (RFC 6716 section 3.1), in ms, rounded up.
std::uint64_t opusMs(const std::vector<std::uint8_t> &packet)
{
	if (packet.empty())
		return 0;
	const unsigned configuration = packet[0] >> 3, code = packet[0] & 3;
	static constexpr unsigned kSilk[] = { 100, 200, 400, 600 }, kCelt[] = { 25, 50, 100, 200 };
	const unsigned tenths = configuration < 12   ? kSilk[configuration & 3]
				: configuration < 16 ? kSilk[configuration & 1]
						     : kCelt[configuration & 3];
	const unsigned frames = code == 0 ? 1 : code < 3 ? 2 : packet.size() > 1 ? packet[1] & 0x3fu : 0;
	return (std::uint64_t { tenths } * frames + 9) / 10;
}

} // namespace

MatroskaWriter::MatroskaWriter(std::string path) : path_(std::move(path))
{
	descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (descriptor_ < 0)
		fail("cannot be made");
	writeHeader();
}

MatroskaWriter::~MatroskaWriter()
{
	try {
		finish();
	} catch (const std::exception &) {
		// Whoever wanted to know has called finish() before.
	}
	if (descriptor_ >= 0)
		close(descriptor_);
}

void MatroskaWriter::fail(const char *what)
{
	throw Exception(ErrorCode::OutputFailed, fmt::format("recording {} {}: {}", path_, what, std::strerror(errno)));
}

void MatroskaWriter::patch(std::uint64_t at, std::string_view bytes)
{
	while (!bytes.empty()) {
		const auto written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			fail("cannot be written");
		at += static_cast<std::uint64_t>(written);
		bytes.remove_prefix(static_cast<std::size_t>(written));
	}
}

void MatroskaWriter::append(std::string_view bytes)
{
	patch(size_, bytes);
	size_ += bytes.size();
}

void MatroskaWriter::writeHeader()
{
	std::string header = number(kEbmlVersion, 1) + number(kEbmlReadVersion, 1) + number(kEbmlMaxId, 4) +
			     number(kEbmlMaxSize, 8) + element(kDocType, "matroska") + number(kDocTypeVersion, 4) +
			     number(kDocTypeReadVersion, 2);
	append(element(kEbml, header) + id(kSegment));
	segmentSizeAt_ = size_;
	append(kUnknownSize);
	segmentStart_ = seekHeadAt_ = size_;
	append(filled({}, kSeekHeadSpace));
	infoAt_ = size_;
	const std::string front =
		number(kTimestampScale, 1'000'000) + element(kMuxingApp, "trtc-cli") + element(kWritingApp, "trtc-cli");
	const auto duration = real(kDuration, 0);
	append(id(kInfo) + size(front.size() + duration.size()) + front + duration);
	durationAt_ = size_ - 8;
	tracksAt_ = size_;
	append(filled({}, kTracksSpace));
}

void MatroskaWriter::writeTracks()
{
	std::string entries;
	for (const auto &track : tracks_)
		entries += track.entry;
	patch(tracksAt_, filled(element(kTracks, entries), kTracksSpace));
}

void MatroskaWriter::writeSeekHead()
{
	std::string seeks;
	const auto add = [&](std::uint32_t name, std::uint64_t at) {
		if (at)
			seeks += element(kSeek, element(kSeekId, id(name)) + number(kSeekPosition, at - segmentStart_));
	};
	add(kInfo, infoAt_);
	add(kTracks, tracksAt_);
	add(kCues, cuesAt_);
	patch(seekHeadAt_, filled(element(kSeekHead, seeks), kSeekHeadSpace));
}

void MatroskaWriter::patchDuration()
{
	patch(durationAt_, bigEndian(std::bit_cast<std::uint64_t>(static_cast<double>(endMs_)), 8));
}

const MatroskaWriter::Track *MatroskaWriter::track(const EncodedFrame &frame)
{
	for (const auto &track : tracks_)
		if (track.kind == frame.kind)
			return &track;
	const auto number_ = static_cast<unsigned>(tracks_.size() + 1);
	std::string entry;
	if (frame.kind == MediaKind::Audio) {
		entry = audioEntry(frame, number_);
	} else {
		if (!frame.keyframe)
			return nullptr;
		std::string configuration;
		if (frame.codec == Codec::H264) {
			configuration = configurationOf(frame);
			if (configuration.empty())
				return nullptr;
		}
		entry = videoEntry(frame, number_, configuration);
		if (entry.size() > kMaxVideoEntry)
			throw Exception(
				ErrorCode::MediaFailed,
				fmt::format("recording {} cannot go on: the parameter sets of the video have {} bytes, "
					    "and the file's header has room for {}",
					    path_, configuration.size(), kMaxVideoEntry));
	}
	tracks_.push_back({ number_, frame.kind, std::move(entry) });
	writeTracks();
	return &tracks_.back();
}

std::string MatroskaWriter::configurationOf(const EncodedFrame &frame) const
{
	try {
		return h264::configurationRecord(h264::nalUnits(*frame.data));
	} catch (const Exception &exception) {
		throw Exception(exception.error().code,
				fmt::format("recording {} cannot go on: {}", path_, exception.error().message));
	}
}

void MatroskaWriter::openCluster(std::uint64_t timeMs)
{
	closeCluster();
	clusterOffset_ = size_ - segmentStart_;
	clusterMs_ = timeMs;
	append(id(kCluster));
	clusterSizeAt_ = size_;
	append(std::string(kUnknownSize) + number(kTimestamp, timeMs));
}

void MatroskaWriter::closeCluster()
{
	if (!clusterSizeAt_)
		return;
	patch(*clusterSizeAt_, size8(size_ - *clusterSizeAt_ - 8));
	clusterSizeAt_.reset();
	patchDuration();
	// A file without a name takes everything and is gone in the end.
	struct stat info {};
	if (fstat(descriptor_, &info) == 0 && info.st_nlink == 0)
		throw Exception(ErrorCode::OutputFailed,
				fmt::format("recording {} was removed while it was written", path_));
}

bool MatroskaWriter::write(const EncodedFrame &frame, std::chrono::nanoseconds time)
{
	if (descriptor_ < 0 || !frame.data || frame.data->empty())
		return false;
	const auto *found = track(frame);
	if (!found)
		return false;
	const auto timeMs = static_cast<std::uint64_t>(
		std::max<std::int64_t>(0, std::chrono::round<std::chrono::milliseconds>(time).count()));
	const bool video = frame.kind == MediaKind::Video;
	const auto distance = static_cast<std::int64_t>(timeMs) - static_cast<std::int64_t>(clusterMs_);
	const bool startsCluster = !clusterSizeAt_ || (video && frame.keyframe) ||
				   distance > static_cast<std::int64_t>(kMaxClusterMs) ||
				   distance < -static_cast<std::int64_t>(kMaxClusterMs);
	if (startsCluster) {
		openCluster(timeMs);
		if (frame.keyframe)
			cues_.push_back({ timeMs, found->number, clusterOffset_ });
	}
	const std::string_view raw(reinterpret_cast<const char *>(frame.data->data()), frame.data->size());
	const auto payload =
		frame.codec == Codec::H264 ? h264::lengthPrefixed(h264::nalUnits(*frame.data)) : std::string(raw);
	const auto offset = static_cast<std::uint16_t>(
		static_cast<std::int16_t>(static_cast<std::int64_t>(timeMs) - static_cast<std::int64_t>(clusterMs_)));
	std::string block = size(found->number) + bigEndian(offset, 2) + (frame.keyframe ? '\x80' : '\0');
	block += payload;
	append(element(kSimpleBlock, block));
	++(video ? videoFrames_ : audioPackets_);
	endMs_ = std::max(endMs_, timeMs + (video ? 0 : opusMs(*frame.data)));
	return true;
}

void MatroskaWriter::finish()
{
	if (descriptor_ < 0)
		return;
	// Whatever fails from here on: the file is closed, and readable up to its last frame.
	struct Closer {
		int &descriptor;
		~Closer() { close(std::exchange(descriptor, -1)); }
	} closer { descriptor_ };
	closeCluster();
	std::string points;
	for (const auto &cue : cues_)
		points += element(kCuePoint, number(kCueTime, cue.timeMs) +
						     element(kCueTrackPositions,
							     number(kCueTrack, cue.track) +
								     number(kCueClusterPosition, cue.clusterOffset)));
	if (!points.empty()) {
		cuesAt_ = size_;
		append(element(kCues, points));
	}
	writeSeekHead();
	patchDuration();
	patch(segmentSizeAt_, size8(size_ - segmentStart_));
}

std::chrono::milliseconds MatroskaWriter::duration() const noexcept { return std::chrono::milliseconds(endMs_); }

} // namespace trtc::media
