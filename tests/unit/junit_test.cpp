// SPDX-License-Identifier: MIT
#include "cli/agent/junit.h"

#include "base/descriptors.h"
#include "support/temp_dir.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

using namespace trtc;
using namespace trtc::cli;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string read(const std::string &path)
{
	std::stringstream text;
	text << std::ifstream(path).rdbuf();
	return text.str();
}

bool holds(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("junit: one case for each expectation, counted by how it ended")
{
	const Error missed { ErrorCode::ExpectationFailed, "too late" };
	const Error lost { ErrorCode::ConnectionLost, "gone" };
	const auto text = formatJunit({ "8888.ann",
					std::chrono::system_clock::time_point { 1714564800s },
					61'005ms,
					{ { "joined", 12ms, {}, false },
					  { "peer-join@1s", 1001ms, missed, false },
					  { "left", 61s, lost, true } } });
	CHECK(holds(text, "tests=\"3\" failures=\"1\" errors=\"1\" time=\"61.005\" skipped=\"0\" "
			  "timestamp=\"2024-05-01T12:00:00\""));
	CHECK(holds(text, "<testcase classname=\"trtc-cli.8888.ann\" name=\"joined\" time=\"0.012\"/>\n"));
	CHECK(holds(text, "time=\"1.001\">\n      <failure type=\"EXPECTATION_FAILED\" message=\"too late\"/>\n"));
	CHECK(holds(text, "time=\"61.000\">\n      <error type=\"CONNECTION_LOST\" message=\"gone\"/>\n"));
}

TEST_CASE("junit: nothing in a text can break the file")
{
	const Error odd { ErrorCode::ExpectationFailed, "\"<a&b>\"\n\t\x1b[2J\x01 \xff\xfe caf\xc3\xa9 \xef\xbf\xbe" };
	const auto text = formatJunit({ "a\"b", {}, 0ms, { { "x<y", 0ms, odd, false } } });
	CHECK(holds(text, "message=\"&quot;&lt;a&amp;b&gt;&quot;&#10;&#9;\xef\xbf\xbd[2J\xef\xbf\xbd "
			  "\xef\xbf\xbd\xef\xbf\xbd caf\xc3\xa9 \xef\xbf\xbd\""));
	CHECK(holds(text, "classname=\"trtc-cli.a&quot;b\" name=\"x&lt;y\""));
}

TEST_CASE("junit: the order of the command line, and what nobody decided is the agent's failure")
{
	std::vector<Expectation> expected;
	for (const auto *each : { "joined", "left", "joined", "peer-join" })
		expected.push_back(Expectation::parse(each));
	const Error cause { ErrorCode::ConnectFailed, "nobody there" };
	const auto verdicts = completeVerdicts(
		expected, { { "left", 5ms, {}, false }, { "joined", 6ms, {}, false }, { "joined", 7ms, {}, false } },
		cause, 9ms);
	REQUIRE(verdicts.size() == 4);
	CHECK(verdicts[0].after == 6ms);
	CHECK(verdicts[1].after == 5ms);
	CHECK(verdicts[2].after == 7ms);
	CHECK(verdicts[3].expectation == "peer-join");
	CHECK(verdicts[3].after == 9ms);
	CHECK(verdicts[3].agentFailed);
	REQUIRE(verdicts[3].failure);
	CHECK(verdicts[3].failure->message == "nobody there");
}

TEST_CASE("junit: the file appears as a whole, or the old one stays")
{
	const test::TempDir folder;
	const auto path = folder / "report.xml";
	std::ofstream(path) << "old";
	checkJunitPath(path);
	CHECK(read(path) == "old");
	CHECK(folder.files().size() == 1);
	const JunitReport report { "1.ann", {}, 0ms, { { "joined", 1ms, {}, false } } };
	writeJunit(path, report);
	CHECK(holds(read(path), "tests=\"1\" failures=\"0\""));
	CHECK(folder.files().size() == 1);
	for (const auto &bad : { folder / "no/such", folder.str(), std::string("/proc/report.xml") }) {
		CAPTURE(bad);
		for (const auto &attempt : { std::function<void()>([&] { checkJunitPath(bad); }),
					     std::function<void()>([&] { writeJunit(bad, report); }) })
			try {
				attempt();
				CHECK_MESSAGE(false, "was written");
			} catch (const Exception &error) {
				CHECK((error.error().code == ErrorCode::OutputFailed));
				CHECK(holds(error.error().message, bad));
				CHECK(holds(error.error().message, "--junit"));
			}
	}
}

TEST_CASE("the creation mask is read, and stays")
{
	const auto before = ::umask(0027);
	CHECK(creationMask() == 0027);
	CHECK(creationMask() == 0027);
	CHECK(::umask(0) == 0027);
	CHECK(creationMask() == 0);
	::umask(before);
}
