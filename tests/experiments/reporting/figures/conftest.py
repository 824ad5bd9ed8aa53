"""Reading the texts of a drawn figure."""

from itertools import combinations

import pytest


@pytest.fixture
def read_figure(monkeypatch):
    """Draw a figure as it is saved, check that no text is cut off or overlaps another, and return the texts."""
    from matplotlib.text import Text

    from crslab_causal.experiments.reporting.figures.style import styled

    def read_figure(figure):
        drawn = {}  # ticks outside the limits have labels as well, but these are not drawn

        def draw(text, renderer, *args, **kwargs):
            if text.get_visible() and text.get_text().strip():
                drawn[id(text)] = text
            return original(text, renderer, *args, **kwargs)

        original = Text.draw
        with monkeypatch.context() as patch, styled():
            patch.setattr(Text, 'draw', draw)
            figure.canvas.draw()
            boxes = {key: text.get_window_extent() for key, text in drawn.items()}
        page = figure.bbox.padded(2)
        for key, box in boxes.items():
            assert page.fully_containsx(box.x0) and page.fully_containsx(box.x1), f'cut off: {drawn[key].get_text()!r}'
            assert page.fully_containsy(box.y0) and page.fully_containsy(box.y1), f'cut off: {drawn[key].get_text()!r}'
        for first, second in combinations(boxes, 2):
            assert not boxes[first].padded(-1).overlaps(boxes[second].padded(-1)), (
                f'{drawn[first].get_text()!r} is over {drawn[second].get_text()!r}'
            )
        return [text.get_text() for text in drawn.values()]

    return read_figure
