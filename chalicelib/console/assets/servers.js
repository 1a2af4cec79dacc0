// Servers: what is particular to them among the records of a cloud.

import { call, path } from "./api.js";
import { input, words } from "./dialog_form.js";
import { h } from "./dom.js";
import { ask, attempt, button } from "./parts.js";
import { openRecords } from "./records.js";
import { refresh } from "./watch.js";

const KIND = {
  page: "servers",
  title: "Servers",
  one: "server",
  rows: "servers",
  key: "server",
  columns: ["Address", "Flavor", "Zone"],
  cells: (record) => [
    record.public_ip_address ?? record.private_ip_address ?? "–",
    record.flavor ?? "–",
    record.zone ?? "–",
  ],
  about: (record) => [
    ["Public address", record.public_ip_address],
    ["Private address", record.private_ip_address],
    ["Image", record.image_id],
    ["Flavor", record.flavor],
    ["Key", record.key_name],
    ["Zone", record.zone],
    ["Subnet", record.subnet_id],
    ["Network", record.network_id],
    ["Security groups", record.security_group_ids.join(", ")],
  ],
  fields: () => [
    ["name", "Name", input()],
    ["image_id", "Image", input({ placeholder: "ami-0a1b2c3d" })],
    ["flavor", "Flavor", input({ placeholder: "t3.micro" })],
    ["subnet_id", "Subnet", input({ placeholder: "subnet-0a1b2c3d" })],
    [
      "security_group_ids",
      "Security groups",
      input(),
      "Their ids, with commas between them. The network's own if it is empty.",
    ],
    ["key_name", "Key", input(), "Name of a key in the cloud, for SSH. None if it is empty."],
    [
      "user_data",
      "User data",
      h("textarea", { spellcheck: "false", maxlength: 16384 }),
      "What its first start is told (cloud-init). It is kept with the job: no place for secrets.",
    ],
  ],
  body: (values) => ({ ...values, security_group_ids: words(values.security_group_ids) }),
  idHelp: "Such as i-0a1b2c3d on AWS, a UUID on OpenStack.",
  loss: "It is deleted in the cloud, with what is on its disk.",
  orders: (record) => [record.upstream_id && button("Reboot", () => reboot(record))],
};

async function reboot(record) {
  const content = [h("p", {}, "What runs on it is interrupted.")];
  if (!(await ask(`Reboot ${record.name}?`, "Reboot it", { content }))) return;
  const asked = path([KIND.page, record.id, "reboot"]);
  await attempt(() => call("POST", asked), "It is being rebooted.");
  refresh();
}

export const open = (main, route) => openRecords(KIND, main, route);
