"""Every page and every dialog at every size, in two themes and without colour: the pictures are kept as text."""

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.screen import ModalScreen
from textual.strip import Strip

from tests.ui.gallery import (
    SHOTS,
    SIZES,
    SMALL,
    Shot,
    come_to,
    faint,
    grey,
    in_front,
    in_theme,
    picture,
    resized,
    texts,
)
from tests.ui.opening import opened
from tests.ui.scenery import every_state

pytestmark = pytest.mark.anyio
LEAST = 4.5  # what WCAG asks of text at level AA


class TextPictures(SingleFileSnapshotExtension):
    """Keeps one text file for each page."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


@pytest.mark.parametrize("shot", SHOTS, ids=[shot.name for shot in SHOTS])
async def test_the_picture_of(shot: Shot, snapshot: SnapshotAssertion) -> None:
    handle = every_state()
    shot.before(handle)
    pictures = []
    themes = ["dark", "light"]
    async with opened(handle, (120, 40)) as one:
        await come_to(one, shot)
        for size in SIZES:
            if isinstance(one.app.screen, ModalScreen) and size not in SMALL:
                continue
            await resized(one, size)
            found: dict[str, tuple[Strip, ...]] = {}
            for name in themes:
                await in_theme(one, name)
                found[name] = in_front(one)
                assert faint(found[name], LEAST) == set()
            themes.reverse()  # the theme that is shown needs no change
            assert texts(found["dark"]) == texts(found["light"])
            pictures.append(picture(size, [found["dark"], found["light"], grey(found["dark"])]))
    assert snapshot.use_extension(TextPictures) == "\n".join(pictures)
