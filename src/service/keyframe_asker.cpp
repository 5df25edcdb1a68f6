// SPDX-License-Identifier: MIT
#include "service/keyframe_asker.h"

#include <utility>

namespace trtc::service {

void KeyframeAsker::want()
{
	if (!fanout_->wanted())
		return;
	if (running_) {
		wanted_ = std::chrono::steady_clock::now();
		return;
	}
	running_ = loop_.after(period_, [this] {
		running_.reset();
		const auto wanted = std::exchange(wanted_, std::nullopt);
		if (fanout_->waiting() || (wanted && !fanout_->keyframeSince(*wanted)))
			want();
	});
	ask_();
}

} // namespace trtc::service
