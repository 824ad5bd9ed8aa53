"""The commands that the page about the paper names fill the rows that need a language model, over HTTP."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest
import yaml

import tiny
from crslab_causal.command_line.main import main
from crslab_causal.experiments.analysis.record import read_record
from crslab_causal.experiments.reporting.paper.figures import read_figures

TABLES = {'recommendation': ['table2'], 'generation': ['table4_redial', 'table6_redial']}
ANSWER = {'explanation': 'because', 'ranking': [2, 1, 3], 'titles': ['Alien'], 'response': 'Try it.', 'reasoning': 'so'}


@pytest.fixture(autouse=True)
def forked_workers():
    """Workers of the usual kind. A process that is forked from a server does not have the environment of the test."""


def titles(folder):
    """Return ten titles of no film, and then the films that the recommenders of the test split name most."""
    read = {name: json.loads((folder / f'{name}.json').read_text('utf-8')) for name in ('entity2id', 'movie_titles')}
    dialogues = json.loads((folder / 'test_data.json').read_text('utf-8'))
    turns = (turn for dialogue in dialogues for turn in dialogue['dialog'] if turn['role'] == 'Recommender')
    named = Counter(film for turn in turns for film in turn['movies']).most_common(10)
    films = [read['movie_titles'][str(read['entity2id'][film])] for film, _ in named]
    return [f'No Such Film {i} (1901)' for i in range(10)] + [f'{film["title"]} ({film["year"]})' for film in films]


@pytest.fixture
def project(workplace, data_path, llm_server, monkeypatch):
    """The rows of the repository that need a language model, and their recommender, over a small corpus."""
    shutil.copytree(tiny.ROOT / 'config', workplace / 'config', ignore=shutil.ignore_patterns('experiments'))
    folder = workplace / 'config' / 'experiments'
    folder.mkdir()
    for name, tables in TABLES.items():
        suite = yaml.safe_load((tiny.ROOT / 'config' / 'experiments' / f'{name}.yaml').read_text('utf-8'))
        suite['tables'] = [table for table in suite['tables'] if table['name'] in tables]
        for table in suite['tables']:
            table.pop('reference', None)
            table['rows'] = [
                row
                for row in table['rows']
                if (row.get('needs') == 'llm' and not row['title'].startswith('control'))
                or row.get('id') in ('paper', 'recommender')
            ]
        suite['cases'] = []
        suite['quick']['set'] |= {'rec.epoch': 1, 'kg_edge_threshold': 0}
        (folder / f'{name}.yaml').write_text(yaml.safe_dump(suite), 'utf-8')
    url = llm_server.plan(answer=ANSWER | {'titles': titles(data_path / 'redial' / 'nltk')})
    monkeypatch.setenv('OPENAI_BASE_URL', url)
    monkeypatch.setenv('OPENAI_API_KEY', 'secret-key')
    return ['--quick', '--data_path', str(data_path), '--jobs', '1'], url


def test_the_commands_of_the_page_fill_every_row_that_needs_a_language_model(project, workplace, llm_server):
    flags, url = project
    results = workplace / 'results-quick'
    commands = sorted({row.command for table in read_figures().tables for row in table.rows if row.command})
    assert [command.split()[2] for command in commands] == sorted(TABLES)
    for command in commands:
        program, *arguments = command.split()
        assert program == 'crslab-causal' and main([*arguments, *flags]) == 0
    for name in TABLES:
        assert 'an LLM' not in (results / f'{name}.md').read_text('utf-8').partition('\n**')[2]
        for table in read_record(results / f'{name}.json').tables:
            assert all(row.note is None and row.runs for row in table.rows)
            for row in table.rows:
                if table.kind == 'recommendation' and row.id is None:  # one run has an interval over conversations
                    for group, by_metric in row.intervals.items():
                        for metric, (low, high) in by_metric.items():
                            (score,) = row.scores[group][metric]
                            assert low <= score <= high, (row.title, group, metric)
                            if score == 0:  # no sample has a score, whichever conversations are drawn
                                assert high == 0, (row.title, group, metric)
                    assert row.intervals['all'].keys() == row.scores['all'].keys()
    sent = llm_server.log(url)
    assert sent and all(entry['key_sent'] for entry in sent)
    written = ''.join(path.read_text('utf-8') for path in workplace.rglob('*.js*') if path.is_file())
    assert 'secret-key' not in written and 'Try it.' in written
