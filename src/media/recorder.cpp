// SPDX-License-Identifier: MIT
#include "media/recorder.h"

#include "media/sinks/matroska_writer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <deque>
#include <exception>
#include <filesystem>
#include <optional>
#include <unistd.h>

namespace trtc::media {

namespace {

using namespace std::chrono_literals;

/// How long the first frames wait for the other kind, so that the file's zero is the earliest of both.
constexpr auto kGather = 500ms;
/// Names that are tried before a recording gives up.
constexpr unsigned kMaxTries = 100'000;

/// A file name has no room for what a string room may hold.
std::string forFileName(const std::string &text)
{
	std::string out;
	for (char c : text)
		out += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
				       c == '-'
			       ? c
			       : '_';
	return out;
}

void checkWritable(const std::string &directory)
{
	std::error_code error;
	std::filesystem::create_directories(directory, error);
	if (error)
		throw Exception(ErrorCode::OutputFailed,
				fmt::format("record directory {} cannot be made: {}", directory, error.message()));
	// Trying is the only test that holds for every file system and every user.
	auto probe = directory + "/.trtc-cli-XXXXXX";
	const int descriptor = mkstemp(probe.data());
	if (descriptor < 0)
		throw Exception(ErrorCode::OutputFailed, fmt::format("record directory {} cannot be written: {}",
								     directory, std::strerror(errno)));
	close(descriptor);
	unlink(probe.c_str());
}

class MatroskaRecorder final : public Recorder {
public:
	MatroskaRecorder(MainLoop &loop, Config config, Listener &listener)
		: loop_(loop), config_(std::move(config)), listener_(listener)
	{
		checkWritable(config_.directory);
	}

	~MatroskaRecorder() override
	{
		if (!writer_)
			return;
		try {
			flush();
		} catch (const std::exception &) {
			// The writer closes what it has.
		}
	}

	void write(const EncodedFrame &frame) override
	{
		if (stopped_ || ((!begun_ || videoSeam_) && frame.kind == MediaKind::Video && !frame.keyframe))
			return;
		guarded([&] {
			crossSeam(frame);
			if (stopped_) // the end of the part failed
				return;
			if (!begun_)
				begin();
			note(frame);
			if (zero_) {
				put(frame);
				return;
			}
			gathered_.push_back(frame);
			if (gathered_.front().kind != frame.kind)
				flush();
		});
	}

	void interrupt(std::chrono::milliseconds already) override
	{
		if (stopped_ || !begun_ || gapTimer_)
			return;
		seam_ = videoSeam_ = true;
		gapTimer_ = loop_.after(std::max(0ms, kLongestGap - already), [this] {
			gapTimer_.reset();
			endPart("connection-lost");
		});
	}

	void resume() override { gapTimer_.reset(); }

	void stop(const std::string &reason) override
	{
		if (!std::exchange(stopped_, true))
			endPart(reason);
	}

private:
	/// What the file was like before an interruption.
	struct Shape {
		Codec codec;
		int width, height;
	};

	/// After an interruption: does the frame go into the same file?
	void crossSeam(const EncodedFrame &frame)
	{
		if (!begun_ || (!seam_ && !videoSeam_))
			return;
		if (frame.kind == MediaKind::Video && std::exchange(videoSeam_, false) && shape_ &&
		    (shape_->codec != frame.codec ||
		     (frame.width > 0 && shape_->width > 0 &&
		      (shape_->width != frame.width || shape_->height != frame.height)))) {
			endPart("format-changed");
			return;
		}
		if (std::exchange(seam_, false)) {
			gapTimer_.reset();
			listener_.onRecordingResumed(
				{ config_.userId, config_.streamType, writer_->path(),
				  std::max(0ms, std::chrono::round<std::chrono::milliseconds>(frame.time - latest_)) });
		}
	}

	void note(const EncodedFrame &frame)
	{
		latest_ = std::max(latest_, frame.time);
		if (frame.kind == MediaKind::Video && frame.width > 0)
			shape_ = Shape { frame.codec, frame.width, frame.height };
	}

	void endPart(const std::string &reason)
	{
		gatherTimer_.reset();
		gapTimer_.reset();
		if (!writer_)
			return;
		std::optional<Error> failure;
		try {
			flush();
			writer_->finish();
		} catch (const std::exception &exception) {
			failure = errorOf(exception);
			stopped_ = true;
			finishQuietly();
		}
		tellStopped(failure ? reasonOf(*failure) : reason);
		writer_.reset();
		begun_ = seam_ = videoSeam_ = false;
		zero_.reset();
		lastAudio_ = {};
		gathered_.clear();
		shape_.reset();
		latest_ = {};
		if (failure)
			listener_.onRecordingFailed(*failure);
	}

	void begin()
	{
		if (!values_) // parts have one time
			values_ = { forFileName(config_.room.str()), config_.userId.str(),
				    trtc::toString(config_.streamType),
				    fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr))) };
		while (!writer_) {
			const auto n = ++number_;
			const auto path = fmt::format("{}/{}.mkv", config_.directory, config_.name.expand(*values_, n));
			if (std::filesystem::exists(path) && n < kMaxTries)
				continue;
			try {
				writer_ = std::make_unique<MatroskaWriter>(path);
			} catch (const Exception &) {
				// Somebody else may have taken the name in this moment.
				if (!std::filesystem::exists(path) || n >= kMaxTries)
					throw;
			}
		}
		begun_ = true;
		gatherTimer_ = loop_.after(kGather, [this] { guarded([this] { flush(); }); });
		listener_.onRecordingStarted({ config_.userId, config_.streamType, writer_->path() });
	}

	/// What was gathered goes out in the order of its time; the earliest is the file's zero.
	void flush()
	{
		gatherTimer_.reset();
		if (zero_ || gathered_.empty())
			return;
		std::stable_sort(gathered_.begin(), gathered_.end(),
				 [](const EncodedFrame &a, const EncodedFrame &b) { return a.time < b.time; });
		zero_ = gathered_.front().time;
		std::exception_ptr failure;
		for (const auto &frame : std::exchange(gathered_, {}))
			try {
				put(frame);
			} catch (const std::exception &) {
				// The other kind has come as far as this, and belongs into the file.
				failure = failure ? failure : std::current_exception();
			}
		if (failure)
			std::rethrow_exception(failure);
	}

	/// The times of the sound step back a little when the receiver learns how sound and picture belong together; a player takes
	/// what stands in the past for late. Pictures may be out of order on purpose.
	void put(const EncodedFrame &frame)
	{
		auto time = frame.time - *zero_;
		if (frame.kind == MediaKind::Audio)
			lastAudio_ = time = std::max(time, lastAudio_);
		writer_->write(frame, time);
	}

	template <class F>
	void guarded(F &&run)
	{
		try {
			run();
		} catch (const std::exception &exception) {
			stopped_ = true;
			gatherTimer_.reset();
			gapTimer_.reset();
			gathered_.clear();
			const Error error = errorOf(exception);
			if (writer_) {
				finishQuietly();
				tellStopped(reasonOf(error));
			}
			listener_.onRecordingFailed(error);
		}
	}

	/// Whatever is thrown on the way ends this recording and no other.
	Error errorOf(const std::exception &exception) const
	{
		if (const auto *known = dynamic_cast<const Exception *>(&exception))
			return known->error();
		return { ErrorCode::MediaFailed,
			 fmt::format("the recording of the {} stream of {} cannot go on: {}",
				     trtc::toString(config_.streamType), config_.userId.str(), exception.what()) };
	}

	static const char *reasonOf(const Error &error) noexcept
	{
		return error.code == ErrorCode::OutputFailed ? "disk" : "failed";
	}

	/// What is in the file stays readable, with its index if there is room for it.
	void finishQuietly() noexcept
	{
		try {
			writer_->finish();
		} catch (const std::exception &) {
			// The first error is the one that is told.
		}
	}

	void tellStopped(const std::string &reason)
	{
		listener_.onRecordingStopped({ config_.userId, config_.streamType, writer_->path(), writer_->duration(),
					       writer_->bytes(), writer_->videoFrames(), writer_->audioPackets(),
					       reason });
	}

	MainLoop &loop_;
	Config config_;
	Listener &listener_;
	bool begun_ = false, stopped_ = false;
	std::unique_ptr<MatroskaWriter> writer_;
	std::optional<std::chrono::nanoseconds> zero_;
	std::chrono::nanoseconds lastAudio_ { 0 }; // of this file
	std::deque<EncodedFrame> gathered_;
	SourceHandle gatherTimer_, gapTimer_;	// gapTimer_: while interrupted
	bool seam_ = false, videoSeam_ = false; // nothing, no picture has come since the interruption
	std::chrono::nanoseconds latest_ { 0 }; // of the frames of this part
	std::optional<Shape> shape_;
	std::optional<RecordName::Values> values_;
	unsigned number_ = 0;
};

} // namespace

std::unique_ptr<Recorder> Recorder::create(MainLoop &loop, Config config, Listener &listener)
{
	return std::make_unique<MatroskaRecorder>(loop, std::move(config), listener);
}

} // namespace trtc::media
