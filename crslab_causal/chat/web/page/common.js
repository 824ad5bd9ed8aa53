'use strict';
// What both pages use. All texts are set as textContent, so that nothing in them is read as HTML.
const get = id => document.getElementById(id);
let session = null, busy = false;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
function fail(message) { get('error').textContent = message; }

async function post(name, body, signal) {
  let response;
  try {
    response = await fetch('api/' + name, {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({session, ...body}), signal,
    });
  } catch {
    if (signal && signal.aborted) throw new Error('Stopped.');
    throw new Error('The server does not answer. Is it still running?');
  }
  if (!response.ok) {
    const answer = await response.json().catch(() => ({}));
    throw new Error(answer.error || 'The server refused the request (' + response.status + ').');
  }
  return response;
}
async function ask(name, body) { return (await post(name, body)).json(); }

// Run one action at a time, and show its failure. The page defines setControls, which knows what to disable.
async function doing(action) {
  if (busy) return;
  busy = true;
  fail('');
  setControls();
  try { await action(); } catch (error) { fail(error.message); }
  busy = false;
  setControls();
}
