"""Chat with a trained recommender from Python.

The offline backend answers, so no language model is needed. The data are generated, so nothing is downloaded. The
script writes to the folders ``data`` and ``save`` of the current directory.
"""

from crslab_causal.quick_start import load_system, run

SETTINGS = {'rec.epoch': 5, 'llm.samples': 20}
MESSAGES = (
    'Hello! I am looking for a film for tonight.',
    'I loved The Folded Keepers, but I hated The Drowsy Observatory.',
    'I have seen that one. Do you know a thriller?',
)


def main() -> None:
    """Print a conversation, and the explanation of its last recommendation."""
    run('llm_demo', SETTINGS, save_system=True)
    system = load_system('llm_demo', settings=SETTINGS)  # finds the run by the same settings

    with system.conversation() as conversation:
        for message in MESSAGES:
            print(f'\n> {message}', *conversation.respond(message), sep='\n')
        print('\nWhy?', *conversation.why(), sep='\n')
        print('\nWithout the last mention:', *conversation.mask(), sep='\n')


if __name__ == '__main__':
    main()
