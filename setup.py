"""``pip install .`` installs the package; CRSLab is a step of its own (see README.md)."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name='crslab_causal',
    version='0.1.0',
    description='Causal conversational recommendation as a plugin for CRSLab',
    long_description=Path(__file__).with_name('README.md').read_text('utf-8'),
    long_description_content_type='text/markdown',
    license='MIT',
    python_requires='>=3.11',
    packages=find_packages(include=['crslab_causal', 'crslab_causal.*']),
    package_data={'crslab_causal.llm': ['prompts/*.md'], 'crslab_causal.experiments.human': ['page/*'],
                  'crslab_causal.prepare': ['*.json']},
    # without crslab: no release of pip can resolve its requirements, so that naming it here would
    # make this package impossible to install; crslab_causal says so in one line where it is missing
    install_requires=['torch>=2.4', 'torch-geometric>=2.5', 'pydantic>=2.5', 'pyyaml>=6.0', 'loguru>=0.7',
                      'numpy>=1.26', 'scipy>=1.11', 'matplotlib>=3.8', 'optuna>=4.0', 'tqdm>=4.60', 'filelock>=3.12',
                      'openai[aiohttp]>=3.0', 'aiohttp>=3.10', 'rapidfuzz>=3.9', 'jinja2>=3.1',
                      'transformers>=4.40,<5', 'scikit-learn>=1.3', 'nltk>=3.8',
                      'tensorboard>=2.14', 'fuzzywuzzy>=0.18', 'requests>=2.28', 'urllib3>=1.26'],
    entry_points={'console_scripts': ['crslab-causal = crslab_causal.quick_start:main']},
)
