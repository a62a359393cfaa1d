"""Times worlds of CAX; run by bench_worlds.py with the Python of an environment that has `cax`.

Reads a line of JSON for every run: `system`, `size` (height, width), `steps`, and `radius` for Lenia. Answers a line:
`seconds`, and `sum`, of the state that it ends with; or `error`. The first run of each is compiled and run before.
"""

import functools
import json
import sys
import time
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

OLD = version("cax").startswith("0.3")
"""The last version for Python 3.11, which has Life and Lenia of these."""


def start(size, kind):
    """The same numbers as in bench_worlds.py."""
    draw = np.random.default_rng(0)
    if kind == "bits":
        return jnp.asarray(draw.random(size) < 0.5, jnp.float32)[..., None]
    if kind == "grains":
        return jnp.asarray(draw.integers(0, 8, size), jnp.float32)[..., None]
    return jnp.asarray(draw.random(size), jnp.float32)[..., None]


def life(size, radius):
    """The Game of Life on a torus."""
    from cax.cs.life import Life  # pyright: ignore[reportMissingImports]

    birth, survival = Life.birth_survival_from_string("B3/S23")
    more = {"rngs": nnx.Rngs(0)} if OLD else {}
    return Life(birth=birth, survival=survival, **more), start(size, "bits"), {}


def elementary(size, radius):
    """Rule 30 on a ring, and all its rows."""
    from cax.cs.elementary import Elementary  # pyright: ignore[reportMissingImports]

    system = Elementary(wolfram_code=Elementary.wolfram_code_from_rule_number(30))
    return system, start(size, "bits")[0], {"return_states": True}


def sandpile(size, radius):
    """Grains that fall off the edge."""
    from cax.cs.sandpile import Sandpile  # pyright: ignore[reportMissingImports]

    return Sandpile(padding="ZERO"), start(size, "grains"), {}


def ant(size, radius):
    """Langton's ant in the middle."""
    from cax.cs.langton_ant import LangtonAnt, LangtonAntState  # pyright: ignore[reportMissingImports]

    middle = jnp.array([size[0] // 2, size[1] // 2], jnp.int32)
    state = LangtonAntState(jnp.zeros((*size, 1)), middle, jnp.int32(0))
    return LangtonAnt(turns=LangtonAnt.turns_from_rule_string("RL")), state, {}


def lenia(size, radius):
    """One kernel of one exponential ring."""
    from cax.cs import lenia as theirs  # pyright: ignore[reportMissingImports]

    kernel_params = theirs.KernelParams if OLD else theirs.LeniaKernelParams
    growth_params = theirs.GrowthParams if OLD else theirs.LeniaGrowthParams
    rule = theirs.LeniaRuleParams(
        channel_source=jnp.array([0]),
        channel_target=jnp.array([0]),
        weight=jnp.array([1.0]),
        kernel_params=kernel_params(jnp.array([1.0]), jnp.array([[1.0]])),
        growth_params=growth_params(jnp.array([0.15]), jnp.array([0.015])),
    )
    kernel = theirs.exponential_kernel_fn
    system = theirs.Lenia(spatial_dims=tuple(size), channel_size=1, R=radius, T=10, kernel_fn=kernel, rule_params=rule)
    return system, start(size, "levels"), {}


def nca(size, radius):
    """The published 48 -> 128 -> 16 rule with a last layer of zeros, every cell alive."""
    from cax.core import ComplexSystem  # pyright: ignore[reportMissingImports]
    from cax.core.perceive import ConvPerceive  # pyright: ignore[reportMissingImports]
    from cax.core.update import NCAUpdate  # pyright: ignore[reportMissingImports]

    class Growing(ComplexSystem):
        """Perceive by a depthwise convolution, then update."""

        def __init__(self, rngs):
            """Of 16 channels."""
            self.perceive = ConvPerceive(channel_size=16, perception_size=48, feature_group_count=16, rngs=rngs)
            self.update = NCAUpdate(
                channel_size=16,
                perception_size=48,
                hidden_layer_sizes=(128,),
                cell_dropout_rate=0.5,
                zeros_init=True,
                rngs=rngs,
            )

        def _step(self, state, input=None):
            return self.update(state, self.perceive(state), input)

    draw = np.random.default_rng(2)
    return Growing(nnx.Rngs(0)), jnp.asarray(0.2 + 0.8 * draw.random((*size, 16), np.float32)), {}


SYSTEMS = {"nca": nca, "life": life, "elementary": elementary, "sandpile": sandpile, "ant": ant, "lenia": lenia}


@functools.cache
def ready(name, size, radius, steps):
    """What runs those steps, compiled."""
    system, state, more = SYSTEMS[name](size, radius)

    def run():
        return jax.block_until_ready(system(state, num_steps=steps, **more))

    run()
    return run


def main():
    """Answer until there is nothing more to do."""
    print(json.dumps({"cax": version("cax"), "jax": version("jax")}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            run = ready(asked["system"], tuple(asked["size"]), asked["radius"], asked["steps"])
            began = time.perf_counter()
            ended = run()
            seconds = time.perf_counter() - began
            last = ended[0] if isinstance(ended, tuple) else ended
            answer = {"seconds": seconds, "sum": float(jnp.sum(getattr(last, "grid", last)))}
        except Exception as error:  # versions differ in what they have: that row is left out, the others go on
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
