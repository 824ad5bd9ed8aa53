"""Readers of what a run of CausalLLM has written."""

import json

MODEL = 'model=CausalLLM'


def read(folder, split='test'):
    results = json.loads((folder / 'llm_results.json').read_text('utf-8'))
    lines = (folder / f'llm_{split}.jsonl').read_text('utf-8').splitlines()
    return results, [json.loads(line) for line in lines], folder


def ranks(folder, split='test', kind='ranks'):
    return [json.loads(line) for line in (folder / f'{kind}_{split}.jsonl').read_text('utf-8').splitlines()]


def recall(records, field, k):
    return sum(record[field] is not None and record[field] <= k for record in records) / len(records)
