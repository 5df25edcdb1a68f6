// SPDX-License-Identifier: MIT
#include "cli/events/text_table.h"

#include "cli/text.h"
#include "terminal/text.h"

#include <algorithm>

namespace trtc::cli {

namespace {

std::string padded(const std::string &cell, int width, TextTable::Align align)
{
	const auto missing = static_cast<std::size_t>(std::max(0, width - terminal::columnsOf(cell)));
	const std::string space(missing, ' ');
	return align == TextTable::Align::Right ? space + cell : cell + space;
}

} // namespace

void TextTable::add(std::vector<std::string> cells)
{
	cells.resize(columns_.size());
	for (auto &cell : cells)
		cell = printable(cell);
	rows_.push_back(std::move(cells));
}

std::vector<std::string> TextTable::lines() const
{
	std::vector<int> widths(columns_.size(), 0);
	for (const auto &row : rows_)
		for (std::size_t i = 0; i < row.size(); ++i)
			widths[i] = std::max(widths[i], terminal::columnsOf(row[i]));
	std::vector<std::string> head;
	for (std::size_t i = 0; i < columns_.size(); ++i) {
		head.push_back(columns_[i].title);
		if (widths[i] > 0)
			widths[i] = std::max(widths[i], terminal::columnsOf(head[i]));
	}
	const auto line = [&](const std::vector<std::string> &cells) {
		std::string out;
		for (std::size_t i = 0; i < cells.size(); ++i)
			if (widths[i] > 0)
				out += (out.empty() ? "" : "  ") + padded(cells[i], widths[i], columns_[i].align);
		out.erase(out.find_last_not_of(' ') + 1);
		return out;
	};
	std::vector<std::string> all;
	if (std::any_of(head.begin(), head.end(), [](const auto &title) { return !title.empty(); }))
		all.push_back(line(head));
	for (const auto &row : rows_)
		all.push_back(line(row));
	return all;
}

} // namespace trtc::cli
