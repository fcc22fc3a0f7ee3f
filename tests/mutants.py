"""Mutation tests of the credit rules: `make mutants` changes one operator or number at a time and expects a test to fail.

Every change runs the pure tests of the rules in a process of its own, forked before anything of ours is imported; on two
cores the whole takes some minutes. `make mutants ARGS="credits.arithmetic"` takes one module, `ARGS="--list"` only counts.
Survivors that change nothing anybody can see are named in `EQUIVALENT`, by module, line's text and change, with the reason.
"""

# ruff: noqa: T201
import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

BASE = Path(__file__).resolve().parent.parent
MODULES = ("credits.arithmetic", "credits.entitlement", "credits.eligibility")
TESTS = ("tests/property/test_credit_arithmetic.py", "tests/property/test_eligibility.py", "tests/property/test_eligibility_grace.py", "tests/property/test_eligibility_properties.py")  # fmt: skip
PYTEST = ("-c", os.devnull, "--rootdir", str(BASE), "--noconftest", "-p", "tests.property.conftest", "-p", "no:cacheprovider", "-p", "no:django", "-q", "-x", "--hypothesis-profile", "mutants")  # fmt: skip
SECONDS = 120  # a change that never ends is found too

COMPARE: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}

# (module, the line as it stands without blanks around it, the change) → why nobody can see it.
EQUIVALENT: dict[tuple[str, str, str], str] = {}


@dataclass(frozen=True)
class Mutant:
    """One change: where it is and what it says."""

    module: str
    number: int
    line: int
    text: str
    change: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}  {self.change}  in  {self.text}"


def changes(tree: ast.AST) -> Iterator[tuple[ast.AST, str, Any]]:
    """Every place that can be changed: the node, what changes, and how to do it."""
    fixed = {id(n) for d in ast.walk(tree) for mark in getattr(d, "decorator_list", ()) for n in ast.walk(mark)}
    for node in ast.walk(tree):
        if id(node) in fixed:  # whether a class is frozen is no rule
            continue
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
            other = COMPARE[type(node.ops[0])]
            yield node, f"{type(node.ops[0]).__name__} → {other.__name__}", lambda n, o=other: n.ops.__setitem__(0, o())
        elif isinstance(node, ast.BoolOp):
            swap = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield node, f"{type(node.op).__name__} → {swap.__name__}", lambda n, o=swap: setattr(n, "op", o())
        elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in ARITHMETIC and not _is_annotation(node):
            other = ARITHMETIC[type(node.op)]
            yield node, f"{type(node.op).__name__} → {other.__name__}", lambda n, o=other: setattr(n, "op", o())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, "not dropped", lambda n: setattr(n, "op", ast.UAdd()) or setattr(n, "operand", _truth(n.operand))  # fmt: skip
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield node, f"{node.value} → {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
        elif isinstance(node, ast.Constant) and type(node.value) is bool:
            yield node, f"{node.value} → {not node.value}", lambda n: setattr(n, "value", not n.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
            yield node, f"{node.func.id} → {NAMES[node.func.id]}", lambda n: setattr(n.func, "id", NAMES[n.func.id])
        elif isinstance(node, ast.Continue):
            yield node, "continue → break", None


def _is_annotation(node: ast.AST) -> bool:
    """`int | None` is no arithmetic."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and isinstance(node.right, ast.Constant)


def _truth(node: ast.expr) -> ast.expr:
    return ast.Call(func=ast.Name("bool", ast.Load()), args=[node], keywords=[])


def source(module: str) -> str:
    return (BASE / f"{module.replace('.', '/')}.py").read_text()


def mutants(module: str) -> list[Mutant]:
    text = source(module)
    lines = text.splitlines()
    found = []
    for number, (node, change, _do) in enumerate(changes(ast.parse(text))):
        line = node.lineno  # type: ignore[attr-defined]
        found.append(Mutant(module, number, line, lines[line - 1].strip(), change))
    return [m for m in found if (m.module, m.text, m.change) not in EQUIVALENT]


def compiled(mutant: Mutant) -> CodeType:
    """The module with this one change."""
    tree = ast.parse(source(mutant.module))
    node, _change, do = list(changes(tree))[mutant.number]
    if do is None:
        tree = _Swap(node).visit(tree)
    else:
        do(node)
    return compile(ast.fix_missing_locations(tree), f"{mutant.module.replace('.', '/')}.py", "exec")


class _Swap(ast.NodeTransformer):
    def __init__(self, node: ast.AST) -> None:
        self.node = node

    def visit_Continue(self, node: ast.Continue) -> ast.AST:
        return ast.copy_location(ast.Break(), node) if node is self.node else node


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the changed module to whoever imports it."""

    def __init__(self, module: str, code: CodeType) -> None:
        self.module, self.code = module, code

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == self.module else None

    def exec_module(self, module: Any) -> None:
        exec(self.code, module.__dict__)


def tried(mutant: Mutant | None) -> tuple[Mutant | None, str]:
    """Run the tests against one change in a forked process; None runs them as everything is."""
    pid = os.fork()
    if pid == 0:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            try:
                if mutant is not None:
                    sys.meta_path.insert(0, _Finder(mutant.module, compiled(mutant)))
                import pytest

                os._exit(min(int(pytest.main([*PYTEST, *TESTS])), 9))
            except BaseException:  # noqa: BLE001 - whatever breaks at import is found
                os._exit(8)
            finally:
                os._exit(8)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return mutant, "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return mutant, "killed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--list", action="store_true", help="count and stop")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    sys.path.insert(0, str(BASE))
    os.chdir(BASE)
    found = [m for module in given.modules for m in mutants(module)]
    print(f"{len(found)} changes, {len(EQUIVALENT)} known to change nothing")
    if given.list:
        return 0
    # Fork from a process that has imported the engines and nothing of ours.
    import hypothesis  # noqa: F401
    import pytest  # noqa: F401

    if tried(None)[1] == "killed":
        print("The tests fail without any change.")
        return 1
    survivors = []
    with multiprocessing.get_context("fork").Pool(given.jobs) as pool:
        for n, (mutant, fate) in enumerate(pool.imap_unordered(tried, copy.copy(found)), 1):
            if fate == "survived":
                survivors.append(mutant)
                print(f"survived  {mutant}", flush=True)
            if n % 100 == 0:
                print(f"{n} of {len(found)}", flush=True)
    print(f"{len(found) - len(survivors)} of {len(found)} found by the tests")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
