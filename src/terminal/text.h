// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text as a terminal sees it: UTF-8 in, columns counted. Independent of the locale, since the widths come from GLib's
/// Unicode tables (wcwidth() knows nothing beyond ASCII when no locale is set, as in most containers). All reentrant.
namespace trtc::terminal {

/// Columns of one character: 0 (combining), 1 or 2 (East Asian wide).
int columnsOf(char32_t character) noexcept;
/// Columns of a text; SGR sequences take none, what clean() would replace takes one.
int columnsOf(std::string_view text) noexcept;

/// What may go to a terminal: control characters (C0, DEL, C1), bidirectional overrides and bytes that are no UTF-8
/// become `?`, a tab a blank. Line feeds stay, CR LF becomes one. @p styled: `ESC [ digits ; … m` stays, too.
std::string clean(std::string_view text, bool styled);

/// The beginning of a clean() text that fits into @p columns; when something with a style is cut, the style is reset.
std::string cut(std::string_view text, int columns);

/// Length of the SGR sequence at the beginning of @p text, or 0.
std::size_t styleLength(std::string_view text) noexcept;

} // namespace trtc::terminal
