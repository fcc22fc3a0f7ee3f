"""The tables of a national society (data set B of the design) around a seeded school: rows in bulk by SQL, for benches only.

250,000 people, 900 activities, 2,500 sessions, 900,000 attendances and 700,000 claims with their certificates. What a page
reads of it is indexed; whether it stays quick is what the benches ask. Nothing of it is rendered or mailed.
"""

from collections.abc import Mapping
from typing import Any

PEOPLE, ACTIVITIES, SESSIONS, ATTENDANCES, CLAIMS = 250_000, 900, 2_500, 900_000, 700_000


def grow(cursor: Any, *, share: float = 1.0) -> None:
    """Add the rows, or a share of them. The connection is a superuser's: triggers and foreign keys rest meanwhile."""
    people, sessions = int(PEOPLE * share), max(10, int(SESSIONS * share))
    attendances, claims = int(ATTENDANCES * share), int(CLAIMS * share)
    cursor.execute("SET session_replication_role = replica")
    first = {t: _next(cursor, t) for t in ("accounts_person", "accounts_identity", "credits_claim")}
    cursor.execute("SELECT id FROM activities_activity WHERE kind = 'C' AND status IN ('published', 'ended', 'closing', 'closed') ORDER BY id LIMIT 1")  # fmt: skip
    model = cursor.fetchone()[0]
    activity = _copy(cursor, "activities_activity", f"id = {model}", max(10, int(ACTIVITIES * share)), {"number": "'G' || n"})  # fmt: skip
    activities = max(10, int(ACTIVITIES * share))
    session = _copy(
        cursor, "activities_session", f"id = (SELECT min(id) FROM activities_session WHERE activity_id = {model} AND kind = 'education')", sessions,
        {"activity_id": f"{activity} + n % {activities}", "starts_at": "now() - (n + 9) * interval '8 hours'", "ends_at": "now() - (n + 9) * interval '8 hours' + interval '1 hour'", "check_in_code": "''", "code_released_at": "NULL", "status": "'held'"},
    )  # fmt: skip
    values = {
        "people": people, "person": first["accounts_person"], "identity": first["accounts_identity"], "claim": first["credits_claim"],
        "session": session, "sessions": sessions, "attendances": attendances, "claims": claims,
    }  # fmt: skip
    for statement in _ROWS.strip().split(";\n"):
        cursor.execute(statement, values)
    for table in ("accounts_person", "accounts_identity", "credits_claim"):
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    cursor.execute("SET session_replication_role = DEFAULT")
    cursor.execute("ANALYZE")


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
SELECT 1, 'issued', 'G-' || n, '{}', 'bench', repeat('0', 64), now(), now(), '', '', %(claim)s + n, '', '' FROM generate_series(0, %(claims)s - 1) n
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
