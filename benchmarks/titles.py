"""Measure how long it takes to match 4,000 lists of 20 titles, as a language model writes them, to ReDial's items.

python benchmarks/titles.py --data-path path/to/data
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from crslab_causal.data.dataset.mention_order import display_name  # noqa: E402
from crslab_causal.llm.entity_linking.titles import TitleMatcher  # noqa: E402

SAMPLES, TITLES = 4000, 20


def altered(name: str, rng: random.Random) -> str:
    """Return a name as a model may write it: numbered, without its year, in lower case, or with a missing letter."""
    kind = rng.randrange(6)
    if kind == 0:
        return f'{rng.randrange(1, 21)}. {name}'
    if kind == 1:
        return name.partition(' (')[0]
    if kind == 2:
        return name.lower()
    if kind == 3 and len(name) > 6:
        position = rng.randrange(1, len(name) - 1)
        return name[:position] + name[position + 1 :]
    return f'The {name} of {rng.randrange(10**6)}' if kind == 4 else name


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description='Measure the matching of titles to the items of ReDial.')
    parser.add_argument('--data-path', '--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    folder = parser.parse_args().data_path / 'redial' / 'nltk'
    entities = {i: uri for uri, i in json.loads((folder / 'entity2id.json').read_text('utf-8')).items()}
    names = [display_name(entities[i]) for i in json.loads((folder / 'movie_ids.json').read_text('utf-8'))]
    rng = random.Random(0)
    written = [altered(rng.choice(names), rng) for _ in range(SAMPLES * TITLES)]
    start = time.perf_counter()
    matcher = TitleMatcher(names)
    built = time.perf_counter()
    matches = matcher.match_all(written)
    end = time.perf_counter()
    print(
        f'{len(written)} titles ({len(set(written))} different) against {len(names)} items: '
        f'{built - start:.2f} s to build, {end - built:.2f} s to match; '
        f'{matches.count(None) / len(matches):.1%} matched nothing'
    )


if __name__ == '__main__':
    main()
