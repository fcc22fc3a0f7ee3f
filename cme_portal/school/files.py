"""Handouts of the two planning cases that are open, a file behind a gap, and somebody who lost their mailbox."""

import datetime as dt

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actors import actor_of_person
from accounts.models import MailboxRequest, Person
from activities.enums import SourceKind, VisibleFrom
from activities.models import Activity, Handout, PracticeGap, Session
from common import uploads
from common.models import StoredFile

AUDIT = "Month,Eligible patients,All four classes within four weeks\r\n" + "".join(
    f"{month},{patients},{done}\r\n"
    for month, patients, done in (("July", 41, 9), ("August", 38, 11), ("September", 44, 12))
)


def bring(*, course: Activity, series: Activity, gap: PracticeGap, planner: Person, now: dt.datetime) -> None:
    """Put them where a planner would; asserts an open transaction as `uploads.store` does."""
    held = Session.objects.filter(activity=series, kind="education", removed_at=None, ends_at__lt=now).order_by(
        "-starts_at"
    )[:2]
    sessions: list[Session | None] = [None, None, *held]
    titles = (
        "Sepsis bundle, pocket card",
        "Surviving Sepsis Campaign: the guideline",
        *(f"Slides: {s.title}" for s in held),
    )
    for position, (session, title) in enumerate(zip(sessions, titles, strict=True), start=1):
        link = "https://www.sccm.org/survivingsepsiscampaign" if position == 2 else ""
        seen = VisibleFrom.END if session else VisibleFrom.REGISTRATION
        _handout(series, title, position, planner, now, session=session, url=link, seen=seen)
    _handout(course, "Worksheet: four drugs, four weeks", 1, planner, now, seen=VisibleFrom.START)
    _handout(course, "Where to park, and which door", 2, planner, now)
    gap.evidence.create(
        kind=SourceKind.AUDIT, citation="Lakeshore heart failure clinic, chart audit of July to September", created_at=now,
        finding="32 of 123 eligible patients (26%) had all four classes within four weeks.",
        file=_stored("Heart failure clinic audit.csv", AUDIT.encode(), "gap evidence", planner),
    )  # fmt: skip
    MailboxRequest.objects.create(
        name="Ruth Castellanos", old_email="ruth.castellanos@harborview.example", new_email="r.castellanos@pinewater.example",
        text="I changed hospitals in October. My number is still 555-0147; ask for the night desk.", created_at=now - dt.timedelta(hours=20),
    )  # fmt: skip


def _handout(
    activity: Activity, title: str, position: int, planner: Person, now: dt.datetime, *, session: Session | None = None,
    url: str = "", seen: str = VisibleFrom.REGISTRATION,
) -> None:  # fmt: skip
    file = None if url else _stored(f"{title.partition(':')[0]}.pdf", page(title, activity.title), "handout", planner)
    Handout.objects.create(
        activity=activity, session=session, title=title[:200], position=position, visible_from=seen, file=file, url=url,
        added_at=now - dt.timedelta(days=2, minutes=position), added_by=planner.name_with_degrees,
    )  # fmt: skip


def _stored(name: str, content: bytes, purpose: str, planner: Person) -> StoredFile:
    return uploads.store(uploads.check(SimpleUploadedFile(name, content)), purpose=purpose, by=actor_of_person(planner))


def page(*lines: str) -> bytes:
    """A PDF of one page with a few lines: the demo needs no PDF engine for it."""
    text = " T* ".join(f"({_escaped(line)}) Tj" for line in (*lines, "Invented for the demo."))
    stream = f"BT /F1 20 Tf 28 TL 60 700 Td {text} ET".encode("cp1252", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )  # fmt: skip
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return content + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        count, table, count, len(content),
    )  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
