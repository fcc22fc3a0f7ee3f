"""python -m bench [part …] [--size demo|A|A6]: speed, as ratios within one run, and JSON in bench/results/."""

import argparse
import subprocess
import sys

# What each part runs. Data set B of the design has six years.
PARTS = {
    "pages": ("bench.pages",),
    "flow": ("bench.flow",),
    "flow-grown": ("bench.flow", "--grown", "--years", "6", "--learners", "240"),
    "check-ins": ("bench.flow", "--check-ins", "--grown", "--years", "6", "--rate", "10", "--learners", "900"),
    "peak": ("bench.flow", "--peak", "--years", "6", "--minutes", "2"),
    "pdf": ("bench.pdf", "--ways"),
    "bulk": ("bench.bulk",),
    "imports": ("bench.imports",),
    "transcript": ("bench.transcript",),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="default: all of them")
    parser.add_argument("--size", default="demo", help="data set of the pages: demo, A (one year), A6 (six years)")
    given = parser.parse_args()
    failed = []
    for part in given.part or PARTS:
        print(f"\n== {part}", flush=True)
        more = ["--size", given.size] if part == "pages" else []
        if subprocess.run([sys.executable, "-m", *PARTS[part], *more], check=False).returncode:
            failed.append(part)
    if failed:
        print(f"\nBelow target: {', '.join(failed)}. The figures say where; targets are not relaxed.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
