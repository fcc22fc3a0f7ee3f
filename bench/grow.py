"""The tables of a national society (data set B of the design) around a seeded school: rows in bulk by SQL, for benches only.

250,000 people; for each year 900 activities, 2,500 sessions, 900,000 attendances and 700,000 claims with their certificates.
What a page reads of it is indexed; whether it stays quick is what the benches ask. Nothing of it is rendered or mailed: a
certificate here has an empty snapshot and no bytes, where a real one freezes about 2 KB of facts and keeps a PDF of 40 KB in
a table that no list joins.
"""

from collections.abc import Mapping
from typing import Any

PEOPLE = 250_000
# Of one year.
ACTIVITIES, SESSIONS, ATTENDANCES, CLAIMS = 900, 2_500, 900_000, 700_000
YEAR_HOURS = 8_766


def grow(cursor: Any, *, share: float = 1.0, years: int = 1) -> None:
    """Add the rows of so many years up to now, or a share of them; the people stay the same.

    The connection is a superuser's: triggers and foreign keys rest meanwhile.
    """
    people, activities = int(PEOPLE * share), max(10, int(ACTIVITIES * share * years))
    sessions = max(10, int(SESSIONS * share * years))
    attendances, claims = int(ATTENDANCES * share * years), int(CLAIMS * share * years)
    began = f"now() - (n + 9) * interval '{YEAR_HOURS * years / sessions:.3f} hours'"
    cursor.execute("SET session_replication_role = replica")
    first = {t: _next(cursor, t) for t in ("accounts_person", "accounts_identity", "credits_claim")}
    cursor.execute("SELECT id FROM activities_activity WHERE kind = 'C' AND status IN ('published', 'ended', 'closing', 'closed') ORDER BY id LIMIT 1")  # fmt: skip
    model = cursor.fetchone()[0]
    activity = _copy(cursor, "activities_activity", f"id = {model}", activities, {"number": "'G' || n"})
    session = _copy(
        cursor, "activities_session", f"id = (SELECT min(id) FROM activities_session WHERE activity_id = {model} AND kind = 'education')", sessions,
        {"activity_id": f"{activity} + n % {activities}", "starts_at": began, "ends_at": f"{began} + interval '1 hour'", "check_in_code": "''", "code_released_at": "NULL", "status": "'held'"},
    )  # fmt: skip
    values = {
        "people": people, "person": first["accounts_person"], "identity": first["accounts_identity"], "claim": first["credits_claim"],
        "session": session, "sessions": sessions, "attendances": attendances, "claims": claims,
    }  # fmt: skip
    # Indexes that only find rows are built over all of them at the end: a third of the time.
    cursor.execute("SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE NOT indisunique AND indrelid = ANY(%s::regclass[])", [list(_LARGE)])  # fmt: skip
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    for statement in _ROWS.strip().split(";\n"):
        cursor.execute(statement, values)
    cursor.execute("SET maintenance_work_mem = '512MB'")
    cursor.execute("SET max_parallel_maintenance_workers = 0")  # small containers lack the /dev/shm for them
    for _name, definition in indexes:
        cursor.execute(definition)
    cursor.execute("RESET maintenance_work_mem")
    cursor.execute("RESET max_parallel_maintenance_workers")
    for table in ("accounts_person", "accounts_identity", "credits_claim"):
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    cursor.execute("SET session_replication_role = DEFAULT")
    cursor.execute("ANALYZE")


_LARGE = ("activities_attendanceevidence", "credits_claim", "credits_claimtotal", "credits_claimline", "credits_certificate")  # fmt: skip
# Attendance n is of person n modulo people, at a session that differs for each of a person's few.
_ROWS = """
INSERT INTO accounts_person (id, given_name, family_name, degrees, profession, specialty, is_physician, created_at, mail_off)
SELECT %(person)s + n, 'Given' || n %% 9973, 'Family' || n, 'MD', 'physician', '', true, now(), '{}' FROM generate_series(0, %(people)s - 1) n;
INSERT INTO accounts_personaddress (kind, value, verified_at, is_primary, created_at, person_id)
SELECT 'email', 'grown' || n || '@grown.example', now(), true, now(), %(person)s + n FROM generate_series(0, %(people)s - 1) n;
INSERT INTO accounts_identity (id, kind, value)
SELECT %(identity)s + n, 'email', 'grown' || n || '@grown.example' FROM generate_series(0, %(people)s - 1) n;
INSERT INTO accounts_identitylink (linked_at, linked_by, reason, ended_by, identity_id, person_id)
SELECT now(), 'bench', 'bench', '', %(identity)s + n, %(person)s + n FROM generate_series(0, %(people)s - 1) n;
INSERT INTO activities_attendanceevidence (method, at, recorded_by, recorded_at, source, withdrawn, reason, identity_id, session_id)
SELECT 'code', s.starts_at, 'learner', s.starts_at, '', false, '', %(identity)s + n %% %(people)s, s.id
FROM generate_series(0, %(attendances)s - 1) n JOIN activities_session s ON s.id = %(session)s + (n %% %(people)s * 7 + n / %(people)s * 613) %% %(sessions)s
ON CONFLICT DO NOTHING;
INSERT INTO credits_claim (id, status, claimed_at, participated_on, rule_set, attestation, is_physician, voided_by, void_reason, activity_id, person_id)
SELECT %(claim)s + n, 'live', s.ends_at, s.ends_at::date, 'bench', 'bench', true, '', '', s.activity_id, %(person)s + n %% %(people)s
FROM generate_series(0, %(claims)s - 1) n JOIN activities_session s ON s.id = %(session)s + (n %% %(people)s * 7 + n / %(people)s * 613) %% %(sessions)s;
INSERT INTO credits_claimtotal (minutes, credits, designated, claim_id, credit_type_id, details)
SELECT 60, 1, 1, %(claim)s + n, 'ama_pra_1', '{}' FROM generate_series(0, %(claims)s - 1) n;
INSERT INTO credits_claimline (minutes, facts, activity_id, claim_id, person_id, session_id, credit_type_id, family, unit)
SELECT 60, '{}', s.activity_id, %(claim)s + n, %(person)s + n %% %(people)s, s.id, 'ama_pra_1', 'ama_pra_1', ''
FROM generate_series(0, %(claims)s - 1) n JOIN activities_session s ON s.id = %(session)s + (n %% %(people)s * 7 + n / %(people)s * 613) %% %(sessions)s
ON CONFLICT DO NOTHING;
INSERT INTO credits_certificate (number, status, code, snapshot, template_version, sha256, requested_at, issued_at, ended_by, end_reason, claim_id, end_why, signed_with)
SELECT 1, 'issued', 'G-' || c.id, '{}', 'bench', repeat('0', 64), c.claimed_at, c.claimed_at, '', '', c.id, '', '' FROM credits_claim c WHERE c.id >= %(claim)s
"""


def _next(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
    return int(cursor.fetchone()[0])


def _copy(cursor: Any, table: str, where: str, count: int, other: Mapping[str, str]) -> int:
    """Copies of one row with some columns of their own, as SQL on `n`; the first new id."""
    cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'", [table])  # fmt: skip
    columns = [name for (name,) in cursor.fetchall() if name != "id"]
    first = _next(cursor, table)
    chosen = ", ".join(other.get(c, f't."{c}"') for c in columns)
    named = ", ".join(f'"{c}"' for c in columns)
    cursor.execute(
        f"INSERT INTO {table} (id, {named}) SELECT {first} + n, {chosen} FROM {table} t, generate_series(0, {count} - 1) n WHERE t.{where}"
    )
    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    return first
