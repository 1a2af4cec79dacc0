// The pages of the console and their places in the navigation.

import { open as job } from "./job.js";
import { open as jobs } from "./jobs.js";

/** `scope`: only tokens with it see the page in the navigation; the API refuses in any case. */
export const PAGES = {
  jobs: { title: "Jobs", open: jobs, icon: "M2 4h12M2 8h12M2 12h8" },
  job: { title: "Job", open: job, within: "jobs" },
};

export const GROUPS = [
  ["", ["jobs"]],
];
