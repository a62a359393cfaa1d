"""Neural cellular automata trained by the Forward-Forward algorithm, and classic automata beside them.

Five things to start with:

- `make("lizard")` opens a shipped world, a world file or a rule file as a `Simulation`: automaton, start state, views,
  measures, brushes.
- `rollout(automaton, state, num_steps, key=key)` runs any automaton as one compiled loop.
- `Creature.for_target("🦎", 24)` is an untrained creature of an emoji, a picture file or an array.
- `train_creature(creature, Budget(minutes=2))` trains its rule, every layer by its own goodness.
- `System` and `register` add a kind of world; `register_perception` adds something that a cell can see.

The Forward-Forward layers themselves are a library of their own: `ffnca.ff`. Names load when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
