"""The recommender behind CausalLLM: a saved run of CausalKBRD, of CausalLLM or of the pool."""

import json

import pytest
from llm_runs import MODEL, ranks, read

POOL = ('model=Pool', 'experts=[TargetPopularity,TransitionCounts,EASE,OneHop,Repeat]')


def test_trained_recommender_is_loaded_unchanged(answer, trained):
    results, records, folder = answer()
    loaded, original = (json.loads((path / 'results.json').read_text('utf-8')) for path in (folder, trained))

    assert loaded['splits'] == original['splits'] and loaded['epochs'] == 0
    assert 'epoch 0' not in (folder / 'run.log').read_text('utf-8')
    assert ranks(folder) == ranks(trained)
    scores, expected = results['splits']['test, recommender'], original['splits']['test']
    for group in ('all', 'new', 'new_unseen'):
        assert scores[group] == pytest.approx(expected[group])
    for name in ('samples', 'repeat_share', 'copy_rate@1', 'coverage@10', 'samples_by_decile'):
        assert scores[name] == pytest.approx(expected[name])
    again, records_again, _ = answer()
    assert again['splits'] == results['splits'] and records_again == records
    assert folder.with_name(folder.name + '.1').is_dir()


def test_recommender_may_come_from_another_run_of_causal_llm(run, trained):
    _, folder = run(MODEL, f'recommender={trained}', 'run_name=first', flags=['-ss'])
    first = read(folder)[0]
    assert {'best.pth', 'last.pth'} <= {path.name for path in folder.iterdir()}
    _, second = run(MODEL, f'recommender={folder}', 'run_name=second')
    assert read(second)[0]['splits'] == first['splits']
    _, restored = run(MODEL, f'recommender={trained}', 'run_name=third', flags=['-rs'])
    assert read(restored)[0]['splits'] == first['splits']


@pytest.mark.parametrize(
    'setting, message',
    [
        ('kg_emb_dim=8', 'kg_emb_dim is 16 there and 8 here'),
        ('alpha=0', 'alpha is 2.0 there and 0.0 here'),
        ('mention_order=all', "mention_order is 'last' there and 'all' here"),
        ('scale=0.5', 'data (fingerprint) is '),
        ('kg_edge_threshold=50', 'kg_edge_threshold is 0 there and 50 here'),
    ],
)
def test_recommender_with_other_options_or_data_is_rejected(refused, trained, setting, message):
    line = refused(MODEL, f'recommender={trained}', setting)
    assert line.startswith(f'recommender: {trained}') and message in line
    assert line.endswith('name a run that has the same')


def test_recommender_that_is_not_a_checkpoint_is_rejected(refused, tmp_path):
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / 'best.pth').write_bytes(b'not a checkpoint')
    assert 'best.pth: no checkpoint of crslab_causal' in refused(MODEL, f'recommender={tmp_path / "broken"}')


def test_recommender_that_reads_tokens_cannot_give_candidates(run, refused):
    _, folder = run('model=Seq2Seq', 'rec.epoch=1', 'conv.epoch=1', flags=['-ss'])
    assert 'is of a run of Seq2Seq; name a run of CausalKBRD, ' in refused(MODEL, f'recommender={folder}')


def test_pool_gives_the_candidates(run, load, live, capsys):
    scored, pool_folder = run(*POOL, flags=['-ss'])
    settings, url = live()
    _, folder = run(MODEL, f'recommender={pool_folder}', 'llm.mode=live', *settings, flags=['-ss'])
    results, records, _ = read(folder)
    assert json.loads((folder / 'results.json').read_text('utf-8'))['splits'] == scored['splits']
    pool = load(*POOL)
    recommender, samples = pool.recommender(), pool.test_dataloader.samples
    for record, sample in zip(records, samples):
        text = sample['context_text']
        listed = recommender.probabilities(sample['context_entities'], turns=text)
        best = sorted(listed, key=lambda item: -listed[item].observed)
        assert [listed[item].observed for item in record['candidates']] == pytest.approx(
            [listed[item].observed for item in best[:20]]
        )
    share = sum(record['label'] in record['candidates'] for record in records) / len(records)
    ceiling = f"recall of the recommender's list at 20 is {100 * share:.2f} %; this is the ceiling of re-ranking"
    assert ceiling in (folder / 'run.log').read_text('utf-8')
    assert results['llm']['candidate_recall'] == share
    assert not (folder / 'best.pth').exists()  # the weights are in the folder of the pool

    with load(MODEL, f'recommender={pool_folder}').conversation() as conversation:
        items = conversation.pipeline.catalogue.items
        reply = conversation.reply(f'I loved "{conversation.recommender.names[items[4]]}".')
        assert reply.recommendations and conversation.contributions(reply.recommendations[0].entity)
