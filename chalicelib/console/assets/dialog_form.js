// A form in a dialog, for what has few fields.

import { call } from "./api.js";
import { h } from "./dom.js";
import { complain, field, valuesOf } from "./fields.js";

/**
 * Ask for `fields`, [name, label, control, help], and send them. `body(values)` makes the
 * request's body of the controls' values, `send(values)` takes the place of that where it is not
 * enough, and `done(answer)` is called once it was accepted. `after`: elements below the fields, and
 * `others()`, their controls by what an error's pointer begins with.
 */
export function dialogForm(
  title,
  fields,
  {
    method = "POST",
    path,
    body = (values) => values,
    send,
    done,
    yes = "Create",
    after = [],
    others = () => ({}),
  },
) {
  const controls = Object.fromEntries(fields.map(([name, , control]) => [name, control]));
  const told = h("div");
  const dialog = h("dialog", { "aria-label": title });
  const submit = async (event) => {
    event.preventDefault();
    const all = { ...controls, ...others() };
    complain(all, told, null);
    try {
      const values = valuesOf(controls);
      const answer = await (send ? send(values) : call(method, path, body(values)));
      dialog.close();
      done(answer);
    } catch (error) {
      complain(all, told, error);
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

export const input = (props = {}) => h("input", { type: "text", ...props });

/** What stands between commas or on lines of its own. */
export const words = (text = "") => text.split(/[\s,]+/).filter(Boolean);
