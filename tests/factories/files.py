"""Stored files, with their bytes in the private storage of the test."""

import hashlib
import secrets

import factory
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from factory.django import DjangoModelFactory

from activities import models
from common import clock
from common.models import StoredFile
from tests.factories.activities import ActivityFactory

__all__ = ["HandoutFactory", "StoredFileFactory"]

PDF = b"%PDF-1.7\n%%EOF\n"


class StoredFileFactory(DjangoModelFactory):
    class Meta:
        skip_postgeneration_save = True
        model = StoredFile

    key = factory.LazyFunction(
        lambda: storages["private"].save(f"uploads/test/{secrets.token_hex(8)}", ContentFile(PDF))
    )
    name = "Slides.pdf"
    kind = "pdf"
    size = len(PDF)
    sha256 = hashlib.sha256(PDF).hexdigest()
    purpose = "handout"
    created_at = factory.LazyFunction(clock.now)
    created_by = "set-up"


class HandoutFactory(DjangoModelFactory):
    """A PDF that is open to who registers; `link=True` an address instead."""

    class Meta:
        skip_postgeneration_save = True
        model = models.Handout

    activity = factory.SubFactory(ActivityFactory, published=True)
    title = factory.Sequence(lambda n: f"Slides {n}")
    position = factory.Sequence(lambda n: n + 1)
    file = factory.SubFactory(StoredFileFactory)
    added_at = factory.LazyFunction(clock.now)
    added_by = "set-up"

    class Params:
        link = factory.Trait(file=None, url="https://guideline.example/2026")
