// A document's text cut up into its sections, and these at the places that are marked.

// The document's sections, each with its `pieces`: { text, span } where span is one of `spans` or null.
// All places count code points of the whole document, of which `text` begins at `from`; JavaScript's strings have
// UTF-16 units.
export function cutAt({ text, text_start: from = 0, sections }, spans) {
  const counted = unitCounter(text);
  const unitsAt = (place) => counted(Math.max(0, place - from));
  const ordered = spans
    .map((span) => ({ ...span, from: unitsAt(span.start), to: unitsAt(span.end) }))
    .filter((span) => span.from < span.to)
    .sort((a, b) => a.from - b.from || (a.kind === "quoted" ? -1 : 1));
  const cut = [];
  let at = 0;
  for (const section of [...sections, { char_end: Infinity, kind: "prose" }]) {
    const to = unitsAt(section.char_end);
    if (to <= at) continue;
    cut.push({ ...section, pieces: pieces(text, at, to, ordered) });
    at = to;
  }
  return cut;
}

function pieces(text, start, end, spans) {
  const primary = spans.find(({ kind }) => kind === "quoted");
  const made = [];
  let at = start;
  for (const span of spans) {
    const { from, to } = span === primary ? span : clear(span, primary);
    const [first, last] = [Math.max(at, from), Math.min(end, to)];
    if (first >= last) continue;
    if (at < first) made.push({ text: text.slice(at, first), span: null });
    made.push({ text: text.slice(first, last), span });
    at = last;
  }
  if (at < end) made.push({ text: text.slice(at, end), span: null });
  return made;
}

// What another quote shares with the one that was asked for is the latter's.
function clear(span, primary) {
  if (!primary || span.to <= primary.from || span.from >= primary.to) return span;
  return span.from < primary.from ? { from: span.from, to: primary.from } : { from: primary.to, to: span.to };
}

function unitCounter(text) {
  if (!/[\ud800-\udfff]/.test(text)) return (points) => Math.min(points, text.length);
  const starts = [];
  for (let at = 0; at < text.length; at += text.codePointAt(at) > 0xffff ? 2 : 1) starts.push(at);
  return (points) => starts[points] ?? text.length;
}
