"""The command line. Every command imports what it needs when it runs, so that help answers at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ffnca import terminal
from ffnca.exit_codes import BAD_INPUT, exit_code
from ffnca.export_words import ExportCommand
from ffnca.printing import named_measures, print_json, print_rows, print_worlds

app = typer.Typer(
    name="ffnca",
    help="Neural cellular automata whose rules are trained by the Forward-Forward algorithm.",
    rich_markup_mode=None,  # rich takes longer to import than all the rest of the help
    pretty_exceptions_enable=False,
    add_completion=False,
)

WorldName = Annotated[
    str, typer.Argument(metavar="WORLD", help="A shipped name, a .toml, a pattern .rle or .cells, a rule .safetensors.")
]
Seed = Annotated[int, typer.Option(help="Same seed, same result.", min=0, max=2**31 - 1)]
Which = Annotated[str | None, typer.Option(metavar="NAME", help="The target to grow, where the world names several.")]
Angle = Annotated[float, typer.Option(metavar="DEGREES", help="Turn what grows, clockwise.")]
Detail = Annotated[
    int | None,
    typer.Option(metavar="N", help="Draw with N pixels a cell, 2 to 16, by the decoder in the rule."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint, with more time if given.")]
Coordinator = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="Of several processes that compute together: the first one's.")
]
Processes = Annotated[int | None, typer.Option(metavar="N", help="With --coordinator: how many there are.")]
ProcessId = Annotated[int | None, typer.Option(metavar="I", help="With --coordinator: which this is, from 0.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NUM_STEPS_MAX, LONG_STEPS = 10_000_000, 1_000_000
NOT_LEARNED = 1
_DEMO_STEPS, _DEMO_WOUND = 220, 100


@app.callback(invoke_without_command=True)
def _help_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(BAD_INPUT)


@app.command()
def worlds(as_json: AsJson = False) -> None:
    """List the shipped worlds: name, kind, size, trained or not."""
    from ffnca.listing import list_patterns, list_worlds

    rows, patterns = list_worlds(), list_patterns()
    if as_json:
        print_json(rows + patterns)
        return
    print_worlds(rows, patterns)


@app.command()
def run(
    world: WorldName,
    steps: Annotated[int, typer.Option(help="How many steps.", min=0, max=NUM_STEPS_MAX)] = 200,
    size: Annotated[str | None, typer.Option(metavar="N|HxW", help="Grid size instead of the world's.")] = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(metavar="STATE.npz", help="Write the last state.")] = None,
    which: Which = None,
    angle: Angle = 0.0,
    split: Annotated[
        str | None, typer.Option(metavar="ROWSxCOLUMNS", help="Split the grid over so many devices, such as 4x2.")
    ] = None,
    coordinator: Coordinator = None,
    processes: Processes = None,
    process_id: ProcessId = None,
    as_json: AsJson = False,
) -> None:
    """Run a world without drawing it; print its speed and measures."""
    _compute(coordinator, processes, process_id)
    from ffnca.commands import run_world
    from ffnca.part import Part

    part = None if split is None else Part.parsed(split)
    figures = run_world(_request(world, size, seed, which, angle), steps, out, part)
    if as_json:
        print_json(figures)
    else:
        speed = f"{steps} steps, {figures['steps_per_second']:.0f} steps/s"
        typer.echo(f"{figures['world']}: {speed}{named_measures(figures['measures'])}")


@app.command()
def view(
    world: WorldName,
    size: Annotated[str | None, typer.Option(metavar="N|HxW", help="Grid size instead of the world's.")] = None,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where rules, recordings, pictures go.")] = Path(),
    minutes: Annotated[float, typer.Option(help="How long L learns before it rests.", min=0.1, max=600)] = 5.0,
    headless_frames: Annotated[
        int | None, typer.Option(metavar="N", help="Without a screen: N frames, a screenshot every 60.", min=1)
    ] = None,
    which: Which = None,
    angle: Angle = 0.0,
    detail: Detail = None,
    as_json: AsJson = False,
) -> None:
    """Watch a world in a window.

    Wound it, look inside it, let it learn a target that you paint.
    """
    _compute()
    from ffnca.atomic import made_folder
    from ffnca.view.app import view_world

    request = _request(world, size, seed, which, angle, detail)
    with made_folder(out):
        figures = view_world(request, folder=out, num_frames=headless_frames, minutes=minutes)
    if as_json:
        print_json(figures)
        return
    for line in figures["written"]:
        typer.echo(line)
    if headless_frames is not None:
        typer.echo(f"{figures['frames']} frames, {figures['steps']} steps, 95% under {figures['p95_ms']:.1f} ms each")


@app.command()
def train(
    world: WorldName,
    out: Annotated[Path | None, typer.Option(metavar="RUN", help="Run folder; runs/NAME if not given.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Train this long; the world's own time if not given.")] = None,
    updates: Annotated[int | None, typer.Option(help="Train this many updates instead.")] = None,
    seed: Seed = 0,
    objective: Annotated[
        str | None, typer.Option(metavar="NAME", help="ascent, distance, ..., or a control: one-step-backprop, bptt.")
    ] = None,
    resume: Resume = False,
    coordinator: Coordinator = None,
    processes: Processes = None,
    process_id: ProcessId = None,
) -> None:
    """Train the rule of a world in a run folder.

    RUN keeps rule, metrics, curve, preview and checkpoints. Ends with exit code 1 if it has not learned. Growing rules
    use all devices, those of several processes too, which then share RUN.
    """
    _compute(coordinator, processes, process_id)
    from ffnca.train_commands import checked_budget, train_world

    _report(train_world(world, out, checked_budget(minutes, updates), seed, objective, resume))


@app.command()
def grow(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="An emoji or a picture file.")],
    size: Annotated[int, typer.Option(help="Longer side of the creature in cells.")] = 40,
    minutes: Annotated[float | None, typer.Option(help="Train this long, in all; 10 if not given.")] = None,
    updates: Annotated[int | None, typer.Option(help="Train this many updates instead.")] = None,
    seed: Seed = 0,
    out: Annotated[
        str | None, typer.Option(metavar="NAME.gif", help="Animation, or a folder for it; what exists is replaced.")
    ] = None,
    resume: Resume = False,
    cut_background: Annotated[
        bool, typer.Option("--cut-background", help="Remove the plain background of a picture without transparency.")
    ] = False,
    detail: Annotated[
        int | None,
        typer.Option(metavar="N", help="Train a decoder too, which draws it with N pixels a cell, 2 to 16."),
    ] = None,
) -> None:
    """Train a rule that grows an emoji or a picture, and animate it.

    Writes NAME.gif, NAME.png and NAME.safetensors, and keeps the run in NAME.run, from which --resume goes on. Ends
    with exit code 1 if it has not learned.
    """
    _compute()
    from ffnca.train_commands import Wanted, checked_budget, grow_target

    wanted = Wanted(target, size, cut_background, detail)
    _report(grow_target(wanted, checked_budget(minutes, updates), seed, out, resume))


@app.command(cls=ExportCommand)
def export(
    world: WorldName,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Ends .gif, .png (sheet), .apng, .webp, .mp4; or .html, .onnx, .h, .rle."),
    ],
    steps: Annotated[
        int | None,
        typer.Option(help="How many steps; 200 if not given, in a story 220, for an .rle 0.", min=0, max=100_000),
    ] = None,
    every: Annotated[
        int, typer.Option(metavar="K", help="A frame every K steps, and one of the last.", min=1, max=100_000)
    ] = 1,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 25.0,
    scale: Annotated[
        int | None, typer.Option(help="Pixels a cell; about 400 in all, 800 for several.", min=1, max=64)
    ] = None,
    seed: Seed = 0,
    wound: Annotated[
        list[str] | None, typer.Option(metavar="STEP[:X,Y,R]", help="Erase a disc, in cells; may be repeated.")
    ] = None,
    story: Annotated[
        str | None,
        typer.Option(
            "--story",
            metavar="[ACTS]",
            help="Say what happens, hold the end for 2 seconds; ACTS: grow,wound,heal[,wound,heal ...] or fewer.",
        ),
    ] = None,
    tiles: Annotated[int, typer.Option(metavar="N", help="N seeds side by side, from --seed on, up to 64.")] = 1,
    compare: Annotated[
        list[str] | None,
        typer.Option(metavar="WORLD ...", help="One to five worlds beside the first, each with its title under it."),
    ] = None,
    show: Annotated[str, typer.Option(metavar="VIEW", help="Such as colour, health, channel:K, tiles.")] = "colour",
    background: Annotated[
        str | None, typer.Option(metavar="COLOUR", help="#rrggbb, #rgb, a CSS name, or transparent.")
    ] = None,
    palette: Annotated[
        str | None,
        typer.Option(
            metavar="LIKED.json|target", help="Recolour by what is liked and disliked; or the target's colours alone."
        ),
    ] = None,
    caption: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Text under the picture; {title} and {step} are filled in.")
    ] = None,
    loop: Annotated[
        int | None, typer.Option(metavar="N", help="Play it N times; 0, or not given, for ever.", min=0, max=65_535)
    ] = None,
    hold: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="How long the last frame stays, up to 60.")
    ] = None,
    poster: Annotated[Path | None, typer.Option(metavar="OUT.png", help="The last frame, as a still.")] = None,
    which: Which = None,
    angle: Angle = 0.0,
    detail: Detail = None,
) -> None:
    """Write an animation of worlds, a step as ONNX or C, a state as RLE.

    ffnca export lizard out.gif --story grow,wound,heal --background transparent

    ffnca export lizard out.webp --tiles 9 --steps 400 --every 4

    ffnca export lizard out.mp4 --compare butterfly fish

    ffnca export lizard rule.onnx

    ffnca export life later.rle --steps 60
    """
    _compute()
    from ffnca.commands import Play, export_world
    from ffnca.export.look import Look
    from ffnca.export.story import Acts
    from ffnca.export.timing import Timing

    acts = Acts.parsed(story) if story else None
    play = Play(steps, tuple(wound or ()), story is not None, acts, every, tiles, tuple(compare or ()))
    look, timing = Look.parsed(show, palette, background, caption), Timing(fps, hold, loop)
    request = _request(world, None, seed, which, angle, detail)
    typer.echo(export_world(request, out, play, look, timing, scale=scale, poster=poster))


@app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Weights (.json, .npz, .safetensors, .pt), .rle, .cells, animals.json."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Ends .safetensors for weights, .toml for the others.")],
    target: Annotated[
        str | None, typer.Option(metavar="PICTURE", help="What the weights should grow, for measures and pictures.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Longer side of the target in cells; 40 if not given.")] = None,
    perception: Annotated[
        str | None, typer.Option(metavar="ORDER", help="grouped or interleaved: the order of what a cell sees.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="CODE", help="Which of Lenia's animals; code or name.")] = None,
) -> None:
    """Take weights or a pattern of another program.

    Writes a rule file, or a world file for patterns and Lenia's animals.
    """
    _compute()
    from ffnca.interchange.importing import Wanted, import_file

    typer.echo(import_file(file, out, Wanted(target, size, perception, name)))


@app.command("eval")
def evaluate(
    world: WorldName,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(metavar="OUT.png", help="A picture: each wound before and after.")] = None,
    which: Which = None,
    angle: Angle = 0.0,
    long: Annotated[
        bool, typer.Option("--long", help="Any world: its measures at great ages; does it rest, recur or wander?")
    ] = False,
    steps: Annotated[
        int | None,
        typer.Option(help="With --long: how far, 1000000 if not given.", min=1, max=NUM_STEPS_MAX),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="N|HxW", help="With --long: grid size instead of the world's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a trained creature: error by age, healing, health map.

    With --long: relative MSE and other measures at 10,000, 100,000 and 1,000,000 steps, and whether the state is a
    fixed point, periodic or wandering. Where no chance is in a step, states are compared number by number. Where cells
    fire at random, a fixed point is a state in which no number would change by more than 0.001, whatever fires, and
    which has not moved by more than that in the last nine tenths; exact if nothing would change.
    """
    _compute()
    from ffnca.evaluating import certify_world, evaluate_world

    _check_long(long, steps, size, out)
    request = _request(world, size, seed, which, angle)
    evaluation = certify_world(request, steps or LONG_STEPS) if long else evaluate_world(request, out)
    if as_json:
        print_json(evaluation.table)
        return
    print_rows(["measure", "value"], evaluation.rows, world)


@app.command()
def bench(
    only: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Only rows with TEXT in their name; may be repeated.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small sizes, few repeats: to see that it works, not how fast it is.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="OUT", help="Ends .json, or .png for a plot.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how fast it is here, beside references in the same run.

    Steps, a training round, Life, Lenia, time to the first frame, imports, memory; each in turn with its reference.
    """
    _compute()
    from ffnca.bench.table import Wanted, in_words
    from ffnca.bench.writing import benchmark

    wanted = Wanted.chosen(tuple(only or ()), quick=quick)
    figures = benchmark(wanted, out)
    if as_json:
        print_json(figures)
        return
    print_rows(["measured", "", "beside", "", "ratio"], map(in_words, figures["rows"] + figures["memory"]))


@app.command(short_help="Grow, wound and heal a shipped creature: demo.gif, demo.png.")
def demo() -> None:
    """Grow, wound and heal a shipped creature; writes demo.gif and demo.png."""
    _compute()
    from ffnca.commands import demonstrate

    typer.echo(demonstrate(_DEMO_STEPS, _DEMO_WOUND))


def _request(world: str, size: str | None, seed: int, which: str | None, angle: float, detail: int | None = None):
    from ffnca.systems.base import Request, parsed_size

    return Request(world, None if size is None else parsed_size(size), seed, which, angle, detail=detail)


def _check_long(long: bool, steps: int | None, size: str | None, out: Path | None) -> None:
    """Refuse options that the kind of measuring makes no use of."""
    from ffnca.errors import InputError

    wrong = {"--out": out} if long else {"--steps": steps, "--size": size}
    for name, value in wrong.items():
        if value is not None:
            raise InputError(f"{name} {value}: allowed {'without' if long else 'with'} --long")


def _compute(coordinator: str | None = None, processes: int | None = None, process_id: int | None = None) -> None:
    from ffnca import computing
    from ffnca.processes import Together

    computing.make_ready(Together.chosen(coordinator, processes, process_id))


def _report(outcome) -> None:
    """Say what a training came to."""
    typer.echo(outcome.line)
    if outcome.shortfall is not None:
        terminal.say(outcome.shortfall)
        raise typer.Exit(NOT_LEARNED)


def main() -> None:
    """Entry point: one line on stderr and exit code 2 for bad input, 130 for Ctrl-C, 1 for what was not foreseen."""
    terminal.make_ready()
    sys.exit(terminal.flushed(exit_code(lambda: app(standalone_mode=False))))
