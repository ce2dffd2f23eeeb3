"""Pictures that are stylised in tiles, since they need more memory than they may take."""

import numpy as np
import pytest

from pipeline.core import descent, step_memory
from pipeline.errors import TooLargeError
from pipeline.settings.settings import Settings
from tests.support.stylizing import followed, make, picture
from tests.support.tiny_weights import WIDTHS

SIZE = (96, 112)
SHALLOW = {
    "content_layers": {"block2_conv2": 1.0},
    "style_layers": {"block1_conv1": 1.0, "block2_conv1": 1.0},
    "optimizer": "projected-lbfgs",
    "steps": 8,
}


def just_too_little(**settings) -> int:
    """One byte less than a step on a picture of SIZE takes."""
    return step_memory.untiled(Settings(**SHALLOW | settings), SIZE, WIDTHS).memory - 1


@pytest.mark.parametrize("optimizer", ["adam", "projected-lbfgs"])
def test_the_pastiche_in_tiles_is_that_of_the_whole_picture(optimizer):
    changes = SHALLOW | {"optimizer": optimizer, "init": "noise"}
    memory = just_too_little(optimizer=optimizer)
    whole, infos = followed(make(**changes), picture(0, *SIZE))
    tiled, tiled_infos = followed(make(memory=memory, **changes), picture(0, *SIZE))
    assert step_memory.step_plan(Settings(**changes, memory=memory), SIZE, WIDTHS).grid is not None
    assert [info.losses["total"] for info in tiled_infos] == pytest.approx(
        [info.losses["total"] for info in infos], rel=1e-3
    )
    assert np.abs(tiled.pixels - whole.pixels).mean() < 0.05
    assert np.abs(tiled.pixels - picture(0, *SIZE)).mean() > 5


def test_the_same_memory_gives_the_same_bytes():
    memory = just_too_little()
    first, second = (
        make(**SHALLOW, memory=memory).stylize(picture(0, *SIZE)).pixels.tobytes() for _ in range(2)
    )
    assert first == second


def test_a_picture_that_fits_has_the_bytes_of_no_memory_given():
    memory = just_too_little() + 1
    limited, free = (
        make(**SHALLOW, **given).stylize(picture(0, *SIZE)).pixels.tobytes()
        for given in ({"memory": memory}, {})
    )
    assert limited == free


def test_a_coarse_scale_that_fits_is_not_cut(monkeypatch):
    objectives = []
    at = descent.Descent.descend

    def recorded(self, scale, pixels, aim, temporal=None):
        objectives.append((scale.size, type(aim.objective).__name__, aim.pairs))
        return at(self, scale, pixels, aim, temporal)

    monkeypatch.setattr(descent.Descent, "descend", recorded)
    make(**SHALLOW | {"steps": (3, 20)}, scales=2, memory=just_too_little(steps=(3, 20))).stylize(
        picture(0, *SIZE)
    )
    assert [(size, kind) for size, kind, _ in objectives] == [
        ((48, 56), "Objective"),
        (SIZE, "TiledObjective"),
    ]
    assert objectives[0][2] == 10


def test_a_large_style_is_seen_in_tiles(monkeypatch):
    style = picture(3, 150, 200)
    changes = SHALLOW | {"size": 200}
    whole = make(styles=[style], **changes)
    monkeypatch.setattr(step_memory, "style_grid", lambda *_: None)
    desired = whole._grams(0, 200)
    monkeypatch.undo()
    cut = make(styles=[style], **changes, memory=int(step_memory._base(whole.settings, WIDTHS)) + 10**6)
    assert step_memory.style_grid(cut.settings, style.shape[:2], WIDTHS) is not None
    actual = cut._grams(0, 200)
    for layer in desired:
        np.testing.assert_allclose(actual[layer], desired[layer], rtol=1e-4)


def test_too_little_memory_for_any_tile_is_an_error():
    with pytest.raises(TooLargeError, match="even in tiles"):
        make(**SHALLOW, memory=1000).stylize(picture(0, *SIZE))
