"""What a review would say about the source, said by a test (conventions.md section 4)."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

BASE = Path(settings.BASE_DIR)
APPS = ("common", "accounts", "activities", "integrity", "evaluations", "credits", "reporting")
CODE = sorted(p for app in (*APPS, "cme_portal") for p in (BASE / app).rglob("*.py") if "__pycache__" not in p.parts)
MIGRATIONS = [p for p in CODE if "migrations" in p.parts and p.name != "__init__.py"]
SOURCE = [p for p in CODE if "migrations" not in p.parts]
TESTS = sorted((BASE / "tests").rglob("*.py"))
TEMPLATES = sorted((BASE / "templates").rglob("*.html")) + sorted((BASE / "templates").rglob("*.txt"))

# Real time on purpose: the clock itself, liveness that must not move with the demo's clock, and programs without Django.
REAL_TIME = {
    "common/clock.py",
    "common/jobs.py",
    "cme_portal/health.py",
    "common/processes.py",
    "common/services.py",
    "cme_portal/demo.py",
}
TEMPLATE_LINES, MODULE_LINES = 250, 800
# Migrations outlive the code: they may import Django, what its fields and triggers are made of, and our own validators.
IN_MIGRATIONS = re.compile(
    r"(django|pgtrigger|pghistory|datetime|decimal|uuid|re)(\.|$)|[a-z_]+\.(validators|storage)$"
)


def _name(path: Path) -> str:
    return str(path.relative_to(BASE))


@functools.cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in _nodes(path) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _where(path: Path, node: ast.AST) -> str:
    return f"{_name(path)}:{node.lineno}"  # type: ignore[attr-defined]


def _all_calls() -> Iterator[tuple[Path, ast.Call]]:
    return ((path, call) for path in SOURCE for call in _calls(path))


def test_no_bare_atomic() -> None:
    """Outermost is durable=True, inner ones say whether they are savepoints (conventions 3.5)."""
    found = [
        _where(path, call)
        for path, call in _all_calls()
        if _called(call).endswith("transaction.atomic")
        and not {"durable", "savepoint"} & {k.arg for k in call.keywords}
    ]
    decorated = [_name(p) for p in SOURCE if re.search(r"^\s*@transaction\.atomic\s*$", p.read_text(), re.M)]
    assert found + decorated == []


def test_one_clock() -> None:
    """Only common.clock knows the present (conventions 3.13)."""
    banned = re.compile(
        r"(^|\.)(datetime\.now|datetime\.utcnow|datetime\.today|date\.today|timezone\.now|localdate|localtime)$"
    )
    found = [
        _where(path, call)
        for path, call in _all_calls()
        if banned.search(_called(call)) and _name(path) not in REAL_TIME
    ]
    imported = [_name(p) for p in SOURCE if re.search(r"from django\.utils\.timezone import .*\bnow\b", p.read_text())]
    assert found + imported == []


def test_views_fetch_objects_through_access() -> None:
    """In scope or 404, decided in one place (conventions 3.7). Reading again what was authorized (`pk=gap.pk`,
    `session=session`) is fine; fetching by what the address said is not."""

    def from_address(call: ast.Call) -> bool:
        scoped = {k.arg for k in call.keywords} - {"pk", "id", "number", "code"}
        return not scoped and not any(ast.unparse(k.value).endswith(".pk") for k in call.keywords)

    views = [p for p in SOURCE if "views" in p.parts or p.name == "views.py"]
    fetched = [(p, c) for p in views for c in _calls(p) if re.search(r"objects\.get$|get_object_or_404$", _called(c))]
    assert [_where(p, c) for p, c in fetched if from_address(c)] == []


def test_translated_strings_are_constants() -> None:
    """gettext finds no f-string, no concatenation, no variable."""
    names = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext"}
    found = [
        _where(path, call)
        for path, call in _all_calls()
        if _called(call) in names and call.args and isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert found == []


def test_constraints_are_objects() -> None:
    assert [_name(p) for p in SOURCE if re.search(r"\b(unique|index)_together\b", p.read_text())] == []


def test_no_signals_but_post_migrate() -> None:
    """Side effects stand in domain functions (decision 15, conventions 3.4); Celery's own signals are not ours."""
    found = [
        _where(path, call)
        for path, call in _all_calls()
        if _called(call).endswith(".connect") and re.search(r"(pre|post)_(save|delete|init)|m2m_changed", _called(call))
    ]
    assert found + [_name(p) for p in SOURCE if re.search(r"^\s*@receiver\(", p.read_text(), re.M)] == []


def test_exceptions_are_not_swallowed() -> None:
    """`except Exception` re-raises or is marked with the reason (conventions 3.6)."""
    found = []
    for path in SOURCE:
        lines = path.read_text().splitlines()
        for node in _nodes(path):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
            ):
                raises = any(isinstance(n, ast.Raise) for n in ast.walk(node))
                if not raises and "BLE001 - " not in lines[node.lineno - 1]:
                    found.append(_where(path, node))
    assert found == []


def test_migrations_import_nothing_that_changes() -> None:
    wrong = []
    for path in MIGRATIONS:
        for node in _nodes(path):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            wrong += [f"{_name(path)}: {n}" for n in names if not IN_MIGRATIONS.match(n)]
    assert wrong == []


def test_files_stay_readable() -> None:
    long_templates = {_name(t): n for t in TEMPLATES if (n := len(t.read_text().splitlines())) > TEMPLATE_LINES}
    long_modules = {_name(p): n for p in (*SOURCE, *TESTS) if (n := len(p.read_text().splitlines())) > MODULE_LINES}
    assert (long_templates, long_modules) == ({}, {})


def test_every_template_is_used() -> None:
    """Named by code or another template; e-mails are named without folder and ending; crispy's and Django's by their packs."""
    text = "\n".join(p.read_text() for p in (*SOURCE, *TEMPLATES, *TESTS))
    # Found by Django, allauth or crispy under names that only they spell.
    by_convention = re.compile(
        r"^(bootstrap5|admin|account|allauth|mfa|registration|unfold)/|^\d{3}(_csrf)?\.html$|^403_csrf\.html$"
    )
    unused = []
    for template in TEMPLATES:
        name = str(template.relative_to(BASE / "templates"))
        if by_convention.search(name) or name in text:
            continue
        stem = template.stem
        prefix = name.rsplit("/", 1)[0] + "/{" if "/" in name else ""
        if name.startswith("emails/") and re.search(rf"[\"']{re.escape(stem)}[\"']", text):
            continue
        if name.startswith("components/") and re.search(rf"\{{% {stem}\b|[\"']{stem}[\"']", text):
            continue  # shown by a tag of the same name
        # f"credits/partials/{…}.html" and the like
        if prefix and (prefix in text or f"{name.rsplit('/', 1)[0]}/_{{" in text):
            continue
        unused.append(name)
    assert unused == []


def test_nothing_names_the_place_it_was_made() -> None:
    """Paths of somebody's machine are of no use to anybody else."""
    files = [
        *SOURCE,
        *TEMPLATES,
        *TESTS,
        *sorted((BASE / "docs").rglob("*.md")),
        *sorted(BASE.glob("*.md")),
        *sorted((BASE / "bench").rglob("*.py")),
    ]
    here = re.compile(r"(?<![\w.])/(?:work|root|home)/[a-z]\w+")
    assert [_name(p) for p in files if here.search(p.read_text())] == []
