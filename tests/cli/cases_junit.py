# SPDX-License-Identifier: MIT
"""The report of the expectations, as a reader of JUnit XML sees it."""

import signal
import stat
import xml.etree.ElementTree

from harness import Listener, TINY, check, equal, refused, serve_nothing


def read(path):
    """The cases, after a look at the structure: what the schema of Jenkins' xUnit plug-in asks for."""
    root = xml.etree.ElementTree.parse(path).getroot()
    equal(root.tag, "testsuites", "root")
    equal([child.tag for child in root], ["testsuite"], "suites")
    suite = root[0]
    check(set(suite.keys()) <= {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname"},
          f"attributes of the suite: {suite.keys()}")
    cases = list(suite)
    found = {"failure": 0, "error": 0}
    for case in cases:
        equal(case.tag, "testcase", "child of the suite")
        equal(set(case.keys()), {"classname", "name", "time"}, "attributes of a case")
        check(0 <= float(case.get("time")) <= float(suite.get("time")), "time of a case")
        check(len(case) <= 1, "a case with two results")
        for result in case:
            found[result.tag] += 1
            equal(set(result.keys()), {"type", "message"}, "attributes of a result")
    for each in (root, suite):
        equal((int(each.get("tests")), int(each.get("failures")), int(each.get("errors"))),
              (len(cases), found["failure"], found["error"]), "counts")
    return cases


def result(case):
    return (case[0].tag, case[0].get("type")) if len(case) else None


def test_report_of_met_and_missed(context):
    service = context.service()
    path = context.directory / "report.xml"
    agent = context.agent(service, "ann", "--expect", "peer-join,userId=b&b@1s", "--expect", "joined,role=anchor", "--junit", "report.xml")
    agent.wait("expectation-failed")
    agent.send("leave\n")
    equal(agent.end(), 8, "exit code")
    cases = read(path)
    equal([c.get("name") for c in cases], ["peer-join,userId=b&b@1s", "joined,role=anchor"], "names")
    equal([result(c) for c in cases], [("failure", "EXPECTATION_FAILED"), None], "results")
    equal(cases[0].get("classname"), "trtc-cli.100.ann", "class")
    check(1.0 <= float(cases[0].get("time")) < 20, "time of the missed one")
    check("was not met within 1000 ms" in cases[0][0].get("message"), cases[0][0].get("message"))
    check(stat.S_IMODE(path.stat().st_mode) & 0o044, "the report cannot be read by others")
    # Another run takes its place.
    good = context.agent(service, "ann", "--expect", "joined", "--exit-when-expected", "--junit", "report.xml")
    equal(good.end(), 0, "exit code")
    equal([result(c) for c in read(path)], [None], "results of the second run")
    # Left before it could come true: that is the expectation's failure, not the agent's.
    early = context.agent(service, "ann", "--expect", "peer-join@1h", "--junit", "report.xml")
    early.send("leave\n")
    equal(early.end(), 8, "exit code")
    equal([result(c) for c in read(path)], [("failure", "EXPECTATION_FAILED")], "results of the third run")


def test_report_of_an_agent_that_fails(context):
    path = context.directory / "report.xml"
    base = ["join", "--user-id", "ann", "--room", "1", "--events", "json", "--expect", "joined", "--expect", "peer-join", "--junit", "report.xml"]
    # Before anything is opened, at a source, while connecting.
    for more, code, name in ((["--secret-key-file", "none"], 2, "INVALID_PARAMETER"),
                             (["--user-sig", "x", "--video", "file:none.mp4"], 5, "DEVICE_NOT_FOUND"),
                             (["--user-sig", "x", "--server", Listener(context, serve_nothing).url, "--exit-after", "500ms"], 4,
                              "CONNECT_FAILED")):
        path.unlink(missing_ok=True)
        agent = context.run(*base, *more)
        refused(agent, code, name)
        cases = read(path)
        equal([result(c) for c in cases], [("error", name)] * 2, f"results of {more}")
        equal(cases[0][0].get("message"), agent.find("error")[0]["message"], "message")
    # In the room: what was met stays met.
    service = context.service()
    agent = context.agent(service, "ann", "--expect", "joined", "--expect", "peer-join@1h", "--junit", "report.xml", "--reconnect", "0")
    service.signal(signal.SIGKILL)
    equal(agent.end(90), 7, "exit code")
    equal([result(c) for c in read(path)], [None, ("error", "CONNECTION_LOST")], "results")


def test_report_after_a_second_interrupt(context):
    service = context.service()
    anchor = context.agent(service, "onair", *TINY)
    anchor.wait("published")
    agent = context.agent(service, "ann", "--role", "audience", "--record", "out", "--expect", "joined", "--expect", "peer-leave@1h",
                          "--junit", "report.xml")
    agent.wait("first-frame", userId="onair", kind="video")
    service.signal(signal.SIGSTOP)
    agent.signal(signal.SIGINT)
    agent.wait("recording-stopped")
    agent.signal(signal.SIGINT)
    equal(agent.end(), 130, "exit code")
    equal([result(c) for c in read(context.directory / "report.xml")], [None, ("error", "UNKNOWN")], "results")


def test_report_that_cannot_be_written(context):
    service = context.service()
    (context.directory / "folder").mkdir()
    for path in ("no/such/report.xml", "folder", "/proc/report.xml"):
        agent = context.agent(service, "ann", "--expect", "joined", "--junit", path, joined=False)
        refused(agent, 9, "OUTPUT_FAILED", path)
        equal(agent.find("connection-state-changed"), [], "connections made")
    # Gone in the meantime: the run was fine, the report is missing.
    place = context.directory / "place"
    place.mkdir()
    agent = context.agent(service, "ann", "--expect", "joined", "--junit", "place/report.xml")
    place.rmdir()
    agent.send("leave\n")
    refused(agent, 9, "OUTPUT_FAILED", "place/report.xml")
