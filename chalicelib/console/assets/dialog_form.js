// A form in a dialog, for what has few fields.

import { call } from "./api.js";
import { h } from "./dom.js";
import { field, problem } from "./parts.js";

/**
 * Ask for `fields`, [name, label, control, help], and send them. `body(values)` makes the
 * request's body of the controls' values, `send(values)` takes the place of that where it is not
 * enough, and `done(answer)` is called once it was accepted.
 */
export function dialogForm(
  title,
  fields,
  { method = "POST", path, body = (values) => values, send, done, yes = "Create", after = [] },
) {
  const controls = Object.fromEntries(fields.map(([name, , control]) => [name, control]));
  const told = h("div");
  const dialog = h("dialog", { "aria-label": title });
  const submit = async (event) => {
    event.preventDefault();
    told.replaceChildren();
    try {
      const values = Object.fromEntries(
        Object.entries(controls)
          .map(([name, control]) => [name, valueOf(control)])
          .filter(([, value]) => value !== ""),
      );
      const answer = await (send ? send(values) : call(method, path, body(values)));
      dialog.close();
      done(answer);
    } catch (error) {
      told.replaceChildren(problem(error));
    }
  };
  dialog.append(
    h(
      "form",
      { onsubmit: submit, novalidate: true },
      h("h2", {}, title),
      ...fields.map(([, label, control, help]) => field(label, control, help)),
      ...after,
      told,
      h(
        "div",
        { class: "buttons end" },
        h("button", { type: "button", onclick: () => dialog.close() }, "Leave it"),
        h("button", { class: "primary" }, yes),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const valueOf = (control) =>
  control.type === "checkbox"
    ? control.checked
    : control.type === "number" && control.value !== ""
      ? Number(control.value)
      : control.value.trim();

export const input = (props = {}) => h("input", { type: "text", ...props });

/** What stands between commas or on lines of its own. */
export const words = (text = "") => text.split(/[\s,]+/).filter(Boolean);
