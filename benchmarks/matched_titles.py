"""Measure which share of the titles that language models wrote is found in a catalogue, by a recorded run.

    python benchmarks/matched_titles.py --data-path data/dataset save/.../llm_test.jsonl
    python benchmarks/matched_titles.py --data-path data/dataset extracted.jsonl

A record is a file ``llm_<split>.jsonl`` of this package with titles in free form, or a file ``extracted.jsonl`` of He
et al. (https://github.com/AaronHeee/LLMs-as-Zero-Shot-Conversational-RecSys), whose key ``rec_list`` has the titles.
The titles are matched twice: to the names that the items have in DBpedia, and to the titles and years of
``movie_titles.json``, which this package uses. The eight files ``extracted.jsonl`` of GPT-3.5 and GPT-4 for INSPIRED's
test conversations have 36,382 titles. Of these, 84.9 % are found among ReDial's items by the titles and years of
``movie_titles.json``, and 76.1 % by the names in DBpedia.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from crslab_causal.base.tables import markdown_table  # noqa: E402
from crslab_causal.data.dataset.display_names import display_names  # noqa: E402
from crslab_causal.data.dataset.films import films_from_titles  # noqa: E402
from crslab_causal.llm.entity_linking.titles import TitleMatcher  # noqa: E402


def titles_of(record: dict[str, Any]) -> list[str]:
    """Return the titles in a line of a record."""
    return record.get('titles') or [entry['movie_name'] for entry in record.get('rec_list', [])]


def read_titles(path: Path) -> Iterator[str]:
    """Yield all titles of a file."""
    with path.open(encoding='utf-8') as file:
        for line in file:
            yield from titles_of(json.loads(line))


def matchers(folder: Path) -> dict[str, TitleMatcher]:
    """Return a matcher for each way to name the items of ReDial."""
    vocabulary = json.loads((folder / 'entity2id.json').read_text('utf-8'))
    entities = {i: uri for uri, i in vocabulary.items()}
    items = json.loads((folder / 'movie_ids.json').read_text('utf-8'))
    films = films_from_titles(json.loads((folder / 'movie_titles.json').read_text('utf-8')), items)
    named = {
        'names in DBpedia': display_names(entities, items, {}),
        'titles and years': display_names(entities, items, films),
    }
    return {way: TitleMatcher([names[item] for item in items]) for way, names in named.items()}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('records', type=Path, nargs='+', help='files with recorded titles')
    parser.add_argument('--data-path', '--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    flags = parser.parse_args()
    ways = matchers(flags.data_path / 'redial' / 'nltk')
    rows: list[list[str]] = []
    for path in [*flags.records, None]:
        titles = [title for each in ([path] if path else flags.records) for title in read_titles(each)]
        if not titles:
            sys.exit(f'error: {path}: has no titles; name a record of a prompt that asks for titles in free form')
        if path is None and len(flags.records) == 1:
            break
        matched = [matcher.match_all(titles) for matcher in ways.values()]
        shares = [f'{100 * (1 - matches.count(None) / len(matches)):.1f} %' for matches in matched]
        rows.append([path.name if path else 'all', f'{len(titles):,}', f'{len(set(titles)):,}', *shares])
    print(markdown_table(['record', 'titles', 'different', *ways], rows))


if __name__ == '__main__':
    main()
