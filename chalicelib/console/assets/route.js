// The place in the console, kept behind # in the address: page, ids and filters.

/** What the address says: `#/jobs/ID?state=FAILURE` is page "jobs", id "ID". */
export function read() {
  const [where, asked = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...ids] = where.split("/").map(undo);
  return {
    page: page || "overview",
    id: ids[0],
    rest: ids,
    query: Object.fromEntries(new URLSearchParams(asked)),
  };
}

/** An address for `href`; what is empty in `query` is left out. */
export function link(page, ids = [], query = {}) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== "" && value !== undefined && value !== null,
  );
  const asked = new URLSearchParams(given);
  const where = [page, ...[ids].flat()].map(encodeURIComponent).join("/");
  return `#/${where}${asked.size ? `?${asked}` : ""}`;
}

export function go(page, ids, query) {
  location.hash = link(page, ids, query);
}

function undo(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
