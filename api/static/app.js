// The chat page. Whatever the server sends becomes text, never markup: only textContent and append() are used.

const HISTORY_TURNS = 8;
const VERDICTS = {
  unsupported: "not supported by its source",
  weak: "weakly supported by its source",
  uncited: "no source named",
};

const LABELS = { declined: "Not in the documents", partly: "The documents answer this in part" };

const page = Object.fromEntries(
  ["conversation", "welcome", "composer", "question", "send", "status", "new", "tip"].map((id) => [id, document.getElementById(id)]),
);

const UNREACHABLE = { title: "The server cannot be reached", detail: "Is it still running?" };
const BROKEN_OFF = { title: "The answer broke off", detail: "The connection to the server was lost." };

let history = [];
let running = null; // the AbortController of the answer being written
let turns = 0;
let advised = false;

// ---- asking

async function ask(question) {
  const turn = addTurn(question);
  const stop = beginAnswer(turn);
  try {
    const response = await post({ question, history: history.slice(-HISTORY_TURNS) }, stop.signal);
    for await (const [event, data] of serverSentEvents(response.body)) {
      ON_EVENT[event]?.(turn, data);
    }
    if (!turn.settled) throw BROKEN_OFF;
  } catch (error) {
    if (!turn.settled) settleUnanswered(turn, question, error, stop.signal.aborted);
  } finally {
    endAnswer(turn, stop);
  }
}

async function post(body, signal) {
  const response = await fetch("v1/ask/stream", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  }).catch(() => Promise.reject(UNREACHABLE));
  if (!response.ok) throw await response.json().catch(() => ({ title: `The server answered ${response.status}` }));
  return response;
}

async function* serverSentEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => Promise.reject(BROKEN_OFF));
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) {
      const { event, data } = fieldsOf(block);
      if (event) yield [event, JSON.parse(data)]; // without one it is a comment that keeps the connection open
    }
  }
}

function fieldsOf(block) {
  return Object.fromEntries(block.split("\n").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
  }));
}

const ON_EVENT = {
  retrieval(turn, { hits }) {
    page.status.textContent = hits.length ? `${count(hits.length, "passage")} found, writing…` : "No passages found.";
  },
  delta(turn, { text }) {
    following(() => {
      turn.streamed += text;
      turn.text.replaceChildren();
      appendText(turn.text, turn.streamed);
    });
  },
  answer(turn, answer) {
    turn.settled = true;
    history.push({ role: "user", text: turn.question }, { role: "assistant", text: answer.text });
    following(() => showAnswer(turn, answer));
    page.status.textContent = ending(answer);
  },
  error(turn, problem) {
    throw problem;
  },
};

function ending(answer) {
  if (answer.status === "declined") return "The documents do not answer this.";
  const told = `Answered, ${count(answer.citations.length, "source")}`;
  return answer.status === "partly" ? `${told}; the documents answer it in part.` : `${told}.`;
}

// ---- turns

function addTurn(question) {
  page.welcome.hidden = true;
  const asked = element("p", "question", question);
  asked.prepend(element("span", "unseen", "You asked: "));
  const text = element("div", "text");
  const answer = element("div", "answer", text);
  const article = element("article", "turn", asked, answer);
  page.conversation.append(article);
  article.scrollIntoView({ block: "start", behavior: "instant" });
  return { id: ++turns, question, article, answer, text, streamed: "", settled: false };
}

function beginAnswer(turn) {
  running = new AbortController();
  turn.article.setAttribute("aria-busy", "true"); // a screen reader waits for the whole answer
  page.status.textContent = "Searching…";
  page.send.textContent = "Stop";
  return running;
}

function endAnswer(turn, stop) {
  turn.article.removeAttribute("aria-busy");
  if (running !== stop) return; // a new conversation has begun meanwhile
  running = null;
  page.send.textContent = "Ask";
}

function settleUnanswered(turn, question, error, stopped) {
  if (!turn.article.isConnected) return; // a new conversation has begun meanwhile
  if (error instanceof Error && !stopped) console.error(error);
  turn.settled = true;
  turn.answer.classList.add("unfinished");
  page.status.textContent = stopped ? "Stopped." : "";
  if (!stopped) following(() => turn.answer.append(errorBox(question, error)));
}

function errorBox(question, error) {
  const wait = error.retry_after ? `Try again in ${count(error.retry_after, "second")}.` : "";
  const again = element("button", "again", "Try again");
  again.type = "button";
  again.addEventListener("click", () => running || ask(question));
  const title = element("strong", "", error.title ?? "Something went wrong");
  const box = element("div", "error", title, element("p", "", [error.detail, wait].filter(Boolean).join(" ")), again);
  box.setAttribute("role", "alert");
  return box;
}

// ---- an answer

function showAnswer(turn, answer) {
  turn.answer.classList.add(answer.status);
  if (LABELS[answer.status]) turn.answer.prepend(element("p", "label", LABELS[answer.status]));
  turn.text.replaceChildren();
  appendSentences(turn, answer);
  if (answer.unanswered) turn.answer.append(unansweredNote(answer.unanswered));
  if (answer.nearest.length) turn.answer.append(nearestList(answer.nearest));
  if (answer.cut_short) turn.answer.append(element("p", "label", `Cut short: ${answer.cut_short}`));
  if (answer.citations.length) turn.answer.append(sourceList(turn, answer.citations));
  turn.answer.append(element("p", "made", madeBy(answer)));
  if (answer.advice && !advised) turn.answer.append(adviceNote(answer.advice));
}

function appendSentences(turn, answer) {
  const text = Array.from(answer.text); // the server counts code points, JavaScript's strings UTF-16 units
  const markers = answer.citations
    .flatMap((citation) => citation.answer_spans.map(([start, end]) => ({ start, end, citation })))
    .sort((a, b) => a.start - b.start);
  let at = 0;
  for (const { start, end, verdict, finding } of [...answer.sentences].sort((a, b) => a.start - b.start)) {
    appendMarked(turn, turn.text, text, markers, at, start);
    const sentence = element("span", `sentence ${verdict}`);
    appendMarked(turn, sentence, text, markers, Math.max(at, start), end);
    if (VERDICTS[verdict]) sentence.append(" ", element("span", "verdict", reason(verdict, finding)));
    turn.text.append(sentence);
    at = Math.max(at, end);
  }
  appendMarked(turn, turn.text, text, markers, at, text.length);
}

function reason(verdict, finding) {
  return finding ? `${VERDICTS[verdict]} (${finding})` : VERDICTS[verdict];
}

function appendMarked(turn, node, text, markers, start, end) {
  let at = start;
  for (const marker of markers) {
    if (marker.start < at || marker.end > end) continue;
    node.append(text.slice(at, marker.start).join(""), markerButton(turn, marker.citation));
    at = marker.end;
  }
  node.append(text.slice(at, end).join(""));
}

// While it streams, the text has markers and no citations yet: they are set as they will stand.
function appendText(node, text) {
  for (const piece of text.split(/(\[\d+\])/)) {
    node.append(/^\[\d+\]$/.test(piece) ? element("sup", "pending", piece.slice(1, -1)) : piece);
  }
}

function markerButton(turn, citation) {
  const button = element("button", "marker", String(citation.number));
  button.type = "button";
  button.setAttribute("aria-label", `Source ${citation.number}: ${citation.path}, ${citation.place}`);
  button.addEventListener("click", () => goToSource(sourceId(turn, citation)));
  for (const event of ["mouseenter", "focus"]) button.addEventListener(event, () => showTip(button, citation));
  for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => hideTipSoon());
  return element("sup", "", button);
}

function sourceList(turn, citations) {
  const entries = citations.map((citation) => {
    const entry = element(
      "li",
      "",
      element("span", "number", `[${citation.number}]`),
      " ",
      element("cite", "", citation.path),
      `, ${citation.place}: `,
      element("span", "quote", `“${citation.quote}”`),
    );
    entry.id = sourceId(turn, citation);
    entry.tabIndex = -1;
    return entry;
  });
  const list = element("ol", "sources", ...entries);
  list.setAttribute("role", "list"); // Safari takes the role away with the bullets
  list.setAttribute("aria-label", "Sources");
  return list;
}

function unansweredNote(part) {
  return element("p", "unanswered", element("strong", "", "The documents do not answer: "), part);
}

function nearestList(nearest) {
  const entries = nearest.map(({ path, place }) => element("li", "", element("cite", "", path), `, ${place}`));
  const list = element("ul", "", ...entries);
  list.setAttribute("role", "list"); // Safari takes the role away with the bullets
  return element("div", "nearest", element("p", "", "You may want to look at:"), list);
}

const sourceId = (turn, citation) => `answer-${turn.id}-source-${citation.number}`;

function goToSource(id) {
  const entry = document.getElementById(id);
  hideTip();
  entry.scrollIntoView({ block: "nearest" });
  entry.focus({ preventScroll: true });
}

function madeBy({ model, timings }) {
  return "total" in timings ? `${model}, ${timings.total.toFixed(1)} s` : model;
}

function adviceNote(advice) {
  advised = true;
  const note = element("p", "advice", advice);
  note.setAttribute("role", "note");
  return note;
}

// ---- the tip that shows a quote

let tipTimer;
let tipOf = null; // the marker that the tip belongs to

function showTip(button, citation) {
  hideTip();
  tipOf = button;
  page.tip.replaceChildren(
    element("p", "place", `${citation.path}, ${citation.place}`),
    element("p", "quote", `“${citation.quote}”`),
  );
  page.tip.hidden = false;
  button.setAttribute("aria-describedby", "tip");
  placeTip();
}

function placeTip() {
  if (!tipOf) return;
  const marker = tipOf.getBoundingClientRect();
  const { width, height } = page.tip.getBoundingClientRect();
  const above = marker.top - height - 6;
  page.tip.style.left = `${Math.max(8, Math.min(marker.left, document.documentElement.clientWidth - width - 8))}px`;
  page.tip.style.top = `${above > 8 ? above : marker.bottom + 6}px`;
}

function hideTip() {
  clearTimeout(tipTimer);
  tipOf?.removeAttribute("aria-describedby");
  tipOf = null;
  page.tip.hidden = true;
}

// The pointer may cross to the tip, to read a long quote or copy from it.
function hideTipSoon() {
  clearTimeout(tipTimer);
  tipTimer = setTimeout(hideTip, 200);
}

// ---- small things

function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

// Keeps the end in view for who was reading there, and leaves alone who has scrolled up.
function following(change) {
  const root = document.documentElement;
  const atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < 80;
  change();
  if (atEnd) root.scrollTo({ top: root.scrollHeight, behavior: "instant" });
}

function submit() {
  const question = page.question.value.trim();
  if (!question || running) return;
  page.question.value = "";
  ask(question);
}

function startAfresh() {
  running?.abort();
  running = null;
  history = [];
  advised = false;
  hideTip();
  page.conversation.replaceChildren();
  page.welcome.hidden = false;
  page.status.textContent = "";
  page.send.textContent = "Ask";
  page.question.focus();
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
page.new.addEventListener("click", startAfresh);
page.tip.addEventListener("mouseenter", () => clearTimeout(tipTimer));
page.tip.addEventListener("mouseleave", hideTipSoon);
document.addEventListener("keydown", (event) => event.key === "Escape" && hideTip());
document.addEventListener("scroll", placeTip, { passive: true });
