// Load balancers: what is particular to them among the records of a cloud.

import { input, words } from "./dialog_form.js";
import { choice } from "./parts.js";
import { openRecords } from "./records.js";

const KIND = {
  page: "loadbalancers",
  title: "Load balancers",
  one: "load balancer",
  rows: "load_balancers",
  key: "loadbalancer",
  columns: ["Address", "Kind"],
  cells: (record) => [
    record.dns_name ?? record.vip_address ?? "–",
    `${record.type}, ${record.scheme}`,
  ],
  about: (record) => [
    ["Address", record.dns_name],
    ["Virtual IP", record.vip_address],
    ["Kind", record.type],
    ["Scheme", record.scheme],
    ["IP addresses", record.ip_address_type],
    ["Subnets", record.subnet_ids.join(", ")],
    ["Security groups", record.security_group_ids.join(", ")],
    ["Network", record.network_id],
    ["Zones", record.zones.map((zone) => Object.values(zone).join(" ")).join(", ")],
  ],
  fields: () => [
    ["name", "Name", input()],
    [
      "subnet_ids",
      "Subnets",
      input({ placeholder: "subnet-1, subnet-2" }),
      "Their ids, with commas between them.",
    ],
    ["type", "Kind", among("network", "application")],
    ["scheme", "Scheme", among("internal", "internet-facing")],
    ["security_group_ids", "Security groups", input(), "None if it is empty."],
  ],
  body: (values) => ({
    ...values,
    subnet_ids: words(values.subnet_ids),
    security_group_ids: words(values.security_group_ids),
  }),
  idHelp: "An ARN on AWS, a UUID on OpenStack.",
  loss: "It is deleted in the cloud; what listens behind it is no longer reached.",
};

const among = (...names) =>
  choice(
    names[0],
    names.map((name) => [name, name]),
  );

export const open = (main, route) => openRecords(KIND, main, route);
