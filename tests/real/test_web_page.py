"""The page of the chat in a real browser: Debian's chromium and chromedriver."""

import shutil
import socket
import threading
import time

import pytest
from real_server import ROOT

pytest.importorskip('starlette', reason='starlette is not installed')
pytest.importorskip('uvicorn', reason='uvicorn is not installed')
pytest.importorskip('selenium', reason='selenium is not installed')
if not (shutil.which('chromium') and shutil.which('chromedriver')):
    pytest.skip(
        'chromium and chromedriver are not installed (Debian: chromium, chromium-driver)', allow_module_level=True
    )

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from crslab_causal.chat.session import read_transcript
from crslab_causal.chat.web.server import make_server
from crslab_causal.quick_start import load_system, run
from llm_server import RunningServer

POOL = ('model=Pool', 'experts=[TargetPopularity,TransitionCounts,EASE,OneHop,Repeat]', 'run_name=pool')
LIVE = ('model=CausalLLM', 'llm.mode=live', 'llm.base_url=http://127.0.0.1:9/v1', 'llm.retries=0')


@pytest.fixture
def serve(recommender, tmp_path, monkeypatch):
    """Return a function that serves the page of the trained recommender, and returns its address."""
    monkeypatch.setenv('OPENAI_API_KEY', 'none')
    stops = []

    def serve(*settings):
        trained, data = recommender
        own = ('rec.epoch=2', 'run_name=trained')
        if settings:
            own = () if 'model=Pool' in settings else (f'recommender={trained}',)
        common = (f'data_path={data}', f'save_path={trained.parent.parent}')
        system = load_system(str(ROOT / 'config' / 'causal_demo.yaml'), settings=[*common, *own, *settings])
        context = system.conversation()
        listener = socket.socket()
        listener.bind(('127.0.0.1', 0))
        server = make_server(context.__enter__(), tmp_path / 'thumbs.jsonl')
        thread = threading.Thread(target=server.run, kwargs={'sockets': [listener]})
        thread.start()
        stops.append((server, thread, listener, context))
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        return f'http://127.0.0.1:{listener.getsockname()[1]}/'

    yield serve
    for server, thread, listener, context in stops:
        server.should_exit = True
        thread.join()
        listener.close()
        context.__exit__(None, None, None)


class Page:
    """The page in a browser window of its own; all other addresses are blocked."""

    def __init__(self, address, width=1100):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which('chromium')
        for argument in ('--headless=new', '--no-sandbox', '--disable-dev-shm-usage'):
            options.add_argument(argument)
        options.add_argument('--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1')
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which('chromedriver')))
        screen = {'width': width, 'height': 800, 'deviceScaleFactor': 1, 'mobile': width < 500}
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', screen)
        self.driver.get(address)
        self.wait()

    def wait(self):
        WebDriverWait(self.driver, 30).until(lambda driver: driver.execute_script('return session !== null && !busy'))

    def say(self, text):
        self.driver.find_element(By.ID, 'text').send_keys(text + '\n')  # by keyboard
        WebDriverWait(self.driver, 30).until(lambda _: self.texts('.me')[-1:] == [text])
        self.wait()

    def texts(self, selector):
        return [element.text for element in self.driver.find_elements(By.CSS_SELECTOR, selector)]

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()
        self.wait()


@pytest.fixture
def open_page():
    pages = []

    def open_page(*arguments, **keywords):
        pages.append(Page(*arguments, **keywords))
        return pages[-1]

    yield open_page
    for page in pages:
        page.driver.quit()


def test_conversation_masks_and_two_users(serve, open_page, tmp_path):
    address = serve()
    page, other = open_page(address), open_page(address)
    page.say('I loved The Folded Keepers and The Drowsy Observatory. A drama?')
    films = page.texts('#films .name')
    assert len(films) == 10 and page.texts('#chips .chip') == ['drama']
    assert other.texts('#films .name') == [] and other.texts('.me') == []
    page.click('#films .thumb')
    assert '"up": true' in (tmp_path / 'thumbs.jsonl').read_text('utf-8')
    page.driver.execute_script('document.querySelectorAll("#films .name")[4].scrollIntoView()')
    place = page.driver.execute_script('return scrollY')
    page.driver.execute_script('document.querySelectorAll("#films .name")[4].click()')
    page.wait()
    assert page.driver.execute_script('return scrollY') == place > 0
    assert films[4].partition('. ')[2] in page.texts('#films li:nth-child(5) .film')[0]
    page.driver.execute_script('document.querySelectorAll("#films .name")[4].click()')
    page.wait()
    assert page.texts('.film') == []
    lists = []
    for index in (1, 2):
        page.driver.execute_script(f"const s = get('slider'); s.value = {index}; s.oninput()")
        name = page.driver.execute_script(f'return view.mentions[{index - 1}]')
        WebDriverWait(page.driver, 30).until(lambda _, name=name: name in page.texts('#order')[0])
        assert len(page.driver.find_elements(By.CSS_SELECTOR, '.bar.masked')) == 10
        lists.append(page.texts('#films .small'))
        assert page.texts('#masking label') == [f'What if you had not mentioned {name}?']
    assert lists[0] != lists[1]
    page.click('#chips .chip')
    assert page.texts('#chips .chip') == []
    page.click('#undo')
    assert page.texts('#chips .chip') == ['drama'] and page.texts('#error') == ['']
    assert [entry for entry in page.driver.get_log('browser') if entry['level'] == 'SEVERE'] == []


@pytest.mark.parametrize('width', [1100, 390])
def test_tastes_are_removed_and_the_conversation_is_saved_by_keyboard(serve, open_page, tmp_path, width):
    page = open_page(serve(), width=width)
    page.driver.execute_cdp_cmd('Browser.setDownloadBehavior', {'behavior': 'allow', 'downloadPath': str(tmp_path)})
    page.say('I loved The Folded Keepers. A drama?')
    first = page.texts('#films .name')[0]
    page.say('I will watch the first one')
    assert page.texts('#films .name')[0].startswith('2. ') and first.partition('. ')[2] in page.texts('#left')[0]
    tastes = page.texts('#heard .chip')
    page.driver.find_element(By.CSS_SELECTOR, '#heard .chip').send_keys('\n')
    page.wait()
    assert page.texts('#heard .chip') == tastes[1:] and 'Forgotten: The Folded Keepers' in page.texts('#log')[0]
    page.driver.find_element(By.ID, 'save').send_keys('\n')
    file = tmp_path / 'film_chat.jsonl'
    WebDriverWait(page.driver, 30).until(lambda _: file.exists())
    assert [turn.text.partition(' ')[0] for turn in read_transcript(file)] == ['I', 'I', '/forget']
    assert page.driver.execute_script('return document.documentElement.scrollWidth') <= width
    assert [entry for entry in page.driver.get_log('browser') if entry['level'] == 'SEVERE'] == []


def test_contributions_of_the_experts_on_a_phone(serve, open_page, recommender):
    trained, data = recommender
    run('causal_demo', settings=[f'data_path={data}', f'save_path={trained.parent.parent}', *POOL], save_system=True)
    page = open_page(serve(*POOL), width=390)
    page.say('I loved The Folded Keepers and The Drowsy Observatory')
    page.click('#films .name')
    added = [float(text.replace('\u2212', '-')) for text in page.texts('.parts .added')]
    heading = page.texts('.parts > p')[0]
    assert f'{sum(added):+.2f}'.replace('-', '\u2212') in heading and added == sorted(added, reverse=True)
    bars = page.driver.find_elements(By.CSS_SELECTOR, '.parts .bar')
    edge = page.driver.find_element(By.CSS_SELECTOR, '.parts').rect
    zeros = {round(bar.rect['x'] + (bar.rect['width'] if n < 0 else 0)) for bar, n in zip(bars, added)}
    assert len(bars) == len(added) > 2 and max(zeros) - min(zeros) <= 1  # all start at a common zero
    for bar, number in zip(bars, added):
        assert edge['x'] - 1 <= bar.rect['x'] and bar.rect['x'] + bar.rect['width'] <= edge['x'] + edge['width'] + 1
        scale = abs(added[0]) / bars[0].rect['width']
        assert abs(bar.rect['width'] * scale - abs(number)) < 0.05 * abs(added[0])
    assert page.driver.execute_script('return document.documentElement.scrollWidth') <= 390


def test_hostile_text_is_shown_as_text_on_a_phone(serve, open_page):
    page = open_page(serve(), width=390)
    hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>' + 'W' * 300
    page.say(hostile)
    page.say('I loved The Folded Keepers')
    assert page.driver.title == 'Film chat' and page.texts('#log img, #log script') == []
    assert len(page.texts('#films .name')) == 10
    assert page.driver.execute_script('return document.documentElement.scrollWidth') <= 390


def test_text_is_shown_while_it_is_written_and_can_be_stopped(serve, open_page, tmp_path):
    answer = {'response': f'Watch this{" and that" * 20}.', 'ranking': [2, 1], 'explanation': 'So.'}
    with RunningServer(tmp_path) as model:
        url = model.plan('ok', answer=answer, piece=3, pause=0.05)
        page = open_page(serve(*LIVE, f'llm.base_url={url}'))
        field = page.driver.find_element(By.ID, 'text')
        field.send_keys('I loved The Folded Keepers\n')
        seen = []
        WebDriverWait(page.driver, 30, 0.05).until(
            lambda _: seen.extend(page.texts('#log .draft')) or len({*seen}) >= 3  # it grows
        )
        assert all(answer['response'].startswith(text) for text in seen) and seen[0] != answer['response']
        page.wait()
        assert page.texts('#log p').count(answer['response']) == 1 and page.texts('#log .draft') == []
        assert len(page.texts('#films .name')) == 10
        field.send_keys('Something else?\n')
        WebDriverWait(page.driver, 30, 0.05).until(lambda _: page.texts('#log .draft'))
        page.click('#stop')
        assert page.texts('#log .note')[-1] == '(Stopped. Go on.)' and page.texts('#log .draft') == []
        assert page.texts('#error') == [''] and page.texts('#stop') == ['']  # hidden
        end = time.monotonic() + 10
        while not model.log(url)[-1].get('aborted'):
            assert time.monotonic() < end
            time.sleep(0.05)
        page.say('I loved The Drowsy Observatory')  # the conversation goes on
        assert page.texts('#log p').count(answer['response']) == 2


def test_dead_backend_is_reported_in_one_line(serve, open_page):
    page = open_page(serve(*LIVE))
    page.say('I loved The Folded Keepers')
    notes = [text for text in page.texts('#log .note') if 'gave no usable answer' in text]
    assert len(notes) == 1 and 'llm.base_url' in notes[0]
    assert len(page.texts('#films .name')) == 10
