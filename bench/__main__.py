"""python -m bench [pages] [flow] [pdf] [bulk] [imports] [transcript] [--size demo|A]: speed, as ratios within one run, and JSON in bench/results/."""

import argparse
import subprocess
import sys

PARTS = {
    "pages": "bench.pages",
    "flow": "bench.flow",
    "pdf": "bench.pdf",
    "bulk": "bench.bulk",
    "imports": "bench.imports",
    "transcript": "bench.transcript",
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
        if subprocess.run([sys.executable, "-m", PARTS[part], *more], check=False).returncode:
            failed.append(part)
    if failed:
        print(f"\nBelow target: {', '.join(failed)}. The figures say where; targets are not relaxed.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
