"""Results: a table to read, and a JSON file in bench/results/ to compare."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Text columns left, figures right."""
    cells = [[str(c) for c in row] for row in (head, *rows)]
    wide = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        " ".join(c.ljust(wide[i]) if i == 0 else c.rjust(wide[i]) for i, c in enumerate(row)).rstrip() for row in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def keep(name: str, result: dict[str, Any]) -> Path:
    """Write bench/results/<name>.json with what it ran on; only ratios of one run can be compared between machines."""
    RESULTS.mkdir(exist_ok=True)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    where = {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_at_end": round(load, 1),
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"bench": name, "machine": where, **result}, indent=1) + "\n")
    return path


def share(values: Sequence[float], part: float) -> float:
    """The value that `part` of the sorted values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
