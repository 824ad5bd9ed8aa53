"""Read the blocks of a Markdown file that commands write."""


def read_block(path, name):
    """Return the content of a block of a file, without white space around it."""
    _, start, rest = path.read_text('utf-8').partition(f'<!-- {name} -->\n')
    content, end, _ = rest.partition(f'<!-- /{name} -->')
    assert start and end, f'{path} has no block {name}'
    return content.strip()
