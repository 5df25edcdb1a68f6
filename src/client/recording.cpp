// SPDX-License-Identifier: MIT
#include "client/recording.h"

#include <utility>

namespace trtc::client {

Recording::Recording(MainLoop &loop, const Factories &factories, media::Recorder::Config config, Tell tell)
	: directory_(config.directory), name_(config.name), tell_(std::move(tell)),
	  recorder_(factories.recorder(loop, std::move(config), *this))
{
}

bool Recording::fits(const std::string &directory, const RecordName &name) const
{
	return directory == directory_ && name == name_;
}

void Recording::onRecordingFailed(const Error &error)
{
	over_ = true;
	tell_(Failed { error, true });
}

} // namespace trtc::client
