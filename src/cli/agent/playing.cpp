// SPDX-License-Identifier: MIT
#include "cli/agent/playing.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace trtc::cli {

Playing::Playing(MainLoop &loop, Client &client, PlayConfig config, RoomId room,
		 std::shared_ptr<terminal::Screen> screen, Report report)
	: loop_(loop), client_(client), config_(std::move(config)), room_(std::move(room)), report_(std::move(report)),
	  screen_(std::move(screen))
{
	const auto tell = [this](const Error &error) {
		report_({ error.code, fmt::format("--play: {}", error.message) });
	};
	const Error noTerminal {
		ErrorCode::DeviceNotFound,
		"no terminal to draw on: neither stdout nor stderr is a terminal with cursor control"
	};
	if (config_.automatic || config_.window) {
		auto window = WindowSystem::open();
		if (window)
			window_ = window.value();
		else if (config_.window)
			tell(window.error());
		else if (!openView())
			tell({ window.error().code,
			       fmt::format("{}, and no terminal is available: pictures are not shown",
					   window.error().message) });
	}
	if (config_.terminal && !openView())
		tell(noTerminal);
	if (config_.automatic || config_.sound) {
		const auto status = checkSound(config_.soundDevice);
		sound_ = status.has_value();
		if (!sound_)
			tell(status.error());
	}
}

Playing::~Playing() = default;

bool Playing::openView()
{
	if (!view_ && screen_)
		view_ = std::make_unique<terminal::PictureView>(
			loop_, screen_,
			terminal::colourDepth(std::getenv("COLORTERM"), std::getenv("TERM"), screen_->colours()));
	return view_ != nullptr;
}

std::string Playing::idOf(const Key &key) { return fmt::format("{} {}", key.first.str(), toString(key.second)); }

void Playing::want(const StreamInfo &info)
{
	auto *stream = client_.stream(info.userId, info.streamType);
	if (stream && !stopped_.count({ info.userId, info.streamType }))
		begin(*stream);
}

void Playing::play(const UserId &user)
{
	if (!window_ && !sound_ && !view_)
		throw Exception(ErrorCode::DeviceNotFound,
				"nothing to play on: no screen, no terminal and no sound card; see --play");
	bool any = false;
	for (auto *stream : client_.streams()) {
		if (stream->info().userId != user)
			continue;
		any = true;
		stopped_.erase({ user, stream->info().streamType });
		begin(*stream);
	}
	if (!any)
		throw Exception(
			ErrorCode::RemoteStreamNotExist,
			fmt::format("user \"{}\" has no stream in this room; the command streams lists all streams",
				    user.str()));
}

void Playing::stop(const UserId &user)
{
	bool any = false;
	for (auto *stream : client_.streams()) {
		if (stream->info().userId != user)
			continue;
		any = true;
		stopped_.insert({ user, stream->info().streamType });
		stream->stopPlaying();
		forget({ user, stream->info().streamType });
	}
	if (!any)
		throw Exception(
			ErrorCode::RemoteStreamNotExist,
			fmt::format("user \"{}\" has no stream in this room; the command streams lists all streams",
				    user.str()));
}

void Playing::begin(RemoteStream &stream)
{
	if (stream.playing())
		return;
	const auto info = stream.info();
	const Key key { info.userId, info.streamType };
	PlayOptions options;
	options.window = window_;
	options.windowTitle = fmt::format("{} {}, room {}", info.userId.str(), toString(info.streamType), room_.str());
	options.sound = sound_;
	options.soundDevice = config_.soundDevice;
	const auto id = idOf(key);
	if (view_)
		options.picture = [this, id](const Picture &picture) { view_->show(id, picture); };
	if (!options.any())
		return;
	try {
		stream.play(options);
	} catch (const Exception &exception) {
		return report_(exception.error());
	}
	if (!view_)
		return;
	stream.measureVolume(true);
	terminal::PictureView::Volume volume;
	if (info.streamType == StreamType::Main)
		volume = [this, key] {
			auto *one = client_.stream(key.first, key.second);
			return one ? one->takeVolume() : 0;
		};
	view_->add(id, info.streamType == StreamType::Main ? info.userId.str() : id, std::move(volume));
	refreshNote(stream);
}

void Playing::forget(const Key &key)
{
	if (!view_)
		return;
	view_->remove(idOf(key));
	if (auto *stream = client_.stream(key.first, key.second))
		stream->measureVolume(false);
}

void Playing::refreshNote(const RemoteStream &stream)
{
	const auto &info = stream.info();
	const bool muted = info.streamType == StreamType::Main && muted_.count(info.userId);
	if (view_)
		view_->setNote(idOf({ info.userId, info.streamType }), !info.hasVideo ? "no video"
								       : muted	      ? "video muted"
										      : "");
}

void Playing::onEvent(const Event &event)
{
	const auto gone = [this](const StreamInfo &info) { forget({ info.userId, info.streamType }); };
	std::visit(overloaded {
			   [&](const StreamRemoved &info) {
				   gone(info);
				   if (info.streamType == StreamType::Main)
					   muted_.erase(info.userId);
			   },
			   [&](const StreamUnsubscribed &info) { gone(info); },
			   [this](const StreamUpdated &info) {
				   if (const auto *stream = client_.stream(info.userId, info.streamType))
					   refreshNote(*stream);
			   },
			   [this](const PlayStopped &stopped) {
				   const Key key { stopped.userId, stopped.streamType };
				   if (stopped.reason == "window-closed" || stopped.reason == "failed") {
					   stopped_.insert(key);
					   forget(key);
				   }
			   },
			   [this](const MuteChanged &change) {
				   if (change.kind != MediaKind::Video)
					   return;
				   if (change.muted)
					   muted_.insert(change.userId);
				   else
					   muted_.erase(change.userId);
				   if (const auto *stream = client_.stream(change.userId, StreamType::Main))
					   refreshNote(*stream);
			   },
			   [](const auto &) {},
		   },
		   event);
}

} // namespace trtc::cli
