// fauxqs on a loopback port, counting requests: node server.mjs FOLDER-OF-FAUXQS PORT
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const { buildApp } = await import(pathToFileURL(`${folder}/dist/app.js`).href);
// Its own program listens on every address of the machine; this one on 127.0.0.1.
const app = buildApp({ logger: false });
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

await app.listen({ port: Number(port), host: "127.0.0.1" });
