// The conversations that the server keeps: the list, and which one is open.

import { button, byId, confirmed, control, element, inWords, link, plainList, say } from "./dom.js";
import { address, call, fetched } from "./server.js";
import { session } from "./session.js";

const list = byId("conversations");
export const kept = { id: null, loading: false };
let show = null; // what is done with a conversation that was opened
let begin = null; // and for a new one
let all = [];
let more = null;

export function startConversations(showConversation, startAfresh) {
  [show, begin] = [showConversation, startAfresh];
  addEventListener("hashchange", openAddressed);
}

const at = (id) => `v1/conversations/${encodeURIComponent(id)}`;
const addressed = () => new URLSearchParams(location.hash.slice(1)).get("c");

export async function enterConversations() {
  await listConversations();
  if (session.features.conversations && addressed() !== kept.id) await openAddressed();
}

// The id of the open conversation; of a new one where none is; null where the server keeps none.
export async function newConversation() {
  if (!session.features.conversations) return null;
  if (!kept.id) keepInAddress((await fetched("POST", "v1/conversations", { json: {} })).id);
  return kept.id;
}

export function keepInAddress(id) {
  kept.id = id;
  const url = id ? `#c=${encodeURIComponent(id)}` : location.pathname + location.search;
  history.replaceState(history.state, "", url);
  draw();
}

async function openAddressed() {
  const id = addressed();
  if (id === kept.id || !session.features.conversations) return;
  if (!id) return begin();
  kept.loading = true;
  try {
    const conversation = await fetched("GET", at(id));
    kept.id = id;
    show(conversation);
    draw();
  } catch (problem) {
    if (problem.status === 401) return;
    begin();
    say(problem.status === 404 ? "This conversation is not there any more." : inWords(problem) || problem.title);
  } finally {
    kept.loading = false;
  }
}

export async function listConversations() {
  byId("conversations-part").hidden = !session.features.conversations;
  if (!session.features.conversations) return;
  try {
    const found = await fetched("GET", "v1/conversations");
    [all, more] = [found.conversations, found.next ?? null];
    draw();
  } catch (problem) {
    list.replaceChildren(element("li", "soft", inWords(problem) || problem.title));
  }
}

async function listMore() {
  const found = await fetched("GET", "v1/conversations", { params: { after: more } }).catch(() => null);
  if (!found) return say("The list cannot be read further now.");
  all.push(...found.conversations);
  more = found.next ?? null;
  draw();
}

function draw() {
  list.replaceChildren(...all.map(entryOf));
  if (more) list.append(element("li", "", button("Show more", listMore, { className: "quiet" })));
  byId("no-conversations").hidden = all.length > 0;
}

const titleOf = ({ title }) => title || "New conversation";

function entryOf(conversation) {
  const opens = element("a", "entry", titleOf(conversation));
  opens.href = `#c=${encodeURIComponent(conversation.id)}`;
  opens.title = titleOf(conversation);
  const entry = element("li", "", opens);
  if (conversation.id !== kept.id) return entry;
  opens.setAttribute("aria-current", "true");
  entry.append(toolsOf(conversation, opens));
  return entry;
}

function toolsOf(conversation, opens) {
  const rename = button("Rename", () => renaming(conversation, opens), { className: "quiet" });
  const out = link("Export", address(`${at(conversation.id)}.md`), { download: true });
  out.classList.add("quiet");
  const remove = button("Delete", () => confirmed(remove, "Delete it?", "Delete", () => removed(conversation)), { className: "quiet" });
  return element("div", "entry-tools", rename, out, remove);
}

function renaming(conversation, opens) {
  const title = control("input", { value: conversation.title, maxLength: 200, className: "title" });
  title.setAttribute("aria-label", "Title of the conversation");
  const done = async (wanted) => {
    title.removeEventListener("blur", leave);
    if (wanted) await renamed(conversation, title.value.trim());
    draw();
    list.querySelector("[aria-current]")?.focus();
  };
  const leave = () => done(false);
  title.addEventListener("keydown", (event) => {
    if (event.key === "Enter") done(true);
    if (event.key !== "Escape") return;
    event.stopPropagation();
    done(false);
  });
  title.addEventListener("blur", leave);
  opens.replaceWith(title);
  title.select();
}

async function renamed(conversation, title) {
  if (!title || title === conversation.title) return;
  try {
    Object.assign(conversation, await fetched("PATCH", at(conversation.id), { json: { title } }));
  } catch (problem) {
    say(`It could not be renamed. ${inWords(problem)}`);
  }
}

async function removed(conversation) {
  try {
    await call("DELETE", at(conversation.id));
    all = all.filter((one) => one !== conversation);
    begin();
    say("The conversation is deleted.");
  } catch (problem) {
    draw();
    say(`It could not be deleted. ${inWords(problem)}`);
  }
}
