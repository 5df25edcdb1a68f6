// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/options.h"
#include "terminal/picture_view.h"
#include "terminal/screen.h"

#include <trtc/client.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

namespace trtc::cli {

/// What an agent shows and plays, and where. Thread-bound.
class Playing {
public:
	using Report = std::function<void(const Error &)>;
	/// Finds out what of @p config this machine has; @p report is told what it lacks, perhaps from here. @p client is
	/// borrowed, @p screen null without a terminal.
	Playing(MainLoop &loop, Client &client, PlayConfig config, RoomId room,
		std::shared_ptr<terminal::Screen> screen, Report report);
	~Playing();
	Playing(const Playing &) = delete;
	Playing &operator=(const Playing &) = delete;

	/// A stream is or will be subscribed: plays it unless its user was stopped or its window closed.
	void want(const StreamInfo &info);
	/// By command. Throws Exception: RemoteStreamNotExist, or why nothing can be played.
	void play(const UserId &user);
	void stop(const UserId &user);
	/// Whatever the client tells.
	void onEvent(const Event &event);

private:
	using Key = std::pair<UserId, StreamType>;
	bool openView();
	void begin(RemoteStream &stream);
	void forget(const Key &key);
	void refreshNote(const RemoteStream &stream);
	static std::string idOf(const Key &key);

	MainLoop &loop_;
	Client &client_;
	PlayConfig config_;
	RoomId room_;
	Report report_;
	std::shared_ptr<const WindowSystem> window_;
	bool sound_ = false;
	std::shared_ptr<terminal::Screen> screen_;
	std::unique_ptr<terminal::PictureView> view_;
	std::set<Key> stopped_;	 // by hand: not begun again by itself, also after a reconnection
	std::set<UserId> muted_; // whose video
};

} // namespace trtc::cli
