"""Train two recommenders from Python and compare their scores.

The data are generated, so nothing is downloaded. The script writes to the folders ``data`` and ``save`` of the current
directory and takes less than a minute.
"""

from crslab_causal.quick_start import run

MODELS = ('CausalKBRD', 'TransitionCounts')


def main() -> None:
    """Print Recall@10 of each model on the test split."""
    scores = {model: run('causal_demo', {'model': model, 'rec.epoch': 5}) for model in MODELS}

    print('\nRecall@10 on the test split, in percent')
    for model, splits in scores.items():
        test = splits['test']
        print(f'{model:20s} all labels {100 * test["all"]["recall@10"]:5.1f}', end='   ')
        print(f'labels that are not in the context {100 * test["new"]["recall@10"]:5.1f}')


if __name__ == '__main__':
    main()
