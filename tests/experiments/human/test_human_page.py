"""The page for raters: its content, its script under Node, and the whole page in a browser if one is installed."""

import json
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from human_world import write_lines

import crslab_causal.experiments.human.page as page
from crslab_causal.experiments.human.kit import FORM, PAGE
from crslab_causal.experiments.human.ratings import read_ratings

SCRIPT = Path(page.__file__).parent / 'page' / 'page.js'


class Seen(HTMLParser):
    """Collects texts by class, and all elements and attributes."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.elements, self.attributes, self._open = {}, [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes += attributes
        if tag not in ('meta', 'input', 'img', 'br'):
            self._open.append((tag, dict(attributes)))
            self.texts.setdefault(dict(attributes).get('class'), []).append('')

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self._open:
            self.texts[self._open[-1][1].get('class')][-1] += data


def responses(systems, key):
    """Return the responses of each system to the contexts of the kit."""
    known = {
        (name, record['conversation'], record['turn'], record['label']): record['response']
        for name, path in systems.items()
        for record in map(json.loads, Path(path).read_text().splitlines())
    }
    return [
        known[system, item.conversation, item.turn, item.label]
        for item in key.items
        for _, system in sorted(item.letters.items())
        if system in systems
    ]


def test_the_page_contains_every_response_as_text_and_nothing_else(kit, world):
    folder, key = kit
    text = (folder / PAGE).read_text('utf-8')
    seen = Seen(text)
    shown = seen.texts['response']
    assert len(shown) == 8 * 3
    assert [response for response in shown if not response.startswith('Reference')] == responses(world()[1], key)
    assert '<img' not in text and text.count('<script') == 2 and 'img' not in seen.elements
    assert not any(name.startswith('on') for name, _ in seen.attributes)
    assert not any(name in ('src', 'href', 'action') for name, _ in seen.attributes)  # loads and sends nothing
    data = json.loads(seen.texts[None][-2])
    assert data['kit'] == key.kit and len(data['rows']) == 24


def test_names_of_systems_and_conversations_are_in_neither_form(world, tmp_path):
    from crslab_causal.experiments.analysis.answers import read_contexts
    from crslab_causal.experiments.human.kit import make_kit

    contexts, systems = world()
    plain = {name: tmp_path / f'{name}-plain.jsonl' for name in systems}
    for name, path in plain.items():
        lines = [json.loads(line) for line in Path(systems[name]).read_text().splitlines()]
        write_lines(path, [line | {'response': f'Watch film {line["label"]}'} for line in lines])
    names = {'SYSTEM-ONE': str(plain['causal']), 'SYSTEM-TWO': str(plain['vanilla'])}
    key = make_kit(tmp_path / 'plain', names, contexts, n=3)
    for file in (FORM, PAGE):
        text = (tmp_path / 'plain' / file).read_text('utf-8')
        assert 'SYSTEM-' not in text and '-plain' not in text
        for turn in read_contexts(contexts):
            assert f'Reference to {turn[0]}' not in text  # which would give the turn away
    assert key.items[0].id == 'c001'


# ---------------------------------------------------------------- its script


def node(call, data):
    """Return the value of a call of the page's script."""
    path = shutil.which('node')
    if path is None:
        pytest.skip('no Node: the script of the page is not run here')
    code = (
        f'const page = require({json.dumps(str(SCRIPT))}); const data = JSON.parse(process.argv[1]); '
        f'process.stdout.write(JSON.stringify({call}))'
    )
    done = subprocess.run([path, '-e', code, json.dumps(data)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def page_data(folder):
    return json.loads(Seen((folder / PAGE).read_text('utf-8')).texts[None][-2])


def test_the_page_without_ratings_saves_the_bytes_of_the_form(kit):
    folder, _ = kit
    assert node('page.csvOf(data, {})', page_data(folder)).encode() == (folder / FORM).read_bytes()


def test_saved_ratings_can_be_read(kit, fill, tmp_path):
    folder, key = kit
    data = page_data(folder)
    letters = {item.id: item.letters for item in key.items}

    def rate(system, criterion, context):
        return 1 + (len(system) + 3 * len(criterion) + int(context[1:])) % 5

    data['ratings'] = {
        f'{row[1]} {row[2]} {criterion}': rate(letters[row[1]][row[2]], criterion, row[1])
        for row in data['rows']
        for criterion in data['criteria']
    }
    text = node('page.csvOf(data, data.ratings)', data)
    assert text.encode() == fill('ann', rate).read_bytes()
    assert node('page.missing(data, data.ratings)', data) == []


def test_stored_ratings_of_another_kit_are_ignored(kit):
    data = page_data(kit[0])
    first = f'{data["rows"][0][1]} {data["rows"][0][2]} {data["criteria"][0]}'
    data['kept'] = json.dumps({'rater': 'Ann', 'at': 2, 'ratings': {first: 4, 'c999 A fluency': 3, 'x': 9}})
    assert node('page.restored(data, data.kept)', data) == {'rater': 'Ann', 'at': 2, 'ratings': {first: 4}}
    assert len(node('page.missing(data, page.restored(data, data.kept).ratings)', data)) == 8 * 3 * 3 - 1
    nothing = {'rater': '', 'at': 0, 'ratings': {}}
    for kept in ('null', '{', '3', f'{{"ratings": {{"{first}": 6}}, "at": 0.5, "rater": 1}}', '{"ratings": null}'):
        data['kept'] = kept
        assert node('page.restored(data, data.kept)', data) == nothing


@pytest.mark.parametrize(('name', 'file'), [('Ann', 'ann.csv'), ('Zoë / 2', 'zoë_2.csv'), ('../李', '李.csv')])
def test_the_file_is_named_after_the_rater(name, file):
    assert node('page.fileName(data)', name) == file


# ---------------------------------------------------------------- in a browser


def test_a_rater_can_rate_by_mouse_and_keyboard_and_save(kit, browser, tmp_path):
    folder, key = kit
    downloads = tmp_path / 'downloads'
    downloads.mkdir()
    browser.send('Browser.setDownloadBehavior', behavior='allow', downloadPath=str(downloads))
    browser.open((folder / PAGE).as_uri())
    visible = "[...document.querySelectorAll('#ratings > section')].filter(s => s.offsetParent).map(s => s.id)"
    assert browser.run(visible) == ['c001']
    assert browser.run("document.getElementById('done').textContent") == '0 of 8 done'

    browser.press('4', '5', '2')  # the first response, criterion by criterion
    assert browser.run('document.activeElement.name') == 'c001 B fluency'
    browser.press('ArrowRight')  # as radio buttons do: the next one, and it is chosen
    assert browser.run('document.querySelector(\'input[name="c001 B fluency"]:checked\').value') == '2'
    browser.press('7', '0')  # not on the scale
    assert browser.run("document.querySelectorAll('input:checked').length") == 4
    browser.press('n')
    assert browser.run(visible) == ['c002']

    browser.open((folder / PAGE).as_uri())  # later
    assert browser.run(visible) == ['c002'] and browser.run("document.querySelectorAll('input:checked').length") == 4
    browser.press('u')
    assert browser.run(visible) == ['c001']
    browser.press(*'33333')  # what is left of it, the second question of B onwards
    assert browser.run("document.getElementById('done').textContent") == '1 of 8 done'
    assert browser.run('document.activeElement.id') == 'next'
    browser.press('Enter')
    for context in range(2, 9):
        assert browser.run(visible) == [f'c00{context}']
        browser.press(*'123451234')
        browser.press('Enter' if context < 8 else 'Tab')
    assert browser.run("document.getElementById('done').textContent") == '8 of 8 done'

    browser.run("document.getElementById('save').click()")
    assert 'Write your name first' in browser.run("document.getElementById('status').textContent")
    browser.press(*'Ann')
    browser.run("document.getElementById('save').click()")
    file, end = downloads / 'ann.csv', time.monotonic() + 20
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    scores = read_ratings(key, [file]).scores[0]
    by_letter = {
        item.id: {
            letter: scores[i, list(key.systems).index(system)].tolist() for letter, system in item.letters.items()
        }
        for i, item in enumerate(key.items)
    }
    assert by_letter['c001'] == {'A': [4, 5, 2], 'B': [2, 3, 3], 'C': [3, 3, 3]}
    assert all(by_letter[f'c00{i}'] == {'A': [1, 2, 3], 'B': [4, 5, 1], 'C': [2, 3, 4]} for i in range(2, 9))
    assert np.isin(scores, range(1, 6)).all()

    assert browser.run('window.hacked') is None
    assert not browser.reported('Runtime.exceptionThrown') and not browser.reported('Log.entryAdded')
    asked = {event['request']['url'].partition(':')[0] for event in browser.reported('Network.requestWillBeSent')}
    assert asked <= {'file', 'blob'}


def test_unescaped_text_is_not_run(kit, browser):
    folder, _ = kit
    path = folder / PAGE
    bad = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"><p class="response">'
    path.write_text(path.read_text('utf-8').replace('<p class="response">', bad, 1), 'utf-8')
    browser.open(path.as_uri())
    assert browser.run('window.hacked') is None
    assert any('Content Security Policy' in event['entry']['text'] for event in browser.reported('Log.entryAdded'))
    assert browser.run("document.getElementById('done').textContent") == '0 of 8 done'  # the page's own script is


def test_a_narrow_screen_needs_no_horizontal_scrolling(kit, browser):
    browser.send('Emulation.setDeviceMetricsOverride', width=360, height=740, deviceScaleFactor=1, mobile=False)
    browser.open((kit[0] / PAGE).as_uri())
    assert browser.run('document.documentElement.scrollWidth') <= 360
