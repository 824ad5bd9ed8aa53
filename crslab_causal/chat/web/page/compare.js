'use strict';
const SIDES = ['left', 'right'];
let messages = 0, voted = false;

function setControls() {
  get('send').disabled = busy || voted;
  get('text').disabled = voted;
  get('voting').disabled = busy || voted || !messages;
  get('again').disabled = busy;
}

function write(side, className, text) {
  const log = get(side), line = make('p', className, text);
  log.append(line);
  log.scrollTop = log.scrollHeight;
  return line;
}

function writeLine(side, line) {
  const isNote = line.startsWith('(') || line.startsWith('Heard:');
  write(side, isNote ? 'note' : '', line.replace(/ {2}\(\/forget .*$/, ''));  // this page has no commands
}

async function say(text) {
  const mine = SIDES.map(side => write(side, 'me', text)), waiting = SIDES.map(side => write(side, 'note', '…'));
  try {
    const replies = await ask('say', {text});
    waiting.forEach(line => line.remove());
    for (const side of SIDES) {
      for (const line of replies[side]) writeLine(side, line);
      mine[SIDES.indexOf(side)].scrollIntoView({block: 'nearest'});
      get(side).scrollTop = mine[SIDES.indexOf(side)].offsetTop - get(side).offsetTop;
    }
    get('text').value = '';
    messages += 1;
  } catch (error) {
    [...mine, ...waiting].forEach(line => line.remove());
    throw error;
  }
}

async function vote(button) {
  const answer = await ask('vote', {choice: button.dataset.choice, comment: get('comment').value});
  voted = true;
  button.setAttribute('aria-pressed', 'true');
  for (const side of SIDES) {
    get('name-' + side).textContent = (side === 'left' ? 'Left: ' : 'Right: ') + answer.names[side];
  }
  get('thanks').textContent = 'Saved. Thank you. Left was ' + answer.names.left + ', right was ' + answer.names.right + '.';
}

async function open() {
  session = null;
  const answer = await ask('open', {});
  session = answer.session;
  messages = 0;
  voted = false;
  get('text').maxLength = answer.max_message;
  get('comment').maxLength = answer.max_comment;
  get('comment').value = '';
  get('thanks').textContent = '';
  get('name-left').textContent = 'Left';
  get('name-right').textContent = 'Right';
  SIDES.forEach(side => get(side).replaceChildren());
  document.querySelectorAll('#choices button').forEach(button => button.removeAttribute('aria-pressed'));
}

get('form').onsubmit = event => {
  event.preventDefault();
  const text = get('text').value.trim();
  if (text) doing(() => say(text)).then(() => get('text').focus());
};
document.querySelectorAll('#choices button').forEach(button => {
  button.onclick = () => doing(() => vote(button)).then(() => { if (voted) get('again').focus(); });
});
get('again').onclick = () => doing(open).then(() => get('text').focus());
setControls();
doing(open).then(() => get('text').focus());
