// SPDX-License-Identifier: MIT
#include "report/redactor.h"
#include "report/report.h"
#include "report/stream.h"
#include "support/temp_dir.h"

#include <trtc/error.h>

#include <doctest/doctest.h>
#include <glib.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace trtc;
using report::Redactor;

namespace {

const std::string kSecret = "c0ffee5eed0123456789abcdefDEADBEEF+/=tail";

bool has(const std::string &text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string contents(const std::filesystem::path &path)
{
	std::ifstream file(path);
	std::stringstream text;
	text << file.rdbuf();
	return text.str();
}

std::string base64(const std::string &text)
{
	gchar *raw = g_base64_encode(reinterpret_cast<const guchar *>(text.data()), text.size());
	const std::string out = raw;
	g_free(raw);
	return out;
}

} // namespace

TEST_CASE("a secret of the run is black wherever it stands")
{
	Redactor redact;
	redact.add(kSecret);
	for (const auto &text : { kSecret, "x" + kSecret + "y", "userSig is " + kSecret.substr(0, 20) + "...",
				  "..." + kSecret.substr(7, 15), kSecret + kSecret }) {
		CAPTURE(text);
		const auto out = redact(text);
		CHECK(has(out, Redactor::kBlack));
		for (std::size_t i = 0; i + Redactor::kPiece <= kSecret.size(); ++i)
			CHECK_FALSE(has(out, kSecret.substr(i, Redactor::kPiece)));
	}
	SUBCASE("the words around it stay")
	{
		CHECK(redact("before " + kSecret + " after") == "before <redacted> after");
		CHECK(redact("") == "");
		CHECK(redact("nothing to see") == "nothing to see");
	}
	SUBCASE("in base64, behind whatever stands before it")
	{
		for (const std::string before : { "", "a", "ab", "abc", "abcd" }) {
			const auto text = base64(before + kSecret + "behind");
			CAPTURE(text);
			const auto out = redact("see " + text + " there");
			CHECK(has(out, Redactor::kBlack));
			// What is left at both ends is not enough for a byte more than its neighbours.
			CHECK(out.size() < std::string("see  there").size() + Redactor::kBlack.size() + 20);
		}
	}
	SUBCASE("percent-encoded and in hexadecimal")
	{
		gchar *raw = g_uri_escape_string(kSecret.c_str(), nullptr, FALSE);
		CHECK(redact(std::string("?userId=ann&x=") + raw + "&y=1") == "?userId=ann&x=<redacted>&y=1");
		g_free(raw);
		std::string hex;
		for (const char each : kSecret) {
			const auto c = static_cast<unsigned char>(each);
			hex += "0123456789abcdef"[c >> 4];
			hex += "0123456789abcdef"[c & 15];
		}
		CHECK(redact("hex " + hex) == "hex <redacted>");
	}
}

TEST_CASE("a short secret is black as a whole, a very short one is no secret")
{
	Redactor redact;
	redact.add("s3cret");
	redact.add("abc");
	CHECK(redact("my s3cret abc s3cre") == "my <redacted> abc s3cre");
}

TEST_CASE("what we do not know is black by its place")
{
	const Redactor redact;
	struct Row {
		const char *in, *out;
	};
	const Row rows[] = {
		{ "a=ice-pwd:Zx/81+kk\r\na=ice-ufrag:abcd\r\n", "a=ice-pwd:<redacted>\r\na=ice-ufrag:abcd\r\n" },
		{ R"({"sdp":"a=ice-pwd:Zx81kk\r\na=mid:0"})", R"({"sdp":"a=ice-pwd:<redacted>\r\na=mid:0"})" },
		{ "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20",
		  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<redacted>|2^20" },
		{ R"({"userSig":"eJwVx","userId":"ann"})", R"({"userSig":"<redacted>","userId":"ann"})" },
		{ R"({"privateMapKey" : "a\"b\\c","x":1})", R"({"privateMapKey" : "<redacted>","x":1})" },
		{ R"({"m":"{\"password\":\"hunter2\",\"n\":1}"})", R"({"m":"{\"password\":\"<redacted>\",\"n\":1}"})" },
		{ R"({"m":"{\"password\":\"hun\\\"ter2\",\"n\":1}"})",
		  R"({"m":"{\"password\":\"<redacted>\",\"n\":1}"})" },
		{ "ws://h/?sdkAppId=1&userSig=eJ*-_&roomId=5", "ws://h/?sdkAppId=1&userSig=<redacted>&roomId=5" },
		{ "TRTC_USER_SIG=eJwVx", "TRTC_USER_SIG=<redacted>" },
		{ "TRTC_SECRET_KEY_FILE=/etc/key", "TRTC_SECRET_KEY_FILE=/etc/key" },
		{ "Cookie: a=b; c=d\r\nHost: x", "Cookie: <redacted>\r\nHost: x" },
		{ "Authorization: Basic YWRt\nHost: x", "Authorization: <redacted>\nHost: x" },
		{ "turn:ann:pw@turn.example:3478", "turn:ann:<redacted>@turn.example:3478" },
		{ "http://ann:pw@proxy:3128/", "http://ann:<redacted>@proxy:3128/" },
		{ "ws://127.0.0.1:8687/x@y", "ws://127.0.0.1:8687/x@y" },
		{ "-----BEGIN PRIVATE KEY-----\nMIIE\nabc\n-----END PRIVATE KEY-----\nrest",
		  "-----BEGIN PRIVATE KEY-----<redacted>-----END PRIVATE KEY-----\nrest" },
		{ "-----BEGIN EC PRIVATE KEY-----\nMIIE", "-----BEGIN EC PRIVATE KEY-----<redacted>" },
		{ R"(label="application/x-srtp\l  srtp-key: fcbcf4cbfec5...\l  srtp-cipher: aes")",
		  R"(label="application/x-srtp\l  srtp-key: <redacted>...\l  srtp-cipher: aes")" },
		{ "srtp-key=(buffer)0123456789abcdef, x=1", "srtp-key=(buffer)<redacted>, x=1" },
		{ R"(a\npem=\"-----BEGIN CERT\\nMII…\npeer=1)", R"(a\npem=\"<redacted>…\npeer=1)" },
		{ R"({"event":"error","name":"JOIN_ROOM_FAILED","message":"the token is wrong"})",
		  R"({"event":"error","name":"JOIN_ROOM_FAILED","message":"the token is wrong"})" },
	};
	for (const auto &row : rows) {
		CAPTURE(row.in);
		CHECK(redact(row.in) == row.out);
		CHECK(redact(row.out) == row.out); // twice does no harm
	}
}

TEST_CASE("a stream keeps its beginning and its end within its bound")
{
	const test::TempDir folder;
	const int directory = ::open(folder.str().c_str(), O_RDONLY | O_DIRECTORY);
	{
		report::Stream stream(directory, "log", ".txt", 3000);
		for (int i = 0; i < 10'000; ++i)
			CHECK(stream.write("line " + std::to_string(i)) == 0);
		CHECK(stream.write(std::string(report::Stream::kMaxLine + 5, 'x')) == 0);
	}
	CHECK(contents(folder / "log.txt").starts_with("line 0\nline 1\n"));
	std::uintmax_t size = 0;
	bool last = false;
	for (const auto &file : folder.files()) {
		struct stat info {};
		REQUIRE(::stat(file.c_str(), &info) == 0);
		CHECK((info.st_mode & 0777) == 0600);
		size += static_cast<std::uintmax_t>(info.st_size);
		last = last || has(contents(file), "line 9999\n");
	}
	CHECK(folder.files().size() == 3);
	CHECK(last);
	CHECK(size < 3000 + report::Stream::kMaxLine + 10);
	::close(directory);
}

TEST_CASE("the report is bounded, private and free of secrets")
{
	const test::TempDir folder;
	std::vector<std::string> complaints;
	std::string path;
	{
		report::Report report(folder / "reports", [&](const std::string &text) { complaints.push_back(text); });
		path = report.path();
		report.redactor().add(kSecret);
		const std::string long_ = "a=ice-pwd:" + kSecret +
					  "\r\na=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n" +
					  std::string(100'000, 'x');
		for (int i = 0; i < 300; ++i) {
			report.sdp("down:ann/..", Trace::Direction::In, "answer", long_);
			report.pipeline("up", "connected",
					[&] { return "digraph {" + kSecret + long_ + long_ + long_; });
			report.message("server", Trace::Direction::Out, "{\"userSig\":\"" + kSecret + "\"}");
			report.message("server", Trace::Direction::In, "not json\n" + kSecret);
			report.event("joined", "{\"event\":\"joined\",\"n\":" + std::to_string(i) + "}\n");
			report.stats("{\"n\":" + std::to_string(i) + "}\n");
			report.log("sig " + kSecret);
			report.candidate("up", Trace::Direction::Out, "candidate:1 " + kSecret);
		}
		report.file("options.txt", kSecret);
		report.finish(4, "CONNECT_FAILED");
		report.finish(0, "not this one");
	}
	CHECK(complaints.empty());
	std::uintmax_t bytes = 0;
	std::size_t files = 0;
	for (const auto &entry : std::filesystem::recursive_directory_iterator(path)) {
		struct stat info {};
		REQUIRE(::stat(entry.path().c_str(), &info) == 0);
		CHECK((info.st_mode & 0777) == (entry.is_directory() ? 0700 : 0600));
		if (entry.is_directory())
			continue;
		++files;
		bytes += entry.file_size();
		CAPTURE(entry.path().string());
		CHECK_FALSE(has(contents(entry.path()), kSecret.substr(0, Redactor::kPiece)));
	}
	CHECK(bytes < 64u * 1024 * 1024);
	CHECK(files < 2 * 96 + 12);
	const std::filesystem::path root(path);
	CHECK(contents(root / "stats.json") == "{\"n\":299}\n");
	CHECK(has(contents(root / "summary.txt"), "exit code 4\nreason CONNECT_FAILED\n"));
	CHECK(has(contents(root / "candidates.jsonl"), "192.0.2.1 9 typ host"));
	CHECK(has(contents(root / "messages.jsonl"), "\"message\":{\"userSig\":\"<redacted>\"}"));
	CHECK(std::filesystem::exists(root / "sdp" / "0001-down-ann-..-in-answer.sdp"));
	CHECK_FALSE(std::filesystem::exists(root / "sdp" / "0100-down-ann-..-in-answer.sdp"));
	CHECK(std::filesystem::exists(root / "sdp" / "0300-down-ann-..-in-answer.sdp"));
}

TEST_CASE("where no folder can be made there is no report; where it goes away there is one complaint")
{
	CHECK_THROWS_AS(report::Report("/proc/none", [](const std::string &) {}), Exception);
	const test::TempDir folder;
	std::vector<std::string> complaints;
	report::Report report(folder.str(), [&](const std::string &text) { complaints.push_back(text); });
	std::filesystem::remove_all(report.path());
	report.event("joined", "{}");
	report.log("line");
	report.sdp("up", Trace::Direction::Out, "offer", "v=0");
	report.finish(0, "leave");
	REQUIRE(complaints.size() == 1);
	CHECK(has(complaints[0], report.path()));
}
