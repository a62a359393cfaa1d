"""Frames on disk: they come back as they were, equal ones are kept once."""

import numpy as np
import pytest

from ffnca.export.reel import Reel


def frames(num_frames):
    return np.random.default_rng(0).integers(0, 256, (num_frames, 5, 7, 3), dtype=np.uint8)


def test_frames_come_back_in_any_order(tmp_path):
    taken = frames(6)
    with Reel(tmp_path, 3) as reel:
        reel.extend(iter(taken))
        assert (len(reel), reel.shape) == (6, (5, 7, 3))
        for index in (5, 0, 3, 3, 1):
            np.testing.assert_array_equal(reel[index], taken[index])
        reel.extend(taken[:1])  # also after reading
        np.testing.assert_array_equal(reel[6], taken[0])
        np.testing.assert_array_equal(reel[2], taken[2])
    assert list(tmp_path.iterdir()) == []


def test_equal_frames_are_known(tmp_path):
    taken = frames(2)[[0, 0, 1, 0]]
    with Reel(tmp_path, 3) as reel:
        reel.extend(taken)
        assert [reel.same(0, other) for other in range(4)] == [True, True, False, True]
        assert len(reel) == 4


def test_a_frame_may_be_changed_once_it_is_taken(tmp_path):
    canvas = np.zeros((5, 7, 3), np.uint8)

    def drawn():
        for level in (10, 20, 20):
            canvas[:] = level
            yield canvas

    with Reel(tmp_path, 3) as reel:
        reel.extend(drawn())
        assert [int(reel[index][0, 0, 0]) for index in range(3)] == [10, 20, 20]


@pytest.mark.parametrize("wrong", [np.zeros((5, 7, 4), np.uint8), np.zeros((5, 7, 3)), np.zeros((5, 6, 3), np.uint8)])
def test_other_frames_are_refused(tmp_path, wrong):
    with Reel(tmp_path, 3) as reel:
        reel.extend(frames(1))
        with pytest.raises(ValueError, match="frames"):
            reel.extend([wrong])
