"""The published models are read as their authors wrote them, checked against plain NumPy."""

import base64
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))
published_models = pytest.importorskip("published_models")


@pytest.fixture
def weights(tmp_path: Path) -> tuple[Path, list[np.ndarray]]:
    """A made-up weight file, and its two layers with the bias in the last row."""
    generator, described, layers = np.random.default_rng(0), [], []
    for inputs, outputs, scale, bias_scale in ((48, 128, 1.2, 0.4), (128, 16, 0.2, 0.1)):
        raw = generator.integers(0, 256, (inputs + 1, outputs), dtype=np.uint8)
        text = base64.b64encode(raw.tobytes()).decode()
        described.append(
            {"data_b64": text, "in_ch": inputs, "out_ch": outputs, "weight_scale": scale, "bias_scale": bias_scale}
        )
        values = (raw / 255 - 0.5) * scale
        values[-1] *= bias_scale / scale
        layers.append(values)
    path = tmp_path / "made-up.json"
    path.write_text(json.dumps(described))
    return path, layers


def test_a_step_equals_the_article(weights) -> None:
    path, (first, second) = weights
    automaton = published_models.load_published(path)
    assert published_models.NUM_PARAMETERS == sum(leaf.size for leaf in jax.tree.leaves(automaton)) == 8336
    state = np.random.default_rng(1).random((9, 9, 16)) * 4 - 1
    padded = np.pad(state, ((1, 1), (1, 1), (0, 0)))
    sobel = np.outer([1, 2, 1], [-1, 0, 1]) / 8
    wanted = np.empty_like(state)
    for row in range(9):
        for column in range(9):
            window = padded[row : row + 3, column : column + 3]
            across, down = (np.einsum("ij,ijc->c", kernel, window) for kernel in (sobel, sobel.T))
            seen = np.concatenate([state[row, column], across, down])
            hidden = np.maximum(seen @ first[:-1] + first[-1], 0)
            wanted[row, column] = state[row, column] + hidden @ second[:-1] + second[-1]
    found = np.asarray(automaton.advance(jnp.asarray(state, jnp.float32), jnp.ones((9, 9), bool)))
    kept = found.any(-1)
    assert kept.mean() > 0.3
    np.testing.assert_allclose(found[kept], wanted[kept], atol=2e-4)


def test_it_starts_from_one_cell(ring_picture) -> None:
    from ffnca.systems.growth.body import build_body

    body = build_body(ring_picture, (20, 20), 16, alive_threshold=0.1, code_amplitude=0.7)
    start = np.asarray(published_models.published_start(body))
    assert np.count_nonzero(start.any(-1)) == 1
    np.testing.assert_array_equal(start[10, 10], [0] * 3 + [1] * 13)
