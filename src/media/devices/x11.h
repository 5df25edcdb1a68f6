// SPDX-License-Identifier: MIT
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <string>

typedef struct xcb_connection_t xcb_connection_t;

/// An X11 display, to take its picture. Through XCB: Xlib, and with it GStreamer's ximagesrc, ends the whole program
/// when the X server goes away.
namespace trtc::media {

/// Root window of one screen. One thread at a time.
class DisplayGrabber {
public:
	/// @p display: ":0", ":1.1", "host:0"; "": $DISPLAY. Throws Exception: DeviceNotFound (no display named, nothing
	/// answers), InitializeFailed (refused, pictures of another kind than 32 bits a pixel).
	explicit DisplayGrabber(const std::string &display);
	~DisplayGrabber();
	DisplayGrabber(const DisplayGrabber &) = delete;
	DisplayGrabber &operator=(const DisplayGrabber &) = delete;

	int width() const noexcept { return width_; } ///< pixels, when it was opened
	int height() const noexcept { return height_; }
	/// BGRx, width() by height(), rows without padding, the pointer drawn in. Null: the server is gone, or the
	/// screen has another size by now.
	GstBuffer *grab();

private:
	struct Shared;
	bool attachShared();
	bool copyRoot(std::uint8_t *pixels, std::size_t size);
	void drawPointer(std::uint8_t *pixels);

	xcb_connection_t *connection_ = nullptr;
	std::uint32_t root_ = 0;
	int width_ = 0, height_ = 0;
	bool pointer_ = false;
	std::unique_ptr<Shared> shared_; // null: over the socket
};

} // namespace trtc::media
