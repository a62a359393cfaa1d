"""Forward-Forward learning: layers that learn from their own goodness. Knows nothing of grids. Names load when used."""

import lazy_loader

_HOMES = {
    "ascent": ("AscentLayer",),
    "calibration": ("CENTRED", "CLASSIC", "DIRECTION", "MAGNITUDE", "PAIRED_VIEWS", "SYMBA", "Calibration"),
    "colour": ("ColourPreference",),
    "goodness": ("distance_goodness", "mean_goodness", "sum_goodness"),
    "layer": ("FFLayer",),
    "local_update": ("Labelled", "LocalStep", "Pair", "local_step", "own_gradient"),
    "losses": ("n_pair_loss", "symba_loss", "threshold_loss", "two_threshold_loss"),
    "projected": ("ProjectedLayer",),
    "standardise": ("Standardiser",),
    "voting": ("Votes", "VotingLayer", "mean_votes"),
    "images.augment": ("jitter", "warp"),
    "images.backprop": ("BackpropNetwork", "Backpropagation"),
    "images.distance": ("DistanceLayer", "DistanceNetwork"),
    "images.fitting": ("Epoch", "FitConfig", "accuracy", "checked_batch", "fit", "unit_range"),
    "images.generator": ("GeneratorNetwork", "NegativeGenerator"),
    "images.inputs": ("Inputs",),
    "images.integer": ("IntegerLayer",),
    "images.integer_network": ("IntegerFitConfig", "IntegerNetwork", "fit_integer"),
    "images.local": ("hebbian_gradient",),
    "images.negatives": ("hybrid_images", "likely_wrong_labels", "noisy", "other_samples", "wrong_labels"),
    "images.network": ("FFNetwork",),
    "images.network_file": ("load_network", "save_network"),
    "images.parallel": ("DevicePipeline", "place"),
    "images.readout": ("LinearReadout", "ReadoutNetwork"),
    "images.receptive_fields": ("start_local",),
    "images.recurrent": ("RecurrentNetwork", "RecurrentSchedule"),
    "images.schedules": ("Batch", "Greedy", "Learner", "Pipelined", "Simultaneous"),
    "images.unlabelled": ("SelfContrastiveNetwork", "UnlabelledNetwork"),
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_HOMES)
