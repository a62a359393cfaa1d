"""Files of other programs, told by their endings and by what is in them, as rule files and world files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ffnca.atomic import replacing
from ffnca.errors import InputError
from ffnca.files import read_bounded
from ffnca.interchange import golly, tensor_files
from ffnca.interchange.growing_ca import growing_ca_layers, is_growing_ca
from ffnca.interchange.lenia_animals import animal_world, animals_in
from ffnca.interchange.two_layers import ORDERS, Order, TwoLayers
from ffnca.world import PATTERN_SUFFIXES, RULE_SUFFIX

WORLD_SUFFIX, JSON_SUFFIX = ".toml", ".json"
MAX_JSON_BYTES = 8 * 2**20
TARGET_SIZE = 40


@dataclass(frozen=True)
class Wanted:
    """What is said of a file besides its name.

    Attributes:
        target: The picture that weights should grow; a picture file or an emoji.
        size: Longer side of the target in cells; None for `TARGET_SIZE`.
        perception: In which order a cell sees, `grouped` or `interleaved`; None for what the file says, or grouped.
        name: The animal, of several.
    """

    target: str | None = None
    size: int | None = None
    perception: str | None = None
    name: str | None = None

    def refuse(self, path: Path, *options: str) -> None:
        """For files of which some of it cannot be said.

        Raises:
            InputError: If it was.
        """
        for option in options:
            if getattr(self, option) is not None:
                raise InputError(
                    f"--{option} {getattr(self, option)}: says nothing of {path}; not allowed for such a file"
                )

    @property
    def order(self) -> Order | None:
        """The same as `perception`.

        Raises:
            InputError: If it is no order.
        """
        for order in ORDERS:
            if self.perception == order:
                return order
        if self.perception is not None:
            raise InputError(f"--perception {self.perception[:40]!r}: allowed are {', '.join(ORDERS)}")
        return None


def import_file(path: Path, out: Path, wanted: Wanted) -> str:
    """Write what another program's file holds as a rule file or a world file.

    Args:
        path: Weights (`.json` of the growing-CA article, `.npz`, `.safetensors`, `.pt`), a pattern (`.rle`, `.cells`)
            or Lenia's animals (`.json`).
        out: Where to: `.safetensors` for weights, `.toml` for the others.
        wanted: What is said of it.

    Returns:
        A line of what was written.

    Raises:
        InputError: If the file or what is said of it cannot be used, or `out` has another ending or cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix in PATTERN_SUFFIXES:
        wanted.refuse(path, "target", "size", "perception", "name")
        return _written_world(golly.pattern_world(path), out)
    if suffix in tensor_files.SUFFIXES:
        from ffnca.interchange.state_dict import state_dict_layers

        wanted.refuse(path, "name")
        _check_ending(out, RULE_SUFFIX, "weights")
        order = wanted.order
        return _written_rule(state_dict_layers(tensor_files.read_arrays(path), order, str(path)), path, out, wanted)
    if suffix != JSON_SUFFIX:
        allowed = ", ".join((JSON_SUFFIX, *tensor_files.SUFFIXES, *PATTERN_SUFFIXES))
        raise InputError(f"{path}: allowed endings are {allowed}")
    value = read_json(path)
    if is_growing_ca(value):
        wanted.refuse(path, "name", "perception")
        _check_ending(out, RULE_SUFFIX, "weights")
        return _written_rule(growing_ca_layers(value, str(path)), path, out, wanted)
    wanted.refuse(path, "target", "size", "perception")
    if animals := animals_in(value):
        return _written_world(animal_world(animals, wanted.name, str(path)), out)
    raise InputError(f"{path}: holds neither layers of a growing automaton nor animals of Lenia; allowed: one of these")


def read_growing_ca(path: Path) -> TwoLayers:
    """The layers in a file of the growing-CA article.

    Raises:
        InputError: If it cannot be read or holds no such layers.
    """
    value = read_json(path)
    if not is_growing_ca(value):
        raise InputError(f"{path}: holds no layers of a growing automaton; allowed: a list of two with data_b64")
    return growing_ca_layers(value, str(path))


def read_json(path: Path) -> Any:
    """What is in a JSON file.

    Raises:
        InputError: If it cannot be read, is larger than allowed, or is not JSON.
    """
    content = read_bounded(path, MAX_JSON_BYTES)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({str(error)[:100]})") from error


def _check_ending(out: Path, ending: str, what: str) -> None:
    if out.suffix.lower() != ending:
        raise InputError(f"{out}: {what} are written to a name that ends in {ending}; allowed: such a name")


def _written_world(text: str, out: Path) -> str:
    _check_ending(out, WORLD_SUFFIX, "worlds")
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return f"{out}: ffnca run {out}"


def _written_rule(layers: TwoLayers, path: Path, out: Path, wanted: Wanted) -> str:
    """A rule file, once it is clear that it can be written."""
    from ffnca.interchange.grown import GROWN_AT, imported_creature
    from ffnca.systems.growth.target import load_target

    if wanted.target is None:
        wanted.refuse(path, "size")
    with replacing(out) as temporary:
        size = TARGET_SIZE if wanted.size is None else wanted.size
        picture = None if wanted.target is None else load_target(wanted.target, size)
        creature = imported_creature(layers, picture, path)
        creature.save(temporary)
    num_parameters = sum(tensor.size for tensor in layers.tensors.values())
    what = (
        f"the picture is what has grown after {GROWN_AT} steps" if wanted.target is None else f"grows {wanted.target}"
    )
    return f"{out}: {num_parameters} parameters, {what}"
