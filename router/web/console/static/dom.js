// Builds elements. What is shown is always text: nothing of it becomes markup.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element. Attributes named on… are listeners; false and null leave one out, true sets it bare. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Return an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** Return a table in a frame that scrolls sideways where there is little room. */
export function table(caption, headings, rows) {
  const head = headings.map((one) => el("th", { scope: "col", class: one.number && "number" }, one.text ?? one));
  const body = rows.map((cells) => el("tr", {}, cells));
  return el("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: 0, "data-key": caption },
    el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

/** Return a cell. */
export const cell = (...children) => el("td", {}, ...children);

/** Return a cell for a figure. */
export const figure = (...children) => el("td", { class: "number" }, ...children);

/** Return a word with the colour of what it means: good, warn or bad. */
export const badge = (text, mood) => el("span", { class: mood ? `badge ${mood}` : "badge" }, text);

/** Return a field under its label. */
export const labelled = (text, field) => el("label", {}, text, field);

/** Have a player or a picture show some bytes, and let go of what it showed before. */
export function showBytes(element, source) {
  if (element.src.startsWith("blob:")) URL.revokeObjectURL(element.src);
  element.src = URL.createObjectURL(source);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return node;
}
