// SPDX-License-Identifier: MIT
#include "media/snapshot.h"

#include "base/descriptors.h"
#include "media/decode.h"

#include <gst/app/gstappsink.h>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace trtc::media {

namespace {

Error cannotWrite(const std::string &path, const std::string &reason)
{
	return { ErrorCode::OutputFailed,
		 fmt::format("snapshot {} cannot be written: {}; name another file", path, reason) };
}

/// A temporary file beside its target, gone again unless it was renamed.
class PartialFile {
public:
	/// Throws Exception(OutputFailed).
	explicit PartialFile(std::string path) : path_(std::move(path))
	{
		const std::filesystem::path target(path_);
		std::error_code error;
		if (std::filesystem::is_directory(target, error))
			throw Exception(cannotWrite(path_, "it is a directory"));
		temporary_ = (target.parent_path() / fmt::format(".{}-XXXXXX", target.filename().string())).string();
		file_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
		if (file_ < 0)
			throw Exception(cannotWrite(path_, std::strerror(errno)));
	}
	~PartialFile()
	{
		::close(file_);
		if (!temporary_.empty())
			::unlink(temporary_.c_str());
	}
	PartialFile(const PartialFile &) = delete;
	PartialFile &operator=(const PartialFile &) = delete;

	/// All of it, under its name, or an error.
	Status finish(const std::uint8_t *data, std::size_t size)
	{
		while (size > 0) {
			const auto wrote = ::write(file_, data, size);
			if (wrote < 0 && errno == EINTR)
				continue;
			if (wrote < 0)
				return cannotWrite(path_, std::strerror(errno));
			data += wrote;
			size -= static_cast<std::size_t>(wrote);
		}
		// mkostemp makes it private; a snapshot is as public as any file its user makes.
		if (::fchmod(file_, 0666 & ~creationMask()) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0)
			return cannotWrite(path_, std::strerror(errno));
		temporary_.clear();
		return Unit {};
	}
	const std::string &path() const noexcept { return path_; }

private:
	std::string path_, temporary_;
	int file_ = -1;
};

const char *encoderFor(const std::string &path)
{
	auto ending = std::filesystem::path(path).extension().string();
	for (auto &c : ending)
		if (c >= 'A' && c <= 'Z')
			c = static_cast<char>(c - 'A' + 'a');
	if (ending == ".png")
		return "pngenc snapshot=true compression-level=6";
	if (ending == ".jpg" || ending == ".jpeg")
		return "jpegenc quality=90";
	throw Exception(
		ErrorCode::InvalidParameter,
		fmt::format("snapshot {}: the file format is unknown: use a name ending in .png, .jpg or .jpeg", path));
}

class KeyframeSnapshot;

/// What the streaming thread may know.
struct Develop {
	MainLoop &loop;
	std::shared_ptr<PartialFile> file;
	std::weak_ptr<KeyframeSnapshot *> owner;
	bool written = false; // streaming thread only
};

class KeyframeSnapshot final : public SnapshotTaker {
public:
	KeyframeSnapshot(MainLoop &loop, std::string path, Done done, std::chrono::milliseconds limit)
		: loop_(loop), encoder_(encoderFor(path)), file_(std::make_shared<PartialFile>(std::move(path))),
		  done_(std::move(done)), self_(std::make_shared<KeyframeSnapshot *>(this))
	{
		timer_ = loop_.after(limit, [this, limit] {
			finish(Error { ErrorCode::MediaFailed,
				       fmt::format("snapshot {}: no picture arrived within {} s", file_->path(),
						   std::chrono::duration<double>(limit).count()) });
		});
	}

	void write(const EncodedFrame &frame) override
	{
		if (pipeline_ || !done_ || frame.kind != MediaKind::Video || !frame.keyframe)
			return;
		try {
			develop(frame);
		} catch (const Exception &exception) {
			finish(exception.error());
		}
	}

private:
	/// One picture and the end behind it, which drains a decoder that would rather wait for more.
	void develop(const EncodedFrame &frame)
	{
		pipeline_ = std::make_unique<DecodePipeline>(DecodePipeline::Config {
			"snapshot",
			frame.codec,
			fmt::format("videoconvert ! {} ! appsink name=sink sync=false async=false emit-signals=false",
				    encoder_),
			{},
			{} });
		GstAppSinkCallbacks callbacks = {};
		callbacks.new_sample = deliver;
		gst_app_sink_set_callbacks(GST_APP_SINK(pipeline_->element("sink").get()), &callbacks,
					   new Develop { loop_, file_, self_ },
					   [](gpointer data) noexcept { delete static_cast<Develop *>(data); });
		pipeline_->onError([this](GstMessage *message) {
			finish(Error { ErrorCode::MediaFailed,
				       fmt::format("snapshot {}: the picture cannot be decoded{}", file_->path(),
						   GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR
							   ? ": " + errorText(message)
							   : "") });
		});
		pipeline_->start();
		pipeline_->push(frame);
		pipeline_->endOfStream();
	}

	static GstFlowReturn deliver(GstAppSink *sink, gpointer data) noexcept
	{
		auto &hook = *static_cast<Develop *>(data);
		auto sample = gst::SamplePtr::adopt(gst_app_sink_try_pull_sample(sink, 0));
		if (!sample || std::exchange(hook.written, true))
			return GST_FLOW_OK;
		Snapshot snapshot { hook.file->path(), 0, 0 };
		const auto *structure = gst_caps_get_structure(gst_sample_get_caps(sample.get()), 0);
		gst_structure_get_int(structure, "width", &snapshot.width);
		gst_structure_get_int(structure, "height", &snapshot.height);
		GstMapInfo map;
		Status status = cannotWrite(snapshot.path, "the picture cannot be read");
		if (gst_buffer_map(gst_sample_get_buffer(sample.get()), &map, GST_MAP_READ)) {
			status = hook.file->finish(map.data, map.size);
			gst_buffer_unmap(gst_sample_get_buffer(sample.get()), &map);
		}
		hook.loop.post([weak = hook.owner, snapshot, status] {
			const auto owner = weak.lock();
			if (owner && status)
				(*owner)->finish(snapshot);
			else if (owner)
				(*owner)->finish(status.error());
		});
		return GST_FLOW_OK;
	}

	/// The pipeline may be the caller and the owner may destroy us from inside.
	void finish(Result<Snapshot> result)
	{
		timer_.reset();
		if (auto done = std::exchange(done_, nullptr))
			loop_.post([done = std::move(done), result = std::move(result), alive = std::weak_ptr(self_)] {
				if (alive.lock())
					done(result);
			});
	}

	MainLoop &loop_;
	const char *encoder_;
	std::shared_ptr<PartialFile> file_;
	Done done_;
	std::unique_ptr<DecodePipeline> pipeline_;
	SourceHandle timer_;
	std::shared_ptr<KeyframeSnapshot *> self_;
};

} // namespace

std::unique_ptr<SnapshotTaker> SnapshotTaker::create(MainLoop &loop, std::string path, Done done,
						     std::chrono::milliseconds limit)
{
	return std::make_unique<KeyframeSnapshot>(loop, std::move(path), std::move(done), limit);
}

} // namespace trtc::media
