'use strict';
let view = null, maskCount = 0, stopper = null;

function setControls() { get('send').disabled = busy; }

function write(className, text) {
  const log = get('log');
  log.append(make('p', className, text));
  log.scrollTop = log.scrollHeight;
}
function writeLine(line) {
  if (line.startsWith('You asked for: [')) return;  // the chips show it
  write(line.startsWith('(') || line.startsWith('Heard:') ? 'note' : '', line);
}

async function say(text) {
  if (!session) await open();
  stopper = new AbortController();
  const {signal} = stopper;
  get('stop').hidden = false;
  try { await receive(await post('say', {text}, signal), text, signal); } finally { get('stop').hidden = true; }
}

const votes = new Map();  // the thumbs of this conversation by film

async function receive(response, text, signal) {
  write('me', text);
  const log = get('log'), mine = log.lastElementChild;
  get('text').value = '';
  const waiting = make('p', 'note', '…');
  waiting.setAttribute('aria-live', 'off');  // only whole lines are read aloud
  get('log').append(waiting);
  const reader = response.body.getReader(), decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const {done, value} = await reader.read();
      rest += done ? '' : decoder.decode(value, {stream: true});
      const rows = rest.split('\n');
      rest = rows.pop();
      for (const row of rows) {
        const part = JSON.parse(row);
        if (part.error) fail(part.error);
        if (part.view) show(part.view);
        if (part.draft) showDraft(waiting, part.draft);
        if (part.line !== undefined) { waiting.remove(); writeLine(part.line); get('log').append(waiting); showDraft(waiting, ''); }
      }
      if (done) break;
    }
  } catch {
    if (signal.aborted) { write('note', '(Stopped. Go on.)'); return; }
    throw new Error('The connection to the server broke off.');
  } finally {
    waiting.remove();
    const top = mine.offsetTop - log.offsetTop;
    if (log.scrollHeight - top > log.clientHeight) log.scrollTop = top;  // a long reply is read from its start
  }
}

function showDraft(waiting, text) {  // the text of the next line as far as it is written
  waiting.className = text ? 'draft' : 'note';
  waiting.textContent = text || '…';
  get('log').scrollTop = get('log').scrollHeight;
}

function show(newView) {
  view = newView;
  const heard = get('heard'), chips = get('chips');
  heard.replaceChildren(...view.heard.map(each => makeChip(
    each.name, each.name + (each.seen ? ' (seen)' : ''), each.liked === false ? 'chip not' : 'chip', 'Remove: ')));
  chips.replaceChildren(...view.chips.map(name => makeChip(name, name, 'chip', 'Take back: ')));
  get('known').hidden = !view.heard.length;
  get('asked').hidden = !view.chips.length;
  get('hint').hidden = !view.films.length;
  get('left').hidden = !view.left.length;
  get('left').textContent = 'No longer in the list, because you have chosen, seen or named it: ' + view.left.join(', ') + '.';
  get('offered').hidden = !view.offered.length || !view.films.length;
  get('offered').textContent = 'Recommended before, and therefore left out: ' + view.offered.join(', ') + '.';
  if (!view.heard.length && !view.chips.length) heard.append(make('span', 'small', 'Nothing yet.'));
  const slider = get('slider');
  slider.max = view.mentions.length;
  slider.value = 0;
  get('masking').hidden = !view.mentions.length || !view.films.length;
  get('nothing').hidden = view.mentions.length || !view.films.length;
  showMask();
}

function makeChip(name, text, className, action) {  // a label that is removed when it is selected
  const chip = make('button', className, text);
  chip.type = 'button';
  chip.setAttribute('aria-label', action + text);
  chip.onclick = () => doing(async () => {
    const answer = await ask('forget', {name});
    answer.lines.forEach(writeLine);
    show(answer.view);
  });
  return chip;
}

function percent(p) {
  return p < 0.0001 ? '< 0.01 %' : (100 * p).toFixed(p < 0.0995 ? 2 : 1) + ' %';
}

function showFilms(films, isMasked) {
  const largest = Math.max(1e-12, ...films.map(film => Math.max(film.p, film.masked || 0)));
  get('films').replaceChildren(...films.map(film => {
    const item = make('li'), row = make('div', 'row');
    const name = make('button', 'name', film.rank + '. ' + film.name);
    name.type = 'button';
    name.setAttribute('aria-expanded', false);
    name.onclick = () => doing(() => showFilm(film.entity, item, name));
    row.append(name);
    if (isMasked) {
      const step = film.moved;
      row.append(make('span', 'small move', step === null ? 'new' : step > 0 ? '▲ ' + step : step < 0 ? '▼ ' + -step : '='));
    }
    for (const up of [true, false]) {
      const thumb = make('button', 'thumb');
      thumb.type = 'button';
      thumb.append(drawThumb(up));
      thumb.setAttribute('aria-label', (up ? 'Good: ' : 'Bad: ') + film.name);
      thumb.setAttribute('aria-pressed', votes.get(film.entity) === up);
      thumb.onclick = () => doing(async () => {
        await ask('thumb', {entity: film.entity, up});
        votes.set(film.entity, up);
        row.querySelectorAll('.thumb').forEach(each => each.setAttribute('aria-pressed', each === thumb));
        write('note', 'Saved: ' + (up ? 'good' : 'bad') + ', ' + film.name);
      });
      row.append(thumb);
    }
    item.append(row);
    for (const [className, p] of [['bar', film.p], ['bar masked', film.masked]]) {
      if (p === undefined || p === null) continue;
      const bar = make('div', className);
      bar.style.width = 100 * p / largest + '%';
      item.append(bar);
    }
    let words = 'probability ' + percent(film.p);
    if (isMasked) words += ', without it ' + percent(film.masked) + (film.rank_before ? ', was number ' + film.rank_before : ', was not in the list');
    else if (film.recommender_rank && film.recommender_rank !== film.rank) words += ', number ' + film.recommender_rank + ' by probability';
    item.append(make('div', 'small', words));
    return item;
  }));
}

async function showMask() {
  const index = Number(get('slider').value), count = ++maskCount;
  get('masked').textContent = index ? view.mentions[index - 1] + '?' : 'one of these? Move the slider to choose.';
  get('masked').className = index ? 'chosen' : '';
  get('slider').setAttribute('aria-valuetext', index ? view.mentions[index - 1] : 'nothing left out');
  if (!index) {
    get('order').textContent = view.films.length ? 'Order: ' + view.order : view.left.length ? 'No film is left in the list.' : 'No list yet.';
    showFilms(view.films, false);
    return;
  }
  try {
    const answer = await ask('mask', {index: index - 1});
    if (count !== maskCount) return;  // the slider has moved on
    get('order').textContent = 'This is the list without ' + answer.mention + '. Blue: the probability now; orange: without it.' +
      (answer.is_own_order ? " The order is the recommender's own; the language model is not asked again." : '');
    showFilms(answer.films, true);
  } catch (error) { if (count === maskCount) fail(error.message); }
}

function shape(tag, attributes, text) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
function drawThumb(up) {
  const svg = shape('svg', {viewBox: '0 0 20 20', width: 16, height: 16, 'aria-hidden': 'true'});
  const d = 'M2 9h3v8H2z M6 9l4-7c2 0 2 2 1.5 5H16c1.6 0 1.6 2 1 3l-2 6c-.3 1-1 1-2 1H6z';
  svg.append(shape('path', {d, fill: '#33405c', transform: up ? '' : 'rotate(180 10 10)'}));
  return svg;
}
function shorten(text, n) { return text.length > n ? text.slice(0, n - 1) + '…' : text; }

function draw(path) {
  const width = 360, high = 46, svg = shape('svg', {viewBox: `0 0 ${width} ${high * path.nodes.length}`, role: 'img'});
  svg.append(shape('title', {}, path.words));
  path.nodes.forEach((name, i) => {
    const y = i * high + 12;
    if (i) {
      svg.append(shape('line', {x1: 14, x2: 14, y1: y - high + 8, y2: y - 8, stroke: '#8993a5', 'stroke-width': 2}));
      svg.append(shape('text', {x: 26, y: y - high / 2 + 4, fill: '#535c6e'}, shorten(path.edges[i - 1] || 'linked', 50)));
    }
    svg.append(shape('circle', {cx: 14, cy: y, r: 7, fill: i === 0 ? '#3b6fd4' : i === path.nodes.length - 1 ? '#3a8f4d' : '#dd8a2e'}));
    svg.append(shape('text', {x: 28, y: y + 4, fill: '#1d2330'}, shorten(name, 48)));
  });
  return svg;
}

function signed(number) { return (number < 0 ? '−' : '+') + Math.abs(number).toFixed(2); }

// The parts of a score as bars to the right or to the left of a common zero.
function drawParts(parts) {
  const box = make('div', 'parts'), sum = parts.reduce((total, part) => total + part.added, 0);
  const right = Math.max(0, ...parts.map(part => part.added)), left = Math.max(0, ...parts.map(part => -part.added));
  const width = value => 100 * value / (left + right) + '%';
  box.append(make('p', 'small', 'Compared with the average film its score is ' + signed(sum) + '. This is what each expert adds:'));
  for (const part of parts) {
    const row = make('div', 'row'), bar = make('div', part.added < 0 ? 'bar less' : 'bar');
    row.append(make('span', 'words', part.words), make('span', 'added', signed(part.added)));
    bar.style.width = width(Math.abs(part.added));
    bar.style.marginLeft = width(part.added < 0 ? left + part.added : left);
    box.append(row, bar);
    if (part.evidence) box.append(make('p', 'small', part.evidence));
  }
  return box;
}

// Show the film below its title, or hide it again. Nothing above it moves.
async function showFilm(entity, item, name) {
  const old = item.querySelector('.film');
  if (old) {
    old.remove();
    name.setAttribute('aria-expanded', false);
    return;
  }
  const film = await ask('film', {entity}), box = make('div', 'film');
  const facts = [film.genres.join(', '), film.directors.length ? 'by ' + film.directors.join(', ') : '',
    film.cast.length ? 'with ' + film.cast.join(', ') : ''].filter(Boolean);
  box.append(make('p', 'small', facts.join('; ') || 'Nothing else is known about it.'));
  if (film.plot) box.append(make('p', '', film.plot));
  if (film.why) box.append(make('p', '', film.why));
  if (film.parts.length) box.append(drawParts(film.parts));
  box.append(make('p', 'small', film.paths.length ? 'Paths in the knowledge graph from what you mentioned:' :
    'No path in the knowledge graph links it to what you mentioned.'));
  for (const path of film.paths) box.append(draw(path));
  item.append(box);
  name.setAttribute('aria-expanded', true);
}

// The browser writes the file; the server only sends the text of this conversation.
async function save() {
  const text = await (await post('transcript', {})).text(), link = make('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'application/x-ndjson'}));
  link.download = 'film_chat.jsonl';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  write('note', 'Saved as film_chat.jsonl. In the terminal, /replay film_chat.jsonl holds the conversation again.');
}

async function open() {
  const answer = await ask('open', {});
  session = answer.session;
  get('backend').textContent = answer.uses_model ? 'Answers by: ' + answer.backend : 'Answers without a language model';
  get('backend').title = answer.backend;
  get('spread').textContent = 'The probabilities are spread over ' + answer.n_films.toLocaleString('en') + ' films, so even a good pick has a small one.';
  get('text').maxLength = answer.max_message;
}

get('form').onsubmit = event => {
  event.preventDefault();
  const text = get('text').value.trim();
  if (text) doing(() => say(text));
  get('text').focus();
};
get('text').oninput = () => {  // the browser cuts what is longer
  const isFull = get('text').value.length >= get('text').maxLength;
  if (isFull) fail('A message has at most ' + get('text').maxLength + ' characters. The rest was left out.');
};
get('stop').onclick = () => stopper.abort();
get('undo').onclick = () => doing(async () => {
  const answer = await ask('undo', {});
  write('note', answer.undone === null ? 'There is no message to undo.' : 'Undid your message "' + answer.undone + '".');
  show(answer.view);
});
get('reset').onclick = () => doing(async () => {
  const answer = await ask('reset', {});
  votes.clear();
  get('log').replaceChildren(make('p', 'hint', 'Let us start over.'));
  show(answer.view);
});
get('save').onclick = () => doing(save);
get('slider').oninput = showMask;
doing(open);
get('text').focus();
