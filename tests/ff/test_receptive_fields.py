"""First layers that start on rectangles: their shape, place and scale."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca.ff.images.receptive_fields import rectangles, start_local
from ffnca.ff.layer import FFLayer


def test_each_unit_reads_one_whole_rectangle_of_allowed_sides() -> None:
    read = np.asarray(rectangles((10, 6), 300, key=jax.random.key(0), sides=(0.2, 0.5))).reshape(10, 6, 300)
    assert read.dtype == bool
    heights, widths = set(), set()
    for unit in range(300):
        rows, columns = (np.flatnonzero(read[..., unit].any(axis)) for axis in (1, 0))
        heights.add(len(rows))
        widths.add(len(columns))
        assert np.ptp(rows) == len(rows) - 1
        assert np.ptp(columns) == len(columns) - 1
        assert read[..., unit].sum() == len(rows) * len(columns)
    assert heights == {2, 3, 4, 5}
    assert widths == {1, 2, 3}
    assert read.any(-1).all()  # every pixel is read, the corners too


def test_a_local_start_keeps_the_drive_as_large_as_before() -> None:
    layer = FFLayer(64, 2000, key=jax.random.key(0))
    started = start_local(layer, (8, 8), key=jax.random.key(1))
    inputs = jax.random.normal(jax.random.key(2), (50, 64))
    sizes = [float(jnp.std(inputs @ one.kernel[...])) for one in (started, layer)]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)
    kept = np.asarray(started.kernel[...]) != 0
    np.testing.assert_array_equal(kept, rectangles((8, 8), 2000, key=jax.random.key(1)))
    ratio = np.asarray(started.kernel[...] / layer.kernel[...])
    np.testing.assert_allclose(ratio.max(0), np.sqrt(64 / kept.sum(0)), rtol=1e-5)
    assert bool((layer.kernel[...] != 0).all())  # the layer that was given is as it was


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"image_shape \(8, 7\): allowed is one of 64 pixels"):
        start_local(FFLayer(64, 3, key=jax.random.key(0)), (8, 7), key=jax.random.key(1))
    for sides in ((0.0, 0.5), (0.5, 0.2), (0.5, 1.5)):
        with pytest.raises(ValueError, match="two shares above 0"):
            rectangles((8, 8), 3, key=jax.random.key(0), sides=sides)
