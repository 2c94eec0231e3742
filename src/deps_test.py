#!/usr/bin/env python3
"""Holds every #include below src/, csi/ and operator/ to deps.txt beside this file, and tests itself on wrong examples."""
import pathlib
import re
import sys
import tempfile
import unittest

ROOTS = {"src": True, "csi": False, "operator": False}  # whether its folders are the modules, or it is one itself
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TEST_FILE = re.compile(r"(_test|_fuzz|_bench)\.(cc|h)$")


class Rules:
    """deps.txt: `module: modules | third-party headers that only the modules which name them may include`."""

    def __init__(self, text):
        self.modules = {}      # module -> modules it may include
        self.third_party = {}  # prefix of a header -> modules that may include it
        self.errors = []
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if line:
                self.read(line, f"deps.txt:{number}")

    def read(self, line, where):
        module, colon, rest = line.partition(":")
        modules, _, headers = rest.partition("|")
        if not colon or module in self.modules:
            self.errors.append(f'{where}: "{line}" is no new "module: modules | headers"')
            return
        for used in modules.split():
            if used not in self.modules:
                self.errors.append(f"{where}: {module} uses {used}, which does not stand above it: the order is the dependency order")
        self.modules[module] = set(modules.split()) | {module}
        for prefix in headers.split():
            self.third_party.setdefault(prefix, set()).add(module)

    def broken_by(self, module, path, quote, header):
        """The rule that `#include header` in `path` of `module` breaks, or None."""
        if quote == "<":
            for prefix, users in self.third_party.items():
                if header.startswith(prefix) and module not in users:
                    return f"<{prefix}...> lives in {', '.join(sorted(users))} only"
            return None
        target = header.split("/")[0]
        if "/" not in header or target not in self.modules:
            return 'a quoted include names a module, "module/file.h"; other headers stand in <>'
        if target not in self.modules[module]:
            return f"{module} may include {', '.join(sorted(self.modules[module]))}"
        if "/testing/" in header and "testing" not in path.parts and not TEST_FILE.search(path.name):
            return "what lies in testing/ is for tests"
        return None


def sources(root):
    """(module, file relative to root) of all C++ files."""
    for top, has_modules in ROOTS.items():
        for file in sorted((root / top).rglob("*")):
            if file.suffix in (".h", ".cc"):
                path = file.relative_to(root)
                yield (path.parts[1] if has_modules else top), path


def violations(root, rules):
    found = list(rules.errors)
    for module, path in sources(root):
        if module not in rules.modules:
            found.append(f"{path}: module {module} has no line in deps.txt")
            continue
        text = (root / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            rule = match and rules.broken_by(module, path, *match.groups())
            if rule:
                found.append(f"{path}:{number}: {match.group(2)}: {rule}")
    return found


class DepsTest(unittest.TestCase):
    RULES = "base:\ncore: base | unicode.h\ncsi: base\n"

    def check(self, files, rules=RULES):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = pathlib.Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return violations(pathlib.Path(folder), Rules(rules))

    def test_the_repository_keeps_its_rules(self):
        here = pathlib.Path(__file__).resolve().parent
        found = violations(here.parent, Rules((here / "deps.txt").read_text(encoding="utf-8")))
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_the_repository_is_really_read(self):
        here = pathlib.Path(__file__).resolve().parent
        self.assertIn(("base", pathlib.Path("src/base/status.h")), list(sources(here.parent)))

    def test_allowed_includes_pass(self):
        good = '#include "core/a.h"\n#include "base/b.h"\n#include <vector>\n  #  include <unicode.h>\n// #include "csi/x.h"\n'
        self.assertEqual(self.check({"src/core/a.cc": good, "csi/x/y.cc": '#include "csi/x/y.h"\n#include "base/b.h"\n'}), [])

    def test_an_include_against_the_order_names_file_line_and_rule(self):
        found = self.check({"src/base/sub/a.h": '#pragma once\n#include "core/x.h"\n'})
        self.assertEqual(found, ["src/base/sub/a.h:2: core/x.h: base may include base"])

    def test_csi_may_not_include_what_it_does_not_list(self):
        self.assertEqual(self.check({"csi/a.cc": '#include "core/x.h"\n'}), ["csi/a.cc:1: core/x.h: csi may include base, csi"])

    def test_a_third_party_header_stays_in_its_module(self):
        found = self.check({"src/base/a.cc": "#include <unicode.h>\n"})
        self.assertEqual(found, ["src/base/a.cc:1: unicode.h: <unicode.h...> lives in core only"])

    def test_quoted_includes_name_a_module(self):
        self.assertEqual(len(self.check({"src/base/a.cc": '#include "a.h"\n#include "zlib/zlib.h"\n'})), 2)

    def test_production_code_includes_no_fakes(self):
        include = '#include "base/testing/fake.h"\n'
        found = self.check({"src/core/a.cc": include, "src/core/a_test.cc": include, "src/core/testing/b.h": include})
        self.assertEqual(found, ["src/core/a.cc:1: base/testing/fake.h: what lies in testing/ is for tests"])

    def test_a_module_without_a_line_is_named(self):
        self.assertEqual(self.check({"operator/a.cc": ""}), ["operator/a.cc: module operator has no line in deps.txt"])

    def test_rules_against_the_order_or_twice_are_errors(self):
        self.assertIn("does not stand above it", self.check({}, "a: b\nb:\n")[0])
        self.assertIn("is no new", self.check({}, "a:\na:\n")[0])


if __name__ == "__main__":
    sys.exit(unittest.main())
