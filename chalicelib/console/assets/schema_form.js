// A form made out of a JSON Schema: one control for each property, and JSON where none fits.

import { h } from "./dom.js";
import { field, invalid } from "./fields.js";

/**
 * The form's `element`, its `controls` by what an error's pointer begins with, and `read()` for its
 * values, which throws Problem.
 */
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
    controls: Object.fromEntries(
      controls.map(({ name, control }) => [`parameters/${name}`, control]),
    ),
    read() {
      const found = controls.map((one) => ({ name: one.name, ...read(one) }));
      const wrong = found.filter(({ detail }) => detail);
      if (wrong.length)
        throw invalid(
          wrong.map(({ name, detail }) => ({ pointer: `#/parameters/${name}`, detail })),
        );
      const given = found.filter(({ value }) => value !== undefined);
      return Object.fromEntries(given.map(({ name, value }) => [name, value]));
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
  if (!kind.type && !kind.enum) words.push("Text, or JSON");
  else if (kind.type === "object" || kind.type === "array") words.push("JSON");
  return `${words.filter(Boolean).join(". ")}.`.replace(/\.\.$/, ".").replace(/^\.$/, " ");
}

/** The `value` of a control, undefined if nothing was typed, or a `detail` of what is wrong. */
function read({ kind, control, isRequired }) {
  if (kind.type === "boolean") return { value: control.checked };
  if (control.validity.badInput) return { detail: "This is not a number." };
  const text = control.value;
  if (text.trim() === "") return { value: isRequired && kind.type === "string" ? "" : undefined };
  if (kind.type === "integer" || kind.type === "number") return { value: Number(text) };
  if (kind.type === "string") return { value: text };
  if (kind.enum) return { value: kind.enum.find((one) => String(one) === text) };
  return readJson(text, !kind.type);
}

/** `mayBeText`: what does not begin as JSON does is taken as it is. */
function readJson(text, mayBeText) {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (mayBeText && !/^\s*[[{"]/.test(text)) return { value: text };
    return { detail: `This is not valid JSON: ${error.message}.` };
  }
}
