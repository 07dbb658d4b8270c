"""Cases: their sum, and how they are read from Bazel's build events and from test.xml."""

import json
import pathlib
import re
import urllib.parse
import xml.etree.ElementTree


class Cases:
    """How many cases passed, which failed and which were skipped, each with the reason."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.targets = set()  # the labels of the tests that have an answer here
        self.outcomes = []  # of each GoogleTest case: its label, source file and name, and "" or why it was skipped
        self.linked = set()  # the labels of what a build has made

    def fail(self, what, why):
        self.failed.append((what, why))

    def skip(self, what, why):
        self.skipped.append((what, why))

    def add(self, other, lane):
        self.passed += other.passed
        self.failed += [(f"in {lane}: {what}", why) for what, why in other.failed]
        self.skipped += [(f"in {lane}: {what}", why) for what, why in other.skipped]
        self.targets |= other.targets

    def __str__(self):
        text = f"{self.passed} passed, {len(self.failed)} failed"
        return text + (f", {len(self.skipped)} skipped" if self.skipped else "")


def read_test_events(path, status, end):
    """Returns the cases of one `bazel test`, from its build events and its exit status."""
    cases = Cases()
    attempts = {}  # test -> its last result, by shard and run
    tests = set()
    for event in _events(path):
        _read_event(event, cases, attempts, tests)
    for (label, *_), (outcome, xml) in sorted(attempts.items()):
        cases.targets.add(label)
        _read_test(label, outcome, xml, cases)
    known = cases.targets | {what for what, _ in cases.failed + cases.skipped}
    for label in sorted(tests - known):
        cases.fail(label, "was not built")
    cases.targets |= tests
    return _end(cases, status, end)


def read_build_events(path, status, end):
    """Returns the cases of one `bazel build`, each a program or test that was linked."""
    cases = Cases()
    programs = {}  # label -> its rule
    for event in _events(path):
        label = event["id"].get("targetConfigured", event["id"].get("targetCompleted", {})).get("label")
        kind = event.get("configured", {}).get("targetKind")
        if kind in ("cc_test rule", "cc_binary rule"):
            programs[label] = kind
        elif "targetCompleted" not in event["id"]:
            continue
        elif event.get("aborted", {}).get("reason") == "SKIPPED":
            cases.skip(label, "is not for this system")
            cases.targets.add(label)
        elif not event.get("completed", {}).get("success"):
            cases.fail(label, "was not built")
        elif label in programs:
            cases.passed += 1
            cases.linked.add(label)
            if programs[label] == "cc_test rule":
                cases.targets.add(label)
    return _end(cases, status, end)


def _end(cases, status, end):
    if status and not cases.failed:
        cases.fail("bazel", end)
    return cases


def _events(path):
    """The events; a Bazel that was killed leaves half of one at the end."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            if number < len(lines):
                raise
            return
        yield event


def _read_event(event, cases, attempts, tests):
    identity = event["id"]
    if "testResult" in identity:
        key = identity["testResult"]
        result = event.get("testResult", {})
        xml = [file["uri"] for file in result.get("testActionOutput", []) if file["name"] == "test.xml"]
        attempts[key["label"], key.get("shard", 1), key.get("run", 1)] = (
            result.get("status", "NO_STATUS"), xml[0] if xml else None)
    elif "targetConfigured" in identity and event.get("configured", {}).get("testSize"):
        tests.add(identity["targetConfigured"]["label"])
    elif "targetCompleted" in identity:
        label = identity["targetCompleted"]["label"]
        if event.get("aborted", {}).get("reason") == "SKIPPED":
            cases.skip(label, "is not for this system")
        elif not event.get("completed", {}).get("success"):
            cases.fail(label, "was not built")


def _read_test(label, outcome, uri, cases):
    if outcome == "TIMEOUT":
        cases.fail(label, "took longer than its time limit")
        return
    failed_before = len(cases.failed)
    xml_file = pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(uri).path)) if uri else None
    if xml_file and xml_file.exists():
        try:
            for case in xml.etree.ElementTree.parse(xml_file).iter("testcase"):
                _read_case(label, case, cases)
        except xml.etree.ElementTree.ParseError as error:
            cases.fail(label, f"its test.xml can not be read: {error}")
    elif outcome == "PASSED":
        cases.fail(label, "passed without a test.xml")
    if outcome != "PASSED" and len(cases.failed) == failed_before:
        cases.fail(label, f"ended as {outcome}")


def _read_case(label, case, cases):
    name = f"{label} {case.get('classname', '')}.{case.get('name')}".replace(" .", " ")
    broken = case.find("failure") if case.find("failure") is not None else case.find("error")
    skipped = case.find("skipped")
    if broken is not None:
        cases.fail(name, _one_line(broken))
    elif case.get("status") == "notrun":
        cases.skip(name, "is disabled")
    elif skipped is not None:
        cases.skip(name, _one_line(skipped))
        cases.outcomes.append((label, case.get("file"), _full_name(case), _reason(skipped)))
    else:
        cases.passed += 1
        cases.outcomes.append((label, case.get("file"), _full_name(case), ""))


def _full_name(case):
    return f"{case.get('classname')}.{case.get('name')}"


def _reason(skipped):
    """Why a case was skipped, without the place in the source."""
    return re.sub(r"^\S+:\d+ ", "", _one_line(skipped))


def _one_line(element):
    text = " ".join((element.get("message") or "no reason given").split())
    return text if len(text) <= 200 else text[:200] + "..."
