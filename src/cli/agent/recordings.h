// SPDX-License-Identifier: MIT
#pragma once

#include "cli/agent/stdin_commands.h"

#include <trtc/client.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace trtc::cli {

/// Makes the directory and a file in it, so that a refusal comes before anything else happens. Throws
/// Exception(OutputFailed) naming @p option as the way out.
void checkRecordDirectory(const std::string &directory, std::string_view option);

/// Which streams an agent records: all it has subscribed to while recording is on. Thread-bound.
class Recordings {
public:
	using Reply = CommandHost::Reply;
	/// A recording that could not be begun.
	using Failed = std::function<void(const Error &)>;
	/// @p directory: "": off. @p client is borrowed.
	Recordings(MainLoop &loop, Client &client, std::string directory, RecordName name, Failed failed);

	/// The stream is subscribed to, or about to be: no frame is missed then.
	void want(const StreamInfo &info);
	/// Everything the client tells.
	void observe(const Event &event);
	/// The disk has ended a recording, and no other one is running.
	bool allFailed() const noexcept;
	/// The command `record start`. @p directory: "": that of before. Answers with the files, as soon as they are begun.
	void start(const std::string &directory, Reply reply);
	/// The command `record stop`: closes all of them; nothing is recorded until the next start. Answers with the files.
	void stop(Reply reply);

private:
	using Key = std::pair<UserId, StreamType>;
	void answerStart();
	void forget(const StreamInfo &info);

	MainLoop &loop_;
	Client &client_;
	std::string directory_;
	RecordName name_;
	Failed failed_;
	bool on_;
	bool diskFailed_ = false;
	std::map<Key, std::string> running_; // the path, "" until the first frame
	Reply starting_;
	SourceHandle startTimer_;
	std::optional<std::vector<Fields>> closed_; // while stop() gathers them
	std::shared_ptr<int> alive_ = std::make_shared<int>();
};

/// As the summary and `record stop` list a file.
Fields recordingFields(const RecordingStopped &stopped);

} // namespace trtc::cli
