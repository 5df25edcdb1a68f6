// SPDX-License-Identifier: MIT
#include "cli/agent/snapshots.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <filesystem>

#include <unistd.h>

namespace trtc::cli {

void Snapshots::start(std::optional<UserId> user, std::chrono::milliseconds period, const std::string &directory,
		      Reply reply)
{
	std::error_code error;
	std::filesystem::create_directories(directory, error);
	if (!error && ::access(directory.c_str(), W_OK | X_OK) != 0)
		error.assign(errno, std::generic_category());
	if (error)
		return reply(
			{ Error { ErrorCode::OutputFailed,
				  fmt::format("directory {} for pictures cannot be written: {}; name another directory",
					      directory, error.message()) },
			  {} });
	user_ = std::move(user);
	directory_ = directory;
	pictures_ = 0;
	failed_.clear();
	timer_ = loop_.every(period, [this] { take(); });
	reply({ Unit {}, { { "directory", directory_ }, { "periodMs", std::int64_t { period.count() } } } });
	take();
}

void Snapshots::stop(Reply reply)
{
	if (!timer_)
		return reply({ Error { ErrorCode::InvalidOperation, "snapshot --every is not running: start it with "
								    "snapshot --every DURATION USER|--all DIR" },
			       {} });
	timer_.reset();
	reply({ Unit {}, { { "pictures", pictures_ } } });
}

void Snapshots::whenFree(const StreamInfo &info, std::function<void()> then)
{
	const auto found = running_.find({ info.userId, info.streamType });
	if (found == running_.end())
		return then();
	found->second.push_back(std::move(then));
}

void Snapshots::take()
{
	for (auto *stream : client_.streams())
		takeOf(*stream);
}

void Snapshots::takeOf(RemoteStream &stream)
{
	const auto &info = stream.info();
	const Key key { info.userId, info.streamType };
	if ((user_ && info.userId != *user_) || !info.hasVideo || !stream.subscribed() || running_.count(key))
		return;
	running_[key];
	stream.snapshot(fmt::format("{}/{}-{}.jpg", directory_, info.userId.str(), toString(info.streamType)),
			[this, key, alive = std::weak_ptr(alive_)](const Result<Snapshot> &result) {
				if (!alive.expired())
					taken(key, result);
			});
}

void Snapshots::observe(const Event &event)
{
	const auto *first = std::get_if<FirstFrame>(&event);
	if (!timer_ || !first || first->kind != MediaKind::Video)
		return;
	loop_.post([this, user = first->userId, type = first->streamType, alive = std::weak_ptr(alive_)] {
		if (alive.expired() || !timer_)
			return;
		if (auto *stream = client_.stream(user, type))
			takeOf(*stream);
	});
}

void Snapshots::taken(const Key &key, const Result<Snapshot> &result)
{
	const auto waiting = std::move(running_[key]);
	running_.erase(key);
	if (result) {
		++pictures_;
		failed_.erase(key);
	} else if (result.error().code == ErrorCode::InvalidOperation ||
		   result.error().code == ErrorCode::RemoteStreamNotExist) {
		// The video is muted or has ended, or another snapshot is running: not an error.
		spdlog::debug("no picture of {} this time: {}", key.first.str(), result.error().message);
	} else if (timer_ && failed_.insert(key).second) {
		report_(result.error());
	}
	for (const auto &then : waiting)
		then();
}

} // namespace trtc::cli
