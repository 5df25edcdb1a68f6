// SPDX-License-Identifier: MIT
#pragma once

#include <trtc/error.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// Seeing and hearing what others send. Nothing is decoded unless it is asked for here.
namespace trtc {

/// One decoded picture, 8 bit 4:2:0, square pixels. The planes belong to @p owner; keep that to keep them.
struct Picture {
	const std::uint8_t *y = nullptr, *u = nullptr, *v = nullptr;
	int yStride = 0, uStride = 0, vStride = 0; ///< bytes, at least the plane's width
	int width = 0, height = 0;		   ///< pixels; chroma planes are (width + 1) / 2 by (height + 1) / 2
	bool bt709 = false;			   ///< matrix: ITU-R BT.709, else BT.601
	bool fullRange = false;			   ///< luma 0…255, else 16…235
	std::shared_ptr<const void> owner;
};

/// A connection to the screen of this machine. Windows may be opened for as long as somebody keeps it.
class WindowSystem {
public:
	/// Wayland where WAYLAND_DISPLAY says so, else X11 with or without its video extension. Blocks for some milliseconds.
	/// Errors: DeviceNotFound (there is no screen), NotSupported (a plug-in is missing).
	static Result<std::shared_ptr<WindowSystem>> open();
	virtual ~WindowSystem() = default;
	virtual const std::string &element() const noexcept = 0; ///< what opens the windows: "xvimagesink"
};

/// Where one stream is shown and heard; every part is optional.
struct PlayOptions {
	std::shared_ptr<const WindowSystem> window; ///< a window of its own there
	std::string windowTitle;		    ///< UTF-8
	bool sound = false;			    ///< a sound card
	std::string soundDevice;		    ///< an ALSA name; "": ALSA's default
	/// Pictures when they are due, on the loop. A picture that comes while the last one still waits replaces it.
	std::function<void(const Picture &)> picture;
	bool any() const noexcept { return window || sound || picture; }
};

struct Snapshot {
	std::string path;
	int width = 0, height = 0; ///< pixels
};

/// Whether there is such a sound card (an ALSA name; "": ALSA's default). Opens and closes it; blocks for some milliseconds.
/// Errors: DeviceNotFound (no card), NotSupported (a plug-in is missing).
Status checkSound(const std::string &device);

} // namespace trtc
