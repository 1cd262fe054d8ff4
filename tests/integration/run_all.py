#!/usr/bin/env python3
# Runs the integration tests, or those whose id contains one of the words given, and counts them.
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Result(unittest.TestResult):
    """One line per test; a test with failing sub-tests fails once."""

    def __init__(self):
        super().__init__()
        self.passed, self.failed, self.skip_count = 0, [], 0
        self._started = 0.0
        self._bad = False

    def startTest(self, test):
        super().startTest(test)
        self._started, self._bad = time.monotonic(), False
        print(f"{test.id()} ... ", end="", flush=True)

    def stopTest(self, test):
        super().stopTest(test)
        if self._bad:
            print(f"  ^ {test.id()} failed", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        if self._bad:
            return
        self.passed += 1
        print(f"ok ({time.monotonic() - self._started:.2f} s)", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip_count += 1
        print(f"{test.id()} skipped: {reason}", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, test.id(), self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, test.id(), self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(test, subtest.id(), self._exc_info_to_string(err, test))

    def _note(self, test, name, text):
        self._bad = True
        if test.id() not in self.failed:
            self.failed.append(test.id())
        print(f"FAILED {name}\n{text}", flush=True)


def selected(suite, words):
    """The tests of a suite whose id contains one of the words."""
    chosen = unittest.TestSuite()
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            chosen.addTest(selected(part, words))
        elif not words or any(word in part.id() for word in words):
            chosen.addTest(part)
    return chosen


def main(words):
    sys.path.insert(0, str(HERE))
    started = time.monotonic()
    result = Result()
    suite = selected(unittest.TestLoader().discover(str(HERE), pattern="test_*.py", top_level_dir=str(HERE)), words)
    if suite.countTestCases() == 0:
        print(f"no test matches {' '.join(words)}")
        return 2
    suite.run(result)
    for name in result.failed:
        print(f"failed: {name}")
    skipped = f", {result.skip_count} skipped" if result.skip_count else ""
    print(f"{time.monotonic() - started:.1f} s")
    print(f"{result.passed} passed, {len(result.failed)} failed{skipped}")
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
