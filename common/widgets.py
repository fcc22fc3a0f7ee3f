"""Form widgets of the design system: native controls, whole-row choices, word counters."""

from collections.abc import Mapping
from typing import Any

from django import forms


class DateInput(forms.DateInput):
    """The browser's own date field; typing works too."""

    input_type = "date"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(attrs=dict(attrs or {}), format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own time field, in minutes."""

    input_type = "time"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(attrs=dict(attrs or {}), format="%H:%M")


class DateTimeInput(forms.DateTimeInput):
    """The browser's own date and time field."""

    input_type = "datetime-local"

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(attrs=dict(attrs or {}), format="%Y-%m-%dT%H:%M")


class DecimalInput(forms.TextInput):
    """A number typed as text: phones show the number pad, and no browser rounds or scrolls it away."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(attrs={"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})


class CodeInput(forms.TextInput):
    """A code from a screen or a sheet of paper."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        base = {
            "class": "code-input",
            "autocapitalize": "characters",
            "autocomplete": "off",
            "spellcheck": "false",
            "data-code": "1",
        }
        super().__init__(attrs={**base, **(attrs or {})})


class WordsTextarea(forms.Textarea):
    """A text with a word limit that is counted while typing; `aside` says what the text is for."""

    def __init__(self, words: int, attrs: Mapping[str, Any] | None = None, aside: str = "") -> None:
        self.words, self.aside = words, aside
        super().__init__(attrs={"rows": 4, "data-words": str(words), **(attrs or {})})


class _Choices:
    """What our choice template reads: `inline` puts them in a row, `bare` takes the frame off, `hints` explains each."""

    def __init__(
        self,
        attrs: Mapping[str, Any] | None = None,
        choices: Any = (),
        *,
        inline: bool = False,
        bare: bool = False,
        hints: Mapping[Any, Any] | None = None,
    ) -> None:
        self.inline, self.bare = inline, bare
        self.hints = {str(k): v for k, v in (hints or {}).items()}
        super().__init__(attrs, choices)  # type: ignore[call-arg]


class Choices(_Choices, forms.RadioSelect):
    """One of several, each a whole-row target."""


class MultiChoices(_Choices, forms.CheckboxSelectMultiple):
    """Any of several, each a whole-row target."""


class Scale(forms.RadioSelect):
    """Five cells from one word to its opposite."""

    scale = True

    @property
    def ends(self) -> tuple[str, str]:
        labels = [str(label) for value, label in self.choices if value not in ("", None)]
        return (labels[0], labels[-1]) if labels else ("", "")


class Tick(forms.CheckboxInput):
    """A single consent or attestation; `bare` takes the frame off."""

    def __init__(self, attrs: Mapping[str, Any] | None = None, *, bare: bool = False) -> None:
        self.bare = bare
        super().__init__(dict(attrs or {}))
