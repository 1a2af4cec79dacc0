// Requests to the API that served this page, with the token of this tab.

/** Where the API's paths begin, whatever stands before them: ours is /console/<version>/app.js. */
export const ROOT = new URL("../../", import.meta.url);
const STORED = "bellpull.token";

/** Why a request failed, in words for people. `status` 0: nobody answered. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || body.title || `The API answered ${status}.`);
    this.status = status;
    this.fields = body.errors ?? [];
  }
}

export const session = {
  get token() {
    return sessionStorage.getItem(STORED);
  },
  begin(token) {
    sessionStorage.setItem(STORED, token);
  },
  end() {
    sessionStorage.removeItem(STORED);
  },
};

/** Who is looking: set at sign-in. */
export const caller = { project_id: "", scopes: [] };

const RANKS = ["read", "write", "admin"];
export const rank = () =>
  RANKS[Math.max(...caller.scopes.map((scope) => RANKS.indexOf(scope)))] ?? "read";
export const may = (scope) => RANKS.indexOf(rank()) >= RANKS.indexOf(scope);

const etags = new WeakMap();

/** The entity tag of an answer, to be sent when what it tells of is changed. */
export const etagOf = (answer) => etags.get(answer);

/** The answer's JSON, null if it has none. `etag`: what is changed must still be that. Throws Problem. */
export async function call(method, path, body, { signal, etag, token = session.token } = {}) {
  let response, answer;
  try {
    response = await fetch(new URL(path, ROOT), {
      method,
      signal,
      headers: {
        "X-Auth-Token": token,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(etag ? { "If-Match": etag } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    answer = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The API cannot be reached. Is the network up?" });
  }
  const parsed = parse(answer);
  if (response.ok) {
    if (parsed && response.headers.has("ETag")) etags.set(parsed, response.headers.get("ETag"));
    return parsed;
  }
  if (response.status === 401 && token === session.token) {
    session.end();
    dispatchEvent(
      new CustomEvent("signed-out", { detail: "This token is no longer accepted. Sign in again." }),
    );
  }
  throw new Problem(response.status, parsed ?? {});
}

export const get = (path, options) => call("GET", path, undefined, options);

/** A path with ids in it made safe, and a query of what is not empty. */
export function path(parts, query = {}) {
  const asked = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== "" && value != null),
  );
  const text = parts.map(encodeURIComponent).join("/");
  return asked.size ? `${text}?${asked}` : text;
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

const remembered = new Map();

/** The same as `get`, asked once: for what changes with deployments alone. */
export function getOnce(asked) {
  if (!remembered.has(asked)) {
    const answer = get(asked);
    answer.catch(() => remembered.delete(asked));
    remembered.set(asked, answer);
  }
  return remembered.get(asked);
}

/** Forget what was remembered for the one who signed out. */
export const forget = () => remembered.clear();
