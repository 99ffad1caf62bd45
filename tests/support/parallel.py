"""Runs the tests of a file side by side, for tests that spend their time waiting. Each must stand alone."""

import concurrent.futures
import sys
import unittest


def tests_of(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from tests_of(part)
        else:
            yield part


def run_one(test):
    result = unittest.TestResult()
    test.run(result)
    return test, result.errors + result.failures + [(test, "skipped") for test, _ in result.skipped]


def main(module, workers=12):
    tests = list(tests_of(unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])))
    sys.modules[module].setUpModule()
    failed = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            for test, troubles in pool.map(run_one, tests):
                failed += bool(troubles)
                print(f"{test} ... {'FAIL' if troubles else 'ok'}", flush=True)
                for where, trouble in troubles:
                    print(f"{where}\n{trouble}", flush=True)
    finally:
        sys.modules[module].tearDownModule()
    print(f"Ran {len(tests)} tests: {f'{failed} FAILED' if failed else 'OK'}")
    sys.exit(1 if failed or not tests else 0)
