"""The address of the server, and the decision whether the server is local."""

from __future__ import annotations

import ipaddress
import os
import re
import urllib.parse

from crslab_causal.base.errors import UserError
from crslab_causal.llm.options import BASE_URL, LLMOptions

OPENAI_URL = 'https://api.openai.com/v1'

REMOTE_CONCURRENCY = 16
LOCAL_CONCURRENCY = 4
"""Default number of requests in flight to a server on this machine or in the local network. llama.cpp and Ollama answer
1 to 4 requests at a time on one machine. Further requests would wait in the server until they time out."""

_VARIABLE = 'OPENAI_BASE_URL'
_LOCAL_ENDINGS = ('.local', '.lan', '.internal', '.localhost')


def server_url(options: LLMOptions) -> str:
    """Return the address of the server without a final slash.

    It is ``llm.base_url``, or else the environment variable ``OPENAI_BASE_URL``, or else OpenAI's address.

    Raises:
        UserError: the environment variable holds no address.
    """
    if options.base_url is not None:
        return options.base_url.rstrip('/')
    url = os.environ.get(_VARIABLE, '').strip()
    if not url:
        return OPENAI_URL
    if not re.fullmatch(BASE_URL, url):  # the value is not quoted: it may contain a password
        raise UserError(
            f'{_VARIABLE}: is not an address of a server; set it to one like http://localhost:8000/v1, without a '
            'user name and without a query'
        )
    return url.rstrip('/')


def is_openai(url: str) -> bool:
    """Return whether the address is OpenAI's own, which requires a key."""
    return url == OPENAI_URL


def is_local(url: str) -> bool:
    """Return whether the server is on this machine or in the local network, by its name or its IP address."""
    host = urllib.parse.urlsplit(url).hostname or ''
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return '.' not in host or host.endswith(_LOCAL_ENDINGS)
    return address.is_private or address.is_link_local


def default_concurrency(options: LLMOptions) -> int:
    """Return the number of requests in flight: ``llm.concurrency``, or the default for the server."""
    if options.concurrency is not None:
        return options.concurrency
    return LOCAL_CONCURRENCY if is_local(server_url(options)) else REMOTE_CONCURRENCY
