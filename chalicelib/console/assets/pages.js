// The pages of the console and their places in the navigation.

import { open as audit } from "./audit.js";
import { open as job } from "./job.js";
import { open as jobs } from "./jobs.js";
import { open as limits } from "./limits.js";
import { open as loadBalancers } from "./load_balancers.js";
import { open as overview } from "./overview.js";
import { open as queues } from "./queues.js";
import { open as schedules } from "./schedules.js";
import { open as servers } from "./servers.js";
import { open as submit } from "./submit.js";
import { open as tokens } from "./tokens.js";
import { open as webhooks } from "./webhooks.js";
import { open as workers } from "./workers.js";

/** `scope`: only tokens with it see the page in the navigation; the API refuses in any case. */
export const PAGES = {
  overview: { title: "Overview", open: overview, icon: "M2 13V8m4 5V3m4 10V6m4 7v-3" },
  jobs: { title: "Jobs", open: jobs, icon: "M2 4h12M2 8h12M2 12h8" },
  job: { title: "Job", open: job, within: "jobs" },
  submit: { title: "Submit a job", open: submit, scope: "write", icon: "M8 3v10M3 8h10" },
  schedules: {
    title: "Schedules",
    open: schedules,
    icon: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 2.500V8l2.500 1.500",
  },
  loadbalancers: {
    title: "Load balancers",
    open: loadBalancers,
    icon: "M8 2v4m0 0L3 11m5-5 5 5M8 6v5M2 13h2m3 0h2m3 0h2",
  },
  servers: {
    title: "Servers",
    open: servers,
    icon: "M2 2.500h12v4.500H2zM2 9h12v4.500H2zM4.500 4.750h.010M4.500 11.250h.010",
  },
  webhooks: {
    title: "Webhooks",
    open: webhooks,
    icon: "M13 3 2 7l4.500 2L9 14l4-11zM6.500 9 13 3",
  },
  queues: { title: "Queues", open: queues, icon: "M2 3h12v3H2zM2 10h12v3H2zM4.500 6v4m7-4v4" },
  limits: {
    title: "Limits",
    open: limits,
    icon: "M2.500 11.500a6 6 0 1 1 11 0M8 10l3-4.500M7 11.500h2",
  },
  workers: {
    title: "Workers",
    open: workers,
    icon: "M3 3h10v10H3zM6 6h4v4H6zM1 6h2m-2 4h2m10-4h2m-2 4h2M6 1v2m4-2v2M6 13v2m4-2v2",
  },
  tokens: {
    title: "Tokens",
    open: tokens,
    scope: "admin",
    icon: "M10 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM7 9l-5 5m2.500-2.500L6 13",
  },
  audit: {
    title: "Audit",
    open: audit,
    scope: "admin",
    icon: "M4 1.500h8v13H4zM6.500 5h3m-3 3h3m-3 3h3",
  },
};

export const GROUPS = [
  ["", ["overview", "jobs", "submit", "schedules"]],
  ["Applications", ["loadbalancers", "servers", "webhooks"]],
  ["Fleet", ["queues", "limits", "workers"]],
  ["Project", ["tokens", "audit"]],
];
