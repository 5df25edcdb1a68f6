// SPDX-License-Identifier: MIT
#include "json/reader.h"
#include "json/writer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

using namespace trtc;
using json::Value;
using json::Writer;

namespace {

std::string messageOf(const std::function<void()> &call)
{
	try {
		call();
	} catch (const Exception &error) {
		CHECK(error.error().code == ErrorCode::InvalidParameter);
		return error.what();
	}
	return "no exception";
}

Value parsed(std::string_view text)
{
	auto result = json::parse(text);
	REQUIRE_MESSAGE(result.has_value(), std::string(text));
	return result.value();
}

} // namespace

TEST_CASE("what RFC 8259 allows is read")
{
	for (const auto *text : { "{}", "[]", " [ 1 , 2 ] ", "\"x\"", "0", "-0", "-12.5e+3", "1E-7", "true", "false",
				  "null", R"({"a":{"b":[[],{}]}})", R"("\"\\\/\b\f\n\r\tA\ud83d\ude00")", "\t{\r\n}\n",
				  "\"\xc3\xa4\"", "9223372036854775807", "-9223372036854775808", "1e-400" })
		CHECK_MESSAGE(json::parse(text).has_value(), std::string(text));
}

TEST_CASE("what is no JSON is refused")
{
	for (const auto *text : { "",
				  " ",
				  "{",
				  "[",
				  "}",
				  "[1,]",
				  "{\"a\":1,}",
				  "{,}",
				  "[1 2]",
				  "{\"a\" 1}",
				  "{a:1}",
				  "{'a':1}",
				  "['a']",
				  "// c\n{}",
				  "/* c */{}",
				  "{}//",
				  "{} {}",
				  "[][]",
				  "1 2",
				  "var x = {};",
				  "nul",
				  "nulll",
				  "True",
				  "undefined",
				  "NaN",
				  "Infinity",
				  "-Infinity",
				  "-",
				  "+1",
				  "01",
				  "-01",
				  "1.",
				  ".5",
				  "1e",
				  "1e+",
				  "0x10",
				  "\"",
				  "\"a",
				  "\"\\x\"",
				  "\"\\u12g4\"",
				  "\"\\u12\"",
				  "\"\\\"",
				  "\"a\nb\"",
				  "\"\t\"",
				  "\"\\u0000\"",
				  "\"\\ud800\"",
				  "\"\\udc00\"",
				  "\"\\ud800\\u0041\"",
				  "\"\x80\"",
				  "\"\xed\xa0\x80\"",
				  "\xff\xfe{}",
				  "\xef\xbb\xbf{}",
				  "9223372036854775808",
				  "-9223372036854775809",
				  "123456789012345678901234567890",
				  "1e400",
				  "-1e999",
				  "{\"a\":1 \"b\":2}",
				  "[}",
				  "{]",
				  "{\"a\"}",
				  "{1:2}" })
		CHECK_MESSAGE(!json::parse(text).has_value(), std::string(text));
	CHECK(!json::parse(std::string_view("{}\0", 3)).has_value());
	CHECK(!json::parse(std::string_view("\"a\0b\"", 5)).has_value());
}

TEST_CASE("depth and size are limited before anything is built")
{
	const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
	CHECK(json::parse(nested(64)).has_value());
	const auto deep = json::parse(nested(65));
	REQUIRE(!deep.has_value());
	CHECK(deep.error().message.find("nested deeper than 64") != std::string::npos);
	CHECK(!json::parse(nested(100000)).has_value());
	CHECK(!json::parse(std::string(100000, '[')).has_value());
	CHECK(!json::parse(std::string(100000, '{')).has_value());
	// Brackets inside a string do not count.
	CHECK(json::parse('"' + std::string(1000, '[') + '"').has_value());
	CHECK(json::parse("[1234]", { 6, 64 }).has_value());
	CHECK(!json::parse("[12345]", { 6, 64 }).has_value());
	CHECK(json::parse("{\"a\":1}", { 100, 1 }).has_value());
	CHECK(!json::parse("{\"a\":[1]}", { 100, 1 }).has_value());
}

TEST_CASE("getters check and name the field")
{
	const auto root = parsed(
		R"({"s":"text","i":7,"d":2.5,"w":3.0,"t":true,"one":1,"n":null,"a":[1,"x"],"o":{"p":{"q":5}},"dup":1,"dup":2})");
	CHECK(root.get("s").string(4) == "text");
	CHECK(root.get("i").integer() == 7);
	CHECK(root.get("w").integer() == 3);
	CHECK(root.get("d").number() == 2.5);
	CHECK(root.get("i").number() == 7.0);
	CHECK(root.get("t").boolean());
	CHECK(root.get("one").boolean());
	CHECK(root.get("dup").integer() == 2);
	CHECK(!root.find("n"));
	CHECK(!root.find("absent"));
	CHECK(root.stringOr("absent", "fallback", 10) == "fallback");
	CHECK(root.integerOr("n", 4) == 4);
	CHECK(root.booleanOr("absent", true));
	CHECK(root.get("o").get("p").get("q").integer() == 5);
	CHECK(root.keys().size() == 10);

	CHECK(messageOf([&] { root.get("absent"); }) == "absent: is missing");
	CHECK(messageOf([&] { root.get("s").string(3); }) == "s: is 4 bytes long, at most 3 are allowed");
	CHECK(messageOf([&] { root.get("i").string(3); }) == "i: must be a string");
	CHECK(messageOf([&] { root.get("d").integer(); }) == "d: must be a whole number");
	CHECK(messageOf([&] { root.get("s").integer(); }) == "s: must be a number");
	CHECK(messageOf([&] { root.get("t").integer(); }) == "t: must be a number");
	CHECK(messageOf([&] { root.get("i").integer(0, 6); }) == "i: is 7, must be 0 to 6");
	CHECK(messageOf([&] { root.get("i").boolean(); }) == "i: must be true or false");
	CHECK(messageOf([&] { root.get("o").get("p").get("q").boolean(); }) == "o.p.q: must be true or false");
	CHECK(messageOf([&] { root.get("a").items(1); }) == "a: has 2 items, at most 1 are allowed");
	CHECK(messageOf([&] { root.get("a").items(2)[1].integer(); }) == "a[1]: must be a number");
	CHECK(messageOf([&] { root.get("s").get("x"); }) == "s: must be an object");
	CHECK(messageOf([&] { root.get("o").items(9); }) == "o: must be an array");
	CHECK(messageOf([&] { parsed("[1]").get("x"); }) == "message: must be an object");
}

TEST_CASE("the bounds of int64 survive")
{
	CHECK(parsed("9223372036854775807").integer() == std::numeric_limits<std::int64_t>::max());
	CHECK(parsed("-9223372036854775808").integer() == std::numeric_limits<std::int64_t>::min());
	CHECK(messageOf([&] { parsed("1e17").integer(); }).find("whole number") != std::string::npos);
}

TEST_CASE("a value outlives the others of its document")
{
	std::optional<Value> inner;
	{
		inner = parsed(R"({"a":{"b":"kept"}})").get("a").get("b");
	}
	CHECK(inner->string(10) == "kept");
}

TEST_CASE("the writer writes one line that the reader reads")
{
	Writer out;
	out.beginObject()
		.member("text", "q\" \\ \n \x01 \xc3\xa4")
		.member("n", -5)
		.member("u", 5U)
		.member("b", true)
		.member("d", 0.5);
	out.key("a").beginArray().value(1).value("x").null().endArray().key("o").beginObject().endObject().endObject();
	const auto text = out.take();
	CHECK(text.find('\n') == std::string::npos);
	const auto root = parsed(text);
	CHECK(root.get("text").string(100) == "q\" \\ \n \x01 \xc3\xa4");
	CHECK(root.get("n").integer() == -5);
	CHECK(root.get("d").number() == 0.5);
	CHECK(root.get("a").items(3)[2].isNull());
	CHECK(text.find(R"("n":-5,"u":5,"b":true)") != std::string::npos);
	CHECK(out.beginArray().endArray().take() == "[]");
}

TEST_CASE("the writer never writes what is no JSON")
{
	Writer out;
	out.beginArray().value(std::numeric_limits<double>::infinity()).value(std::nan("")).value("\xff");
	out.value(std::string_view("a\0b", 3)).value(std::string_view()).endArray();
	const auto root = parsed(out.take());
	const auto items = root.items(5);
	CHECK(items[0].isNull());
	CHECK(items[1].isNull());
	CHECK(items[2].string(10) == "\xef\xbf\xbd");
	CHECK(items[3].string(10) == "a\xef\xbf\xbd"
				     "b");
	CHECK(items[4].string(10).empty());
}

TEST_CASE("writer: doubles in their shortest form, strings escaped")
{
	Writer out;
	out.beginObject()
		.key("a\"b")
		.value(0.164)
		.key("c")
		.value("x\\y\n\x01")
		.key("d")
		.beginArray()
		.value(3.0)
		.value(1e-7)
		.endArray()
		.endObject();
	CHECK(out.take() == R"({"a\"b":0.164,"c":"x\\y\n\u0001","d":[3,1e-07]})");
}
