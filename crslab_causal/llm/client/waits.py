"""Read how long a server asks to wait: from ``Retry-After``, from the text of an error, or from its rate limits."""

from __future__ import annotations

import datetime
import email.utils
import math
import re
from typing import Any, Iterable, Mapping

_UNITS = {'ms': 1e-3, 'milli': 1e-3, 's': 1.0, 'm': 60.0, 'h': 3600.0, 'd': 86400.0}
_PART = (
    r'(?P<number>\d+(?:\.\d+)?)\s*'
    r'(?P<unit>ms|milli(?:second)?s?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)(?![a-z])'
)
_PART_PATTERN = re.compile(_PART, re.IGNORECASE)
_ANONYMOUS_PART = re.sub(r'\?P<\w+>', '?:', _PART)
_DURATION = rf'{_ANONYMOUS_PART}(?:[\s,]*(?:and\s+)?{_ANONYMOUS_PART})*'
_TIME = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)'
_REQUEST_TO_WAIT = re.compile(
    rf'(?:try(?:ing)?\s+again|retry(?:ing|able)?|wait(?:ing)?|resets?|available|come\s+back)\b[^\d.;]{{0,60}}?'
    rf'(?P<wait>{_TIME}|{_DURATION}|\d+(?:\.\d+)?(?![\w/%:-]))',
    re.IGNORECASE,
)
_OTHER_REQUEST = re.compile(rf'\b(?:in|after|for)\s+(?:about\s+|approximately\s+)?(?P<wait>{_DURATION})', re.IGNORECASE)
_WAIT_KEYS = {
    'retrydelay': 1.0,
    'retryafter': 1.0,
    'retryafterseconds': 1.0,
    'retryaftersec': 1.0,
    'retryafterms': 1e-3,
    'retryin': 1.0,
    'retryinseconds': 1.0,
    'resetin': 1.0,
    'resetsinseconds': 1.0,
    'waitseconds': 1.0,
    'estimatedtime': 1.0,
}
"""Keys of an error's body that hold a wait, without ``_``, and the unit in seconds of a plain number under the key."""


def stated_wait(
    headers: Mapping[str, str],
    members: Iterable[tuple[str, Any]],
    text: str,
    now: float,
    is_limited: bool,
) -> float | None:
    """Return the seconds that a server asks to wait; None if it does not ask.

    Args:
        headers: headers of the response, names in lower case.
        members: keys and values of the response, at any depth.
        text: message of the response.
        now: seconds since 1970.
        is_limited: whether the status says that a rate limit is exceeded.
    """
    for wait in (
        _retry_after(headers, now),
        _wait_in_body(members),
        _wait_in_text(text, now),
        _reset(headers, now, is_limited),
    ):
        if wait is not None and math.isfinite(wait):
            return max(wait, 0.0)
    return None


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the wait of ``Retry-After`` (seconds or an HTTP date) or ``Retry-After-Ms``."""
    for name, scale in (('retry-after-ms', 1e-3), ('retry-after', 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
            except (TypeError, ValueError):
                continue
        if not math.isnan(seconds):
            return min(seconds, 1e9)
    return None


def _wait_in_body(members: Iterable[tuple[str, Any]]) -> float | None:
    """Return the wait under a key like ``retryDelay``."""
    for key, value in members:
        scale = _WAIT_KEYS.get(re.sub(r'[_-]', '', key).lower())
        if scale is None:
            continue
        if isinstance(value, dict):
            value = value.get('seconds')
        try:
            return float(value) * scale
        except (TypeError, ValueError, OverflowError):
            pass
        seconds = _duration(value) if isinstance(value, str) else None
        if seconds is not None:
            return seconds
    return None


def _wait_in_text(text: str, now: float) -> float | None:
    """Return the wait in a sentence like "Please try again in 1m30.5s"."""
    found = _REQUEST_TO_WAIT.search(text) or _OTHER_REQUEST.search(text)
    if found is None:
        return None
    wait = found['wait']
    return _seconds_until(wait, now) if 'T' in wait.upper() and '-' in wait else _duration(wait)


def _reset(headers: Mapping[str, str], now: float, is_limited: bool) -> float | None:
    """Return the time until an exhausted rate limit is renewed.

    Many servers send their limits with every response. A limit that has requests left is no reason to wait. If the
    status says that a limit is exceeded and no limit is known to be exhausted, return the time until the first of the
    limits whose rest is unknown is renewed.
    """
    unknown, exhausted = [], []
    for name, value in headers.items():
        if 'ratelimit' not in name or 'reset' not in name:
            continue
        seconds = _seconds_until(value, now)
        if seconds is None:
            continue
        remaining = _number(headers.get(name.replace('reset', 'remaining'), ''))
        if remaining is None:
            unknown.append(seconds)
        elif remaining <= 0:
            exhausted.append(seconds)
    if exhausted:
        return max(exhausted)
    return min(unknown, default=None) if is_limited else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _seconds_until(value: str, now: float) -> float | None:
    """Return the seconds until a time: a duration, seconds or milliseconds since 1970, or an ISO time."""
    try:
        if '-' in value:
            return datetime.datetime.fromisoformat(value.strip()).timestamp() - now
        return _from_now(float(value), now)
    except ValueError:
        return _duration(value)


def _from_now(number: float, now: float) -> float:
    """Convert a number to seconds from now. A number as large as a date counts seconds, or milliseconds, since 1970."""
    if number > 1e11:
        return number / 1e3 - now
    return number - now if number > 1e8 else number


def _duration(text: str) -> float | None:
    """Return the seconds of a duration like ``34``, ``34.07s``, ``250ms``, ``1m30.5s`` or ``2 minutes``."""
    parts = list(_PART_PATTERN.finditer(text))
    if parts:
        return sum(float(part['number']) * _unit(part['unit'].lower()) for part in parts)
    return _number(text)


def _unit(name: str) -> float:
    return _UNITS['ms'] if name == 'ms' or name.startswith('milli') else _UNITS[name[0]]
