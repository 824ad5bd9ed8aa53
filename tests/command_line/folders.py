"""What runs leave in folders."""

import json
import re

import torch

import tiny


def contents(folder):
    return {
        name: content
        for name, (_, content) in tiny.snapshot(folder).items()
        if not re.fullmatch(r'config\d+\.yaml', name)
    }


def edit(path, change):
    content = json.loads(path.read_text('utf-8'))
    change(content)
    path.write_text(json.dumps(content), 'utf-8')


def the_run(workplace, save_path='save', model='CausalKBRD', seed=2020):
    return workplace / save_path / f'ReDial_{model}' / f'mine_seed{seed}'


def outcome(folder):
    """Everything a run computed: scores, course, ranks, and weights where they were saved."""
    results = json.loads((folder / 'results.json').read_text('utf-8'))
    ranks = {path.name: path.read_text('utf-8') for path in sorted(folder.glob('ranks_*.jsonl'))}
    weights = {
        path.name: {
            name: value.tolist() if isinstance(value, torch.Tensor) else value
            for name, value in torch.load(path, weights_only=True)['model'].items()
        }
        for path in folder.glob('*.pth')
    }
    return {key: results[key] for key in ('splits', 'epochs', 'best_epoch', 'seed')}, ranks, weights
