"""Prompts of CausalLLM that ask for titles: matching, scores and examples."""

import json
import re

import pytest
from llm_runs import ranks, recall

from crslab_causal.llm.detokenization import detokenize
from crslab_causal.quick_start import load_system


def test_titles_are_matched_to_the_catalogue_and_scored(answer, live, llm_server, data_path):
    titles = json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8'))
    written = [f'{film["title"]} ({film["year"]})' for film in list(titles.values())[:10]]
    settings, url = live(
        answer={
            'reasoning': '',
            'titles': [*written[:5], written[0], 'No Such Film (1901)', *written[5:]],
            'response': f'Watch {written[0]}.',
        }
    )
    results, records, folder = answer(*settings, 'llm.prompt=vanilla')
    expected = [int(entity) for entity in list(titles)[:10]]
    matches = [*expected[:5], expected[0], None, *expected[5:]]
    assert all(record['ranking'] == expected and record['matches'] == matches for record in records)
    assert list(results['splits']) == ['test, recommender', 'test, vanilla', 'test, vanilla, empty places kept']
    dropped, kept = (results['splits'][f'test, vanilla{end}'] for end in ('', ', empty places kept'))
    for scores, first_ten in ((dropped, expected), (kept, matches[:10])):
        hits = sum(record['label'] in first_ten for record in records)
        assert scores['all']['recall@10'] == pytest.approx(hits / 30)
    lines = ranks(folder, kind='llm_ranks')
    assert [line['label'] for line in lines] == [record['label'] for record in records]
    for group, field in (('all', 'rank'), ('new', 'rank'), ('new_unseen', 'rank_unseen')):
        of_group = [line for line in lines if group == 'all' or not line['repeat']]
        for k in (1, 10):  # the scores are the means over the lines
            assert kept[group][f'recall@{k}'] == pytest.approx(recall(of_group, field, k))
    assert dropped['coverage@10'] > kept['coverage@10']
    assert results['llm']['titles'] == 12 * 30 and results['llm']['titles_not_matched'] == pytest.approx(1 / 12)
    assert results['llm']['candidate_recall'] is None and results['llm']['generation']['names_other_item'] is None
    text = (folder / 'llm_results.md').read_text('utf-8')
    assert 'no candidates shown' in text and 'Labels among' not in text and '8.33 % are not in the catalogue' in text
    assert not any('<candidates>' in entry['text'] for entry in llm_server.log(url))


def test_few_shot_examples_are_turns_of_the_training_data(answer, live, llm_server, data_path, tmp_path, trained):
    settings, url = live(answer={'titles': ['No Such Film (1901)'], 'response': 'I do not know.'})
    results, records, folder = answer(*settings, 'llm.prompt=few_shot', 'llm.examples=2')
    assert {tuple(record['ranking']) for record in records} == {()} and results['llm']['titles_not_matched'] == 1
    assert results['splits']['test, few_shot']['all']['recall@10'] == 0
    blocks = {
        re.search('<examples>\n(.*)\n</examples>', entry['text'], re.DOTALL).group(1) for entry in llm_server.log(url)
    }
    assert len(blocks) > 10
    (tmp_path / 'plain.yaml').write_text(
        f'dataset: ReDial\nmodel: CausalLLM\nkg_edge_threshold: 0\nkg_emb_dim: 16\nrecommender: {trained}\n'
    )
    system = load_system(str(tmp_path / 'plain.yaml'), settings=[f'data_path={data_path}'])
    names = system.catalogue.name_of_token
    train = {
        json.dumps(
            [{'role': role, 'text': detokenize(text, names, quote=chr(34))} for role, text in sample['context_text']]
        )
        for sample in system.train_dataloader.dataset
    }
    for lines in (block.split('\n') for block in blocks):
        starts = [i for i, line in enumerate(lines) if re.fullmatch(r'Example \d:', line)]
        assert len(starts) == 2
        for start, end in zip(starts, [*starts[1:], len(lines)]):
            assert json.dumps([json.loads(line) for line in lines[start + 1 : end - 1]]) in train
            titles = json.loads(lines[end - 1].removeprefix('Answer: '))['titles']
            assert len(set(titles)) == 20 and set(titles) <= set(system.catalogue.names.values())
    assert '0.00 % are also in the examples' in (folder / 'llm_results.md').read_text('utf-8')
