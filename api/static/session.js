// Who is here, what they may do, and the form that takes a key.

import { button, byId, inWords, say } from "./dom.js";
import { call, fetched, loggedIn } from "./server.js";

const form = byId("login-form");
const dialog = byId("login");
const key = byId("key");
const told = byId("login-told");

export const session = { features: {}, viewer: false, may_write: false, key_needed: false, name: "" };

let tell;
export const sessionKnown = new Promise((resolve) => { tell = resolve; }); // one may ask before it is

// A server that has no sessions has no more than the questions: the page then does without the rest.
export async function beginSession() {
  try {
    welcome(await fetched("GET", "v1/session"));
  } catch (problem) {
    if (problem.status !== 404 && problem.status !== 401) say(inWords(problem) || problem.title);
  } finally {
    tell();
  }
}

function welcome(given) {
  Object.assign(session, given, { viewer: given.features.documents });
  showWho();
  if (session.key_needed && !session.id) askForKey();
  else document.dispatchEvent(new CustomEvent("admitted"));
}

function showWho() {
  byId("who").hidden = !session.key_needed || !session.id;
  byId("who-name").textContent = session.name ?? "";
}

function askForKey() {
  if (dialog.open) return;
  told.textContent = "";
  dialog.showModal();
  key.focus();
}

async function logIn(event) {
  event.preventDefault();
  told.textContent = "";
  try {
    const given = await fetched("POST", "v1/session", { json: { key: key.value.trim() } });
    loggedIn();
    key.value = "";
    dialog.close();
    welcome(given);
    byId("question").focus();
  } catch (problem) {
    told.textContent = problem.status === 401 ? "This key opens nothing: it is mistyped, expired or revoked." : inWords(problem) || problem.title;
    key.focus();
    key.select();
  }
}

async function logOut() {
  await call("DELETE", "v1/session").catch(() => {});
  location.reload(); // nothing of what was shown may stay
}

form.addEventListener("submit", logIn);
dialog.addEventListener("cancel", (event) => event.preventDefault()); // there is nothing behind it without a key
document.addEventListener("unauthorized", askForKey);
byId("who").append(button("Log out", logOut, { iconName: "out" }));
