// Tokens of the project: who may come in, and how to lock them out.

import { call, caller, path } from "./api.js";
import { dialogForm, input } from "./dialog_form.js";
import { h } from "./dom.js";
import { ago } from "./format.js";
import { openList } from "./list.js";
import { ask, attempt, button, choice, copier, empty, note, tell } from "./parts.js";
import { refresh } from "./watch.js";

const DAYS = [
  ["", "never"],
  ["604800", "in a week"],
  ["2592000", "in 30 days"],
  ["31536000", "in a year"],
];

export async function open(main, { query }) {
  return openList(main, {
    page: "tokens",
    title: "Tokens",
    about:
      "A token permits what its scope says, in this project alone. It is shown once, when it is made.",
    asked: ["tokens"],
    rows: "tokens",
    query,
    columns: ["Name", "Scope", "State", "Last used", "Made", ""],
    row: (one) => [
      [h("strong", {}, one.name ?? "without a name"), h("code", { class: "under" }, one.id)],
      one.scopes.join(", "),
      state(one),
      ago(one.last_used_at, "never"),
      ago(one.created_at),
      orders(one),
    ],
    none: () => empty("No tokens", "None was made for this project."),
    buttons: () => [button("New token", create, "primary")],
  });
}

function state(one) {
  if (one.revoked_at) return note("off", "revoked");
  if (one.expires_at && new Date(one.expires_at) < Date.now()) return note("off", "expired");
  return one.expires_at
    ? [note("good", "valid"), h("small", {}, " ends ", ago(one.expires_at))]
    : note("good", "valid");
}

function orders(one) {
  if (one.revoked_at) return "";
  const isOwn = one.id === caller.token_id;
  return h(
    "div",
    { class: "buttons" },
    button(
      "Replace",
      async () => {
        if (
          !(await ask("Replace this token by a new one?", "Replace it", {
            kind: "primary",
            content: [h("p", {}, "The old one works for an hour more.")],
          }))
        )
          return;
        await attempt(async () =>
          show(await call("POST", path(["tokens", one.id, "rotate"]), { overlap_seconds: 3600 })),
        );
        refresh();
      },
      "small",
    ),
    button(
      "Revoke",
      async () => {
        const content = [
          h(
            "p",
            {},
            isOwn
              ? "It is the one that you are signed in with: you are signed out."
              : "Whoever uses it is locked out at once.",
          ),
        ];
        if (!(await ask(`Revoke ${one.name ?? "this token"}?`, "Revoke it", { content }))) return;
        await attempt(
          () => call("DELETE", path(["tokens", one.id])),
          "It is worth nothing any more.",
        );
        refresh();
      },
      "small danger",
    ),
  );
}

function create() {
  dialogForm(
    "New token",
    [
      ["name", "Name", input(), "Who or what uses it."],
      [
        "scope",
        "Scope",
        choice("read", [
          ["read", "read: may look"],
          ["write", "write: may change"],
          ["admin", "admin: may do everything"],
        ]),
      ],
      ["expires_in_seconds", "Ends", choice("", DAYS)],
    ],
    {
      path: "tokens",
      body: ({ expires_in_seconds, ...rest }) => ({
        ...rest,
        ...(expires_in_seconds ? { expires_in_seconds: Number(expires_in_seconds) } : {}),
      }),
      done: (made) => {
        show(made);
        refresh();
      },
    },
  );
}

const show = (made) =>
  tell(
    "The new token",
    h("p", {}, "It is shown this once only."),
    h("pre", { tabindex: 0 }, made.token),
    h("p", {}, copier(made.token)),
  );
