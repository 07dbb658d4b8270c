"""What conformance.py has to find wrong, and what not: each check is seen to fail."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import conformance

TOOL = pathlib.Path(conformance.__file__)

LIST = """# 5 statements
== LOCK Lock
LOCK-01 S1 FIFO
LOCK-02 S2 release() of an unlocked lock throws
LOCK-03 S3 [cannot hold: there is no collector] collected
== UDP Datagrams [later]
UDP-01 S1 echo
UDP-02 S1 [now] refused | told
"""

TESTS = """
// LOCK-01
TEST(Lock, IsFair) {

// A helper of what follows.
// LOCK-02, UDP-02: and why.
void helper();

EDDY_TEST_EVERYWHERE(Lock,
                     Release) {
"""


def complaints(statements=LIST, tests=TESTS):
    groups, wrong = conformance.read_statements(statements)
    return wrong + conformance.check(groups, conformance.find_proofs("a_test.cc", tests))


def tests_of(source):
    return [(proof.number, proof.test) for proof in conformance.find_proofs("a_test.cc", source)]


class Finds(unittest.TestCase):
    def assert_finds(self, text, **what):
        found = complaints(**what)
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def test_nothing_wrong(self):
        self.assertEqual(complaints(), [])

    def test_a_statement_without_a_test(self):
        self.assert_finds("no test proves LOCK-01", tests=TESTS.replace("// LOCK-01\n", ""))

    def test_a_statement_that_is_due_in_a_later_group(self):
        self.assert_finds("no test proves UDP-02", tests=TESTS.replace(", UDP-02", ""))

    def test_an_unknown_id(self):
        self.assert_finds("a_test.cc:2: there is no statement LOCK-09", tests=TESTS.replace("// LOCK-01", "// LOCK-01, LOCK-09"))

    def test_a_comment_without_a_test_at_the_end(self):
        self.assert_finds("UDP-01 has no test below it", tests=TESTS + "// UDP-01\nint x;\n")

    def test_a_comment_without_a_test_before_the_next(self):
        self.assert_finds("UDP-01 has no test below it", tests="// UDP-01\nint x;\n" + TESTS)

    def test_a_disabled_test(self):
        self.assert_finds("UDP-01 has no test below it", tests=TESTS + "// UDP-01\nTEST(Udp, DISABLED_Echo) {\n")

    def test_a_proof_of_what_can_not_hold(self):
        self.assert_finds("LOCK-03 is said to be impossible", tests=TESTS + "// LOCK-03\nTEST(Lock, X) {\n")

    def test_a_statement_in_the_wrong_group(self):
        self.assert_finds("neither a group nor a statement", statements=LIST + "LOCK-04 S1 late\n")

    def test_an_unknown_mark(self):
        self.assert_finds("neither a group nor a statement", statements=LIST + "UDP-03 S1 [never] late\n")

    def test_a_statement_that_is_there_twice(self):
        self.assert_finds("UDP-01 is there twice", statements=LIST.replace("# 5", "# 6") + "UDP-01 S1 again\n")

    def test_a_statement_that_is_gone(self):
        self.assert_finds("4 statements; its first line", statements=LIST.replace("UDP-01 S1 echo\n", ""))


class Proofs(unittest.TestCase):
    def test_of_the_kinds_of_tests(self):
        for test, name in [("TEST(A, B) {", "A.B"), ("EDDY_TEST_WITH(A, B, SimOptions()) {", "A.B"),
                           ("NET_TEST(A, B) {", "A.B"), ("static_assert(x);", "static_assert"),
                           ("#ifdef REFUSED_Thing  // why", "does not compile: Thing")]:
            self.assertEqual(tests_of(f"// LOCK-01\n{test}\n"), [("LOCK-01", name)])

    def test_of_several_lines_of_one_comment(self):
        self.assertEqual(tests_of("// LOCK-01\n// LOCK-02: why\nTEST(A, B) {"), [("LOCK-01", "A.B"), ("LOCK-02", "A.B")])

    def test_not_of_ids_inside_a_comment(self):
        self.assertEqual(tests_of("// As LOCK-01 says.\n// -- LOCK-02 --\nTEST(A, B) {"), [])

    def test_not_of_the_test_after_the_next(self):
        self.assertEqual(tests_of("// LOCK-01\nTEST(A, B) {\nTEST(A, C) {"), [("LOCK-01", "A.B")])


class Document(unittest.TestCase):
    def test_tells_of_each_statement(self):
        groups, _ = conformance.read_statements(LIST)
        text = conformance.document(groups, conformance.find_proofs("a_test.cc", TESTS))
        self.assertIn("5 statements: 3 proven, 1 later, 1 that cannot hold", text)
        self.assertIn("| LOCK-01 | S1 | FIFO | proven | a_test.cc: Lock.IsFair |", text)
        self.assertIn("| LOCK-03 | S3 | collected | cannot hold | there is no collector |", text)
        self.assertIn("| UDP-01 | S1 | echo | *later* |  |", text)
        self.assertIn("| UDP-02 | S1 | refused \\| told | proven | a_test.cc: Lock.Release |", text)

    def test_is_refused_when_it_is_stale(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "docs").mkdir()
            (root / conformance.STATEMENTS).write_text(LIST)
            (root / "a_test.cc").write_text(TESTS)
            self.assertIn("is stale", _run(root, "a_test.cc"))
            self.assertEqual(_run(root, "--write", "a_test.cc"), "")
            self.assertEqual(_run(root, "a_test.cc"), "")
            (root / "a_test.cc").write_text(TESTS.replace("IsFair", "Serves"))
            self.assertIn("is stale", _run(root, "a_test.cc"))


def _run(root, *arguments):
    """What the tool prints; its exit status has to fit."""
    run = subprocess.run([sys.executable, TOOL, *arguments], cwd=root, stdout=subprocess.PIPE, text=True)
    assert bool(run.stdout) == bool(run.returncode), run
    return run.stdout


if __name__ == "__main__":
    unittest.main()
