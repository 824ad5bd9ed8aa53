"""Packages of the distribution; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

CONFIGURATIONS = 'crslab_causal.configurations'  # the folder config/ of the repository

setup(
    packages=[*find_packages(include=['crslab_causal', 'crslab_causal.*']), CONFIGURATIONS],
    package_dir={CONFIGURATIONS: 'config'},
    package_data={
        CONFIGURATIONS: ['**/*.yaml'],
        'crslab_causal.chat': [
            'films/*.json',
            'understanding/phrases/*.txt',
            'understanding/models/*.npz',
            'web/page/*',
        ],
        'crslab_causal.llm': ['entity_linking/*.txt', 'prompts/*.md'],
        'crslab_causal.experiments.human': ['page/*'],
        'crslab_causal.experiments.reporting.paper': ['*.yaml'],
        'crslab_causal.prepare': ['*.json'],
    },
)
