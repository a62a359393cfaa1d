"""Which parts of a layer are its own: closed forms and short cuts hold for the parts that they were derived from."""

from typing import Any


def own_parts(value: Any, base: type, names: tuple[str, ...]) -> list[str]:
    """Those of the named methods that a subclass, or this very object, has in place of the ones of `base`."""
    own = [name for name in names if getattr(type(value), name, None) is not getattr(base, name)]
    return own + [name for name in names if name in vars(value)]
