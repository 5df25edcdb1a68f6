// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// Playback of remote streams. The library decodes a stream only for playback, snapshots and volume.
namespace trtc {

/// One decoded picture, 8 bit 4:2:0, square pixels. The planes are valid while a copy of `owner` exists.
struct Picture {
	const std::uint8_t *y = nullptr, *u = nullptr, *v = nullptr;
	int yStride = 0, uStride = 0, vStride = 0; ///< bytes, at least the plane's width
	int width = 0, height = 0;		   ///< pixels; chroma planes are (width + 1) / 2 by (height + 1) / 2
	bool bt709 = false;			   ///< matrix: ITU-R BT.709, else BT.601
	bool fullRange = false;			   ///< luma 0…255, else 16…235
	std::shared_ptr<const void> owner;
};

/// A connection to the screen of this machine. Windows can be opened while a reference to it exists.
class WindowSystem {
public:
	/// Uses Wayland if WAYLAND_DISPLAY is set, else X11 with or without its video extension. Blocks for some milliseconds.
	/// Errors: DeviceNotFound (no screen), NotSupported (a plug-in is missing).
	static Result<std::shared_ptr<WindowSystem>> open();
	virtual ~WindowSystem() = default;
	virtual const std::string &element() const noexcept = 0; ///< GStreamer element: "xvimagesink"
};

/// Outputs for one stream. Every part is optional.
struct PlayOptions {
	std::shared_ptr<const WindowSystem> window; ///< opens a window for this stream
	std::string windowTitle;		    ///< UTF-8
	bool sound = false;			    ///< plays on a sound card
	std::string soundDevice;		    ///< an ALSA name; "": ALSA's default
	/// Receives each picture when it is due, on the loop. A new picture replaces one that still waits for the loop.
	std::function<void(const Picture &)> picture;
	bool any() const noexcept { return window || sound || picture; }
};

struct Snapshot {
	std::string path;
	int width = 0, height = 0; ///< pixels
};

/// Checks that a sound card exists (an ALSA name; "": ALSA's default). Opens and closes it; blocks for some milliseconds.
/// Errors: DeviceNotFound (no card), NotSupported (a plug-in is missing).
Status checkSound(const std::string &device);

} // namespace trtc
