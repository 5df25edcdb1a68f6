// SPDX-License-Identifier: MIT
#include "webrtc/fingerprint.h"

#include "glib/pointer.h"

#include <fmt/format.h>

#include <glib.h>

#include <set>

namespace trtc::webrtc {

namespace {

std::optional<std::string> derOf(const std::string &pem)
{
	static constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
	const auto begin = pem.find(kBegin);
	const auto end = pem.find(kEnd);
	if (begin == std::string::npos || end == std::string::npos || end < begin + kBegin.size())
		return std::nullopt;
	const auto text = pem.substr(begin + kBegin.size(), end - begin - kBegin.size());
	gsize size = 0;
	std::unique_ptr<guchar, glib::GFree> bytes(g_base64_decode(text.c_str(), &size));
	if (!bytes || size == 0)
		return std::nullopt;
	return std::string(reinterpret_cast<const char *>(bytes.get()), size);
}

std::string upper(std::string text)
{
	for (char &c : text)
		c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
	return text;
}

std::string lower(std::string text)
{
	for (char &c : text)
		c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
	return text;
}

} // namespace

std::optional<std::string> fingerprintOf(const std::string &pem, const std::string &hash)
{
	// RFC 8122 section 5: older hashes must not be used.
	const auto type = hash == "sha-256"   ? G_CHECKSUM_SHA256
			  : hash == "sha-384" ? G_CHECKSUM_SHA384
			  : hash == "sha-512" ? G_CHECKSUM_SHA512
					      : G_CHECKSUM_MD5;
	const auto der = derOf(pem);
	if (type == G_CHECKSUM_MD5 || !der)
		return std::nullopt;
	glib::CharPtr hex(
		g_compute_checksum_for_data(type, reinterpret_cast<const guchar *>(der->data()), der->size()));
	std::string text;
	for (std::size_t i = 0; hex.get()[i]; i += 2) {
		if (i)
			text += ':';
		text.append(hex.get() + i, 2);
	}
	return upper(text);
}

std::optional<std::string> certificateMismatch(const sdp::Description &remote, const std::string &pem)
{
	// All bundled m-lines share one transport, so every fingerprint of the description must be this certificate's,
	// whatever level it stands on; several of one description differ only in the hash.
	std::set<std::string> announced;
	if (auto value = remote.attribute("fingerprint"))
		announced.insert(*value);
	for (const auto &media : remote.media)
		for (auto &value : media.attributes("fingerprint"))
			if (media.port != 0)
				announced.insert(std::move(value));
	std::size_t matched = 0;
	for (const auto &value : announced) {
		const auto space = value.find(' ');
		const auto hash = lower(value.substr(0, space));
		const auto actual = fingerprintOf(pem, hash);
		if (!actual)
			continue;
		if (space == std::string::npos || upper(value.substr(space + 1)) != *actual)
			return fmt::format("the peer's DTLS certificate is {} {}, its SDP says {}", hash, *actual,
					   value);
		++matched;
	}
	if (matched == 0)
		return "the peer's SDP has no fingerprint with sha-256 or better";
	return std::nullopt;
}

} // namespace trtc::webrtc
