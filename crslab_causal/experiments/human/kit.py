"""The folder for raters, form.csv and index.html, and the key that says which system stands behind which letter."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Annotated, Iterable, Mapping, Sequence

from pydantic import Field, ValidationError, model_validator

from crslab_causal.base.errors import UserError
from crslab_causal.experiments.analysis.answers import NAME_ONE, read_contexts
from crslab_causal.experiments.human.form import ROW_COLUMNS, FormOptions
from crslab_causal.experiments.human.inputs import REFERENCE, file_hash, read_system, reference_system
from crslab_causal.experiments.human.page import render_page
from crslab_causal.experiments.human.sample import Item, draw_items
from crslab_causal.base.files import replace_file
from crslab_causal.base.provenance import provenance
from crslab_causal.base.options import Options, first_mistake

FORM, PAGE, KEY = 'form.csv', 'index.html', 'key.json'

FORMULA = tuple('=+-@\t\r')
"""A spreadsheet takes a cell that begins so for a formula, and would show, or run, something else than the text."""


class Source(Options):
    """Where the responses of a system, or the contexts, come from."""

    file: str
    sha256: str
    backends: list[str] = []
    """What the run's records say gave the answers."""


class KeyItem(Options):
    """A context of the form."""

    id: str
    conversation: str
    turn: int
    label: int
    """Entity id of the sample."""
    letters: dict[str, str]
    """Name of the system behind each letter."""


class Key(Options):
    """``key.json``: what raters must not see."""

    kit: str
    """Hash of all that the raters see, which stands in each row of the form."""
    seed: int
    form: FormOptions
    systems: dict[str, Source]
    contexts: Source
    items: Annotated[list[KeyItem], Field(min_length=1)]
    versions: dict[str, str]
    git_commit: str | None

    @model_validator(mode='after')
    def _consistent(self) -> Key:
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError('items: an id comes twice')
        for item in self.items:
            if sorted(item.letters.values()) != sorted(self.systems):
                raise ValueError(f'items: the letters of {item.id} do not stand for each system once')
        return self


def make_kit(folder: Path, systems: Mapping[str, str], contexts: Path, form: FormOptions = FormOptions(),
             n: int = 100, seed: int = 0) -> Key:
    """Writes ``form.csv``, ``index.html`` and ``key.json``.

    Args:
        folder: where to; must not hold a key, which would be lost with all ratings that need it.
        systems: by name, the ``llm_<split>.jsonl`` or ``responses_<split>.jsonl`` of a run, or ``reference`` for the responses of the data.
        contexts: file of the command ``contexts``.
        form: what raters are asked.
        n: contexts, each of another conversation.
        seed: of the contexts and the letters.

    Raises:
        UserError: a file that cannot be used, too few contexts, no run among the systems, or a key in the folder.
    """
    if (folder / KEY).exists():
        raise UserError(f'{folder / KEY}: is the key of a kit, whose ratings could not be read without it; '
                        'name another folder with --out')
    turns = read_contexts(contexts)
    read = {name: read_system(Path(source)) for name, source in systems.items() if source != REFERENCE}
    if not read:
        raise UserError(f'--systems: no run among them; {NAME_ONE} at least')
    answered = {sample for system in read.values() for sample in system.responses}
    all_systems = {name: read[name] if name in read else reference_system(turns, answered, contexts)
                   for name in systems}
    items = draw_items(turns, all_systems, n, seed)
    kit = _kit_name(items, form)
    rows = form_rows(kit, items)
    key = Key(kit=kit, seed=seed, form=form, contexts=Source(file=str(contexts), sha256=file_hash(contexts)),
              systems={name: Source(file=system.file, sha256=system.sha256, backends=system.backends)
                       for name, system in all_systems.items()},
              items=[KeyItem(id=item.id, conversation=item.sample[0], turn=item.sample[1], label=item.sample[2],
                             letters=item.systems) for item in items], **provenance())
    replace_file(folder / KEY, key.model_dump_json(indent=2) + '\n')
    replace_file(folder / FORM, csv_text([[*ROW_COLUMNS, *form.names],
                                          *([*row, *[''] * len(form.names)] for row in rows)]))
    replace_file(folder / PAGE, render_page(kit, form, items, rows))
    return key


def read_key(path: Path) -> Key:
    """The key of a kit.

    Raises:
        UserError: no such file, or no key.
    """
    try:
        return Key.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f'{path}: cannot be read ({error.strerror}); name the key.json of the kit') from error
    except ValidationError as error:
        raise UserError(f'{path}: {first_mistake(error)}; restore the key.json that was made with the kit') from error


def form_rows(kit: str, items: Sequence[Item]) -> list[list[str]]:
    """The form without ratings: ``ROW_COLUMNS`` of each context and letter, every row one line of the file."""
    return [[kit, item.id, letter, text_cell(' | '.join(f'{role}: {text}' for role, text in item.context)),
             text_cell(response)] for item in items for letter, response in item.responses.items()]


def text_cell(text: str) -> str:
    """In one line, and a text in spreadsheets, too."""
    line = ' '.join(text.split())
    return f"'{line}" if line.startswith(FORMULA) else line


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """CSV that spreadsheets take for UTF-8. The page writes the same, byte for byte."""
    file = io.StringIO(newline='')
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator='\r\n').writerows(rows)
    return '\ufeff' + file.getvalue()


def _kit_name(items: Sequence[Item], form: FormOptions) -> str:
    seen = [form.model_dump(), [(item.id, item.context, list(item.responses.items())) for item in items]]
    return 'kit-' + hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
