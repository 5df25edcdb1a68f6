// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trtc::test {

/// A small terminal: bytes in, rows of text out. Knows what src/terminal sends (and nothing else: the rest is put into
/// `unknown`): printing with pending wrap, CR, LF, cursor movement, erasing, scroll region, saved cursor, modes. One
/// byte of ASCII or one UTF-8 character is one column.
class VtModel {
public:
	VtModel(int columns, int rows) : columns_(columns), rows_(rows), cells_(count(rows), Row(count(columns), " "))
	{
		bottom_ = rows - 1;
	}

	void feed(std::string_view bytes)
	{
		pending_ += bytes;
		std::string_view rest = pending_;
		while (!rest.empty()) {
			const auto used = one(rest);
			if (used == 0)
				break;
			rest.remove_prefix(used);
		}
		pending_ = std::string(rest);
	}

	/// Without the blanks at its end; 0 is the top.
	std::string row(int index) const { return text(cells_[count(index)]); }
	/// All that scrolled off the top of the whole screen and all that is on it, without empty rows at the end.
	std::vector<std::string> all() const
	{
		auto out = scrolled_;
		for (const auto &each : cells_)
			out.push_back(text(each));
		while (!out.empty() && out.back().empty())
			out.pop_back();
		return out;
	}
	int cursorRow() const noexcept { return y_; }
	int cursorColumn() const noexcept { return x_; }
	int regionTop() const noexcept { return top_; }
	int regionBottom() const noexcept { return bottom_; }
	bool cursorShown = true, wraps = true, styled = false;
	std::vector<std::string> unknown;

private:
	using Row = std::vector<std::string>;
	static std::size_t count(int value) { return static_cast<std::size_t>(value); }
	static std::string text(const Row &cells)
	{
		std::string out;
		for (const auto &cell : cells)
			out += cell;
		out.erase(out.find_last_not_of(' ') + 1);
		return out;
	}

	void lineFeed()
	{
		wrapPending_ = false;
		if (y_ != bottom_) {
			y_ = std::min(y_ + 1, rows_ - 1);
			return;
		}
		if (top_ == 0)
			scrolled_.push_back(text(cells_[0]));
		cells_.erase(cells_.begin() + top_);
		cells_.insert(cells_.begin() + bottom_, Row(count(columns_), " "));
	}

	void put(std::string character)
	{
		if (wrapPending_ && wraps) {
			x_ = 0;
			lineFeed();
		}
		cells_[count(y_)][count(x_)] = std::move(character);
		wrapPending_ = x_ == columns_ - 1;
		x_ = std::min(x_ + 1, columns_ - 1);
	}

	void erase(int fromRow, int fromColumn, int toRow)
	{
		for (int r = fromRow; r <= toRow; ++r)
			for (int c = r == fromRow ? fromColumn : 0; c < columns_; ++c)
				cells_[count(r)][count(c)] = " ";
	}

	/// Bytes used, 0 when the sequence is not whole yet.
	std::size_t one(std::string_view in)
	{
		const auto first = static_cast<unsigned char>(in[0]);
		if (first == '\x1b')
			return escape(in);
		if (first == '\r') {
			x_ = 0;
			wrapPending_ = false;
		} else if (first == '\n') {
			lineFeed();
		} else if (first < 0x20 || first == 0x7f) {
			unknown.push_back("control " + std::to_string(first));
		} else {
			const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
			if (in.size() < length)
				return 0;
			put(std::string(in.substr(0, length)));
			return length;
		}
		return 1;
	}

	std::size_t escape(std::string_view in)
	{
		if (in.size() < 2)
			return 0;
		if (in[1] == '7' || in[1] == '8') {
			if (in[1] == '7')
				savedX_ = x_, savedY_ = y_;
			else
				x_ = savedX_, y_ = savedY_;
			wrapPending_ = false;
			return 2;
		}
		if (in[1] != '[') {
			unknown.push_back("escape " + std::string(1, in[1]));
			return 2;
		}
		const auto end = in.find_first_not_of("0123456789;?:", 2);
		if (end == std::string_view::npos)
			return 0;
		control(in.substr(2, end - 2), in[end]);
		return end + 1;
	}

	void control(std::string_view parameters, char final)
	{
		if (parameters.starts_with('?')) {
			const bool on = final == 'h';
			if (parameters == "?25")
				cursorShown = on;
			else if (parameters == "?7")
				wraps = on;
			else if (parameters != "?2026")
				unknown.push_back("mode " + std::string(parameters));
			return;
		}
		int numbers[2] = { 0, 0 };
		int index = 0;
		for (const char c : parameters) {
			if (c == ';')
				index = std::min(index + 1, 1);
			else if (final != 'm')
				numbers[index] = numbers[index] * 10 + (c - '0');
		}
		const int n = std::max(numbers[0], 1);
		wrapPending_ = wrapPending_ && final == 'm';
		switch (final) {
		case 'm':
			styled = !(parameters.empty() || parameters == "0");
			break;
		case 'A':
			y_ = std::max(y_ - n, 0);
			break;
		case 'C':
			x_ = std::min(x_ + n, columns_ - 1);
			break;
		case 'H':
			y_ = std::clamp(numbers[0] - 1, 0, rows_ - 1);
			x_ = std::clamp(numbers[1] - 1, 0, columns_ - 1);
			break;
		case 'J':
			if (numbers[0] == 2)
				erase(0, 0, rows_ - 1);
			else
				erase(y_, x_, rows_ - 1);
			break;
		case 'K':
			erase(y_, numbers[0] == 2 ? 0 : x_, y_);
			break;
		case 'r':
			top_ = numbers[0] ? numbers[0] - 1 : 0;
			bottom_ = numbers[1] ? numbers[1] - 1 : rows_ - 1;
			x_ = y_ = 0;
			break;
		default:
			unknown.push_back("CSI " + std::string(parameters) + final);
		}
	}

	int columns_, rows_;
	std::vector<Row> cells_;
	std::vector<std::string> scrolled_;
	std::string pending_;
	int x_ = 0, y_ = 0, savedX_ = 0, savedY_ = 0, top_ = 0, bottom_ = 0;
	bool wrapPending_ = false;
};

} // namespace trtc::test
