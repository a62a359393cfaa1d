"""Draws in a row are those of jax.random, bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ffnca import draws


@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (4, 1, 3)])
def test_draws_are_those_of_jax(shape: tuple[int, ...]) -> None:
    key = jax.random.key(len(shape))
    bounds = jnp.arange(1, 1 + shape[-1]) if shape else jnp.int32(3)
    pairs = [
        (draws.normal(key, shape), jax.random.normal(key, shape)),
        (draws.uniform(key, shape), jax.random.uniform(key, shape)),
        (
            draws.uniform(key, shape, minval=-2.0, maxval=bounds),
            jax.random.uniform(key, shape, minval=-2.0, maxval=bounds),
        ),
        (draws.bernoulli(key, 0.3, shape), jax.random.bernoulli(key, 0.3, shape)),
        (draws.bernoulli(key, bounds / 5, shape), jax.random.bernoulli(key, bounds / 5, shape)),
        (draws.randint(key, shape, -3, bounds), jax.random.randint(key, shape, -3, bounds)),
    ]
    for ours, theirs in pairs:
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
