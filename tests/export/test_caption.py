"""Captions: what may stand in them, and how they fit."""

import numpy as np
import pytest

from ffnca.errors import InputError
from ffnca.export import caption
from ffnca.export.caption import MAX_CHARACTERS, NUM_SHADES, CaptionRow, Captions, checked_caption, drawable
from ffnca.render import ink_on

WHITE = (255, 255, 255)


@pytest.mark.parametrize("text", ["plain", "{title}, step {step}", "{{step}}", "Ωmega → Žluť, Ж", " two\n lines "])
def test_captions_that_are_taken(text):
    assert checked_caption(text) == " ".join(text.split())


@pytest.mark.parametrize(
    "text",
    ["{", "}", "{}", "{0}", "{name}", "{step!r}", "{step:04d}", "{title.upper}", "{title[0]}", "{ step}", "{step"],
)
def test_only_two_names_stand_between_braces(text):
    with pytest.raises(InputError, match=r"allowed between braces are \{title\} and \{step\}"):
        checked_caption(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [("a 🦎", "U+1F98E"), ("魚", "U+9B5A"), ("a\0b", "U+0000"), ("\x1b[0m", "U+001B"), ("שלום", "U+05E9")],
)
def test_what_cannot_be_drawn_is_refused_by_name(text, named):
    with pytest.raises(InputError, match=named.replace("+", r"\+")) as raised:
        checked_caption(text)
    assert str(raised.value).isascii()
    assert str(raised.value).isprintable()


def test_a_caption_has_an_end():
    checked_caption("a" * MAX_CHARACTERS)
    with pytest.raises(InputError, match=f"{MAX_CHARACTERS + 1} characters"):
        checked_caption("a" * (MAX_CHARACTERS + 1))


def test_accents_are_composed():
    assert drawable("e\u0301") == "\u00e9"


def inked(captions, frame=0):
    """Where the ink of a strip lies."""
    return (np.abs(captions.strip(frame).astype(int) - WHITE).sum(-1) > 200).nonzero()


@pytest.mark.parametrize("width", [40, 72, 150, 400])
def test_text_stays_inside_whatever_the_width(width):
    captions = Captions(["a lizard which grows from one cell, step 5"], width, WHITE)
    strip = captions.strip(0)
    assert strip.shape == (captions.height, width, 3)
    rows, columns = inked(captions)
    assert 0 < rows.min() <= rows.max() < captions.height - 1
    assert 0 < columns.min() <= columns.max() < width - 1
    middle = (columns.min() + columns.max()) / 2
    assert middle == pytest.approx(width / 2, abs=2)


def test_a_word_without_gaps_is_broken_and_nothing_of_it_is_lost():
    for text in ("m" * 30, "a lizard " + "m" * 30 + " grows", "word " * 9):
        lines = caption.wrapped(text, 10, 80)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(0 < inked(Captions([line], 84, WHITE))[1].max() < 83 for line in lines)
    with pytest.raises(InputError, match=r"lines on 20 pixels; allowed: .* larger --scale"):
        Captions(["m" * 30], 20, WHITE)


def test_long_text_has_smaller_letters_and_short_text_the_height_of_the_longest():
    short, long = (Captions([text], 200, WHITE) for text in ("word", "word " * 14))
    assert len(inked(short)[0]) > len(inked(long)[0]) / 14
    both = Captions(["word", "word " * 14], 200, WHITE)
    assert both.strip(0).shape == both.strip(1).shape == (both.height, 200, 3)
    np.testing.assert_array_equal(both.strip(1), long.strip(0))


@pytest.mark.parametrize("paper", [WHITE, (0, 0, 0), (118, 118, 118), (0, 0, 128), (255, 165, 0)])
def test_text_has_few_shades_and_stands_out(paper):
    strip = Captions(["A lizard grows"], 300, paper).strip(0)
    assert len(np.unique(strip.reshape(-1, 3), axis=0)) <= NUM_SHADES
    assert (strip == ink_on(paper)).all(-1).any()
    levels = np.sort([relative_luminance(colour) for colour in (paper, ink_on(paper))])
    assert (levels[1] + 0.05) / (levels[0] + 0.05) >= 4.5


def relative_luminance(colour):
    """By the definition of WCAG 2."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in np.array(colour) / 255]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_text_on_nothing_has_a_white_halo():
    strip = Captions(["A lizard grows"], 300, None).strip(0).astype(int)
    ink = (strip[..., :3] < 128).all(-1) & (strip[..., 3] > 0)
    assert ink.sum() > 100
    assert (strip[ink][:, 3] == 255).all()
    rim = (strip[..., 3] > 200) & (strip[..., :3] > 250).all(-1)
    assert rim.sum() > ink.sum()
    assert not strip[strip[..., 3] == 0].any()


@pytest.mark.parametrize("paper", [None, (10, 20, 90)])
def test_panels_have_their_captions_in_letters_of_one_size(paper):
    width, gap = 2 * 120 + 12, 12
    row = CaptionRow([("one", "a name which needs many more letters"), ("two", "three")], width, gap, paper)
    strip = row.strip(0)
    assert strip.shape == (row.height, width, 3 if paper else 4)
    both = Captions(["one", "a name which needs many more letters"], 120, paper)
    np.testing.assert_array_equal(strip[:, :120], both.strip(0))
    np.testing.assert_array_equal(strip[:, 132:], both.strip(1))
    assert (strip[:, 120:132] == (paper or (0, 0, 0, 0))).all()
    assert (row.strip(1) != strip).any()
