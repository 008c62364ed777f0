// Asking: the question goes out, the answer is seen as it is written, and what stands takes its place.

import { ending, forgetAdvice, showAnswer } from "./answer.js";
import { kept, keepInAddress, listConversations, newConversation } from "./conversations.js";
import { button, byId, count, element, inWords, say } from "./dom.js";
import { filtersNow } from "./filters.js";
import { streaming } from "./rendering.js";
import { BROKEN_OFF, call, serverSentEvents } from "./server.js";
import { sessionKnown } from "./session.js";
import { hideTip } from "./tip.js";

const HISTORY_TURNS = 8;
const WITHHELD = "This answer rests on documents that you may not see now.";
const page = Object.fromEntries(["conversation", "welcome", "composer", "question", "send"].map((id) => [id, byId(id)]));

let history = []; // of a conversation that the server does not keep
let running = null; // the AbortController of the answer being written
let turns = 0;

async function ask(question) {
  const turn = addTurn(question);
  const stop = beginAnswer(turn);
  try {
    const response = await call("POST", "v1/ask/stream", { json: await wordsOf(question), signal: stop.signal });
    for await (const [event, data] of serverSentEvents(response.body)) ON_EVENT[event]?.(turn, data);
    if (!turn.settled) throw BROKEN_OFF;
  } catch (error) {
    if (error.status === 401) takeBack(turn, question);
    else if (!turn.settled) settleUnanswered(turn, question, error, stop.signal.aborted);
  } finally {
    endAnswer(turn, stop);
  }
}

async function wordsOf(question) {
  await sessionKnown; // or the conversation would not be kept
  const asked = { question, html: true, ...filtersNow() };
  const conversation = await newConversation();
  return conversation ? { ...asked, conversation } : { ...asked, history: history.slice(-HISTORY_TURNS) };
}

const ON_EVENT = {
  retrieval(turn, { hits }) {
    say(hits.length ? `${count(hits.length, "passage")} found, writing…` : "No passages found.");
  },
  delta(turn, { text }) {
    following(() => {
      turn.streamed += text;
      turn.text.replaceChildren(...streaming(turn.streamed));
    });
  },
  answer(turn, answer) {
    turn.settled = true;
    history.push({ role: "user", text: turn.question }, { role: "assistant", text: answer.text });
    following(() => showAnswer(turn, answer));
    say(ending(answer));
    listConversations();
  },
  error(turn, problem) {
    throw problem;
  },
};

// ---- turns

function addTurn(question) {
  page.welcome.hidden = true;
  const asked = element("p", "question", question);
  asked.prepend(element("span", "unseen", "You asked: "));
  const text = element("div", "text streaming");
  const answer = element("div", "answer", text);
  const article = element("article", "turn", asked, answer);
  page.conversation.append(article);
  article.scrollIntoView({ block: "start", behavior: "instant" });
  return { id: ++turns, question, article, answer, text, streamed: "", settled: false };
}

function beginAnswer(turn) {
  running = new AbortController();
  turn.article.setAttribute("aria-busy", "true"); // a screen reader waits for the whole answer
  say("Searching…");
  page.send.textContent = "Stop";
  return running;
}

function endAnswer(turn, stop) {
  turn.article.removeAttribute("aria-busy");
  if (running !== stop) return; // a new conversation has begun meanwhile
  running = null;
  page.send.textContent = "Ask";
}

// Nothing that was typed is lost to a key that ran out.
function takeBack(turn, question) {
  turn.settled = true;
  turn.article.remove();
  page.welcome.hidden = page.conversation.childElementCount > 0;
  if (!page.question.value) page.question.value = question;
  say("");
}

function settleUnanswered(turn, question, error, stopped) {
  if (!turn.article.isConnected) return; // a new conversation has begun meanwhile
  if (error instanceof Error && !stopped) console.error(error);
  turn.settled = true;
  turn.answer.classList.add("unfinished");
  say(stopped ? "Stopped." : "");
  if (!stopped) following(() => turn.answer.append(errorBox(question, error)));
}

function errorBox(question, error) {
  const again = button("Try again", () => running || ask(question), { className: "again" });
  const title = element("strong", "", error.title ?? "Something went wrong");
  const box = element("div", "error", title, element("p", "", inWords(error)), again);
  box.setAttribute("role", "alert");
  return box;
}

// Keeps the end in view for who was reading there, and leaves alone who has scrolled up.
function following(change) {
  const root = document.documentElement;
  const atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < 80;
  change();
  if (atEnd) root.scrollTo({ top: root.scrollHeight, behavior: "instant" });
}

// ---- conversations

export function startAfresh() {
  leave();
  keepInAddress(null);
  page.welcome.hidden = false;
  page.question.focus();
}

export function showConversation(conversation) {
  leave();
  for (const { question, answer, withheld, feedback } of conversation.turns) {
    const turn = addTurn(question);
    turn.settled = true;
    if (answer) showAnswer(turn, { feedback, ...answer });
    else turn.text.replaceWith(element("p", "label", withheld ? WITHHELD : "This was not answered."));
  }
  page.welcome.hidden = conversation.turns.length > 0;
}

function leave() {
  running?.abort();
  running = null;
  history = [];
  forgetAdvice();
  hideTip();
  page.conversation.replaceChildren();
  say("");
  page.send.textContent = "Ask";
}

// ---- the question box

function submit() {
  const question = page.question.value.trim();
  if (!question || running || kept.loading) return;
  page.question.value = "";
  ask(question);
}

page.composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) running.abort();
  else submit();
});
page.question.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
