"""How evaluations take part when two records of one person are joined (settings.PERSON_MERGE)."""

from accounts.domain.merge_parts import Part, stays

# "Done" is known once per person; of two the other is enough, and answers point to nobody anyway (decision 19).
PART = Part(
    names={
        "evaluations.Completion": "Evaluations answered",
        "evaluations.Commitment": "Commitments",
        "evaluations.Draft": "Evaluations begun",
    },
    duplicates={"evaluations.Completion": stays, "evaluations.Draft": stays},
)
