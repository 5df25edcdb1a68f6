// SPDX-License-Identifier: MIT
#include "media/devices/x11.h"

#include <trtc/devices.h>
#include <trtc/error.h>

#include <fmt/format.h>

#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

namespace trtc::media {

namespace {

struct Free {
	void operator()(void *reply) const noexcept { std::free(reply); }
};
template <class T>
using Reply = std::unique_ptr<T, Free>;

bool hasExtension(xcb_connection_t *connection, xcb_extension_t *extension)
{
	const auto *data = xcb_get_extension_data(connection, extension);
	return data && data->present;
}

std::string nameOf(const std::string &display)
{
	const char *variable = std::getenv("DISPLAY");
	return !display.empty() ? display : variable ? variable : "";
}

/// A server that was killed leaves its socket behind.
bool listens(const std::string &path)
{
	sockaddr_un address {};
	address.sun_family = AF_UNIX;
	if (path.size() >= sizeof(address.sun_path))
		return false;
	path.copy(address.sun_path, path.size());
	const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const bool refused = ::connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0 &&
			     errno == ECONNREFUSED;
	::close(fd);
	return !refused;
}

std::uint8_t mix(unsigned below, unsigned above, unsigned alpha) noexcept
{
	// The pointer's colours are multiplied by alpha already.
	return static_cast<std::uint8_t>(std::min(255u, above + below * (255 - alpha) / 255));
}

} // namespace

/// System V memory that the X server writes to.
struct DisplayGrabber::Shared {
	explicit Shared(std::size_t size) : id(::shmget(IPC_PRIVATE, size, IPC_CREAT | 0600))
	{
		if (id >= 0)
			data = ::shmat(id, nullptr, 0);
	}
	~Shared()
	{
		if (good())
			::shmdt(data);
		release();
	}
	Shared(const Shared &) = delete;
	Shared &operator=(const Shared &) = delete;
	bool good() const noexcept { return data != reinterpret_cast<void *>(-1); }
	/// Gone as soon as nobody is attached any more, whatever happens to us.
	void release() noexcept
	{
		if (id >= 0)
			::shmctl(std::exchange(id, -1), IPC_RMID, nullptr);
	}

	int id;
	void *data = reinterpret_cast<void *>(-1);
	xcb_shm_seg_t segment = 0;
};

DisplayGrabber::DisplayGrabber(const std::string &display)
{
	const auto name = nameOf(display);
	if (name.empty())
		throw Exception(ErrorCode::DeviceNotFound,
				"no screen: DISPLAY is not set; name a display, as in screen::0");
	int number = 0;
	connection_ = xcb_connect(name.c_str(), &number);
	if (const int error = xcb_connection_has_error(connection_)) {
		xcb_disconnect(connection_);
		const bool parse = error == XCB_CONN_CLOSED_PARSE_ERR, screen = error == XCB_CONN_CLOSED_INVALID_SCREEN;
		throw Exception(ErrorCode::DeviceNotFound,
				fmt::format("screen \"{}\" {}", name,
					    parse    ? "is not a display name: use :N or :N.SCREEN"
					    : screen ? "does not exist: this display has fewer screens"
						     : "cannot be reached: start an X server there, or give this user "
						       "access (XAUTHORITY, xhost)"));
	}
	const auto *setup = xcb_get_setup(connection_);
	auto iterator = xcb_setup_roots_iterator(setup);
	for (; number > 0 && iterator.rem > 1; --number)
		xcb_screen_next(&iterator);
	const auto *screen = iterator.data;
	root_ = screen->root;
	width_ = screen->width_in_pixels;
	height_ = screen->height_in_pixels;
	bool wide = false;
	for (auto format = xcb_setup_pixmap_formats_iterator(setup); format.rem; xcb_format_next(&format))
		wide |= format.data->depth == screen->root_depth && format.data->bits_per_pixel == 32;
	if (!wide || screen->root_depth < 24 || setup->image_byte_order != XCB_IMAGE_ORDER_LSB_FIRST) {
		xcb_disconnect(connection_);
		throw Exception(ErrorCode::InitializeFailed,
				fmt::format("screen \"{}\" has a depth of {} bits: 24 or 32 bits are required", name,
					    screen->root_depth));
	}
	if (hasExtension(connection_, &xcb_shm_id))
		attachShared();
	if (hasExtension(connection_, &xcb_xfixes_id))
		pointer_ = Reply<xcb_xfixes_query_version_reply_t>(xcb_xfixes_query_version_reply(
				   connection_, xcb_xfixes_query_version(connection_, 2, 0), nullptr)) != nullptr;
}

DisplayGrabber::~DisplayGrabber()
{
	if (shared_)
		xcb_shm_detach(connection_, shared_->segment);
	xcb_disconnect(connection_);
}

bool DisplayGrabber::attachShared()
{
	auto shared =
		std::make_unique<Shared>(static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * 4);
	if (!shared->good())
		return false;
	shared->segment = xcb_generate_id(connection_);
	const auto cookie =
		xcb_shm_attach_checked(connection_, shared->segment, static_cast<std::uint32_t>(shared->id), 0);
	// A server on another machine refuses.
	const Reply<xcb_generic_error_t> error(xcb_request_check(connection_, cookie));
	shared->release();
	if (error)
		return false;
	shared_ = std::move(shared);
	return true;
}

bool DisplayGrabber::copyRoot(std::uint8_t *pixels, std::size_t size)
{
	const auto width = static_cast<std::uint16_t>(width_), height = static_cast<std::uint16_t>(height_);
	if (shared_) {
		const Reply<xcb_shm_get_image_reply_t> reply(
			xcb_shm_get_image_reply(connection_,
						xcb_shm_get_image(connection_, root_, 0, 0, width, height, ~0u,
								  XCB_IMAGE_FORMAT_Z_PIXMAP, shared_->segment, 0),
						nullptr));
		if (!reply || reply->size < size)
			return false;
		std::memcpy(pixels, shared_->data, size);
		return true;
	}
	const Reply<xcb_get_image_reply_t> reply(xcb_get_image_reply(
		connection_, xcb_get_image(connection_, XCB_IMAGE_FORMAT_Z_PIXMAP, root_, 0, 0, width, height, ~0u),
		nullptr));
	if (!reply || static_cast<std::size_t>(xcb_get_image_data_length(reply.get())) < size)
		return false;
	std::memcpy(pixels, xcb_get_image_data(reply.get()), size);
	return true;
}

void DisplayGrabber::drawPointer(std::uint8_t *pixels)
{
	const Reply<xcb_xfixes_get_cursor_image_reply_t> cursor(
		xcb_xfixes_get_cursor_image_reply(connection_, xcb_xfixes_get_cursor_image(connection_), nullptr));
	if (!cursor)
		return;
	const auto *image = xcb_xfixes_get_cursor_image_cursor_image(cursor.get());
	const int left = cursor->x - cursor->xhot, top = cursor->y - cursor->yhot;
	for (int row = 0; row < cursor->height; ++row)
		for (int column = 0; column < cursor->width; ++column) {
			const int x = left + column, y = top + row;
			if (x < 0 || y < 0 || x >= width_ || y >= height_)
				continue;
			const auto argb = image[row * cursor->width + column];
			auto *pixel = pixels + (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
						static_cast<std::size_t>(x)) *
						       4;
			for (unsigned channel = 0; channel < 3; ++channel)
				pixel[channel] = mix(pixel[channel], (argb >> (8 * channel)) & 0xff, argb >> 24);
		}
}

GstBuffer *DisplayGrabber::grab()
{
	const Reply<xcb_get_geometry_reply_t> geometry(
		xcb_get_geometry_reply(connection_, xcb_get_geometry(connection_, root_), nullptr));
	if (!geometry || geometry->width != width_ || geometry->height != height_)
		return nullptr;
	const auto size = static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_) * 4;
	auto *buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
	GstMapInfo map;
	gst_buffer_map(buffer, &map, GST_MAP_WRITE);
	const bool taken = copyRoot(map.data, size);
	if (taken && pointer_)
		drawPointer(map.data);
	gst_buffer_unmap(buffer, &map);
	if (!taken)
		gst_buffer_unref(buffer);
	return taken ? buffer : nullptr;
}

} // namespace trtc::media

namespace trtc {

std::vector<Screen> getScreens()
{
	std::set<std::string> names;
	std::error_code error;
	for (std::filesystem::directory_iterator entry("/tmp/.X11-unix", error), end; !error && entry != end;
	     entry.increment(error)) {
		const auto name = entry->path().filename().string();
		if (name.size() > 1 && name[0] == 'X' &&
		    std::all_of(name.begin() + 1, name.end(), [](unsigned char c) { return std::isdigit(c); }) &&
		    media::listens(entry->path().string()))
			names.insert(":" + name.substr(1));
	}
	if (const char *display = std::getenv("DISPLAY"); display && *display)
		names.insert(display);
	std::vector<Screen> screens;
	for (const auto &name : names) {
		Screen screen { name, 0, 0, {} };
		try {
			const media::DisplayGrabber grabber(name);
			screen.width = grabber.width();
			screen.height = grabber.height();
		} catch (const Exception &exception) {
			screen.problem = exception.what();
		}
		screens.push_back(std::move(screen));
	}
	return screens;
}

} // namespace trtc
