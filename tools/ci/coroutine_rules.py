"""Refuses shapes of coroutine code that gcc before 13 miscompiles: prints file:line: rule.

It knows tokens, brackets and statements, no types: a shape that is wrong for some types is refused for all. Each run
first compares what it finds in coroutine_rules_cases.txt with what that file says, so that it is known to find anything.
"""

import pathlib
import re
import sys

CASES = pathlib.Path(__file__).with_name("coroutine_rules_cases.txt")

RULES = {
    "condition": "no co_await in a condition",
    "choice": "no ?: in one expression with co_await",
    "throw": "no co_await in a throw",
    "capture": "no lambda that captures by value in one expression with co_await: give it a name first",
    "braces": "no braced list in one expression with co_await",
}

_TOKEN = re.compile(r"""
    (?P<blank>\s+ | //[^\n]* | /\*.*?\*/ | \#(?:\\\n|[^\n])*)
  | (?P<text>(?:u8|[uUL])?(?:R"(?P<end>[^(]*)\(.*?\)(?P=end)" | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'))
  | (?P<code>\d[\w.']* | \w+ | :: | -> | && | .)
""", re.VERBOSE | re.DOTALL)

# The last one is a macro of net/test_support.h.
_AWAITS = {"co_await", "co_yield", "EXPECT_GIVES"}
_BODY = "a body"
_CLOSER = {"(": ")", "[": "]", "{": "}", _BODY: "}"}
_HEADS = {"if", "while", "switch", "for"}
_CLASSES = {"class", "struct", "union", "enum"}
_WORDS_BEFORE_VALUES = {"return", "co_return", "co_await", "co_yield", "throw", "else", "case"}


class Token:
    def __init__(self, text, line):
        self.text = text
        self.line = line


class Group:
    """What is between two brackets; text is the opening one, or _BODY for the body of a lambda."""

    def __init__(self, text, line):
        self.text = text
        self.line = line
        self.items = []


def find(source):
    """Returns the pairs (line, rule) of what is refused in a source file."""
    return sorted(set(_block(_tree(source).items)))


def _tree(source):
    """The tokens of the file as nested groups, without comments and preprocessor lines."""
    root = Group("", 1)
    open_groups = [root]
    line = 1
    for match in _TOKEN.finditer(source):
        text = match.group()
        if match.group("text"):
            open_groups[-1].items.append(Token('""', line))
        elif text in _CLOSER:
            is_body = text == "{" and _lambda_has_begun(open_groups[-1].items)
            open_groups[-1].items.append(Group(_BODY if is_body else text, line))
            open_groups.append(open_groups[-1].items[-1])
        elif text in _CLOSER.values():
            if text != _CLOSER.get(open_groups[-1].text):
                raise ValueError(f"line {line}: a {text} too many")
            group = open_groups.pop()
            if group.text == "[" and [item.text for item in group.items] == ["["]:  # [[an attribute]]
                open_groups[-1].items.pop()
        elif match.group("code"):
            open_groups[-1].items.append(Token(text, line))
        line += text.count("\n")
    if len(open_groups) > 1:
        raise ValueError(f"line {open_groups[-1].line}: a {open_groups[-1].text} without its end")
    return root


def _lambda_has_begun(items):
    for i in reversed(range(len(items))):
        if items[i].text in (";", "{", _BODY):
            return False
        if _is_captures(items[i - 1] if i else None, items[i]):
            return True
    return False


def _is_captures(before, item):
    """Whether this is what a lambda begins with: no index, no size, no names as in auto& [a, b]."""
    if item.text != "[":
        return False
    if before is None or before.text in _WORDS_BEFORE_VALUES:
        return True
    return not (before.text in ("(", "[", "&", "&&", '""') or re.match(r"\w", before.text))


def _block(items):
    """Checks the statements, or the members, between two braces."""
    statement = []
    for item in items:
        if item.text == ";":
            yield from _statement(statement)
            statement = []
        elif item.text == "{" and _opens_block(statement):
            yield from _statement(statement)
            yield from _block(item.items)
            statement = []
        else:
            statement.append(item)
            if item.text == "(" and _is_head(statement):
                yield from _condition(statement[0].text, item)
                statement = []
            elif statement[0].text in ("else", "do") or item.text == ":" and _is_label(statement):
                statement = []
    yield from _statement(statement)


def _is_label(statement):
    """Whether these items, of which the last is a colon, are a label."""
    first = statement[0].text
    return first in ("case", "default") or len(statement) == 2 and first not in _CLASSES


def _opens_block(statement):
    """Whether a brace after these items opens a block, and no list of initial values."""
    texts = [item.text for item in statement]
    if not texts or texts[-1] in ("(", "{", "try", "const", "noexcept", "override", "final", "&", "&&", '""'):
        return True
    words = [i for i, text in enumerate(texts) if text in _CLASSES | {"namespace", "requires"}]
    if words and not _assigns(texts[words[-1]:]):
        return True
    return "(" in texts and "->" in texts[len(texts) - texts[::-1].index("("):]  # a trailing return type


def _assigns(texts):
    """Whether there is an = that is no half of ==, <= and the like."""
    return any(text == "=" and texts[i - 1] not in "=!<>" and texts[i + 1:i + 2] != ["="]
               for i, text in enumerate(texts))


def _is_head(statement):
    return statement[0].text in _HEADS and [item.text for item in statement[1:-1]] in ([], ["constexpr"])


def _condition(head, group):
    """Checks what is between the parentheses of an if, while, switch or for."""
    parts = [[]]
    for item in group.items:
        if item.text == ";":
            parts.append([])
        else:
            parts[-1].append(item)
    if head != "for":
        condition = len(parts) - 1
    else:
        condition = 1 if len(parts) == 3 else None  # a range has none
    for i, part in enumerate(parts):
        line = _await_line(part)
        if line and i == condition:
            yield line, RULES["condition"]
        yield from _statement(part)


def _statement(items):
    """Checks one statement; those in the bodies of its lambdas are statements of their own."""
    awaits = _await_line(items) is not None
    for before, item in _walk(items):
        if item.text == _BODY:
            yield from _block(item.items)
        elif not awaits:
            continue
        elif item.text == "?":
            yield item.line, RULES["choice"]
        elif item.text == "throw":
            yield item.line, RULES["throw"]
        elif item.text == "{":
            yield item.line, RULES["braces"]
        elif _is_captures(before, item) and _captures_values(item):
            yield item.line, RULES["capture"]


def _walk(items):
    """Pairs of each item, with what is in it, and the one before it; not what is in the bodies of lambdas."""
    before = None
    for item in items:
        yield before, item
        if isinstance(item, Group) and item.text != _BODY:
            yield from _walk(item.items)
        before = item


def _await_line(items):
    """The line of the first co_await of an expression, if there is one."""
    for before, item in _walk(items):
        if item.text in _AWAITS and not (before and before.text == "operator"):
            return item.line
    return None


def _captures_values(group):
    first_of_capture = True
    for item in group.items:
        if first_of_capture and item.text not in ("&", "this"):
            return True
        first_of_capture = item.text == ","
    return False


def _misses():
    """What is wrong with the findings in the cases, where each line names the rules that it breaks after //!"""
    source = CASES.read_text()
    expected = {(number, rule) for number, line in enumerate(source.splitlines(), 1)
                for name, rule in RULES.items() if re.search(rf"//!.* {name}\b", line)}
    found = set(find(source))
    return [f"{CASES}:{line}: not found: {rule}" for line, rule in sorted(expected - found)] + [
        f"{CASES}:{line}: wrongly found: {rule}" for line, rule in sorted(found - expected)]


def _complaints(name):
    try:
        return [f"{name}:{line}: {rule}" for line, rule in find(pathlib.Path(name).read_text())]
    except ValueError as error:
        return [f"{name}: {error}"]


def main(names):
    complaints = _misses() + [complaint for name in names for complaint in _complaints(name)]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
