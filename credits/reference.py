"""Loads credit types, topics and what states ask for from the reference files."""

from common import reference
from credits.models import CreditType, Requirement, RequirementProfile, Topic


def load() -> int:
    """Bring the credit types to what the file says. Returns how many there are."""
    return reference.bring(CreditType, reference.read("credit_types")["rows"], keys=("code",))


def load_topics() -> int:
    """Bring the topics of mandates to what the file says. Returns how many there are."""
    return reference.bring(Topic, reference.read("topics")["rows"], keys=("code",))


def load_requirements() -> int:
    """Bring what states and federal law ask for to what the file says; what the office wrote stays. Returns how many profiles."""
    data = reference.read("requirements")
    rows = [{"revision": 0, "note": "", "exempt_renewals": 0, **row} for row in data["profiles"]]
    count = reference.bring(RequirementProfile, rows, keys=("code", "effective_from", "revision"))
    newest = {p.code: p.pk for p in RequirementProfile.objects.filter(revision=0).order_by("effective_from")}
    known = {(r.profile_id, r.key): r for r in Requirement.objects.filter(profile__revision=0)}
    fields = {f.name: f for f in Requirement._meta.concrete_fields}
    for line in data["requirements"]:
        values = {k: fields[k].to_python(v) for k, v in line.items() if k != "profile"}
        row = known.get((newest[line["profile"]], line["key"]))
        if row is None:
            Requirement.objects.create(profile_id=newest[line["profile"]], **values)
        elif changed := [k for k, v in values.items() if getattr(row, k) != v]:
            for key in changed:
                setattr(row, key, values[key])
            row.save(update_fields=changed)
    return count
