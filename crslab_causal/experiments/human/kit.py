"""A rating kit: the form for raters (``form.csv`` and ``index.html``), and the key that names the hidden systems.

In each context the systems are hidden behind letters. The key, ``key.json``, says which letter is which system.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Annotated, Iterable, Mapping, Sequence

from pydantic import Field, ValidationError, model_validator

from crslab_causal.base.errors import UserError
from crslab_causal.base.files import replace_file
from crslab_causal.base.options import Options, first_mistake
from crslab_causal.base.provenance import provenance
from crslab_causal.experiments.analysis.answers import NAME_A_RUN, read_contexts
from crslab_causal.experiments.human.form import ROW_COLUMNS, FormOptions
from crslab_causal.experiments.human.inputs import REFERENCE, file_hash, read_system, reference_system
from crslab_causal.experiments.human.page import render_page
from crslab_causal.experiments.human.sample import Item, draw_items

FORM, PAGE, KEY = 'form.csv', 'index.html', 'key.json'

FORMULA = tuple('=+-@\t\r')
"""First characters of cells that a spreadsheet would execute as a formula."""


class Source(Options):
    """A file from which a kit was made: the responses of a system, or the contexts."""

    file: str
    sha256: str
    backends: list[str] = []
    """Names of the backends that gave the answers, from the file."""


class KeyItem(Options):
    """A context of the form, with the systems behind its letters."""

    id: str
    conversation: str
    turn: int
    label: int
    """Entity id of the label of the sample."""
    letters: dict[str, str]
    """Name of the system behind each letter."""


class Key(Options):
    """The content of ``key.json``, which raters must not see."""

    kit: str
    """Id of the kit: a hash of everything that raters see. Every row of the form contains it."""
    seed: int
    """Seed of the draw of the contexts and of the letters."""
    form: FormOptions
    systems: dict[str, Source]
    contexts: Source
    items: Annotated[list[KeyItem], Field(min_length=1)]
    versions: dict[str, str]
    git_commit: str | None

    @model_validator(mode='after')
    def _consistent(self) -> Key:
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError('items: an id is repeated')
        for item in self.items:
            if sorted(item.letters.values()) != sorted(self.systems):
                raise ValueError(f'items: the letters of {item.id} do not name each system once')
        return self


def make_kit(
    folder: Path,
    systems: Mapping[str, str],
    contexts: Path,
    form: FormOptions = FormOptions(),
    n: int = 100,
    seed: int = 0,
) -> Key:
    """Write a rating kit: ``form.csv`` and ``index.html`` for raters, and ``key.json``, which names the hidden systems.

    Args:
        folder: folder to write into. It must not contain a key, because ratings that belong to an overwritten key could
            not be read any more.
        systems: a file by the name of each system: ``llm_<split>.jsonl`` or ``responses_<split>.jsonl`` of a run, or
            the word ``reference`` for the responses of the human recommenders.
        contexts: file that the command ``contexts`` has written.
        form: criteria and scale.
        n: number of contexts, each from another conversation.
        seed: seed of the draw of the contexts and of the letters that hide the systems.

    Returns:
        The key of the kit.

    Raises:
        UserError: a file cannot be used, there are too few contexts, all systems are ``reference``, or the folder
            contains a key.
    """
    if (folder / KEY).exists():
        raise UserError(
            f'{folder / KEY}: belongs to another kit, and overwriting it would make the ratings of that kit '
            'unreadable; name another folder with --out'
        )
    turns = read_contexts(contexts)
    runs = {name: read_system(Path(source)) for name, source in systems.items() if source != REFERENCE}
    if not runs:
        raise UserError(f'--systems: no run among them; {NAME_A_RUN} at least')
    answered = {sample for system in runs.values() for sample in system.responses}
    all_systems = {
        name: runs[name] if name in runs else reference_system(turns, answered, contexts) for name in systems
    }
    items = draw_items(turns, all_systems, n, seed)
    kit = _kit_name(items, form)
    rows = form_rows(kit, items)
    key = Key(
        kit=kit,
        seed=seed,
        form=form,
        contexts=Source(file=str(contexts), sha256=file_hash(contexts)),
        systems={
            name: Source(file=system.file, sha256=system.sha256, backends=system.backends)
            for name, system in all_systems.items()
        },
        items=[
            KeyItem(
                id=item.id, conversation=item.sample[0], turn=item.sample[1], label=item.sample[2], letters=item.systems
            )
            for item in items
        ],
        **provenance(),
    )
    replace_file(folder / KEY, key.model_dump_json(indent=2) + '\n')
    replace_file(
        folder / FORM, csv_text([[*ROW_COLUMNS, *form.names], *([*row, *[''] * len(form.names)] for row in rows)])
    )
    replace_file(folder / PAGE, render_page(kit, form, items, rows))
    return key


def read_key(path: Path) -> Key:
    """Read the key of a kit.

    Raises:
        UserError: the file cannot be read, or is not a key.
    """
    try:
        return Key.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); name the key.json of the kit') from error
    except ValidationError as error:
        raise UserError(f'{path}: {first_mistake(error)}; restore the key.json that was made with the kit') from error


def form_rows(kit: str, items: Sequence[Item]) -> list[list[str]]:
    """Return the rows of the form without ratings: the ``ROW_COLUMNS`` of each context and letter."""
    return [
        [
            kit,
            item.id,
            letter,
            text_cell(' | '.join(f'{role}: {text}' for role, text in item.context)),
            text_cell(response),
        ]
        for item in items
        for letter, response in item.responses.items()
    ]


def text_cell(text: str) -> str:
    """Return text in one line, in a form that spreadsheets do not execute as a formula."""
    line = ' '.join(text.split())
    return f"'{line}" if line.startswith(FORMULA) else line


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Return CSV that spreadsheets recognise as UTF-8. The page writes the same bytes."""
    file = io.StringIO(newline='')
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator='\r\n').writerows(rows)
    return '\ufeff' + file.getvalue()


def _kit_name(items: Sequence[Item], form: FormOptions) -> str:
    shown = [form.model_dump(), [(item.id, item.context, list(item.responses.items())) for item in items]]
    return 'kit-' + hashlib.sha256(json.dumps(shown).encode()).hexdigest()[:16]
