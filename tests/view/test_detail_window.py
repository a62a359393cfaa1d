"""A window that draws finer than the grid."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

pygame = pytest.importorskip("pygame")

from ffnca.systems.base import Request  # noqa: E402
from ffnca.systems.growth.creature import Creature  # noqa: E402
from ffnca.systems.growth.detail import Decoder  # noqa: E402
from ffnca.systems.growth.sharpener import Sharpener  # noqa: E402
from ffnca.view.app import SIZE, open_display  # noqa: E402
from ffnca.view.brushes import Brush  # noqa: E402
from ffnca.view.controller import Controller  # noqa: E402
from ffnca.view.opening import opened_session, reopened_session  # noqa: E402
from ffnca.view.session import WALL_COLOUR  # noqa: E402
from ffnca.view.window import Window  # noqa: E402

DETAIL = 3


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    """A rule that learned nothing, with a decoder that draws green wherever something lives."""
    plain = Creature.for_target("🐟", 12)
    decoder = Decoder.blank(plain.code.num_features, (4,), key=jax.random.key(0))
    decoder.head.bias[...] = jnp.array([0.0, 1.0, 0.0, 1.0])
    creature = replace(plain, sharpener=Sharpener(decoder, plain.code, DETAIL), record={"updates": 1})
    creature.save(tmp_path / "fish.safetensors")
    return tmp_path / "fish.safetensors"


def test_a_window_draws_cells_of_several_pixels(rule, tmp_path) -> None:
    open_display(headless=True)
    try:
        session = opened_session(Request(str(rule), untrained=True, detail=DETAIL))
        controller = Controller(str(rule), session, folder=tmp_path, patient=True, detail=DETAIL)
        window = Window(controller, SIZE)
        controller.pace.paused = True
        session.state = jnp.asarray(session.simulation.creature.body().target)
        session.paint(Brush(kind="wall"), (2.0, 2.0), (2.0, 2.0))
        window.frame([], 0.0)
        height, width = session.wall.shape
        frame = session.frame("colour")
        assert frame.shape == (DETAIL * height, DETAIL * width, 3)
        assert (frame[2 * DETAIL, 2 * DETAIL] == WALL_COLOUR).all()
        row, column = np.argwhere(np.asarray(session.state)[..., 3] > 0.9)[0]
        assert (frame[DETAIL * row + 1, DETAIL * column + 1] == (0, 255, 0)).all()
        assert window.picture.cells == (height, width)
        area, rows, columns = window._seen
        scale, (left, top) = controller.camera.scale(area, rows, columns), controller.camera.corner(area, rows, columns)
        at = (int(left + (column + 0.5) * scale), int(top + (row + 0.5) * scale))
        assert window.screen.get_at(at)[:3] == (0, 255, 0)
        assert np.allclose(window._cell(at), (row, column), atol=0.5)
        assert session.haunted(frame).shape == frame.shape
        controller.look("health")
        window.frame([], 0.0)
        assert window.picture.surface.get_size() == (width, height)
        assert window.picture.cells == (height, width)
        controller.close()
        window.panel.clear()
    finally:
        pygame.display.quit()


def test_worlds_without_a_decoder_are_opened_in_cells() -> None:
    """The window goes on to other worlds, which have none."""
    session = reopened_session(Request("life", (16, 40), untrained=True, detail=DETAIL))
    assert session.detail("colour") == 1
