"""Many certificates at once, through the run that the office starts, against loops over the same certificates in the same process.

    python -m bench.bulk [--certificates 2000]

Slices of the run alternate with the two loops: the engine as its documentation shows it (`bench.pdf`), and our own
`pdf.render`, signed as the run signs. The run is held to the share of the goal of both: what surrounds a certificate may not
cost more than that, however far ours is above the bare loop. Seconds of the wall, with the database at work; only the ratios
mean anything.
"""

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import report, seed

GOAL = 0.8


def begun(wanted: int) -> Any:
    """A run over the newest certificates of the school that were not made yet, confirmed by the office."""
    from accounts.actors import actor_of
    from accounts.models import OfficeRole
    from credits.domain import runs

    director = OfficeRole.objects.filter(role="director", revoked_at=None).select_related("person").first()
    assert director
    office = actor_of(director.person.user)
    days = list(runs.wanted("make", runs.Chosen()).order_by("-participated_on").values_list("participated_on", flat=True))  # fmt: skip
    run = runs.ask(kind="make", chosen=runs.Chosen(since=days[:wanted][-1]), by=office)
    return runs.confirm(run_id=run.pk, total=run.total, by=office)


def measure(wanted: int) -> dict[str, Any]:
    from bench.pdf import Bare
    from common import pdf, signing
    from credits.documents import design
    from credits.domain import certificates, runs
    from credits.models import Certificate, CertificateRun

    run = begun(wanted)
    signer, bare = signing.current(), Bare()
    samples = list(Certificate.objects.filter(status__in=certificates.UNMADE).select_related("template")[:40])
    pages = [pdf.to_html(certificates.TEMPLATE, design.context(c.snapshot, c.template), title="Certificate") for c in samples[:8]]  # fmt: skip
    ours, plain = itertools.cycle(samples), itertools.cycle(pages)
    certificates.make(samples[0], signer), bare(pages[0])
    spent, count = {"run": 0.0, "render": 0.0, "bare": 0.0}, {"run": 0, "render": 0, "bare": 0}
    while run.status == "running":
        began = time.monotonic()
        runs.work(run.pk)
        spent["run"] += time.monotonic() - began
        run = CertificateRun.objects.get(pk=run.pk)
        for name, times, act in (("render", 6, lambda: certificates.make(next(ours), signer)), ("bare", 1, lambda: bare(next(plain)))):  # fmt: skip
            began = time.monotonic()
            for _ in range(times):
                act()
            spent[name] += time.monotonic() - began
            count[name] += times
    count["run"] = run.items.filter(status="done").count()
    speed = {name: count[name] / spent[name] for name in spent}
    return {
        "certificates": count["run"], "signed": signer is not None, "per_second": {k: round(v, 1) for k, v in speed.items()},
        "against_bare": round(speed["run"] / speed["bare"], 2), "against_render": round(speed["run"] / speed["render"], 2),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificates", type=int, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, seed.database("claims" if given.certificates > 400 else "small"):
        from django.conf import settings

        from cme_portal.demo import make_signing_key

        settings.SIGNING_KEY_FILE = str(Path(folder) / "key.p12")
        make_signing_key()
        result = measure(given.certificates)
    rows = [(name, result["per_second"][name]) for name in ("bare", "render", "run")]
    print(report.table(("way", "certificates a second"), rows))
    ok = min(result["against_bare"], result["against_render"]) >= GOAL and result["certificates"] >= given.certificates * 0.9  # fmt: skip
    kept = report.keep("bulk", {"goal": GOAL, "ok": ok, **result})
    print(f"\nThe run makes {result['against_bare']} of the bare loop, {result['against_render']} of our own. Goal: {GOAL} of each. {kept.name} keeps the figures.")  # fmt: skip
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
