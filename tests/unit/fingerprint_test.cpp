// SPDX-License-Identifier: MIT
#include "webrtc/fingerprint.h"

#include <doctest/doctest.h>

using namespace trtc;
using namespace trtc::webrtc;

namespace {

/// A self-signed certificate of nobody, and what openssl says of it.
const std::string kPem = R"(-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUZXFjAVCDS67UFHYuDL0vJ2KcwBkwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMwNDUyNTVaGA8yMTI2MTAzMDA0NTI1
NVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGaP
jWD2Y55EMrg1HaGfWnAUl0nI696PUBrBb7maGr6gKmyWH3/jTty4IYnXvkAxY/WQ
m1KBSnPaqVvIvmgEkOqjUzBRMB0GA1UdDgQWBBSqipyqJlBSyGxumNwFdu1ltBmC
+DAfBgNVHSMEGDAWgBSqipyqJlBSyGxumNwFdu1ltBmC+DAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQCO6KbKtSWnrIDlOLR3qUoBE2tDMewarHXU
wSY1SkB4bQIgXK4+Z6VN2vtVzAIYmOjCpoUz5TTblzdEtZBe5/jSq3E=
-----END CERTIFICATE-----)";
const std::string kSha1 = "4C:D0:D1:DB:AC:8F:EF:04:9F:8F:8A:7E:D3:02:AD:D1:F4:3F:3C:E0";
const std::string kSha256 =
	"2E:82:E4:03:D9:86:7F:96:7C:E4:C8:60:38:F8:65:69:5C:5C:7C:8A:68:86:40:CE:E3:E1:F3:42:9B:88:50:A5";
const std::string kSha384 = "7C:5A:14:D7:FB:A0:95:6E:C0:5F:06:7B:0B:B6:C1:BA:E5:30:93:40:72:D5:0D:B2:"
			    "14:FF:D2:5F:B4:DE:0C:F0:70:75:58:3C:C8:A7:BF:FF:B3:6A:C2:5A:F7:EB:E6:9D";
const std::string kSha512 =
	"2A:F5:61:5A:44:28:AA:2E:A3:C7:F5:E4:F3:F0:10:89:57:DE:93:B3:77:10:FE:48:7F:07:60:D0:37:E6:69:03:"
	"1F:46:0D:FF:D2:4A:30:E7:21:90:23:BF:98:E3:72:02:B5:CA:3B:CD:04:1F:5F:6F:04:13:3C:22:74:5E:7D:9F";

sdp::Description with(const std::string &session, const std::string &media = {}, const std::string &second = {})
{
	auto parsed = sdp::parse("v=0\r\ns=-\r\n" + session + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n" + media +
				 "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n" + second);
	REQUIRE(parsed);
	return parsed.value();
}

std::string line(const std::string &hash, const std::string &value)
{
	return "a=fingerprint:" + hash + " " + value + "\r\n";
}

std::string lowered(std::string text)
{
	for (char &c : text)
		c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
	return text;
}

} // namespace

TEST_CASE("fingerprint: as openssl computes it")
{
	CHECK(fingerprintOf(kPem, "sha-256") == kSha256);
	CHECK(fingerprintOf(kPem, "sha-384") == kSha384);
	CHECK(fingerprintOf(kPem, "sha-512") == kSha512);
	CHECK(!fingerprintOf(kPem, "sha-1"));
	CHECK(!fingerprintOf(kPem, "md5"));
	CHECK(!fingerprintOf(kPem, ""));
	CHECK(!fingerprintOf("", "sha-256"));
	CHECK(!fingerprintOf("-----BEGIN CERTIFICATE-----", "sha-256"));
	CHECK(!fingerprintOf("-----END CERTIFICATE----------BEGIN CERTIFICATE-----", "sha-256"));
	CHECK(!fingerprintOf("-----BEGIN CERTIFICATE----------END CERTIFICATE-----", "sha-256"));
}

TEST_CASE("fingerprint: matches on every level and in every case")
{
	const auto right = line("sha-256", kSha256);
	CHECK(!certificateMismatch(with(right), kPem));
	CHECK(!certificateMismatch(with("", right, right), kPem));
	CHECK(!certificateMismatch(with("", right), kPem));
	CHECK(!certificateMismatch(with(line("SHA-256", lowered(kSha256))), kPem));
	CHECK(!certificateMismatch(with(line("sha-512", kSha512)), kPem));
	CHECK(!certificateMismatch(with(right + line("sha-384", kSha384) + line("sha-1", kSha1)), kPem));
	CHECK(!certificateMismatch(with("", right + line("sha-512", kSha512)), kPem));
	// A hash we do not know proves nothing and spoils nothing.
	CHECK(!certificateMismatch(with("", right + line("sha-3", "00:11")), kPem));
}

TEST_CASE("fingerprint: one changed digit, wherever it is, is a mismatch")
{
	for (std::size_t at = 0; at < kSha256.size(); ++at) {
		auto forged = kSha256;
		forged[at] = forged[at] == '0' ? '1' : '0';
		CHECK(certificateMismatch(with(line("sha-256", forged)), kPem));
	}
	auto forged = kSha256;
	forged.front() = forged.front() == '0' ? '1' : '0';
	const auto wrong = line("sha-256", forged), right = line("sha-256", kSha256);
	CHECK(certificateMismatch(with("", right, wrong), kPem));
	CHECK(certificateMismatch(with("", wrong, right), kPem));
	CHECK(certificateMismatch(with(wrong, right, right), kPem));
	CHECK(certificateMismatch(with("", right + wrong), kPem));
	CHECK(certificateMismatch(with("", line("sha-512", kSha512) + wrong), kPem));
	CHECK(certificateMismatch(with(line("sha-256", kSha256.substr(0, kSha256.size() - 1))), kPem));
	CHECK(certificateMismatch(with(line("sha-256", kSha256 + ":00")), kPem));
	CHECK(certificateMismatch(with("a=fingerprint:sha-256\r\n"), kPem));
	CHECK(certificateMismatch(with(line("sha-256", "")), kPem));
	const auto said = certificateMismatch(with(wrong), kPem);
	CHECK(said->find(kSha256) != std::string::npos);
	CHECK(said->find(forged) != std::string::npos);
}

TEST_CASE("fingerprint: weak or missing ones are as good as wrong")
{
	CHECK(certificateMismatch(with(line("sha-1", kSha1)), kPem));
	CHECK(certificateMismatch(with(""), kPem));
	CHECK(certificateMismatch(with("", "a=fingerprint\r\n"), kPem));
	CHECK(certificateMismatch(with(line("sha-256", kSha256)), ""));
	CHECK(certificateMismatch(with(line("sha-256", kSha256)), "no certificate"));
}
