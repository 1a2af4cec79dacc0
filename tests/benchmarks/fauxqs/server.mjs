// fauxqs on a loopback port, counting requests: node server.mjs FOLDER-OF-FAUXQS PORT
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${folder}/dist/${path}`).href);
const { buildApp } = await load("app.js");
const { SqsStore } = await load("sqs/sqsStore.js");

// URLs of queues begin with the address that the client asked, not with sqs.REGION.localhost.
const sqsStore = new SqsStore();
sqsStore.host = "";
const app = buildApp({ logger: false, stores: { sqsStore } });

const counts = {};
app.addHook("preHandler", (request, _reply, done) => {
  const target = request.headers["x-amz-target"];
  if (target) {
    const queue = (request.body?.QueueUrl ?? "").split("/").pop();
    const key = `${target.replace("AmazonSQS.", "")} ${queue}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  done();
});
app.get("/_counts", async () => counts);

// Its own program listens on every address of the machine.
await app.listen({ port: Number(port), host: "127.0.0.1" });
