// A page with one table that is kept up to date: most pages are no more than that.

import { get, path } from "./api.js";
import { h, swap } from "./dom.js";
import { head, table } from "./parts.js";
import { link } from "./route.js";
import { watch } from "./watch.js";

/**
 * Open such a page. `what`: `page` and `title`; `about`; `asked`, the parts of the API's path;
 * `rows`, the answer's field; `columns`; `row(item, refresh)`, its cells; `none`, the words of an
 * empty list; `buttons(refresh)`; `query` of the address; `crumbs` and `above`, elements before head and table.
 */
export function openList(main, what) {
  const { query = {} } = what;
  const place = h("div");
  let last = "";
  const load = (signal) =>
    get(
      path(what.asked, {
        limit: what.isPaged === false ? "" : 50,
        after: query.after,
        ...what.filters,
      }),
      { signal },
    );
  const watcher = watch(
    place,
    load,
    (answer) => {
      const now = JSON.stringify(answer);
      if (now === last) return;
      last = now;
      const items = answer[what.rows];
      swap(
        place,
        items.length
          ? [
              table(
                what.title,
                what.columns,
                items.map((item) => what.row(item, refresh)),
              ),
              pager(what.page, what.ids, query, answer.next),
            ]
          : what.none(),
      );
    },
    what.seconds ?? 5,
  );
  function refresh() {
    last = "";
    watcher.refresh();
  }
  main.replaceChildren(
    ...[
      what.crumbs,
      head(what.title, what.about, ...(what.buttons?.(refresh) ?? [])),
      what.above,
      place,
    ]
      .flat()
      .filter(Boolean),
  );
  addEventListener("refresh", refresh);
  return () => {
    watcher.stop();
    removeEventListener("refresh", refresh);
  };
}

/**
 * Open a page about the fleet: `load(signal)` fetches, `page(found, refresh)` draws what changed;
 * `title`, `about`, and `below`, an element that stays.
 */
export function openFleet(main, { title, about, load, page, below }) {
  const place = h("div");
  let last = "";
  main.replaceChildren(...[head(title, about), place, below].filter(Boolean));
  const watcher = watch(
    place,
    load,
    (found) => {
      const now = JSON.stringify(found);
      if (now !== last) swap(place, page(found, refresh));
      last = now;
    },
    4,
  );
  function refresh() {
    last = "";
    watcher.refresh();
  }
  addEventListener("refresh", refresh);
  return () => {
    watcher.stop();
    removeEventListener("refresh", refresh);
  };
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
