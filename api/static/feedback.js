// Thumbs up or down for an answer; down with what was wrong, and what would have been right.

import { button, control, element, inWords, labelled, say } from "./dom.js";
import { fetched } from "./server.js";

const REASONS = {
  wrong: "It is wrong",
  incomplete: "Something is missing",
  unsupported: "Its source does not say so",
  outdated: "It is out of date",
  should_have_answered: "The documents do answer it",
  should_have_declined: "The documents do not answer it",
  other: "Something else",
};

export function feedbackOn(turn, answer) {
  const given = answer.feedback ?? {};
  const up = button("Good answer", () => give({ verdict: "up" }), { iconName: "up", bare: true });
  const down = button("Bad answer", () => toggle(), { iconName: "down", bare: true });
  let form = null;

  function show(verdict) {
    up.setAttribute("aria-pressed", String(verdict === "up"));
    down.setAttribute("aria-pressed", String(verdict === "down"));
  }

  async function give(said) {
    try {
      await fetched("POST", `v1/answers/${encodeURIComponent(answer.id)}/feedback`, { json: said });
      Object.keys(given).forEach((name) => delete given[name]);
      Object.assign(given, said);
      show(said.verdict);
      close();
      say("Thank you: your verdict is kept.");
    } catch (problem) {
      say(`Your verdict could not be kept. ${inWords(problem)}`);
    }
  }

  function toggle() {
    if (form) return close();
    form = formOf(given, give, () => { close(); down.focus(); });
    down.setAttribute("aria-expanded", "true");
    turn.answer.append(form);
    form.querySelector("select").focus();
    form.scrollIntoView({ block: "nearest" });
  }

  function close() {
    form?.remove();
    form = null;
    down.setAttribute("aria-expanded", "false");
  }

  show(given.verdict);
  down.setAttribute("aria-expanded", "false");
  return [up, down];
}

function formOf(given, give, cancel) {
  const reason = element("select", "", ...Object.entries(REASONS).map(([value, text]) => new Option(text, value)));
  reason.value = given.reason ?? "wrong";
  const comment = control("textarea", { rows: 2, maxLength: 2000, value: given.comment ?? "" });
  const better = control("textarea", { rows: 3, maxLength: 8000, value: given.better_answer ?? "" });
  const send = element("button", "primary", "Send");
  const form = element(
    "form",
    "feedback",
    labelled("What is wrong?", reason),
    labelled("More about it (if you like)", comment),
    labelled("A better answer (if you know one)", better),
    element("div", "row", send, button("Cancel", cancel)),
  );
  form.setAttribute("aria-label", "What is wrong with this answer");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    give({ verdict: "down", reason: reason.value, comment: comment.value, better_answer: better.value });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    cancel();
  });
  return form;
}
