// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace trtc::report {

/// Blacks out what must not leave the machine. Two nets, for neither is enough: the secrets of this run, and every piece of
/// them, wherever they stand; and the places where secrets stand in SDP, JSON, URLs, headers, PEM and pipeline graphs, for
/// those that we do not know (the other side's). The ICE user fragment stays: it is sent in the clear, and tells which check
/// belongs to which connection. Thread-safe.
class Redactor {
public:
	/// What a black spot looks like.
	static constexpr std::string_view kBlack = "<redacted>";
	/// Pieces of a secret from this length on are found. Shorter ones would black out words of the language.
	static constexpr std::size_t kPiece = 10;

	Redactor();
	~Redactor();
	Redactor(const Redactor &) = delete;
	Redactor &operator=(const Redactor &) = delete;

	/// Never to be seen again: as it is, in base64, base64url and hexadecimal, percent-encoded, or any piece of these.
	/// One of under kPiece bytes is found as a whole only, one of under 4 not at all.
	void add(std::string_view secret);
	/// @p text with the black spots.
	std::string operator()(std::string_view text) const;

private:
	void addForm(const std::string &form);
	std::string blackPieces(std::string_view text) const;

	struct Patterns;
	std::unique_ptr<const Patterns> patterns_;
	mutable std::mutex mutex_; // guards what follows
	std::vector<std::string> forms_;
	std::vector<std::string> whole_;
	std::unordered_set<std::uint64_t> pieces_; // hashes of every kPiece bytes in a row
};

} // namespace trtc::report
