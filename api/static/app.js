// The page, put together: every module has one concern, and this one says what happens when.

import { showConversation, startAfresh } from "./ask.js";
import { enterConversations, startConversations } from "./conversations.js";
import { listDocuments } from "./documents.js";
import { byId, icon } from "./dom.js";
import { beginSession, session } from "./session.js";
import { closeSide, offerSide, setSide, sideIsOver } from "./side.js";
import { hideTip } from "./tip.js";
import { offerUploads } from "./upload.js";
import { closeViewer, openAddressed } from "./viewer.js";
import "./theme.js";

const help = byId("help");

async function enter() {
  await Promise.all([enterConversations(), listDocuments()]);
  offerUploads();
  if (opener.hidden) offerSide(session.viewer);
}

const opener = byId("menu");

function fresh() {
  if (sideIsOver()) setSide(false);
  closeViewer();
  startAfresh();
}

// Single letters work where nothing is being typed.
const KEYS = {
  "?": () => help.showModal(),
  "/": () => byId("question").focus(),
  d: () => { setSide(true); byId("document-search").focus(); },
};

function onKey(event) {
  if (event.key === "Escape") return hideTip() || closeViewer() || closeSide();
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return fresh();
  }
  const typing = event.target.closest?.("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey;
  if (typing || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}

for (const node of document.querySelectorAll("[data-icon-name]")) node.prepend(icon(node.dataset.iconName));
startConversations(showConversation, fresh);
byId("new").addEventListener("click", fresh);
byId("shortcuts").addEventListener("click", () => help.showModal());
document.addEventListener("keydown", onKey);
document.addEventListener("admitted", () => {
  if (!openAddressed()) enter();
});
beginSession();
