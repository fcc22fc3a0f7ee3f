"""Every branch of the pure credit rules is run by their own tests (conventions: 100 % on arithmetic and eligibility)."""

import subprocess
import sys

from tests.mutants import BASE, MODULES, PYTEST, TESTS

PURE = TESTS[:3]  # the cases by name; invented ones come on top


def test_the_rules_are_covered_branch_by_branch(tmp_path):
    files = ",".join(f"{name.replace('.', '/')}.py" for name in MODULES)
    coverage = [sys.executable, "-m", "coverage"]
    data = f"--data-file={tmp_path / 'coverage'}"
    ran = subprocess.run(
        [*coverage, "run", "--rcfile=/dev/null", data, "--branch", f"--include={files}", "-m", "pytest", *PYTEST, *PURE],
        cwd=BASE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    report = subprocess.run(
        [*coverage, "report", "--rcfile=/dev/null", data, "-m", "--fail-under=100"],
        cwd=BASE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.returncode == 0, report.stdout
