// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace trtc::cli {

/// Rows with aligned columns. A column without a single cell is left out. Cells lose their control characters.
class TextTable {
public:
	enum class Align { Left, Right };
	struct Column {
		std::string title; ///< all of them empty: no head line
		Align align = Align::Left;
	};

	explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
	/// @p cells: one a column.
	void add(std::vector<std::string> cells);
	std::vector<std::string> lines() const;

private:
	std::vector<Column> columns_;
	std::vector<std::vector<std::string>> rows_;
};

} // namespace trtc::cli
