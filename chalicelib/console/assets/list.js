// A page with one table that is kept up to date: most pages are no more than that.

import { get, path } from "./api.js";
import { h } from "./dom.js";
import { head, table } from "./parts.js";
import { link } from "./route.js";
import { follow } from "./watch.js";

/**
 * Open such a page. `what`: `page` and `title`; `about`; `asked`, the parts of the API's path;
 * `rows`, the answer's field; `columns`; `row(item)`, its cells; `none`, the words of an
 * empty list; `buttons()`; `query` of the address; `crumbs` and `above`, elements before head and table.
 */
export function openList(main, what) {
  const { query = {} } = what;
  const place = h("div");
  const load = (signal) =>
    get(
      path(what.asked, {
        limit: what.isPaged === false ? "" : 50,
        after: query.after,
        ...what.filters,
      }),
      { signal },
    );
  const page = (answer) => {
    const items = answer[what.rows];
    if (!items.length) return what.none();
    const rows = items.map(what.row);
    const next = pager(what.page, what.ids, query, answer.next);
    return [table(what.title, what.columns, rows), next];
  };
  main.replaceChildren(
    ...[what.crumbs, head(what.title, what.about, ...(what.buttons?.() ?? [])), what.above, place]
      .flat()
      .filter(Boolean),
  );
  return follow(place, load, page, 5);
}

/**
 * Open a page about the fleet: `load(signal)` fetches, `page(found)` draws what changed;
 * `title`, `about`, and `below`, an element that stays.
 */
export function openFleet(main, { title, about, load, page, below }) {
  const place = h("div");
  main.replaceChildren(...[head(title, about), place, below].filter(Boolean));
  return follow(place, load, page, 4);
}

const pager = (page, ids, query, next) =>
  (query.after || next) &&
  h(
    "nav",
    { class: "pager", "aria-label": "Pages of the list" },
    query.after &&
      h("a", { class: "button", href: link(page, ids, { ...query, after: "" }) }, "Newest"),
    next && h("a", { class: "button", href: link(page, ids, { ...query, after: next }) }, "Older"),
  );
