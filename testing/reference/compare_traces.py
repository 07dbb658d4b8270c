# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Compares eddy with asyncio: each scenario is run by both, and the traces have to be the same.

    python3 compare_traces.py REFERENCE_SCENARIOS [--write]

REFERENCE_SCENARIOS is the program of that name. differences.txt lists the scenarios whose traces differ, and how:
one that is not listed, that differs no more or in another way is an error, as is one that docs/asyncio_map.md does not
tell of. --write lists what differs now (the reasons are yours to write). A scenario of a younger Python than this one
is compared with the trace that is written beside it, which such a Python checks.

The exit status is 0 if all is well, 1 if not, 3 if this Python is too old.
"""

import difflib
import pathlib
import re
import subprocess
import sys

OLDEST = (3, 11)

HERE = pathlib.Path(__file__).absolute().parent
DIFFERENCES = HERE / "differences.txt"
DOCUMENT = HERE.parents[1] / "docs" / "asyncio_map.md"
SECTION = "## Differences in order"


def read_traces(text):
    """What the programs print, as name -> lines."""
    traces = {}
    for line in text.splitlines():
        if line.startswith("== "):
            lines = traces[line[3:]] = []
        else:
            lines.append(line)
    return traces


def difference(asyncio_lines, eddy_lines):
    """The lines that differ, `-` of asyncio's and `+` of eddy's."""
    lines = []
    for _, i, j, k, n in difflib.SequenceMatcher(None, asyncio_lines, eddy_lines, autojunk=False).get_opcodes():
        if asyncio_lines[i:j] != eddy_lines[k:n]:
            lines += ["-" + line for line in asyncio_lines[i:j]] + ["+" + line for line in eddy_lines[k:n]]
    return lines


class Listed:
    def __init__(self):
        self.reason = []
        self.lines = []


def read_differences():
    listed = {}
    for line in DIFFERENCES.read_text().splitlines():
        if line.startswith("== "):
            entry = listed[line[3:]] = Listed()
        elif line.startswith(("-", "+")):
            entry.lines.append(line)
        elif line and not line.startswith("#"):
            entry.reason.append(line)
    return listed


def write_differences(found):
    listed = read_differences()
    head = [line for line in DIFFERENCES.read_text().splitlines() if line.startswith("#")]
    parts = ["\n".join(head)]
    for name, lines in found.items():
        reason = listed[name].reason if name in listed else ["(why?)"]
        parts.append("\n".join([f"== {name}", *reason, *lines]))
    DIFFERENCES.write_text("\n\n".join(parts) + "\n")


def named_in_the_document():
    """The scenarios that the section of the document names."""
    text = DOCUMENT.read_text()
    if SECTION not in text:
        return set()
    section = text.split(SECTION, 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z0-9_]+)`", row)}


def trace_of_asyncio(reference, scenario, errors):
    if not scenario.is_runnable():
        return scenario.expected
    lines = reference.run_scenario(scenario)
    if scenario.expected is not None and lines != scenario.expected:
        errors.append(f"{scenario.name}: this Python does not do what is written beside it:\n  "
                      + "\n  ".join(difference(scenario.expected, lines)))
    return lines


def compare(reference, eddy, errors):
    """Returns what differs, as name -> lines."""
    scenarios = reference.load()
    for name in sorted(scenarios.keys() ^ eddy.keys()):
        errors.append(f"{name}: there is none for {'eddy' if name in scenarios else 'asyncio'}")
    found = {}
    for name in [name for name in scenarios if name in eddy]:
        lines = difference(trace_of_asyncio(reference, scenarios[name], errors), eddy[name])
        if lines:
            found[name] = lines
    return found


def check_differences(found, errors):
    listed = read_differences()
    for name, lines in found.items():
        if name not in listed:
            errors.append(f"{name}: eddy (+) differs from asyncio (-):\n  " + "\n  ".join(lines))
        elif lines != listed[name].lines:
            errors.append(f"{name}: differs in another way than differences.txt says:\n  " + "\n  ".join(lines))
    for name in listed:
        if name not in found:
            errors.append(f"{name}: differs no more: take it out of differences.txt and the document")
        elif not listed[name].reason:
            errors.append(f"{name}: differences.txt does not say why it differs")
    for name in sorted(listed.keys() ^ named_in_the_document()):
        where = "only in differences.txt" if name in listed else "only in the document"
        errors.append(f"{name}: {where}; {DOCUMENT.name}, '{SECTION[3:]}' is to have the same")


def main(arguments):
    if sys.version_info < OLDEST:
        print(f"asyncio of Python {'.'.join(map(str, OLDEST))} or later is needed")
        return 3
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(HERE))
    import reference

    program = next(argument for argument in arguments if argument != "--write")
    run = subprocess.run([program, "--all"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    errors = []
    if run.returncode != 0:
        errors.append(f"{program}: exit status {run.returncode}\n{run.stderr}")
    found = compare(reference, read_traces(run.stdout), errors)
    if "--write" in arguments:
        write_differences(found)
    else:
        check_differences(found, errors)
    print(*errors, sep="\n")
    print(f"{len(reference.SCENARIOS)} scenarios, {len(found)} differ, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
