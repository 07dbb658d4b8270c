"""Which test proves which statement of docs/conformance_statements.txt: checks that, and makes docs/conformance.md of it.

    conformance.py FILE...           says what is wrong; FILE... are the sources that may have tests
    conformance.py --write FILE...   writes docs/conformance.md as well

A test proves the statements whose ids begin the comment above it: `// TASK-04, CPP-03: if need be, a word on it`. Between
the two may be what the test needs. In the place of a test may be a static_assert, or what tools/compile_fail.bzl knows.
"""

import pathlib
import re
import sys

STATEMENTS = "docs/conformance_statements.txt"
DOCUMENT = "docs/conformance.md"

_ID = r"[A-Z]+-\d\d"
_IDS = re.compile(rf"// ({_ID}(?:, {_ID})*)(?![\w-])")
_TEST = re.compile(r"\s*\w*TEST\w*\(\s*(\w+),\s*(?!DISABLED_)(\w+)")
_REFUSED = re.compile(r"\s*#ifdef REFUSED_(\w+)")
_STATEMENT = re.compile(rf"({_ID}) (S[123]) (?:\[(now|cannot hold: (.+?))\] )?([^\s\[].*)")
_GROUP = re.compile(r"== ([A-Z]+) (.*?)( \[later\])?")

_HEAD = f"""# Conformance

What eddy must do, and the tests that prove it. Written by `tools/ci/conformance.py --write`, from
[the statements]({pathlib.PurePath(STATEMENTS).name}) and from the comments above the tests; CI refuses it when it is stale.

| | |
|---|---|
| S1 | wrong means data loss, a hang, a lost wake-up, a leak, a memory fault or a wrong result |
| S2 | a wrong value, exception or order |
| S3 | diagnostics |
| *later* | what it is about does not exist yet |
"""


class Statement:
    def __init__(self, number, severity, text, is_due, reason):
        self.number = number
        self.severity = severity
        self.text = text
        self.is_due = is_due  # a test is asked for
        self.reason = reason  # why it cannot hold in C++, or ""


class Group:
    def __init__(self, name, title):
        self.name = name
        self.title = title
        self.statements = []


class Proof:
    """A test, and the id of the statement that it proves."""

    def __init__(self, number, file, line, test):
        self.number = number
        self.file = file
        self.line = line  # of the comment
        self.test = test  # its name, or None if there is none below the comment


def read_statements(source):
    """Returns the groups of a list of statements, and what is wrong with it."""
    groups = []
    complaints = []
    is_later = False
    for line_number, line in enumerate(source.splitlines(), 1):
        group = _GROUP.fullmatch(line)
        statement = _STATEMENT.fullmatch(line)
        if group:
            groups.append(Group(group[1], group[2]))
            is_later = bool(group[3])
        elif statement and groups and statement[1].startswith(groups[-1].name + "-"):
            number, severity, mark, reason, text = statement.groups()
            is_due = mark == "now" or not (mark or is_later)
            groups[-1].statements.append(Statement(number, severity, text, is_due, reason or ""))
        elif line and not line.startswith("#"):
            complaints.append(f"{STATEMENTS}:{line_number}: neither a group nor a statement of its group: {line}")
    numbers = [statement.number for group in groups for statement in group.statements]
    complaints += [f"{STATEMENTS}: {number} is there twice" for number in sorted(set(numbers))
                   if numbers.count(number) > 1]
    told = re.match(r"# (\d+) statements", source)
    if not told or int(told[1]) != len(numbers):
        complaints.append(f"{STATEMENTS}: {len(numbers)} statements; its first line says something else")
    return groups, complaints


def find_proofs(file, source):
    """Returns the proofs in a source file; those of a comment with no test below it have no test."""
    proofs = []
    waiting = []  # the ids of the comment, until its test comes
    lines = source.splitlines()
    in_comment = False
    for line_number, line in enumerate(lines, 1):
        ids = _IDS.match(line)
        if ids:
            if waiting and not in_comment:
                proofs += waiting
                waiting = []
            waiting += [Proof(number, file, line_number, None) for number in ids[1].split(", ")]
        in_comment = bool(re.match(r"\s*//", line))
        name = _test_name("\n".join(lines[line_number - 1:line_number + 1]))
        if name:
            for proof in waiting:
                proof.test = name
            proofs += waiting
            waiting = []
    return proofs + waiting


def _test_name(text):
    """The name of the test that begins here, or None."""
    test = _TEST.match(text)
    if test:
        return f"{test[1]}.{test[2]}"
    refused = _REFUSED.match(text)
    if refused:
        return f"does not compile: {refused[1]}"
    return "static_assert" if re.match(r"\s*static_assert\(", text) else None


def check(groups, proofs):
    """Returns what is wrong between statements and tests."""
    known = {statement.number: statement for group in groups for statement in group.statements}
    complaints = []
    for proof in proofs:
        if proof.number not in known:
            complaints.append(f"{proof.file}:{proof.line}: there is no statement {proof.number}")
        elif proof.test is None:
            complaints.append(f"{proof.file}:{proof.line}: {proof.number} has no test below it")
        elif known[proof.number].reason:
            complaints.append(f"{proof.file}:{proof.line}: {proof.number} is said to be impossible in C++")
    proven = {proof.number for proof in proofs if proof.test}
    return complaints + [f"{STATEMENTS}: no test proves {number}: {statement.text}"
                         for number, statement in known.items() if statement.is_due and number not in proven]


def document(groups, proofs):
    """Returns the text of docs/conformance.md."""
    tests = {}  # id -> file -> names
    for proof in proofs:
        if proof.test:
            names = tests.setdefault(proof.number, {}).setdefault(proof.file, [])
            names += [proof.test] if proof.test not in names else []
    statements = [statement for group in groups for statement in group.statements]
    states = [_state(statement, tests) for statement in statements]
    lines = [_HEAD, f"{len(states)} statements: {states.count('proven')} proven, "
                    f"{states.count('*later*')} later, {states.count('cannot hold')} that cannot hold in C++."]
    for group in groups:
        lines += ["", f"## {group.name}: {group.title}", "", "| id | | statement | state | tests |", "|---|---|---|---|---|"]
        lines += [_row(statement, tests) for statement in group.statements]
    return "\n".join(lines) + "\n"


def _row(statement, tests):
    where = statement.reason or "; ".join(
        f"{file}: {', '.join(names)}" for file, names in sorted(tests.get(statement.number, {}).items()))
    cells = [statement.number, statement.severity, statement.text, _state(statement, tests), where]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _state(statement, tests):
    if statement.reason:
        return "cannot hold"
    if statement.number in tests:
        return "proven"
    return "no test" if statement.is_due else "*later*"


def main(arguments):
    root = pathlib.Path.cwd()
    write = arguments[:1] == ["--write"]
    groups, complaints = read_statements((root / STATEMENTS).read_text())
    proofs = [proof for file in arguments[write:] for proof in find_proofs(file, (root / file).read_text())]
    complaints += check(groups, proofs)
    right = document(groups, proofs)
    path = root / DOCUMENT
    if write:
        path.write_text(right)
    elif not path.exists() or path.read_text() != right:
        complaints.append(f"{DOCUMENT} is stale: tools/ci/format writes it")
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
