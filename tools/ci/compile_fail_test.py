"""What tools/compile_fail.sh makes of sources: each of its complaints is seen."""

import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[1] / "compile_fail.sh"

SOURCE = """
#include <string>
#ifdef REFUSED_ANumber  // error: .*conver
std::string text = 1;
#else
std::string text;
#endif
"""


def run(source, compiler="clang-19"):
    """The exit status of the test that is made of a source, and what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "test"
        file = pathlib.Path(folder) / "case.cc"
        file.write_text(source)
        subprocess.run([TOOL, program, file, compiler, "-std=c++20"], check=True)
        test = subprocess.run([program], stdout=subprocess.PIPE, text=True)
        return test.returncode, test.stdout


class CompileFail(unittest.TestCase):
    def assert_passes(self, source, **how):
        self.assertEqual(run(source, **how), (0, "2 passed, 0 failed\n"))

    def assert_fails(self, text, source, **how):
        status, output = run(source, **how)
        self.assertEqual(status, 1, output)
        self.assertIn(text, output)

    def test_passes(self):
        self.assert_passes(SOURCE)
        self.assert_passes(SOURCE, compiler="g++")

    def test_a_case_that_compiles(self):
        self.assert_fails("ANumber: compiles", SOURCE.replace("= 1", '= "1"'))

    def test_a_case_that_is_refused_for_another_reason(self):
        self.assert_fails("ANumber: is refused, but", SOURCE.replace("std::string text = 1", "std::sting text"))

    def test_a_twin_that_does_not_compile(self):
        self.assert_fails("WhatIsAllowed: does not compile", SOURCE.replace("std::string text;", "std::sting text;"))

    def test_a_case_without_a_message(self):
        self.assert_fails("does not tell what", SOURCE.replace("  // error: .*conver", ""))

    def test_a_source_without_cases(self):
        self.assert_fails("has no cases", "int x;\n")

    def test_a_case_of_gcc_12(self):
        source = SOURCE.replace("REFUSED_", "REFUSED_BY_GCC_12_")
        self.assert_fails("this compiler can take it", source)
        self.assert_passes(source.replace("= 1", '= "1"'))

    def test_a_case_of_clang(self):
        source = SOURCE.replace("REFUSED_", "REFUSED_BY_CLANG_")
        self.assert_passes(source)
        self.assert_fails("this compiler can take it", source, compiler="g++")


if __name__ == "__main__":
    unittest.main()
