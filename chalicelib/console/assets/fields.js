// Labelled controls of forms, what was typed into them, and what is wrong with it.

import { Problem } from "./api.js";
import { h } from "./dom.js";
import { problem } from "./parts.js";

/** A labelled control; what is wrong with it is told below it. */
export function field(label, control, help) {
  const id = `f${(field.last = (field.last ?? 0) + 1)}`;
  control.id = id;
  if (help) control.setAttribute("aria-describedby", `${id}h`);
  return h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    control,
    help && h("small", { id: `${id}h` }, help),
  );
}

/** What is wrong with fields, each as the API says it: `{ pointer: "#/name", detail }`. */
export const invalid = (fields) =>
  new Problem(422, { detail: "Some fields are not valid.", errors: fields });

/**
 * What was typed into controls, by name; what is empty is left out. Throws Problem where a browser
 * says that a number is none.
 */
export function valuesOf(controls) {
  const all = Object.entries(controls);
  const wrong = all.filter(([, control]) => control.validity.badInput);
  if (wrong.length)
    throw invalid(
      wrong.map(([name]) => ({ pointer: `#/${name}`, detail: "This is not a number." })),
    );
  return Object.fromEntries(
    all.map(([name, one]) => [name, valueOf(one)]).filter(([, value]) => value !== ""),
  );
}

const valueOf = (control) =>
  control.type === "checkbox"
    ? control.checked
    : control.type === "number" && control.value !== ""
      ? Number(control.value)
      : control.value.trim();

/**
 * Say what an error says of fields at their controls, go to the first of them, and tell the rest
 * in `box`. `controls`: by what an error's pointer begins with, "name" for "#/name".
 */
export function complain(controls, box, error) {
  const rest = [];
  const wrong = new Map(Object.values(controls).map((control) => [control, []]));
  for (const one of error?.fields ?? []) {
    const found = Object.entries(controls).find(([name]) =>
      `${one.pointer}/`.startsWith(`#/${name}/`),
    );
    if (found) wrong.get(found[1]).push(one.detail);
    else rest.push(one);
  }
  for (const [control, words] of wrong) mark(control, words.join(" "));
  const first = [...wrong].find(([, words]) => words.length)?.[0];
  first?.focus();
  const isTold = first && !rest.length;
  box.replaceChildren(...(error && !isTold ? [problem(error, null, rest)] : []));
}

function mark(control, words) {
  const [told, help] = [`${control.id}e`, `${control.id}h`];
  const there = (id) => control.parentElement.querySelector(`[id="${id}"]`);
  there(told)?.remove();
  if (words) control.after(h("small", { id: told, class: "bad-text" }, words));
  control.classList.toggle("wrong", Boolean(words));
  control.setAttribute("aria-invalid", String(Boolean(words)));
  const ids = [told, help].filter(there);
  if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
  else control.removeAttribute("aria-describedby");
}
