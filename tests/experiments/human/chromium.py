"""A headless Chromium, driven over pipes: https://chromedevtools.github.io/devtools-protocol."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import time

LAUNCH = """import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])"""
"""Chromium reads commands from descriptor 3 and writes answers to descriptor 4."""


class Chromium:
    """A browser with one page; ``events`` contains all events of the page."""

    def __init__(self, path, profile):
        self.path, self.profile = path, profile
        self.events, self._buffer, self._number, self._session = [], b'', 0, None

    def __enter__(self):
        read, self._out = os.pipe()
        self._in, write = os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read, write)]
        flags = [
            '--remote-debugging-pipe',
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--no-first-run',
            '--disable-dev-shm-usage',
            f'--user-data-dir={self.profile}',
            'about:blank',
        ]
        self._process = subprocess.Popen(
            [sys.executable, '-c', LAUNCH, *map(str, theirs), self.path, *flags],
            pass_fds=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (read, write, *theirs):
            os.close(end)
        target = self.send('Target.createTarget', url='about:blank')['targetId']
        self._session = self.send('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.send(f'{domain}.enable')
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def send(self, method, **parameters):
        """Return the result of a command."""
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': parameters}
        if self._session:
            message['sessionId'] = self._session
        os.write(self._out, json.dumps(message).encode() + b'\0')
        return self._wait(lambda answer: answer.get('id') == self._number, method)['result']

    def open(self, url):
        """Load a page."""
        self.send('Page.navigate', url=url)
        self._wait(lambda answer: answer.get('method') == 'Page.loadEventFired', url)

    def run(self, script):
        """Return the value of an expression of JavaScript."""
        result = self.send('Runtime.evaluate', expression=script, returnByValue=True, userGesture=True)
        assert 'exceptionDetails' not in result, result
        return result['result'].get('value')

    def press(self, *keys):
        """Press keys, one after the other."""
        for key in keys:
            text = {'text': key} if len(key) == 1 else {}
            codes = {'Tab': 9, 'ArrowRight': 39, 'Enter': 13}
            code = {'windowsVirtualKeyCode': codes[key], 'code': key} if key in codes else {}
            if key == 'Enter':
                text = {'text': '\r'}
            self.send('Input.dispatchKeyEvent', type='keyDown', key=key, **text, **code)
            self.send('Input.dispatchKeyEvent', type='keyUp', key=key, **code)

    def reported(self, method):
        """Return the parameters of the events of a kind."""
        return [event['params'] for event in self.events if event.get('method') == method]

    def _wait(self, wanted, what, seconds=60):
        end = time.monotonic() + seconds
        while True:
            while b'\0' in self._buffer:
                message, _, self._buffer = self._buffer.partition(b'\0')
                answer = json.loads(message)
                assert 'error' not in answer, (what, answer)
                self.events.append(answer)
                if wanted(answer):
                    return answer
            assert select.select([self._in], [], [], max(0, end - time.monotonic()))[0], f'no answer to {what}'
            data = os.read(self._in, 1 << 20)
            assert data, 'Chromium has ended'
            self._buffer += data
