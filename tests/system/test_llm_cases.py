"""Single answers of a language model, worst ones first, through the command line."""

import json
import re

import pytest

from crslab_causal.command_line.main import main
from crslab_causal.llm.records import LLMRecord, RepairCounts
from crslab_causal.system.llm_cases import loss, worst_first


def record(before, after, status='ok', conversation='c'):
    return LLMRecord(
        conversation=conversation,
        turn=1,
        label=1,
        backend='b',
        status=status,
        detail='',
        prompt_hash=None,
        explanation='',
        candidates=[1],
        ranking=[1],
        response='',
        rank_before=before,
        rank_after=after,
        repairs=RepairCounts(unknown=0, duplicate=0, missing=0),
        written=1,
        titles=[],
        matches=[],
        unmatched=0,
        copied=0,
        confidence=[],
        input_tokens=0,
        output_tokens=0,
        latency_s=0.0,
        cost_usd=None,
        replayed=False,
    )


def test_largest_loss_of_reciprocal_rank_comes_first_then_unanswered_samples():
    records = [record(3, 3), record(1, 2), record(None, 1), record(2, 2, 'length'), record(1, None), record(9, 1)]
    assert [(r.rank_before, r.rank_after) for r in worst_first(records)] == [
        (1, None), (1, 2), (2, 2), (3, 3), (9, 1), (None, 1),
    ]  # fmt: skip
    assert loss(record(1, 4)) == 0.75 and loss(record(None, 2)) == -0.5


@pytest.fixture
def finished(run, trained, llm_server):
    """Return the folder of a run in which the model puts the last of five candidates first."""
    answer = {'explanation': 'Because it is last.', 'ranking': [5, 4, 3, 2, 1], 'response': 'Watch something.'}
    url = llm_server.plan(answer=answer, rates={'refusal': 0.1}, seed=3)
    keys = ('mode=live', f'base_url={url}', 'candidates=5', 'oracle=label')
    _, folder = run('model=CausalLLM', f'recommender={trained}', *(f'llm.{key}' for key in keys))
    return folder


def test_worst_answers_are_printed_with_conversation_and_remarks(finished, data_path, capsys):
    records = [LLMRecord.model_validate_json(line) for line in (finished / 'llm_test.jsonl').read_text().splitlines()]
    capsys.readouterr()
    assert main(['cases', str(finished), '--worst', '4', '--data-path', str(data_path)]) == 0
    output = capsys.readouterr().out
    cases = re.split(r'^(?=## \d+\. )', output, flags=re.MULTILINE)[1:]
    assert len(cases) == 4
    for expected, text in zip(worst_first(records)[:4], cases, strict=True):
        assert f'Conversation {expected.conversation}, turn {expected.turn}: ' in text
        assert f'Rank of the label: {expected.rank_before or "none"} before, {expected.rank_after} after.' in text
        is_ok = expected.status == 'ok'
        assert '- Seeker: ' in text and '@' not in text
        assert ('Explanation: Because it is last.' in text) == is_ok
        assert ('the response does not name the first item' in text) == is_ok
        assert ('Remarks: refusal (I cannot help with that.)' in text) == (not is_ok)
        after = re.search('^After: 1. (.*), 2. ', text, re.MULTILINE)[1]
        titles = json.loads((data_path / 'redial/nltk/movie_titles.json').read_text('utf-8'))
        film = titles[str(expected.ranking[0])]
        assert after == f'{film["title"]} ({film["year"]})'
    losses = [loss(r) for r in worst_first(records)]
    assert losses == sorted(losses, reverse=True) and losses[0] > 0


def test_mistakes_are_reported_in_one_line(finished, tmp_path, data_path, capsys):
    (tmp_path / 'other').mkdir()
    (finished / 'llm_valid.jsonl').write_text('{"conversation": 3}\n')
    for arguments, message in (
        ([str(tmp_path / 'other')], 'llm_test.jsonl: cannot be read'),
        ([str(finished), '--worst', '0'], '--worst'),
        ([str(finished), '--split', 'valid'], 'llm_valid.jsonl, line 1: '),
    ):
        capsys.readouterr()
        assert main(['cases', *arguments, '--data-path', str(data_path)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith('error: ') and message in line
