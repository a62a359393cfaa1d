"""ffnca as somebody uses it who writes JAX: transformations of steps and rollouts, batches, arrays as targets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ffnca

FISH = ffnca.make("fish")
KEY = jax.random.key(0)


def test_help_names_what_to_start_with() -> None:
    for name in ("make", "rollout", "Creature", "train_creature", "System"):
        assert f"`{name}" in (ffnca.__doc__ or "")
        assert hasattr(ffnca, name)
    assert set(ffnca.__all__) <= set(dir(ffnca))
    with pytest.raises(AttributeError):
        ffnca.nothing  # noqa: B018


def test_a_step_is_jitted_and_mapped_over_keys_and_states() -> None:
    step = jax.jit(FISH.automaton.step)
    once = step(FISH.start, KEY)
    np.testing.assert_allclose(once, FISH.automaton.step(FISH.start, KEY), atol=1e-6)
    keys = jax.random.split(KEY, 3)
    each = jax.jit(jax.vmap(FISH.automaton.step, (None, 0)))(FISH.start, keys)
    for key, state in zip(keys, each, strict=True):
        np.testing.assert_allclose(state, step(FISH.start, key), atol=1e-5)


def test_a_batch_of_states_is_one_rollout() -> None:
    batch = jnp.broadcast_to(FISH.start, (4, *FISH.start.shape))
    grown = ffnca.rollout(FISH.automaton, batch, 5, key=KEY)
    assert grown.shape == batch.shape
    assert (np.asarray(grown[0]) != np.asarray(grown[1])).any()  # each has fire masks of its own


def test_no_states_at_all_stay_none() -> None:
    assert ffnca.rollout(FISH.automaton, jnp.zeros((0, *FISH.start.shape)), 2, key=KEY).shape == (0, *FISH.start.shape)


def test_several_simulations_at_once_are_mapped_over_their_parameters() -> None:
    snail = ffnca.make("snail")
    names = jax.tree.structure(FISH.automaton)
    leaves = [jnp.stack(pair) for pair in zip(*map(jax.tree.leaves, (FISH.automaton, snail.automaton)), strict=True)]
    both = jax.tree.unflatten(names, leaves)
    starts = jnp.stack([FISH.start, snail.start])
    grown = jax.vmap(lambda automaton, start: ffnca.rollout(automaton, start, 4, key=KEY))(both, starts)
    for simulation, state in zip((FISH, snail), grown, strict=True):
        alone = ffnca.rollout(simulation.automaton, simulation.start, 4, key=KEY)
        np.testing.assert_allclose(state, alone, atol=1e-4)


def test_gradients_go_through_a_rollout_and_its_trajectory() -> None:
    target = FISH.target.laid_out

    def error(start: jax.Array, every: int | None) -> jax.Array:
        states = ffnca.rollout(FISH.automaton, start, 2, key=KEY, every=every)
        last = states if every is None else states[-1]
        return jnp.mean(jnp.square(last[..., :4] - target))

    start = ffnca.rollout(FISH.automaton, FISH.start, 30, key=KEY)
    plain, traced = (jax.grad(error)(start, every) for every in (None, 1))
    assert float(jnp.abs(plain).max()) > 0
    np.testing.assert_allclose(plain, traced, atol=1e-6)


def test_derivatives_and_maps_are_those_of_the_step_where_large_grids_are_kept_otherwise() -> None:
    """Tiles of 16 bits have no derivative of their own, which must not be taken for one of 0."""
    fish = ffnca.make("fish", (128, 128))

    def total(state: jax.Array, **given) -> jax.Array:
        last = ffnca.rollout(fish.automaton, state.astype(jnp.bfloat16), given.pop("steps", 2), key=KEY, **given)
        return last.astype(jnp.float32).sum()

    slopes = [
        jax.jvp(lambda state, given=given: total(state, **given), (fish.start,), (fish.start,))[1]
        for given in ({}, {"steps": jnp.asarray(2)}, {"every": 2})
    ]
    assert abs(float(slopes[0])) > 1
    np.testing.assert_allclose(slopes, slopes[0], rtol=1e-3)
    backwards = jax.grad(lambda state: ffnca.rollout(fish.automaton, state, 2, key=KEY, every=1).sum())(fish.start)
    assert float(jnp.abs(backwards).max()) > 0
    both = jnp.stack([fish.start, jnp.roll(fish.start, 9, 0)])
    each = jax.vmap(lambda state: ffnca.rollout(fish.automaton, state, 2, key=KEY))(both)
    for before, after in zip(both, each, strict=True):
        np.testing.assert_allclose(after, ffnca.rollout(fish.automaton, before, 2, key=KEY), atol=1e-6)


@pytest.mark.parametrize(("steps", "first"), [(jnp.asarray(-5), 0), (10, 2**31 - 5), (3, -1)])
def test_steps_that_cannot_be_counted_are_refused(steps, first: int) -> None:
    with pytest.raises(ffnca.InputError, match="is not a whole number from 0"):
        ffnca.rollout(FISH.automaton, FISH.start, steps, key=KEY, first_step=first)


def test_steps_are_checked_where_the_first_is_not_known_yet() -> None:
    from_any = jax.jit(lambda first: ffnca.rollout(FISH.automaton, FISH.start, -1, key=KEY, first_step=first))
    with pytest.raises(ffnca.InputError, match="num_steps: -1"):
        from_any(3)


def test_a_trajectory_ends_where_the_rollout_does() -> None:
    states = ffnca.rollout(FISH.automaton, FISH.start, 6, key=KEY, every=3)
    assert states.shape == (2, *FISH.start.shape)
    np.testing.assert_allclose(states[-1], ffnca.rollout(FISH.automaton, FISH.start, 6, key=KEY), atol=1e-5)
    assert ffnca.rollout(FISH.automaton, FISH.start, 0, key=KEY, every=3).shape == (0, *FISH.start.shape)
    for steps, every in ((5, 3), (4, 0), (4, -1)):
        with pytest.raises(ffnca.InputError):
            ffnca.rollout(FISH.automaton, FISH.start, steps, key=KEY, every=every)


def test_a_target_is_an_array_too(ring_picture: np.ndarray) -> None:
    creature = ffnca.Creature.for_picture(ring_picture)
    assert creature.picture.shape == ring_picture.shape
    np.testing.assert_allclose(creature.picture, ring_picture)
