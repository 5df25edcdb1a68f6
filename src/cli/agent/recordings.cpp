// SPDX-License-Identifier: MIT
#include "cli/agent/recordings.h"

#include "cli/events/event_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace trtc::cli {

namespace {

using namespace std::chrono_literals;

/// How long `record start` waits for the first frames: a stream that is muted brings none.
constexpr auto kStartLimit = 3s;

} // namespace

void checkRecordDirectory(const std::string &directory, std::string_view option)
{
	std::error_code error;
	std::filesystem::create_directories(directory, error);
	std::string reason = error ? error.message() : "";
	if (!error) {
		auto path = (std::filesystem::path(directory) / ".trtc-cli-XXXXXX").string();
		const int fd = ::mkstemp(path.data());
		if (fd >= 0) {
			::close(fd);
			::unlink(path.c_str());
			return;
		}
		reason = std::strerror(errno);
	}
	throw Exception(ErrorCode::OutputFailed,
			fmt::format("record directory {} cannot be written: {}; name another one with {}", directory,
				    reason, option));
}

Fields recordingFields(const RecordingStopped &stopped)
{
	auto fields = toRecord(stopped).fields;
	std::erase_if(fields, [](const Field &f) { return f.name == "streamType" || f.name == "reason"; });
	return fields;
}

Recordings::Recordings(MainLoop &loop, Client &client, std::string directory, RecordName name, Failed failed)
	: loop_(loop), client_(client), directory_(std::move(directory)), name_(std::move(name)),
	  failed_(std::move(failed)), on_(!directory_.empty())
{
}

void Recordings::want(const StreamInfo &info)
{
	if (!on_ || running_.count({ info.userId, info.streamType }))
		return;
	auto *stream = client_.stream(info.userId, info.streamType);
	if (!stream)
		return;
	try {
		stream->startRecording(directory_, name_);
		running_[{ info.userId, info.streamType }];
	} catch (const Exception &error) {
		failed_(error.error());
	}
}

void Recordings::forget(const StreamInfo &info)
{
	running_.erase({ info.userId, info.streamType });
	answerStart();
}

void Recordings::observe(const Event &event)
{
	std::visit(overloaded {
			   [this](const StreamSubscribed &info) { want(info); },
			   [this](const StreamRemoved &info) { forget(info); },
			   [this](const StreamUnsubscribed &info) { forget(info); },
			   [this](const RecordingStarted &started) {
				   const auto found = running_.find({ started.userId, started.streamType });
				   if (found != running_.end())
					   found->second = started.path;
				   answerStart();
			   },
			   [this](const RecordingResumed &resumed) {
				   const auto found = running_.find({ resumed.userId, resumed.streamType });
				   if (found != running_.end())
					   found->second = resumed.path;
				   answerStart();
			   },
			   [this](const RecordingStopped &stopped) {
				   diskFailed_ = diskFailed_ || stopped.reason == "disk";
				   const auto found = running_.find({ stopped.userId, stopped.streamType });
				   // Of a stream that is still there only a part has ended; the next one follows.
				   if (found != running_.end() &&
				       (stopped.reason == "connection-lost" || stopped.reason == "format-changed"))
					   found->second.clear();
				   else if (found != running_.end())
					   running_.erase(found);
				   if (closed_)
					   closed_->push_back(recordingFields(stopped));
				   answerStart();
			   },
			   [](const auto &) {},
		   },
		   event);
}

bool Recordings::allFailed() const noexcept
{
	return on_ && diskFailed_ &&
	       std::all_of(running_.begin(), running_.end(), [](const auto &each) { return each.second.empty(); });
}

void Recordings::start(const std::string &directory, Reply reply)
{
	if (directory.empty() && directory_.empty())
		return reply({ Error { ErrorCode::InvalidParameter,
				       "record start: the directory is missing: use record start DIR" },
			       {} });
	if (on_ && !directory.empty() && directory != directory_)
		return reply({ Error { ErrorCode::InvalidOperation,
				       fmt::format("already recording to {}: use record stop first", directory_) },
			       {} });
	const auto &target = directory.empty() ? directory_ : directory;
	try {
		checkRecordDirectory(target, "record start DIR");
	} catch (const Exception &error) {
		return reply({ error.error(), {} });
	}
	directory_ = target;
	on_ = true;
	diskFailed_ = false;
	for (const auto *stream : client_.streams())
		if (stream->subscribed())
			want(stream->info());
	starting_ = std::move(reply);
	startTimer_ = loop_.after(kStartLimit, [this] {
		startTimer_.reset();
		answerStart();
	});
	answerStart();
}

/// When every file has its name, or its time is over.
void Recordings::answerStart()
{
	const bool missing =
		std::any_of(running_.begin(), running_.end(), [](const auto &each) { return each.second.empty(); });
	if (!starting_ || (missing && startTimer_))
		return;
	startTimer_.reset();
	std::vector<Fields> files;
	for (const auto &[key, path] : running_) {
		files.push_back({ { "userId", key.first.str() }, { "streamType", toString(key.second) } });
		if (!path.empty())
			files.back().push_back({ "path", path });
	}
	std::exchange(starting_,
		      nullptr)({ Unit {}, { { "directory", directory_ }, { "recordings", std::move(files) } } });
}

void Recordings::stop(Reply reply)
{
	on_ = false;
	closed_.emplace();
	client_.stopRecordings();
	running_.clear();
	// What the client has to tell about them is on its way already; this comes behind it.
	loop_.post([this, alive = std::weak_ptr(alive_), reply = std::move(reply)] {
		if (alive.expired())
			return;
		auto files = *std::exchange(closed_, {});
		reply({ Unit {}, { { "recordings", std::move(files) } } });
	});
}

} // namespace trtc::cli
