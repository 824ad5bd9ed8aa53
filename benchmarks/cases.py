"""The measurements of ``benchmarks/speed.py``, each in its own process: ``benchmarks/cases.py CASE ...``.

The command prints one line of JSON. Times are in seconds, memory in MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

import torch  # noqa: E402

from benchmarks.evaluation import evaluation, ranking  # noqa: E402
from benchmarks.growth import growth  # noqa: E402
from benchmarks.harness import OURS, Trainer, make_batches, peak, prepared, reset_peak, times  # noqa: E402
from benchmarks.rivals import FORMS  # noqa: E402
from crslab_causal.base.process_setup import configure_process  # noqa: E402

# ---------------------------------------------------------------- data


def prepare(arguments: argparse.Namespace) -> dict:
    """Load a dataset, and write what an update needs into the cache."""
    from crslab_causal import register
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import get_dataloader, get_dataset, use_directories

    register()
    config = Config(ROOT / 'config' / f'causal_{arguments.dataset}.yaml', '-1', [f'data_path={arguments.data_path}'])
    use_directories(config['data_path'], config['save_path'])
    dataset = get_dataset(config, config['tokenize'], False, False)
    samples = {}
    for split, data in (('train', dataset.train_data), ('valid', dataset.valid_data)):
        dataloader = get_dataloader(config, data, dataset.vocab)
        dataloader.drop_labels_outside_catalogue()
        samples[split] = [(s['context_entities'], s['item']) for s in dataloader.samples]
    vocab = {key: value for key, value in dataset.vocab.items() if isinstance(value, int)}
    side_data = {key: dataset.side_data[key] for key in ('item_entity_ids', 'mentioned_entity_ids')}
    side_data['entity_kg'] = {key: dataset.side_data['entity_kg'][key] for key in ('edge', 'n_relation')}
    file = arguments.cache / f'{arguments.dataset}.pkl'
    file.write_bytes(pickle.dumps((dict(config.opt), vocab, side_data, samples)))
    return {
        'samples': {split: len(s) for split, s in samples.items()},
        'entities': vocab['n_entity'],
        'relations': side_data['entity_kg']['n_relation'],
        'edges': len(side_data['entity_kg']['edge']),
        'items': len(side_data['item_entity_ids']),
    }


# ---------------------------------------------------------------- steps and epochs


def step(arguments: argparse.Namespace) -> dict:
    """Measure one update at one batch size, and the peak memory over the loaded data."""
    opt, vocab, side_data, samples = prepared(arguments)
    device = torch.device(arguments.device)
    before = reset_peak()
    trainer = Trainer(arguments.form, opt, vocab, side_data, device)
    n_batch = arguments.repeats + arguments.warm_up
    batches = []
    while len(batches) < n_batch:
        batches += list(make_batches(samples['train'], arguments.batch_size, device))[: n_batch - len(batches)]
    following = iter(batches)
    result = times(lambda: trainer.update([next(following)]), arguments.repeats, arguments.warm_up, device)
    memory = torch.cuda.max_memory_allocated(device) if device.type == 'cuda' else peak() - before
    return {'seconds': result, 'memory': memory / 2**20, 'parameters': trainer.parameters()}


def epoch(arguments: argparse.Namespace) -> dict:
    """Measure a whole epoch, including the construction of its batches."""
    opt, vocab, side_data, samples = prepared(arguments)
    device = torch.device(arguments.device)
    before = reset_peak()
    trainer = Trainer(arguments.form, opt, vocab, side_data, device)

    def run() -> None:
        group = []
        for batch in make_batches(samples['train'], arguments.batch_size, device):
            group.append(batch)
            if len(group) == arguments.update_freq:
                trainer.update(group)
                group = []
        if group:
            trainer.update(group)

    return {'seconds': times(run, arguments.repeats, arguments.warm_up, device), 'memory': (peak() - before) / 2**20}


def traffic(arguments: argparse.Namespace) -> dict:
    """Measure the parts of our update: the bytes that each has to move, its time, and the speed of a copy.

    Every tensor is counted once for each time that it would have to be read or written without a cache. That is a lower
    bound of these passes, and an upper bound of the traffic with the main memory.
    """
    opt, vocab, side_data, samples = prepared(arguments)
    trainer = Trainer('ours', opt, vocab, side_data, torch.device('cpu'))
    model, rgcn = trainer.model, trainer.model.rgcn
    d, batch_size = rgcn.embedding_dim, arguments.batch_size
    edge, h, pair = len(rgcn.index) * d, rgcn.n_row * d, rgcn.n_pair * d
    logits = 2 * batch_size * model.n_item
    floats = {
        'H forward: a row for each edge, self-loop, ReLU': edge + 5 * h,
        'loss forward: items, logits and their gradient': model.n_item * d + 4 * logits,
        'loss backward: items twice, gradients': 3 * model.n_item * d + 4 * logits,
        'H backward: a row for each edge, one for each pair': edge + pair + 3 * h,
        'Adam: parameter, gradient and both moments read, three written': 7 * trainer.parameters(),
    }
    batches = list(make_batches(samples['train'], batch_size, torch.device('cpu')))[:40]
    seconds: dict[str, list[float]] = {name: [] for name in floats}
    for batch in batches:
        marks = [time.perf_counter()]

        def mark() -> None:
            marks.append(time.perf_counter())

        trainer.optimizer.zero_grad()
        embedding = model.entity_embedding()
        mark()
        leaf = embedding.detach().requires_grad_()
        with model.shared_entity_embedding(leaf):
            loss = trainer.loss(batch)
            mark()
            loss.backward()
            gradient = model._shared.grad
        mark()
        embedding.backward(gradient)
        mark()
        trainer.optimizer.step()
        mark()
        for name, start, end in zip(seconds, marks, marks[1:]):
            seconds[name].append(end - start)
    source, target = torch.ones(2**26), torch.zeros(2**26)
    copies = times(lambda: target.copy_(source), 9, 2)
    return {
        'parts': {name: {'mib': 4 * n / 2**20, 'seconds': seconds[name][5:]} for name, n in floats.items()},
        'copy_mib_per_second': [2 * 4 * 2**26 / 2**20 / s for s in copies],
    }


# ---------------------------------------------------------------- loading, one user


def loading(arguments: argparse.Namespace) -> dict:
    """Measure the way from files to batches, with the dataset and the dataloaders of CRSLab's KBRD or ours."""
    from crslab_causal import register
    from crslab_causal.config import Config
    from crslab_causal.crslab_compat import (
        ReDialDataset,
        dataset_register_table,
        get_dataloader,
        get_dataset,
        use_directories,
    )

    register()
    is_ours = arguments.form == 'ours'
    model = 'CausalKBRD' if is_ours else 'KBRD'
    config = Config(
        ROOT / 'config' / f'causal_{arguments.dataset}.yaml',
        '-1',
        [f'data_path={arguments.data_path}', f'model={model}', f'save_path={arguments.cache}'],
    )
    if not is_ours:
        dataset_register_table['ReDial'] = ReDialDataset  # CRSLab's own class
        config.opt['model_name'] = 'KBRD'  # its own dataloader
    use_directories(config['data_path'], config['save_path'])
    restore = is_ours and arguments.restore
    if restore:
        get_dataset(config, config['tokenize'], False, True)

    def run() -> None:
        dataset = get_dataset(config, config['tokenize'], restore, False)
        for data in (dataset.train_data, dataset.valid_data, dataset.test_data):
            for _ in get_dataloader(config, data, dataset.vocab).get_rec_data(32):
                pass

    return {'seconds': times(run, arguments.repeats, 0)}


def recommendation(arguments: argparse.Namespace) -> dict:
    """Measure the list for one user on one core, from a saved run: from the start of the process, and then warm."""
    from crslab_causal.quick_start import load_recommender

    torch.set_num_threads(1)
    *_, samples = prepared(arguments)
    settings = [f'data_path={arguments.data_path}', f'save_path={arguments.cache}', 'rec.epoch=1', 'run_name=speed']
    recommender = load_recommender(
        str(ROOT / 'config' / f'causal_{arguments.dataset}.yaml'), settings=settings, restore_data=True
    )
    histories = [history for history, _ in samples['valid']]
    start = time.perf_counter()
    recommender.recommend(histories[0], 50)
    first = time.perf_counter() - start
    cold = time.time() - arguments.started
    following = iter(histories[i % len(histories)] for i in range(arguments.repeats + 1))
    return {
        'cold': cold,
        'first': first,
        'seconds': times(lambda: recommender.recommend(next(following), 50), arguments.repeats, 0),
    }


CASES = {
    case.__name__: case
    for case in (prepare, step, epoch, traffic, ranking, evaluation, loading, recommendation, growth)
}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description='Run one measurement of benchmarks/speed.py.')
    parser.add_argument('case', choices=CASES)
    parser.add_argument('--data-path', '--data_path', type=Path)
    parser.add_argument('--cache', type=Path)
    parser.add_argument('--dataset', default='redial')
    parser.add_argument('--form', default='ours', choices=[*FORMS, *OURS, 'crslab'])
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    for name, default in (
        ('batch_size', 32),
        ('update_freq', 1),
        ('repeats', 5),
        ('warm_up', 1),
        ('factor', 1),
        ('density', 1),
    ):
        parser.add_argument(f'--{name}', type=int, default=default)
    parser.add_argument('--num-neighbors', '--num_neighbors', type=int)
    parser.add_argument('--samples', type=int, help='number of samples of the valid split (default: all)')
    parser.add_argument('--restore', action='store_true')
    parser.add_argument('--full', action='store_true')
    parser.add_argument('--started', type=float, default=0.0)
    arguments = parser.parse_args()
    from loguru import logger

    logger.remove()
    configure_process()  # as run_crslab.py does
    torch.set_num_threads(arguments.threads)
    print(json.dumps(CASES[arguments.case](arguments)))


if __name__ == '__main__':
    main()
