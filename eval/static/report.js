// The list of questions. Whatever comes from the run becomes text, never markup: only textContent and append() are used.

const { questions, passages, measures, causes, baseline } = JSON.parse(document.getElementById("data").textContent);
const form = document.getElementById("filters");
const list = document.getElementById("list");
const shown = document.getElementById("shown");

const VERDICTS = {
  supported: ["✓", "right", "supported"],
  weak: ["≈", "doubt", "weak"],
  unsupported: ["✗", "wrong", "unsupported"],
  contradicted: ["✗", "wrong", "contradicted"],
  uncited: ["○", "doubt", "uncited"],
};
const OUTCOMES = { right: ["✓", "right"], wrong: ["✗", "wrong"], none: ["–", "plain"] };
const OUTCOME_WORDS = { right: "Right", wrong: "Wrong", none: "Not judged" };
const CHANGES = { better: "Became right", worse: "Became wrong", same: "As before", new: "Only in this run" };

const CHANGED = { better: "was wrong", worse: "was right" };

// ---- building blocks

function element(name, properties = {}, ...children) {
  const { className, ...attributes } = properties;
  const made = document.createElement(name);
  if (className) made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const figure = (value) => value.toFixed(2);
const seconds = (value) => `${value < 9.995 ? value.toFixed(2) : value.toFixed(1)} s`;
const present = (value) => value !== null && value !== undefined;

function mark([sign, colour], words) {
  return element("span", { className: `mark ${colour}` }, element("span", { "aria-hidden": "true" }, `${sign} `), words);
}

function place({ path, page, section, lines }) {
  const parts = [path];
  if (present(page)) parts.push(`page ${page}`);
  if (section) parts.push(`section ${section}`);
  if (lines) parts.push(lines[0] === lines[1] ? `line ${lines[0]}` : `lines ${lines[0]}–${lines[1]}`);
  return element("cite", {}, parts.join(", "));
}

function block(title, ...content) {
  return element("div", {}, element("h3", {}, title), ...content);
}

// ---- one question

function details(item) {
  const body = element("div", { className: "body" });
  if (item.history.length) body.append(turns(item.history));
  if (item.now.why) body.append(element("p", { className: "diagnosis" }, element("strong", {}, "Why: "), item.now.why));
  if (item.before) {
    const titles = [`Answer of ${baseline}`, "Answer of this run"];
    const both = [item.before, item.now].map((told, i) => answer(told, item, titles[i], i ? "" : "before-"));
    body.append(element("div", { className: "columns" }, ...both));
  } else {
    body.append(answer(item.now, item, "Answer", ""));
  }
  body.append(element("div", { className: "columns" }, goldAnswers(item), goldEvidence(item)));
  body.append(retrieved(item.now, "passages retrieved"));
  if (item.before) body.append(retrieved(item.before, `passages retrieved by ${baseline}`));
  body.append(block("Scores", figures(Object.entries(item.now.scores).map(([name, value]) => [name, figure(value)]))));
  body.append(block("Time and tokens", figures(costs(item.now))));
  return body;
}

function turns(history) {
  const said = history.map(([role, words]) => element("p", {}, element("strong", {}, role === "user" ? "Asked: " : "Answered: "), words));
  return element("div", {}, element("h3", {}, "Said before"), element("div", { className: "turns" }, ...said));
}

function by({ declined_by, unanswered }) {
  if (unanswered) return ` (not: ${unanswered})`;
  return declined_by ? ` by the ${declined_by}` : "";
}

function answer(told, item, title, prefix) {
  if (told.error) return block(title, element("p", { className: "error" }, told.error));
  if (told.status === "retrieved") return block(title, element("p", { className: "small" }, "Only retrieval was run."));
  const key = `${prefix}${questions.indexOf(item)}`;
  const status = element("p", { className: "small" }, `Status: ${told.status}${by(told)}${present(told.confidence) ? `, confidence ${figure(told.confidence)}` : ""}`);
  const sentences = element("ol", { className: "sentences" }, ...pieces(told).map((piece) => sentence(piece, told, key)));
  return block(title, status, sentences, told.footnotes.length ? footnotes(told.footnotes, key) : null);
}

// The answer in order: its sentences, and what stands between them.
function pieces({ answer: whole, sentences }) {
  const parts = [];
  let at = 0;
  for (const checked of sentences) {
    const start = whole.indexOf(checked.text, at);
    if (start < 0) continue;
    parts.push({ text: whole.slice(at, start) }, checked);
    at = start + checked.text.length;
  }
  parts.push({ text: whole.slice(at) });
  return parts.filter((part) => part.text.trim());
}

function sentence(piece, told, key) {
  const said = element("div", { className: "said" }, ...withMarkers(piece.text.trim(), told.footnotes, key));
  if (!piece.verdict) return element("li", {}, said);
  const [sign, colour, words] = VERDICTS[piece.contradicted ? "contradicted" : piece.verdict];
  return element("li", {}, said, mark([sign, colour], piece.citations.length ? `${words} ${figure(piece.support)}` : words));
}

function withMarkers(words, notes, key) {
  const known = new Set(notes.map((note) => note.number));
  return words.split(/\s*(\[\d+\])/).map((part) => {
    const number = Number(part.slice(1, -1));
    return /^\[\d+\]$/.test(part) && known.has(number) ? marker(number, key) : part;
  });
}

function marker(number, key) {
  const link = element("a", { className: "marker", href: `#note-${key}-${number}`, "aria-label": `Footnote ${number}` }, String(number));
  link.addEventListener("click", (event) => leadTo(event, document.getElementById(`note-${key}-${number}`)));
  link.dataset.note = `note-${key}-${number}`;
  return element("sup", {}, link);
}

function footnotes(notes, key) {
  return element("ol", { className: "footnotes", "aria-label": "Footnotes" }, ...notes.map((note) => footnote(note, `note-${key}-${note.number}`)));
}

function footnote(note, id) {
  const back = element("a", { href: `#${id}`, "aria-label": `Back to footnote ${note.number} in the answer` }, String(note.number));
  back.addEventListener("click", (event) => leadTo(event, document.querySelector(`[data-note="${id}"]`)));
  return element("li", { id, tabindex: "-1" }, back, place(note), `: “${note.quote}”`);
}

// The address keeps the filters, so a link within an answer moves the focus and leaves the address alone.
function leadTo(event, target) {
  event.preventDefault();
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

function goldAnswers({ answers, answerable }) {
  const none = answerable ? "None given." : "None: the documents do not say.";
  const content = answers.length
    ? element("ul", { className: "plainlist" }, ...answers.map((one) => element("li", {}, one)))
    : element("p", { className: "small" }, none);
  return block("Gold answers", content);
}

function goldEvidence({ evidence }) {
  if (!evidence.length) return block("Gold evidence", element("p", { className: "small" }, "None."));
  const items = evidence.map((one) => element("li", {}, place(one), one.quote ? `: “${one.quote}”` : ""));
  return block("Gold evidence", element("ul", { className: "plainlist" }, ...items));
}

function retrieved(told, title) {
  const gold = told.retrieved.filter((found) => found.gold).length;
  const summary = element("summary", {}, `${told.retrieved.length} ${title}, ${gold} with gold evidence`);
  const folded = element("details", { className: "passages" }, summary);
  whenOpened(folded, () => element("ol", {}, ...told.retrieved.map((found, i) => passage(found, i + 1))));
  return folded;
}

function passage({ passage: number, score, gold }, rank) {
  const told = passages[number];
  const head = element("p", { className: "head" }, element("span", { className: "rank" }, String(rank)), place(told), element("span", { className: "small" }, `score ${score.toPrecision(3)}`));
  if (gold) head.append(mark(OUTCOMES.right, "holds gold evidence"));
  const heading = told.heading ? element("p", { className: "head small" }, told.heading) : null;
  return element("li", gold ? { className: "gold" } : {}, head, heading, element("p", { className: "passage" }, told.text));
}

function figures(pairs) {
  if (!pairs.length) return element("p", { className: "small" }, "None.");
  return element("dl", { className: "figures" }, ...pairs.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function costs({ timings, tokens, cost, cached, model }) {
  const told = Object.entries(timings).map(([stage, value]) => [stage, seconds(value)]);
  tokens.forEach((count, i) => present(count) && told.push([i ? "tokens out" : "tokens in", String(count)]));
  if (present(cost)) told.push(["cost", cost.toPrecision(3)]);
  if (model) told.push(["model", model]);
  if (cached) told.push(["reply", "from the cache"]);
  return told;
}

function whenOpened(folded, make) {
  folded.addEventListener("toggle", () => folded.open && folded.children.length === 1 && folded.append(make()));
}

// ---- the list

function row(item) {
  const { now } = item;
  const under = [item.id, item.kind, ...item.tags, now.why ?? now.status];
  const asked = element(
    "span",
    { className: "asked-cell" },
    element("span", { className: "asked" }, item.question),
    element("br"),
    element("span", { className: "under" }, ...under.filter(Boolean).map((part) => element("span", part === now.why ? { className: "why" } : {}, part))),
  );
  const summary = element("summary", {}, element("span", {}, mark(OUTCOMES[now.outcome], now.words), changed(item.change)), asked, ...columns(now));
  const folded = element("details", {}, summary);
  whenOpened(folded, () => details(item));
  folded.addEventListener("toggle", remember);
  return element("li", {}, folded);
}

function changed(change) {
  return CHANGED[change] ? element("small", { className: `change ${change}` }, CHANGED[change]) : null;
}

function columns({ confidence, timings }) {
  const cell = (name, value) => element("span", { className: "figure" }, element("small", {}, value ? name : ""), value);
  return [
    cell("confidence", present(confidence) ? figure(confidence) : ""),
    cell("time", present(timings.total) ? seconds(timings.total) : ""),
  ];
}

const rows = new Map(questions.map((item) => [item, row(item)]));

// ---- filters, and their state in the address

const FILTERS = [
  ["outcome", "Outcome", (item) => [item.now.outcome], OUTCOME_WORDS],
  ["why", "What went wrong", (item) => [item.now.cause].filter(Boolean), causes],
  ["change", "Change", (item) => (baseline ? [item.change] : []), CHANGES],
  ["kind", "Kind", (item) => [item.kind].filter(Boolean)],
  ["status", "Status", (item) => [item.now.status]],
  ["tag", "Tag", (item) => item.tags],
];

const last = (value, otherwise) => (present(value) ? value : otherwise);
const RANKS = { worse: 0, better: 1, new: 2, same: 3 };
const SORTS = {
  ...(baseline ? { flips: ["Flipped first", (item) => RANKS[item.change]] } : {}),
  gold: ["As in the gold", () => 0],
  wrong: ["Wrong first", (item) => ["wrong", "none", "right"].indexOf(item.now.outcome)],
  sure: ["Most confident first", (item) => -last(item.now.confidence, -1)],
  unsure: ["Least confident first", (item) => last(item.now.confidence, 2)],
  slow: ["Slowest first", (item) => -last(item.now.timings.total, -1)],
  ...Object.fromEntries(measures.map((name) => [`by-${name}`, [`Lowest ${name}`, (item) => last(item.now.scores[name], Infinity)]])),
};
const searchable = new Map(questions.map((item) => [item, [item.id, item.question, item.now.answer, item.before?.answer].join("\n").toLowerCase()]));

function labelled(name, control, className = "") {
  return element("label", className ? { className } : {}, name, control);
}

function option(value, words) {
  return element("option", { value }, words);
}

function addControls() {
  form.append(labelled("Search questions, answers, ids", element("input", { type: "search", name: "q", autocomplete: "off", spellcheck: "false" }), "search"));
  for (const [name, title, values, words = {}] of FILTERS) {
    const counts = new Map();
    for (const item of questions) for (const value of values(item)) counts.set(value, (counts.get(value) ?? 0) + 1);
    if ([...counts.values()].every((count) => count === questions.length)) continue; // it would narrow nothing
    const options = [...counts].sort().map(([value, count]) => option(value, `${words[value] ?? value} (${count})`));
    form.append(labelled(title, element("select", { name }, option("", "All"), ...options)));
  }
  form.append(labelled("Order", element("select", { name: "sort" }, ...Object.entries(SORTS).map(([value, [words]]) => option(value, words)))));
  const clear = element("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => { form.reset(); show(); remember(); });
  form.append(clear);
}

function state() {
  const told = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
  if (told.sort === Object.keys(SORTS)[0]) delete told.sort;
  return told;
}

function matching({ q = "", ...chosen }) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = FILTERS.filter(([name]) => chosen[name]);
  return questions.filter(
    (item) =>
      words.every((word) => searchable.get(item).includes(word)) &&
      wanted.every(([name, , values]) => values(item).includes(chosen[name])),
  );
}

function show() {
  const chosen = state();
  const [, key] = SORTS[chosen.sort ?? Object.keys(SORTS)[0]];
  const found = matching(chosen).map((item) => [key(item), item]).sort(([a], [b]) => (a === b ? 0 : a - b));
  list.replaceChildren(...found.map(([, item]) => rows.get(item)));
  shown.textContent = found.length ? `${found.length} of ${questions.length} questions` : `None of ${questions.length} questions. Clear a filter to see more.`;
  for (const control of form.elements) control.classList.toggle("chosen", control.name in chosen);
}

function remember() {
  const open = questions.filter((item) => rows.get(item).firstChild.open).map((item) => item.id);
  const told = new URLSearchParams([...Object.entries(state()), ...open.map((id) => ["open", id])]);
  history.replaceState(null, "", told.size ? `#${told}` : location.pathname + location.search);
}

function recall() {
  const told = new URLSearchParams(location.hash.slice(1));
  form.reset();
  for (const control of form.elements) {
    const value = told.get(control.name);
    if (value !== null && (control.tagName === "INPUT" || [...control.options].some((one) => one.value === value))) control.value = value;
  }
  show();
  const open = new Set(told.getAll("open"));
  for (const item of questions) rows.get(item).firstChild.open = open.has(item.id);
}

// ---- measures that no gate guards are folded

function foldMeasures() {
  const further = [...document.querySelectorAll(".measures .further")];
  const button = document.getElementById("further");
  if (!further.length) return;
  const fold = (folded) => {
    for (const line of further) line.hidden = folded;
    button.textContent = folded ? `Show ${further.length} more measures` : "Show only the guarded measures";
    button.setAttribute("aria-expanded", String(!folded));
  };
  button.hidden = false;
  button.addEventListener("click", () => fold(button.getAttribute("aria-expanded") === "true"));
  fold(true);
}

addControls();
recall();
foldMeasures();
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => { show(); remember(); });
window.addEventListener("hashchange", () => {
  recall();
  document.getElementById("questions").scrollIntoView();
});
document.querySelector("[data-skip]").addEventListener("click", (event) => leadTo(event, document.getElementById("questions")));
