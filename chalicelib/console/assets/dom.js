// Builds the page out of elements and text. Nothing here or elsewhere reads text as markup.

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "indeterminate", "selected", "open"]);

/** An element. `props`: attributes, `class`, and listeners as `onclick`; children may be text. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (PROPERTIES.has(name)) continue;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...flatten(children));
  // After the children: a select takes its value from them.
  for (const name of PROPERTIES) if (props[name] !== undefined) element[name] = props[name];
  return element;
}

/** An element of a drawing. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...flatten(children));
  return element;
}

/** A small picture of lines, 16 by 16, that screen readers pass over. `path`: as in SVG. */
export const icon = (path) =>
  svg(
    "svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" },
    svg("path", { d: path }),
  );

/** A name of parts, such as a task's, that may be broken behind each part. */
export const breakable = (name) =>
  name.split(/(?<=[._/:-])/).flatMap((part) => [part, document.createElement("wbr")]);

/** Put `children` in the place of what `parent` holds; focus and opened details stay. */
export function swap(parent, ...children) {
  const opened = [...parent.querySelectorAll("details[data-key]")].filter((one) => one.open);
  const keys = new Set(opened.map((one) => one.dataset.key));
  const refocus = rememberFocus(parent);
  parent.replaceChildren(...flatten(children));
  refocus();
  for (const one of parent.querySelectorAll("details[data-key]"))
    if (keys.has(one.dataset.key)) one.open = true;
}

/** Keep the children of `parent` that `make` would make the same; `items` have unique `id`s. */
export function patch(parent, items, make) {
  const old = new Map([...parent.children].map((child) => [child.dataset.id, child]));
  const fresh = items.map((item) => {
    const signature = JSON.stringify(item);
    const there = old.get(item.id);
    if (there?.signature === signature) return there;
    const made = make(item);
    made.dataset.id = item.id;
    made.signature = signature;
    return made;
  });
  if (
    fresh.length === parent.children.length &&
    fresh.every((row, n) => row === parent.children[n])
  )
    return;
  const refocus = rememberFocus(parent);
  parent.replaceChildren(...fresh);
  refocus();
}

/** Remember which control or link of `parent` has the focus; the answer gives it back. */
export function rememberFocus(parent) {
  const active = parent.contains(document.activeElement) ? document.activeElement : null;
  const name = ["data-key", "href"].find((one) => active?.hasAttribute(one));
  const same = name && `[${name}="${CSS.escape(active.getAttribute(name))}"]`;
  const place = same && [...parent.querySelectorAll(same)].indexOf(active);
  return () => {
    if (same && document.activeElement !== active)
      parent.querySelectorAll(same)[place]?.focus({ preventScroll: true });
  };
}

function flatten(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false);
}
