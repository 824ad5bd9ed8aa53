"""Two files of conversations are compared utterance by utterance, and each difference has a kind."""

from __future__ import annotations

import copy
import json

import pytest
import stand_ins

import tiny
from crslab_causal.command_line.main import main
from crslab_causal.prepare import comparison, preparation
from crslab_causal.prepare.comparison import compare

ENTITIES = stand_ins.REDIAL_ENTITIES
TRAIN = stand_ins.CRSLAB['train']


def changed(change) -> list[dict]:
    """The training conversations, after a change of them."""
    conversations = copy.deepcopy(TRAIN)
    change(conversations)
    return conversations


def test_equal_files_have_no_difference():
    outcome = compare(TRAIN, changed(lambda c: c.reverse()), ENTITIES)
    assert (outcome.conversations, outcome.utterances, outcome.equal, outcome.differences) == (2, 7, 7, [])
    assert (outcome.links.first, outcome.links.second, outcome.links.common) == (2, 2, 2)


@pytest.mark.parametrize(
    'change, kinds, equal',
    [
        (lambda c: c[0]['dialog'][1].update(role='Seeker'), [comparison.ROLE], 6),
        (lambda c: c[0]['dialog'][1].update(movies=[]), [comparison.FILMS], 6),
        (lambda c: c[0]['dialog'][1].update(word=['watch']), [comparison.CONCEPTS], 6),
        (lambda c: c[0]['dialog'][3].update(text=['bye']), [comparison.WORDS], 6),
        (lambda c: c[0]['dialog'][3].update(text=['B', 'ye']), [comparison.BORDERS], 6),
        (
            lambda c: c[0]['dialog'][2].update(text="ok. I have n't seen @102".split(), word=['seen']),
            [comparison.PERIOD, comparison.CONCEPTS_FOLLOW],
            6,
        ),
        (lambda c: c[1]['dialog'].pop(), [comparison.ONLY_FIRST], 6),
        (lambda c: c[1]['dialog'].append(c[0]['dialog'][0]), [comparison.ONLY_SECOND], 7),
        (lambda c: c.pop(0), [comparison.ONLY_FIRST] * 4, 3),
        (lambda c: c.append({'conv_id': 'more', 'dialog': c[0]['dialog'][:2]}), [comparison.ONLY_SECOND] * 2, 7),
    ],
)
def test_each_difference_has_its_kind(change, kinds, equal):
    outcome = compare(TRAIN, changed(change), ENTITIES)
    assert [difference.kind for difference in outcome.differences] == kinds
    assert (outcome.utterances, outcome.equal) == (7, equal)


def test_periods_inside_abbreviations_and_ellipses_are_not_periods_after_words():
    def kind(first: str, second: str) -> str:
        conversations = [[stand_ins.numbered('1', stand_ins.said(stand_ins.S, text))] for text in (first, second)]
        (difference,) = compare(*conversations, ENTITIES).differences
        return difference.kind

    assert kind('in U.S. custody', 'in U.S . custody') == comparison.PERIOD
    assert kind('well...', 'well ...') == comparison.BORDERS
    assert kind('ok .', 'ok !') == comparison.WORDS


def test_links_outside_the_entities_are_counted_apart():
    outcome = compare(TRAIN, changed(lambda c: c[0]['dialog'][0].update(entity=['<unknown>', 'x'])), ENTITIES)
    links = outcome.links
    assert (links.first, links.first_known, links.second, links.second_known, links.common) == (2, 2, 3, 1, 1)


@pytest.fixture
def valid(server, manifest, tmp_path, monkeypatch, capsys):
    """The command ``compare valid`` on the stand-ins: its status, and what it says."""
    known = preparation.download.__kwdefaults__
    monkeypatch.setattr(preparation.download, '__kwdefaults__', known | {'manifest': manifest})
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')

    def valid(*more: str) -> tuple[int, str, str]:
        status = main(
            ['compare', 'valid', '--data-path', str(tmp_path / 'data'), '--mirror', server.address, *map(str, more)]
        )
        return status, *capsys.readouterr()

    return valid


def test_the_raw_conversations_become_the_published_file(valid, tmp_path):
    status, said, _ = valid('--record', tmp_path / 'record.json')
    assert status == 0
    assert '2 of 2 utterances in 1 conversations have equal tokens, films, concepts and roles' in said
    record = json.loads((tmp_path / 'record.json').read_text('utf-8'))
    assert (record['utterances'], record['equal'], record['differences']) == (2, 2, [])
    assert not (tmp_path / 'data' / 'redial').exists()  # nothing is prepared


def test_another_file_is_compared_and_its_differences_are_shown(valid, tmp_path):
    other = copy.deepcopy(stand_ins.CRSLAB['valid'])
    other[0]['dialog'][1]['text'][-2:] = ['@102?']
    (tmp_path / 'other.json').write_text(json.dumps(other), 'utf-8')
    status, said, _ = valid('--with', tmp_path / 'other.json')
    assert status == 0 and '1 of 2 utterances' in said
    assert f'1  {comparison.BORDERS}, as in conversation {stand_ins.VALID_ID}, utterance 1' in said


@pytest.mark.parametrize('content, said', [(None, 'no such file'), ('{', 'not valid JSON'), ('{}', 'not a list of')])
def test_a_file_that_cannot_be_compared_is_one_line_and_nothing_is_downloaded(valid, tmp_path, server, content, said):
    if content is not None:
        (tmp_path / 'other.json').write_text(content, 'utf-8')
    status, _, error = valid('--with', tmp_path / 'other.json')
    assert status == 2 and said in error and len(error.splitlines()) == 1
    assert not server.requests


def test_the_page_about_data_names_the_recorded_figures():
    page = ' '.join((tiny.ROOT / 'docs' / 'data.md').read_text('utf-8').split())
    converted, tables, links = (
        json.loads((tiny.ROOT / 'results' / 'data' / f'{name}.json').read_text('utf-8'))
        for name in ('redial_valid', 'redial_valid_of_tables', 'redial_links')
    )
    assert f'{converted["equal"]:,} of {converted["utterances"]:,} utterances' in page
    assert f'{tables["equal"]:,} of {tables["utterances"]:,} utterances' in page
    first = links['rows'][0]
    for row in links['rows']:
        assert f'| {row["links"]:,} | {100 * row["scores"]["recall@50"]:.2f} |' in page
        if row is not first:
            by = row['differences']['recall@50']
            assert f'{100 * by["mean"]:+.2f} [{100 * by["low"]:+.2f}, {100 * by["high"]:+.2f}]' in page
