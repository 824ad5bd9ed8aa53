"""The command that the pages name fills the rows that need a language model, over HTTP."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml

import tiny
from crslab_causal.command_line.main import main
from crslab_causal.experiments.analysis.record import read_record

TABLES = {'recommendation': ['table2'], 'generation': ['table4_redial', 'table6_redial']}
ANSWER = {'explanation': 'because', 'ranking': [2, 1, 3], 'titles': ['Alien'], 'response': 'Try it.', 'reasoning': 'so'}


@pytest.fixture
def project(workplace, redial, llm_server, monkeypatch):
    """The rows of the repository that need a language model, and their recommender, over a tiny corpus."""
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
        suite['quick'] = {'seeds': 1, 'set': {'rec.epoch': 1, 'kg_edge_threshold': 0}}
        (folder / f'{name}.yaml').write_text(yaml.safe_dump(suite), 'utf-8')
    url = llm_server.plan(answer=ANSWER)
    monkeypatch.setenv('OPENAI_BASE_URL', url)
    monkeypatch.setenv('OPENAI_API_KEY', 'secret-key')
    return ['--quick', '--data_path', str(redial), '--jobs', '1'], url


def test_the_command_on_the_page_fills_every_row_that_needs_a_language_model(project, workplace, llm_server):
    flags, url = project
    results = workplace / 'results-quick'
    assert main(['experiments', *TABLES, *flags]) == 0
    for name in TABLES:
        page = (results / f'{name}.md').read_text('utf-8')
        assert page.count(' (needs an LLM) |') == {'recommendation': 4, 'generation': 8}[name]
        assert not llm_server.log(url) or name != 'recommendation'
        command = re.search(r'The rows that need an LLM are measured by `crslab-causal (.+?)`\.', page)[1]
        assert main([*command.split(), *flags]) == 0

        page = (results / f'{name}.md').read_text('utf-8')
        assert 'need an LLM' not in page and 'needs an LLM' not in page
        record = read_record(results / f'{name}.json')
        for table in record.tables:
            for row in table.rows:
                assert row.note is None and row.runs and row.scores['all'], row.title
                if row.title == 'w/o LLM' or row.id == 'paper' or table.kind == 'generation':
                    continue
                (score,) = row.scores['all']['recall@10']
                low, high = row.intervals['all']['recall@10']
                assert low <= score <= high
        assert [metric for table in record.tables for metric in table.metrics].count('recall@3') == (
            name == 'generation'
        )
    sent = llm_server.log(url)
    assert sent and all(entry['key_sent'] for entry in sent)
    written = ''.join(path.read_text('utf-8') for path in workplace.rglob('*.js*') if path.is_file())
    assert 'secret-key' not in written and 'Try it.' in written
