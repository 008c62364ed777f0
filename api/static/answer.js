// An answer as it stands: its sentences, its footnotes, where they come from, and what is to be known of it.

import { button, copied, count, element, icon, plainList } from "./dom.js";
import { feedbackOn } from "./feedback.js";
import { rendered, written } from "./rendering.js";
import { session } from "./session.js";
import { hideTip, tipFor } from "./tip.js";
import { openSource } from "./viewer.js";

const VERDICTS = {
  unsupported: "not supported by its source",
  weak: "weakly supported by its source",
  uncited: "no source named",
};
const CONTRADICTED = "contradicted by its source";
const STRAY_SOURCE = "supported, but not by each source that it names";
const UNVERIFIED = "Not verified: no document that was found bears this out.";
const LABELS = { declined: "Not in the documents", partly: "The documents answer this in part", unverified: UNVERIFIED };
const CACHED = "kept from when the same was asked before";

let advised = false;

export function forgetAdvice() {
  advised = false;
}

// `turn` has an id, the node of the answer, and in it that of the text.
export function showAnswer(turn, answer) {
  turn.answer.classList.add(answer.status);
  if (LABELS[answer.status]) turn.answer.prepend(element("p", "label", LABELS[answer.status]));
  turn.text.classList.remove("streaming");
  turn.text.replaceChildren(...(answer.html ? rendered(answer.html) : written(answer)));
  turn.text.classList.toggle("plain", !answer.html);
  setMarkers(turn, answer);
  judge(turn, answer);
  if (answer.unanswered) turn.answer.append(unansweredNote(answer.unanswered));
  if (answer.nearest.length) turn.answer.append(nearestList(answer.nearest));
  if (answer.cut_short) turn.answer.append(element("p", "label", `Cut short: ${answer.cut_short}`));
  if (answer.citations.length) turn.answer.append(sourceList(turn, answer.citations));
  turn.answer.append(footOf(turn, answer));
  if (answer.advice && !advised) turn.answer.append(adviceNote(answer.advice));
}

export function ending(answer) {
  if (answer.status === "declined") return "The documents do not answer this.";
  if (answer.status === "unverified") return UNVERIFIED;
  if (answer.model === "index") return "Answered.";
  const told = `Answered, ${count(answer.citations.length, "source")}`;
  return answer.status === "partly" ? `${told}; the documents answer it in part.` : `${told}.`;
}

// ---- footnotes

function setMarkers(turn, answer) {
  const byNumber = new Map(answer.citations.map((citation) => [citation.number, citation]));
  for (const marker of turn.text.querySelectorAll("sup.marker")) {
    const citation = byNumber.get(Number(marker.dataset.number));
    if (!citation) continue;
    marker.className = "";
    marker.replaceChildren(markerButton(turn, citation, answer.citations));
  }
}

function markerButton(turn, citation, citations) {
  const node = element("button", "marker", String(citation.number));
  node.type = "button";
  node.setAttribute("aria-label", `Source ${citation.number}: ${citation.path}, ${citation.place}`);
  node.addEventListener("click", () => {
    hideTip();
    if (mayOpen(citation)) openSource(citation, citations, node);
    else goToSource(sourceId(turn, citation));
  });
  tipFor(node, () => [
    element("p", "place", `${citation.path}, ${citation.place}`),
    element("p", "quote", `“${citation.quote}”`),
  ]);
  return node;
}

const mayOpen = (source) => session.viewer && source.document;

function goToSource(id) {
  const entry = document.getElementById(id);
  entry.scrollIntoView({ block: "nearest" });
  entry.focus({ preventScroll: true });
}

const sourceId = (turn, citation) => `answer-${turn.id}-source-${citation.number}`;

function sourceList(turn, citations) {
  const entries = citations.map((citation) => {
    const entry = element("li", "", element("span", "number", `[${citation.number}]`), " ", name(citation, citations));
    entry.append(`, ${citation.place}: `, element("span", "quote", `“${citation.quote}”`));
    entry.id = sourceId(turn, citation);
    entry.tabIndex = -1;
    return entry;
  });
  const list = plainList("ol", "sources", ...entries);
  list.setAttribute("aria-label", "Sources");
  return list;
}

function name(source, citations) {
  const cite = element("cite", "", source.path);
  if (!mayOpen(source)) return cite;
  const opener = element("button", "opens", cite);
  opener.type = "button";
  opener.addEventListener("click", () => openSource(source, citations, opener));
  return opener;
}

// ---- what is doubtful

function judge(turn, answer) {
  answer.sentences.forEach((sentence, index) => {
    if (!VERDICTS[sentence.verdict] && !sentence.finding) return;
    const parts = [...turn.text.querySelectorAll(`span[data-sentence="${index}"]`)];
    const told = reason(sentence);
    for (const part of parts) tipFor(part, () => [element("p", "", told[0].toUpperCase() + told.slice(1))]);
    parts.at(-1)?.append(" ", element("span", "verdict", told));
  });
}

function reason({ verdict, finding, contradicted }) {
  const told = contradicted ? CONTRADICTED : (VERDICTS[verdict] ?? STRAY_SOURCE);
  return finding ? `${told} (${finding})` : told;
}

function unansweredNote(part) {
  return element("p", "unanswered", element("strong", "", "The documents do not answer: "), part);
}

function nearestList(nearest) {
  const entries = nearest.map((near) => element("li", "", name(near, []), `, ${near.place}`));
  return element("div", "nearest", element("p", "", "You may want to look at:"), plainList("ul", "", ...entries));
}

function adviceNote(advice) {
  advised = true;
  const note = element("p", "advice", advice);
  note.setAttribute("role", "note");
  return note;
}

// ---- below it

function footOf(turn, answer) {
  const copy = button("Copy with footnotes", () => copied(withFootnotes(answer), copy, "Copied."), { iconName: "copy", bare: true });
  copy.dataset.icon = "copy";
  const tools = element("div", "tools", copy);
  if (session.features.feedback && answer.id) tools.append(...feedbackOn(turn, answer));
  return element("div", "foot", element("p", "made", madeBy(answer)), tools);
}

function madeBy({ model, timings, cached }) {
  const parts = [model];
  if (cached) parts.push(CACHED);
  else if ("total" in timings) parts.push(`${timings.total.toFixed(1)} s`);
  return parts.join(", ");
}

function withFootnotes(answer) {
  const sources = answer.citations.map(({ number, path, place, quote }) => `[${number}] ${path}, ${place}: “${quote}”`);
  const label = answer.status === "unverified" ? UNVERIFIED : "";
  return [answer.text.trim(), label, sources.join("\n")].filter(Boolean).join("\n\n");
}
