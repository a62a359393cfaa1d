"""Learning in the page: seconds until a painted face of 16x16 grows with a relative MSE under 0.1 and under 0.01.

    python scripts/page_learning.py [--seeds 5] [--size 16] [--units 96] [--seconds 60] [--window] [--write]

In Debian's Chromium without a window, by the package playwright; the learner in a worker, as in the page. A line a
seed: seconds of one core (those of the browser's process for the page) and of the clock until the page shows it, and
the relative MSE at the end of the budget. The page shows a new growth at most every half second. With `--window` the
same for what learns behind the pygame window, its start and its compilation among them; there a growth of 200 steps is
measured for every rule that the window would show.
"""

import argparse
import os
import time
from pathlib import Path
from statistics import median

import jax
import numpy as np
from jaxtyping import Float
from playwright.sync_api import CDPSession, Page, sync_playwright
from report import publish

from ffnca.automata.base import rollout
from ffnca.systems.growth.creature import Creature
from ffnca.systems.growth.simulated import creature_simulation
from ffnca.view.learner import Learner

CHROMIUM = "/usr/bin/chromium"
LEARN = Path(__file__).resolve().parent.parent / "ffnca" / "page" / "learn.js"
BOUNDS = (0.1, 0.01)
START = """({source, options}) => {
  const worker = new Worker(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
  let latest = {relativeMse: null}, waiting = null;
  worker.onmessage = ({data}) => {
    latest = data;
    waiting?.();
  };
  const isUnder = (bound) => latest.type === "done" || (latest.relativeMse !== null && latest.relativeMse < bound);
  window.under = (bound) => new Promise((resolve) => {
    waiting = () => isUnder(bound) && resolve(latest.relativeMse);
    waiting();
  });
  worker.postMessage({type: "start", ...options, target: Float32Array.from(options.target)});
}"""


def face(size: int) -> Float[np.ndarray, "size size 4"]:
    """A face: yellow with a rim, two eyes and a mouth, premultiplied RGBA."""
    rows, columns = 2 * np.mgrid[0:size, 0:size] / (size - 1) - 1
    radius, half = np.hypot(rows, columns), size / 2
    picture = np.zeros((size, size, 4))
    picture[radius <= (half - 0.3) / (half - 0.5)] = (0.85, 0.55, 0.1, 1)
    picture[radius <= (half - 1.4) / (half - 0.5)] = (1, 0.82, 0.2, 1)
    picture[np.hypot(np.abs(columns) - 0.38, rows + 0.28) < 0.17] = (0.15, 0.1, 0.05, 1)
    mouth = np.hypot(columns, rows - 0.05)
    picture[(rows > 0.2) & (mouth > 0.45) & (mouth < 0.68)] = (0.75, 0.1, 0.15, 1)
    return picture


def core_seconds(session: CDPSession) -> float:
    """Seconds that the processes of pages have computed."""
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")


def measured(page: Page, session: CDPSession, options: dict) -> list[float]:
    """Seconds of one core and of the clock to each bound, and the relative MSE at the end."""
    before, begun, found = core_seconds(session), time.monotonic(), []
    page.evaluate(START, {"source": LEARN.read_text(), "options": options})
    for bound in BOUNDS:
        page.evaluate("(bound) => under(bound)", bound)
        found += [core_seconds(session) - before, time.monotonic() - begun]
    return [*found, page.evaluate("() => under(-1)")]


def process_seconds(process: int) -> float:
    """Seconds that a process of this machine has computed, by Linux's own count."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def grown_error(creature: Creature) -> float:
    """Relative MSE of one growth of 200 steps."""
    simulation = creature_simulation("face", creature)
    error = simulation.relative_mse(rollout(simulation.automaton, simulation.start, 200, key=jax.random.key(0)))
    assert error is not None
    return error


def measured_in_window(picture: Float[np.ndarray, "size size 4"], seconds: float, seed: int) -> list[float]:
    """The same of the learner behind the window."""
    creature = Creature.for_picture(picture.astype(np.float32), "face")
    begun, found, error = time.monotonic(), [], float("nan")
    learner = Learner(creature, seed=seed, minutes=seconds / 60)
    try:
        while learner.learning:
            if (heard := learner.hear()) is None:
                time.sleep(0.05)
                continue
            passed = [process_seconds(learner._process.pid or 0), time.monotonic() - begun]
            error = grown_error(heard)
            while len(found) < 2 * len(BOUNDS) and error < BOUNDS[len(found) // 2]:
                found += passed
    finally:
        learner.close()
    missed = 2 * len(BOUNDS) - len(found)
    return [*found, *[float("nan")] * missed, error]


def main() -> None:
    """Print a line a seed, then the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--size", type=int, default=16, help="8 to 32 cells")
    parser.add_argument("--units", type=int, default=96)
    parser.add_argument("--seconds", type=float, default=60.0, help="the budget, over which the learning rate falls")
    parser.add_argument("--window", action="store_true", help="the learner behind the pygame window as well")
    parser.add_argument("--write", action="store_true", help="put the table into scripts/README.md")
    chosen = parser.parse_args()
    options = {"target": face(chosen.size).ravel().tolist(), "height": chosen.size, "width": chosen.size}
    options |= {"units": chosen.units, "seconds": chosen.seconds}
    heads = [f"to {bound}, {kind} s" for bound in BOUNDS for kind in ("core", "clock")]
    lines = [f"| seed | {' | '.join(heads)} | at the end |", "|---|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    rows = []

    def tell(name: str, numbers: list[float]) -> None:
        lines.append(f"| {name} | {' | '.join(f'{number:.1f}' for number in numbers[:-1])} | {numbers[-1]:.5f} |")
        print(lines[-1], flush=True)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        session = browser.new_browser_cdp_session()
        for seed in range(chosen.seeds):
            page = browser.new_page()
            rows.append(measured(page, session, options | {"seed": seed}))
            page.close()
            tell(str(seed), rows[-1])
        browser.close()
    tell("median", [median(numbers) for numbers in zip(*rows, strict=True)])
    if chosen.window:
        rows = []
        for seed in range(chosen.seeds):
            rows.append(measured_in_window(face(chosen.size), chosen.seconds, seed))
            tell(f"{seed}, window", rows[-1])
        tell("median, window", [median(numbers) for numbers in zip(*rows, strict=True)])
    if chosen.write:
        window = " --window" if chosen.window else ""
        sizes = (
            f"--seeds {chosen.seeds} --size {chosen.size} --units {chosen.units} --seconds {chosen.seconds:g}{window}"
        )
        publish("page learning", lines, f"page_learning.py {sizes} --write")


if __name__ == "__main__":
    main()
