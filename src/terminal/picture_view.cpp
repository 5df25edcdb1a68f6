// SPDX-License-Identifier: MIT
#include "terminal/picture_view.h"

#include <algorithm>
#include <utility>

namespace trtc::terminal {

namespace {

using namespace std::chrono_literals;

/// 15 pictures a second.
constexpr std::chrono::milliseconds kFrame = 66ms;
/// Of the time, no more than a third is spent waiting for the terminal.
constexpr int kRest = 2;
constexpr auto kVolumePeriod = 100ms;
/// How far a bar falls in that time.
constexpr int kFall = 8;

constexpr Rgb kText { 229, 229, 229 }, kNote { 138, 138, 138 }, kPaper { 28, 28, 28 }, kBar { 0, 175, 95 },
	kLoud { 215, 175, 0 };

/// Lines, prompt and status keep a quarter, but neither less than six rows nor more than twelve.
int pictureRowsOf(Size size) { return size.rows - std::clamp(size.rows / 4, 6, 12); }

} // namespace

PictureView::PictureView(MainLoop &loop, std::shared_ptr<Screen> screen, ColourDepth depth)
	: loop_(loop), screen_(std::move(screen)), painter_(depth)
{
	redraw_ = screen_->onRedraw([this] {
		painter_.forget();
		arrange();
	});
}

PictureView::~PictureView()
{
	redraw_.reset();
	if (!people_.empty())
		screen_->reservePicture(0);
}

PictureView::Person *PictureView::find(const std::string &id) noexcept
{
	const auto found =
		std::find_if(people_.begin(), people_.end(), [&](const Person &person) { return person.id == id; });
	return found == people_.end() ? nullptr : &*found;
}

void PictureView::add(const std::string &id, std::string caption, Volume volume)
{
	remove(id);
	people_.push_back({ id, std::move(caption), {}, std::move(volume), 0, {} });
	if (!volumeTimer_)
		volumeTimer_ = loop_.every(kVolumePeriod, [this] { listen(); });
	arrange();
}

void PictureView::remove(const std::string &id)
{
	if (std::erase_if(people_, [&](const Person &person) { return person.id == id; }) == 0)
		return;
	if (people_.empty())
		volumeTimer_.reset();
	arrange();
}

void PictureView::show(const std::string &id, const Picture &picture)
{
	if (auto *person = find(id); person && person->note.empty()) {
		person->picture = picture;
		changed();
	}
}

void PictureView::setNote(const std::string &id, const std::string &note)
{
	if (auto *person = find(id); person && person->note != note) {
		person->picture.reset();
		person->note = note;
		changed();
	}
}

void PictureView::arrange()
{
	const auto size = screen_->size();
	const int rows = screen_->reservePicture(people_.empty() ? 0 : pictureRowsOf(size));
	if (area_ != Size { size.columns, rows })
		painter_.forget();
	area_ = { size.columns, rows };
	tiles_ = gridFor(static_cast<int>(people_.size()), area_.columns, area_.rows);
	changed();
}

void PictureView::changed()
{
	if (drawTimer_ || people_.empty())
		return;
	const auto wait = std::chrono::ceil<std::chrono::milliseconds>(notBefore_ - std::chrono::steady_clock::now());
	drawTimer_ = loop_.after(std::max(wait, 0ms), [this] { draw(); });
}

void PictureView::draw()
{
	drawTimer_.reset();
	const auto began = std::chrono::steady_clock::now();
	Canvas canvas(area_.columns, area_.rows);
	for (std::size_t i = 0; i < tiles_.size(); ++i)
		drawTile(canvas, tiles_[i], people_[i]);
	const auto bytes = painter_.paint(canvas);
	if (!bytes.empty() && !screen_->drawPicture(bytes))
		painter_.forget();
	const auto took = std::chrono::steady_clock::now() - began;
	notBefore_ = began + std::max<std::chrono::nanoseconds>(kFrame, took * (kRest + 1));
}

void PictureView::drawTile(Canvas &canvas, const Tile &tile, const Person &person) const
{
	const int rows = tile.rows - 1;
	if (person.picture && person.picture->width > 0 && person.picture->height > 0) {
		const auto place = fit(person.picture->width, person.picture->height, tile.columns, rows);
		canvas.picture(tile.column + place.column, tile.row + place.row,
			       scaled(*person.picture, place.width, place.height), place.width, place.height);
	} else if (!person.note.empty()) {
		const int width = std::min(tile.columns, static_cast<int>(person.note.size()));
		canvas.text(tile.column + (tile.columns - width) / 2, tile.row + rows / 2, width, person.note, kNote,
			    {});
	}
	// The name on the left, the bar on what is left over, a third of the width at most.
	const int bar = person.volume ? std::min(tile.columns / 3, 24) : 0;
	canvas.text(tile.column, tile.row + rows, tile.columns, person.caption, kText, kPaper);
	if (bar == 0)
		return;
	const int from = tile.column + tile.columns - bar;
	canvas.text(from - 1, tile.row + rows, bar + 1, "", kText, kPaper);
	const int filled = (person.loudness * bar + 99) / 100;
	for (int i = 0; i < filled; ++i)
		canvas.at(from + i, tile.row + rows) = { i * 4 < bar * 3 ? kBar : kLoud, kPaper, U'\u2588' };
}

/// Up at once, down slowly: so a bar is quick and does not flicker.
void PictureView::listen()
{
	for (auto &person : people_) {
		if (!person.volume)
			continue;
		const int before = person.loudness;
		person.loudness = std::max(person.volume(), before - kFall);
		if (person.loudness != before)
			changed();
	}
}

} // namespace trtc::terminal
