"""Recommend items for a history, and show what the last mention contributes to the list.

The second list is the paper's intervention (Eq 5): the model computes it with the last mention masked. The data are
generated, so nothing is downloaded. The script writes to the folders ``data`` and ``save`` of the current directory.
"""

from crslab_causal.quick_start import load_recommender, run

SETTINGS = {'rec.epoch': 5}
HISTORY = ['Horror', 'The Folded Keepers (1984)']
"""A genre and a film of the generated catalogue, in order of mention."""


def main() -> None:
    """Print the list with and without the last mention of the history."""
    run('causal_demo', SETTINGS, save_system=True)
    recommender = load_recommender('causal_demo', settings=SETTINGS)  # finds the run by the same settings

    entity_of_name = {recommender.names[entity]: entity for entity in recommender.entities}
    history = [entity_of_name[name] for name in HISTORY]
    observed = recommender.recommend(history, k=5)
    masked = recommender.recommend(history, k=1000, masked=True)
    rank_when_masked = {item.entity: rank for rank, item in enumerate(masked, start=1)}

    print(f'\nHistory: {", ".join(HISTORY)}')
    for rank, item in enumerate(observed, start=1):
        print(f'{rank}. {item.name:40s} rank without "{HISTORY[-1]}": {rank_when_masked[item.entity]}')


if __name__ == '__main__':
    main()
