"""A saved run is scored on one file with the entity links of several sources."""

from __future__ import annotations

import json

import pytest

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.entity_links import OF_DATA, OF_FILE, OF_LINKER, compare_links, with_links_of


@pytest.fixture
def saved(data_path, run, tmp_path):
    """A saved run, the published file that stands in for CRSLab's, and the comparison."""
    results, _ = run(flags=['-ss'])
    published = json.loads((data_path / 'redial' / 'nltk' / 'valid_data.json').read_text('utf-8'))

    def compared(change=lambda utterance: None, settings=()):
        for conversation in published:
            for utterance in conversation['dialog']:
                change(utterance)
        path = tmp_path / 'published.json'
        path.write_text(json.dumps(published), 'utf-8')
        settings = [f'data_path={json.dumps(str(data_path))}', 'seed=1', *settings]
        return compare_links(str(tmp_path / 'small.yaml'), settings, lambda: path)

    return results, published, compared


def test_equal_links_have_the_scores_of_the_run_and_no_difference(saved):
    results, _, compared = saved
    outcome = compared()
    of_file, of_data, of_linker = outcome.rows
    assert [row.title for row in outcome.rows] == [OF_FILE, OF_DATA, OF_LINKER]
    assert of_file.scores == pytest.approx(results['splits']['valid']['all'])
    assert of_data.scores == of_file.scores and of_data.links == of_file.links > 0
    assert {tuple(difference[:3]) for difference in of_data.differences.values()} == {(0.0, 0.0, 0.0)}
    assert outcome.samples == results['splits']['valid']['samples']
    assert len(list(outcome.lines())) == 1 + 3 * (1 + len(of_file.scores))
    assert json.loads(json.dumps(outcome.record()))['rows'][1]['differences'].keys() == of_file.scores.keys()


def test_the_difference_is_that_of_the_links_alone(saved):
    results, _, compared = saved
    outcome = compared(lambda utterance: utterance.update(entity=[]))
    of_file, of_data, _ = outcome.rows
    assert of_file.links == 0 and of_file.scores != of_data.scores
    assert of_data.scores == pytest.approx(results['splits']['valid']['all'])  # the links of the data are put back
    for name, difference in of_data.differences.items():
        assert difference.mean == pytest.approx(of_data.scores[name] - of_file.scores[name])
        assert difference.low <= difference.mean <= difference.high


def test_the_linker_reads_the_text_alone(saved):
    _, _, compared = saved
    with_links = compared().rows[2]
    without = compared(lambda utterance: utterance.update(entity=[])).rows[2]
    assert with_links.links == without.links and with_links.scores == without.scores


def test_a_file_of_other_conversations_is_refused(saved):
    _, published, _ = saved
    for others, said in (
        (published[1:], 'lacks conversation'),
        ([{**published[0], 'dialog': published[0]['dialog'][1:]}, *published[1:]], 'has another number of utterances'),
    ):
        with pytest.raises(UserError, match=f'own.json: {said}'):
            with_links_of(published, others, 'own.json')


def test_a_run_that_is_not_there_is_said_before_anything_is_downloaded(saved, tmp_path):
    with pytest.raises(UserError, match='train first with --save-system'):
        saved[2](settings=['run_name=nobody'])
