"""Helpers that read the answers of a chat."""

import re

LLM = 'model=CausalLLM'


def name_of(film):
    return f'{film["title"]} ({film["year"]})'


def listed(answer):
    """Return the names in the numbered list of an answer."""
    return re.findall(r'^ *\d+\. (.*)$', answer, re.MULTILINE)


def response(answer):
    """Return the line before the numbered list of an answer."""
    return re.search(r'^(.*)\n *1\. ', answer, re.MULTILINE).group(1)


def heard(answer):
    """Return the linked mentions that an answer repeats."""
    return re.search('^Heard: (.*)$', answer, re.MULTILINE).group(1)
