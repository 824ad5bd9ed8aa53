"""The page that compares two systems blindly, in a real browser."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest
from real_server import ROOT
from test_web_page import LIVE, Page

from crslab_causal.chat.web.compare import ComparedSystem
from crslab_causal.chat.web.server import make_comparison_server
from crslab_causal.experiments.human.votes import read_votes
from crslab_causal.quick_start import load_system

PICTURES = os.environ.get('CRSLAB_CAUSAL_PICTURES')
"""Folder for pictures of the page, if it is set."""


@pytest.fixture
def site(recommender, tmp_path, monkeypatch):
    """Address of a page that compares the offline chat with a dead language model, and the file of its votes."""
    monkeypatch.setenv('OPENAI_API_KEY', 'none')
    trained, data = recommender
    common = (f'data_path={data}', f'save_path={trained.parent.parent}')
    votes = tmp_path / 'votes.jsonl'
    offline, live = (
        load_system(str(ROOT / 'config' / 'causal_demo.yaml'), settings=[*common, *settings]).conversation()
        for settings in (('rec.epoch=2', 'run_name=trained'), (f'recommender={trained}', *LIVE))
    )
    with offline as one, live as other, socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        server = make_comparison_server((ComparedSystem('offline', one), ComparedSystem('dead', other)), votes)
        thread = threading.Thread(target=server.run, kwargs={'sockets': [listener]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f'http://127.0.0.1:{listener.getsockname()[1]}/', votes
        server.should_exit = True
        thread.join()


class ComparePage(Page):
    """The page in a browser window; ``press`` uses the keyboard alone."""

    def press(self, *keys):
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)
        self.wait()

    def say(self, text):
        self.press(text, '\n')

    def focused(self):
        return self.driver.switch_to.active_element.text

    def picture(self, name):
        if PICTURES:
            self.driver.save_screenshot(str(Path(PICTURES) / f'{name}.png'))


@pytest.mark.parametrize('width', [1100, 390])
def test_blind_comparison_by_keyboard(site, width):
    address, votes = site
    page = ComparePage(address, width)
    try:
        assert not page.driver.find_element('css selector', '#choices button').is_enabled()
        hostile = '<img src=x onerror="document.title=1">' + 'W' * 200
        for text in ('I loved The Folded Keepers. A drama?', hostile, 'something else'):
            page.say(text)
            assert page.texts('#left .me')[-1] == page.texts('#right .me')[-1] == text
        assert page.driver.title == 'Compare two film chats' and page.texts('#left img') == []
        before = page.driver.find_element('tag name', 'body').text
        assert 'dead' not in before and 'offline' not in before and 'gpt' not in before
        assert 'the language model gave no usable answer' in before
        assert page.driver.execute_script('return document.documentElement.scrollWidth') <= width
        page.picture(f'compare_{width}')
        for focused in ('Send to both', '', 'Left', 'Right'):
            page.press('\t')
            assert page.focused() == focused
            if not focused:
                page.press('a comment')
        page.press('\n')
        (vote,) = read_votes([votes])
        assert (vote.choice, vote.comment) == ('right', 'a comment') and [turn.text for turn in vote.turns][
            1
        ] == hostile
        assert page.texts('#name-right') == [f'Right: {vote.right}'] and page.focused() == 'New comparison'
        page.picture(f'compare_{width}_voted')
        page.press('\n')
        assert page.texts('#name-right') == ['Right'] and page.texts('#left p') == []
        page.say('I loved The Folded Keepers')
        assert len(page.texts('#left .me')) == 1 and page.texts('#error') == ['']
        assert [entry for entry in page.driver.get_log('browser') if entry['level'] == 'SEVERE'] == []
    finally:
        page.driver.quit()
