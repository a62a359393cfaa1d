"""A real window on a real X server, with a real pointer and keyboard."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool, see CONTRIBUTING"
    ),
]


GROWN = 0.11
"""Share of the picture that a grown fish covers, and a little less."""


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual screen of its own."""
    read, write = os.pipe()
    # Without `-noreset` it begins anew whenever its last client leaves, and throws out one that comes at that moment.
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as numbers:
        yield f":{int(numbers.readline())}"
    server.terminate()
    server.wait(10)


def test_a_real_pointer_wounds_a_real_creature(display: str, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SDL_", "WAYLAND"))}
    environment["DISPLAY"] = display

    def user(*arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    def pressed(key: str, wait: float = 0.4) -> None:
        user("key", key)
        time.sleep(wait)

    def picture(name: str) -> np.ndarray:
        pressed("p")
        while not (tmp_path / name).exists():
            assert window.poll() is None
            time.sleep(0.1)
        return np.asarray(Image.open(tmp_path / name))

    def under_pointer() -> str:
        found = user("mousemove", "640", "450", "getmouselocation", "--shell")
        return dict(line.split("=") for line in found.splitlines())["WINDOW"]

    root = under_pointer()
    command = [sys.executable, "-m", "ffnca", "view", "fish", "--out", str(tmp_path), "--json"]
    window = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        identity = root
        while identity == root and window.poll() is None:
            time.sleep(0.5)
            identity = under_pointer()
        assert identity != root, f"no window came: {window.communicate()}"
        user("windowfocus", "--sync", identity)
        number, before = 1, picture("fish.png")
        while (before != 255).any(-1).mean() < GROWN:
            number, before = number + 1, picture(f"fish-{number + 1}.png")
        pressed("space")
        before = picture(f"fish-{number + 1}.png")
        sides = dict(line.split("=") for line in user("getwindowgeometry", "--shell", identity).splitlines())
        panel = 236 * min(max(min(int(sides["WIDTH"]) / 1000, int(sides["HEIGHT"]) / 720), 0.8), 4.0)
        strip = round(2.9 * 19 * panel / 236)
        middle = (int(sides["WIDTH"]) - round(panel)) // 2, (int(sides["HEIGHT"]) - strip) // 2
        user("mousemove", str(int(sides["X"]) + middle[0]), str(int(sides["Y"]) + middle[1]))
        user("click", "1")
        time.sleep(0.4)
        after = picture(f"fish-{number + 2}.png")
        pressed("ctrl+q")
        out, err = window.communicate()
    finally:
        window.kill()
    assert window.returncode == 0, err
    assert json.loads(out)["steps"] > 20
    assert (before != 255).any()
    changed = (before != after).any(-1)
    rows, columns = np.nonzero(changed)
    assert len(rows), "the click changed nothing"
    assert (after[changed] == 255).all()
    centre, scale = before.shape[0] / 2, before.shape[0] // 48
    assert np.hypot(rows - centre, columns - centre).max() < 6.5 * scale
