// SPDX-License-Identifier: MIT
#pragma once

#include "terminal/picture.h"
#include "terminal/screen.h"
#include "terminal/tiles.h"

#include <trtc/main_loop.h>
#include <trtc/play.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trtc::terminal {

/// The pictures of a room in the upper part of a screen: a tile for everybody, with a name and a volume bar. It draws at
/// most 15 times a second, and less often when the terminal takes longer: what is not drawn in time is never drawn.
/// Thread-bound.
class PictureView {
public:
	/// Tells how loud one is, 0…100; asked ten times a second.
	using Volume = std::function<int()>;

	PictureView(MainLoop &loop, std::shared_ptr<Screen> screen, ColourDepth depth);
	~PictureView(); ///< gives the rows back

	/// A tile behind the others; its place is kept for as long as it lives. @p volume may be empty: no bar.
	void add(const std::string &id, std::string caption, Volume volume);
	void remove(const std::string &id);
	void show(const std::string &id, const Picture &picture);
	/// Instead of the picture a word about why there is none; pictures are ignored until it is "" again.
	void setNote(const std::string &id, const std::string &note);
	bool empty() const noexcept { return people_.empty(); }

private:
	struct Person {
		std::string id, caption, note;
		Volume volume;
		int loudness = 0;
		std::optional<Picture> picture;
	};
	Person *find(const std::string &id) noexcept;
	void arrange();
	void changed();
	void draw();
	void drawTile(Canvas &canvas, const Tile &tile, const Person &person) const;
	void listen();

	MainLoop &loop_;
	std::shared_ptr<Screen> screen_;
	Painter painter_;
	std::vector<Person> people_;
	std::vector<Tile> tiles_;
	Size area_ { 0, 0 };
	std::chrono::steady_clock::time_point notBefore_ {};
	SourceHandle redraw_, drawTimer_, volumeTimer_;
};

} // namespace trtc::terminal
