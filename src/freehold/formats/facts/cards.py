"""What the cards of all types of repositories say in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from freehold.formats.catalogue.languages import find_language
from freehold.formats.catalogue.licenses import LICENSES
from freehold.formats.facts.values import copy_json, read_list, read_texts

MAX_WIDGET: Final = 32_768
"""How large the examples of inputs may be; larger ones are left out."""

_KNOWN_LICENSES: Final = frozenset(LICENSES)


def read_languages(card: Mapping[str, Any]) -> tuple[str, ...]:
    """The languages, by their codes where they are known by code or name, else as they stand."""
    # Without quotes YAML takes the code of Norwegian for a boolean.
    values = ["no" if value is False else value for value in read_list(card.get("language"))]
    return tuple(dict.fromkeys(find_language(text) or text for text in read_texts(values)))


def read_widget(card: Mapping[str, Any]) -> list[Any]:
    """The examples of inputs that a page of the model shows."""
    return list(read_list(copy_json(card.get("widget"), MAX_WIDGET)))


def read_licenses(card: Mapping[str, Any]) -> tuple[str, ...]:
    """The licences; those of the catalogue in lower case, others as they stand."""
    texts = read_texts(card.get("license"))
    return tuple(dict.fromkeys(_name_license(text) for text in texts))


def _name_license(text: str) -> str:
    return text.lower() if text.lower() in _KNOWN_LICENSES else text
