"""Colours of a PNG that has no profile but says its gamma and its primaries: the same as a profile (ICC version 2)."""

import struct
from typing import Any

import numpy as np

_SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
"""Chromaticities x, y of white, red, green and blue."""
_SRGB_GAMMA = 0.45455
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def profile_of_png(info: dict[Any, Any], is_grey: bool) -> bytes | None:
    """The profile that the chunks gAMA and cHRM amount to.

    Args:
        info: Of a PNG opened by Pillow.
        is_grey: Whether the profile is for grey, else for RGB.

    Returns:
        None where they say nothing, nothing usable or sRGB, or where the chunk sRGB does.
    """
    gamma, spots = info.get("gamma"), info.get("chromaticity", _SRGB)
    if "srgb" in info or not isinstance(gamma, float) or not 0.05 < gamma < 5:
        return None
    if abs(gamma - _SRGB_GAMMA) < 0.005 and (is_grey or np.allclose(spots, _SRGB, atol=0.002)):
        return None
    curve = struct.pack(">4s4xIHxx", b"curv", 1, round(256 / gamma))
    if is_grey:
        return _icc(b"GRAY", {b"kTRC": curve})
    xyz = np.array([(x / y, 1, (1 - x - y) / y) if y > 0 else (np.nan,) * 3 for x, y in np.reshape(spots, (4, 2))]).T
    white, primaries = xyz[:, 0], xyz[:, 1:]
    if not np.isfinite(xyz).all() or abs(np.linalg.det(primaries)) < 1e-6:
        return None
    adapted = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white)) @ _BRADFORD
    columns = adapted @ (primaries * np.linalg.solve(primaries, white))
    tags = {}
    for name, column in zip((b"r", b"g", b"b"), columns.T, strict=True):
        tags |= {name + b"XYZ": _xyz(column), name + b"TRC": curve}
    return _icc(b"RGB ", tags)


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"wtpt": _xyz(_D50), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(data))
        body += data
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4sI4s4s4s12x4s28x", size, b"lcms", 0x02100000, b"mntr", space, b"XYZ ", b"acsp")
    return (head + _xyz(_D50)[8:]).ljust(128, b"\0") + table + body
