// SPDX-License-Identifier: MIT
#include "report/redactor.h"

#include "glib/pointer.h"

#include <glib.h>

#include <algorithm>
#include <array>

namespace trtc::report {

namespace {

/// What comes before a secret stays ($1, and $2 behind it).
struct Pattern {
	const char *expression;
	const char *replacement;
};

// Names under which secrets travel, as members of JSON, parameters of a URL, or NAME=VALUE in a text.
#define SECRET_NAMES                                                                                                   \
	"user_?-?sig|private_?-?map_?-?key(?:Str)?|privMapEncrypt|TLS\\.sig|TLS\\.userbuf|secret_?-?key|secret|passw(" \
	"?:or)?d|"                                                                                                     \
	"passphrase|credential|access_?-?token|token|api_?-?key|authorization|cookie"

constexpr Pattern kPatterns[] = {
	// SDP: RFC 8839 5.4, RFC 4568 (keys in the clear; nobody should, somebody might)
	{ "(a=ice-pwd:)[^\\s\"\\\\]+", "\\1<redacted>" },
	{ "(inline:)[A-Za-z0-9+/=]+", "\\1<redacted>" },
	// JSON, and JSON in a string of JSON, where a quote in the value is written \\\"
	{ "((?<!\\\\)\"(?:" SECRET_NAMES ")\"\\s*:\\s*\")(?:[^\"\\\\]|\\\\.)*", "\\1<redacted>" },
	{ "(\\\\+\"(?:" SECRET_NAMES ")\\\\+\"\\s*:\\s*\\\\+\")(?:\\\\\\\\\\\\\"|[^\"\\\\]|\\\\[^\"])*",
	  "\\1<redacted>" },
	// URL parameters and NAME=VALUE, also TRTC_USER_SIG=..., but not the word in a sentence
	{ "((?:\\b|_)(?:" SECRET_NAMES ")=)(?!<redacted>)(\"[^\"]*\"|[^\\s&\"',;\\\\]+)", "\\1<redacted>" },
	// HTTP headers
	{ "(\\b(?:set-cookie|cookie|authorization|proxy-authorization)\\s*:\\s*+)(?!<redacted>)[^\\r\\n\"\\\\]+",
	  "\\1<redacted>" },
	// A URL with a password: scheme://user:password@host, and turn:user:password@host
	{ "(\\b[a-z][a-z0-9+.-]*://[^\\s:@/\"'\\\\]*:)[^\\s@/\"'\\\\]+(@)", "\\1<redacted>\\2" },
	{ "(\\b(?:turns?|stuns?):[^\\s:@/\"'\\\\]+:)[^\\s@/\"'\\\\]+(@)", "\\1<redacted>\\2" },
	// Private keys, also cut short, also with their line feeds written as \n
	{ "(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*PRIVATE KEY-----|…|\"|\\z)", "\\1<redacted>\\2" },
	// Graphs of GStreamer: the keys of SRTP in caps ("srtp-key: fcbcf4..."), properties that hold keys; a line feed is
	// written \n there, so that no word begins where it seems to.
	{ "((?:key|mki)\\s*[:=]\\s*(?:\\([A-Za-z ]+\\)\\s*)?\\\\*\"?)[0-9a-f]{6,}", "\\1<redacted>" },
	{ "(pem=\\\\*\")(?!<redacted>).*?(…|\\\\*\"|\\z)", "\\1<redacted>\\2" },
};
constexpr std::size_t kCount = std::size(kPatterns);

std::uint64_t hash(const char *data) noexcept
{
	std::uint64_t value = 14695981039346656037ull; // FNV-1a
	for (std::size_t i = 0; i < Redactor::kPiece; ++i)
		value = (value ^ static_cast<unsigned char>(data[i])) * 1099511628211ull;
	return value;
}

std::string base64(std::string_view bytes)
{
	const glib::CharPtr text(g_base64_encode(reinterpret_cast<const guchar *>(bytes.data()), bytes.size()));
	return text.get();
}

} // namespace

struct Redactor::Patterns {
	std::array<GRegex *, kCount> compiled {};
	Patterns()
	{
		for (std::size_t i = 0; i < kCount; ++i)
			compiled[i] = g_regex_new(kPatterns[i].expression,
						  static_cast<GRegexCompileFlags>(G_REGEX_CASELESS | G_REGEX_DOTALL |
										  G_REGEX_RAW | G_REGEX_OPTIMIZE),
						  GRegexMatchFlags {}, nullptr);
	}
	~Patterns()
	{
		for (auto *each : compiled)
			if (each)
				g_regex_unref(each);
	}
};

Redactor::Redactor() : patterns_(std::make_unique<const Patterns>()) {}

Redactor::~Redactor() = default;

void Redactor::addForm(const std::string &form)
{
	if (form.size() < 4)
		return;
	if (form.size() < kPiece) {
		whole_.push_back(form);
		return;
	}
	for (std::size_t i = 0; i + kPiece <= form.size(); ++i)
		pieces_.insert(hash(form.data() + i));
	forms_.push_back(form);
}

void Redactor::add(std::string_view secret)
{
	if (secret.size() < 4)
		return;
	const std::string plain(secret);
	std::lock_guard lock(mutex_);
	addForm(plain);
	const glib::CharPtr escaped(g_uri_escape_string(plain.c_str(), nullptr, FALSE));
	if (plain != escaped.get())
		addForm(escaped.get());
	static constexpr char kHex[] = "0123456789abcdef";
	std::string hex;
	for (const char c : plain) {
		const auto byte = static_cast<unsigned char>(c);
		hex += kHex[byte >> 4];
		hex += kHex[byte & 15];
	}
	addForm(hex);
	// Behind other bytes it looks different: base64 takes three at a time. What the neighbours spoil is cut off.
	for (std::size_t before = 0; before < 3; ++before) {
		auto text = base64(std::string(before, '\0') + plain);
		text.erase(0, before == 0 ? 0 : before + 1);
		text.resize(text.size() - std::min<std::size_t>(text.size(), (before + plain.size()) % 3 == 0 ? 0 : 4));
		addForm(text);
		std::replace(text.begin(), text.end(), '+', '-');
		std::replace(text.begin(), text.end(), '/', '_');
		addForm(text);
	}
}

std::string Redactor::blackPieces(std::string_view text) const
{
	std::lock_guard lock(mutex_);
	std::string out;
	out.reserve(text.size());
	for (std::size_t i = 0; i < text.size();) {
		std::size_t end = i;
		// As far as every kPiece bytes in a row are of a secret.
		while (!pieces_.empty() && end + kPiece <= text.size() && pieces_.count(hash(text.data() + end)))
			++end;
		if (end > i) {
			out += kBlack;
			i = end - 1 + kPiece;
			continue;
		}
		const auto rest = text.substr(i);
		const auto found = std::find_if(whole_.begin(), whole_.end(),
						[&](const auto &word) { return rest.starts_with(word); });
		if (found != whole_.end()) {
			out += kBlack;
			i += found->size();
			continue;
		}
		out += text[i++];
	}
	return out;
}

std::string Redactor::operator()(std::string_view text) const
{
	auto out = blackPieces(text);
	std::replace(out.begin(), out.end(), '\0', '?');
	for (std::size_t i = 0; i < kCount; ++i) {
		glib::ErrorSlot error;
		const glib::CharPtr replaced(
			g_regex_replace(patterns_->compiled[i], out.data(), static_cast<gssize>(out.size()), 0,
					kPatterns[i].replacement, GRegexMatchFlags {}, error.out()));
		// What cannot be looked through is not shown.
		if (!replaced)
			return std::string(kBlack);
		out = replaced.get();
	}
	return out;
}

} // namespace trtc::report
