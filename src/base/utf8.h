// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

/// UTF-8 without GLib and without a locale. All reentrant.
namespace trtc::utf8 {

struct Character {
	char32_t value = 0;
	std::size_t bytes = 0; ///< 0: the text is empty
};
/// The character at the beginning of @p text. A byte that is not UTF-8 counts as one U+FFFD.
Character first(std::string_view text) noexcept;

/// A terminal acts on this character instead of showing it: control characters (C0, DEL, C1), line and paragraph
/// separators, bidirectional overrides; and U+FFFD.
bool steersTerminal(char32_t character) noexcept;

/// At most @p maxBytes of @p text in whole characters; every character that steersTerminal() becomes `?`, a cut `...`.
std::string harmless(std::string_view text, std::size_t maxBytes = std::string_view::npos);

/// Every character beyond ASCII becomes `?`.
std::string ascii(std::string_view text);

/// Whether a terminal shows UTF-8, by the first of LC_ALL, LC_CTYPE and LANG that is set. True when none is set, as in
/// most containers: that says nothing about the terminal, and terminals are UTF-8 today.
bool localeShowsUtf8(const std::function<const char *(const char *)> &variable);
/// The same with this process's environment.
bool localeShowsUtf8();

} // namespace trtc::utf8
