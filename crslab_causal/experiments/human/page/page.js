'use strict';

// A rating is known by '<context id> <letter> <criterion>', which is also the name of its radio buttons.

function names(data) {
  return data.rows.flatMap(row => data.criteria.map(criterion => `${row[1]} ${row[2]} ${criterion}`));
}

function missing(data, ratings) {
  return names(data).filter(name => !(name in ratings));
}

/** The form with the ratings filled in: UTF-8 with a byte order mark, every cell quoted. */
function csvOf(data, ratings) {
  const cell = value => `"${String(value).replace(/"/g, '""')}"`;
  const rows = data.rows.map(row => [
    ...row, ...data.criteria.map(criterion => ratings[`${row[1]} ${row[2]} ${criterion}`] ?? '')]);
  return '\ufeff' + [data.columns, ...rows].map(row => row.map(cell).join(',') + '\r\n').join('');
}

/** What was kept, as far as it belongs to this kit. */
function restored(data, text) {
  const state = { rater: '', at: 0, ratings: {} };
  let kept = null;
  try {
    kept = JSON.parse(text);
  } catch {
    return state;
  }
  if (kept === null || typeof kept !== 'object') return state;
  if (typeof kept.rater === 'string') state.rater = kept.rater;
  if (Number.isInteger(kept.at)) state.at = kept.at;
  for (const name of names(data)) {
    if (data.steps.includes(kept.ratings?.[name])) state.ratings[name] = kept.ratings[name];
  }
  return state;
}

/** A file name that every system takes, in the rater's own script. */
function fileName(rater) {
  return rater.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}]+/gu, '_').replace(/^_+|_+$/g, '').toLowerCase() + '.csv';
}

function start() {
  const find = id => document.getElementById(id);
  const data = JSON.parse(find('data').textContent);
  const sections = [...document.querySelectorAll('#ratings > section')];
  const fieldsets = section => [...section.querySelectorAll('fieldset')];
  const storageKey = `crslab_causal ${data.kit}`;
  const total = sections.length;
  let stored = null;
  try {
    stored = localStorage.getItem(storageKey);
  } catch { /* keep() says so */ }
  let state = restored(data, stored);

  function say(text) {
    find('status').textContent = text;
  }

  function keep() {
    try {
      localStorage.setItem(storageKey, JSON.stringify(state));
    } catch {
      say('This browser keeps nothing: do not close the page before you have saved your ratings.');
    }
  }

  const rated = fieldset => fieldset.dataset.name in state.ratings;
  const finished = section => fieldsets(section).every(rated);
  const unrated = section => fieldsets(section).find(fieldset => !rated(fieldset));

  /** The question that a digit answers: that with the focus, else the first without an answer. */
  function current() {
    const focused = document.activeElement?.closest('fieldset');
    return focused ?? unrated(sections[state.at]) ?? null;
  }

  function refresh() {
    const done = sections.filter(finished).length;
    find('done').textContent = `${done} of ${total} done`;
    find('progress').value = done;
    find('previous').disabled = state.at === 0;
    find('next').disabled = state.at === total - 1;
    find('unfinished').disabled = done === total;
    [...find('goto').options].forEach((option, i) => {
      option.textContent = `${i + 1}${finished(sections[i]) ? ' \u2713' : ''}`;
    });
    find('goto').value = state.at;
    const now = current();
    for (const fieldset of fieldsets(sections[state.at])) {
      fieldset.classList.toggle('rated', rated(fieldset));
      fieldset.classList.toggle('current', fieldset === now);
    }
  }

  function show(at) {
    state.at = Math.min(Math.max(at, 0), total - 1);
    sections.forEach((section, i) => { section.hidden = i !== state.at; });
    sections[state.at].querySelector('h2').focus({ preventScroll: true });
    window.scrollTo(0, 0);
    keep();
    refresh();
  }

  function showUnfinished() {
    const at = sections.findIndex(section => !finished(section));
    if (at >= 0) show(at);
  }

  function rate(name, value) {
    state.ratings[name] = value;
    say(missing(data, state.ratings).length ? '' : 'All done: save your ratings as CSV, and send the file back.');
    keep();
  }

  /** By a digit: then on to the next question, and behind the last one to the button that shows the next screen. */
  function rateByKey(fieldset, value) {
    fieldset.querySelector(`input[value="${value}"]`).checked = true;
    rate(fieldset.dataset.name, value);
    const all = fieldsets(sections[state.at]);
    const after = all.slice(all.indexOf(fieldset) + 1).find(other => !rated(other)) ?? unrated(sections[state.at]);
    (after?.querySelector('input') ?? (state.at < total - 1 ? find('next') : find('save'))).focus();
    refresh();
  }

  function save() {
    const rater = find('rater').value.trim();
    if (!/[\p{L}\p{N}]/u.test(rater)) {
      say('Write your name first: the file is named after it.');
      find('rater').focus();
      return;
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csvOf(data, state.ratings)], { type: 'text/csv;charset=utf-8' }));
    link.download = fileName(rater);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    const left = missing(data, state.ratings).length;
    say(`Saved as ${link.download}, in the folder for downloads.`
        + (left ? ` It is not complete: ${left} rating${left > 1 ? 's are' : ' is'} missing.` : ''));
  }

  function fill() {
    for (const input of document.querySelectorAll('#ratings input')) {
      input.checked = state.ratings[input.name] === Number(input.value);
    }
    for (const fieldset of document.querySelectorAll('#ratings fieldset')) {
      fieldset.classList.toggle('rated', rated(fieldset));
    }
    find('rater').value = state.rater;
  }

  function clear() {
    if (!confirm('Delete all ratings of this form in this browser?')) return;
    state = restored(data, null);
    fill();
    show(0);
    say('All ratings are deleted.');
  }

  sections.forEach((_, i) => find('goto').append(new Option(i + 1, i)));
  find('ratings').addEventListener('change', event => {
    rate(event.target.name, Number(event.target.value));
    refresh();
  });
  find('ratings').addEventListener('submit', event => event.preventDefault());
  find('ratings').addEventListener('focusin', refresh);
  find('rater').addEventListener('input', () => { state.rater = find('rater').value; keep(); });
  find('previous').addEventListener('click', () => show(state.at - 1));
  find('next').addEventListener('click', () => show(state.at + 1));
  find('unfinished').addEventListener('click', showUnfinished);
  find('goto').addEventListener('change', () => show(Number(find('goto').value)));
  find('save').addEventListener('click', save);
  find('clear').addEventListener('click', clear);
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches('input[type=text], select')) return;
    const key = event.key.toLowerCase();
    const fieldset = current();
    if (fieldset && data.steps.map(String).includes(key)) {
      event.preventDefault();
      rateByKey(fieldset, Number(key));
    } else if (key === 'n' && state.at < total - 1) {
      show(state.at + 1);
    } else if (key === 'p' && state.at > 0) {
      show(state.at - 1);
    } else if (key === 'u') {
      showUnfinished();
    }
  });

  fill();
  find('help').open = !Object.keys(state.ratings).length;
  show(state.at);
}

if (typeof document !== 'undefined') start();
if (typeof module !== 'undefined') module.exports = { csvOf, fileName, missing, names, restored };
