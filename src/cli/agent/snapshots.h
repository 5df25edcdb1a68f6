// SPDX-License-Identifier: MIT
#pragma once

#include "cli/agent/stdin_commands.h"

#include <trtc/client.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace trtc::cli {

/// `snapshot --every`: saves pictures of one user or of every user periodically, each to the same file USER-STREAM.jpg.
/// Thread-bound.
class Snapshots {
public:
	using Reply = CommandHost::Reply;
	using Report = std::function<void(const Error &)>;
	/// @p client is borrowed. @p report gets the first of several failures in a row.
	Snapshots(MainLoop &loop, Client &client, Report report)
		: loop_(loop), client_(client), report_(std::move(report))
	{
	}

	/// Replaces a previous start(). @p user: empty for all.
	void start(std::optional<UserId> user, std::chrono::milliseconds period, const std::string &directory,
		   Reply reply);
	/// Answers with the number of pictures.
	void stop(Reply reply);
	/// Call it after each client event: a new stream gets a picture at once.
	void observe(const Event &event);
	/// Runs @p then when this object has no snapshot of the stream running.
	void whenFree(const StreamInfo &info, std::function<void()> then);

private:
	using Key = std::pair<UserId, StreamType>;
	void take();
	void takeOf(RemoteStream &stream);
	void taken(const Key &key, const Result<Snapshot> &result);

	MainLoop &loop_;
	Client &client_;
	Report report_;
	std::optional<UserId> user_;
	std::string directory_;
	SourceHandle timer_;
	std::int64_t pictures_ = 0;
	std::map<Key, std::vector<std::function<void()>>> running_; // with the callbacks that wait for the end
	std::set<Key> failed_;
	std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace trtc::cli
