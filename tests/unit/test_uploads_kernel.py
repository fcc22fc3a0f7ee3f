"""What a file may be, what it is called afterwards, and what an upload may cost."""

import io
import tracemalloc

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from common import sniffing, uploads
from common.sniffing import CSV, DOCX, PDF
from tests.integration import upload_cases as cases


def refused(name, content, kinds=uploads.ALL):
    with pytest.raises(ValidationError) as error:
        uploads.check(cases.given(name, content), kinds)
    return error.value.messages[0]


@pytest.mark.parametrize("name", cases.HONEST)
def test_honest_files_pass(name):
    found = uploads.check(cases.given(name, cases.HONEST[name]))
    assert (name.rpartition(".")[2].lower() in found.kind.extensions, found.size) == (True, len(cases.HONEST[name]))
    assert found.file.read(4) == cases.HONEST[name][:4], "whoever reads it next begins at the beginning"


@pytest.mark.parametrize("case", cases.HOSTILE)
def test_hostile_files_are_refused(case):
    name, content = cases.HOSTILE[case]
    ending = name.rpartition(".")[2]
    assert refused(name, content) == (
        f"The name ends in .{ending}, but what is inside is not a whole file of that kind. "
        "Open it, save it again, and choose it again."
    )


@pytest.mark.parametrize(
    "name", ["setup.exe", "page.html", "vector.svg", "talk.pdf.exe", "macros.docm", "noending", ".pdf."]
)
def test_other_kinds_are_refused_by_name(name):
    assert refused(name, cases.PDF).startswith("This kind of file is not kept here. Save it as PDF, PowerPoint")


def test_each_field_takes_its_own_kinds():
    assert refused("roster.csv", cases.CSV, uploads.DOCUMENTS) == (
        "This kind of file is not kept here. Save it as PDF, PowerPoint, Word, Excel, PNG or JPEG, and choose it again."
    )
    assert uploads.in_words([PDF]) == "PDF"


def test_empty_and_macros_say_what_to_do():
    assert refused("slides.pdf", b"") == "The file is empty. Choose another one."
    assert refused("plan.docx", cases.office(more={"word/vbaProject.bin": b"x"})) == (
        "The file has macros in it. Save it without them, and choose it again."
    )


def test_a_locked_package_is_refused():
    locked = bytearray(cases.office())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert sniffing.sniff(io.BytesIO(bytes(locked)), len(locked)) is None


def test_a_newer_word_names_its_main_part_otherwise():
    assert uploads.check(cases.given("plan.docx", cases.office(main="word/document2.xml"))).kind == DOCX


def test_a_bomb_is_never_unpacked():
    content = cases.bomb()
    tracemalloc.start()
    kind = uploads.check(cases.given("plan.docx", content)).kind
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kind == DOCX
    assert most < 2_000_000, f"{most} bytes for a file that promises 64 MB"


def test_a_large_table_is_read_in_pieces():
    content = b"Name,Minutes\n" + b"Ana Lopez,55\n" * 1_000_000
    file = UploadedFile(io.BytesIO(content), "roster.csv", size=len(content))
    tracemalloc.start()
    kind = uploads.check(file).kind
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kind == CSV
    assert most < 2_000_000


NAMES = {
    "../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\windows\\talk.pdf": "talk.pdf",
    "  my   slides .PDF": "my slides.pdf",
    "gpj\u202efdp.pdf": "gpjfdp.pdf",
    "a\x00b\r\nSet-Cookie: x.pdf": "abSet-Cookie: x.pdf",
    "\u200b\u2060.pdf": "file.pdf",
    ".pdf": "file.pdf",
    "...pdf": "file.pdf",
    'He said "hi"; x=y.pdf': 'He said "hi"; x=y.pdf',
    "Vorträge №5 مرحبا.pdf": "Vorträge №5 مرحبا.pdf",
    "x" * 300 + ".pdf": "x" * 114 + ".pdf",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_cleaned_for_people(name):
    assert uploads.clean_name(name, PDF) == NAMES[name]


class Proof(forms.Form):
    title = forms.CharField()
    proof = uploads.FileField(kinds=uploads.PROOFS)


def test_the_sentence_stands_at_the_field_and_nothing_else_is_lost():
    form = Proof({"title": "Course in Chicago"}, {"proof": cases.given("talk.pdf", b"<html>")})
    assert not form.is_valid()
    assert list(form.errors) == ["proof"]
    assert form["title"].value() == "Course in Chicago"


def test_the_field_tells_the_browser_what_it_takes():
    html = str(Proof()["proof"])
    assert 'accept=".pdf,.png,.jpg,.jpeg"' in html
    assert 'data-max-bytes="20971520"' in html
    assert 'data-too-large="This file is larger than 20 MB. Choose a smaller one."' in html


def test_an_optional_file_may_be_left_out():
    class Form(forms.Form):
        file = uploads.FileField(required=False)

    form = Form({}, {})
    assert (form.is_valid(), form.cleaned_data["file"]) == (True, None)
