"""The chat in the terminal: commands, long lines, odd bytes, and the end of the input."""

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from chat_helpers import LLM, heard, listed

from crslab_causal.chat.live_output import print_reply
from crslab_causal.chat.reply import DraftLine
from crslab_causal.chat.session import ChatSession

if os.name == 'posix':
    import fcntl
    import pty
    import termios

ROOT = Path(__file__).resolve().parents[2]


def test_unknown_command_and_empty_line_show_help(chat):
    _, unknown, empty, blank, slash, help_text, _ = chat('/dance now', '', '   ', '/', '/help')
    assert unknown.startswith('There is no command /dance. Say which films') and '/quit' in unknown
    assert empty == blank == ''
    assert slash.startswith('There is no command /.')
    assert help_text.startswith('Say which films') and '/mask' in help_text


def test_odd_lines_do_not_end_the_conversation(chat):
    lines = [
        'x' * 10_000,
        'I love comedy ' * 800,
        '😀' * 2000,
        'a b ' * 5000,
        '\x00\x1b[2J\x07 \u202e',
        '"' * 3000,
        '(' * 3000,
        "I don't like " * 700,
        '{0} %s $x <b>',
        '\ud83d',
        '-' * 9999,
    ]
    answers = chat(*lines, '/reset', 'I love comedy')
    for line, answer in zip(lines, answers[1:]):
        assert answer and ('10,000 characters only' in answer) == (len(line.strip()) > 10_000)
    assert heard(answers[-2]) == 'Comedy (liked)' and len(listed(answers[-2])) == 10


@pytest.mark.parametrize('end', [EOFError, KeyboardInterrupt])
def test_end_of_input_and_ctrl_c_end_the_chat_without_an_error(command, trained, monkeypatch, capsys, end):
    class Typed(io.StringIO):
        def readline(self, *arguments):
            line = super().readline(*arguments)
            if not line and end is KeyboardInterrupt:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr(sys, 'stdin', Typed('I love comedy\n'))
    assert command(LLM, f'recommender={trained}', flags=['-i']) == 0
    output = capsys.readouterr()
    assert output.out.endswith('\n> \n') and output.err == ''


@pytest.fixture
def shell(command, trained, data_path, tmp_path):
    """Return a function that starts a chat in another process, with pipes."""
    started = []
    keys = {
        'dataset': 'ReDial',
        'model': 'CausalLLM',
        'kg_edge_threshold': 0,
        'kg_emb_dim': 16,
        'recommender': str(trained),
    }
    (tmp_path / 'chat.yaml').write_text(yaml.safe_dump(keys), 'utf-8')

    def shell(**environment):
        started.append(
            subprocess.Popen(
                [sys.executable, str(ROOT / 'run_crslab.py'), '-c', 'chat.yaml', '--data_path', str(data_path), '-i'],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, 'OMP_NUM_THREADS': '1', **environment},
                preexec_fn=_catch_ctrl_c,
            )
        )
        return started[-1]

    yield shell
    for process in started:
        process.kill()
        process.communicate()


def test_undecodable_bytes_and_ctrl_c_in_another_process(shell):
    process = shell(PYTHONIOENCODING='ascii')
    process.stdin.write('I love comedy é\n😀 what else?\n/why\n'.encode('latin-1', 'replace') + 'more 😀\n'.encode())
    process.stdin.flush()
    answers = []
    while len(answers) < 5:
        answers.append('')
        while not answers[-1].endswith('> '):
            read = process.stdout.read(1)
            assert read, process.stderr.read()
            answers[-1] += read.decode('ascii')
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert heard(answers[1]) == 'Comedy (liked)' and 'Liked: Comedy.' in answers[3]
    assert len(listed(answers[1])) == len(listed(answers[2])) == len(listed(answers[4])) == 10
    # the first Ctrl-C only warns; then the input ends
    assert (process.returncode, out, err) == (0, b'\n(Ctrl-C again, Ctrl-D or /quit ends the chat.)\n> \n', b'')


def _catch_ctrl_c():
    """Let Ctrl-C reach a child process also where the tests themselves ignore it, as background jobs do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _start_session():
    """Make the pseudo-terminal the controlling one of a child process."""
    _catch_ctrl_c()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A chat on a pseudo-terminal, as a person sees it."""

    def __init__(self, arguments, cwd):
        master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / 'run_crslab.py'), *arguments],
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_start_session,
            env={**os.environ, 'OMP_NUM_THREADS': '1', 'NO_PROXY': '*', 'TERM': 'xterm'},
        )
        os.close(slave)
        self._master, self._unread = master, ''

    def type(self, keys):
        os.write(self._master, keys.encode())

    def read_until(self, text, timeout_s=120):
        """Return the output up to a text. The next call goes on after it."""
        end = time.monotonic() + timeout_s
        while text not in self._unread:
            ready, _, _ = select.select([self._master], [], [], max(0, end - time.monotonic()))
            assert ready, f'no {text!r} in {self._unread!r}'
            self._unread += os.read(self._master, 4096).decode('utf-8', 'replace')
        before, found, self._unread = self._unread.partition(text)
        return before + found

    def close(self):
        self.process.kill()
        self.process.communicate()
        os.close(self._master)


@pytest.mark.skipif(not hasattr(os, 'openpty'), reason='needs a pseudo-terminal')
def test_person_at_a_terminal_can_stop_an_answer_and_recall_a_line(trained, data_path, tmp_path, live, llm_server):
    answer = {'response': f'Watch this{" and that" * 12}, until the end.', 'ranking': [2, 1], 'explanation': 'So.'}
    settings, url = live('slow', only='falter', answer=answer, piece=3, pause=0.02)
    keys = {'dataset': 'ReDial', 'model': 'CausalLLM', 'kg_edge_threshold': 0, 'kg_emb_dim': 16}
    (tmp_path / 'chat.yaml').write_text(yaml.safe_dump(keys | {'recommender': str(trained)}), 'utf-8')
    arguments = ['-c', 'chat.yaml', '--data_path', str(data_path), '-i']
    terminal = Terminal([*arguments, *(part for setting in settings[1:] for part in ('--set', setting))], tmp_path)
    try:
        assert 'Loading the data and the recommender ...' in terminal.read_until('> ')
        terminal.type('falter, I love drama\n')
        assert 'Ctrl-C stops' in terminal.read_until('thinking, 1 s (Ctrl-C stops)')
        terminal.type('\x03')
        terminal.read_until('(Stopped. Go on, or /quit.)')
        terminal.read_until('> ')
        terminal.type('/reset\n')
        terminal.read_until('Let us start over.')
        terminal.type('I love drama\n')
        terminal.read_until('Watch this and')
        terminal.type('\x03')  # in the middle of the text
        assert 'the end' not in terminal.read_until('(Stopped. Go on, or /quit.)')
        terminal.read_until('> ')
        terminal.type('/reset\n')
        terminal.read_until('Let us start over.')
        terminal.type('I love comedy\n')
        first, started = terminal.read_until('Watch'), time.monotonic()
        rest = terminal.read_until(' 10. ')
        assert 'Heard: Comedy' in first and time.monotonic() - started > 0.3  # the text is shown as it grows
        assert rest.replace('\r\n', '\n').startswith(f'{answer["response"][5:]}\n')
        assert [bool(entry.get('aborted')) for entry in llm_server.log(url)[-2:]] == [True, False]
        terminal.read_until('> ')
        terminal.type('\x1b[A\n')  # arrow up
        assert 'Heard: Comedy' in terminal.read_until(' 10. ')
        terminal.read_until('> ')
        time.sleep(1)  # GNU readline prints its prompt a moment before it watches for signals
        terminal.type('\x03')
        terminal.read_until('(Ctrl-C again, Ctrl-D or /quit ends the chat.)')
        terminal.read_until('> ')
        terminal.type('/quit\n')
        assert terminal.process.wait(60) == 0
    finally:
        terminal.close()


def test_command_forget_works_in_the_terminal(chat):
    _, answer, listed_constraints, removed, unknown, nothing, _ = chat(
        'a comedy', '/forget', '/FORGET comedy', '/forget western', '/forget'
    )
    assert 'You asked for: [1] comedy  (/forget 1 takes back the first)' in answer
    assert listed_constraints == 'You asked for: [1] comedy  (/forget 1 takes back the first)'
    assert removed == 'No longer: comedy.\nNothing limits the list.'
    assert unknown.startswith('There is no "western"') and nothing == 'Nothing limits the list.'


class FakeTerminal(io.StringIO):
    def isatty(self):
        return True


def printed(pieces, stream):
    """Return what is printed of the pieces of a reply; a number is a pause in seconds."""

    def played():
        for piece in pieces:
            if isinstance(piece, float):
                time.sleep(piece)
            else:
                yield piece

    print_reply(played(), stream)
    return stream.getvalue()


def test_spinner_writes_to_terminals_only():
    assert printed([0.6, 'done'], io.StringIO()) == 'done\n'
    slow = printed([0.6, 'done'], FakeTerminal())
    assert 'thinking, 0 s' in slow and slow.endswith('\r\x1b[Kdone\n')
    assert printed(['a', 'b'], FakeTerminal()) == 'a\nb\n'


@pytest.mark.parametrize(
    ('pieces', 'expected'),
    [
        (
            ['a', DraftLine(''), DraftLine('Wa'), DraftLine('Wa'), DraftLine('Watch'), 'Watch it.', 'b'],
            'a\nWatch it.\nb\n',
        ),
        ([DraftLine('Watch it.'), 'Watch it.'], 'Watch it.\n'),
        ([DraftLine('Watch'), 'Something else.'], 'Watch\nSomething else.\n'),  # the line takes the place of the draft
        ([DraftLine('One'), DraftLine('Two'), 'Two.'], 'One\nTwo.\n'),  # the model has begun anew
        ([DraftLine('One'), DraftLine(''), 'Two.'], 'One\nTwo.\n'),
        ([DraftLine('a\x1b[31mb'), 'a\x1b[31mb.'], 'a [31mb.\n'),
        ([DraftLine('One\nTw'), 'One\nTwo'], 'One\nTwo\n'),
        ([DraftLine('One')], 'One'),
    ],
)
def test_draft_is_printed_once(pieces, expected):
    assert printed(pieces, FakeTerminal()) == expected


def test_spinner_turns_below_a_text_that_does_not_grow():
    same = [piece for _ in range(9) for piece in (DraftLine('Watch it.'), 0.2)]
    text = printed([*same, 'Watch it.', 'b'], FakeTerminal())
    assert text.startswith('Watch it.\n\r| thinking') and text.endswith('\r\x1b[Kb\n') and text.count('Watch') == 1


def test_undo_takes_back_what_a_message_changed(chat):
    _, first, _, drama_back, comedy_back, again, forgotten, _, chips, _ = chat(
        'a comedy', 'a drama', '/undo', '/undo', 'a comedy', '/forget 1', '/undo', '/forget'
    )
    assert (drama_back, comedy_back) == ('Undid your message "a drama".', 'Undid your message "a comedy".')
    assert again == first  # also the films of the first list may be recommended again
    assert forgotten.startswith('No longer: comedy') and '[1] comedy' in chips


def test_commands_undo_and_list_work_in_the_terminal(chat):
    _, no_list, no_undo, answer, shown, _, after, _ = chat('/list', '/undo', 'I love comedy', '/list', '/undo', '/list')
    assert no_list == after == 'There is no list yet.' and no_undo == 'There is no message to undo.'
    names = [re.sub(r' \(\d+\.\d%\)$', '', line) for line in listed(shown)]
    assert names == listed(answer) and len(names) == 10


def test_saved_conversation_is_replayed(chat, tmp_path):
    file = tmp_path / 'talk "1".jsonl'
    _, first, _, third, saved, exists, *_ = chat(
        'a comedy', '/forget comedy', 'something else', f'/save {file}', f'/save {file}'
    )
    assert saved == f'Saved 3 messages in {file}.' and exists == f'{file} exists; name another file.'
    assert [json.loads(line)['text'] for line in file.read_text().splitlines()] == [
        'a comedy',
        '/forget comedy',
        'something else',
    ]
    lines = chat('I hate drama', f'/replay {file}')
    text = '\n'.join(lines)
    assert text.count(first) == 1 and third in text
    assert '(Replayed 3; none of the replies changed.)' in text


@pytest.mark.parametrize('mark', ['\u2028', '\x85', '\x1c', '\ud83d', '😀'])
def test_messages_with_odd_characters_are_replayed(conversation, tmp_path, mark):
    session, path = ChatSession(conversation), tmp_path / 'talk.jsonl'
    list(session.say(f'a{mark}comedy'))
    session.save(path)
    # a file whose text was not escaped is as good
    path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False) + '\n', 'utf-8')
    ((turn, lines),) = ((turn, list(lines)) for turn, lines in session.replay(path))
    assert turn.text == ('a?comedy' if mark == '\ud83d' else f'a{mark}comedy') and turn.lines == lines


def test_files_that_cannot_be_saved_or_replayed_get_one_line(chat, tmp_path):
    (tmp_path / 'bad.jsonl').write_text('{"text": 3}\n')
    (tmp_path / 'binary').write_bytes(b'\xff\xfe\x00')
    _, *answers, _ = chat(
        '/save',
        f'/save {tmp_path}/x',
        'hello',
        f'/save {tmp_path}',
        f'/save {tmp_path}/none/x',
        '/replay',
        f'/replay {tmp_path}/none',
        f'/replay {tmp_path}/bad.jsonl',
        f'/replay {tmp_path}/binary',
        '/save a\x00b',
    )
    assert all('\n' not in answer for answer in answers)
    assert answers[0] == 'Name a file: /save chat.jsonl' and answers[1] == 'Nothing was said yet.'
    assert answers[6].startswith(f'{tmp_path}/none: cannot be read (No such file')
    assert answers[7].startswith(f'{tmp_path}/bad.jsonl, line 1: text: must be a text, but is 3; name a file')
    assert answers[8].startswith(f'{tmp_path}/binary: cannot be read (line 1 is not UTF-8)')
