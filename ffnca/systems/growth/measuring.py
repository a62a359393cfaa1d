"""How a rule in training is measured: the error of what it grows, at two ages."""

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ffnca.automata.nca import NCA
from ffnca.systems.growth.body import Bodies
from ffnca.systems.growth.evaluate import ages_of

MEASURED_AGES = (200, 600)
NUM_MEASURED = 8
FEWEST_OF_EACH = 4


def measured(
    automaton: NCA, bodies: Bodies, *, key: PRNGKeyArray
) -> tuple[dict[str, float], Float[Array, "seed H W C"]]:
    """Median relative MSE at `MEASURED_AGES`, and the states at the first of them.

    Of several bodies, the worst one's median; the states are of the bodies in turn.
    """
    num_states = max(NUM_MEASURED, FEWEST_OF_EACH * bodies.count)
    states = ages_of(automaton, bodies, MEASURED_AGES, num_states, key=key)
    each = bodies.at(jnp.arange(num_states))
    errors = [each.relative_mse(grown).reshape(-1, bodies.count) for grown in states]
    medians = [float(jnp.median(error, 0).max()) for error in errors]
    return {f"rel_mse_{age}": error for age, error in zip(MEASURED_AGES, medians, strict=True)}, states[0]
