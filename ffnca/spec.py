"""Strict settings: their fields, and what is wrong with a value in words."""

import difflib
import json
from collections.abc import Sequence
from typing import Any, ClassVar, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

SHOWN_CHARACTERS = 60
_SHOWN_ERRORS = 3


def whole(default: int, low: int, high: int, meaning: str = "") -> Any:
    """A field for a whole number; `meaning` is what the page of world keys says of it."""
    return Field(default=default, ge=low, le=high, description=f"a whole number from {low} to {high}", title=meaning)


def several_of(default: tuple, description: str, most: int, meaning: str = "") -> Any:
    """A field for a list of one or more."""
    return Field(default=default, strict=False, min_length=1, max_length=most, description=description, title=meaning)


def above_zero(default: float, high: float, meaning: str = "") -> Any:
    """A field for a number that must not be 0."""
    return Field(default=default, gt=0, le=high, description=f"a number above 0, at most {high:g}", title=meaning)


class Spec(BaseModel):
    """Strict, but for tuples, which are written as lists in TOML and JSON."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class OneOfTwo(Spec):
    """A table in which one of two keys is given, not both; an empty table is one with its usual key.

    Attributes:
        usual: The key and the value of an empty table.
        instead: The other key.
    """

    usual: ClassVar[tuple[str, Any]]
    instead: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _as_usual(cls, given: Any) -> Any:
        return dict([cls.usual]) if given == {} else given

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if (getattr(self, self.usual[0]) is None) == (getattr(self, self.instead) is None):
            first, second = (key for key in type(self).model_fields if key in (self.usual[0], self.instead))
            raise ValueError(f"one of {first} and {second} is allowed, not both")
        return self


def wrong(error: ValidationError, model: type[Spec]) -> str:
    """What a model does not allow, in words: unknown keys first, a few of them."""
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    said = [described(detail, model) for detail in details[:_SHOWN_ERRORS]]
    more = [f"and {len(details) - len(said)} more"] if len(details) > len(said) else []
    return "; ".join(said + more)


def described(detail: ErrorDetails, model: type[Spec]) -> str:
    """One validation error of a model in words: where, what is there, what is allowed."""
    place, allowed = list(detail["loc"]), "a table"
    fields: dict[Any, FieldInfo] = model.model_fields
    for depth, part in enumerate(place):
        if part not in fields and detail["type"] == "extra_forbidden":
            return _unknown_key(_joined(place[:depth]), str(part), sorted(fields))
        if part not in fields:
            break
        table, allowed = fields[part].annotation, _allowed(fields[part])
        if isinstance((*place, "")[depth + 1], int):  # a member of a list
            allowed = _member_allowed(table) or allowed
        fields = {}
        if (spec := spec_in(table)) is not None:
            fields = spec.model_fields
            tables, allowed = allowed, f"a table with {', '.join(sorted(fields))}"
            if get_origin(get_args(table)[0] if get_args(table) else table) is dict:  # the next part is a name
                fields = {str(name): FieldInfo(annotation=spec, description=allowed) for name in place[depth + 1 :][:1]}
            elif get_origin(table) is tuple:  # the next part is a number
                fields = {number: FieldInfo(annotation=spec, description=allowed) for number in place[depth + 1 :][:1]}
                allowed = allowed if fields else tables
    key = _joined(place)
    if detail["type"] == "missing":
        return f"{key} is missing; allowed: {allowed}"
    if isinstance(cause := detail.get("ctx", {}).get("error"), ValueError):
        return f"[{key}] {cause}" if key else str(cause)
    return f"{key} = {shown(detail['input'])}; allowed: {allowed}"


def spec_in(annotation: Any) -> type[Spec] | None:
    """The kind of table that an annotation allows, by itself, by names or as one of its choices."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return annotation
    return next((found for part in get_args(annotation) if (found := spec_in(part)) is not None), None)


def _allowed(field: FieldInfo) -> str:
    """What a field may be: in the words of its model, or by its type and bounds."""
    if field.description:
        return field.description
    name = getattr(field.annotation, "__name__", str(field.annotation))
    return ", ".join([name, *map(str, field.metadata)])


def _joined(place: Sequence[str | int]) -> str:
    """A place in nested settings, as in `rule.hidden[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _member_allowed(annotation: Any) -> str | None:
    """What the members of a list may be, where their type says so."""
    for part in (annotation, *get_args(annotation)):
        for field in getattr(part, "__metadata__", ()):
            if isinstance(field, FieldInfo) and field.description:
                return field.description
    return None


def _unknown_key(table: str, key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key[:SHOWN_CHARACTERS], known, 1)
    hint = f'; did you mean "{near[0]}"?' if near else ";"
    where = f"[{table}] " if table else ""
    return f"{where}unknown key {shown(key)}{hint} allowed: {', '.join(known)}"


def shown(value: object) -> str:
    """A value for an error message: short, on one line, printable; text is quoted."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):  # Python refuses to write out integers of thousands of digits
        return "something huge"
    text = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."
    is_printable = text.replace("\N{ZERO WIDTH JOINER}", "").isprintable()  # emoji are joined by it
    return json.dumps(text, ensure_ascii=not is_printable) if isinstance(value, str) else text
