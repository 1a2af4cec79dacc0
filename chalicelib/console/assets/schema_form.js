// A form made out of a JSON Schema: one control for each property, and JSON where none fits.

import { h } from "./dom.js";
import { field } from "./parts.js";

/** What was typed cannot be sent. */
class Invalid extends Error {}

/** The form's `element`, `read()` for its values (throws Invalid), and `complain(errors)`. */
export function schemaForm(schema, values = {}) {
  const required = new Set(schema.required ?? []);
  const controls = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const kind = resolve(property, schema.$defs);
    const control = make(kind, values[name] ?? kind.default);
    return { name, kind, control, isRequired: required.has(name) };
  });
  const fields = controls.map(({ name, kind, control, isRequired }) =>
    field(`${name}${isRequired ? " (required)" : ""}`, control, help(kind)),
  );
  return {
    element: h(
      "div",
      {},
      fields.length ? fields : h("p", { class: "quiet" }, "This task takes no parameters."),
    ),
    read: () => Object.fromEntries(controls.map(read).filter(([, value]) => value !== undefined)),
    complain(errors) {
      for (const { name, control } of controls) {
        const error = errors.find((one) => one.pointer?.startsWith(`#/parameters/${name}`));
        control.classList.toggle("wrong", Boolean(error));
        control.setAttribute("aria-invalid", String(Boolean(error)));
        if (error) control.parentElement.querySelector("small")?.replaceChildren(error.detail);
      }
    },
  };
}

function resolve(property, definitions = {}) {
  if (property.$ref)
    return {
      ...property,
      ...definitions[property.$ref.split("/").pop()],
      description: property.description,
    };
  const choices = property.anyOf?.filter((one) => one.type !== "null");
  if (choices?.length === 1)
    return {
      ...resolve(choices[0], definitions),
      default: property.default,
      isNullable: true,
      description: property.description ?? choices[0].description,
    };
  return property;
}

function make(kind, value) {
  if (kind.enum)
    return h(
      "select",
      { value: value ?? "" },
      h("option", { value: "" }, "–"),
      kind.enum.map((one) => h("option", { value: one }, String(one))),
    );
  if (kind.type === "boolean") return h("input", { type: "checkbox", checked: value === true });
  if (kind.type === "integer" || kind.type === "number") {
    return h("input", {
      type: "number",
      step: kind.type === "integer" ? 1 : "any",
      min: kind.minimum,
      max: kind.maximum,
      value: value ?? "",
    });
  }
  if (kind.type === "string")
    return h("input", { type: "text", maxlength: kind.maxLength, value: value ?? "" });
  return h("textarea", {
    spellcheck: "false",
    value: value === undefined || value === null ? "" : JSON.stringify(value, null, 2),
  });
}

function help(kind) {
  const words = [
    kind.description && `${kind.description[0].toUpperCase()}${kind.description.slice(1)}`,
  ];
  if (!kind.type && !kind.enum) words.push("JSON; what is no JSON is sent as text");
  else if (kind.type === "object" || kind.type === "array") words.push("JSON");
  return `${words.filter(Boolean).join(". ")}.`.replace(/\.\.$/, ".").replace(/^\.$/, " ");
}

function read({ name, kind, control, isRequired }) {
  if (kind.type === "boolean") return [name, control.checked];
  const text = control.value;
  if (text.trim() === "") return [name, isRequired && kind.type === "string" ? "" : undefined];
  if (kind.type === "integer" || kind.type === "number") return [name, Number(text)];
  if (kind.type === "string") return [name, text];
  if (kind.enum) return [name, kind.enum.find((one) => String(one) === text)];
  try {
    return [name, JSON.parse(text)];
  } catch {
    if (!kind.type) return [name, text];
    throw new Invalid(`${name} is not valid JSON.`);
  }
}
